"""Three parties in one process: for tests, and to see what a private scoring would say without three machines."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from marketplace.domain.errors import Cheated, PeerFailed
from marketplace.privacy.sharing.channel import local_channels
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import PARTIES
from marketplace.privacy.sharing.streams import KEY_BYTES

if TYPE_CHECKING:
    from marketplace.privacy.sharing.channel import Channel

__all__ = ["in_threads", "outcomes"]

T = TypeVar("T")


def outcomes(
    act: Callable[[Party], T], repetitions: int = 0, channels: Sequence[Channel] | None = None, timeout: float = 60.0
) -> list[T | BaseException]:
    """Run `act` as all three parties, and return what each returned or raised."""
    out: list[T | BaseException] = [PeerFailed("did not run", p) for p in range(PARTIES)]

    def run(channel: Channel) -> None:
        try:
            out[channel.me] = act(Party.start(channel, secrets.token_bytes(KEY_BYTES), repetitions))
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            out[channel.me] = error
        finally:
            channel.close()

    threads = [threading.Thread(target=run, args=(c,), daemon=True) for c in channels or local_channels(timeout)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


def in_threads(act: Callable[[Party], T], repetitions: int = 0) -> tuple[T, T, T]:
    """Run `act` as all three parties, and return their results; raises what explains most if one failed."""
    results = outcomes(act, repetitions)
    errors = [r for r in results if isinstance(r, BaseException)]
    if errors:
        raise max(errors, key=lambda e: (isinstance(e, Cheated), not isinstance(e, PeerFailed)))
    one, two, three = (r for r in results if not isinstance(r, BaseException))
    return one, two, three
