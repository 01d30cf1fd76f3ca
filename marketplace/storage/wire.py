"""The HTTP interface of one IPFS node, through `ipfshttpclient`, believing nothing it says about sizes or times.

`ipfshttpclient` brings addresses, sessions and multipart bodies. Its commands read whole answers, however long, and its
`connect` refuses every node of today, so this module asks below them: each answer is read in pieces, up to a cap,
against the monotonic clock.

Of each failure two things are kept apart: the node said no (`Said`), or nothing useful came (`Lost`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from marketplace.domain.errors import InvalidInput, StorageError
from marketplace.storage.cid import CHUNK_BYTES

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Body", "Lost", "Said", "Silent", "Wire"]

Options = Mapping[str, str]

_BASE: Final = "api/v0"
_OLDEST: Final = "0.4.23"
_TOO_NEW: Final = "1.0.0"
_MOST_VERSION_BYTES: Final = 1 << 14
_VERSION_SECONDS: Final = 20.0
_MOST_SAID: Final = 200
_PIECE_BYTES: Final = 1 << 16
_AT_ONCE_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 3.0
"""Nodes drop connections that idle for five seconds; one that idled for less is still good."""


class Lost(StorageError):  # noqa: N818 - named by what is wrong
    """The node cannot be reached, fell silent, broke off, or did not speak the language of IPFS nodes."""


class Silent(Lost):
    """The node is there, but did not answer in time."""


class Said(StorageError):  # noqa: N818 - named by what is wrong
    """The node answered that it cannot; `said` is its own text, cut short and printable."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class _Question(NamedTuple):
    command: str
    opts: Options
    seconds: float
    data: Iterator[bytes] | bytes | None = None


class Wire:
    """Asks one node.

    Args:
        url: `http://host:port`, with `user:password@` where the node wants them, or a multiaddr.
        timeout: the most seconds for connecting, and for a command that makes the node work.

    Raises:
        InvalidInput: the address is none.
        StorageError: the extra `ipfs` is not installed.
    """

    def __init__(self, url: str, timeout: tuple[float, float]) -> None:
        address, base, auth = _address_of(url)
        self.name = address
        self.timeout = timeout
        self._http = _connect(address, base, auth, timeout)
        self._version = ""
        self._used = time.monotonic()
        self._mutex = Lock()

    def close(self) -> None:
        """Drop its connections; the next question opens new ones."""
        with self._mutex:
            self._http.close_session()
            self._http.open_session()

    def version(self) -> str:
        """Return the version of the node, asked for once.

        Raises:
            StorageError: it is too old or too new, or no IPFS node.
        """
        if not self._version:
            self._version = self._ask_version()
        return self._version

    def ask(
        self, command: str, opts: Options | None = None, *, most: int, seconds: float, data: bytes | None = None
    ) -> bytes:
        """Return the answer to a command, cut after `most` bytes; it has `seconds` to begin, and as many to end.

        Asks once more when a connection turns out to be dead, so the command must be one that may be repeated.

        Raises:
            Said: the node refused.
            Lost: anything else.
        """
        self.version()
        question = _Question(command, opts or {}, seconds, data)
        begun = time.monotonic()
        try:
            return self._ask(question, most)
        except Lost:
            # Nodes drop idle connections, which shows only when one is used again, and then at once.
            if time.monotonic() - begun > _AT_ONCE_SECONDS:
                raise
            self.close()
            return self._ask(question, most)

    @contextmanager
    def stream(self, command: str, opts: Options, *, seconds: float) -> Iterator[Body]:
        """Open the answer to a command that gives content; closing it drops the rest.

        Raises:
            Said, Lost: as with `ask`, also while reading.
        """
        self.version()
        self._refresh()
        with self._open(_Question(command, opts, seconds)) as body:
            yield body

    def send(self, command: str, opts: Options, pieces: Iterator[bytes], *, most: int) -> bytes:
        """Send a file to a command and return its answer, cut after `most` bytes.

        What `pieces` raises comes out as it is.

        Raises:
            Said, Lost: as with `ask`; what the node has got of it stays unpinned.
        """
        self.version()
        self._refresh()
        failures: list[BaseException] = []
        question = _Question(command, opts, self.timeout[1], _kept_errors(pieces, failures))
        try:
            return self._ask(question, most)
        except StorageError as error:
            # The library takes any OSError for one of its connection, also what the source raised.
            if failures:
                raise failures[0] from error
            raise

    def _refresh(self) -> None:
        """Before a question that cannot be repeated: let no idle connection answer it."""
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self.close()

    def _ask(self, question: _Question, most: int) -> bytes:
        with self._open(question) as answer:
            return answer.read(most)

    def _ask_version(self) -> str:
        from ipfshttpclient import assert_version  # noqa: PLC0415 - an extra
        from ipfshttpclient.exceptions import VersionMismatch  # noqa: PLC0415

        answer = self._ask(_Question("version", {}, min(self.timeout[1], _VERSION_SECONDS)), _MOST_VERSION_BYTES)
        try:
            version = json.loads(answer)["Version"]
            # Split at its points in there, so anything but text is refused.
            assert_version(version, _OLDEST, _TOO_NEW)
        except VersionMismatch as error:
            msg = (
                f"the IPFS node at {self.name} has version {_printable(version)}: "
                f"use one from {_OLDEST} on and before {_TOO_NEW}"
            )
            raise StorageError(msg) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            msg = f"what answers at {self.name} is no IPFS node: check the address"
            raise Lost(msg) from error
        return str(version)

    @contextmanager
    def _open(self, question: _Question) -> Iterator[Body]:
        from ipfshttpclient.multipart import stream_bytes  # noqa: PLC0415 - an extra

        body, headers = None, {"Accept-Encoding": "identity"}
        if question.data is not None:
            body, multipart = stream_bytes(question.data, chunk_size=CHUNK_BYTES)
            headers |= multipart
            if isinstance(question.data, bytes) and len(question.data) <= CHUNK_BYTES:
                # A document in one go, instead of in a dozen small ones.
                body = b"".join(body)
        closables: list[Any] = []
        try:
            with self._explained(question.command):
                closables, _ = self._http._request(  # noqa: SLF001 - the only way to read an answer in pieces
                    "POST",
                    question.command,
                    [*question.opts.items()],
                    auth=None,
                    data=body,
                    headers=headers,
                    timeout=(self.timeout[0], question.seconds),
                    chunk_size=_PIECE_BYTES,
                )
            yield Body(closables[0], lambda: self._explained(question.command), question.seconds)
        finally:
            for closable in closables:
                with suppress(Exception):  # whatever it holds, we are done with it
                    closable.close()
            self._used = time.monotonic()

    @contextmanager
    def _explained(self, command: str) -> Iterator[None]:
        """Turn the errors of both families, the library's and those of what it stands on, into ours."""
        import requests  # noqa: PLC0415 - comes with the extra
        import urllib3  # noqa: PLC0415
        from ipfshttpclient import exceptions  # noqa: PLC0415

        try:
            yield
        except StorageError:
            raise
        except exceptions.ErrorResponse as error:
            said = _printable(str(error))
            msg = f"the IPFS node at {self.name} refuses {command}: {said}: look into its log"
            raise Said(msg, said) from error
        except (exceptions.TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            if isinstance(getattr(error, "original", error), requests.ConnectTimeout):
                raise self._unreachable(command) from error
            msg = f"the IPFS node at {self.name} did not answer in time ({command}): try again, or another node"
            raise Silent(msg) from error
        except (
            exceptions.Error,
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
        ) as error:
            raise self._unreachable(command) from error

    def _unreachable(self, command: str) -> Lost:
        return Lost(
            f"the IPFS node at {self.name} cannot be reached or broke off ({command}): start it, or try another"
        )


class Body:
    """An answer that is read piece by piece."""

    def __init__(self, response: Response, explained: Callable[[], Any], seconds: float) -> None:
        self._response = response
        self._explained = explained
        self._seconds = seconds
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, less only at the end; they have the wire's seconds to come, all of them.

        Raises:
            Lost: they do not, or the connection broke.
        """
        import requests  # noqa: PLC0415 - comes with the extra

        until = time.monotonic() + self._seconds
        parts, missing = [self._rest[:size]], size - len(self._rest)
        self._rest = self._rest[size:]
        while missing > 0:
            with self._explained():
                # One receive each, so that a node which trickles does not stretch the time.
                part = self._response.raw.read1(min(missing, _PIECE_BYTES), decode_content=False)
                if not part:
                    break
                if time.monotonic() > until:
                    raise requests.Timeout
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
        data, self._rest = data[:size], data[size:] + self._rest
        return data


def _connect(address: str, base: str, auth: tuple[str, str] | None, timeout: tuple[float, float]) -> Any:  # noqa: ANN401 - published without types
    try:
        from marketplace.storage.session import Session  # noqa: PLC0415 - needs the extra
    except ImportError as error:
        msg = "the IPFS client is not installed: run pip install 'gradient-marketplace[ipfs]'"
        raise StorageError(msg) from error
    from ipfshttpclient.exceptions import AddressError  # noqa: PLC0415

    try:
        http = Session(address, base, auth=auth, timeout=timeout)
    except AddressError as error:
        raise _no_address(address) from error
    http.open_session()
    return http


def _address_of(url: str) -> tuple[str, str, tuple[str, str] | None]:
    """Return the multiaddr, the base path, and name and password of a node's address."""
    if url.startswith("/"):
        return url, _BASE, None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise _no_address(host or "")
    kind = "ip6" if ":" in host else "ip4" if host.replace(".", "").isdigit() else "dns"
    port = port or (443 if parts.scheme == "https" else 80)
    base = f"{parts.path.strip('/')}/{_BASE}" if parts.path.strip("/") else _BASE
    auth = (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None
    return f"/{kind}/{host}/tcp/{port}/{parts.scheme}", base, auth


def _no_address(shown: str) -> InvalidInput:
    """Explain without quoting the address itself: it may hold a password."""
    return InvalidInput(
        f"an IPFS node's address ({_printable(shown) or 'without a host'}) cannot be used: "
        "write http://host:5001 or /ip4/127.0.0.1/tcp/5001"
    )


def _printable(text: str) -> str:
    """Return what a node said in one line fit for a terminal and a log."""
    line = " ".join(text.split())
    return "".join(c for c in line if c.isprintable())[:_MOST_SAID]


def _kept_errors(pieces: Iterator[bytes], failures: list[BaseException]) -> Iterator[bytes]:
    try:
        yield from pieces
    except GeneratorExit:
        raise
    except BaseException as error:
        failures.append(error)
        raise
