"""A participant's process that is aborted leaves nothing of its memory on the disk."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from client.home import Home
from client.settings import Settings
from marketplace.chain.deploy import Deployment
from tests.canary.patterns import of_key
from tests.canary.scanner import Scanner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

PATTERN = Path("/proc/sys/kernel/core_pattern")
HARD = resource.getrlimit(resource.RLIMIT_CORE)[1]
LEAST_CORE = 1 << 24
"""Bytes that are enough for a core of Python; it may be less than the limit's end."""

PLAIN = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"] if os.geteuid() == 0 else []
"""Root may read every process: here neither who is looked at nor who looks has any privilege."""
POSITIVE = "import os, sys, time; key = open(sys.argv[1], 'rb').read(); print('ready', flush=True); time.sleep(600)"


@pytest.fixture(autouse=True)
def _cores() -> Iterator[None]:
    """Let whatever is started from here on dump all of its memory, as far as this machine allows it."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (HARD, HARD))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def files_can_be_left() -> bool:
    """Whether a core becomes a file in the working folder here; else it is piped to a program, or goes elsewhere."""
    pattern = PATTERN.read_text().strip()
    return "/" not in pattern and not pattern.startswith("|") and (HARD == resource.RLIM_INFINITY or HARD > LEAST_CORE)


def limit_of(pid: int) -> list[str]:
    """Soft and hard limit of a process's core, as the system tells them."""
    line = re.search(r"^Max core file size\s+(\S+)\s+(\S+)", Path(f"/proc/{pid}/limits").read_text(), re.MULTILINE)
    assert line
    return [line[1], line[2]]


def is_dumpable(pid: int) -> bool:
    """Whether another process of the same user may read this one's: its memory would go to a program as well."""
    code = "import sys; open(f'/proc/{sys.argv[1]}/environ', 'rb').read()"
    asked = subprocess.run([*PLAIN, sys.executable, "-c", code, str(pid)], capture_output=True, check=False)  # noqa: S603
    assert asked.returncode == 0 or b"PermissionError" in asked.stderr, asked.stderr
    return asked.returncode == 0


@contextmanager
def running(folder: Path, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in an empty working folder; kill it if it is still there at the end."""
    (folder / "working").mkdir()
    whole = [*PLAIN, sys.executable, *command]
    with subprocess.Popen(  # noqa: S603
        whole, cwd=folder / "working", env={**os.environ, **environment}, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_process_without_the_guard_leaves_its_key_in_a_core(tmp_path):
    """What the others are spared: so the checks below can fail."""
    key = os.urandom(32)
    (tmp_path / "key").write_bytes(key)
    with running(tmp_path, "-c", POSITIVE, str(tmp_path / "key")) as process:
        assert process.stdout
        assert b"ready\n" == process.stdout.readline()
        assert is_dumpable(process.pid)
        assert ["0", "0"] != limit_of(process.pid)
        process.send_signal(signal.SIGABRT)
        process.wait(60)
    if files_can_be_left():
        cores = list((tmp_path / "working").iterdir())
        assert 1 == len(cores)
        assert {"key"} == Scanner({"key": of_key(key)}).scan(cores[0])


@pytest.mark.parametrize("role", ["owner", "holder", "validator"])
def test_a_role_that_is_aborted_leaves_no_core(tmp_path, role):
    """Its keys are open, and its parent would have let it: neither a file nor readable memory. GM-935."""
    table = {
        "owner": {"plan": "plan"},
        "holder": {"rows": "rows.csv", "label": "y"},
        "validator": {"ticket_stake": 1},
    }[role]
    with socket.create_server(("127.0.0.1", 0)) as node:  # one that never answers: it keeps whoever asks waiting
        node.settimeout(120)
        url = f"http://127.0.0.1:{node.getsockname()[1]}"
        chain = {"network": "devnet-anvil", "urls": [url]}
        settings = {"role": role, "chain": chain, "storage": {"kind": "folder", "path": str(tmp_path / "store")}}
        home = Home.create(tmp_path / "home", Settings.make({**settings, role: table}), "password", work=1 << 14)
        deployment = Deployment(31337, *(f"0x{digit * 40}" for digit in "123456"), 1)
        (home.path / home.settings.chain.deployment).write_text(deployment.to_json())
        (tmp_path / "password").write_text("password\n")
        (tmp_path / "password").chmod(0o600)
        environment = {
            "GRADMARKET_PASSWORD_FILE": str(tmp_path / "password"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        with running(tmp_path, "-m", "client.cli", role, "run", str(home.path), **environment) as process:
            asked, _ = node.accept()  # the chain is asked with the keys in memory
            with asked:
                assert ["0", "0"] == limit_of(process.pid)
                assert not is_dumpable(process.pid)
                process.send_signal(signal.SIGABRT)
                assert -signal.SIGABRT == process.wait(60)
    assert [] == list((tmp_path / "working").iterdir())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_running_demonstration_whose_people_are_aborted_leaves_no_core(tmp_path):
    """The owner, a holder and a compute seat, while the seats compute: in a shared bounty on anvil with IPFS nodes."""
    kept = tmp_path / "kept"
    options = ["--privacy", "shared", "--chain", "anvil", "--storage", "ipfs", "--keep", str(kept)]
    command = ["-m", "client.cli", "demo", "--data", "digits", "--holders", "3", "--attackers", "", "--rounds", "1"]
    path = str(Path(__file__).parents[2])
    with running(tmp_path, *command, *options, PYTHONPATH=path, PYTHONUNBUFFERED="1") as demo:
        assert demo.stdout
        while b"  commit " not in (line := demo.stdout.readline()):
            assert line, "it ended before the seats met"
        people = {name: pid_of(f"run {kept / 'homes' / name}") for name in ("owner-owner", "validator-validator-1")}
        holder = next((kept / "homes").glob("holder-*")).name
        people[holder] = pid_of(f"run {kept / 'homes' / holder}")
        for pid in (demo.pid, *people.values()):
            assert ["0", "0"] == limit_of(pid)
            assert not is_dumpable(pid)
        for pid in people.values():
            os.kill(pid, signal.SIGABRT)
        said = demo.stdout.read()
        assert demo.wait(120), said
    assert [] == list((tmp_path / "working").iterdir())
    assert [] == list(kept.rglob("core*"))


def pid_of(text: str) -> int:
    """The process that was started with these arguments."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and text in (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode():
                return int(entry.name)
    raise AssertionError(text)
