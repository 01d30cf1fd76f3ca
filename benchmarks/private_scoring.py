"""How long scoring a round on shares takes: three processes, mutual TLS, all coalitions of eight updates.

    python benchmarks/private_scoring.py [--repetitions 2] [--runs 3] [--shape 64-32-10 --rows 500]

Every run is compared with the plaintext scorer, figure by figure. BLAS has one thread. Times are of the slowest party,
from the moment all three are connected, and of the best run. "cpu/2" is the processor time of the three parties over
two cores: what it would take if nobody else used the machine. Ratios are of processor times.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import secrets
import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from client.private_score import SharedInput, score_privately
from marketplace.domain.bounds import Bounds
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.update import Update, apply, difference
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import PARTIES, Shares, split
from marketplace.privacy.sharing.tls import Peer, TlsChannel, listen
from marketplace.scoring.round import RoundFigures, RoundFrame, RoundInput, Submission, score_round

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from numpy.typing import NDArray

    Job = Callable[[Party, list[Shares], Any], Any]

SHAPES = {"59-32-2": 455, "64-32-10": 500, "784-64-10": 500}
SUBMISSIONS = 8
CORES = 2


def make_round(shape: Shape, rows: int) -> RoundInput:
    """Return a random round in which every submission is trusted, with weights and updates as training leaves them."""
    rng = np.random.default_rng(0)
    layers = tuple(
        Layer(rng.normal(0, 1024 / s[1] ** 0.5, s).astype(int), rng.normal(0, 3000, s[0]).astype(int))
        for s in shape.layers
    )
    spread = 1000 / shape.parameters**0.5
    root = rng.normal(0, spread, shape.parameters)
    updates = [root + rng.normal(0, spread, shape.parameters) for _ in range(SUBMISSIONS)]
    features = np.clip(np.rint(24 * rng.normal(0, 1, (rows, shape.inputs))), -127, 127)
    scoring = ScoringTerms(shape, bounds=Bounds(4096, 4096, 8192, 8192, 8192), max_submissions=SUBMISSIONS)
    aggregate = Update.from_flat((root + rng.normal(0, spread, shape.parameters)).astype(int), shape)
    return RoundInput(
        scoring=scoring,
        base=apply(Network(layers, Scales()), aggregate, scoring.bounds),
        rows=features.astype(np.int8),
        labels=rng.integers(0, shape.classes, rows),
        submissions=tuple(
            Submission(i, f"0x{i:040x}", Update.from_flat(u.astype(int), shape)) for i, u in enumerate(updates)
        ),
        root_update=Update.from_flat(root.astype(int), shape),
        last_aggregate=aggregate,
        last_submissions=(),
        seed=bytes(32),
        round_budget=10**21,
        min_holders=3,
    )


def figures(score: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    """Return every figure of a score, comparable."""
    return {f.name: getattr(score, f.name) for f in fields(RoundFigures)}


def seat(pipe: Connection, me: int, repetitions: int, job: Job, given: Any) -> None:  # noqa: ANN401 - the job's
    """Be one of three parties, in a process of its own."""
    threadpool_limits(1)
    identity, listener = TlsIdentity.generate(), listen()
    pipe.send((identity.fingerprint, listener.getsockname()[1]))
    peers = [Peer("127.0.0.1", port, fingerprint) for fingerprint, port in pipe.recv()]
    channel = TlsChannel(me, identity, listener, peers)
    shares = [Shares(first, second) for first, second in pipe.recv()]
    try:
        party = Party.start(channel, secrets.token_bytes(16), repetitions)
        start, spent = time.perf_counter(), time.process_time()
        result = job(party, shares, given)
        took, spent = time.perf_counter() - start, time.process_time() - spent
        pipe.send((took, spent, result))
    finally:
        channel.close()


def in_processes(
    job: Job,
    values: Sequence[NDArray[np.integer]],
    given: Any,  # noqa: ANN401 - the job's
    repetitions: int = 0,
) -> tuple[float, float, list[Any]]:
    """Have three parties do a job on shares of `values`.

    Returns:
        The seconds of the slowest party, those that two idle cores would take, and what each party's job returned.
    """
    components = [split(v) for v in values]
    context = mp.get_context("spawn")
    pipes = [context.Pipe() for _ in range(PARTIES)]
    seats = [
        context.Process(target=seat, args=(pipes[me][1], me, repetitions, job, given), daemon=True)
        for me in range(PARTIES)
    ]
    for process in seats:
        process.start()
    met = [here.recv() for here, _ in pipes]
    for here, _ in pipes:
        here.send(met)
    for me, (here, _) in enumerate(pipes):
        here.send([(c[me], c[(me + 1) % PARTIES]) for c in components])
    results: list[tuple[float, float, Any]] = [here.recv() for here, _ in pipes]
    for process in seats:
        process.join()
    spent = sum(cpu for _, cpu, _ in results) / CORES
    return max(took for took, _, _ in results), spent, [result for _, _, result in results]


def first_of(world: RoundInput) -> Network:
    """Return the model that the round's is one aggregate away from: seats know that one, and share the distance."""
    assert world.last_aggregate is not None  # noqa: S101 - `make_round` made one
    layers = (
        Layer(layer.weight - change.weight, layer.bias - world.base.scales.bias_unit(i) * change.bias)
        for i, (layer, change) in enumerate(zip(world.base.layers, world.last_aggregate.layers, strict=True))
    )
    return Network(tuple(layers), world.base.scales)


def score(party: Party, shares: list[Shares], given: tuple[Shape, int]) -> dict[str, Any]:
    """Score the random round, and return its figures."""
    world = make_round(*given)
    frame = RoundFrame(**{f.name: getattr(world, f.name) for f in fields(RoundFrame)})
    bare = replace(frame, submissions=tuple(replace(s, update=None) for s in world.submissions))
    updates, model, root = shares
    brought = SharedInput(first_of(world), model, root, updates, updates[:0])
    return figures(score_privately(party, bare, brought).figures)


def play(shape: Shape, rows: int, repetitions: int) -> tuple[float, float]:
    """Score one round, and return the seconds of the slowest party, and those that two idle cores would take."""
    world = make_round(shape, rows)
    updates = np.array([s.update.flat() for s in world.submissions if s.update is not None])
    moved = difference(world.base, first_of(world)).flat()
    took, spent, scores = in_processes(
        score, [updates, np.stack([moved, moved]), world.root_update.flat()[None]], (shape, rows), repetitions
    )
    if scores != [figures(score_round(world))] * PARTIES:
        message = "the private score is not the plaintext one"
        raise SystemExit(message)
    return took, spent


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--rows", type=int)
    given = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    print(f"256 coalitions of 8 updates; verified: a liar is caught with probability 1 - 2^-{given.repetitions}")
    print(f"{'network':>10} {'rows':>4} {'plain':>7} {'private':>8} {'cpu/2':>6} {'verified':>8} {'cpu/2':>6}   ratios")
    for name in [given.shape] if given.shape else SHAPES:
        shape, rows = Shape(*map(int, name.split("-"))), given.rows or SHAPES[name]
        world = make_round(shape, rows)
        with threadpool_limits(1):
            plain = min(_timed(world) for _ in range(given.runs))
        private, private_cpu = _best(shape, rows, 0, given.runs)
        verified, verified_cpu = _best(shape, rows, given.repetitions, given.runs)
        print(
            f"{name:>10} {rows:>4} {plain:>6.3f}s {private:>7.2f}s {private_cpu:>5.2f}s {verified:>7.2f}s "
            f"{verified_cpu:>5.2f}s   {private_cpu / plain:.0f} to plain, {verified_cpu / private_cpu:.1f} to private",
            flush=True,
        )


def _best(shape: Shape, rows: int, repetitions: int, runs: int) -> tuple[float, float]:
    times = [play(shape, rows, repetitions) for _ in range(runs)]
    return min(wall for wall, _ in times), min(cpu for _, cpu in times)


def _timed(world: RoundInput) -> float:
    start = time.perf_counter()
    score_round(world)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
