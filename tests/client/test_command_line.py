"""The command line: one line of reason, an exit code of its own, nothing half written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from client.demo.command import write_report
from client.demo.plan import DemoOptions
from marketplace.domain import errors
from marketplace.domain.errors import GradMarketError, InvalidInput, StorageError

_GRADMARKET = [sys.executable, "-c", "from client.cli import main; main()"]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*_GRADMARKET, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "mnist"), "support2 or digits"),
        (("--attackers", "noise,bribery"), "bribery"),
        (("--holders", "2"), "choose 3 to"),
        (("--rounds", "0"), "choose 1 to 12"),
        (("--seed", "-1"), "choose 0 or more"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(arguments, says):
    """The reason names what is wrong and what to do next; there is no traceback. GM-802, GM-805."""
    done = _run("demo", *arguments)
    assert InvalidInput.exit_code == done.returncode
    assert says in done.stderr
    assert 1 == len(done.stderr.strip().splitlines())


def test_every_kind_of_error_has_an_exit_code_of_its_own():
    """A script can tell a full disk from a wrong key without reading the message. GM-802."""
    kinds = [getattr(errors, name) for name in errors.__all__]
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert all(issubclass(kind, GradMarketError) and 0 < kind.exit_code < 128 for kind in kinds)


def test_help_answers_without_loading_torch_or_web3():
    """`--help` imports neither, so it answers at once. GM-801."""
    code = "import sys; import client.cli; print({'torch','web3','cryptography','eth'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own
    assert "set()" == done.stdout.strip()


def test_a_full_disk_leaves_no_half_report(tmp_path, monkeypatch):
    """A report that cannot be written whole is not written at all, and the reason says what to do. GM-806."""

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    target = tmp_path / "report.json"
    with pytest.raises(StorageError, match="No space left"):
        write_report(target, {"seed": 1})
    assert [] == list(tmp_path.iterdir())


def test_an_old_report_survives_a_failed_new_one(tmp_path, monkeypatch):
    """Replacing is atomic: until the new report is whole, the old one stands."""
    target = tmp_path / "report.json"
    write_report(target, {"seed": 1})
    before = target.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError):
        write_report(target, {"seed": 2})
    assert before == target.read_bytes()
    assert [Path(target)] == list(tmp_path.iterdir())


def test_default_options_are_the_documented_demonstration():
    """SUPPORT2, eight holders, three cheats."""
    options = DemoOptions()
    assert ("support2", 8, ("noise", "copy", "zero")) == (options.data, options.honest, options.attackers)
