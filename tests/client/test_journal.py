"""The journal: what it returned for survives, whatever happens to the process, the disk or the file."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.journal import FileJournal, MemoryJournal, secret_of
from marketplace.domain.errors import BrokenSeal, InvalidInput, StorageError
from marketplace.sealing.identity import EncryptionIdentity

ME = EncryptionIdentity.generate()
NAMES = st.sampled_from(["a", "b/c", "d" * 200])
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), NAMES, st.binary(max_size=50)),
        st.tuples(st.just("remove"), NAMES, st.just(b"")),
        st.tuples(st.just("reopen"), st.just(""), st.just(b"")),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_a_journal_is_a_dictionary_that_survives_its_process(tmp_path_factory, acts):
    """Any sequence of writes and restarts reads back as it would from memory. GM-901."""
    path = tmp_path_factory.mktemp("journal") / "journal"
    journal, twin = FileJournal(path, ME), MemoryJournal()
    for act, name, value in acts:
        if act == "reopen":
            journal.close()
            journal = FileJournal(path, ME)
        elif act == "put":
            journal.put(name, value)
            twin.put(name, value)
        else:
            journal.remove(name)
            twin.remove(name)
    journal.close()
    with FileJournal(path, ME) as again:
        assert sorted(twin.names()) == sorted(again.names())
        assert all(twin.get(name) == again.get(name) for name in twin.names())


def test_once_makes_a_value_once_in_a_life_of_many_processes(tmp_path):
    """The second process gets the first one's bytes. GM-902."""
    path = tmp_path / "journal"
    with FileJournal(path, ME) as journal:
        first = secret_of(journal, b"b" * 32)
        assert first != secret_of(journal, b"c" * 32)
    with FileJournal(path, ME) as journal:
        assert first == secret_of(journal, b"b" * 32)
        assert b"one" == journal.once("x", lambda: b"one")
        assert b"one" == journal.once("x", lambda: b"two")


def test_a_record_cut_off_at_any_byte_is_as_if_it_had_never_been_begun(tmp_path):
    """Every prefix of the file opens, with exactly the whole records in it; and goes on from there. GM-903."""
    path = tmp_path / "journal"
    with FileJournal(path, ME) as journal:
        journal.put("a", b"first")
        whole = path.stat().st_size
        journal.put("a", b"second")
    content = path.read_bytes()
    for cut in range(whole, len(content)):
        path.write_bytes(content[:cut])
        with FileJournal(path, ME) as journal:
            assert b"first" == journal.get("a")
            journal.put("b", b"third")
        with FileJournal(path, ME) as journal:
            assert (b"first", b"third") == (journal.get("a"), journal.get("b"))
    for cut in range(len(content[:whole])):
        path.write_bytes(content[:cut])
        with FileJournal(path, ME) as journal:
            assert [] == journal.names()


def test_a_last_record_whose_blocks_never_reached_the_disk_is_dropped(tmp_path):
    """After a power cut its length may be there and its content zero."""
    path = tmp_path / "journal"
    with FileJournal(path, ME) as journal:
        journal.put("a", b"first")
        whole = path.stat().st_size
        journal.put("a", b"second")
    content = path.read_bytes()
    path.write_bytes(content[: whole + 4] + bytes(len(content) - whole - 4))
    with FileJournal(path, ME) as journal:
        assert b"first" == journal.get("a")


def test_a_record_altered_or_taken_out_in_the_middle_is_noticed(tmp_path):
    """Only the record that was being written may be missing. GM-904."""
    path, ends = tmp_path / "journal", []
    with FileJournal(path, ME) as journal:
        for number in range(3):
            journal.put(f"n{number}", b"value")
            ends.append(path.stat().st_size)
    content = path.read_bytes()
    altered = bytearray(content)
    altered[ends[0] + 20] ^= 1
    without = content[: ends[0]] + content[ends[1] :]
    for damaged in (bytes(altered), content[: ends[0]] + content[ends[1] :] + content[ends[0] : ends[1]]):
        path.write_bytes(damaged)
        with pytest.raises(BrokenSeal, match="damaged at record 1"):
            FileJournal(path, ME)
    path.write_bytes(without)
    with FileJournal(path, ME) as journal:  # the last record does not follow the one before: it was not written whole
        assert ["n0"] == journal.names()


def test_another_participants_journal_is_refused_and_left_alone(tmp_path):
    """A wrong identity must not look like a damaged tail. GM-904."""
    path = tmp_path / "journal"
    with FileJournal(path, ME) as journal:
        journal.put("a", b"first")
    before = path.read_bytes()
    with pytest.raises(BrokenSeal, match="another participant"):
        FileJournal(path, EncryptionIdentity.generate())
    assert before == path.read_bytes()
    path.write_bytes(b"something else entirely, and long enough")
    with pytest.raises(BrokenSeal, match="no journal"):
        FileJournal(path, ME)


def test_a_failed_write_changes_nothing_and_the_next_one_goes_on(tmp_path, monkeypatch):
    """A full disk takes half of a record: none of it stays. GM-905."""
    path = tmp_path / "journal"
    with FileJournal(path, ME) as journal:
        journal.put("a", b"first")
        before = path.read_bytes()
        pwrite = os.pwrite
        taken = []

        def full(fd, data, at):
            if taken:
                raise OSError(28, "No space left on device")
            taken.append(1)
            return pwrite(fd, bytes(data)[:7], at)

        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(StorageError, match="full"):
            journal.put("a", b"second")
        monkeypatch.undo()
        assert before == path.read_bytes()
        assert b"first" == journal.get("a")
        journal.put("b", b"third")
    with FileJournal(path, ME) as journal:
        assert (b"first", b"third") == (journal.get("a"), journal.get("b"))


def test_one_participant_runs_in_one_process(tmp_path):
    """A second process is told so, and the first goes on; the lock ends with its holder. GM-906."""
    path = tmp_path / "journal"
    with FileJournal(path, ME) as journal:
        with pytest.raises(StorageError, match="running already"):
            FileJournal(path, ME)
        journal.put("a", b"first")
    with FileJournal(path, ME) as journal:
        assert b"first" == journal.get("a")


def test_what_is_in_it_cannot_be_read_without_the_identity(tmp_path):
    """Neither names nor values are in the file, and others may not open it at all. GM-907."""
    path = tmp_path / "journal"
    with FileJournal(path, ME) as journal:
        journal.put("a-name-nobody-sees", b"a value nobody sees")
    assert b"nobody" not in path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(("name", "value"), [("", b"x"), ("n" * 201, b"x"), ("n", bytes((1 << 22) + 1))])
def test_what_does_not_fit_is_refused(tmp_path, name, value):
    """A record has a bound, or one mistake could fill the disk."""
    with FileJournal(tmp_path / "journal", ME) as journal, pytest.raises(InvalidInput):
        journal.put(name, value)


_KILLED = """
import os, signal, sys
from pathlib import Path
from client.journal import FileJournal
from marketplace.sealing.identity import EncryptionIdentity
me = EncryptionIdentity.from_private_bytes(bytes.fromhex(sys.stdin.readline()))
journal = FileJournal(Path(sys.argv[1]), me)
number = 0
while True:
    journal.put(f"n{number}", bytes(1000))
    print(number, flush=True)
    number += 1
"""


def test_what_was_acknowledged_before_kill_9_is_there(tmp_path):
    """A process that is killed while it writes as fast as it can loses nothing it was told is safe. GM-903."""
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "journal")]
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(ME.private_bytes().hex() + "\n")
        process.stdin.flush()
        while int(process.stdout.readline()) < 20:
            pass
        process.kill()
        said = [int(line) for line in process.stdout.read().split()]
    with FileJournal(tmp_path / "journal", ME) as journal:
        assert max(said, default=20) < len(journal.names()) <= max(said, default=20) + 2
