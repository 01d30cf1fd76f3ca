"""A proxy that knows the chain's protocol: it can be behind, lie about the head or the chain, and lose transactions."""

from __future__ import annotations

import json
from typing import Any

from eth_utils.crypto import keccak

from tests.chaos.faults import Episode
from tests.chaos.proxy import Proxy, Reply, Request

__all__ = ["ChainProxy"]

_NEWEST = ("latest", "pending", "safe", "finalized")
_MOST_BEHIND = 6
_MOST_AHEAD = 20


class ChainProxy(Proxy):
    """Stands before an EVM node."""

    def spoil(self, episode: Episode, request: Request, forward) -> Reply | None:  # noqa: PLR0911 - one a fault
        """Answer a request that meets a fault."""
        asked = json.loads(request.body)
        one = asked if isinstance(asked, dict) else {}
        method = one.get("method", "")
        match episode.kind:
            case "stale":
                return self._stale(episode, request, one, forward)
            case "ahead" if method == "eth_blockNumber":
                return _result(one, hex(int(self._ask(forward, "eth_blockNumber"), 16) + self._far(episode)))
            case "ahead" if method == "eth_getBlockByNumber" and one["params"][0] in _NEWEST:
                block = self._ask(forward, method, *one["params"])
                block["number"] = hex(int(block["number"], 16) + self._far(episode))
                block["hash"] = "0x" + keccak(hexstr=block["hash"]).hex()
                return _result(one, block)
            case "wrong chain" if method in ("eth_chainId", "net_version"):
                return _result(one, "0x539" if method == "eth_chainId" else "1337")
            case "lost send" if method == "eth_sendRawTransaction":
                return _result(one, "0x" + keccak(hexstr=one["params"][0]).hex())
            case "mute send" if method == "eth_sendRawTransaction":
                forward(request)
                return _error(one, "internal error")
        return super().spoil(episode, request, forward)

    def _stale(self, episode: Episode, request: Request, one: dict[str, Any], forward) -> Reply | None:
        """Answer as a node that has not heard of the newest blocks."""
        method, params = one.get("method", ""), list(one.get("params", ()))
        newest = max(0, int(self._ask(forward, "eth_blockNumber"), 16) - 1 - int(episode.size * _MOST_BEHIND))
        match method:
            case "eth_blockNumber":
                return _result(one, hex(newest))
            case "eth_getTransactionReceipt" | "eth_getTransactionByHash":
                found = self._ask(forward, method, *params)
                known = found is not None and found["blockNumber"] and int(found["blockNumber"], 16) <= newest
                return _result(one, found if known else None)
            case "eth_getLogs":
                query = dict(params[0])
                for end in ("fromBlock", "toBlock"):
                    if query.get(end) in _NEWEST or int(str(query.get(end, "0x0")), 16) > newest:
                        query[end] = hex(newest)
                return _result(one, self._ask(forward, method, query))
            case "eth_getBlockByNumber" if params[0] not in _NEWEST and int(params[0], 16) > newest:
                return _result(one, None)
        params = [hex(newest) if isinstance(p, str) and p in _NEWEST else p for p in params]
        body = json.dumps({**one, "params": params}).encode()
        return forward(Request(request.method, request.path, request.headers, body))

    def _far(self, episode: Episode) -> int:
        return 1 + int(episode.size * _MOST_AHEAD)

    def _ask(self, forward, method: str, *params: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        reply = forward(Request("POST", "/", {"Content-Type": "application/json"}, body))
        answer = json.loads(reply.body)
        if "result" not in answer:
            raise OSError(answer)
        return answer["result"]


def _result(asked: dict[str, Any], result: object) -> Reply:
    return _json({"jsonrpc": "2.0", "id": asked.get("id"), "result": result})


def _error(asked: dict[str, Any], message: str) -> Reply:
    return _json({"jsonrpc": "2.0", "id": asked.get("id"), "error": {"code": -32603, "message": message}})


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})
