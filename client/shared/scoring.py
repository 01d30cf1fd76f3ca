"""What three seats make of a round together: the sheet each commits to, from components that none can add up."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from client.private_score import SharedInput, score_privately
from client.scorer import ScoredRound, Shelf, permutation_seed
from client.shared.model import seal_model
from marketplace.domain.abi import FAILED, sheet_hash
from marketplace.domain.errors import ProtocolError
from marketplace.domain.fields import hex_text
from marketplace.domain.hashing import ZERO_HASH, keccak
from marketplace.domain.shared_documents import COMPONENTS
from marketplace.domain.sumtree import PayoutTree
from marketplace.domain.terms import SheetHead
from marketplace.privacy.sharing.admission import check_consistent
from marketplace.privacy.sharing.shares import Shares
from marketplace.scoring.sheet import SheetRoots, sheet_document, sheet_head
from marketplace.storage.canonical import decode_json, encode_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from client.private_score import PrivateScore
    from marketplace.domain.network import Network
    from marketplace.domain.scope import Scope
    from marketplace.privacy.sharing.party import Party
    from marketplace.scoring.round import RoundFrame, Submission

__all__ = ["FAILED", "SharedRound", "failed_round", "read_round", "sheet_of", "write_round"]


@dataclass(frozen=True)
class SharedRound:
    """What one seat brings to a round's scoring.

    Attributes:
        scope: the bounty; round: the round; included: bitmap, as the chain fixed it.
        given: everything but model, updates, root update and seed; its submissions say who, not what.
        base: the model the bounty was posted with.
        model: uint64[2, 2, parameters], this seat's two components of `SharedInput.model`; None before an adoption.
        root: uint64[2, parameters], this seat's two components of the root update.
        components: uint64[2, submissions, parameters + 4], this seat's two, zeros where there is none.
        fine: uint8[submissions], a bit for each of the two that is what the submission published.
        previous: uint64[2, last submissions, parameters], likewise, admitted; None if this seat lacks them.
    """

    scope: Scope
    round: int
    included: int
    given: RoundFrame = field(repr=False)
    base: Network = field(repr=False)
    model: NDArray[np.uint64] | None = field(repr=False)
    root: NDArray[np.uint64] = field(repr=False)
    components: NDArray[np.uint64] = field(repr=False)
    fine: NDArray[np.uint8] = field(repr=False)
    previous: NDArray[np.uint64] | None = field(repr=False)

    def score(self, party: Party) -> bytes:
        """Score with the two others; return the round as `read_round` reads it.

        Raises:
            ProtocolError: two seats do not agree on what a holder published: one of them lies.
            Cheated, PeerFailed: see `Party`.
        """
        words, width = Shares(*self.components), self.given.scoring.shape.parameters
        check = self._agree(party)
        shared = words[check, width:]
        check_consistent(party, shared)
        coins = party.open_words(shared)
        keys = {
            self.given.submissions[i].index: keccak(coin.astype("<u8").tobytes())
            for i, coin in zip(check, coins, strict=True)
        }
        given = replace(self.given, seed=permutation_seed(list(keys.values())))
        given, previous = self._known(party, given)
        model = None if self.model is None else Shares(*self.model)
        root = Shares(*self.root[:, None])
        brought = SharedInput(self.base, model, root, self._updates(party, words, check), previous)
        return self._conclude(party, given, score_privately(party, given, brought))

    def _conclude(self, party: Party, given: RoundFrame, result: PrivateScore) -> bytes:
        """Seal this seat's components of the next model, and write the sheet."""
        shelf, keys, roots = Shelf(), None, SheetRoots(ZERO_HASH, ZERO_HASH, ZERO_HASH)
        if result.moved is not None:
            document, keys = seal_model(party, self.scope, self.round, result.moved, shelf)
            roots = SheetRoots(document.root, shelf.put_document(document.to_json()), ZERO_HASH)
        figures = result.figures
        sheet = shelf.put_document(sheet_document(self.scope, self.round, given, figures, roots))
        return write_round(sheet_head(given, figures, roots, self.included, sheet), shelf.contents, keys)

    def _agree(self, party: Party) -> list[int]:
        """Return the submissions whose components are all what was published; the others are breached.

        A component that both seats which hold it call wrong is the holder's fault. If one of them does, one of the two
        seats lies, and nobody can tell which.
        """
        fine = np.empty((COMPONENTS, len(self.fine)), np.uint8)
        fine[party.me] = self.fine
        fine[party.next] = party.pass_down(self.fine)
        fine[party.previous] = party.pass_up(self.fine)
        first, second = fine & 1, fine >> 1 & 1
        other = np.roll(second, 1, axis=0)  # seat j - 1 holds component j too, as its second
        breached = ((first | other) == 0).any(axis=0)
        if (unclear := (first != other).any(axis=0) & ~breached).any():
            who = self.given.submissions[int(np.argmax(unclear))].holder
            msg = f"the seats do not agree on whether {who} published what it committed to: the round is void"
            raise ProtocolError(msg)
        return [int(i) for i in np.flatnonzero(~breached)]

    def _known(self, party: Party, given: RoundFrame) -> tuple[RoundFrame, Shares]:
        """Return the input and the shares of the last round's updates, without these if a seat lacks them."""
        mine = np.array([self.previous is not None], np.uint8)
        everybody = int(mine[0]) & int(party.pass_down(mine)[0]) & int(party.pass_up(mine)[0])
        width = given.scoring.shape.parameters
        if everybody and self.previous is not None:
            return given, Shares(*self.previous)
        nothing = np.zeros((0, width), np.uint64)
        return replace(given, last_submissions=()), Shares(nothing, nothing)

    def _updates(self, party: Party, words: Shares, fine: list[int]) -> Shares:
        """Return shares of all updates; a breached one exceeds every bound, so that it is not admitted."""
        n, width = len(self.given.submissions), self.given.scoring.shape.parameters
        beyond = np.zeros((n, width), np.int64)
        beyond[[i for i in range(n) if i not in fine]] = self.given.scoring.bounds.entry + 1
        out = party.public(beyond).each(np.copy)  # components that are zero may be one array
        for mine, theirs in ((out.first, words.first), (out.second, words.second)):
            mine[fine] = theirs[fine, :width]
        return out


def failed_round(  # noqa: PLR0913 - a round, and whom this seat blames
    scope: Scope, round_: int, included: int, blamed: int | None, salt: bytes, *, last: bool
) -> bytes:
    """Return what a seat commits to when nothing could be computed.

    The round is void either way, and fees return. A sheet that a majority reveals costs whoever reveals another one its
    seat and part of its stake, so nobody must be able to make the sheet of a seat that does not mean it to.

    Args:
        scope: the bounty; round_: the round; included: bitmap, as the chain fixed it.
        blamed: a seat that both others name; None if there is none.
        salt: 32 bytes. Where a seat is blamed, what both others know and it does not: they make the same sheet. Else
            this seat's alone: no other sheet is like it, and none has a majority.
        last: whether it is the last round.
    """
    shelf = Shelf()
    document = shelf.put_document(
        {
            "kind": "sheet",
            "version": 1,
            "chain_id": scope.chain_id,
            "market": scope.market,
            "bounty": hex_text(scope.bounty),
            "round": round_,
            "submissions": [],
            "gain": 0,
            "gain_ppb": 0,
            "adopted": False,
            "pool": "0",
            "blamed": [] if blamed is None else [blamed],
            "salt": hex_text(salt),
        }
    )
    root = PayoutTree({}).root
    head = SheetHead(included, 0, ZERO_HASH, root, 0, ZERO_HASH, False, last, FAILED, document)  # noqa: FBT003 - a struct
    return write_round(head, shelf.contents, None)


def write_round(head: SheetHead, contents: Sequence[bytes], key: bytes | None) -> bytes:
    """Return a scored round as bytes that outlive the process."""
    values = {name: hex_text(v) if isinstance(v, bytes) else v for name, v in vars(head).items()}
    values |= {name: str(getattr(head, name)) for name in ("included", "breached", "pool")}
    return encode_json(
        {
            "sheet": values,
            "contents": [base64.b64encode(content).decode() for content in contents],
            "key": "" if key is None else hex_text(key),
        }
    )


def sheet_of(data: bytes) -> bytes:
    """Return the head of the sheet in what `write_round` wrote: the rest is another for every seat."""
    return encode_json(decode_json(data)["sheet"])


def read_round(data: bytes, scope: Scope, round_: int, submissions: tuple[Submission, ...]) -> ScoredRound:
    """Return what `write_round` wrote.

    Args:
        data: what it wrote.
        scope: the bounty; round_: the round.
        submissions: who was scored.
    """
    stored = decode_json(data)
    values, key = stored["sheet"], stored["key"]
    numbers = {name: int(values[name]) for name in ("included", "breached", "pool")}
    hashes = {n: bytes.fromhex(v[2:]) for n, v in values.items() if isinstance(v, str) and n not in numbers}
    head = SheetHead(**{**values, **numbers, **hashes})
    return ScoredRound(
        sheet=head,
        hash=sheet_hash(scope, round_, head),
        aggregate=None,
        aggregate_key=bytes.fromhex(key[2:]) if key else None,
        aggregate_salt=None,
        submissions=submissions,
        data_keys={},
        contents=tuple(base64.b64decode(text) for text in stored["contents"]),
    )
