"""Everybody in a demonstration that is played in one process: people with money in the vault, and what they bring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from client.demo.people import HONEST, Person, Programme
from client.demo.script import write_script
from client.holder import DataHolder
from client.log import BountyLog
from client.owner import ModelOwner
from client.validator import Validator
from marketplace.sealing.identity import EncryptionIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.demo.devnet import Devnet
    from client.demo.plan import DemoOptions
    from client.demo.script import Script
    from marketplace.datasets import Split
    from marketplace.storage.store import Store

__all__ = ["Cast", "build_cast"]


@dataclass
class Cast:
    """The people of a demonstration.

    Attributes:
        programme: what is played and by whom.
    """

    split: Split
    store: Store
    chain: Devnet
    owner: ModelOwner
    programme: Programme
    validators: list[Validator] = field(default_factory=list)
    holders: list[DataHolder] = field(default_factory=list)

    @property
    def everybody(self) -> Sequence[ModelOwner | Validator | DataHolder]:
        """The owner, the validators, then the holders in the order they submit."""
        return [self.owner, *self.validators, *self.holders]


def build_cast(options: DemoOptions, chain: Devnet, store: Store) -> Cast:
    """Split the data, fund everybody, stake the validators' tickets and post nothing yet."""
    script = write_script(options, chain.token, chain.now())
    terms = script.inputs.chain
    account = chain.account(terms.escrow)
    owner = ModelOwner("owner", account, EncryptionIdentity.generate(), store, script.inputs.plan())
    validators, holders = _validators(script, chain, store), _holders(script, chain, store)
    people = [
        Person("owner", "owner", HONEST, owner.address, terms.escrow),
        *(Person(v.name, "validator", HONEST, v.address, terms.ticket_stake) for v in validators),
        *(
            Person(h.name, "holder", part.kind, h.address, script.purse)
            for h, part in zip(holders, script.holders, strict=True)
        ),
    ]
    programme = Programme(script.inputs.title, terms, tuple(people), script.inputs.privacy)
    return Cast(script.split, store, chain, owner, programme, validators, holders)


def _validators(script: Script, chain: Devnet, store: Store) -> list[Validator]:
    found, stake = [], script.inputs.chain.ticket_stake
    for name in script.validators:
        account = chain.account(stake)
        account.registry.stake(stake, 1)
        found.append(Validator(name, account, EncryptionIdentity.generate(), store, BountyLog(account, b"")))
    return found


def _holders(script: Script, chain: Devnet, store: Store) -> list[DataHolder]:
    found = []
    for part in script.holders:
        account, identity = chain.account(script.purse), EncryptionIdentity.generate()
        found.append(DataHolder(part.name, account, identity, store, BountyLog(account, b""), part.trainer()))
    return found
