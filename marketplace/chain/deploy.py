"""Putting the contracts on a chain, and remembering where they lie.

Vault, registry, referee and market know each other for ever and nobody can change that: each is told the others'
addresses in its constructor before they exist, because an address follows from its creator and the creator's nonce.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Self

from eth_utils.address import is_checksum_address, to_checksum_address

from marketplace.chain.artefacts import artefact
from marketplace.chain.codec import encode
from marketplace.chain.contract import Contract
from marketplace.domain.errors import ChainError, InvalidInput
from marketplace.domain.hashing import keccak

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marketplace.chain.node import Chain
    from marketplace.chain.signer import Signer

__all__ = ["JUDGES", "PLAY_MONEY", "Deployment", "created_address", "deploy"]

JUDGES: Final = ("AnswerJudge", "ActivationJudge", "SumJudge", "ModelJudge", "MoneyJudge", "InputJudge")
"""Who the referee asks, in its constructor's order: about answers, then about steps by their kind's second digit."""

PLAY_MONEY: Final = 10**27
"""Supply of the reward token on local chains, in its smallest unit: a billion."""


@dataclass(frozen=True)
class Deployment:
    """Where the contracts of one deployment lie.

    Attributes:
        chain_id: EIP-155 id of their chain.
        vault, registry, referee, market: addresses, EIP-55 text.
        token, faucet: of local chains; None elsewhere.
        block: the first block that can hold their events.
    """

    chain_id: int
    vault: str
    registry: str
    referee: str
    market: str
    token: str | None
    faucet: str | None
    block: int

    def to_json(self) -> str:
        """Return it as JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; raises InvalidInput for anything else."""
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            msg = "this is not a deployment file: use the one that `deploy` wrote"
            raise InvalidInput(msg) from error
        required = (found.vault, found.registry, found.referee, found.market)
        optional = tuple(a for a in (found.token, found.faucet) if a is not None)
        numbers = (found.chain_id, found.block)
        if not all(is_checksum_address(a) for a in required + optional) or not all(type(n) is int for n in numbers):
            msg = "the deployment file holds a malformed address or number: use the one that `deploy` wrote"
            raise InvalidInput(msg)
        return found


def created_address(creator: str, nonce: int) -> str:
    """Return the address of the contract that `creator`'s transaction number `nonce` makes."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    if nonce == 0 or nonce >= 1 << 7:  # RLP: a byte below 128 stands for itself
        number = bytes([0x80 + len(number)]) + number
    content = b"\x94" + bytes.fromhex(creator.removeprefix("0x")) + number
    return str(to_checksum_address(keccak(bytes([0xC0 + len(content)]), content)[12:]))


def deploy(chain: Chain, deployer: Signer, *, faucet: bool = True) -> Deployment:
    """Deploy the judges, vault, registry, referee and market, and on local chains the reward token with its faucet.

    Nothing is left in the deployer's power: the contracts have no owner.

    Raises:
        Refused: a faucet was asked for on a chain that is not local.
        ChainError: the deployer sent other transactions meanwhile, so that addresses came out differently.
    """
    block = chain.head() + 1
    judges = [_create(chain, deployer, name, {}) for name in JUDGES]
    nonce = chain.nonce(deployer.address)
    vault, registry, referee, market = (created_address(deployer.address, nonce + i) for i in range(4))
    _create(chain, deployer, "Vault", {"market_": market, "registry_": registry, "referee_": referee}, vault)
    _create(chain, deployer, "Registry", {"market_": market, "vault_": vault}, registry)
    _create(chain, deployer, "Referee", {"market_": market, "vault_": vault, "judges": judges}, referee)
    _create(chain, deployer, "Market", {"vault_": vault, "registry_": registry, "referee_": referee}, market)
    token = source = None
    if faucet:
        source = _create(chain, deployer, "Faucet", {"supply": PLAY_MONEY})
        token = str(Contract(chain, "Faucet", source, deployer).view("token"))
    return Deployment(chain.chain_id, vault, registry, referee, market, token, source, block)


def _create(
    chain: Chain, deployer: Signer, name: str, values: Mapping[str, object], expected: str | None = None
) -> str:
    """Create a contract from its constructor's values by name; return its address."""
    compiled = artefact(name)
    parameters = compiled.interface.constructor
    arguments = encode([kind for _, kind in parameters], [values[parameter] for parameter, _ in parameters])
    address = chain.send(deployer, None, compiled.bytecode + arguments).contract
    if address is None or (expected is not None and address != expected):
        msg = f"{name} came to lie elsewhere than expected: send nothing else while deploying, and deploy again"
        raise ChainError(msg)
    return address
