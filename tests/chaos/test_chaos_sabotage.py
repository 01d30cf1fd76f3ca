"""The journal of a participant that is killed, or whose disk is full, in the middle of writing it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from client.journal import FileJournal
from marketplace.sealing.identity import EncryptionIdentity

ROOT = Path(__file__).parents[2]
STORY = """
import json, sys
from pathlib import Path
from client.journal import FileJournal
from marketplace.domain.errors import StorageError
from marketplace.sealing.identity import EncryptionIdentity
from tests.chaos.sabotage import apply

plan, path, key = json.loads(sys.argv[1]), Path(sys.argv[2]), bytes.fromhex(sys.stdin.read())
apply(plan)
journal = FileJournal(path, EncryptionIdentity.from_private_bytes(key))
for number in range(4):
    for _ in range(3):
        try:
            journal.put(f"outbox/{number}", bytes([number]) * 500)
        except StorageError as error:
            print(error)
        else:
            break
journal.remove("outbox/0")
"""


@pytest.fixture
def identity():
    """Whose journal it is."""
    return EncryptionIdentity.generate()


def _tell(plan, path, identity) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", STORY, json.dumps(plan), str(path)]
    key = identity.private_bytes().hex()
    return subprocess.run(  # noqa: S603 - a story of our own
        command, cwd=ROOT, input=key, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("step", "count", "moment", "kept"),
    [
        ("outbox", 1, "before", []),
        ("outbox", 1, "torn", []),
        ("outbox", 3, "torn", [0, 1]),
        ("outbox", 3, "after", [0, 1, 2]),
        ("outbox removed", 1, "torn", [0, 1, 2, 3]),
        ("outbox removed", 1, "after", [1, 2, 3]),
    ],
)
def test_a_journal_has_what_was_written_before_its_process_was_killed(tmp_path, identity, step, count, moment, kept):
    """Half a record is no record, the ones before it are whole, and the next process goes on from there."""
    plan = {"kill": {"step": step, "count": count, "moment": moment}}
    assert -9 == _tell(plan, tmp_path / "journal", identity).returncode
    with FileJournal(tmp_path / "journal", identity) as journal:
        assert {f"outbox/{n}": bytes([n]) * 500 for n in kept} == {n: journal.get(n) for n in journal.names()}
        journal.put("next", b"1")
    with FileJournal(tmp_path / "journal", identity) as journal:
        assert b"1" == journal.get("next")


def test_a_journal_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path, identity):
    """Nothing is half-written: after two refusals the same record is written whole, and all can be read."""
    plan = {"full": {"step": "outbox", "count": 2, "times": 2}, "steps": str(tmp_path / "steps")}
    told = _tell(plan, tmp_path / "journal", identity)
    assert (0, 2) == (told.returncode, len(told.stdout.splitlines())), told.stderr
    assert ["outbox"] * 6 + ["outbox removed"] == (tmp_path / "steps").read_text().splitlines()
    with FileJournal(tmp_path / "journal", identity) as journal:
        assert [b"\1" * 500, b"\2" * 500, b"\3" * 500] == [journal.get(name) for name in journal.names()]
