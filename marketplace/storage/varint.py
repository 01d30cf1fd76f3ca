"""Unsigned LEB128 integers, as protobuf, CIDs and CAR files write them."""

from __future__ import annotations

__all__ = ["decode_varint", "encode_varint"]

MAX_VARINT_BYTES = 9
"""Nine bytes hold 63 bits; a longer one is refused before it can be summed up."""


def encode_varint(value: int) -> bytes:
    """Return the shortest encoding of `value` (0 or more)."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the integer that starts at `data[at]` and the place behind it.

    Raises:
        ValueError: it is cut off, or longer than 63 bits.
    """
    value = 0
    for i, byte in enumerate(data[at : at + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:  # noqa: PLR2004 - the last byte has its top bit clear
            return value, at + i + 1
    msg = "a varint is cut off or longer than 63 bits"
    raise ValueError(msg)
