"""The seam between the contracts' bindings and whatever chain they run on.

`EmbeddedChain` and `Web3Chain` implement it; nothing above it knows which one it talks to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from marketplace.chain.outbox import Outbox
from marketplace.chain.signer import Signer

__all__ = ["Block", "Chain", "Clock", "Log", "Receipt"]


@dataclass(frozen=True)
class Block:
    """What names a block and puts it into its chain.

    Attributes:
        number: how many blocks lie below it.
        hash: 32 bytes that no other block has, whatever chain it is on.
        parent: hash of the block below.
        timestamp: its time in seconds since 1970, as whoever made it said.
    """

    number: int
    hash: bytes
    parent: bytes
    timestamp: int


@dataclass(frozen=True)
class Log:
    """One raw log entry.

    Attributes:
        address: the contract that wrote it, EIP-55 text.
        topics: up to four words, the first of them the event's signature.
        data: the parameters that are not indexed.
        block, position: where it stands; `position` counts the logs of the block.
        block_hash: hash of that block; zero where nobody told.
    """

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    position: int
    block_hash: bytes = bytes(32)


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction that was not refused.

    Attributes:
        transaction: its 32-byte hash.
        block: number of the block that holds it.
        gas_used: what it used.
        contract: address of the contract it created, if it created one.
        logs: what it announced, in order.
    """

    transaction: bytes
    block: int
    gas_used: int
    contract: str | None
    logs: tuple[Log, ...]


class Clock(Protocol):
    """The chain's time. Devnets move it themselves, real chains wait."""

    def now(self) -> int:
        """Return the least timestamp the next transaction can see, in seconds since 1970."""

    def wait_until(self, timestamp: int) -> None:
        """Return once the next transaction sees `timestamp` or later."""

    def wait_for_block(self, number: int) -> None:
        """Return once the block `number` exists."""


class Chain(Protocol):
    """A chain that contracts can be called on.

    Attributes:
        chain_id: EIP-155 chain id.
        clock: its time.
        confirmations: how many blocks have to lie on top of what an irreversible act rests on.
    """

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""

    @property
    def clock(self) -> Clock:
        """The chain's time."""

    @property
    def confirmations(self) -> int:
        """How many blocks have to lie on top of what an irreversible act rests on."""

    def head(self) -> int:
        """Return the newest block's number."""

    def block(self, number: int | None = None) -> Block:
        """Return a block, the newest one by default; raises NotFound for a number that does not exist (yet)."""

    def call(self, to: str, data: bytes) -> bytes:
        """Run a view at the newest block and return what it returns; raises Refused if it reverts."""

    def send(self, signer: Signer, to: str | None, data: bytes) -> Receipt:
        """Send a transaction (`to` None creates a contract) and wait for it; raises Refused if it reverts."""

    def use_outbox(self, address: str, outbox: Outbox) -> None:
        """Keep what `address` sends in `outbox`, which may hold what an earlier process left; else it is in memory."""

    def tend(self, signer: Signer) -> None:
        """Settle what is under way, so that no act of this wallet is in doubt; see `Web3Chain.tend`."""

    def nonce(self, address: str) -> int:
        """Return the number of transactions `address` has sent."""

    def logs(
        self, addresses: Sequence[str], topics: Sequence[Sequence[bytes] | None], first: int, last: int
    ) -> list[Log]:
        """Return the logs of blocks `first .. last` by any of `addresses`.

        Args:
            addresses: the contracts to listen to.
            topics: for each topic the values that match it; None matches any.
            first: number of the first block.
            last: number of the last block.
        """
