"""Sending transactions so that every act happens once: whatever fails, and whenever this process ends.

    gas       the node tries the act; what would revert ends here and costs nothing
    put       signed, with its nonce, into the outbox
    broadcast the node gets the bytes; lost ones are sent again, stuck ones offer more with the same nonce
    mined     a receipt of any version; the entry stays until the block is confirmed
    confirmed the entry is removed

Between any two of these the process may end: whoever starts again with the outbox goes on from where it stopped. What
a reorganisation takes away is sent again, as the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from marketplace.chain.outbox import Entry, MemoryOutbox
from marketplace.chain.rpc_words import Trouble, trouble_of
from marketplace.domain.errors import ChainError, NotEnoughTokens, Refused

if TYPE_CHECKING:
    from marketplace.chain.networks import Network
    from marketplace.chain.node import Block, Receipt
    from marketplace.chain.outbox import Outbox
    from marketplace.chain.signer import Signer

__all__ = ["Mined", "Sender", "Wire"]

_BUMP: Final = (9, 8)
"""What a replacement offers at least, as a ratio: nodes refuse less than a tenth more, some less than an eighth."""
_SHORTEST_POLL, _LONGEST_POLL = 0.02, 1.0
_AGAIN_SECONDS: Final = 2.0
_TRANSFER_GAS: Final = 21_000
_MOST_GAPS: Final = 64
_FINAL: Final = {Trouble.POOR, Trouble.REFUSED, Trouble.NONCE}
"""Answers after which a transaction is in no pool, unless its nonce is used."""


@dataclass(frozen=True)
class Mined:
    """A transaction in a block.

    Attributes:
        receipt: what became of it.
        succeeded: False if it reverted.
    """

    receipt: Receipt
    succeeded: bool


class Wire(Protocol):
    """What a sender asks of a chain. Everything raises ChainError when the node fails."""

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""

    def block(self, number: int | None = None) -> Block:
        """Return the newest block."""

    def gas_for(self, sender: str, to: str | None, data: bytes, value: int) -> int:
        """Return how much gas the act may use; raises Refused if it would revert."""

    def fees(self) -> tuple[int, int | None]:
        """Return (most per unit of gas, tip in it) in wei; the tip is None where there is one gas price."""

    def mined_count(self, address: str) -> int:
        """Return how many transactions of `address` are in blocks."""

    def nonce(self, address: str) -> int:
        """Return how many transactions of `address` the node knows, those that wait included."""

    def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to the node."""

    def mined(self, transaction: bytes) -> Mined | None:
        """Return what became of a transaction, or None while it is in no block."""


class _Watch:
    """What one call remembers of an entry it waits for."""

    def __init__(self, block: int, *, fresh: bool) -> None:
        self.since = block
        self.fresh = fresh
        self.accepted = False
        self.sent_at: float | None = None
        self.taken_at: float | None = None


class Sender:
    """Sends the transactions of any number of wallets, each from an outbox of its own.

    Not for several threads or processes on one wallet at once: nonces are given out here.

    Args:
        wire: the chain.
        rules: of its network.
        timeout: seconds to wait for a transaction to be mined.
    """

    def __init__(self, wire: Wire, rules: Network, timeout: float) -> None:
        self._wire = wire
        self._rules = rules
        self._timeout = timeout
        self._outboxes: dict[str, Outbox] = {}
        self._told: set[tuple[str, bytes]] = set()
        self._quiet: dict[str, tuple[bytes, tuple[Entry, ...]]] = {}

    def use_outbox(self, address: str, outbox: Outbox) -> None:
        """Keep what `address` sends in `outbox`, which may hold what an earlier process left."""
        self._outboxes[address] = outbox

    def outbox(self, address: str) -> Outbox:
        """Return the outbox of `address`; one in memory, if no other was given."""
        return self._outboxes.setdefault(address, MemoryOutbox())

    def tend(self, signer: Signer) -> None:
        """Settle what is in the outbox: send again what was lost, wait for what is under way, drop what is confirmed.

        Afterwards no act of this wallet is in doubt: whoever looks at the chain now may decide what to do next.

        Raises:
            NotEnoughTokens: the wallet cannot pay for what is under way.
            ChainError: the node failed, or did not mine something in time.
        """
        address, outbox = signer.address, self.outbox(signer.address)
        if not outbox.entries():
            return
        head = self._wire.block().hash
        if self._quiet.get(address) == (head, outbox.entries()):
            return  # all of it was in blocks below this one
        self._settle(signer)
        self._quiet[address] = (head, outbox.entries())
        self._told |= {(address, entry.raw[0]) for entry in outbox.entries()}

    def send(self, signer: Signer, to: str | None, data: bytes, value: int) -> Mined:
        """Send a transaction and wait until it is mined. One that is under way already is waited for instead.

        Raises:
            Refused: it would revert; nothing was signed.
            NotEnoughTokens: the wallet cannot pay for it.
            ChainError: the node failed, did not mine it in time, or mined something else with its nonce.
        """
        entry = self._under_way(signer.address, to, data, value)
        found = self._settle(signer)
        if entry is None:
            entry = self._make(signer, to, data, value)
            found.pop(entry.nonce, None)  # before a reorganisation there may have been another one
            found = self._settle(signer, entry, found)
        self._told.add((signer.address, entry.raw[0]))
        mined = found[entry.nonce]
        if mined is None:
            msg = (
                f"another transaction of wallet {signer.address} took nonce {entry.nonce}: look at the chain "
                "again, and use this wallet in one place at a time"
            )
            raise ChainError(msg)
        return mined

    # ------------------------------------------------------------------ making
    def _under_way(self, address: str, to: str | None, data: bytes, value: int) -> Entry | None:
        """The entry of the same act, unless its outcome is known to whoever acts for this wallet."""
        for entry in self.outbox(address).entries():
            if entry.is_act(to, data, value) and (address, entry.raw[0]) not in self._told:
                return entry
        return None

    def _make(self, signer: Signer, to: str | None, data: bytes, value: int) -> Entry:
        gas = self._wire.gas_for(signer.address, to, data, value)
        nonce = self._next_nonce(signer.address)
        taken = {entry.nonce for entry in self.outbox(signer.address).entries()}
        while nonce in taken:
            nonce += 1
        return self._put(signer, nonce, gas, (to, data, value))

    def _next_nonce(self, address: str) -> int:
        """The least nonce that no transaction the node knows has."""
        return max(self._wire.nonce(address), self._wire.mined_count(address))

    def _put(self, signer: Signer, nonce: int, gas: int, act: tuple[str | None, bytes, int]) -> Entry:
        to, data, value = act
        fee, tip = self._wire.fees()
        least = fee if tip is None else (fee - tip) // 2 + tip  # half is room for the base fee to rise
        if least > self._rules.fee_ceiling:
            msg = (
                f"gas costs {least} wei a unit and the ceiling of network {self._rules.name} is "
                f"{self._rules.fee_ceiling}: wait until it is cheaper, or raise fee_ceiling in the settings"
            )
            raise ChainError(msg)
        fee = min(fee, self._rules.fee_ceiling)
        first_seen = self._wire.block().number
        plain = Entry(nonce, to, data, value, gas, fee, None if tip is None else min(tip, fee), (), first_seen)
        return self._sign(signer, plain)

    def _sign(self, signer: Signer, entry: Entry) -> Entry:
        """Sign one more version of `entry` and put it into the outbox."""
        raw = signer.sign_transaction(_fields(entry, self._wire.chain_id))
        signed = replace(entry, raw=(*entry.raw, raw))
        self.outbox(signer.address).put(signed)
        return signed

    # ------------------------------------------------------------------ settling
    def _settle(
        self, signer: Signer, fresh: Entry | None = None, known: Mapping[int, Mined | None] | None = None
    ) -> dict[int, Mined | None]:
        """Wait until every entry is mined or its nonce taken; return what became of each, None for the latter.

        Args:
            signer: of the wallet.
            fresh: an entry that no node has seen yet.
            known: what a call that just ended returned.
        """
        address, found = signer.address, dict(known or {})
        started, poll = time.monotonic(), _SHORTEST_POLL
        watches: dict[int, _Watch] = {}
        if fresh is not None:
            watches[fresh.nonce] = _Watch(fresh.first_seen, fresh=True)
        waiting = self._look(address, found, watches)
        if any(not watches[entry.nonce].fresh for entry in waiting):
            self._fill_gaps(signer, waiting)
        looked = started
        while waiting:
            if time.monotonic() - looked >= _AGAIN_SECONDS:  # what was mined may have been reorganised away
                for entry in self.outbox(address).entries():
                    found.pop(entry.nonce, None)
                looked = time.monotonic()
            self._push(signer, waiting, watches)
            waiting = self._look(address, found, watches)
            if waiting and time.monotonic() - started > self._timeout:
                names = ", ".join(f"0x{entry.hashes[-1].hex()}" for entry in waiting[:3])
                msg = (
                    f"{names} was sent but not mined in {self._timeout:.0f} s: nothing is lost, start again to go on "
                    "waiting for it"
                )
                raise ChainError(msg)
            if waiting:
                time.sleep(poll)
                poll = min(poll * 1.5, _LONGEST_POLL, max(self._rules.block_seconds / 4, 10 * _SHORTEST_POLL))
        return found

    def _look(self, address: str, found: dict[int, Mined | None], watches: dict[int, _Watch]) -> list[Entry]:
        """Sort the entries into those that are over, noted in `found`, and those to wait for."""
        outbox, waiting = self.outbox(address), []
        for entry in outbox.entries():
            if entry.nonce in found:
                continue
            watch = watches.setdefault(entry.nonce, _Watch(entry.first_seen, fresh=False))
            if watch.fresh and watch.sent_at is None:
                waiting.append(entry)  # no node has seen it yet
                continue
            mined = self._mined(entry)
            if mined is not None:
                found[entry.nonce] = mined
                if self._is_confirmed(mined):
                    outbox.remove(entry)
            elif self._is_taken(address, entry, watch):
                found[entry.nonce] = None
                outbox.remove(entry)
            else:
                waiting.append(entry)
        return waiting

    def _mined(self, entry: Entry) -> Mined | None:
        for name in reversed(entry.hashes):
            mined = self._wire.mined(name)
            if mined is not None:
                return mined
        return None

    def _is_confirmed(self, mined: Mined) -> bool:
        wanted = self._rules.confirmations
        return wanted == 0 or self._wire.block().number - mined.receipt.block >= wanted

    def _is_taken(self, address: str, entry: Entry, watch: _Watch) -> bool:
        """Whether an unknown transaction has the nonce; only after a while, because receipts may come late."""
        if self._wire.mined_count(address) <= entry.nonce:
            watch.taken_at = None
            return False
        now = time.monotonic()
        watch.taken_at = watch.taken_at or now
        return now - watch.taken_at > max(1.0, 2 * self._rules.block_seconds)

    # ------------------------------------------------------------------ pushing
    def _push(self, signer: Signer, waiting: list[Entry], watches: dict[int, _Watch]) -> None:
        """Broadcast what the node may not have, and offer more for what waits too long."""
        for entry in waiting:
            watch = watches[entry.nonce]
            if watch.sent_at is None:
                self._broadcast(signer, entry, watch)
            elif time.monotonic() - watch.sent_at >= _AGAIN_SECONDS:
                head = self._wire.block().number
                if head - watch.since >= self._rules.bump_blocks and self._bump(signer, entry, watch):
                    watch.since = head
                else:
                    self._broadcast(signer, entry, watch)

    def _broadcast(self, signer: Signer, entry: Entry, watch: _Watch) -> None:
        """Hand the newest version to the node; whatever cannot be told from its answer, the receipts will tell."""
        watch.sent_at = time.monotonic()
        try:
            self._wire.broadcast(entry.raw[-1])
            watch.accepted = True
        except Refused:
            watch.accepted = True  # some nodes mine a reverting transaction and answer with its reason
        except ChainError as error:
            trouble = Trouble.POOR if isinstance(error, NotEnoughTokens) else trouble_of(error)
            if trouble is Trouble.CHEAP and not watch.accepted:
                self._bump(signer, entry, watch)
            elif trouble is Trouble.KNOWN:
                watch.accepted = True
            elif trouble in _FINAL and self._next_nonce(signer.address) <= entry.nonce:
                if watch.fresh and not watch.accepted:
                    self.outbox(signer.address).remove(entry)
                raise
        watch.fresh = False

    def _bump(self, signer: Signer, entry: Entry, watch: _Watch) -> bool:
        """Broadcast a version that pays more; return False where the network's ceiling forbids that."""
        fee, tip = self._wire.fees()
        fee = min(max(fee, _more(entry.fee)), self._rules.fee_ceiling)
        if fee < _more(entry.fee):
            return False
        higher = None if entry.tip is None else min(fee, max(tip or 0, _more(entry.tip)))
        dearer = self._sign(signer, replace(entry, fee=fee, tip=higher))
        watch.sent_at, watch.fresh = time.monotonic(), False
        with suppress(ChainError):  # it is sent again later
            self._wire.broadcast(dearer.raw[-1])
        return True

    def _fill_gaps(self, signer: Signer, waiting: list[Entry]) -> None:
        """Send nothing to oneself with nonces that a deep reorganisation freed: without them nothing later is mined."""
        address, free = signer.address, self._next_nonce(signer.address)
        missing = sorted(set(range(free, waiting[-1].nonce)) - {entry.nonce for entry in waiting})
        if len(missing) > _MOST_GAPS:
            msg = (
                f"the node knows {free} transactions of wallet {address} and this program made "
                f"{waiting[-1].nonce + 1}: ask a node that is in step"
            )
            raise ChainError(msg)
        for nonce in missing:
            self._put(signer, nonce, _TRANSFER_GAS, (address, b"", 0))


def _more(figure: int) -> int:
    return -(-figure * _BUMP[0] // _BUMP[1])


def _fields(entry: Entry, chain_id: int) -> Mapping[str, Any]:
    """The fields of the transaction to sign."""
    fields: dict[str, Any] = {
        "chainId": chain_id,
        "nonce": entry.nonce,
        "gas": entry.gas,
        "value": entry.value,
        "data": entry.data,
    }
    if entry.tip is None:
        fields["gasPrice"] = entry.fee
    else:
        fields |= {"type": 2, "maxFeePerGas": entry.fee, "maxPriorityFeePerGas": entry.tip}
    return fields if entry.to is None else {**fields, "to": entry.to}
