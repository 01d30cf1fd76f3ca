"""The session of `ipfshttpclient` with what it lacks against a node that lies.

Imported only where the extra `ipfs` is installed.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ipfshttpclient.exceptions import ErrorResponse, StatusError
from ipfshttpclient.http import ClientSync
from requests.exceptions import HTTPError

__all__ = ["Session"]

_MOST_ERROR_BYTES: Final = 1 << 14


class Session(ClientSync):  # type: ignore[misc] # published without types
    """Follows no redirect, asks no proxy and no netrc file, and reads of an error no more than it needs."""

    def _make_session(self) -> Any:  # noqa: ANN401 - published without types
        session = super()._make_session()
        session.trust_env = False
        session.max_redirects = 0
        # urllib3 warns of an argument that the library still hands on.
        session.get_adapter("http://").poolmanager.connection_pool_kw.pop("strict", None)
        return session

    def _do_raise_for_status(self, response: Any) -> None:  # noqa: ANN401
        """Raise ErrorResponse with the node's message, StatusError without one."""
        try:
            response.raise_for_status()
        except HTTPError as error:
            try:
                answer = json.loads(response.raw.read1(_MOST_ERROR_BYTES, decode_content=False))
                message = answer["Message"]
            except Exception:  # noqa: BLE001 - whatever is wrong with an error's text, the status says enough
                raise StatusError(error) from error
            raise ErrorResponse(str(message), error) from error
