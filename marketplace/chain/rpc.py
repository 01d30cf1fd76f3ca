"""Several nodes of one network behind one connection: time-outs, retries, fall-over, and no trust in any of them.

A node that fails rests: each time twice as long, plus a part by chance so that many clients do not come back at once,
or as long as it asks for. Meanwhile the others are asked. Nothing that is raised from here names more of a URL than
its host, because the rest is often a key.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception
from web3.providers import JSONBaseProvider

from marketplace.chain.rpc_words import Trouble, trouble_of
from marketplace.chain.web3chain import Web3Chain
from marketplace.domain.errors import ChainError, InvalidInput

if TYPE_CHECKING:
    from web3.types import RPCEndpoint, RPCResponse

    from marketplace.chain.networks import Network
    from marketplace.chain.node import Clock

__all__ = ["Nodes", "connect"]

_MAX_ANSWER: Final = 64 << 20
_PIECE: Final = 1 << 16
_FIRST_REST, _LONGEST_REST, _LONGEST_WISH = 0.1, 10.0, 60.0
_REPEATABLE: Final = ("eth_", "net_", "web3_")
_BUSY_STATUS, _CLIENT_ERRORS, _TIMEOUT_STATUS = 429, range(400, 500), 408


class _NodeError(ConnectionError):
    """A node gave no answer that can be used; the message is safe to show."""

    def __init__(self, reason: str, rest: float | None = None) -> None:
        super().__init__(reason)
        self.rest = rest


class _Line(HTTPProvider):
    """One node. An answer has to be complete in time, and may not be endless."""

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(url, request_kwargs={"timeout": seconds}, exception_retry_configuration=None)
        self._seconds = seconds

    def _make_request(self, method: RPCEndpoint, request_data: bytes) -> bytes:  # noqa: ARG002 - web3's signature
        until, body = time.monotonic() + self._seconds, bytearray()
        manager, kwargs = self._request_session_manager, self.get_request_kwargs()
        address = cast("Any", self.endpoint_uri)
        with manager.get_response_from_post_request(address, data=request_data, stream=True, **kwargs) as response:
            response.raise_for_status()
            for piece in response.iter_content(_PIECE):
                body += piece
                if len(body) > _MAX_ANSWER or time.monotonic() > until:
                    msg = "its answer takes too long or has no end"
                    raise _NodeError(msg)
        return bytes(body)


class _Node:
    """A node and how it behaved."""

    def __init__(self, url: str, seconds: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "the URL of a node starts with http:// or https:// and names a host: correct the settings"
            raise InvalidInput(msg)
        self.name = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self.line = _Line(url, seconds)
        self.failures = 0
        self.rests_until = 0.0
        self.chain: int | None = None

    def rest(self, wish: float | None) -> None:
        """Leave the node alone for a while, at least as long as it wishes within reason."""
        self.failures += 1
        self.chain = None  # it may come back as another one
        longest = min(_FIRST_REST * 2 ** min(self.failures - 1, 16), _LONGEST_REST)
        chance = longest * secrets.randbelow(1000) / 1000
        self.rests_until = time.monotonic() + max((longest + chance) / 2, min(wish or 0.0, _LONGEST_WISH))


class Nodes(JSONBaseProvider):
    """A web3 provider that asks the first of several nodes that answers, and goes on with that one.

    Args:
        urls: of the nodes, http or https, the preferred one first.
        chain_id: what each of them has to answer for; None accepts any, the same for all.
        request_timeout: seconds for one answer.
        patience: seconds after which a request that no node answered is given up.

    Raises:
        InvalidInput: no URL, or one that is none.
    """

    global_ccip_read_enabled = False

    def __init__(
        self, urls: Sequence[str], chain_id: int | None = None, *, request_timeout: float = 10.0, patience: float = 30.0
    ) -> None:
        super().__init__()
        if not urls:
            msg = "no URL of a node was given: name at least one in the settings"
            raise InvalidInput(msg)
        self._nodes = [_Node(url, request_timeout) for url in urls]
        self._chain_id = chain_id
        self._patience = patience
        self._first = 0

    def rotate(self) -> bool:
        """Prefer the next node from now on; return whether there is another one."""
        self._first = (self._first + 1) % len(self._nodes)
        return len(self._nodes) > 1

    def check(self) -> None:
        """Ask every node for its chain once.

        Raises:
            ChainError: one of them answers for another chain, or none answers.
        """
        troubles = []
        for node in self._nodes:
            try:
                self._check_chain(node)
            except _NodeError as failure:
                troubles.append(f"{node.name}: {failure}")
                node.rest(failure.rest)
        if len(troubles) == len(self._nodes):
            msg = f"no node answers ({'; '.join(troubles)}): check the URLs and that the nodes run"
            raise ChainError(msg)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401 - web3's signature
        """Return a node's answer to one request.

        Raises:
            ChainError: no node gave one in time, or they are on another chain.
        """
        until = time.monotonic() + self._patience
        while True:
            node = self._next_node(until)
            try:
                self._check_chain(node)
                answer = _post(node, method, params)
            except _NodeError as failure:
                node.rest(failure.rest)
                rested = min(other.rests_until for other in self._nodes)
                if rested > until or time.monotonic() > until or not str(method).startswith(_REPEATABLE):
                    names = ", ".join(other.name for other in self._nodes)
                    msg = f"no node answers {method} ({node.name}: {failure}): check {names} and that it is in step"
                    raise ChainError(msg) from failure
            else:
                node.failures = 0
                self._first = self._nodes.index(node)
                return answer

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: FBT001, FBT002 - web3's signature
        """Whether any node answers."""
        try:
            self.check()
        except ChainError:
            if show_traceback:
                raise
            return False
        return True

    def _next_node(self, until: float) -> _Node:
        """The first node that does not rest; waits for one, if all do."""
        order = self._nodes[self._first :] + self._nodes[: self._first]
        now = time.monotonic()
        for node in order:
            if node.rests_until <= now:
                return node
        soonest = min(order, key=lambda node: node.rests_until)
        time.sleep(max(0.0, min(soonest.rests_until, until) - now))
        return soonest

    def _check_chain(self, node: _Node) -> None:
        """Make sure, once for each node, that it answers for the right chain."""
        if node.chain is None:
            answer = _post(node, cast("RPCEndpoint", "eth_chainId"), [])
            try:
                found = int(str(answer.get("result")), 16)
            except ValueError as error:
                msg = "it does not say which chain it is on"
                raise _NodeError(msg) from error
            if self._chain_id is None:
                self._chain_id = found
            if found != self._chain_id:
                msg = (
                    f"{node.name} is on chain {found} and not on {self._chain_id}: correct the network or the URL in "
                    "the settings"
                )
                raise ChainError(msg)
            node.chain = found


def connect(  # noqa: PLR0913 - what to reach, and three kinds of patience
    rules: Network,
    urls: Sequence[str],
    *,
    clock: Clock | None = None,
    timeout: float = 120.0,
    request_timeout: float = 10.0,
    patience: float = 30.0,
) -> Web3Chain:
    """Return the chain behind some nodes of a network.

    Args:
        rules: of the network.
        urls: of its nodes, http or https, the preferred one first.
        clock: the chain's time; None for the time of its newest block.
        timeout: seconds to wait for a transaction to be mined.
        request_timeout: seconds for one answer of one node.
        patience: seconds after which a request that no node answered is given up.

    Raises:
        InvalidInput: no URL, or one that is none.
        ChainError: no node answers, or one is on another chain.
    """
    nodes = Nodes(urls, rules.chain_id, request_timeout=request_timeout, patience=patience)
    nodes.check()
    return Web3Chain(Web3(nodes, middleware=[]), clock, timeout=timeout, rules=rules)


def _post(node: _Node, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401 - whatever the method takes
    """Return one node's answer to one request; raises _NodeError where there is none that can be used."""
    try:
        answer: object = node.line.make_request(method, params)
    except _NodeError:
        raise
    except (OSError, ValueError, RecursionError, Web3Exception) as error:
        raise _failure(error) from None  # its text may hold the whole URL
    if not isinstance(answer, Mapping) or not ("result" in answer or isinstance(answer.get("error"), Mapping)):
        msg = "it answers with something that is no answer"
        raise _NodeError(msg)
    refusal = answer.get("error")
    if refusal and trouble_of(ValueError(str(refusal))) is Trouble.BUSY:
        msg = "it asks for fewer requests"
        raise _NodeError(msg, _LONGEST_REST / 5)
    return cast("RPCResponse", answer)


def _failure(error: Exception) -> _NodeError:
    """Say what went wrong with one request, without its URL."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status == _BUSY_STATUS:
        wish = str(response.headers.get("Retry-After", ""))  # type: ignore[union-attr]
        return _NodeError("it asks for fewer requests", float(wish) if wish.isdecimal() else None)
    if status in _CLIENT_ERRORS and status != _TIMEOUT_STATUS:
        return _NodeError(f"it refuses with HTTP status {status}, check the URL and its key", _LONGEST_REST)
    if status is not None:
        return _NodeError(f"HTTP status {status}")
    if isinstance(error, OSError):
        return _NodeError("no connection" if "refused" in str(error) else type(error).__name__)
    return _NodeError("its answer is no JSON")
