"""The one exception tree of the product.

Every message is one line: what is wrong, then what to do next. Each class is also the built-in a caller
would expect, and carries the exit code with which the command line ends.

    GradMarketError                     exit code
    |-- InvalidInput      (ValueError)      2     something a person typed, or a file they gave
    |   |-- InvalidTerms                    3     terms that can overflow, contradict themselves or cannot be met
    |   |-- InvalidData                     4     a data set that cannot be trained on or scored with
    |   |-- InvalidUpdate                   5     wrong shape, above the bounds, not for this round
    |   `-- InvalidSheet                    6     a score sheet that does not follow from its round
    |-- NotFound          (LookupError)     7     an unknown bounty, account or content
    |-- StorageError      (OSError)         8     a store that is full, missing, corrupt or out of reach
    |   |-- CorruptContent                  9     bytes that do not match the name they were fetched by
    |   `-- ContentTooLarge                10     more bytes than the caller is willing to take
    |-- SealingError      (ValueError)     11     something that does not open
    |   |-- WrongKey                       12     a key, password or recipient that does not fit
    |   `-- BrokenSeal                     13     truncated, reordered or altered ciphertext
    |-- ChainError        (RuntimeError)   14     the chain did not do what it was asked
    |   |-- Refused                        15     a contract reverted; subclasses in `marketplace.chain.reverts`
    |   `-- NotEnoughTokens                16     a balance below what an act costs
    |-- ProtocolError     (RuntimeError)   17     another participant broke the rules of the round
    |   |-- PeerFailed                     18     a party of a private scoring is silent, gone or not who it should be
    |   `-- Cheated                        19     a party of a private scoring was caught lying
    `-- BudgetSpent       (RuntimeError)   20     a promise of privacy that one more update would break
"""

from __future__ import annotations

__all__ = [
    "BrokenSeal",
    "BudgetSpent",
    "ChainError",
    "Cheated",
    "ContentTooLarge",
    "CorruptContent",
    "GradMarketError",
    "InvalidData",
    "InvalidInput",
    "InvalidSheet",
    "InvalidTerms",
    "InvalidUpdate",
    "NotEnoughTokens",
    "NotFound",
    "PeerFailed",
    "ProtocolError",
    "Refused",
    "SealingError",
    "StorageError",
    "WrongKey",
]


class GradMarketError(Exception):
    """Everything this product raises on purpose; the message says what to do next."""

    exit_code: int = 1


class InvalidInput(GradMarketError, ValueError):
    """A value a person gave that cannot be used."""

    exit_code = 2


class InvalidTerms(InvalidInput):
    """Terms of a bounty that overflow, contradict themselves or cannot be met."""

    exit_code = 3


class InvalidData(InvalidInput):
    """A data set that cannot be trained on or scored with."""

    exit_code = 4


class InvalidUpdate(InvalidInput):
    """An update of the wrong shape, above the bounds, or not for this round."""

    exit_code = 5


class InvalidSheet(InvalidInput):
    """A score sheet that does not follow from its round."""

    exit_code = 6


class NotFound(GradMarketError, LookupError):
    """A bounty, account or content nobody knows."""

    exit_code = 7


class StorageError(GradMarketError, OSError):
    """A store that is full, missing, corrupt or out of reach."""

    exit_code = 8


class CorruptContent(StorageError):
    """Bytes that do not match the CID they were fetched by."""

    exit_code = 9


class ContentTooLarge(StorageError):
    """More bytes than the caller is willing to take."""

    exit_code = 10


class SealingError(GradMarketError, ValueError):
    """Something sealed that does not open."""

    exit_code = 11


class WrongKey(SealingError):
    """A key, password or recipient that does not fit the seal."""

    exit_code = 12


class BrokenSeal(SealingError):
    """Ciphertext that was truncated, reordered or altered."""

    exit_code = 13


class ChainError(GradMarketError, RuntimeError):
    """The chain did not do what it was asked."""

    exit_code = 14


class Refused(ChainError):
    """A contract reverted with one of its own errors."""

    exit_code = 15


class NotEnoughTokens(ChainError):
    """A balance below what an act costs."""

    exit_code = 16


class ProtocolError(GradMarketError, RuntimeError):
    """Another participant broke the rules of the round."""

    exit_code = 17


class PeerFailed(ProtocolError):
    """A party of a private scoring that is silent, gone, out of step, or not the one that was registered.

    Args:
        peer: which party, 0 to 2.
    """

    exit_code = 18

    def __init__(self, message: str, peer: int) -> None:
        super().__init__(message)
        self.peer = peer


class Cheated(ProtocolError):
    """A party of a private scoring that did not follow the protocol.

    Args:
        blamed: if the accuser tells the truth, the one who cheated is among these parties.
        accuser: the party that noticed; a liar may accuse, so to anybody else it is under suspicion too.

    Attributes:
        known: the party that the one who raises this knows to have cheated, whoever may lie; None if it knows of none.
    """

    exit_code = 19

    def __init__(self, message: str, blamed: frozenset[int], accuser: int) -> None:
        super().__init__(message)
        self.blamed, self.accuser = blamed, accuser
        self.known: int | None = None


class BudgetSpent(GradMarketError, RuntimeError):
    """An update that would give away more than its holder allows."""

    exit_code = 20
