"""What a submission would let out of this machine, in words, before any of it has left.

    HOME/outgoing/BOUNTY-round-N.json        written when an update is trained, before it is sealed or stored anywhere
    HOME/outgoing/BOUNTY-round-N.approved    written by `gradmarket inspect --approve`: the digest of the first

The file holds no secret: what is in it will be known to the seats, most of it to everybody.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from client.modes import ENCRYPTED, SEALED, SHARED
from marketplace.domain.bounds import ceil_sqrt
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak
from marketplace.storage.disk import explained, replace_file

if TYPE_CHECKING:
    from marketplace.domain.update import Update

__all__ = ["Outbound", "Outgoing", "Privacy", "approve", "describe", "read_outgoing"]

_MAX_BYTES: Final = 1 << 16
_FOLDER: Final = "outgoing"


@dataclass(frozen=True)
class Privacy:
    """How the update was made private.

    Attributes:
        how: what was done to it, and what that hides.
        epsilon: of all updates from this folder, this one included; budget: the largest that is allowed.
        delta: the chance that the promise does not hold.
    """

    how: str
    epsilon: float
    budget: float
    delta: float


@dataclass(frozen=True)
class Outgoing:
    """One submission that is about to be made.

    Attributes:
        bounty: its id, in hexadecimal; round: the round.
        address: of the holder, which everybody sees.
        parameters: integers in the update; norm: its length, rounded up; largest: its largest absolute entry; both None
            for an encrypted one, which nobody here can read.
        seats: addresses of the validators that its key is shared among; threshold: how many open it together.
        sealed_bytes: length of the ciphertext.
        privacy: how it was made private, or None for an update as it was trained.
        mode: of the bounty, see `client.modes`.
    """

    bounty: str
    round: int
    address: str
    parameters: int
    norm: int | None
    largest: int | None
    seats: tuple[str, ...]
    threshold: int
    sealed_bytes: int
    privacy: Privacy | None = None
    mode: str = SEALED

    def lines(self) -> list[tuple[str, str]]:
        """Return what a person should know, as headings and sentences."""
        sealed_to = f"any {self.threshold} of {len(self.seats)} seats together"
        readers = "after submitting is over every seat can read the update; owner and holders see the aggregate only"
        if self.mode == SHARED:
            sealed_to = "in three components, two for each seat, which look like noise"
            readers = "nobody, unless two seats collude: these read it; owner and holders see the aggregate only"
        elif self.mode == ENCRYPTED:
            readers = f"{readers}; what it decrypts with was made by the owner"
        noise = "none: whoever opens the update sees it as it was trained"
        if self.privacy is not None:
            p = self.privacy
            noise = (
                f"{p.how}; epsilon {p.epsilon:.2f} of {p.budget:g} at delta {p.delta:g}, all updates from this folder "
                "together"
            )
        if self.norm is None or self.largest is None:
            update = f"{self.parameters:,} integers, encrypted: how long it is follows from a model you cannot read"
        else:
            update = f"{self.parameters:,} integers, norm {self.norm:,}, largest entry {self.largest:,}"
        if self.largest == 0:
            update = f"{self.parameters:,} integers, all 0: an update that changes nothing"
        return [
            ("submission", f"round {self.round} of bounty 0x{self.bounty}"),
            ("update", update),
            ("noise", noise),
            ("sealed to", f"{sealed_to}: {', '.join(self.seats)}"),
            ("for whom", readers),
            (
                "in clear",
                f"your address {self.address}, the round, the time, {self.sealed_bytes:,} bytes of ciphertext",
            ),
            ("later", "norm, cosines to other updates, contribution and payout are published with the score sheet"),
            ("stays here", f"rows, labels, keys{'' if self.privacy is None else ', the update before noise'}"),
        ]

    def to_bytes(self) -> bytes:
        """Return the file."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read a file; raises InvalidInput for one that is none."""
        try:
            found: dict[str, Any] = json.loads(raw)
            private = found.pop("privacy")
            seats = tuple(str(seat) for seat in found.pop("seats"))
            return cls(**found, seats=seats, privacy=None if private is None else Privacy(**private))
        except (ValueError, TypeError, KeyError, AttributeError):
            msg = "this is no submission that waits to be sent: name a file of HOME/outgoing"
            raise InvalidInput(msg) from None


def read_outgoing(path: Path) -> Outgoing:
    """Return the submission in a file; raises InvalidInput."""
    return Outgoing.from_bytes(_read(path))


def approve(path: Path) -> None:
    """Allow the submission in a file to be sent, this one and no other; raises InvalidInput or StorageError."""
    raw = _read(path)
    Outgoing.from_bytes(raw)
    replace_file(path.with_suffix(".approved"), keccak(raw).hex().encode())


class Outbound:
    """The folder of what is about to leave.

    Args:
        home: the participant's folder.
        review: whether a person has to approve each submission.
    """

    def __init__(self, home: Path, *, review: bool) -> None:
        self._folder, self._review = home / _FOLDER, review

    def file(self, outgoing: Outgoing) -> Path:
        """Return where a submission is described."""
        return self._folder / f"{outgoing.bounty[:8]}-round-{outgoing.round}.json"

    def may_leave(self, outgoing: Outgoing) -> bool:
        """Describe a submission on the disk; return whether it may be sent."""
        path, raw = self.file(outgoing), outgoing.to_bytes()
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            known = path.read_bytes() if path.exists() else b""
            approved = path.with_suffix(".approved")
            said = approved.read_text("ascii") if approved.exists() else ""
        if known != raw:
            replace_file(path, raw)
        return not self._review or said == keccak(raw).hex()


def describe(update: Update) -> tuple[int, int, int]:
    """Return number, length (rounded up) and largest absolute value of the integers of an update."""
    flat = update.flat()
    return flat.size, ceil_sqrt(int(flat @ flat)), max(int(flat.max()), -int(flat.min()))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}): name a file of HOME/outgoing"
        raise InvalidInput(msg) from error
    return raw if len(raw) <= _MAX_BYTES else b""
