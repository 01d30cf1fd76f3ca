"""A proxy that knows an IPFS node's interface: it can serve other bytes than it was asked for, or none."""

from __future__ import annotations

from tests.chaos.faults import Episode
from tests.chaos.proxy import Proxy, Reply, Request

__all__ = ["StoreProxy"]

_SERVED = ("/api/v0/cat", "/api/v0/block/get", "/api/v0/dag/export", "/api/v0/get")


class StoreProxy(Proxy):
    """Stands before an IPFS node."""

    def spoil(self, episode: Episode, request: Request, forward) -> Reply | None:
        """Answer a request that meets a fault."""
        served = request.path.partition("?")[0] in _SERVED
        match episode.kind:
            case "lie" if served:
                reply = forward(request)
                if reply.status != 200 or not reply.body:
                    return reply
                at = int(episode.size * len(reply.body))
                body = reply.body[:at] + bytes([reply.body[at] ^ 1]) + reply.body[at + 1 :]
                return Reply(reply.status, body, reply.headers)
            case "empty" if served:
                reply = forward(request)
                return Reply(reply.status, b"", reply.headers)
            case "429":
                return Reply(503, b"busy")
        return super().spoil(episode, request, forward)
