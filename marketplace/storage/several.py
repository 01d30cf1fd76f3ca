"""Several stores as one: the first that works keeps, and whoever has the right bytes serves.

Nothing is trusted for being first. What one store failed to give, wholly or in part, the next one gives, from the
byte on where the first one stopped: equal CIDs are equal bytes, and every byte was checked.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO, Final, Protocol, cast, runtime_checkable

from marketplace.domain.errors import ContentTooLarge, CorruptContent, InvalidInput, NotFound, StorageError
from marketplace.storage.cid import parse_cid
from marketplace.storage.download import WrongBytes
from marketplace.storage.pins import PinningStore
from marketplace.storage.store import Store
from marketplace.storage.streams import read_up_to, write_all

__all__ = ["SeveralStores"]

_FIRST_REST_SECONDS: Final = 30.0
_LONGEST_REST_SECONDS: Final = 600.0
_SLOW_SECONDS: Final = 10.0
"""A store that needs as long to say no is asked last for a while, whatever it says."""

_IN_MEMORY_BYTES: Final = 8 << 20
_PIECE_BYTES: Final = 1 << 18


@runtime_checkable
class _Resumable(Protocol):
    def get_rest(self, cid: str, sink: BinaryIO, *, start: int, max_bytes: int) -> int:
        """Write the content from byte `start` on, and return how many bytes the whole has."""
        ...


class SeveralStores:
    """A `Store` over others, tried in order.

    A store that misbehaves is asked last for a while, longer each time; it is never left out, so that nobody's mistake
    makes content unreachable that one store still has.

    Args:
        stores: one's own first; at least one.
        mirror: put into all of them, instead of the first that works.
        clock: seconds, from any start, never set back.

    Raises:
        InvalidInput: there are no stores.
    """

    def __init__(
        self, stores: Sequence[PinningStore], *, mirror: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not stores:
            msg = "there is no store to use: name at least one"
            raise InvalidInput(msg)
        self._stores = list(stores)
        self._mirror = mirror
        self._clock = clock
        self._resting: dict[int, tuple[float, float]] = {}
        """Store -> until when it rests, and for how long that was."""

    def __repr__(self) -> str:
        """Name the stores."""
        return f"SeveralStores({self._stores!r})"

    def put(self, source: BinaryIO | bytes) -> str:
        """Keep the content in the first store that works, and with `mirror` in every other that does.

        Raises:
            StorageError: no store works, or the source cannot be read.
        """
        failures: list[tuple[Store, Exception]] = []
        cid = None
        with _replayable(source) as again:
            for i in self._order():
                try:
                    with self._watched(i):
                        cid = self._stores[i].put(again())
                except StorageError as error:
                    failures.append((self._stores[i], error))
                else:
                    if not self._mirror:
                        break
        if cid is None:
            msg = f"no store keeps what it was given ({_reasons(failures)}): start one of them, or free some space"
            raise StorageError(msg) from failures[0][1]
        return cid

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write the content to `sink`, from as many stores as it takes; see `Store.get`.

        Raises:
            CorruptContent: it is not laid out as this product does it, whoever serves it.
            NotFound: no store has it.
            StorageError: no store gives it, and not all of them because they have not got it.
        """
        parse_cid(cid)
        failures: list[tuple[Store, Exception]] = []
        rest = _Rest(sink)
        for i in self._order():
            try:
                with self._watched(i):
                    return self._get_rest(self._stores[i], cid, rest, max_bytes)
            except (ContentTooLarge, InvalidInput):
                # Said of checked bytes: the same everywhere.
                raise
            except (NotFound, StorageError) as error:
                if rest.failure is not None:
                    raise rest.failure from None
                failures.append((self._stores[i], error))
        raise _none_has(cid, failures)

    def has(self, cid: str) -> bool:
        """Whether any store has it; raises StorageError when none says so and one cannot be asked."""
        return self._any(lambda store: store.has(cid))

    def pin(self, cid: str) -> None:
        """Protect it in the first store that has it; see `Store.pin`."""
        failures: list[tuple[Store, Exception]] = []
        for i in self._order():
            try:
                with self._watched(i):
                    return self._stores[i].pin(cid)
            except (NotFound, StorageError) as error:
                failures.append((self._stores[i], error))
        raise _none_has(cid, failures)

    def unpin(self, cid: str) -> None:
        """Let every store collect it; raises StorageError, in the end, when one cannot be told."""
        failures: list[tuple[Store, Exception]] = []
        for store in self._stores:
            try:
                store.unpin(cid)
            except StorageError as error:
                failures.append((store, error))
        if failures:
            msg = f"{cid} is still pinned in a store ({_reasons(failures)}): start it and unpin again"
            raise StorageError(msg) from failures[0][1]

    def is_pinned(self, cid: str) -> bool:
        """Whether it is pinned in any store; raises StorageError when none says so and one cannot be asked."""
        return self._any(lambda store: store.is_pinned(cid))

    def _any(self, ask: Callable[[PinningStore], bool]) -> bool:
        failure: StorageError | None = None
        for i in self._order():
            try:
                with self._watched(i):
                    if ask(self._stores[i]):
                        return True
            except StorageError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return False

    def _get_rest(self, store: Store, cid: str, rest: _Rest, max_bytes: int) -> int:
        if isinstance(store, _Resumable):
            rest.skip = 0
            return store.get_rest(cid, cast("BinaryIO", rest), start=rest.written, max_bytes=max_bytes)
        rest.skip = rest.written
        return store.get(cid, cast("BinaryIO", rest), max_bytes=max_bytes)

    def _order(self) -> list[int]:
        """Return which store is asked when: those that rest come last, soonest rested first."""
        now = self._clock()
        ends = [self._resting.get(i, (now, 0.0))[0] for i in range(len(self._stores))]
        return sorted(range(len(self._stores)), key=lambda i: max(ends[i], now))

    @contextmanager
    def _watched(self, i: int) -> Iterator[None]:
        """Remember whether store `i` behaves."""
        begun = self._clock()
        try:
            yield
        except (ContentTooLarge, InvalidInput):
            raise
        except (NotFound, StorageError) as error:
            now = self._clock()
            # Content that is absent or badly laid out is its publisher's doing.
            innocent = isinstance(error, NotFound) or (
                isinstance(error, CorruptContent) and not isinstance(error, WrongBytes)
            )
            if not innocent or now - begun > _SLOW_SECONDS:
                _, last = self._resting.get(i, (0.0, 0.0))
                length = min(max(_FIRST_REST_SECONDS, 2 * last), _LONGEST_REST_SECONDS)
                self._resting[i] = (now + length, length)
            raise
        else:
            self._resting.pop(i, None)


class _Rest:
    """A sink that several stores write into, one after the other, each taking up where the last one stopped."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.written = 0
        self.skip = 0
        self.failure: Exception | None = None
        """What the sink itself raised: no other store would help."""

    def write(self, data: bytes) -> int:
        """Take checked bytes; drop those that an earlier store gave."""
        dropped = min(self.skip, len(data))
        self.skip -= dropped
        try:
            self.written += write_all(self._sink, data[dropped:])
        except Exception as error:
            self.failure = error
            raise
        return len(data)


@contextmanager
def _replayable(source: BinaryIO | bytes) -> Iterator[Callable[[], Any]]:
    """Yield what gives the source from its beginning, as often as it is called."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        yield lambda: BytesIO(data) if len(data) > _IN_MEMORY_BYTES else data
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
        try:
            while piece := read_up_to(source, _PIECE_BYTES):
                spool.write(piece)
        except StorageError:
            raise
        except OSError as error:
            msg = f"what is to be stored cannot be set aside ({error.strerror or error}): free some space"
            raise StorageError(msg) from error

        def again() -> Any:  # noqa: ANN401 - a file, which the library does not declare as one
            spool.seek(0)
            return spool

        yield again


def _none_has(cid: str, failures: list[tuple[Store, Exception]]) -> NotFound | StorageError:
    errors = [error for _, error in failures]
    kind: type[NotFound | StorageError] = StorageError
    if all(isinstance(error, NotFound) for error in errors):
        kind = NotFound
    elif any(isinstance(error, CorruptContent) and not isinstance(error, WrongBytes) for error in errors):
        kind = CorruptContent
    return kind(
        f"{cid} is not to be had ({_reasons(failures)}): start or name another store, "
        "or ask whoever published it to serve it again"
    )


def _reasons(failures: list[tuple[Store, Exception]]) -> str:
    return "; ".join(f"{store!r} {_reason(error)}" for store, error in failures)


def _reason(error: Exception) -> str:
    if isinstance(error, NotFound):
        return "has not got it"
    if isinstance(error, WrongBytes):
        return "gives wrong bytes"
    if isinstance(error, CorruptContent):
        return "holds it damaged or badly laid out"
    return "cannot be used"
