"""Any chain that web3 reaches: transactions, views, logs, and what went wrong with them.

Not for several threads at once: transactions of one signer are numbered when they are sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from eth_utils.address import to_checksum_address
from web3.exceptions import BlockNotFound, TimeExhausted, Web3Exception

from marketplace.chain import reverts, token_reverts  # noqa: F401 - entered into the table that `refused` looks up
from marketplace.chain.node import Block, Clock, Log, Receipt
from marketplace.chain.refusal import refused
from marketplace.domain.errors import ChainError, GradMarketError, NotEnoughTokens, NotFound

if TYPE_CHECKING:
    from web3 import Web3
    from web3.types import TxParams

    from marketplace.chain.signer import Signer

__all__ = ["Web3Chain"]

_TIP: Final = 10**9
_GAS_MARGIN: Final = (5, 4)
_POOR: Final = ("insufficient funds", "cannot afford", "insufficientfunds")
_FOREIGN: Final = ("eth", "requests", "urllib3")


class Web3Chain:
    """A chain behind a web3 connection.

    Args:
        w3: the connection.
        clock: the chain's time.
        timeout: seconds to wait for a transaction to be mined.
    """

    gas_limit: int | None = None
    """Gas every transaction may use; None asks the node first, which refuses what would revert at no cost."""

    confirmations: int = 0
    """How many blocks have to lie on top of what an irreversible act rests on."""

    def __init__(self, w3: Web3, clock: Clock, *, timeout: float = 120.0) -> None:
        self.w3 = w3
        self.clock = clock
        self._timeout = timeout

    @cached_property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        with _translated():
            return int(self.w3.eth.chain_id)

    def head(self) -> int:
        """Return the newest block's number."""
        with _translated():
            return int(self.w3.eth.block_number)

    def block(self, number: int | None = None) -> Block:
        """Return a block, the newest one by default; raises NotFound for a number that does not exist."""
        try:
            with _translated():
                return _block(self.w3.eth.get_block("latest" if number is None else number))
        except ChainError as error:
            if isinstance(error.__cause__, BlockNotFound):
                msg = f"block {number} does not exist (yet): wait for it, or ask for an older one"
                raise NotFound(msg) from error
            raise

    def nonce(self, address: str) -> int:
        """Return the number of transactions `address` has sent."""
        with _translated():
            return int(self.w3.eth.get_transaction_count(to_checksum_address(address), "pending"))

    def call(self, to: str, data: bytes) -> bytes:
        """Run a view at the newest block and return what it returns; raises Refused if it reverts."""
        return self._run({"to": to_checksum_address(to), "data": data})

    def send(self, signer: Signer, to: str | None, data: bytes, value: int = 0) -> Receipt:
        """Send a transaction and wait until it is mined.

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
        fields: dict[str, Any] = {"value": value, "data": data}
        if to is not None:
            fields["to"] = to
        with _translated():
            fields["gas"] = self.gas_limit or self._estimate(fields, signer.address)
            fields |= {"type": 2, "chainId": self.chain_id, "nonce": self.nonce(signer.address), **self._fees()}
            name = self.w3.eth.send_raw_transaction(signer.sign_transaction(fields))
            receipt: Mapping[str, Any] = self.w3.eth.wait_for_transaction_receipt(name, self._timeout, 0.05)
        if not receipt["status"]:
            raise self._reason(to, data, signer.address, receipt)
        return _receipt(receipt)

    def logs(
        self, addresses: Sequence[str], topics: Sequence[Sequence[bytes] | None], first: int, last: int
    ) -> list[Log]:
        """Return the logs of blocks `first .. last` by any of `addresses` (none: by all), in order."""
        wanted = [None if t is None else ["0x" + word.hex() for word in t] for t in topics]
        query: Any = {"fromBlock": first, "toBlock": last, "topics": wanted}
        if addresses:
            query["address"] = [to_checksum_address(a) for a in addresses]
        with _translated():
            found = [_log(entry) for entry in self.w3.eth.get_logs(query)]
        return sorted(found, key=lambda log: (log.block, log.position))

    # ------------------------------------------------------------------ details
    def _run(self, view: TxParams) -> bytes:
        with _translated():
            return bytes(self.w3.eth.call(view, "latest"))

    def _estimate(self, fields: Mapping[str, Any], sender: str) -> int:
        """Try it in the block to come, whose number and time decide what is due, and add a margin."""
        view = cast("TxParams", {"from": to_checksum_address(sender), **fields})
        gas = int(self.w3.eth.estimate_gas(view, "pending"))
        return gas * _GAS_MARGIN[0] // _GAS_MARGIN[1]

    def _fees(self) -> dict[str, int]:
        base = int(self.w3.eth.get_block("latest").get("baseFeePerGas", 0))
        return {"maxFeePerGas": 2 * base + _TIP, "maxPriorityFeePerGas": _TIP}

    def _reason(self, to: str | None, data: bytes, sender: str, receipt: Mapping[str, Any]) -> GradMarketError:
        """Run a reverted transaction again as a view, to learn why it was refused."""
        view: TxParams = {"from": to_checksum_address(sender), "data": data}
        try:
            self._run(view if to is None else {**view, "to": to_checksum_address(to)})
        except GradMarketError as error:
            return error
        shown = f"0x{bytes(receipt['transactionHash']).hex()}"
        return ChainError(f"transaction {shown} failed and would not now: read the state again, and give it more gas")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn whatever web3, eth-tester or the connection raises into one of this product's errors."""
    try:
        yield
    except GradMarketError:
        raise
    except TimeExhausted as error:
        msg = "the transaction was sent but not mined in time: look it up before sending it again"
        raise ChainError(msg) from error
    except Exception as error:
        reverted = refused(error)
        if reverted is not None:
            raise reverted from error
        if any(sign in str(error).lower() for sign in _POOR):
            msg = "the wallet cannot pay for the transaction's gas: send it some of the chain's own coin"
            raise NotEnoughTokens(msg) from error
        if isinstance(error, Web3Exception | OSError) or type(error).__module__.startswith(_FOREIGN):
            msg = f"the node did not do what it was asked ({_line(error)}): check its address and that it is in step"
            raise ChainError(msg) from error
        raise


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


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
