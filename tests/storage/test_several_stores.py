"""Several stores as one, and pins for the length of a bounty, without any node."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from marketplace.domain.errors import ContentTooLarge, CorruptContent, InvalidInput, NotFound, StorageError
from marketplace.storage.cid import CHUNK_BYTES
from marketplace.storage.download import WrongBytes
from marketplace.storage.folder import FolderStore
from marketplace.storage.pins import MemoryLedger, PinnedStore
from marketplace.storage.several import SeveralStores
from marketplace.storage.store import Store, read_bytes

Bytes = Callable[[int], bytes]


class Odd(FolderStore):
    """A store whose methods fail on demand, and which says what it was asked."""

    def __init__(self, path: Path, asked: list[str] | None = None) -> None:
        super().__init__(path)
        self.error: Exception | None = None
        self.asked = asked if asked is not None else []
        self.act: Callable[[], None] = lambda: None

    def put(self, source: BinaryIO | bytes) -> str:
        """Read a little of the source before failing."""
        self._ask("put")
        if self.error is not None and not isinstance(source, bytes):
            source.read(10)
        self._fail()
        return super().put(source)

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write half of the content before failing."""
        self._ask("get")
        if self.error is not None and self.has(cid):
            data = read_bytes(FolderStore(self._layout.root), cid, max_bytes=max_bytes)
            sink.write(data[: len(data) // 2])
        self._fail()
        return super().get(cid, sink, max_bytes=max_bytes)

    def pin(self, cid: str) -> None:
        """Pin, or fail."""
        self._ask("pin")
        self._fail()
        super().pin(cid)

    def unpin(self, cid: str) -> None:
        """Unpin, or fail."""
        self._ask("unpin")
        self._fail()
        super().unpin(cid)

    def is_pinned(self, cid: str) -> bool:
        """Look, or fail."""
        self._ask("is_pinned")
        self._fail()
        return super().is_pinned(cid)

    def _ask(self, what: str) -> None:
        self.asked.append(f"{self._layout.root.name} {what}")
        self.act()

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


@pytest.fixture
def asked() -> list[str]:
    """What the stores were asked, in order."""
    return []


@pytest.fixture
def one(tmp_path: Path, asked: list[str]) -> Odd:
    """The first store."""
    return Odd(tmp_path / "one", asked)


@pytest.fixture
def two(tmp_path: Path, asked: list[str]) -> Odd:
    """The second store."""
    return Odd(tmp_path / "two", asked)


def test_what_one_store_began_another_finishes(one: Odd, two: Odd, some_bytes: Bytes) -> None:
    """Half from here and half from there: the sink holds the content once. GM-611."""
    seam: Store = SeveralStores([one, two])
    data = some_bytes(3 * CHUNK_BYTES)
    cid = one.put(data)
    two.put(data)
    one.error = StorageError("broke off")
    assert data == read_bytes(seam, cid, max_bytes=len(data))
    assert seam.has(cid)


@pytest.mark.parametrize("kind", [bytes, BytesIO])
def test_a_store_that_fails_in_the_middle_leaves_the_source_whole(
    kind: Callable[[bytes], bytes | BytesIO], one: Odd, two: Odd, some_bytes: Bytes
) -> None:
    """The second store gets the content from its beginning, though the first one has read of it."""
    data = some_bytes(9 << 20)
    one.error = StorageError("full")
    cid = SeveralStores([one, two]).put(kind(data))
    assert data == read_bytes(two, cid, max_bytes=len(data))


def test_mirrors_hold_it_all_and_one_of_them_is_enough(one: Odd, two: Odd) -> None:
    """With `mirror` every store that works keeps it; without, the first only."""
    both = SeveralStores([one, two], mirror=True)
    assert one.has(cid := both.put(b"content"))
    assert two.has(cid)
    two.error = StorageError("full")
    assert one.has(both.put(b"more"))
    two.error = None
    assert not two.has(SeveralStores([one, two]).put(b"once"))


def test_a_store_that_misbehaves_is_asked_last_for_longer_each_time(one: Odd, two: Odd, asked: list[str]) -> None:
    """30 s after the first time, 60 after the second, never more than 600; and one good answer clears it."""
    clock = Clock()
    both = SeveralStores([one, two], clock=clock)
    cid = one.put(b"content")
    two.put(b"content")
    rests = []
    for _ in range(7):
        one.error = WrongBytes("lies")
        read_bytes(both, cid, max_bytes=7)
        begun = clock.now
        while True:
            asked.clear()
            one.error = None
            order = both._order()
            if order[0] == 0:
                break
            clock.now += 1
        rests.append(clock.now - begun)
    assert rests == [30, 60, 120, 240, 480, 600, 600]
    read_bytes(both, cid, max_bytes=7)
    one.error = StorageError("gone")
    read_bytes(both, cid, max_bytes=7)
    clock.now += 30
    assert both._order() == [0, 1]


def test_publishers_faults_are_not_blamed_on_stores(one: Odd, two: Odd) -> None:
    """Absent or badly laid out content, or too much of it, demotes nobody; being slow to say so does."""
    clock = Clock()
    both = SeveralStores([one, two], clock=clock)
    cid = one.put(b"content")
    for error in (NotFound("nobody has it"), CorruptContent("badly laid out")):
        one.error = two.error = error
        with pytest.raises(type(error), match="is not to be had"):
            read_bytes(both, cid, max_bytes=7)
        assert both._order() == [0, 1]
    one.error = two.error = None
    with pytest.raises(ContentTooLarge):
        read_bytes(both, cid, max_bytes=6)
    assert both._order() == [0, 1]

    def pass_time() -> None:
        clock.now += 11

    one.error, one.act = NotFound("not here"), pass_time
    two.put(b"content")
    read_bytes(both, cid, max_bytes=7)
    assert both._order() == [1, 0]


def test_a_store_that_rests_is_still_asked_when_the_others_fail(one: Odd, two: Odd) -> None:
    """Being asked last is not being left out."""
    both = SeveralStores([one, two])
    cid = one.put(b"content")
    one.error = StorageError("out of reach")
    with pytest.raises(StorageError, match=r"Odd|FolderStore"):
        read_bytes(both, cid, max_bytes=7)
    one.error = None
    assert read_bytes(both, cid, max_bytes=7) == b"content"


def test_a_full_sink_is_nobodys_fault(one: Odd, two: Odd, asked: list[str]) -> None:
    """What the sink raises comes out at once; no other store is asked."""

    class Full(BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    both = SeveralStores([one, two])
    cid = one.put(b"content")
    two.put(b"content")
    asked.clear()
    with pytest.raises(StorageError, match="cannot be written"):
        both.get(cid, Full(), max_bytes=7)
    assert asked == ["one get"]


def test_pins_go_to_the_first_that_has_it_and_leave_all(one: Odd, two: Odd) -> None:
    """Unpinning reaches every store, and says so when it could not."""
    both = SeveralStores([one, two])
    cid = two.put(b"content")
    two.unpin(cid)
    assert not both.is_pinned(cid)
    both.pin(cid)
    assert two.is_pinned(cid)
    two.error = StorageError("out of reach")
    with pytest.raises(StorageError, match="is still pinned in a store"):
        both.unpin(cid)
    with pytest.raises(StorageError, match="out of reach"):
        both.is_pinned(cid)
    with pytest.raises(StorageError, match="is not to be had"):
        both.pin(cid)
    two.error = None
    both.unpin(cid)
    assert not two.is_pinned(cid)
    with pytest.raises(InvalidInput, match="name at least one"):
        SeveralStores([])


def test_what_is_put_and_fetched_is_pinned_until_the_bounty_is_over(one: Odd) -> None:
    """And nothing else: what was pinned before stays, what was only looked at is not touched. GM-612."""
    before, fetched, looked_at = one.put(b"before"), one.put(b"fetched"), one.put(b"looked at")
    for cid in (fetched, looked_at):
        one.unpin(cid)
    ledger = MemoryLedger()
    store = PinnedStore(one, ledger)
    seam: Store = store
    put = [seam.put(b"put"), seam.put(BytesIO(b"streamed")), seam.put(_Once(b"once"))]
    assert read_bytes(seam, before, max_bytes=6) == b"before"
    assert read_bytes(seam, fetched, max_bytes=7) == b"fetched"
    assert seam.put(b"before") == before
    assert seam.has(looked_at)
    assert sorted(ledger.all()) == sorted([*put, fetched])
    assert set(one.pins()) == {*put, fetched, before}
    store.release()
    store.release()
    assert one.pins() == [before]
    assert ledger.all() == []
    assert store.put(b"put") == put[0]
    assert store.is_pinned(put[0])


class _Once(BytesIO):
    """A source that cannot be read twice."""

    def seekable(self) -> bool:
        """Say no."""
        return False


def test_a_release_that_fails_forgets_nothing(one: Odd) -> None:
    """A store out of reach: release says how much is left, and another one finishes it."""
    store = PinnedStore(one, MemoryLedger())
    store.put(b"content")
    one.error = StorageError("out of reach")
    with pytest.raises(StorageError, match="1 of 1 contents are still pinned"):
        store.release()
    one.error = None
    store.release()
    assert one.pins() == []


@pytest.mark.parametrize("step", ["is_pinned", "put", "pin", "unpin"])
def test_a_crash_at_any_step_loses_no_pin_of_ours(step: str, one: Odd) -> None:
    """Stopped before each question to the store: a new process on the same ledger does the rest and releases it all."""
    fetched = one.put(b"fetched")
    one.unpin(fetched)
    ledger = MemoryLedger()

    def play(store: PinnedStore) -> None:
        store.put(b"content")
        read_bytes(store, fetched, max_bytes=7)
        store.pin(fetched)
        store.release()

    class Crash(BaseException):
        pass

    def crash() -> None:
        if one.asked[-1] == f"one {step}":
            one.act = lambda: None
            raise Crash

    one.act = crash
    with pytest.raises(Crash):
        play(PinnedStore(one, ledger))
    again = PinnedStore(one, ledger)
    again.pin(fetched)
    assert one.is_pinned(fetched)
    play(again)
    assert one.pins() == []
    assert ledger.all() == []


def test_content_that_cannot_be_pinned_was_fetched_all_the_same(one: Odd) -> None:
    """A store that gives but does not pin: the content counts, and a note too many does no harm."""
    cid = one.put(b"content")
    one.unpin(cid)

    def refuse() -> None:
        if one.asked[-1].endswith(" pin"):
            raise StorageError("read only")  # noqa: EM101, TRY003 - as a store would

    one.act = refuse
    store = PinnedStore(one, MemoryLedger())
    assert read_bytes(store, cid, max_bytes=7) == b"content"
    store.unpin(cid)
    store.release()
