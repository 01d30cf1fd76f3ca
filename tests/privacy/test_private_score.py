"""A round scored on shares is the round scored in the open, figure by figure, and nothing else is opened."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.private_score import PrivateScore, SharedInput, score_privately
from marketplace.domain.errors import InvalidInput, ProtocolError
from marketplace.domain.network import Layer, Network, Shape
from marketplace.domain.scope import Scope
from marketplace.domain.update import Bounds, Update, apply, difference, saturate
from marketplace.privacy.sharing.admission import admit
from marketplace.privacy.sharing.adoption import adopt, share_mean
from marketplace.privacy.sharing.local import in_threads
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import join
from marketplace.scoring.round import RoundFigures, RoundInput, score_round
from marketplace.scoring.sheet import SheetRoots, sheet_document, sheet_head
from tests.privacy.tables import bare, deal, first_of, scorer_of
from tests.scoring.worlds import BOUNDS, SCALES, address, round_of, rounds, seeds, with_submissions


def figures(score: RoundFigures) -> dict[str, object]:
    """Return every figure of a score."""
    return {f.name: getattr(score, f.name) for f in fields(RoundFigures)}


def private(world: RoundInput, repetitions: int = 0, breach: int = 1 << 40) -> RoundFigures:
    """Score a round on shares; the three parties must agree, and lead to the model that the open scoring leads to."""
    results = in_threads(scorer_of(world, breach), repetitions)
    one, two, three = (r.figures for r in results)
    assert figures(one) == figures(two) == figures(three)
    first = world.base if world.last_aggregate is None else first_of(world.base)
    opened = score_round(world)
    assert opened.adopted is (results[0].moved is not None)
    if opened.adopted:
        assert difference(opened.next_base, first).flat().tolist() == moved(results).tolist()
    return one


def moved(results: tuple[PrivateScore, PrivateScore, PrivateScore]) -> np.ndarray:
    """Add up the components of the next model; both holders of each have the same."""
    shares = [r.moved for r in results if r.moved is not None]
    for at, share in enumerate(shares):
        assert share.second.tolist() == shares[(at + 1) % 3].first.tolist()
    return join([s.first for s in shares])


@settings(max_examples=25)
@given(rounds)
def test_rounds_score_the_same_on_shares(world):
    """Coefficients, contributions, payouts, aggregate and next base are those of the opened updates. GM-551."""
    assert figures(score_round(world)) == figures(private(world))


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("repetitions", [0, 2])
def test_eight_updates_score_the_same_with_and_without_proofs(known, repetitions):
    """All 256 coalitions, with and without a last aggregate."""
    world = round_of(3, shape=Shape(5, 4, 3), submissions=8, rows=9, known=known)
    assert figures(score_round(world)) == figures(private(world, repetitions))


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("reach", [60, 3000, 40_000])
def test_models_of_any_size_score_the_same(known, reach):
    """Pre-activations beyond 32 bits are worked on with 64; a model that is shared is asked whether it has any."""
    world = round_of(5, shape=Shape(24, 4, 3), submissions=3, rows=9, known=known)
    scoring = replace(world.scoring, bounds=replace(BOUNDS, weight=80_000, row_norm=400_000), max_submissions=4)
    rows = world.rows.copy()
    rows[0] = 127
    first, *rest = world.base.layers
    weight = np.random.default_rng(reach).integers(reach // 2, reach + 1, first.weight.shape)
    world = replace(world, scoring=scoring, rows=rows, base=Network((Layer(weight, first.bias), *rest), SCALES))
    score = score_round(world)
    assert (reach > 3000) is bool(score.coefficients.k * int((rows[0].astype(np.int64) @ weight.T).max()) >= 1 << 31)
    assert figures(score) == figures(private(world))


def test_more_than_eight_updates_score_the_same():
    """Drawn permutations pass through the same coalitions."""
    world = round_of(77, shape=Shape(3, 2, 2), submissions=11, known=True, rows=4)
    assert figures(score_round(world)) == figures(private(world))


@settings(max_examples=10)
@given(seeds)
def test_copies_and_updates_of_nothing_score_the_same(seed):
    """A copy of this round, one of the last and an update of zeros get what they get in the open."""
    world = round_of(seed, submissions=3)
    shape = world.scoring.shape
    last = round_of(seed + 1, shape=shape, submissions=2).submissions
    first, taken = world.submissions[0].update, last[1].update
    world = with_submissions(replace(world, last_submissions=last), first, Update.zero(shape), taken)
    score = score_round(world)
    assert score.coefficients.copies[3]
    assert figures(score) == figures(private(world))


@settings(max_examples=10)
@given(seeds, st.integers(0, 2**32))
def test_updates_at_the_ends_of_their_bounds_score_the_same(seed, draw):
    """25 entries of the largest size, positive and negative, have exactly the largest norm."""
    shape = Shape(4, 3, 3)
    rng = np.random.default_rng(draw)
    flats = np.zeros((3, shape.parameters), np.int64)
    flats[:, :25] = BOUNDS.entry * rng.choice([-1, 1], (3, 25))
    extreme = [Update.from_flat(f, shape) for f in flats]
    for update in extreme:
        update.check(shape, BOUNDS)
    world = with_submissions(round_of(seed, shape=shape, submissions=2, known=True), *extreme)
    world = replace(world, root_update=extreme[0])
    assert figures(score_round(world)) == figures(private(world))


@pytest.mark.parametrize("breach", [401, -401, 1 << 32, -(1 << 32), -(1 << 63), (1 << 63) - 1])
def test_updates_beyond_their_bounds_count_as_nothing(breach):
    """What a seat of an open bounty would have refused is zero and marked, also where squares vanish. GM-552."""
    world = round_of(11, submissions=4, known=True)
    given_up = replace(world.submissions[2], update=None)
    world = replace(world, submissions=(*world.submissions[:2], given_up, *world.submissions[3:]))
    score = private(world, breach=breach)
    assert (False, False, True, False) == score.breached
    assert figures(score_round(world)) == figures(score)


@given(st.data())
@settings(max_examples=30)
def test_only_what_keeps_the_bounds_is_admitted(data):
    """Admission on shares says what `Update.check` says, for any numbers of the ring."""
    edges = [e + s for e in (-50, 50, 0, 1 << 32, -(1 << 32), 1 << 62, -(1 << 63)) for s in (0, 1, -1)]
    edges = [e for e in edges if -(1 << 63) <= e < 1 << 63]
    entries = st.one_of(st.integers(-50, 50), st.sampled_from(edges))
    rows = data.draw(st.lists(st.lists(entries, min_size=19, max_size=19), min_size=1, max_size=4))
    x = np.array(rows, np.int64)
    fine = [all(-50 <= v <= 50 for v in row) and sum(v * v for v in row) <= 100**2 for row in rows]
    shared = deal(x)

    def act(p):
        admitted, kept = admit(p, shared(p), 50, 100)
        return admitted.tolist(), p.open(kept).tolist()

    for admitted, kept in in_threads(act):
        assert fine == admitted
        assert [row if ok else [0] * 19 for row, ok in zip(rows, fine, strict=True)] == kept


def test_a_norm_one_too_large_is_refused():
    """The norm's bound is exact: 100 passes, the next sum of squares does not."""
    rows = [[50, 50, 50, 50, 0], [50, 50, 50, 50, 1]]
    shared = deal(np.array(rows))
    for admitted in in_threads(lambda p: admit(p, shared(p), 50, 100)[0].tolist()):
        assert [True, False] == admitted


@settings(max_examples=20)
@given(seeds, st.integers(1, 5))
def test_the_mean_is_rounded_on_shares(seed, n):
    """What is added to a model is the mean as the aggregate has it."""
    rng = np.random.default_rng(seed)
    x, c, k = rng.integers(-400, 401, (n, 7)), rng.integers(0, 16, n), int(rng.integers(1, 60))
    shared = deal(x)
    want = (2 * (c @ x) + k) // (2 * k)
    for got in in_threads(lambda p: p.open(share_mean(p, shared(p), c.tolist(), k, 400))):
        assert want.tolist() == got.tolist()


@settings(max_examples=25)
@given(seeds, st.integers(1, 60), st.sampled_from([40, 90, 300, 4000]))
def test_the_next_model_is_kept_within_its_bounds_on_shares(seed, k, row_norm):
    """Weights and biases that would go beyond are clipped, rows that are too long shrunk, as in the open. GM-559."""
    world = round_of(seed, shape=Shape(5, 4, 3), submissions=3)
    bounds = Bounds(entry=400, norm=4000, weight=60, row_norm=row_norm, bias=30)
    rng = np.random.default_rng(seed)
    base = saturate(world.base, bounds)
    flats = rng.integers(-400, 401, (3, world.scoring.shape.parameters))
    c = rng.integers(0, 16, 3)
    mean = Update.from_flat((2 * (c @ flats) + k) // (2 * k), world.scoring.shape)
    first = first_of(base)
    start, shared = deal(difference(base, first).flat()), deal(flats)
    results = in_threads(lambda p: adopt(p, first, start(p), shared(p), c.tolist(), k, bounds), 1)
    want = difference(apply(base, mean, bounds), first).flat()
    assert want.tolist() == join([r.first for r in results]).tolist()
    assert want.tolist() == join([r.second for r in results]).tolist()


def test_components_of_the_next_model_are_fresh():
    """The same shares lead to other components each time: nothing of what they were made from is in them. GM-560."""
    world = round_of(3, shape=Shape(5, 4, 3), submissions=4, rows=9)
    act = scorer_of(world)
    first, second = in_threads(act), in_threads(act)
    assert moved(first).tolist() == moved(second).tolist()
    for one, two in zip(first, second, strict=True):
        assert one.moved is not None
        assert two.moved is not None
        assert not (one.moved.first == two.moved.first).any()


def test_the_same_sheet_can_be_made_without_a_trace():
    """Everything a sheet says follows from the private score and what a compute seat knows."""
    world = round_of(5, submissions=5, known=True)
    world = replace(world, submissions=(*world.submissions[:4], replace(world.submissions[4], update=None)))
    scope, roots = Scope(1, address(99), bytes(32)), SheetRoots(bytes(32), bytes(32), bytes(32))
    score, open_score = private(world), score_round(world)
    assert sheet_document(scope, 0, world, open_score, roots) == sheet_document(scope, 0, bare(world), score, roots)
    heads = [sheet_head(g, s, roots, 31, bytes(32)) for g, s in ((world, open_score), (bare(world), score))]
    assert heads[0] == heads[1]
    assert 1 << 4 == heads[1].breached


@pytest.mark.parametrize("known", [False, True])
def test_what_is_opened_does_not_grow_with_rows(monkeypatch, known):
    """No row, no coalition and no model is opened.

    But bits of admission, dot products, whether 32 bits are enough, sums and squares, the gain, and a bit for each
    neuron of the next model. GM-553.
    """
    opened = []
    honest = Party.open_words

    def listening(self, x, *group):
        out = honest(self, x, *group)
        if self.me == 0:
            opened.append(out.size)
        return out

    monkeypatch.setattr(Party, "open_words", listening)
    shape, n = Shape(3, 4, 3), 4
    for rows in (2, 40):
        opened.clear()
        world = round_of(8, shape=shape, submissions=n, rows=rows, known=known)
        score = private(world)
        live = len(score.coefficients.live)
        want = [
            n + 1,
            n + 1,
            n * (n + known + 1) + known + 1,
            *[1] * known,
            2 * live + 1,
            *[shape.hidden + shape.classes] * score.adopted,
        ]
        assert want == opened


def test_shares_of_another_round_are_refused():
    """A wrong number of updates or parameters is noticed before anything is sent."""
    world = round_of(5, submissions=3)
    width = world.scoring.shape.parameters
    two, none = deal(np.zeros((2, width), np.int64)), deal(np.zeros((0, width), np.int64))
    with pytest.raises(InvalidInput, match="3 submissions"):
        in_threads(
            lambda p: score_privately(p, bare(world), SharedInput(world.base, None, two(p)[:1], two(p), none(p)))
        )


@pytest.mark.parametrize("entry", [401, -401, 1 << 32])
def test_a_root_update_beyond_its_bounds_stops_the_scoring(entry):
    """Nothing is opened but that it is."""
    world = round_of(5, submissions=3)
    flat = np.zeros(world.scoring.shape.parameters, np.int64)
    flat[2] = entry
    root = Update.from_flat(flat, world.scoring.shape)
    with pytest.raises(ProtocolError, match="root update exceeds"):
        in_threads(scorer_of(replace(world, root_update=root)))


def test_a_round_of_nobody_can_be_scored():
    """No submission, no coalition but the empty one."""
    world = round_of(4, submissions=0)
    assert figures(score_round(world)) == figures(private(world, 2))


def test_updates_of_one_round_tell_copies_in_the_next():
    """What admission kept of a round is what the next one compares with."""
    world = round_of(21, submissions=3)
    results = in_threads(scorer_of(world))
    one, two, three = (r.admitted for r in results)
    total = one.first + two.first + three.first
    assert [s.update.flat().tolist() for s in world.submissions] == total.view(np.int64).tolist()
