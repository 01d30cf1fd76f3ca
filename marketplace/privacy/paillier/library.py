"""The optional libraries behind Paillier: `phe`, and `gmpy2`, which makes it a hundred times faster."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from marketplace.domain.errors import InvalidInput

__all__ = ["big", "inverse", "phe", "power"]


@cache
def phe() -> Any:  # noqa: ANN401 - a module without types
    """Return the module `phe`; raises InvalidInput where it is not installed."""
    try:
        return import_module("phe")
    except ImportError:
        msg = "encrypted models need more packages: pip install 'gradient-marketplace[paillier]'"
        raise InvalidInput(msg) from None


@cache
def _big() -> Any:  # noqa: ANN401 - gmpy2.mpz or int, which do the same
    try:
        return import_module("gmpy2").mpz
    except ImportError:
        return int


def big(value: int) -> int:
    """Return the same number, in the type that multiplies fastest here."""
    found: int = _big()(value)
    return found


def power(base: int, exponent: int, modulus: int) -> int:
    """Return base ** exponent mod modulus; a negative exponent inverts the base."""
    return pow(big(base), exponent, modulus)


def inverse(value: int, modulus: int) -> int:
    """Return 1 / value mod modulus; raises ValueError where there is none."""
    try:
        return int(pow(big(value), -1, modulus))
    except ZeroDivisionError:  # what gmpy2 raises where int raises ValueError
        msg = "not invertible"
        raise ValueError(msg) from None
