"""A devnet comes up whole or not at all, is seen from any shell, and goes down without touching anybody else."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import pytest

from client.devnet import life, nodes
from client.devnet.life import DevnetOptions, bring_up, take_down, tell
from client.devnet.market import Bank, account_of
from client.devnet.processes import mark_of, runs
from client.devnet.rpc import LocalTime, Rpc
from client.devnet.state import read_state, write_state
from marketplace.chain.deploy import Deployment
from marketplace.domain.errors import ChainError, InvalidInput, NotFound, StorageError
from marketplace.storage.disk import locked

GRADMARKET = [sys.executable, "-c", "from client.cli import main; main()"]


def _run(*arguments):
    command = [*GRADMARKET, "devnet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own


@pytest.fixture
def folder(tmp_path):
    """Where a devnet is brought up; it is taken down at the end, whatever a test did to it."""
    yield tmp_path / "devnet"
    take_down(tmp_path / "devnet")


def test_a_devnet_has_the_contracts_and_money(folder):
    """Ten accounts with coin and tokens, and a faucet for everybody else."""
    state = bring_up(folder, DevnetOptions(conductor=False))
    bank = Bank(state)
    first = account_of(state.mnemonic, 9).address
    assert life.GRANT == bank.account.token.balance(first)
    assert 31337 == bank.account.chain_id
    stranger = "0x" + "42" * 19 + "00"
    bank.grant(stranger, 5)
    assert 5 == bank.account.token.balance(stranger)
    assert 10**18 < int(Rpc(state.url).ask("eth_getBalance", stranger, "latest"), 16)
    assert state.deployment == Deployment.from_json((folder / "deployment.json").read_text())


def test_bringing_it_up_twice_is_bringing_it_up_once(folder):
    """The same processes, the same contracts; another kind is refused."""
    options = DevnetOptions(conductor=False, grants=False)
    state = bring_up(folder, options)
    assert state == bring_up(folder, options)
    with pytest.raises(InvalidInput, match="take it down first"):
        bring_up(folder, replace(options, kind="ganache"))


def test_another_shell_sees_and_stops_it(folder):
    """Through the folder alone; the exit code tells a script."""
    began = _run("up", "--folder", folder)
    assert 0 == began.returncode, began.stderr
    seen = _run("status", "--folder", folder, "--json")
    assert 0 == seen.returncode
    told = json.loads(seen.stdout)
    assert told["up"] is True
    assert {"chain", "conductor"} == set(told["processes"])
    marks = [mark_of(one["pid"]) for one in told["processes"].values()]
    assert all(mark is not None for mark in marks)
    ended = _run("down", "--folder", folder)
    assert 0 == ended.returncode
    assert not any(runs(mark) for mark in marks)
    assert NotFound.exit_code == _run("status", "--folder", folder).returncode
    assert "nothing to stop" in _run("down", "--folder", folder).stdout


def test_its_conductor_mines_blocks(folder):
    """Nobody has to transact for the chain to go on."""
    state = bring_up(folder, DevnetOptions(grants=False))
    clock = LocalTime(Rpc(state.url))
    head, until = clock.head(), time.monotonic() + 30
    while clock.head() < head + 2:
        assert time.monotonic() < until, (folder / "conductor.log").read_text()
        time.sleep(0.05)


def test_what_fails_half_way_leaves_nothing_running(folder, monkeypatch):
    """No process and no state, whatever comes after the chain was started."""
    started = []
    real = life.start_node

    def noted(*arguments, **options):
        mark, rpc = real(*arguments, **options)
        started.append(mark)
        return mark, rpc

    def broken(*_):
        msg = "the contracts cannot be deployed"
        raise ChainError(msg)

    monkeypatch.setattr(life, "start_node", noted)
    monkeypatch.setattr("marketplace.chain.deploy.deploy", broken)
    with pytest.raises(ChainError, match="deployed"):
        bring_up(folder, DevnetOptions())
    assert 1 == len(started)
    assert not runs(started[0])
    assert tell(folder) is None


def test_a_devnet_whose_chain_was_killed_is_down_and_comes_up_anew(folder):
    """Its chain was in that process's memory: there is nothing to go on with."""
    options = DevnetOptions(conductor=False, grants=False)
    first = bring_up(folder, options)
    os.kill(first.processes["chain"].pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while runs(first.processes["chain"]):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not tell(folder).up
    second = bring_up(folder, options)
    assert tell(folder).up
    assert first.mnemonic != second.mnemonic


def test_taking_it_down_leaves_strangers_alone(folder):
    """A number that now belongs to somebody else is not stopped. GM-925."""
    state = bring_up(folder, DevnetOptions(conductor=False, grants=False))
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        stranger = replace(mark_of(bystander.pid), started="1")
        write_state(folder, replace(state, processes={**state.processes, "conductor": stranger}))
        assert take_down(folder)
        assert bystander.poll() is None
        assert not runs(state.processes["chain"])
    finally:
        bystander.kill()
        bystander.wait()


def test_a_port_somebody_listens_on_is_refused(folder):
    """Before anything is started."""
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InvalidInput, match="somebody listens"):
            bring_up(folder, DevnetOptions(port=other.getsockname()[1]))
    assert tell(folder) is None


def test_a_missing_program_says_what_to_install(folder, tmp_path, monkeypatch):
    """Its npm package, by name."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(nodes, "_CHECKOUT", tmp_path)
    for kind, package in (("anvil", "@foundry-rs/anvil"), ("ganache", "npm install --global ganache")):
        with pytest.raises(NotFound, match=package):
            bring_up(folder, DevnetOptions(kind))


def test_a_program_that_does_not_start_says_why(folder, tmp_path, monkeypatch):
    """With the end of its log."""
    fake = tmp_path / "bin" / "anvil"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho the disk is upside down\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(ChainError, match="upside down"):
        bring_up(folder, DevnetOptions())
    assert tell(folder) is None


def test_two_commands_at_once_do_not_meet(folder):
    """The second one is told to wait."""
    folder.mkdir()
    with locked(folder / ".lock", exclusive=True), pytest.raises(StorageError, match="wait for it"):
        bring_up(folder, DevnetOptions())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "gradmarket-devnet-1"}', "[" * 5000])
def test_a_damaged_state_file_is_refused(folder, text):
    """Rather than guessing which processes to stop."""
    folder.mkdir()
    (folder / "devnet.json").write_text(text)
    with pytest.raises(InvalidInput, match="devnet"):
        read_state(folder)
    (folder / "devnet.json").unlink()


@pytest.mark.parametrize(
    "options",
    [{"kind": "geth"}, {"ipfs": -1}, {"ipfs": 99}, {"port": 70_000}, {"holders": 0}, {"patience": 0}],
    ids=["kind", "no-ipfs", "many-ipfs", "port", "holders", "patience"],
)
def test_absurd_options_are_refused(options):
    """Before anything is started."""
    with pytest.raises(InvalidInput):
        DevnetOptions(**options)


def test_only_nodes_of_this_machine_are_asked_to_move_time():
    """A devnet's methods are no business of anybody else's node."""
    for url in ("https://127.0.0.1:1", "http://example.org:8545", "http://127.0.0.1"):
        with pytest.raises(InvalidInput, match="this machine"):
            Rpc(url)
    with pytest.raises(ChainError, match="does not answer"):
        Rpc("http://127.0.0.1:9", seconds=1).ask("eth_chainId")


@pytest.mark.slow
def test_ganache_comes_up_too(folder):
    """With the same contracts and the same money."""
    state = bring_up(folder, DevnetOptions("ganache"))
    assert 1337 == Bank(state).account.chain_id
    clock = LocalTime(Rpc(state.url))
    target = clock.now() + 10_000
    clock.move_to(target)
    assert target <= clock.now() < target + 60
