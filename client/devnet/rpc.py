"""Asking a local node for what only local nodes do: set balances, move time, mine."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from marketplace.domain.errors import ChainError, InvalidInput

__all__ = ["LocalTime", "Newest", "Rpc"]

_MAX_ANSWER_BYTES: Final = 1 << 24


class Rpc:
    """JSON-RPC over HTTP to a node on this machine.

    Args:
        url: `http://127.0.0.1:PORT`.
        seconds: to wait for an answer.
    """

    def __init__(self, url: str, seconds: float = 20.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1") or parts.port is None:
            msg = f"{url} is no node on this machine: a devnet is at http://127.0.0.1 and a port"
            raise InvalidInput(msg)
        self.url = url
        self._host, self._port, self._seconds = parts.hostname, parts.port, seconds

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 - whatever the method returns
        """Return what the node answers.

        Raises:
            ChainError: it is gone, late, or refuses.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read(_MAX_ANSWER_BYTES))
        except (OSError, http.client.HTTPException, ValueError) as error:
            msg = f"the devnet at {self.url} does not answer ({type(error).__name__}): start it again"
            raise ChainError(msg) from error
        finally:
            connection.close()
        if not isinstance(answer, dict) or "result" not in answer:
            reason = answer.get("error", {}) if isinstance(answer, dict) else {}
            said = " ".join(str(reason.get("message", reason)).split())[:200]
            msg = f"the devnet at {self.url} refuses {method} ({said}): use anvil or Ganache"
            raise ChainError(msg)
        return answer["result"]


class Newest(NamedTuple):
    """The newest block: its number, its hash as text, its time in seconds since 1970."""

    number: int
    hash: str
    timestamp: int


_MILLISECONDS: Final = 1000


class LocalTime:
    """A local node's time and blocks, moved by hand."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def newest(self) -> Newest:
        """Return the newest block."""
        block = self._rpc.ask("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - the method's own order
        return Newest(int(block["number"], 16), str(block["hash"]), int(block["timestamp"], 16))

    def now(self) -> int:
        """Return the newest block's timestamp."""
        return self.newest().timestamp

    def head(self) -> int:
        """Return the newest block's number."""
        return self.newest().number

    def transactions(self, block: int) -> int:
        """Return how many transactions a block holds; 0 for one that does not exist."""
        return int(self._rpc.ask("eth_getBlockTransactionCountByNumber", hex(block)) or "0x0", 16)

    def move_to(self, timestamp: int) -> None:
        """Mine a block at `timestamp` or a little later, unless the newest is that late already.

        The time is named and not added: a request that is repeated, because its answer was lost, moves nothing further.
        """
        if timestamp <= self.now():
            return
        if str(self._rpc.ask("web3_clientVersion")).lower().startswith("ganache"):
            self._rpc.ask("evm_setTime", timestamp * _MILLISECONDS)
        else:
            self._rpc.ask("evm_setNextBlockTimestamp", timestamp)
        self._rpc.ask("evm_mine")

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""
        for _ in range(blocks):
            self._rpc.ask("evm_mine")
