"""Any chain that web3 reaches: transactions, views, logs, and what went wrong with them.

A view is run at the newest block that is known, so that one that comes later never sees an older state, whichever
node answers; it is remembered until there is another block. Not for several threads at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from eth_utils.address import to_checksum_address
from web3.exceptions import BlockNotFound, TransactionNotFound

from marketplace.chain import referee_reverts, reverts, token_reverts  # noqa: F401 - entered into the table that `refused` looks up
from marketplace.chain.clock import ChainClock
from marketplace.chain.networks import LOCAL, Network
from marketplace.chain.node import Block, Clock, Log, Receipt
from marketplace.chain.rpc_heads import HeadWatch
from marketplace.chain.rpc_words import Trouble, translated, trouble_of
from marketplace.chain.sender import Mined, Sender
from marketplace.domain.errors import ChainError, GradMarketError, NotFound, Refused

if TYPE_CHECKING:
    from web3 import Web3
    from web3.types import TxParams

    from marketplace.chain.outbox import Outbox
    from marketplace.chain.signer import Signer

__all__ = ["Web3Chain"]

_GAS_MARGIN: Final = (5, 4)
_ATTEMPTS: Final = 6
_PAUSE: Final = 0.1


class Web3Chain:
    """A chain behind a web3 connection.

    Args:
        w3: the connection.
        clock: the chain's time; None for the time of its newest block.
        timeout: seconds to wait for a transaction to be mined.
        rules: of its network.
    """

    gas_limit: int | None = None
    """Gas every transaction may use, untried; None tries it first, which finds what would revert at no cost."""

    def __init__(self, w3: Web3, clock: Clock | None = None, *, timeout: float = 120.0, rules: Network = LOCAL) -> None:
        self.w3 = w3
        self.rules = rules
        self._heads = HeadWatch(self._block, rules, self._rotate)
        self.clock: Clock = clock or ChainClock(self.block, rules)
        self._sender = Sender(self, rules, timeout)
        self._views: dict[tuple[str, bytes], bytes] = {}
        self._views_of = b""
        self._widest: int | None = None

    @cached_property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        with translated():
            return int(self.w3.eth.chain_id)

    @property
    def confirmations(self) -> int:
        """How many blocks have to lie on top of what an irreversible act rests on."""
        return self.rules.confirmations

    # ------------------------------------------------------------------ looking
    def head(self) -> int:
        """Return the newest block's number."""
        return self.block().number

    def block(self, number: int | None = None) -> Block:
        """Return a block, the newest one by default; raises NotFound for a number that does not exist."""
        return self._heads.newest() if number is None else self._block(number)

    def nonce(self, address: str) -> int:
        """Return the number of transactions `address` has sent, those that wait included."""
        with translated():
            return int(self.w3.eth.get_transaction_count(to_checksum_address(address), "pending"))

    def call(self, to: str, data: bytes) -> bytes:
        """Run a view at the newest block and return what it returns; raises Refused if it reverts."""
        view: TxParams = {"to": to_checksum_address(to), "data": data}
        for attempt in range(_ATTEMPTS):
            head = self.block()
            if head.hash != self._views_of:
                self._views.clear()
                self._views_of = head.hash
            try:
                if (to, data) not in self._views:
                    self._views[to, data] = self._run(view, head.number)
                break
            except ChainError as error:
                if trouble_of(error) is not Trouble.BEHIND or attempt == _ATTEMPTS - 1:
                    raise
                self._rotate()
                time.sleep(_PAUSE)
        return self._views[to, data]

    def logs(
        self, addresses: Sequence[str], topics: Sequence[Sequence[bytes] | None], first: int, last: int
    ) -> list[Log]:
        """Return the logs of blocks `first .. last` by any of `addresses` (none: by all), in order.

        Where the node refuses so many blocks at once, it is asked for fewer from then on.
        """
        query: dict[str, Any] = {
            "topics": [None if words is None else [f"0x{word.hex()}" for word in words] for words in topics]
        }
        if addresses:
            query["address"] = [to_checksum_address(a) for a in addresses]
        found: list[Log] = []
        while first <= last:
            span = min(last - first + 1, self._widest or last - first + 1)
            try:
                with translated():
                    blocks = {"fromBlock": first, "toBlock": first + span - 1}
                    found += [_log(entry) for entry in self.w3.eth.get_logs(cast("Any", query | blocks))]
            except ChainError as error:
                if trouble_of(error) is not Trouble.WIDE or span == 1:
                    raise
                self._widest = span // 2
                continue
            first += span
        return sorted(found, key=lambda log: (log.block, log.position))

    # ------------------------------------------------------------------ sending
    def use_outbox(self, address: str, outbox: Outbox) -> None:
        """Keep what `address` sends in `outbox`, which may hold what an earlier process left; else it is in memory."""
        self._sender.use_outbox(str(to_checksum_address(address)), outbox)

    def tend(self, signer: Signer) -> None:
        """Settle what is under way: send again what was lost, wait for what is not mined, drop what is confirmed.

        Call it before deciding what to do: at the start, and now and then. It is cheap when nothing is under way.

        Raises:
            NotEnoughTokens: the wallet cannot pay for what is under way.
            ChainError: the node failed, or did not mine something in time.
        """
        self._sender.tend(signer)

    def send(self, signer: Signer, to: str | None, data: bytes, value: int = 0) -> Receipt:
        """Send a transaction and wait until it is mined. One that is under way already is waited for instead.

        Args:
            signer: who signs and pays for it.
            to: the contract; None creates one.
            data: call data, or what creates the contract.
            value: native coin to send along.

        Raises:
            Refused: it reverted, or would.
            NotEnoughTokens: the signer cannot pay for the gas.
            ChainError: the node failed or did not mine it in time.
        """
        mined = self._sender.send(signer, to, data, value)
        if not mined.succeeded:
            raise self._reason(to, data, signer.address, mined.receipt)
        return mined.receipt

    # ------------------------------------------------------------------ what the sender asks
    def gas_for(self, sender: str, to: str | None, data: bytes, value: int) -> int:
        """Return how much gas a transaction may use; raises Refused if it would revert."""
        if self.gas_limit is not None:
            return self.gas_limit
        fields: dict[str, Any] = {"from": to_checksum_address(sender), "data": data, "value": value}
        if to is not None:
            fields["to"] = to_checksum_address(to)
        limit = self.rules.gas_limit
        # What a view would create lies elsewhere than what a transaction creates, so a creation is not tried.
        if limit is not None and (to is None or self._passes(cast("TxParams", {**fields, "gas": limit}))):
            return limit
        with translated():  # in the block to come, whose number and time decide what is due
            gas = int(self.w3.eth.estimate_gas(cast("TxParams", fields), "pending"))
        return gas * _GAS_MARGIN[0] // _GAS_MARGIN[1]

    def fees(self) -> tuple[int, int | None]:
        """Return (most per unit of gas, tip in it) in wei; the tip is None where there is one gas price."""
        tip = self.rules.tip
        with translated():
            base = self.w3.eth.get_block("latest").get("baseFeePerGas") if self.rules.eip1559 else None
            if base is None:
                return max(int(self.w3.eth.gas_price), tip), None
        return 2 * int(base) + tip, tip

    def mined_count(self, address: str) -> int:
        """Return how many transactions of `address` are in blocks."""
        with translated():
            return int(self.w3.eth.get_transaction_count(to_checksum_address(address), self.block().number))

    def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to the node."""
        with translated():
            self.w3.eth.send_raw_transaction(raw)

    def mined(self, transaction: bytes) -> Mined | None:
        """Return what became of a transaction, or None while it is in no block."""
        try:
            with translated():
                entry = self.w3.eth.get_transaction_receipt(cast("Any", transaction))
                return Mined(_receipt(entry), bool(entry["status"]))
        except ChainError as error:
            if isinstance(error.__cause__, TransactionNotFound):
                return None
            raise

    # ------------------------------------------------------------------ details
    def _rotate(self) -> bool:
        """Turn to another node, if the connection has several."""
        rotate = getattr(self.w3.provider, "rotate", None)
        return rotate is not None and bool(rotate())

    def _block(self, number: int | None) -> Block:
        try:
            with translated():
                return _block(self.w3.eth.get_block("latest" if number is None else number))
        except ChainError as error:
            if isinstance(error.__cause__, BlockNotFound) or trouble_of(error) is Trouble.BEHIND:
                which = "the newest block" if number is None else f"block {number}"
                msg = f"{which} does not exist (yet): wait for it, or ask for an older one"
                raise NotFound(msg) from error
            raise

    def _run(self, view: TxParams, block: int | str = "latest") -> bytes:
        with translated():
            return bytes(self.w3.eth.call(view, cast("Any", block), ccip_read_enabled=False))

    def _passes(self, view: TxParams) -> bool:
        """Whether a view goes through. One that does not may be due in the next block, which some nodes cannot show."""
        try:
            self._run(view, "pending")
        except Refused:
            return False
        return True

    def _reason(self, to: str | None, data: bytes, sender: str, receipt: Receipt) -> GradMarketError:
        """Run a reverted transaction again as a view, to learn why it was refused."""
        view: TxParams = {"from": to_checksum_address(sender), "data": data}
        try:
            self._run(view if to is None else {**view, "to": to_checksum_address(to)})
        except GradMarketError as error:
            return error
        shown = f"0x{receipt.transaction.hex()}"
        return ChainError(f"transaction {shown} failed and would not now: read the state again, and give it more gas")


def _block(entry: Mapping[str, Any]) -> Block:
    return Block(
        number=int(entry["number"]),
        hash=bytes(entry["hash"]),
        parent=bytes(entry["parentHash"]),
        timestamp=int(entry["timestamp"]),
    )


def _receipt(entry: Mapping[str, Any]) -> Receipt:
    created = entry.get("contractAddress")
    return Receipt(
        transaction=bytes(entry["transactionHash"]),
        block=int(entry["blockNumber"]),
        gas_used=int(entry["gasUsed"]),
        contract=str(to_checksum_address(created)) if created else None,
        logs=tuple(_log(log) for log in entry["logs"]),
    )


def _log(entry: Mapping[str, Any]) -> Log:
    return Log(
        address=str(to_checksum_address(entry["address"])),
        topics=tuple(bytes(topic) for topic in entry["topics"]),
        data=bytes(entry["data"]),
        block=int(entry["blockNumber"]),
        position=int(entry["logIndex"]),
        block_hash=bytes(entry["blockHash"]),
    )
