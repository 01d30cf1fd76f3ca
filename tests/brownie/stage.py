"""A bounty through Brownie: the one place of its suite that knows what the contracts are called with."""

from __future__ import annotations

import brownie

from marketplace.domain.abi import bounty_id, data_key_hash, shards_root
from marketplace.domain.bounty import Phase
from marketplace.domain.hashing import keccak
from marketplace.domain.scope import Scope
from marketplace.domain.terms import ChainTerms, Phases
from marketplace.domain.words import address_word

__all__ = ["PURSE", "SALT", "TOKEN", "Stage", "digest", "refusal"]

TOKEN = 10**18
PURSE = 2_000 * TOKEN
SALT = bytes(31) + b"\x01"


def digest(*words: object) -> bytes:
    """Some digest or key that nothing else has."""
    return keccak(repr(words).encode())


SCORING = digest("scoring terms")
SHARDS = [(digest("rows", i), digest("cid", i), data_key_hash(digest("shard key", i))) for i in range(3)]


def refusal(error: str, *values: object) -> str:
    """Return a custom error as Brownie shows it; addresses are hexadecimal text, ids are bytes."""
    shown = (value.lower() if isinstance(value, str) else repr(value) for value in values)
    return f"{error}: {', '.join(shown)}"


class Stage:
    """One owner, three validators, four holders and a stranger; nothing is paid in or posted yet."""

    def __init__(self, deployment, accounts) -> None:
        compiled = brownie.project.get_loaded_projects()[0]
        self.vault, self.registry, self.market, self.faucet = (
            compiled[name].at(deployment[name.lower()]) for name in ("Vault", "Registry", "Market", "Faucet")
        )
        self.token = compiled["RewardToken"].at(deployment["token"])
        self.owner, self.stranger = str(accounts[1]), str(accounts[9])
        self.validators, self.holders = [str(a) for a in accounts[2:5]], [str(a) for a in accounts[5:9]]
        self.terms = ChainTerms(
            owner=self.owner,
            token=self.token.address,
            round_budget=100 * TOKEN,
            ticket_stake=200 * TOKEN,
            fee=TOKEN,
            holder_stake=10 * TOKEN,
            seat_pay=3 * TOKEN,
            bond=100 * TOKEN,
            compensation=2 * TOKEN,
            rounds=2,
            seats=3,
            min_holders=2,
            max_holders=8,
            post_before=brownie.chain.time() + 100_000,
            base_root=digest("base"),
            shards_root=shards_root(SHARDS, SCORING),
            allowlist_root=bytes(32),
            document=digest("terms"),
            phases=Phases(*range(1000, 1011)),
        )
        self.bounty = b""

    # ---------------------------------------------------------------- what can be asked
    @property
    def scope(self) -> Scope:
        """Where everything about the bounty is hashed into."""
        return Scope(brownie.chain.id, self.market.address, self.bounty)

    def words(self):
        """The terms as every call passes them."""
        return self.terms.packed()

    def terms_hash(self) -> bytes:
        """What the market keeps of the terms."""
        return self.terms.hash

    def state(self):
        """Where the bounty stands: the market's view, its fields by name."""
        return self.market.bountyOf(self.bounty).dict()

    def phase(self) -> Phase:
        """The phase it is in."""
        return Phase(self.state()["phase"])

    def balance(self, account: str | bytes) -> int:
        """What a person, a bounty or a pool has in the vault."""
        return self.vault.balanceOf(self.token, address_word(account) if isinstance(account, str) else account)

    def pool(self) -> bytes:
        """The account of the pool that seats are drawn from."""
        return bytes(self.registry.poolOf(self.token, self.terms.ticket_stake))

    def everything(self) -> int:
        """The sum of all accounts that money can be in."""
        people = [self.owner, self.stranger, *self.validators, *self.holders]
        known = [*people, self.pool(), bytes(self.vault.BURNED()), *([self.bounty] if self.bounty else [])]
        return sum(self.balance(account) for account in known)

    # ---------------------------------------------------------------- the story, one step at a time
    def pay_in(self, person: str, amount: int = PURSE) -> None:
        """Give somebody tokens and let them deposit these."""
        self.faucet.drip(person, amount, {"from": person})
        self.token.approve(self.vault, amount, {"from": person})
        self.vault.deposit(self.token, amount, {"from": person})

    def stake(self) -> None:
        """Every validator opens a ticket."""
        for validator in self.validators:
            self.pay_in(validator)
            self.registry.stake(self.token, self.terms.ticket_stake, 1, {"from": validator})

    def post(self, sender: str | None = None) -> bytes:
        """The owner posts; return what the market says the bounty's id is."""
        sender = sender or self.owner
        receipt = self.market.post(SALT, (self.words(), self.terms.roots), digest("owner key"), {"from": sender})
        self.bounty = bounty_id(brownie.chain.id, self.market.address, sender, SALT)
        return bytes(receipt.events["Posted"]["bounty"])

    def draw(self):
        """Wait for the block, and let anybody draw."""
        brownie.chain.mine(max(0, self.state()["drawBlock"] - brownie.chain.height))
        return self.draw_now()

    def draw_now(self):
        """Let anybody draw, whatever the block."""
        return self.market.draw(self.bounty, self.words(), {"from": self.stranger})

    def seated(self) -> dict[int, str]:
        """Seat -> the validator that holds it."""
        return {seat: self.market.seatOf(self.bounty, seat).dict()["validator"] for seat in range(self.terms.seats)}

    def candidate(self, seat: int):
        """Return whose turn it is to take a vacant seat, with which ticket, after how many others."""
        return self.registry.candidate(self.pool(), tuple(self.state()["drawn"].values()), seat)

    def turn(self, seat: int) -> str:
        """Return whose turn it is to take a vacant seat."""
        return self.candidate(seat)[0]

    def not_your_turn(self, seat: int, validator: str) -> str:
        """Return the refusal of a validator whose turn it is not."""
        return refusal("Registry_NotYourTicket", self.pool(), self.candidate(seat)[1], validator)

    def acknowledge(self) -> None:
        """Every seat is taken by whoever's turn it is."""
        for seat in range(self.terms.seats):
            self.take(seat, self.turn(seat))

    def take(self, seat: int, validator: str):
        """Somebody takes a seat."""
        _, _, tries = self.candidate(seat)
        return self.market.acknowledge(
            self.bounty, self.words(), seat, tries, digest("seat key", seat), {"from": validator}
        )

    def join(self, holder: str, index: int):
        """One holder joins."""
        return self.market.join(self.bounty, self.words(), index, digest("key", index), [], {"from": holder})

    def leave(self, holder: str):
        """One holder leaves."""
        return self.market.leave(self.bounty, self.words(), holder, {"from": holder})

    def advance(self, later: int = 0):
        """Anybody pushes the bounty on, `later` seconds after the deadline of its phase."""
        left = self.state()["deadline"] + later + 1 - brownie.chain.time()
        if left > 0:
            brownie.chain.sleep(left)
            brownie.chain.mine()
        return self.market.advance(self.bounty, self.words(), {"from": self.stranger})
