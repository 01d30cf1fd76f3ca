"""From the bytes a reverted call returns to an exception that says what to do next.

    a contract error        -> its class in `marketplace.chain.reverts`
    Error(string), Panic    -> Refused, with the text or the panic's meaning
    anything else           -> Refused, with the bytes

eth-tester raises `TransactionFailed` with the bytes written out as a Python literal; anvil, Ganache and other nodes
answer with an error object that web3 turns into `ContractCustomError` or `ContractLogicError`. `refused` finds the
bytes in any of them.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, ClassVar

from marketplace.chain.codec import decode, selector
from marketplace.domain.bounty import Phase, TicketState
from marketplace.domain.dispute import Turn
from marketplace.domain.errors import ChainError, Refused

__all__ = ["Revert", "refusal", "refused"]

_PANICS = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflowed",
    0x12: "a number was divided by zero",
    0x21: "a choice does not exist",
    0x32: "a list is shorter than its index",
    0x41: "it ran out of memory",
}
_TIMES = {"deadline", "notBefore", "freeAt"}
_ENUMS: dict[str, type[IntEnum]] = {"Phase": Phase, "TicketState": TicketState, "Turn": Turn}
_MAX_DEPTH = 8
_FIRST_TIME = 10**9
_HEX = re.compile(r"0x((?:[0-9a-fA-F]{2})+)")
_LITERAL = re.compile(r"""(b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*")$""")
_REVERTS = {"TransactionFailed", "ContractLogicError"}
_WORD_BYTES, _SELECTOR_BYTES = 32, 4


class Revert(Refused):
    """A contract refused with one of its own errors.

    Attributes:
        signature: the error as its contract declares it, parameters named; enums by their Solidity name.
        advice: what is wrong and what to do next; `{parameter}` stands for its value.
        values: what the contract named, by parameter.
    """

    signature: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    by_selector: ClassVar[dict[bytes, type[Revert]]] = {}

    def __init_subclass__(cls) -> None:
        """Enter the class into the table that `refusal` looks up."""
        super().__init_subclass__()
        if "signature" in vars(cls):
            Revert.by_selector[selector(cls.canonical())] = cls

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)
        super().__init__(self.advice.format(**{name: _shown(name, value) for name, value in self.values.items()}))

    @classmethod
    def parameters(cls) -> tuple[tuple[str, str], ...]:
        """(type, name) of each parameter."""
        inner = cls.signature.partition("(")[2].removesuffix(")")
        return tuple((kind, name) for kind, _, name in (p.strip().partition(" ") for p in inner.split(",") if p))

    @classmethod
    def canonical(cls) -> str:
        """Name and types as they are hashed: `Name(type,type)`."""
        kinds = ("uint8" if kind in _ENUMS else kind for kind, _ in cls.parameters())
        return f"{cls.signature.partition('(')[0]}({','.join(kinds)})"

    @classmethod
    def decoded(cls, data: bytes) -> Revert:
        """Return the exception for the parameters in `data`."""
        parameters = cls.parameters()
        found = decode(["uint8" if kind in _ENUMS else kind for kind, _ in parameters], data)
        pairs = zip(parameters, found, strict=True)
        return cls({name: _ENUMS[kind](value) if kind in _ENUMS else value for (kind, name), value in pairs})


def refusal(data: bytes) -> Refused:
    """Return the exception that stands for what a reverted call returned."""
    known = Revert.by_selector.get(data[:4])
    try:
        if known is not None:
            return known.decoded(data[4:])
        if data[:4] == selector("Error(string)"):
            return Refused(f"the contract refused ({decode(['string'], data[4:])[0]}): check what was passed to it")
        if data[:4] == selector("Panic(uint256)"):
            code = decode(["uint256"], data[4:])[0]
            meaning = _PANICS.get(code, f"panic {code:#x}")
            return Refused(f"the contract stopped because {meaning}: lower the amounts, or report this")
    except (ChainError, ValueError):
        pass  # an unknown contract's bytes that only look familiar
    shown = f"0x{data.hex()}" if data else "no reason"
    return Refused(f"the contract refused with {shown}: check the addresses, the chain and the gas limit")


def refused(error: BaseException) -> Refused | None:
    """Return the exception that stands for a revert which a provider reported as `error`; None if it is no revert."""
    layer: list[Any] = [error]
    for _ in range(_MAX_DEPTH):
        for value in layer:
            data = _bytes_in(value)
            if data is not None:
                return refusal(data)
        layer = [inner for value in layer for inner in _inside(value)]
    if any(cls.__name__ in _REVERTS for cls in type(error).__mro__):
        text = " ".join(str(error).removeprefix("execution reverted").lstrip(": ").split()) or "no reason"
        return Refused(f"the contract refused ({text}): check what was passed to it, and the gas limit")
    return None


def _inside(value: object) -> list[Any]:
    """What a provider may have wrapped the bytes in: exceptions in exceptions, error objects in error objects."""
    if isinstance(value, BaseException):
        return [getattr(value, "data", None), *value.args, value.__cause__, value.__context__]
    return list(value.values()) if isinstance(value, Mapping) else []


def _bytes_in(value: object) -> bytes | None:
    """Return `value` as revert data if it can be nothing else: a selector followed by whole words."""
    if isinstance(value, str):
        found = _HEX.fullmatch(value.strip()) or _LITERAL.search(value)
        if found is None:
            return None
        value = bytes.fromhex(found[1]) if found.re is _HEX else literal_eval(found[1])
    if isinstance(value, bytes) and len(value) % _WORD_BYTES == _SELECTOR_BYTES:
        return value
    return None


def _shown(name: str, value: object) -> str:
    """Return a value as a person reads it: ids cut short, times as dates, reasons as words."""
    if isinstance(value, IntEnum):
        return value.name.lower().replace("_", " ")
    if isinstance(value, bytes):
        return _text(value) if name == "reason" else f"0x{value.hex()[:10]}.."
    if name in _TIMES and isinstance(value, int):
        return _time(value)
    return str(value)


def _text(word: bytes) -> str:
    return word.rstrip(b"\0").decode("ascii", errors="replace") or "unnamed"


def _time(seconds: int) -> str:
    if seconds < _FIRST_TIME:
        return f"block {seconds}"  # draws wait for a block, everything else for a second
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"
