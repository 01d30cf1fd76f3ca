"""One exception for each error of the contracts, named like it without the contract's prefix.

A class states the error's signature and what its user should do next; `marketplace.chain.refusal` builds it from the
bytes a reverted call returns.
"""

from __future__ import annotations

from marketplace.chain.refusal import Revert
from marketplace.domain.errors import InvalidSheet, InvalidTerms, NotEnoughTokens, NotFound

__all__ = [
    "AlreadyActed",
    "AlreadyClaimed",
    "AlreadyJoined",
    "AlreadyPosted",
    "AlreadySubmitted",
    "BadBitmap",
    "BadDeployment",
    "BadIndex",
    "BadKey",
    "BadPool",
    "BadProof",
    "BadReveal",
    "BadSheet",
    "BadTerms",
    "Forfeited",
    "InexactTransfer",
    "InsufficientBalance",
    "NoMajority",
    "NotAllowed",
    "NotExpected",
    "NotFirst",
    "NotJoined",
    "NotKeeper",
    "NotMarket",
    "NotOwner",
    "NotSeat",
    "NotYourTicket",
    "NothingToDo",
    "StillUnbonding",
    "TooEarly",
    "TooFewHolders",
    "TooFewTickets",
    "TooLate",
    "TooMuchAtRisk",
    "UnknownBounty",
    "WrongPhase",
    "WrongState",
    "WrongTerms",
    "ZeroAmount",
    "ZeroDigest",
]


# -------------------------------------------------------------------------------- market: terms and posting
class BadTerms(InvalidTerms, Revert):
    """Terms contradict themselves."""

    signature = "Market_BadTerms(bytes32 reason)"
    advice = "the market refuses these terms because of {reason}: change that and post again"


class TooFewTickets(InvalidTerms, Revert):
    """The pool cannot fill the seats."""

    signature = "Market_TooFewTickets(uint256 live, uint256 seats)"
    advice = "the pool has {live} live tickets for {seats} seats: ask for fewer seats, or wait for more validators"


class TooMuchAtRisk(InvalidTerms, Revert):
    """A majority of seats would gain more by lying than it loses."""

    signature = "Market_TooMuchAtRisk(uint256 atRisk, uint256 burned)"
    advice = (
        "a round pays up to {atRisk}, and a dishonest majority would lose only {burned}: lower the round's budget, or "
        "ask for more seats or a larger ticket"
    )


class AlreadyPosted(Revert):
    """The owner used this salt before."""

    signature = "Market_AlreadyPosted(bytes32 bounty)"
    advice = "bounty {bounty} was posted before: post with another salt"


class UnknownBounty(NotFound, Revert):
    """Nobody posted this bounty here."""

    signature = "Market_UnknownBounty(bytes32 bounty)"
    advice = "there is no bounty {bounty} on this market: check the id, the market's address and the chain"


class WrongTerms(Revert):
    """The terms passed are not the posted ones."""

    signature = "Market_WrongTerms(bytes32 bounty)"
    advice = "these are not the terms of bounty {bounty}: read them from its Posted event"


class BadDeployment(Revert):
    """The market was told of contracts that belong to another one."""

    signature = "Market_BadDeployment(address vault, address registry, address referee)"
    advice = (
        "vault {vault}, registry {registry} and referee {referee} do not belong to this market: deploy all of them "
        "together again"
    )


# -------------------------------------------------------------------------------- market: who and when
class WrongPhase(Revert):
    """The act belongs to another phase."""

    signature = "Market_WrongPhase(bytes32 bounty, Phase phase)"
    advice = "bounty {bounty} is in the phase '{phase}', which does not allow this: do what is due now"


class TooLate(Revert):
    """The deadline has passed."""

    signature = "Market_TooLate(bytes32 bounty, uint256 deadline)"
    advice = "the deadline for this in bounty {bounty} was {deadline}: anyone may advance the bounty now"


class TooEarly(Revert):
    """The time has not come."""

    signature = "Market_TooEarly(bytes32 bounty, uint256 notBefore)"
    advice = "this is not due in bounty {bounty} before {notBefore}: wait and try again"


class NotOwner(Revert):
    """Only the owner may do this."""

    signature = "Market_NotOwner(bytes32 bounty, address caller)"
    advice = "{caller} does not own bounty {bounty}: use the wallet that posted it"


class NotSeat(Revert):
    """The caller does not hold this seat."""

    signature = "Market_NotSeat(bytes32 bounty, uint256 seat, address caller)"
    advice = "{caller} does not hold seat {seat} of bounty {bounty}: look up which seats it was drawn for"


class AlreadyActed(Revert):
    """A seat acts once in a phase."""

    signature = "Market_AlreadyActed(bytes32 bounty, uint256 seat)"
    advice = "seat {seat} of bounty {bounty} has acted in this phase already: wait for the next one"


class NothingToDo(Revert):
    """There is nothing to push on or pay."""

    signature = "Market_NothingToDo(bytes32 bounty)"
    advice = "there is nothing to do here for bounty {bounty} yet: read its phase and deadline and come back then"


# -------------------------------------------------------------------------------- market: holders
class NotJoined(Revert):
    """The holder has not joined."""

    signature = "Market_NotJoined(bytes32 bounty, address holder)"
    advice = "{holder} is not joined in bounty {bounty}: join between rounds first"


class AlreadyJoined(Revert):
    """The holder joined before."""

    signature = "Market_AlreadyJoined(bytes32 bounty, address holder)"
    advice = "{holder} is joined in bounty {bounty} already: go on with the round"


class BadIndex(Revert):
    """The index is taken or out of range."""

    signature = "Market_BadIndex(bytes32 bounty, uint256 index)"
    advice = "index {index} of bounty {bounty} is taken or too large: read the bounty again and choose a free one"


class TooFewHolders(Revert):
    """A round needs more holders."""

    signature = "Market_TooFewHolders(bytes32 bounty, uint256 holders)"
    advice = "only {holders} holders are in for this round of bounty {bounty}, too few for its terms: wait for more"


class NotAllowed(Revert):
    """The allowlist lacks the holder."""

    signature = "Market_NotAllowed(bytes32 bounty, address holder)"
    advice = "{holder} is not on the allowlist of bounty {bounty}: ask its owner, or pass the right proof"


class AlreadySubmitted(Revert):
    """One submission a round."""

    signature = "Market_AlreadySubmitted(bytes32 bounty, address holder)"
    advice = "{holder} has submitted in this round of bounty {bounty} already: wait for the next round"


class NotExpected(Revert):
    """The round was opened without this holder."""

    signature = "Market_NotExpected(bytes32 bounty, address holder)"
    advice = "this round of bounty {bounty} was opened without {holder}: nothing is lost, wait for the next round"


class Forfeited(Revert):
    """The holder lost its stake."""

    signature = "Market_Forfeited(bytes32 bounty, address holder)"
    advice = "{holder} lost its stake in bounty {bounty} and takes no part any more: leave, and claim earlier rounds"


# -------------------------------------------------------------------------------- market: what was passed
class BadBitmap(Revert):
    """A bitmap names somebody who is not there."""

    signature = "Market_BadBitmap(bytes32 bounty, uint256 bitmap)"
    advice = "the bitmap {bitmap} names somebody who is not in this round of bounty {bounty}, or too few: read it again"


class ZeroDigest(Revert):
    """A digest is missing."""

    signature = "Market_ZeroDigest()"
    advice = "a digest or key is zero: store the document first and pass its digest"


class BadSheet(InvalidSheet, Revert):
    """The sheet breaks a rule that the contract checks."""

    signature = "Market_BadSheet(bytes32 bounty, bytes32 reason)"
    advice = "the market refuses this sheet of bounty {bounty} because of {reason}: score the round again"


class BadReveal(Revert):
    """The reveal is not what was committed to."""

    signature = "Market_BadReveal(bytes32 bounty, uint256 seat)"
    advice = "seat {seat} of bounty {bounty} committed to something else: reveal the sheet and salt it committed to"


class NoMajority(Revert):
    """No majority stands behind the sheet."""

    signature = "Market_NoMajority(bytes32 bounty, uint256 round)"
    advice = (
        "no majority of seats revealed this sheet for round {round} of bounty {bounty}: settle on the sheet that has "
        "one, or advance the bounty if none has"
    )


class BadProof(Revert):
    """A proof leads elsewhere."""

    signature = "Market_BadProof(bytes32 bounty)"
    advice = "the proof does not lead to the root that bounty {bounty} holds: rebuild it from the published document"


class BadKey(Revert):
    """A key does not match its hash."""

    signature = "Market_BadKey(bytes32 bounty)"
    advice = "the key does not match the hash in the terms of bounty {bounty}: pass the shard's own key"


class AlreadyClaimed(Revert):
    """A payout is paid once."""

    signature = "Market_AlreadyClaimed(bytes32 bounty, uint256 round, uint256 index)"
    advice = "holder {index} has claimed round {round} of bounty {bounty} already: its money is in its vault account"


# -------------------------------------------------------------------------------- registry
class NotMarket(Revert):
    """The market alone moves stakes."""

    signature = "Registry_NotMarket(address caller)"
    advice = "{caller} is not the market, which alone may do this: act through the market"


class NotYourTicket(Revert):
    """The ticket is somebody else's."""

    signature = "Registry_NotYourTicket(bytes32 pool, uint256 ticket, address caller)"
    advice = "{caller} does not hold ticket {ticket} of pool {pool}: check its number, the token and the stake a ticket"


class WrongState(Revert):
    """The ticket is doing something else."""

    signature = "Registry_WrongState(bytes32 pool, uint256 ticket, TicketState state)"
    advice = "ticket {ticket} of pool {pool} is '{state}', which does not allow this: wait until its seat is over"


class NotFirst(Revert):
    """Another ticket comes before this one, or this one came after the draw."""

    signature = "Registry_NotFirst(bytes32 pool, uint256 ticket, uint256 first)"
    advice = (
        "ticket {ticket} of pool {pool} cannot take the seat, candidate {first} is first: ask again whose turn it is"
    )


class StillUnbonding(Revert):
    """The stake is still locked."""

    signature = "Registry_StillUnbonding(bytes32 pool, uint256 ticket, uint256 freeAt)"
    advice = "the stake of ticket {ticket} in pool {pool} is free from {freeAt}: redeem it then"


class BadPool(Revert):
    """A pool cannot be that small, or is full."""

    signature = "Registry_BadPool(address token, uint256 stake, uint256 count)"
    advice = "cannot open {count} tickets of {stake} of token {token}: both must exceed 0, and a pool holds 65535"


# -------------------------------------------------------------------------------- vault
class NotKeeper(Revert):
    """Market and registry alone move money."""

    signature = "Vault_NotKeeper(address caller)"
    advice = "{caller} may not move other people's money: deposit and withdraw, and act through the market"


class InsufficientBalance(NotEnoughTokens, Revert):
    """An account holds too little."""

    signature = "Vault_InsufficientBalance(address token, bytes32 account, uint256 balance, uint256 amount)"
    advice = "this takes {amount} of token {token} and the vault account holds {balance}: deposit the difference first"


class InexactTransfer(Revert):
    """The token does not deliver what it is asked for."""

    signature = "Vault_InexactTransfer(address token, uint256 expected, uint256 received)"
    advice = (
        "token {token} moved {received} instead of {expected}: it takes a fee, changes balances or is no token at all; "
        "use a standard ERC-20"
    )


class ZeroAmount(Revert):
    """Nothing was asked for."""

    signature = "Vault_ZeroAmount()"
    advice = "the amount is 0: pass how much to move"
