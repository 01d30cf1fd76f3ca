"""What three seats do together with encrypted updates: each hands the others its part, any two right ones decrypt.

Before an update is believed, the seats make sure that what holders trained on was the base on the chain: the owner
encrypted it, and with another one it could make honest updates leave their lanes. The difference to the base, folded
with coefficients that follow from the round secret, has to decrypt to 0; nobody knew them when it was encrypted.

Trust model: two seats that collude read every update, as do seats in `sealed` mode. A seat whose part is wrong is found
by its proof, left out and named in the log. It loses nothing: the sheet is the same without it.

Law: what comes out is the same whichever right parts it is made from, unless the key was dealt wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.domain.errors import BrokenSeal, ProtocolError
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.shares import combine, is_right, part_of
from marketplace.privacy.paillier.vector import EncryptedVector, weighted_sum
from marketplace.privacy.paillier.wire import dump_part, load_part
from marketplace.sealing import datakeys
from marketplace.storage.canonical import decode_json, encode_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.paillier.shares import KeyShare, Part
    from marketplace.privacy.sharing.party import Party

__all__ = ["Decrypted", "Decryption", "read_decrypted"]

_COEFFICIENT: Final = 16
"""Bytes of a coefficient of the folded difference."""


@dataclass(frozen=True)
class Decrypted:
    """What came out.

    Attributes:
        values: int64[parameters] of each vector; None where there was none; zeros where it decrypts to no update.
        previous: whether every seat knows the updates of the last round.
        left_out: seats whose parts were wrong.
    """

    values: tuple[NDArray[np.int64] | None, ...] = field(repr=False)
    previous: bool
    left_out: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Return it as bytes that outlive the process."""
        values = ["" if v is None else v.astype("<i8").tobytes().hex() for v in self.values]
        return encode_json({"values": values, "previous": self.previous, "left_out": list(self.left_out)})


def read_decrypted(data: bytes) -> Decrypted | None:
    """Return what `Decrypted.to_bytes` wrote, or None for a round that failed; see `client.shared.scoring`."""
    stored: Any = decode_json(data)
    if "values" not in stored:
        return None
    values = (None if not v else np.frombuffer(bytes.fromhex(v), "<i8").astype(np.int64) for v in stored["values"])
    return Decrypted(tuple(values), stored["previous"], tuple(stored["left_out"]))


@dataclass(frozen=True)
class Decryption:
    """What one seat brings.

    Attributes:
        share: of the private key.
        model: the encrypted base; base: int64[parameters], what has to be in it.
        vectors: the encrypted updates in order of submission; None for one that is none.
        secret: of the round.
        previous: whether this seat knows the updates of the last round.
    """

    share: KeyShare
    model: EncryptedVector = field(repr=False)
    base: NDArray[np.int64] = field(repr=False)
    vectors: tuple[EncryptedVector | None, ...] = field(repr=False)
    secret: bytes = field(repr=False)
    previous: bool

    def run(self, party: Party) -> bytes:
        """Decrypt with the two others; return what `read_decrypted` reads.

        Raises:
            ProtocolError: holders were handed another base than the one on the chain, or the key was dealt wrongly.
            WrongKey: the parts of both others are wrong.
            PeerFailed: a seat is silent or gone.
        """
        flag = np.array([self.previous], np.uint8)
        previous = bool(flag[0] & party.pass_down(flag)[0] & party.pass_up(flag)[0])
        vectors = [self._difference(), *(v for v in self.vectors if v is not None)]
        mine = [part_of(vector, self.share) for vector in vectors]
        wrong: set[int] = set()
        parts = self._exchange(party, vectors, mine, wrong)

        self._check_base(vectors[0], parts[0])
        opened = iter(self._open(vector, found) for vector, found in zip(vectors[1:], parts[1:], strict=True))
        values = tuple(None if vector is None else next(opened) for vector in self.vectors)
        return Decrypted(values, previous, tuple(sorted(wrong))).to_bytes()

    # ------------------------------------------------------------------ details
    def _exchange(
        self, party: Party, vectors: list[EncryptedVector], mine: list[Part], wrong: set[int]
    ) -> list[list[Part]]:
        """Return the right parts of each vector; adds to `wrong` the seats that sent another one."""
        shared = self.share.shared
        texts = [dump_part(part, shared) for part in mine]
        sent = np.frombuffer(b"".join(texts), np.uint8)
        received = {party.next: party.pass_down(sent).tobytes(), party.previous: party.pass_up(sent).tobytes()}
        parts, at = [[part] for part in mine], 0
        for vector, text, found in zip(vectors, texts, parts, strict=True):
            for seat, raw in received.items():
                try:
                    part = load_part(raw[at : at + len(text)], vector, shared)
                except BrokenSeal:
                    wrong.add(seat)
                    continue
                if part.seat == seat and is_right(vector, part, shared):
                    found.append(part)
                else:
                    wrong.add(seat)
            at += len(text)
        return parts

    def _difference(self) -> EncryptedVector:
        """Return the encrypted base less the base, folded to one number that has to be 0."""
        key, model = self.model.key, self.model
        # Bounds of 0 are what is claimed here; decrypting anything else breaks them.
        ones = [
            EncryptedVector(key, Lanes(model.lanes.bits, 1), 1, 0, (ciphertext,))
            for ciphertext in model.plus(-self.base, model.bound).ciphertexts
        ]
        coefficients = [
            int.from_bytes(datakeys.derive(self.secret, "base-check", at.to_bytes(8, "big"))[:_COEFFICIENT], "big")
            for at in range(len(ones))
        ]
        return weighted_sum(ones, coefficients)

    def _check_base(self, folded: EncryptedVector, parts: list[Part]) -> None:
        try:
            combine(folded, parts, self.share.shared)
        except BrokenSeal as error:
            msg = "the owner gave holders another base than the one on the chain, or dealt its key wrongly: void"
            raise ProtocolError(msg) from error

    def _open(self, vector: EncryptedVector, parts: list[Part]) -> NDArray[np.int64]:
        try:
            return combine(vector, parts, self.share.shared)
        except BrokenSeal:
            # That it is the holder's fault rests on a key that the owner made: it earns nothing, and keeps the stake.
            return np.zeros(vector.length, np.int64)
