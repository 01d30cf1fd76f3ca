"""One exception for each error that tokens, the faucet and the libraries beneath the contracts raise.

They are OpenZeppelin's, whose contracts most tokens are built from; see `marketplace.chain.reverts` for our own.
"""

from __future__ import annotations

from marketplace.chain.refusal import Revert
from marketplace.domain.errors import InvalidInput, NotEnoughTokens

__all__ = [
    "AllowanceTooSmall",
    "BadNonce",
    "BadShortString",
    "BadSignature",
    "BadSignatureLength",
    "BadSignatureS",
    "ExpiredPermit",
    "FaucetDry",
    "FaucetNotLocal",
    "InvalidApprover",
    "InvalidReceiver",
    "InvalidSender",
    "InvalidSigner",
    "InvalidSpender",
    "LongName",
    "Reentered",
    "TokenBalanceTooSmall",
    "TokenFailed",
]


class TokenBalanceTooSmall(NotEnoughTokens, Revert):
    """An address holds too little of a token."""

    signature = "ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)"
    advice = "{sender} holds {balance} of the token and this takes {needed}: get the difference first"


class AllowanceTooSmall(NotEnoughTokens, Revert):
    """A token was not approved for what it should pay."""

    signature = "ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)"
    advice = "{spender} may take {allowance} of the token and this takes {needed}: approve the whole amount first"


class InvalidSender(Revert):
    """Tokens cannot come from nobody."""

    signature = "ERC20InvalidSender(address sender)"
    advice = "tokens cannot be sent from {sender}: use a wallet's address"


class InvalidReceiver(Revert):
    """Tokens cannot go to nobody."""

    signature = "ERC20InvalidReceiver(address receiver)"
    advice = "tokens cannot be sent to {receiver}: use a wallet's address"


class InvalidApprover(Revert):
    """Nobody cannot approve."""

    signature = "ERC20InvalidApprover(address approver)"
    advice = "{approver} cannot approve anything: use a wallet's address"


class InvalidSpender(Revert):
    """Nobody cannot be approved."""

    signature = "ERC20InvalidSpender(address spender)"
    advice = "{spender} cannot be approved: use the vault's address"


class ExpiredPermit(Revert):
    """A permit came too late."""

    signature = "ERC2612ExpiredSignature(uint256 deadline)"
    advice = "the permit was good until {deadline}: sign another one"


class InvalidSigner(Revert):
    """A permit was signed by somebody else."""

    signature = "ERC2612InvalidSigner(address signer, address owner)"
    advice = "the permit of {owner} was signed by {signer}: sign it with the owner's wallet, for this token and chain"


class BadNonce(Revert):
    """A permit was used before."""

    signature = "InvalidAccountNonce(address account, uint256 currentNonce)"
    advice = "a permit of {account} carries another number than {currentNonce}: sign another one"


class BadSignature(Revert):
    """A signature is malformed."""

    signature = "ECDSAInvalidSignature()"
    advice = "the signature is malformed: sign again"


class BadSignatureLength(Revert):
    """A signature is too short or too long."""

    signature = "ECDSAInvalidSignatureLength(uint256 length)"
    advice = "the signature has {length} bytes instead of 65: sign again"


class BadSignatureS(Revert):
    """A signature is not in its one accepted form."""

    signature = "ECDSAInvalidSignatureS(bytes32 s)"
    advice = "the signature's s {s} is in the upper half: sign with a wallet that follows EIP-2"


class LongName(InvalidInput, Revert):
    """A token's name does not fit a word."""

    signature = "StringTooLong(string str)"
    advice = "the name '{str}' is longer than 31 bytes: choose a shorter one"


class BadShortString(Revert):
    """A stored short string is corrupt."""

    signature = "InvalidShortString()"
    advice = "the contract's name is corrupt: deploy it again"


class TokenFailed(Revert):
    """A token refused a transfer, or is none."""

    signature = "SafeERC20FailedOperation(address token)"
    advice = "token {token} refused the transfer or is no token: check its address, the balance and the allowance"


class Reentered(Revert):
    """A token called back while it was being called."""

    signature = "ReentrancyGuardReentrantCall()"
    advice = "the token called back into the vault while it was being moved: use a standard ERC-20"


class FaucetNotLocal(Revert):
    """There is play money on local chains alone."""

    signature = "Faucet_NotLocal(uint256 chainId)"
    advice = "chain {chainId} is not a local one and gets no faucet: deploy without it and name a token to pay with"


class FaucetDry(NotEnoughTokens, Revert):
    """The faucet has given everything away."""

    signature = "Faucet_Dry(uint256 left, uint256 amount)"
    advice = "the faucet has {left} left and was asked for {amount}: ask for less"
