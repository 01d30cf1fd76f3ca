"""What a run left behind, and whether anything was lost, doubled or conjured up.

Everything is read from the honest node and from the disk, after everybody has gone.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from client.demo.books import accounts_in
from client.home import Home
from marketplace.chain.artefacts import artefact
from marketplace.domain import events as ev
from marketplace.domain.bounty import CloseReason
from marketplace.storage.cid import digest_of
from marketplace.storage.folder import FolderStore
from marketplace.storage.store import read_bytes
from tests.chaos.run import Run
from tests.chaos.town import PASSWORD

__all__ = ["Verdict", "judge", "wrongs"]

_MOST_BYTES = 1 << 20
_ONCE = {
    ev.Posted: ("bounty",),
    ev.Acknowledged: ("bounty", "seat"),
    ev.Joined: ("bounty", "holder"),
    ev.Left: ("bounty", "holder"),
    ev.RoundOpened: ("bounty", "round"),
    ev.Submitted: ("bounty", "round", "holder"),
    ev.ShardOpened: ("bounty", "round"),
    ev.Attested: ("bounty", "round", "seat"),
    ev.Committed: ("bounty", "round", "seat"),
    ev.Revealed: ("bounty", "round", "seat"),
    ev.Agreed: ("bounty", "round", "seat"),
    ev.Settled: ("bounty", "round"),
    ev.Served: ("bounty", "round", "seat"),
    ev.Claimed: ("bounty", "round", "holder"),
    ev.Staked: ("validator",),
    ev.TicketLeft: ("pool", "ticket"),
}
"""What of each kind of event may exist once."""
_ANYBODYS = ("advance", "draw", "settle", "claim", "claimHeld", "collect")
"""Acts that whoever comes first does: who that is differs between runs, how many there are does not."""
_SAME = {"agree": "reveal"}
"""Of the seats with the same sheet the first one reveals it, and the others agree."""


@dataclass(frozen=True)
class Verdict:
    """What a run ended with.

    Attributes:
        wallets: name -> tokens in the wallet. left: name -> tokens that are still in the vault.
        burned, held: what the vault has beyond that. deposited, withdrawn: sums over all events.
        closed: why the bounty ended; None when there is none. settled: rounds that were.
        acts: (who, function) -> transactions that succeeded; who is `anybody` for what anybody may do.
        wasted: transactions that were mined and refused, or only fill a gap between two nonces.
        doubled: what happened more than once, as text.
        slashed: seats that were.
        sealed: holders' submissions that exist, whether the chain names them or not.
    """

    wallets: dict[str, int]
    left: dict[str, int]
    granted: int
    burned: int
    held: int
    deposited: int
    withdrawn: int
    closed: CloseReason | None
    settled: tuple[int, ...]
    acts: Counter[tuple[str, str]]
    wasted: int
    doubled: tuple[str, ...]
    slashed: int
    sealed: int


def judge(run: Run) -> Verdict:
    """Look at everything a run left."""
    account, vault = run.account, run.account.vault
    people, events = run.town.people, _events(run)
    moved = list(account.money_events(account.deployment.block, account.head()))
    staked = [e for e in moved if isinstance(e, ev.Staked | ev.TicketLeft)]
    acts, wasted = _transactions(run)
    documents = _submissions(run)
    closed = [e.reason for e in events if isinstance(e, ev.Closed)]
    return Verdict(
        wallets={p.name: account.token.balance(p.address) for p in people},
        left={p.name: vault.balance(p.address) for p in people},
        granted=sum(p.grant for p in people),
        burned=vault.burned(),
        held=sum(vault.balance(account) for account in accounts_in(moved)) - vault.burned(),
        deposited=sum(e.amount for e in moved if isinstance(e, ev.Deposited)),
        withdrawn=sum(e.amount for e in moved if isinstance(e, ev.Withdrawn)),
        closed=closed[0] if closed else None,
        settled=tuple(e.round for e in events if isinstance(e, ev.Settled)),
        acts=acts,
        wasted=wasted,
        doubled=(*_doubled([*events, *staked]), *_second_keys(run, events, documents)),
        slashed=sum(isinstance(e, ev.SeatSlashed) for e in events),
        sealed=sum(map(len, documents.values())),
    )


def wrongs(found: Verdict, undisturbed: Verdict | None = None) -> list[str]:
    """Return what is wrong with the end of a run, as sentences; nothing for a run as it should be.

    Args:
        found: what the run left.
        undisturbed: a run nobody disturbed, when this one has to end alike; None for one that may have been void, or
            in which seats may have been slashed: then only no unit may be missing.
    """
    out = [f"happened twice: {text}" for text in found.doubled]
    books = found.withdrawn + found.burned + found.held
    if found.deposited != books:
        out.append(f"{found.deposited} went into the vault, and {books} came out or is there")
    wallets = sum(found.wallets.values())
    if wallets + found.burned + found.held != found.granted:
        out.append(f"there were {found.granted}; there are {wallets} in wallets, {found.burned + found.held} elsewhere")
    if found.held or any(found.left.values()):
        out.append(f"{found.held} was not withdrawn, of that {found.left} on accounts of people")
    if found.closed is None:
        out.append("the bounty is not closed")
    return out if undisturbed is None else [*out, *_differences(found, undisturbed)]


def _differences(found: Verdict, undisturbed: Verdict) -> Iterator[str]:
    for name, tokens in undisturbed.wallets.items():
        if found.wallets[name] != tokens:
            yield f"{name} has {found.wallets[name]} and not {tokens}"
    if (found.closed, found.settled) != (undisturbed.closed, undisturbed.settled):
        yield f"it ended as {found.closed!r} with rounds {found.settled} settled"
    for act in found.acts.keys() | undisturbed.acts.keys():
        # What a seat is owed may be collected in two parts, when a block that was taken back owed the second one.
        if act[1] != "collect" and found.acts[act] > undisturbed.acts[act]:
            yield f"{act[0]} did {act[1]} {found.acts[act]} times and not {undisturbed.acts[act]}"


# ---------------------------------------------------------------------- the chain
def _events(run: Run) -> list[ev.Event]:
    account = run.account
    if run.where() is None:
        return []
    return list(account.events(run.bounty, account.deployment.block, account.head()))


def _doubled(events: list[ev.Event]) -> list[str]:
    seen: Counter[tuple[object, ...]] = Counter()
    for event in events:
        for kind, names in _ONCE.items():
            if type(event) is kind:
                seen[kind.__name__, *(getattr(event, name) for name in names)] += 1
    return [
        f"{what[0]} {[w.hex() if isinstance(w, bytes) else w for w in what[1:]]}" for what, n in seen.items() if n > 1
    ]


def _transactions(run: Run) -> tuple[Counter[tuple[str, str]], int]:
    """Count everybody's transactions by function, and those that did nothing."""
    names = {p.address.lower(): p.name for p in run.town.people}
    functions = {
        codec.selector.hex(): name
        for contract in ("Market", "Registry", "Vault", "RewardToken")
        for name, codec in artefact(contract).interface.functions.items()
    }
    acts, wasted = Counter(), 0
    for number in range(run.account.deployment.block, run.account.head() + 1):
        for sent in run.town.rpc.ask("eth_getBlockByNumber", hex(number), True)["transactions"]:
            if sent["from"].lower() not in names:
                continue
            receipt = run.town.rpc.ask("eth_getTransactionReceipt", sent["hash"])
            if not int(receipt["status"], 16) or sent["input"] == "0x":
                wasted += 1
                continue
            function = functions.get(sent["input"][2:10], sent["input"][2:10])
            function = _SAME.get(function, function)
            acts["anybody" if function in _ANYBODYS else names[sent["from"].lower()], function] += 1
    return acts, wasted


# ---------------------------------------------------------------------- the disk
def _submissions(run: Run) -> dict[tuple[str, int], set[tuple[str, str]]]:
    """(holder, round) -> (digest, key hash) of every submission document that was ever stored."""
    found = defaultdict(set)
    if not (run.folder / "store").exists():
        return found
    store = FolderStore(run.folder / "store")
    for cid in {path.name.partition(".")[0] for path in store._layout.files()}:  # let go of or not
        data = read_bytes(store, cid, max_bytes=1 << 26)
        if len(data) < _MOST_BYTES and data[:1] == b"{":
            value = json.loads(data)
            if value.get("kind") == "submission":
                found[value["holder"], value["round"]].add((digest_of(cid).hex(), value["key_hash"]))
    return found


def _second_keys(run: Run, events: list[ev.Event], documents) -> list[str]:
    """Return what a holder sealed under a second key, and what a journal says otherwise than the chain."""
    out = [
        f"{holder} sealed round {round_} under {len(keys)} keys"
        for (holder, round_), sealed in documents.items()
        if len(keys := {key for _, key in sealed}) > 1
    ]
    on_chain = {(e.holder, e.round): e.document for e in events if isinstance(e, ev.Submitted)}
    for person in run.town.people:
        if not (run.home(person) / "journal").exists():
            continue
        home = Home.open(run.home(person))
        with home.journal(home.unlock(PASSWORD)) as journal:
            secrets, posts = journal.names("secret/"), journal.names("post")
            if len(secrets) > 1 or len(posts) > 1:
                out.append(f"{person.name} has {len(secrets)} secrets and {len(posts)} posts in the journal")
            if person.role != "holder":
                continue
            kept = [journal.get(name) for name in journal.names("submission/")]
            for (holder, round_), document in on_chain.items():
                if holder == person.address and document not in [value[32:64] for value in kept if value]:
                    out.append(f"{person.name}'s journal does not know what it submitted in round {round_}")
    return out


def logs_of(folder: Path) -> str:
    """Return what everybody said in a run, for people."""
    return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')}" for path in sorted(folder.glob("*.log")))
