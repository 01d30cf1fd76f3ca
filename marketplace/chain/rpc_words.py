"""What nodes say when something goes wrong, and what they mean by it.

The wordings are those of geth, anvil, Ganache 7, eth-tester and the larger providers of nodes; each speaks its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

from web3.exceptions import TimeExhausted, Web3Exception, Web3RPCError

from marketplace.chain.refusal import refused
from marketplace.domain.errors import ChainError, GradMarketError, NotEnoughTokens

__all__ = ["Trouble", "one_line", "translated", "trouble_of"]

_FOREIGN: Final = ("eth", "requests", "urllib3")
_MAX_DEPTH: Final = 8
_MADE_OF_NONSENSE: Final = (AttributeError, ArithmeticError, LookupError, TypeError, ValueError)
"""What reading a well-formed answer to another question ends in."""


class Trouble(Enum):
    """What a failed request means for whoever made it."""

    KNOWN = "the node has this transaction already"
    NONCE = "another transaction has this nonce"
    CHEAP = "the fee is too low"
    POOR = "the wallet cannot pay"
    BEHIND = "the node does not know this block"
    WIDE = "the query spans too many blocks"
    BUSY = "the node asks for fewer requests"
    REFUSED = "the node refuses this request for good"
    LOST = "no answer that makes sense: it may have arrived or not"


_WORDS: Final[tuple[tuple[Trouble, tuple[str, ...]], ...]] = (
    (Trouble.KNOWN, ("already known", "already imported", "already in the", "alreadyknown")),
    (
        Trouble.CHEAP,
        (
            "underpriced",
            "less than block base fee",
            "fee too low",
            "price too low",
            "gasprice is too low",
            "below the minimum",
            "fee cap less than",
            "replacement fee",
        ),
    ),
    (
        Trouble.NONCE,
        ("nonce too low", "nonce is too low", "correct nonce", "invalid nonce", "invalid transaction nonce"),
    ),
    (
        Trouble.POOR,
        ("insufficient funds", "cannot afford", "insufficientfunds", "enough funds", "insufficient balance"),
    ),
    (
        Trouble.BEHIND,
        (
            "header not found",
            "header for hash not found",
            "unknown block",
            "blockoutofrange",
            "block not found",
            "could not find block",
            "block is out of range",
            "no block with",
            "missing trie node",
            "beyond head",
            "beyond current head",
        ),
    ),
    (
        Trouble.WIDE,
        (
            "query returned more than",
            "block range",
            "range too large",
            "range is too",
            "exceed maximum",
            "response size",
            "too many results",
            "query exceeds",
            "limited to",
            "max results",
        ),
    ),
    (Trouble.BUSY, ("rate limit", "too many requests", "throttl", "compute units", "request count", "capacity")),
)


def trouble_of(error: BaseException) -> Trouble:
    """Return what `error`, or what it was raised from, means.

    An answer in unknown words is REFUSED, no answer is LOST.
    """
    answered, found, depth = False, error, 0
    while depth < _MAX_DEPTH:
        text = str(found).lower()
        for trouble, words in _WORDS:
            if any(word in text for word in words):
                return trouble
        answered = answered or (isinstance(found, Web3RPCError) or type(found).__module__.startswith("eth"))
        if found.__cause__ is None:
            break
        found, depth = found.__cause__, depth + 1
    return Trouble.REFUSED if answered else Trouble.LOST


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever web3, eth-tester or the connection raises into one of this product's errors."""
    try:
        yield
    except GradMarketError:
        raise
    except TimeExhausted as error:
        msg = "the node took too long to answer: try again, or ask another node"
        raise ChainError(msg) from error
    except Exception as error:
        reverted = refused(error)
        if reverted is not None:
            raise reverted from error
        if trouble_of(error) is Trouble.POOR:
            msg = "the wallet cannot pay for the transaction's gas: send it some of the chain's own coin"
            raise NotEnoughTokens(msg) from error
        if isinstance(error, _MADE_OF_NONSENSE) and not type(error).__module__.startswith(_FOREIGN):
            msg = f"the node's answer makes no sense ({type(error).__name__}): ask another node"
            raise ChainError(msg) from error
        if isinstance(error, Web3Exception | OSError) or type(error).__module__.startswith(_FOREIGN):
            msg = f"the node did not do what it was asked ({one_line(error)}): check its address and that it is in step"
            raise ChainError(msg) from error
        raise


def one_line(error: BaseException) -> str:
    """Return what `error` says on one line, cut to 200 characters."""
    return " ".join(str(error).split())[:200] or type(error).__name__
