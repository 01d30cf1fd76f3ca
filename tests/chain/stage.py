"""A bounty with made-up digests on an embedded chain: what the tests of the chain room act on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from marketplace.chain.account import Account
from marketplace.chain.deploy import deploy
from marketplace.chain.embedded import EmbeddedChain
from marketplace.chain.signer import KeySigner
from marketplace.domain.abi import allowlist_proof, commit_hash, data_key_hash, shard_proof, shards_root, sheet_hash
from marketplace.domain.bounty import Phase
from marketplace.domain.events import Settled
from marketplace.domain.hashing import keccak
from marketplace.domain.scope import Scope
from marketplace.domain.sumtree import PayoutTree
from marketplace.domain.terms import ChainTerms, Phases, SheetHead

TOKEN = 10**18
SALT = bytes(31) + b"\x01"


def digest(*words: object) -> bytes:
    """Some digest or key that nothing else has."""
    return keccak(repr(words).encode())


SCORING = digest("scoring terms")
SHARDS = [(digest("rows", i), digest("cid", i), data_key_hash(digest("shard key", i))) for i in range(3)]


@dataclass(frozen=True)
class Payout:
    """A leaf of a payout tree and its proof."""

    index: int
    holder: str
    amount: int
    hashes: tuple[bytes, ...]
    sums: tuple[int, ...]
    sheet_hash: bytes = bytes(32)


class Stage:
    """One owner, three validators, four holders; every account has money, nothing is posted yet."""

    def __init__(self, chain=None) -> None:
        self.chain = chain or EmbeddedChain()
        banker = self.chain.signer()
        self.deployment = deploy(self.chain, banker)
        self._banker = Account(self.chain, self.deployment, banker)
        self.owner = self.person("owner")
        self.validators = [self.person(f"validator {i}") for i in range(3)]
        self.holders = [self.person(f"holder {i}") for i in range(4)]
        self.terms = ChainTerms(
            owner=self.owner.address,
            token=self.deployment.token,
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
            post_before=self.chain.clock.now() + 10_000,
            base_root=digest("base"),
            shards_root=shards_root(SHARDS, SCORING),
            allowlist_root=bytes(32),
            document=digest("terms"),
            phases=Phases(*range(1000, 1011)),
        )
        self.bounty = b""

    def person(self, name: str, tokens: int = 2_000 * TOKEN, chain_coin: int = 10**18) -> Account:
        """A funded account with `tokens` in the vault."""
        signer = KeySigner(digest(name))
        self.chain.fund(signer.address, chain_coin)
        self._banker.faucet.drip(tokens, signer.address)
        account = Account(self.chain, self.deployment, signer)
        account.vault.deposit_with_permit(tokens)
        return account

    @property
    def scope(self) -> Scope:
        """Where everything about the bounty is hashed into."""
        return Scope(self.chain.chain_id, self.deployment.market, self.bounty)

    # ------------------------------------------------------------------ the story, one step at a time
    def state(self):
        """Where the bounty stands."""
        return self.owner.bounty(self.bounty)

    def stake(self) -> None:
        """Every validator opens a ticket."""
        for validator in self.validators:
            validator.registry.stake(self.terms.ticket_stake, 1)

    def post(self, **changes: object) -> bytes:
        """The owner posts."""
        self.terms = replace(self.terms, **changes)
        self.bounty = self.owner.post(self.terms, SALT, digest("owner key"))
        return self.bounty

    def draw(self) -> None:
        """Wait for the block and draw."""
        self.chain.clock.wait_for_block(self.state().draw_block)
        self.owner.draw(self.bounty, self.terms)

    def seated(self):
        """Seat -> account of its validator."""
        by_address = {v.address: v for v in self.validators}
        return {i: by_address[self.owner.seat(self.bounty, i).validator] for i in range(self.terms.seats)}

    def turn(self, seat: int):
        """Account of the validator whose turn a vacant seat is."""
        turn = self.owner.candidate(self.state(), self.terms, seat)
        return next(v for v in self.validators if v.address == turn.validator)

    def acknowledge(self) -> None:
        """Whoever has the turn takes the seat."""
        for seat in range(self.terms.seats):
            self.turn(seat).acknowledge(self.bounty, self.terms, seat, digest("seat key", seat))

    def join(self, count: int = 3) -> None:
        """The first holders join, at indices in reverse."""
        allowed = [h.address for h in self.holders] if self.terms.allowlist_root != bytes(32) else []
        for i, holder in enumerate(self.holders[:count]):
            proof = allowlist_proof(allowed, holder.address)
            holder.join(self.bounty, self.terms, self.index(i), digest("key", i), proof)

    def index(self, i: int) -> int:
        """The index of holder number `i`."""
        return 6 - 2 * i

    def pass_deadline(self) -> None:
        """Wait until the phase is over."""
        self.chain.clock.wait_until(self.state().deadline + 1)

    def open_round(self, count: int = 3) -> None:
        """The owner opens the round for the first holders."""
        self.pass_deadline()
        bitmap = sum(1 << self.index(i) for i in range(count))
        self.owner.open_round(self.bounty, self.terms, bitmap, digest("root update"), digest("round"))

    def submit(self, count: int = 3) -> None:
        """The first holders submit."""
        for i, holder in enumerate(self.holders[:count]):
            holder.submit(self.bounty, digest("commitment", i), digest("submission", i))

    def open_shard(self) -> None:
        """The owner opens the shard."""
        self.pass_deadline()
        self.owner.open_shard(self.bounty, self.terms, digest("shard"))

    def attest(self, *, opened: bool = True) -> None:
        """Every seat says it holds everything."""
        everything = self.state().submitted
        for seat, validator in self.seated().items():
            validator.attest(self.bounty, self.terms, seat, everything, opened, digest("shares", seat))

    def rebut(self) -> None:
        """The owner publishes the shard's key."""
        number = self.state().round
        root, name, _ = SHARDS[number]
        proof = shard_proof(SHARDS, SCORING, number)
        self.owner.rebut(self.bounty, self.terms, digest("shard key", number), root, name, proof)

    def payouts(self) -> PayoutTree:
        """60 to the first holder, 25 to the second, nothing to the third."""
        amounts = enumerate((60 * TOKEN, 25 * TOKEN))
        return PayoutTree({self.index(i): (self.holders[i].address, amount) for i, amount in amounts})

    def sheet(self, **changes: object) -> SheetHead:
        """What honest seats say about the round."""
        state, tree = self.state(), self.payouts()
        sheet = SheetHead(
            included=state.included,
            breached=0,
            trace_root=digest("trace"),
            payout_root=tree.root,
            pool=tree.total,
            next_base_root=digest("next base", state.round),
            adopted=True,
            released=state.round == self.terms.rounds - 1,
            aggregate=digest("aggregate", state.round),
            document=digest("sheet", state.round),
        )
        return replace(sheet, **changes)

    def commit(self, sheet: SheetHead) -> None:
        """Every seat commits to the sheet."""
        for seat in self.seated():
            self.commit_seat(seat, sheet)

    def commit_seat(self, seat: int, sheet: SheetHead) -> None:
        """One seat does."""
        validator, round_ = self.seated()[seat], self.state().round
        word = sheet_hash(self.scope, round_, sheet)
        salt = digest("salt", seat)
        validator.commit(self.bounty, seat, commit_hash(self.scope, round_, seat, validator.address, word, salt))

    def reveal(self, sheet: SheetHead) -> None:
        """Every seat reveals it."""
        for seat in self.seated():
            self.reveal_seat(seat, sheet)

    def reveal_seat(self, seat: int, sheet: SheetHead) -> None:
        """One seat does."""
        self.seated()[seat].reveal(self.bounty, self.terms, seat, sheet, digest("salt", seat))

    def settle(self, sheet: SheetHead) -> None:
        """Anybody settles, once the window is over."""
        self.pass_deadline()
        self.holders[0].settle(self.bounty, self.terms, sheet)

    def serve(self) -> None:
        """Every seat serves, and somebody ends the phase if that did not."""
        for seat, validator in self.seated().items():
            validator.serve(self.bounty, seat, digest("served", seat))
        if self.state().phase is Phase.SERVE:
            self.push()

    def push(self) -> None:
        """Advance the bounty."""
        self.holders[0].advance(self.bounty, self.terms)

    def start(self, **changes: object) -> None:
        """Stake, post, draw, acknowledge."""
        self.stake()
        self.post(**changes)
        self.draw()
        self.acknowledge()

    def play_round(self, sheet: SheetHead | None = None) -> SheetHead:
        """Everything from opening the round to serving, honestly; return the sheet."""
        self.open_round()
        self.submit()
        self.open_shard()
        self.attest()
        sheet = sheet or self.sheet()
        self.commit(sheet)
        if self.state().phase is Phase.COMMIT:
            self.push()
        self.reveal(sheet)
        self.settle(sheet)
        self.serve()
        return sheet

    def settled_on(self, round_: int) -> bytes:
        """Hash of the sheet that a round was settled on."""
        found = self.owner.events(self.bounty, 0, self.owner.head(), kinds=[Settled])
        return next(event.sheet_hash for event in found if event.round == round_)

    def claim(self, round_: int) -> None:
        """Claim every payout of a round."""
        tree = self.payouts()
        for index, (holder, amount) in tree.payouts.items():
            payout = Payout(index, holder, amount, *tree.proof(index), self.settled_on(round_))
            self.owner.claim(self.bounty, self.terms, round_, payout)
