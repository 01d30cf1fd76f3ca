"""docs/RUNNING.md is played as it stands: a chain, an IPFS node, eight people, each a process with its folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, commands_of

PAGE = ROOT / "docs" / "RUNNING.md"
COMMANDS = [command for command in commands_of(PAGE) if command.startswith("gradmarket ")]
PEOPLE_RUN = [command for command in COMMANDS if " run " in command]
_SECONDS = 240


def _words(command: str) -> list[str]:
    return [sys.executable, "-m", "client.cli", *shlex.split(command)[1:]]


@pytest.fixture(scope="module")
def village(tmp_path_factory):
    """The page's folder after everything on it was done, but for taking the devnet down; its `status` beside it."""
    folder = tmp_path_factory.mktemp("village")
    password = folder / "password"
    password.write_text("a password for one afternoon\n", "utf-8")
    password.chmod(0o600)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GRADMARKET_PASSWORD_FILE": str(password)}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

    def do(command: str) -> str:
        done = subprocess.run(  # noqa: S603 - the page's own commands
            _words(command), cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        assert 0 == done.returncode, f"{command}: {done.stderr}"
        return done.stdout

    script = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1]
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True, timeout=60)  # noqa: S603
    running: list[subprocess.Popen[bytes]] = []
    try:
        said = {command: do(command) for command in COMMANDS if command not in PEOPLE_RUN and "down" not in command}
        for number, command in enumerate(PEOPLE_RUN):
            with (folder / f"log-{number}").open("wb") as log:
                running.append(  # the children write to it on their own
                    subprocess.Popen(_words(command), cwd=folder, env=environment, stdout=log, stderr=log)  # noqa: S603
                )
        codes = [process.wait(timeout=_SECONDS) for process in running]
        status = json.loads(do("gradmarket devnet status --json"))
        yield folder, said, codes, status
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
        do("gradmarket devnet down")


def _log(folder: Path, number: int) -> str:
    return (folder / f"log-{number}").read_text("utf-8")


def test_everybody_ends_well(village):
    """Eight processes end by themselves, with everything in their wallets."""
    folder, _, codes, _ = village
    assert 8 == len(codes)
    assert [0] * 8 == codes, "\n".join(_log(folder, i)[-600:] for i, code in enumerate(codes) if code)


def test_the_owner_has_a_model_for_every_adopted_round(village):
    """That is what it paid for."""
    folder = village[0]
    assert (folder / "people" / "olivia" / "models" / "round-0.safetensors").is_file()


def test_nobody_logs_a_secret_or_a_password(village):
    """Logs hold transactions and troubles, no key, no word of the password."""
    folder = village[0]
    for number in range(len(PEOPLE_RUN)):
        text = _log(folder, number)
        assert "password for one afternoon" not in text
        assert "Traceback" not in text


def test_the_holder_with_noise_says_epsilon_before_every_submission(village):
    """Two rounds, two lines in the log, and two files that say what left. GM-932, GM-933."""
    folder = village[0]
    log = _log(folder, next(i for i, command in enumerate(PEOPLE_RUN) if "hugo" in command))
    assert 2 == log.count("of 20 at delta 1e-05")
    files = sorted((folder / "people" / "hugo" / "outgoing").iterdir())
    assert [0, 1] == [json.loads(file.read_bytes())["round"] for file in files]
    assert all(json.loads(file.read_bytes())["privacy"]["epsilon"] <= 20 for file in files)


def test_all_of_the_devnet_ran_to_the_end(village):
    """Chain, IPFS node and conductor are up until they are taken down."""
    status = village[3]
    assert status["up"]
    assert {"chain", "conductor", "ipfs 1"} <= set(status["processes"])
