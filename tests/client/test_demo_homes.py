"""The folders of a demonstration: everybody has what is theirs, and nobody has anything of the others."""

import hashlib

import pytest

from client.demo.homes import Furnisher, pause, rotate
from client.demo.plan import DemoOptions
from client.demo.script import write_script
from client.devnet.state import DevnetState
from client.home import Home, read_password
from client.plan_folder import read_inputs
from client.rows_file import read_prepared
from client.settings import StorageSettings
from marketplace.chain.deploy import Deployment

ADDRESSES = ["0x" + digit * 40 for digit in "123456"]
NODES = ("http://127.0.0.1:1", "http://127.0.0.1:2")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """Three holders and a plagiarist: the script, the residents, and who was given what."""
    script = write_script(DemoOptions("digits", 3, ("copy",), 1, 5, "anvil", "ipfs"), ADDRESSES[3], 1_000)
    state = DevnetState("anvil", "http://127.0.0.1:8545", "words", deployment=Deployment(31337, *ADDRESSES, 1))
    given = {}
    homes = tmp_path_factory.mktemp("homes")
    residents = Furnisher(homes, script, state, rotate(NODES), given.__setitem__).furnish()
    return script, residents, given


def test_everybody_can_be_run_from_the_own_folder_alone(furnished):
    """Keys under the own password, settings of the own role, and where the contracts lie."""
    _, residents, given = furnished
    assert ["owner"] + ["validator"] * 3 + ["holder"] * 4 == [r.person.role for r in residents]
    for resident in residents:
        home = Home.open(resident.home)
        keys = home.unlock(read_password(resident.home / "password"))
        assert resident.person.address == keys.wallet.address
        assert resident.person.role == home.settings.role
        assert resident.person.grant == given[resident.person.address]
        assert 31337 == home.deployment().chain_id


def test_nobody_has_anothers_keys_or_password(furnished):
    """No two files of secrets are alike."""
    _, residents, _ = furnished
    for name in ("wallet.json", "identity.json", "password"):
        contents = {hashlib.sha256((r.home / name).read_bytes()).digest() for r in residents}
        assert len(residents) == len(contents)


def test_a_password_is_in_no_command(furnished):
    """Everybody on the machine can read the arguments of a process."""
    for resident in furnished[1]:
        password = read_password(resident.home / "password")
        assert not any(password in word for word in resident.command)
        assert password not in "".join(resident.environment.values())
        assert 0o600 == (resident.home / "password").stat().st_mode & 0o777


def test_rows_are_where_they_belong(furnished):
    """A holder has its own, the plagiarist those of its victim, the owner the plan, and validators nothing."""
    script, residents, _ = furnished
    holders = [r for r in residents if r.person.role == "holder"]
    for part, resident in zip(script.holders, holders, strict=True):
        assert (part.rows.features == read_prepared(resident.home / "rows.safetensors").features).all()
    assert script.inputs.chain == read_inputs(residents[0].home / "plan").chain
    with_rows = [r.person.role for r in residents if list(r.home.glob("*.safetensors"))]
    assert ["holder"] * 4 == with_rows
    assert ["owner"] == [r.person.role for r in residents if (r.home / "plan").exists()]


def test_holders_take_turns_and_cheats_cheat(furnished):
    """The order of joining and submitting decides indices, and so has to be the same everywhere."""
    script, residents, _ = furnished
    settings = [Home.open(r.home).settings.holder for r in residents if r.person.role == "holder"]
    assert [0, 1, 2, 3] == [one.turn for one in settings]
    assert ["", "", "", "copy"] == [one.attack for one in settings]
    assert [part.seed for part in script.holders] == [one.seed for one in settings]


def test_ipfs_nodes_are_handed_out_in_turn():
    """Everybody has one of its own, and the other to fall back on."""
    store = rotate(NODES)
    assert [NODES, NODES[::-1], NODES] == [store().urls for _ in range(3)]
    assert StorageSettings(kind="ipfs", urls=NODES[::-1]) == store()


def test_more_people_look_less_often(furnished):
    """Processors are shared: a crowd does not look as often as a few."""
    script = furnished[0]
    assert 0.2 == pytest.approx(pause(script))
    crowd = write_script(DemoOptions("support2", 50, (), 3, 0, "anvil", seats=7), ADDRESSES[3], 1_000)
    assert 1.0 < pause(crowd) < 2.0
