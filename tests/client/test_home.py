"""A participant's folder: complete or not there, for its user alone, and refused when it says what cannot be."""

import tomllib

import pytest

from client.home import Home, read_password
from client.settings import Settings
from marketplace.domain.errors import BrokenSeal, InvalidInput, StorageError, WrongKey

WORK = 1 << 14
CHAIN = {"network": "sepolia", "urls": ["https://node.example/key"]}
HOLDER = {"role": "holder", "chain": CHAIN, "holder": {"rows": "mine.csv", "label": "died"}}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A holder's folder."""
    return Home.create(tmp_path_factory.mktemp("holder") / "home", Settings.make(HOLDER), "secret", work=WORK)


def test_a_folder_opens_as_it_was_made(home):
    """Settings, wallet and identity are the same; nobody else can look into it."""
    again = Home.open(home.path)
    assert home.settings == again.settings
    one, other = home.unlock("secret"), again.unlock("secret")
    assert one.wallet.address == other.wallet.address == home.address()
    assert one.identity.public_key == other.identity.public_key
    assert 0o700 == home.path.stat().st_mode & 0o777
    assert {0o600} == {path.stat().st_mode & 0o777 for path in home.path.iterdir()}


def test_a_wrong_password_opens_nothing(home):
    """And says so."""
    with pytest.raises(WrongKey, match="password"):
        home.unlock("guess")


def test_a_folder_is_never_made_twice(home):
    """Keys with money on them are not overwritten."""
    before = home.wallet_file.read_bytes()
    with pytest.raises(InvalidInput, match="already"):
        Home.create(home.path, home.settings, "secret", work=WORK)
    assert before == home.wallet_file.read_bytes()


def test_making_a_folder_that_was_cut_short_goes_on_with_its_keys(tmp_path):
    """The settings come last; keys that are there already are kept if the password opens them."""
    settings = Settings.make(HOLDER)
    first = Home.create(tmp_path / "h", settings, "secret", work=WORK)
    (tmp_path / "h" / "settings.toml").unlink()
    (tmp_path / "h" / "identity.json").unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        Home.open(tmp_path / "h")
    with pytest.raises(WrongKey):
        Home.create(tmp_path / "h", settings, "another", work=WORK)
    again = Home.create(tmp_path / "h", settings, "secret", work=WORK)
    assert first.address() == again.address()


def test_a_full_disk_leaves_no_settings(tmp_path, monkeypatch):
    """Without them it is no participant's folder, and making it can be repeated."""

    def full(_):
        raise OSError(28, "No space left on device")

    settings = Settings.make(HOLDER)
    Home.create(tmp_path / "h", settings, "secret", work=WORK)
    (tmp_path / "h" / "settings.toml").unlink()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="full"):
        Home.create(tmp_path / "h", settings, "secret", work=WORK)
    monkeypatch.undo()
    assert ["identity.json", "wallet.json"] == sorted(path.name for path in (tmp_path / "h").iterdir())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"role": "owner"}, "owner"),
        ({"colour": "red"}, "colour"),
        ({"chain": {"network": "sepolia", "urls": []}}, "chain.urls"),
        ({"chain": {"network": "sepolia", "urls": ["file:///etc/passwd"]}}, "http"),
        ({"chain": {**CHAIN, "confirmations": -1}}, "confirmations"),
        ({"storage": {"kind": "ipfs"}}, "ipfs needs the URL"),
        ({"storage": {"kind": "cloud"}}, "storage.kind"),
        ({"holder": {"bounty": "0x12"}}, "holder.bounty"),
        ({"holder": {"turn": -1}}, "holder.turn"),
        ({"poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(change, says):
    """A misspelt key is not ignored where money is at stake. GM-908."""
    with pytest.raises(InvalidInput, match=says) as caught:
        Settings.make(HOLDER | change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["role = ", "\x00", "role = 'holder'", "x" * 70_000])
def test_a_file_that_is_no_settings_is_one_line(tmp_path, text):
    """And names the file. GM-908."""
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=r"settings\.toml") as caught:
        Settings.read(path)
    assert "\n" not in str(caught.value)


def test_settings_are_the_same_after_writing_and_reading():
    """Large amounts included."""
    stake = 1200 * 10**18
    settings = Settings.make({"role": "validator", "chain": CHAIN, "validator": {"ticket_stake": stake}})
    again = Settings.make(tomllib.loads(settings.to_toml()))
    assert settings == again
    assert stake == again.validator.ticket_stake


def test_a_password_file_is_read_only_when_nobody_else_can(tmp_path):
    """Its first line counts; others' permissions, an empty file and a missing one are refused. GM-909."""
    path = tmp_path / "password"
    path.write_text("correct horse\nsecond line\n", "utf-8")
    path.chmod(0o644)
    with pytest.raises(InvalidInput, match="others can read"):
        read_password(path)
    path.chmod(0o600)
    assert "correct horse" == read_password(path)
    path.write_text("\n", "utf-8")
    with pytest.raises(InvalidInput, match="empty"):
        read_password(path)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_password(tmp_path / "nothing")


def test_a_wallet_file_without_an_address_names_nobody(home, tmp_path):
    """A cut-short file is told as such."""
    (tmp_path / "wallet.json").write_bytes(home.wallet_file.read_bytes()[:60])
    with pytest.raises(BrokenSeal):
        Home(tmp_path, home.settings).address()


def test_no_command_takes_a_password_as_an_argument():
    """Neither by name nor by place. GM-909."""
    import typer  # noqa: PLC0415

    from client.cli.main import app  # noqa: PLC0415

    def options(command):
        yield from command.params
        for sub in getattr(command, "commands", {}).values():
            yield from options(sub)

    names = {name for parameter in options(typer.main.get_command(app)) for name in parameter.opts}
    assert "--password-file" in names
    assert not {n for n in names if n in {"--password", "--key", "--private-key", "--mnemonic", "--secret"}}
