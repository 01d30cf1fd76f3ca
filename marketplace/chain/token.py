"""An ERC-20 token as Python, and the faucet that local chains have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketplace.chain.contract import Contract

if TYPE_CHECKING:
    from marketplace.chain.node import Chain, Receipt
    from marketplace.chain.signer import Signer

__all__ = ["Faucet", "Token"]


class Token(Contract):
    """A token with EIP-2612 permits, with one account acting on it; amounts are in its smallest unit."""

    def __init__(self, chain: Chain, address: str, signer: Signer) -> None:
        super().__init__(chain, "RewardToken", address, signer)

    def balance(self, address: str | None = None) -> int:
        """Return what an address (None: the signer) holds outside the vault."""
        found: int = self.view("balanceOf", address or self.signer.address)
        return found

    def allowance(self, owner: str, spender: str) -> int:
        """Return what `spender` may still take from `owner`."""
        found: int = self.view("allowance", owner, spender)
        return found

    def approve(self, spender: str, amount: int) -> Receipt:
        """Let `spender` take up to `amount` from the signer."""
        return self.act("approve", spender, amount)

    def transfer(self, to: str, amount: int) -> Receipt:
        """Send tokens."""
        return self.act("transfer", to, amount)

    def symbol(self) -> str:
        """Return its short name."""
        return str(self.view("symbol"))

    def decimals(self) -> int:
        """Return how many decimals one unit has."""
        return int(self.view("decimals"))

    def permit(self, spender: str, amount: int, deadline: int) -> tuple[int, bytes, bytes]:
        """Return the signer's signature (v, r, s) over an EIP-2612 permit."""
        _, name, version, chain_id, contract, _, _ = self.view("eip712Domain")
        owner = self.signer.address
        message: dict[str, Any] = {
            "types": {"EIP712Domain": _DOMAIN, "Permit": _PERMIT},
            "primaryType": "Permit",
            "domain": {"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract},
            "message": {
                "owner": owner,
                "spender": spender,
                "value": amount,
                "nonce": self.view("nonces", owner),
                "deadline": deadline,
            },
        }
        return self.signer.sign_typed_data(message)


class Faucet(Contract):
    """Free tokens on local chains, with one account asking."""

    def __init__(self, chain: Chain, address: str, signer: Signer) -> None:
        super().__init__(chain, "Faucet", address, signer)

    def drip(self, amount: int, to: str | None = None) -> Receipt:
        """Give `amount` of the deployment's token to an address (None: the signer)."""
        return self.act("drip", to or self.signer.address, amount)


_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_PERMIT = [
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]
