"""Key files: whole or absent, private, and open for the right password alone."""

from __future__ import annotations

import errno
import json
import os
import stat
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, GradMarketError, InvalidInput, SealingError, StorageError, WrongKey
from marketplace.sealing import keyfile
from marketplace.sealing.identity import EncryptionIdentity
from marketplace.sealing.keyfile import load_identity, save_identity

ANNA = EncryptionIdentity.generate()
PASSWORD = "correct horse battery staple"
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def cheap(request: pytest.FixtureRequest) -> Iterator[None]:
    """Guess at the least cost that is accepted, except where the cost itself is tested."""
    if "real_cost" in request.fixturenames:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "_COST", keyfile._Cost(1 << 14, 8, 1))
        yield


@pytest.fixture
def real_cost() -> None:
    """Ask for the cost people get."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the key file goes; nothing is there yet."""
    return tmp_path / "keys" / "anna.json"


@pytest.fixture
def content(path: Path) -> dict[str, Any]:
    """What a saved key file holds."""
    save_identity(ANNA, path, PASSWORD)
    read: dict[str, Any] = json.loads(path.read_bytes())
    return read


def same(loaded: EncryptionIdentity) -> bool:
    """Whether an identity is Anna's, private key included."""
    return loaded.private_bytes() == ANNA.private_bytes()


def left_behind(path: Path) -> list[Path]:
    """Everything in the folder of a key file."""
    return list(path.parent.iterdir()) if path.parent.exists() else []


@pytest.mark.usefixtures("real_cost")
def test_what_was_saved_loads_again(path: Path) -> None:
    """At the cost people get: 128 MiB of scrypt, as OWASP recommends, stored in the file."""
    save_identity(ANNA, path, PASSWORD)
    assert same(load_identity(path, PASSWORD))
    stored = json.loads(path.read_bytes())["scrypt"]
    assert (1 << 17, 8, 1) == (stored["n"], stored["r"], stored["p"])


@settings(deadline=None, max_examples=15)
@given(password=st.text(min_size=1), other=st.text())
def test_the_password_opens_and_another_does_not(tmp_path_factory: Any, password: str, other: str) -> None:
    """Law: load(save(i, p), p) = i for any text, and another password raises WrongKey. GM-505."""
    path = tmp_path_factory.mktemp("keys") / "anna.json"
    save_identity(ANNA, path, password)
    assert same(load_identity(path, password))
    if keyfile._stretch(password, bytes(16), keyfile._COST) != keyfile._stretch(other, bytes(16), keyfile._COST):
        with pytest.raises(WrongKey, match="the password does not open"):
            load_identity(path, other)


def test_a_password_is_the_same_however_accents_are_typed(path: Path) -> None:
    """Some keyboards send an accented letter as one character, others as two."""
    save_identity(ANNA, path, "Schl\u00fcssel")
    assert same(load_identity(path, "Schlu\u0308ssel"))


def test_an_empty_password_is_refused(path: Path) -> None:
    """It protects nothing, so nothing is written under it."""
    with pytest.raises(InvalidInput, match="choose another"):
        save_identity(ANNA, path, "")
    assert left_behind(path) == []


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_a_key_file_is_its_owners_alone(path: Path, umask: int) -> None:
    """Mode 0600 under every umask, and no temporary file stays."""
    before = os.umask(umask)
    try:
        save_identity(ANNA, path, PASSWORD)
    finally:
        os.umask(before)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == left_behind(path)


def test_an_existing_file_is_never_overwritten(path: Path, content: dict[str, Any]) -> None:
    """Neither a key file nor anything else under the name changes, not even a link that leads nowhere. GM-505."""
    with pytest.raises(StorageError, match="never overwritten"):
        save_identity(EncryptionIdentity.generate(), path, PASSWORD)
    assert content == json.loads(path.read_bytes())
    link = path.with_name("link.json")
    link.symlink_to(path.with_name("nowhere.json"))
    with pytest.raises(StorageError, match="never overwritten"):
        save_identity(ANNA, link, PASSWORD)
    assert {path, link} == set(left_behind(path))


def test_of_two_who_save_at_once_one_wins(path: Path) -> None:
    """The name is taken in one step: the file that stands is whole and belongs to the one that was told so."""

    def attempt(identity: EncryptionIdentity) -> bool:
        try:
            save_identity(identity, path, PASSWORD)
        except StorageError:
            return False
        return True

    identities = [EncryptionIdentity.generate() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        won = [identity for identity, ok in zip(identities, pool.map(attempt, identities), strict=True) if ok]
    assert [load_identity(path, PASSWORD).key_hash] == [identity.key_hash for identity in won]
    assert [path] == left_behind(path)


def failing(real: Callable[..., Any], at: int, *, after: int = 0) -> Callable[..., Any]:
    """Return `real`, made to fail with a full disk at its `at`-th call; `after` so many bytes in the case of writes."""
    calls = 0

    def call(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at + 1:
            raise FULL
        return real(args[0], args[1][:after]) if after else real(*args, **named)

    return call


@pytest.mark.parametrize(
    ("name", "at", "after"),
    [
        ("write", 0, 0),
        ("write", 1, 100),
        ("write", 3, 1),
        ("fsync", 0, 0),
        ("fsync", 1, 0),
        ("link", 0, 0),
        ("open", 0, 0),
    ],
)
def test_a_full_disk_leaves_no_half_written_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int, after: int
) -> None:
    """Whichever step the disk refuses, nothing stays under the name or beside it; with room again, saving works."""
    path.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing(getattr(os, name), at, after=after))
        with pytest.raises(StorageError, match="free space or choose another folder") as caught:
            save_identity(ANNA, path, PASSWORD)
    assert left_behind(path) == []
    assert "No space left on device" in str(caught.value)
    save_identity(ANNA, path, PASSWORD)
    assert same(load_identity(path, PASSWORD))


def test_slow_writes_are_finished(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes a few bytes at a time still writes them all."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing(os.write, 10**6, after=7))
        save_identity(ANNA, path, PASSWORD)
    assert same(load_identity(path, PASSWORD))


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    """A file in the way of the folder gives one line, not an OSError."""
    (tmp_path / "keys").write_text("in the way")
    with pytest.raises(StorageError, match="choose another"):
        save_identity(ANNA, tmp_path / "keys" / "anna.json", PASSWORD)


def no_work(*_: object, **__: object) -> None:
    """Stand in for scrypt where no work may be done."""
    pytest.fail("scrypt ran")


def test_no_truncated_file_loads(path: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exhaustive: every proper prefix raises BrokenSeal, before any work is done."""
    whole = path.read_bytes()
    monkeypatch.setattr(keyfile, "Scrypt", no_work)
    assert content
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BrokenSeal, match="restore it from a backup"):
            load_identity(path, PASSWORD)


@pytest.mark.parametrize(
    "change",
    [
        {"n": 1 << 30},
        {"n": 1 << 24},
        {"n": 1 << 10},
        {"n": (1 << 15) + 1},
        {"n": 0},
        {"n": -(1 << 15)},
        {"n": "32768"},
        {"n": 32768.0},
        {"n": True},
        {"n": None},
        {"r": 0},
        {"r": 1 << 20},
        {"p": 0},
        {"p": 1 << 20},
        {"n": 1 << 20, "p": 2},
        {"n": float("inf")},
        {"r": 10**400},
        {"n": 1 << 14, "r": 1 << 5, "p": 1 << 5},
    ],
    ids=str,
)
def test_absurd_scrypt_parameters_are_refused(
    path: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """A file cannot make its reader spend gigabytes or hours, nor hand the password to a cheap hash."""
    content["scrypt"].update(change)
    path.write_text(json.dumps(content))
    monkeypatch.setattr(keyfile, "Scrypt", no_work)
    with pytest.raises(BrokenSeal, match="restore it from a backup"):
        load_identity(path, PASSWORD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "7",
        "null",
        '"text"',
        "[" * 9000,
        "\x00" * 100,
        '{"format": 1}',
        "{" * 20000,
        '{"format": "gradmarket-identity-1", "scrypt": [], "key_hash": "", "sealed": ""}',
        (
            '{"format": "gradmarket-identity-1", "scrypt": {"n": 1, "r": 1, "p": 1, "salt": 7}, '
            '"key_hash": "", "sealed": ""}'
        ),
        (
            '{"format": "gradmarket-identity-9", "scrypt": {"n": 1, "r": 1, "p": 1, "salt": ""}, '
            '"key_hash": "", "sealed": ""}'
        ),
    ],
    ids=range(13),
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, text: str) -> None:
    """Any other file gives BrokenSeal with one line, never another exception."""
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(BrokenSeal) as caught:
        load_identity(path, PASSWORD)
    assert "\n" not in str(caught.value)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_an_altered_file_never_loads_as_somebody_else(tmp_path_factory: Any, data: st.DataObject) -> None:
    """Law: a file with any byte changed gives Anna's identity (spacing, letter case) or a SealingError."""
    path = tmp_path_factory.mktemp("keys") / "anna.json"
    save_identity(ANNA, path, PASSWORD)
    raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from(b'09aAfF" ,{}x'))
    path.write_bytes(raw)
    try:
        loaded = load_identity(path, PASSWORD)
    except SealingError:
        return
    assert same(loaded)


def test_a_damaged_file_is_not_blamed_on_the_password(path: Path, content: dict[str, Any]) -> None:
    """Flipped ciphertext and a false key hash raise BrokenSeal: typing the password again would not help."""
    for field, at in (("sealed", -1), ("key_hash", 0)):
        text = content[field]
        flipped = list(text)
        flipped[at] = "0" if flipped[at] != "0" else "1"
        path.write_text(json.dumps({**content, field: "".join(flipped)}))
        with pytest.raises(BrokenSeal, match="altered"):
            load_identity(path, PASSWORD)


def test_a_missing_file_is_explained(path: Path) -> None:
    """One line that names the path."""
    with pytest.raises(StorageError, match="check the path"):
        load_identity(path, PASSWORD)


def test_nothing_shows_a_secret(path: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the file, nor any failure's message or traceback, holds the password or the private key."""
    caught: list[GradMarketError] = []

    def attempt(act: Callable[[], object]) -> None:
        with pytest.raises(GradMarketError) as error:
            act()
        caught.append(error.value)

    attempt(lambda: load_identity(path, PASSWORD + "!"))
    attempt(lambda: save_identity(ANNA, path, PASSWORD))
    other = path.with_name("other.json")
    other.write_text(json.dumps({**content, "sealed": content["sealed"][:-2] + "00"}))
    attempt(lambda: load_identity(other, PASSWORD))
    monkeypatch.setattr(os, "fsync", failing(os.fsync, 0))
    attempt(lambda: save_identity(ANNA, path.with_name("third.json"), PASSWORD))
    shown = path.read_text() + "".join(repr(e) + "".join(traceback.format_exception(e)) for e in caught)
    private = ANNA.private_bytes()
    for part in (private, private[:64], private[64:]):
        assert part.hex() not in shown
        assert repr(part)[2:-1] not in shown
    assert PASSWORD not in shown
    assert all("\n" not in str(error) for error in caught)
