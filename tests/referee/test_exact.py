"""The referee's arithmetic is scoring's: the contracts' formulas on many drawn cases, with the extremes among them."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from marketplace.domain.abi import shard_leaf, shard_proof, shards_root
from marketplace.domain.bounds import ceil_sqrt, contribution_denominator, step_denominator
from marketplace.domain.hashing import keccak
from marketplace.domain.merkle import merkle_proof, merkle_root
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.sumtree import PayoutTree
from marketplace.domain.update import Bounds, LayerUpdate, Update, apply, difference
from marketplace.scoring.bound import lower_bound
from marketplace.scoring.coefficients import coefficients, cosine
from marketplace.scoring.contribution import draw_permutation, shapley_weights
from marketplace.scoring.payout import payouts_floor
from marketplace.scoring.rowscore import ScoreScale, row_scores, score_scale
from marketplace.scoring.trace.figures import dots_of
from marketplace.scoring.trace.layout import Counts
from marketplace.scoring.trace.trees import SumForest, big_endian, salts, sum_levels
from tests.scoring.worlds import address, terms_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tests.referee.asking import Judges

LONG = [pytest.mark.slow, pytest.mark.timeout(3600)]
MANY = pytest.mark.parametrize("cases", [1_000, pytest.param(100_000, marks=LONG)])
AT_ONCE = 1_000


def parts(cases: int, seed: int, at_once: int = AT_ONCE) -> Iterator[tuple[np.random.Generator, int]]:
    """Yield a generator and a number of cases until there were so many."""
    for start in range(0, cases, at_once):
        yield np.random.default_rng([seed, start]), min(at_once, cases - start)


def drawn(rng: np.random.Generator, size: Any, bits: int) -> NDArray[np.int64]:
    """Return numbers of every length up to so many bits and a sign, some of them at the very ends."""
    top = (1 << bits) - 1
    values = rng.integers(-top, top, size, endpoint=True) >> rng.integers(0, bits, size)
    ends = rng.choice(np.array([-top, -1, 0, 1, top]), size)
    return np.where(rng.random(size) < 0.1, ends, values)


def big(rng: np.random.Generator, bits: int) -> int:
    """Return a number of any length up to so many bits."""
    return int.from_bytes(rng.bytes(32), "big") >> 256 - int(rng.integers(0, bits, endpoint=True))


@MANY
def test_square_roots(judges: Judges, cases: int) -> None:
    """Rounded down they are `math.isqrt`, rounded up `ceil_sqrt`; squares and their neighbours among them."""
    for rng, size in parts(cases, 1):
        squares = [big(rng, 250) for _ in range(size // 2)]
        squares += [max(0, big(rng, 125) ** 2 + int(rng.integers(-1, 2))) for _ in range(size - size // 2)]
        down, up = judges.exact("roots", squares)
        assert [isqrt(s) for s in squares] == list(down)
        assert [ceil_sqrt(s) for s in squares] == list(up)


@MANY
def test_row_scores(judges: Judges, cases: int) -> None:
    """`row_scores` of logits up to 61 bits, under every clip and shift."""
    for rng, size in parts(cases, 2):
        classes = int(rng.integers(2, 12))
        scale = ScoreScale(1, abs(int(drawn(rng, (), 61))) + 1, int(rng.integers(0, 50)))
        logits, labels = drawn(rng, (size, classes), 61), rng.integers(0, classes, size)
        if rng.random() < 0.5:  # margins around the clip
            logits = logits[:, :1] + drawn(rng, (size, classes), min(60, scale.clip.bit_length() + 1)) // 2
        repeated = [scale.clip] * size, [scale.shift] * size
        found = judges.exact("rowScores", big_endian(logits).tobytes(), classes, labels.tolist(), *repeated)
        assert row_scores(logits.T.copy(), labels, scale).tolist() == list(found)


@MANY
def test_dot_products_of_a_row(judges: Judges, cases: int) -> None:
    """int32 weights times int8 features, for every width modulo eight."""
    for rng, size in parts(cases, 3, 200):
        width = int(rng.integers(1, 40))
        weights, features = drawn(rng, (size, width), 31), drawn(rng, (size, width), 7)
        given = big_endian(weights, ">i4").tobytes(), big_endian(features, ">i1").tobytes()
        assert (weights * features).sum(axis=1).tolist() == list(judges.exact("dots", *given, width))


@MANY
def test_dot_products_of_vectors(judges: Judges, cases: int) -> None:
    """Of two int32, and of two int64, in integers of any size."""
    for rng, size in parts(cases, 4, 200):
        width = int(rng.integers(1, 12))
        for name, bits, kind in (("dots32", 31, ">i4"), ("dots64", 63, ">i8")):
            a, b = drawn(rng, (size, width), bits), drawn(rng, (size, width), bits)
            right = (a.astype(object) * b.astype(object)).sum(axis=1).tolist()
            assert right == list(
                judges.exact(name, big_endian(a, kind).tobytes(), big_endian(b, kind).tobytes(), width)
            )


@MANY
def test_lower_bounds(judges: Judges, cases: int) -> None:
    """`lower_bound` of sums and squares, those included that no rows have."""
    for rng, size in parts(cases, 5):
        z = int(rng.integers(0, 10_001))
        totals = drawn(rng, size, 62).tolist()
        rows = (1 + abs(drawn(rng, size, 20))).tolist()
        squares = [
            big(rng, 127) if rng.random() < 0.3 else t * t // r + big(rng, 80)
            for t, r in zip(totals, rows, strict=True)
        ]
        right = [lower_bound(t, s, r, z) for t, s, r in zip(totals, squares, rows, strict=True)]
        assert right == list(judges.exact("lowerBounds", totals, squares, rows, z))


@MANY
def test_payouts(judges: Judges, cases: int) -> None:
    """`payouts_floor` splits a budget of up to 2^96."""
    for rng, size in parts(cases, 6, 100):
        bounds = [big(rng, int(rng.integers(1, 120))) for _ in range(size)]
        budget, target = big(rng, 96), big(rng, 125)
        assert payouts_floor(budget, bounds, target) == tuple(judges.exact("payouts", budget, bounds, target))


@MANY
def test_cosines_and_steps(judges: Judges, cases: int) -> None:
    """`cosine` and `step_denominator`."""
    for rng, size in parts(cases, 7):
        dots = drawn(rng, size, 62).tolist()
        a, b = (abs(drawn(rng, size, 62)).tolist() for _ in range(2))
        assert list(map(cosine, dots, a, b)) == list(judges.exact("cosines", dots, a, b))
        totals, quarters = rng.integers(0, 1 << 18, size).tolist(), rng.integers(1, 65, size).tolist()
        assert list(map(step_denominator, totals, quarters)) == list(judges.exact("steps", totals, quarters))


@MANY
def test_merkle_paths(judges: Judges, cases: int) -> None:
    """The path of every leaf leads to `merkle_root`."""
    for rng, size in parts(cases, 8, 250):
        count = int(rng.integers(1, 33))
        leaves = [rng.bytes(32) for _ in range(count)]
        indices = rng.integers(0, count, size).tolist()
        proofs = [merkle_proof(leaves, i) for i in range(count)]
        paths = b"".join(b"".join(proofs[i]) for i in indices)
        found = judges.exact("merkleRoots", [leaves[i] for i in indices], indices, paths, len(proofs[0]))
        assert {merkle_root(leaves)} == set(found)


@MANY
def test_shard_paths(judges: Judges, cases: int) -> None:
    """The market finds what `shard_proof` proves, and nothing at another place or below another root."""
    for rng, size in parts(cases, 15, 250):
        count = int(rng.integers(1, 33))
        shards = [(rng.bytes(32), rng.bytes(32), rng.bytes(32)) for _ in range(count)]
        root = shards_root(shards, scoring := rng.bytes(32))
        leaves = [shard_leaf(i, *shard) for i, shard in enumerate(shards)]
        proofs = [shard_proof(shards, scoring, i) for i in range(count)]
        places, leaf = rng.integers(0, count, size), rng.integers(0, count, size)
        right = rng.random(size) < 1 / 2
        leaf = np.where(right, places, leaf)
        roots = [root if rng.random() < 0.9 else rng.bytes(32) for _ in range(size)]
        found = judges.exact(
            "shardPaths", roots, places.tolist(), [leaves[i] for i in leaf], [proofs[i] for i in places]
        )
        assert [r == root and i == at for r, i, at in zip(roots, leaf, places, strict=True)] == list(found)


@MANY
def test_payout_paths(judges: Judges, cases: int) -> None:
    """What `PayoutTree.proof` shows leads to its root and sum, where the market pays by it."""
    for rng, size in parts(cases, 16, 200):
        indices = rng.permutation(128)[: rng.integers(1, 40)] >> int(rng.integers(0, 6))
        people = {int(i): ("0x" + rng.bytes(20).hex(), 1 + big(rng, 110)) for i in indices}
        tree = PayoutTree(people)
        proofs = {i: b"".join(h + s.to_bytes(16, "big") for h, s in zip(*tree.proof(i), strict=True)) for i in people}
        chosen = [int(i) for i in rng.choice(sorted(people), size)]
        paid = [people[i] for i in chosen]
        found = judges.exact(
            "payoutPaths", chosen, [who for who, _ in paid], [amount for _, amount in paid], [proofs[i] for i in chosen]
        )
        assert [(tree.root, tree.total)] * size == list(zip(*found, strict=True))


@MANY
def test_sum_trees(judges: Judges, cases: int) -> None:
    """From a root down, the preimages lead to each leaf's own sums."""
    for rng, size in parts(cases, 9, 250):
        items = int(rng.integers(2, 40))  # of a tree of one leaf the figure states the sums, and no node
        sums, squares = drawn(rng, (1, items), 55), abs(drawn(rng, (1, items), 55))
        levels = sum_levels(sums, squares)
        forest = SumForest(7, levels, items, salts(rng.bytes(32), 7, levels[0][0].size))
        places = rng.integers(0, levels[0][0].size, size).tolist()
        ways = [(level, at >> forest.depth - level) for at in places for level in range(forest.depth)]
        nodes = b"".join(forest.node(0, *way) for way in ways)
        root = forest.figures.content(0)[:32]
        hashes, found, found_squares = judges.exact("sumLeaves", root, places, nodes, forest.depth)
        assert levels[0][0][0, places].tolist() == list(found)
        assert levels[0][1][0, places].tolist() == list(found_squares)
        assert [at >= items for at in places] == [h == bytes(32) for h in hashes]


@MANY
def test_gains_and_targets(judges: Judges, cases: int) -> None:
    """`gain_ppb_floor` and `target_ceil` of the scales that terms lead to."""
    for rng, size in parts(cases, 10):
        layers, k = int(rng.integers(1, 3)), int(rng.integers(1, 1000))
        shape = Shape(3, 2 if layers > 1 else 0, 3)
        terms = terms_of(shape, clip_logits=int(rng.integers(1, 1024)))
        scale = score_scale(terms, k)
        numbers = terms.clip_logits, terms.scales.input_scale, terms.scales.weight_scale, k, layers
        assert (scale.clip, scale.shift) == judges.exact("scale", *numbers)
        rows, denominator = int(rng.integers(1, 1 << 20)), int(rng.integers(1, 1 << 13))
        gains, ppm = drawn(rng, size, 62).tolist(), rng.integers(0, 1_000_001, size).tolist()
        ppb, targets = judges.exact("gains", gains, ppm, scale.clip, scale.shift, rows, denominator)
        assert [scale.gain_ppb_floor(g, rows) for g in gains] == list(ppb)
        assert [scale.target_ceil(p, rows, denominator) for p in ppm] == list(targets)


@MANY
def test_biases_and_means(judges: Judges, cases: int) -> None:
    """`weighted_mean`, and of `apply` and `difference` what they do to biases."""
    for rng, size in parts(cases, 11):
        sums, k = drawn(rng, size, 40), int(rng.integers(1, 1000))
        assert ((2 * sums + k) // (2 * k)).tolist() == list(judges.exact("means", sums.tolist(), k))
        scales, bounds = (
            Scales(int(rng.integers(1, 100)), int(rng.integers(1, 5000))),
            Bounds(bias=int(rng.integers(1, 1 << 13))),
        )
        unit, shape = scales.bias_unit(1), (size, 1)
        old = drawn(rng, size, 35)
        moves = drawn(rng, size, 20)
        zero = np.zeros((1, 1)).astype(int)
        first, moved = Layer(zero, zero[0]), LayerUpdate(np.zeros(shape, int), moves)
        base = Network((first, Layer(np.zeros(shape, int), old)), scales)
        after = apply(base, Update((LayerUpdate(zero, zero[0]), moved)), bounds)
        found, differences = judges.exact("biases", old.tolist(), moves.tolist(), bounds.bias, unit)
        assert after.layers[1].bias.tolist() == list(found)
        assert difference(after, base).layers[1].bias.tolist() == list(differences)


@pytest.mark.parametrize("players", range(1, 9))
def test_shapley_weights(judges: Judges, players: int) -> None:
    """`shapley_weights` over `contribution_denominator`."""
    denominator, weights = judges.exact("shapley", players)
    assert (contribution_denominator(players, 0), shapley_weights(players)) == (denominator, list(weights))


@pytest.mark.parametrize("draws", [20, pytest.param(100_000, marks=LONG)])
def test_permutations(judges: Judges, draws: int) -> None:
    """`draw_permutation` of up to 128 players."""
    for rng, size in parts(draws, 12, 100):
        seeds, numbers = [rng.bytes(32) for _ in range(size)], rng.integers(0, 1 << 16, size).tolist()
        players = np.maximum(9, rng.integers(0, 129, size) >> rng.integers(0, 4, size)).tolist()
        right = [bytes(draw_permutation(*drawn)) for drawn in zip(seeds, numbers, players, strict=True)]
        assert right == list(judges.exact("permutations", seeds, numbers, players))


@pytest.mark.parametrize("rounds", [40, pytest.param(100_000, marks=LONG)])
def test_coefficients(judges: Judges, rounds: int) -> None:
    """`coefficients` of drawn dot products, those included that no vectors have."""
    for number in range(rounds):
        rng = np.random.default_rng([13, number])
        n, q = (int(rng.integers(0, size)) for size in (13, 7))
        counts = Counts(1, 0, 2, 1, n, q, 0, 2, 1, 1, 1, 0)
        gram = _totals(rng, counts)
        holders = [address(int(i)) for i in rng.integers(0, 6, n + q)]
        people = b"".join(bytes.fromhex(h[2:]) + bytes(2) for h in holders[:n])
        people += b"".join(bytes.fromhex(h[2:]) for h in holders[n:])
        terms = terms_of(
            Shape(2, 0, 2), coefficient_max=int(rng.integers(1, 1025)), copy_ppm=int(rng.integers(600_000, 10**6))
        )
        sane, c, a = judges.exact(
            "coefficients", big_endian(gram).tobytes(), people, n, q, terms.coefficient_max, terms.copy_ppm
        )
        right = coefficients(dots_of(counts, gram.tolist()), holders[:n], holders[n:], terms)
        assert (True, right.values, right.known) == (sane, tuple(c), tuple(a))


def _totals(rng: np.random.Generator, counts: Counts) -> NDArray[np.int64]:
    """Return GRAM: of vectors, near each other or not, or any numbers with squares that are not negative."""
    n, q = counts.submissions, counts.previous
    same = rng.integers(-50, 51, 9)
    vectors = rng.integers(-100, 101, (6 + n + q, 9)) * rng.integers(0, 2, (6 + n + q, 1)) + same
    if rng.random() < 0.3:
        vectors[6:] = vectors[rng.integers(6, 6 + n + q, n + q)] if n + q else vectors[6:]
    if rng.random() < 0.2:
        vectors[1] = 0
    pairs = [counts.vectors(f) for f in range(counts.figures)]
    gram = np.array([vectors[i] @ vectors[j] for i, j in pairs])
    if rng.random() < 0.3:
        gram = drawn(rng, len(pairs), 63)
        gram = np.where([i == j for i, j in pairs], abs(gram), gram)
    return gram


@pytest.mark.parametrize("cases", [40, pytest.param(100_000, marks=LONG)])
def test_payout_trees(judges: Judges, cases: int) -> None:
    """The tree over what MONEY pays to PEOPLE is `PayoutTree`'s."""
    for rng, size in parts(cases, 14, 50):
        n = int(rng.integers(0, 9))
        money, people, trees = [], [], []
        for _ in range(size):
            indices = rng.integers(0, int(rng.choice([8, 256])), n).tolist()  # some twice: the later one counts
            amounts = [big(rng, 100) if rng.random() < 0.7 else 0 for _ in range(n)]
            holders = [keccak(rng.bytes(4))[:20] for _ in range(n)]
            money.append(b"".join(bytes(48) + amount.to_bytes(16, "big") for amount in amounts))
            people.append(b"".join(h + bytes([i, 0]) for h, i in zip(holders, indices, strict=True)))
            paid = zip(indices, holders, amounts, strict=True)
            trees.append(PayoutTree({i: (f"0x{h.hex()}", amount) for i, h, amount in paid}))
        hashes, sums = judges.exact("payoutRoots", money, people, n)
        assert [(t.root, t.total) for t in trees] == list(zip(hashes, sums, strict=True))
