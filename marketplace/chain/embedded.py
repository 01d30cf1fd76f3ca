"""A chain inside this process: the real contracts on py-evm, nothing to install or start.

It mines a block for each transaction and moves its own time, so that a demo does not wait for deadlines. Views are
remembered until the next block, and logs for ever, because everybody on this chain shares one process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from eth.vm.forks.shanghai import ShanghaiVM
from eth_tester import EthereumTester, PyEVMBackend
from eth_utils.address import to_checksum_address
from web3 import EthereumTesterProvider, Web3

from marketplace.chain.node import Block, Log, Receipt
from marketplace.chain.signer import KeySigner, Signer
from marketplace.chain.web3chain import Web3Chain
from marketplace.domain.errors import ChainError, NotFound

if TYPE_CHECKING:
    from web3.types import TxParams

__all__ = ["EmbeddedChain", "EmbeddedClock"]

_BLOCK_GAS: Final = 30_000_000
_FEE: Final = 2 * 10**9
_ETHER: Final = 10**18
_NO_BLOCK: Final = "block {} does not exist (yet): wait for it, or ask for an older one"


class EmbeddedClock:
    """Time of an embedded chain: it moves when blocks are mined, and as far as it is told to."""

    def __init__(self, tester: EthereumTester) -> None:
        self._tester = tester

    def now(self) -> int:
        """Return the timestamp the next transaction sees."""
        return int(self._tester.backend.chain.header.timestamp)

    def wait_until(self, timestamp: int) -> None:
        """Travel there, unless it is past already."""
        if timestamp > self.now():
            self._tester.time_travel(timestamp)

    def wait_for_block(self, number: int) -> None:
        """Mine until that block exists."""
        missing = number - int(self._tester.backend.chain.header.block_number) + 1
        if missing > 0:
            self._tester.mine_blocks(missing)


class EmbeddedChain(Web3Chain):
    """An in-process EVM at shanghai with 30 M gas a block and ten funded accounts.

    Every transaction is mined at once in a block of its own; it costs about 20 ms and 0.25 s per million gas.
    """

    gas_limit = 15_000_000

    def __init__(self) -> None:
        backend = PyEVMBackend(
            genesis_parameters=PyEVMBackend.generate_genesis_params({"gas_limit": _BLOCK_GAS}),
            vm_configuration=((0, ShanghaiVM),),
        )
        self._tester = EthereumTester(backend)
        super().__init__(Web3(EthereumTesterProvider(self._tester), middleware=[]), EmbeddedClock(self._tester))
        self._banker = self.signer().address
        self._seen: Any = None
        self._views: dict[tuple[str, bytes], bytes] = {}
        self._logs: dict[int, tuple[Log, ...]] = {}
        self._blocks: dict[bytes, Block] = {}
        self._moments: dict[int, int] = {}

    # ------------------------------------------------------------------ what only a local chain can do
    def signer(self, number: int = 0) -> KeySigner:
        """Return one of the ten funded accounts."""
        return KeySigner(self._tester.backend.account_keys[number].to_bytes())

    def fund(self, address: str, wei: int = 1_000 * _ETHER) -> None:
        """Send native coin, enough for any number of transactions, from the first funded account."""
        self.send(self.signer(), address, b"", wei)

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""
        self._tester.mine_blocks(blocks)

    def advance_time(self, seconds: int) -> None:
        """Move the chain's time forward."""
        if seconds < 0:
            msg = f"time does not go back ({seconds} s): start another chain instead"
            raise ChainError(msg)
        self.clock.wait_until(self.clock.now() + seconds)

    def snapshot(self) -> int:
        """Remember this moment; return what `restore` takes."""
        found = int(self._tester.take_snapshot())
        self._moments[found] = self.clock.now()
        return found

    def restore(self, snapshot: int) -> None:
        """Go back to a moment that was remembered; any number of times."""
        self._tester.revert_to_snapshot(snapshot)
        chain = self._tester.backend.chain  # which starts the next block at the machine's time, not at the moment's
        chain.header = chain.header.copy(timestamp=self._moments[snapshot])
        self._logs = {block: logs for block, logs in self._logs.items() if block <= self.head()}

    # ------------------------------------------------------------------ Chain
    def head(self) -> int:
        """Return the newest block's number."""
        return int(self._tester.backend.chain.header.block_number) - 1

    def block(self, number: int | None = None) -> Block:
        """Return a block, the newest one by default; raises NotFound for a number that does not exist."""
        chain = self._tester.backend.chain
        name = chain.header.parent_hash if number is None else self._hash_of(number)
        if name not in self._blocks:
            header = chain.get_block_header_by_hash(name)
            self._blocks[name] = Block(
                int(header.block_number), bytes(name), bytes(header.parent_hash), int(header.timestamp)
            )
        return self._blocks[name]

    def nonce(self, address: str) -> int:
        """Return the number of transactions `address` has sent."""
        return int(self._tester.get_nonce(address))

    def call(self, to: str, data: bytes) -> bytes:
        """Run a view at the newest block; whoever asks again before the next one gets the same answer."""
        header = self._tester.backend.chain.header
        if header is not self._seen:
            self._views.clear()
            self._seen = header
        key = (to, data)
        if key not in self._views:
            self._views[key] = self._run({"to": to_checksum_address(to), "data": data})
        return self._views[key]

    def send(self, signer: Signer, to: str | None, data: bytes, value: int = 0) -> Receipt:
        """Send a transaction; see `Web3Chain.send`."""
        receipt = super().send(signer, to, data, value)
        self._logs[receipt.block] = receipt.logs
        return receipt

    def logs(
        self, addresses: Sequence[str], topics: Sequence[Sequence[bytes] | None], first: int, last: int
    ) -> list[Log]:
        """Return the logs of blocks `first .. last`; blocks are read once for everybody."""
        found = []
        for block in range(first, min(last, self.head()) + 1):
            if block not in self._logs:
                empty = not self._tester.backend.chain.get_canonical_block_by_number(block).transactions
                self._logs[block] = () if empty else tuple(super().logs([], [], block, block))
            found += [log for log in self._logs[block] if log.address in addresses and _matches(log, topics)]
        return found

    def _hash_of(self, number: int) -> bytes:
        if not 0 <= number <= self.head():
            raise NotFound(_NO_BLOCK.format(number))
        return bytes(self._tester.backend.chain.chaindb.get_canonical_block_hash(number))

    def _run(self, view: TxParams, block: int | str = "latest") -> bytes:
        """Name sender and gas: eth-tester checks that whoever asks could pay for the question."""
        return super()._run({"from": to_checksum_address(self._banker), "gas": _BLOCK_GAS, **view}, block)

    def mined_count(self, address: str) -> int:
        """Return how many transactions of `address` are in blocks: all it has sent."""
        return self.nonce(address)

    def fees(self) -> tuple[int, int | None]:
        """Return (most per unit of gas, tip in it) in wei."""
        return _FEE, 1


def _matches(log: Log, topics: Sequence[Sequence[bytes] | None]) -> bool:
    return len(topics) <= len(log.topics) and all(
        wanted is None or topic in wanted for topic, wanted in zip(log.topics, topics, strict=False)
    )
