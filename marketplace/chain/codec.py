"""From a contract's ABI to call data and back.

Addresses come out as EIP-55 text, structs as tuples, `bytes32` as bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_abi.codec import ABICodec
from eth_abi.decoding import AddressDecoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import BaseEquals, registry
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address

from marketplace.domain.errors import ChainError, InvalidInput
from marketplace.domain.hashing import keccak

__all__ = ["EventCodec", "FunctionCodec", "Interface", "decode", "encode", "selector"]

_SELECTOR_BYTES = 4


@lru_cache(maxsize=4096)
def _checksummed(raw: bytes) -> str:
    return str(to_checksum_address(raw))


class _ChecksumDecoder(AddressDecoder):
    decoder_fn = staticmethod(_checksummed)  # type: ignore[assignment]


def _codec() -> ABICodec:
    own = registry.copy()  # type: ignore[no-untyped-call]
    own.unregister_decoder("address")
    own.register_decoder(BaseEquals("address"), _ChecksumDecoder, label="address")  # type: ignore[no-untyped-call]
    return ABICodec(own)


_CODEC = _codec()


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Return the values ABI-encoded; raises InvalidInput for one that does not fit its type."""
    try:
        return _CODEC.encode(types, values)
    except EncodingError as error:
        msg = f"a value does not fit what the contract takes ({error}): check amounts, addresses and hashes"
        raise InvalidInput(msg) from error


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Return the values in `data`; raises ChainError if it holds something else."""
    try:
        return tuple(_CODEC.decode(types, data))
    except DecodingError as error:
        msg = "a contract answered with something else than its interface says: is this the right chain and address?"
        raise ChainError(msg) from error


def selector(signature: str) -> bytes:
    """Return the four bytes that name a function or error, given `name(type,type)`."""
    return keccak(signature.encode("ascii"))[:_SELECTOR_BYTES]


@dataclass(frozen=True)
class FunctionCodec:
    """One function: its selector and the types around it."""

    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, values: Sequence[Any]) -> bytes:
        """Return the call data for these arguments."""
        return self.selector + encode(self.inputs, values)


@dataclass(frozen=True)
class EventCodec:
    """One event: its first topic, and its parameters as (name, type, indexed) in order."""

    name: str
    topic: bytes
    parameters: tuple[tuple[str, str, bool], ...]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Return the parameters of one log by name."""
        plain = [(name, kind) for name, kind, indexed in self.parameters if not indexed]
        found = dict(zip([n for n, _ in plain], decode([t for _, t in plain], data), strict=True))
        words = iter(topics[1:])
        for name, kind, indexed in self.parameters:
            if indexed:
                found[name] = decode([kind], next(words, b""))[0]
        return found


class Interface:
    """What one contract can be asked, and what it can say.

    Attributes:
        functions: by name (the contracts do not overload).
        events: by first topic.
        errors: signature `name(type,type)` -> names of its parameters.
    """

    def __init__(self, abi: Iterable[Mapping[str, Any]]) -> None:
        self.functions: dict[str, FunctionCodec] = {}
        self.events: dict[bytes, EventCodec] = {}
        self.errors: dict[str, tuple[str, ...]] = {}
        self.constructor: tuple[tuple[str, str], ...] = ()
        for entry in abi:
            inputs = [(str(p["name"]), collapse_if_tuple(p)) for p in entry.get("inputs", [])]
            signature = f"{entry.get('name')}({','.join(kind for _, kind in inputs)})"
            match entry["type"]:
                case "function":
                    kinds = tuple(kind for _, kind in inputs)
                    outputs = tuple(collapse_if_tuple(p) for p in entry["outputs"])
                    self.functions[entry["name"]] = FunctionCodec(selector(signature), kinds, outputs)
                case "event":
                    topic = keccak(signature.encode("ascii"))
                    parameters = tuple((p["name"], collapse_if_tuple(p), p["indexed"]) for p in entry["inputs"])
                    self.events[topic] = EventCodec(entry["name"], topic, parameters)
                case "error":
                    self.errors[signature] = tuple(name for name, _ in inputs)
                case "constructor":
                    self.constructor = tuple(inputs)

    def encode(self, function: str, values: Sequence[Any]) -> bytes:
        """Return the call data of a function by name."""
        return self.functions[function].encode(values)

    def decode(self, function: str, data: bytes) -> tuple[Any, ...]:
        """Return what a function returned."""
        return decode(self.functions[function].outputs, data)
