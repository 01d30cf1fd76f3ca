"""The wallet: its key file protects the key, and nothing else ever holds it."""

import json
import stat
import traceback

import pytest
from eth_account import Account as EthAccount

from client.wallet import Wallet
from marketplace.chain.signer import Signer
from marketplace.domain.errors import BrokenSeal, InvalidInput, StorageError, WrongKey

CHEAP = 1 << 12
TRANSACTION = {
    "type": 2,
    "chainId": 1337,
    "nonce": 0,
    "gas": 21_000,
    "maxFeePerGas": 10,
    "maxPriorityFeePerGas": 1,
    "to": "0x" + "11" * 20,
    "value": 1,
    "data": b"",
}


def secret_of(wallet: Wallet) -> str:
    """The private key as hex, which nobody but a test reads."""
    return bytes(wallet._account.key).hex()


def test_a_created_wallet_loads_again(tmp_path):
    """load(create(path, p), p) signs for the same address with the same key."""
    made = Wallet.create(tmp_path / "keys" / "holder.json", "correct horse", work=CHEAP)
    loaded = Wallet.load(tmp_path / "keys" / "holder.json", "correct horse")
    assert (made.address, secret_of(made)) == (loaded.address, secret_of(loaded))


def test_a_wallet_is_a_signer(tmp_path):
    """The chain room takes it as it is, and what it signs recovers to its address."""
    wallet = Wallet.ephemeral()
    assert isinstance(wallet, Signer)
    assert wallet.address == EthAccount.recover_transaction(wallet.sign_transaction(TRANSACTION))


def test_the_key_file_is_readable_by_its_owner_alone(tmp_path):
    """Mode 0600, whatever the umask."""
    Wallet.create(tmp_path / "w.json", "p", work=CHEAP)
    assert 0o600 == stat.S_IMODE((tmp_path / "w.json").stat().st_mode)


def test_the_key_file_is_a_keystore_other_tools_open(tmp_path):
    """eth-account decrypts it: version 3, scrypt."""
    wallet = Wallet.create(tmp_path / "w.json", "p", work=CHEAP)
    content = json.loads((tmp_path / "w.json").read_text())
    assert ("scrypt", 3) == (content["crypto"]["kdf"], content["version"])
    assert secret_of(wallet) == bytes(EthAccount.decrypt(content, "p")).hex()


def test_the_usual_cost_of_a_guess_is_that_of_other_wallets(tmp_path):
    """Without being told otherwise, scrypt's n is 2^18."""
    Wallet.create(tmp_path / "w.json", "p")
    assert 1 << 18 == json.loads((tmp_path / "w.json").read_text())["crypto"]["kdfparams"]["n"]
    assert Wallet.load(tmp_path / "w.json", "p").address


def test_another_password_is_a_wrong_key(tmp_path):
    """The message names the file and not the password."""
    Wallet.create(tmp_path / "w.json", "right", work=CHEAP)
    with pytest.raises(WrongKey, match="does not open") as caught:
        Wallet.load(tmp_path / "w.json", "wrong-secret")
    assert "wrong-secret" not in str(caught.value)


def test_an_empty_password_is_refused(tmp_path):
    """No file is written for it."""
    with pytest.raises(InvalidInput):
        Wallet.create(tmp_path / "w.json", "")
    assert [] == list(tmp_path.iterdir())


def test_an_existing_file_is_never_overwritten(tmp_path):
    """The file keeps its bytes, and nothing else is left behind."""
    (tmp_path / "w.json").write_text("precious")
    with pytest.raises(StorageError, match="exists already"):
        Wallet.create(tmp_path / "w.json", "p", work=CHEAP)
    assert ["precious"] == [f.read_text() for f in tmp_path.iterdir()]


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    """When the disk gives up there is neither a key file nor a part of one."""

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("client.wallet.os.fsync", full)
    with pytest.raises(StorageError, match="full"):
        Wallet.create(tmp_path / "w.json", "p", work=CHEAP)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: '"x"',
        lambda text: text.replace('"version": 3', '"version": 1'),
        lambda text: text.replace('"n": 4096', '"n": 1073741824'),
        lambda text: text.replace('"n": 4096', '"n": -1'),
        lambda text: text.replace('"scrypt"', '"pbkdf2"'),
        lambda text: text.replace('"address": "', '"address": "0'),
        lambda text: text + " " * (1 << 15),
    ],
)
def test_a_damaged_key_file_is_a_broken_seal(tmp_path, damage):
    """Cut short, another kind, another address or an absurd cost: refused in one line, before the work is done."""
    path = tmp_path / "w.json"
    Wallet.create(path, "p", work=CHEAP)
    path.write_text(damage(path.read_text()))
    with pytest.raises(BrokenSeal, match="restore it"):
        Wallet.load(path, "p")


def test_a_missing_key_file_is_a_storage_error(tmp_path):
    """The message says which file."""
    with pytest.raises(StorageError, match=r"w\.json"):
        Wallet.load(tmp_path / "w.json", "p")


def test_the_key_is_never_shown(tmp_path):
    """Neither the repr nor a traceback through the wallet holds it. GM-506."""
    wallet = Wallet.ephemeral()
    try:
        wallet.sign_transaction({"nonsense": wallet})
    except TypeError:
        shown = traceback.format_exc()
    assert secret_of(wallet) not in f"{shown}{wallet!r}{wallet}{vars(wallet)}".lower()
    assert wallet.address in repr(wallet)
