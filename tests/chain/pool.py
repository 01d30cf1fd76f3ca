"""A wallet's chain for tests of the sender: blocks and a pool of transactions in memory, and processes that end."""

from __future__ import annotations

import json

from marketplace.chain.networks import Network
from marketplace.chain.node import Block, Receipt
from marketplace.chain.outbox import Entry, MemoryOutbox
from marketplace.chain.sender import Mined
from marketplace.domain.errors import ChainError, Refused
from marketplace.domain.hashing import keccak

WALLET = "0x" + "aa" * 20
MARKET = "0x" + "bb" * 20
RULES = Network(name="test", chain_id=1, block_seconds=4.0, fee_ceiling=400, tip=1)
ACTS = [bytes([i]) * 4 for i in range(1, 4)]


class Killed(BaseException):
    """The process ends here."""


class Time:
    """Seconds that pass when somebody sleeps; a block is made every four."""

    def __init__(self, node) -> None:
        self._now = 0.0
        self._node = node

    def monotonic(self) -> float:
        """As `time.monotonic`."""
        self._now += 1e-3
        return self._now

    def sleep(self, seconds: float) -> None:
        """As `time.sleep`."""
        before, self._now = self._now, self._now + seconds
        for _ in range(int(self._now // 4) - int(before // 4)):
            self._node.mine()


class Signer:
    """Signs by writing down what it signs."""

    address = WALLET

    def sign_transaction(self, fields) -> bytes:
        """The fields as JSON."""
        return json.dumps({**fields, "data": fields["data"].hex()}, sort_keys=True).encode()


class Node:
    """A chain with a pool of transactions, as the sender sees it; `stop_at` counts its and the outbox's operations."""

    chain_id = 1

    def __init__(self) -> None:
        self.blocks: list[list[bytes]] = [[]]
        self.pool: dict[int, bytes] = {}
        self.base_fee = 10
        self.mines = True
        self.failing: set[bytes] = set()
        self.words: list[str | None] = []
        self.stop_at: tuple[int, bool] | None = None
        self.steps = 0
        self.outbox = Box(self)

    def step(self, *, after: bool) -> None:
        """Count an operation; end the process before or after it, if this is the one."""
        self.steps += not after
        if self.stop_at == (self.steps, after):
            raise Killed

    def mine(self) -> None:
        """Make a block of everything in the pool that pays enough and is next."""
        found = []
        while self.mines and (raw := self.pool.get(self._count() + len(found))) is not None:
            if fee_of(raw) < self.base_fee:
                break
            found.append(raw)
        self.blocks.append(found)
        for raw in found:
            del self.pool[json.loads(raw)["nonce"]]

    def drop(self, blocks: int) -> None:
        """A reorganisation that forgets the transactions of the upper blocks and makes empty ones instead."""
        for number in range(len(self.blocks) - blocks, len(self.blocks)):
            self.blocks[number] = []
        self.pool.clear()

    def acts(self) -> list[str]:
        """Call data of everything in blocks, in order."""
        return [json.loads(raw)["data"] for raw in self.all()]

    # ------------------------------------------------------------------ Wire
    def block(self, number=None) -> Block:
        """The newest block."""
        assert number is None
        self.step(after=False)
        return Block(len(self.blocks) - 1, keccak(repr(self.blocks).encode()), b"", 0)

    def gas_for(self, sender, to, data, value) -> int:
        """Refuses what is to fail."""
        assert (WALLET, MARKET, 0) == (sender, to, value)
        self.step(after=False)
        if data in self.failing:
            msg = "the contract refuses: do something else"
            raise Refused(msg)
        return 50_000

    def fees(self) -> tuple[int, int | None]:
        """Twice the base fee."""
        self.step(after=False)
        return 2 * self.base_fee + 1, 1

    def mined_count(self, address) -> int:
        """Nonces in blocks."""
        assert address == WALLET
        self.step(after=False)
        return self._count()

    def nonce(self, address) -> int:
        """Nonces in blocks and, without gaps, in the pool."""
        assert address == WALLET
        self.step(after=False)
        count = self._count()
        while count in self.pool:
            count += 1
        return count

    def broadcast(self, raw) -> None:
        """Into the pool, as geth does it; `words` are said instead of an answer, one for each request."""
        self.step(after=False)
        nonce = json.loads(raw)["nonce"]
        word = self.words.pop(0) if self.words else None
        if word is not None and not word.startswith("lost"):
            raise ChainError(word) from ValueError(word)
        if nonce < self._count():
            word = word or "nonce too low"
        elif self.pool.get(nonce) == raw:
            word = word or "already known"
        elif nonce in self.pool and fee_of(raw) * 10 < fee_of(self.pool[nonce]) * 11:
            word = word or "replacement transaction underpriced"
        else:
            self.pool[nonce] = raw
        self.step(after=True)
        if word is not None:
            raise ChainError(word) from ValueError(word)

    def mined(self, transaction) -> Mined | None:
        """By the hash of the bytes."""
        self.step(after=False)
        for number, block in enumerate(self.blocks):
            for raw in block:
                if keccak(raw) == transaction:
                    return Mined(Receipt(transaction, number, 1, None, ()), succeeded=True)
        return None

    def all(self) -> list[bytes]:
        """Everything in blocks, in order."""
        return [raw for block in self.blocks for raw in block]

    def _count(self) -> int:
        return len(self.all())


class Box(MemoryOutbox):
    """An outbox that outlives the process."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node

    def put(self, entry: Entry) -> None:
        """Through JSON, as into a file."""
        self._node.step(after=False)
        super().put(Entry.from_json(json.loads(json.dumps(entry.to_json()))))
        self._node.step(after=True)

    def remove(self, entry: Entry) -> None:
        """As it is."""
        self._node.step(after=False)
        super().remove(entry)
        self._node.step(after=True)


def fee_of(raw: bytes) -> int:
    """What a signed transaction pays for a unit of gas."""
    return json.loads(raw)["maxFeePerGas"]
