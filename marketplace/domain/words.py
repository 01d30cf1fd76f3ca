"""Static ABI words: every value the protocol hashes takes exactly 32 bytes, so encoding is concatenation.

That is all of the ABI the domain needs; `tests/domain` compares it with `eth_abi`.
"""

from __future__ import annotations

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak

__all__ = ["WORD_BYTES", "address_text", "address_word", "bool_word", "bytes32_word", "uint_word"]

WORD_BYTES = 32
_ADDRESS_DIGITS = 40
_UPPER_FROM = 8  # a letter is a capital where its digit of the hash is at least this (EIP-55)


def uint_word(value: int) -> bytes:
    """Return an unsigned integer as one word."""
    if not 0 <= value < 1 << 256:
        msg = f"{value} does not fit an unsigned 256-bit word"
        raise InvalidInput(msg)
    return value.to_bytes(WORD_BYTES, "big")


def bool_word(value: bool) -> bytes:  # noqa: FBT001 - the value itself
    """Return a truth value as one word."""
    return uint_word(int(value))


def bytes32_word(value: bytes) -> bytes:
    """Return 32 bytes as they are; raises InvalidInput for any other length."""
    if len(value) != WORD_BYTES:
        msg = f"a hash has {WORD_BYTES} bytes, not {len(value)}"
        raise InvalidInput(msg)
    return bytes(value)


def address_word(address: str) -> bytes:
    """Return an address (0x and 40 hex digits, in any case) as one word."""
    digits = address.removeprefix("0x")
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    if len(digits) != _ADDRESS_DIGITS or len(raw) != _ADDRESS_DIGITS // 2:
        msg = f"{address!r} is not an address: use 0x and 40 hexadecimal digits"
        raise InvalidInput(msg)
    return raw.rjust(WORD_BYTES, b"\0")


def address_text(number: int) -> str:
    """Return the address that a number stands for, EIP-55 text."""
    digits = f"{number:0{_ADDRESS_DIGITS}x}"
    marks = keccak(digits.encode("ascii")).hex()
    letters = (d.upper() if int(m, 16) >= _UPPER_FROM else d for d, m in zip(digits, marks, strict=False))
    return "0x" + "".join(letters)
