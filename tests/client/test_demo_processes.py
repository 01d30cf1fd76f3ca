"""The demonstration with everybody in a process: the same money as in one process, and nothing left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from client.demo.command import run_demo
from client.demo.crew import Crew
from client.demo.plan import DemoOptions
from client.devnet.processes import runs
from client.devnet.state import read_state
from marketplace.domain.errors import GradMarketError, ProtocolError

GRADMARKET = [sys.executable, "-c", "from client.cli import main; main()"]


def _money(report):
    return {one["name"]: (one["earned"], one["fees"], one["slashed"], one["net"]) for one in report["participants"]}


def _rounds(report):
    return [(one["round"], one["gain"], one["adopted"], one["pool"], one["accuracy"]) for one in report["rounds"]]


def _agree(options, others):
    expected = run_demo(options)
    for chain, storage in others:
        found = run_demo(
            DemoOptions(options.data, options.holders, options.attackers, options.rounds, options.seed, chain, storage)
        )
        assert (chain, storage) == (found["chain"], found["storage"])
        assert _money(expected) == _money(found)
        assert _rounds(expected) == _rounds(found)
        assert expected["final"] == found["final"]
        assert found["conservation"]["exact"] is True
        assert 0 == found["conservation"]["held"]


@pytest.mark.timeout(900)
def test_processes_on_anvil_end_with_the_money_of_one_process():
    """Three holders and two cheats, two rounds: to the unit, and with the same model. GM-923."""
    _agree(DemoOptions("digits", 3, ("noise", "copy"), 2, 3), [("anvil", "embedded")])


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_payouts_do_not_depend_on_where_it_is_played():
    """Six holders and two cheats on anvil and on Ganache with real IPFS nodes, against one process."""
    _agree(DemoOptions(holders=6, attackers=("noise", "copy"), seed=7), [("anvil", "ipfs"), ("ganache", "ipfs")])


def _processes_naming(text):
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.add(line)
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the system does not list its processes in files")
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="term", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, id="int", marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, id="kill"),
    ],
)
def test_a_demonstration_that_is_stopped_leaves_nothing_running(tmp_path, number):
    """No participant and no chain, whatever signal ended it. GM-924."""
    keep = tmp_path / "kept"
    command = [*GRADMARKET, "demo", "--data", "digits", "--holders", "3", "--attackers", "", "--rounds", "1"]
    command += ["--chain", "anvil", "--keep", str(keep)]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as demo:  # noqa: S603
        try:
            until = time.monotonic() + 240
            while len(_processes_naming(f"run {keep}")) < 7:
                assert demo.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
            chain = read_state(keep / "devnet").processes["chain"]
            demo.send_signal(number)
            demo.wait(60)
        finally:
            demo.kill()
    until = time.monotonic() + 30
    while _processes_naming(str(keep)) or runs(chain):
        assert time.monotonic() < until, _processes_naming(str(keep))
        time.sleep(0.05)


def test_a_participant_that_ends_badly_ends_the_demonstration(tmp_path):
    """The error names it, its exit code and what it said; everybody else is stopped."""
    with Crew() as crew:
        crew.hire("a sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "one", {})
        code = "import sys; print('no space left'); sys.exit(8)"
        crew.hire("holder 1", [sys.executable, "-c", code], tmp_path / "two", {})
        crew.members[1].process.wait(30)
        with pytest.raises(ProtocolError, match=r"holder 1 ended with exit code 8: .* no space left"):
            crew.working()
        sleeper = crew.members[0].process
    assert sleeper.returncode is not None


@pytest.mark.parametrize(
    "wrong",
    [{"chain": "mainnet"}, {"storage": "cloud"}, {"seats": 4}, {"holders": 65}],
    ids=["chain", "storage", "seats", "holders"],
)
def test_what_cannot_be_played_is_refused_before_anything_starts(wrong):
    """With the choices there are."""
    with pytest.raises(GradMarketError, match=r"use|choose"):
        DemoOptions(**wrong)


def test_a_folder_to_keep_has_to_be_new(tmp_path):
    """Nobody's files are mixed with a demonstration's."""
    with pytest.raises(GradMarketError, match="does not exist yet"):
        run_demo(DemoOptions("digits", 3, (), 1, 1), keep=tmp_path)
