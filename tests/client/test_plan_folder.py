"""A plan on disk: what was saved comes back, and nothing that was altered does."""

import os

import numpy as np
import pytest

from client.owner import Shard
from client.plan_folder import PlanInputs, load_plan, read_inputs, save_plan
from client.rows_file import dump_prepared, load_prepared, read_prepared
from marketplace.datasets import Rows
from marketplace.domain.errors import InvalidData, InvalidInput
from marketplace.domain.network import Layer, Network, Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms import ChainTerms, Phases, RecipeTerms

ROUNDS = 2


def _inputs() -> PlanInputs:
    """A plan of two rounds for a network of 4-3-2, small enough to compare in full."""
    rng = np.random.default_rng(3)
    shape = Shape(4, 3, 2)
    scoring = ScoringTerms(shape)
    layers = tuple(Layer(rng.integers(-900, 900, size), rng.integers(-900, 900, size[0])) for size in shape.layers)
    chain = ChainTerms(
        owner="0x" + "00" * 20,
        token="0x" + "11" * 20,
        **{name: 10**21 + at for at, name in enumerate(("round_budget", "ticket_stake", "fee", "holder_stake"))},
        seat_pay=5,
        bond=6,
        compensation=7,
        rounds=ROUNDS,
        seats=3,
        min_holders=3,
        max_holders=8,
        post_before=2**40,
        **dict.fromkeys(("base_root", "shards_root", "allowlist_root", "document"), bytes(range(32))),
        phases=Phases(*range(600, 611)),
    )
    return PlanInputs(
        title='Ünïcode and a "quote"',
        base=Network(layers, scoring.scales),
        shards=tuple(
            Shard(rng.integers(-127, 127, (12, 4)).astype(np.int8), rng.integers(0, 2, 12)) for _ in range(ROUNDS + 1)
        ),
        root=Rows(rng.normal(size=(60, 4)), np.arange(60) % 2),
        scoring=scoring,
        recipe=RecipeTerms(epochs=2, learning_rate_ppm=5_000),
        public_prior=(3, 7),
        class_names=("no", "yes"),
        feature_names=("a", "b", "c", "d"),
        preparation=({"name": "a", "mean": "0.5"},),
        chain=chain,
        root_seed=11,
    )


@pytest.fixture
def saved(tmp_path):
    """A plan and the folder it was saved in."""
    inputs = _inputs()
    save_plan(tmp_path / "plan", inputs)
    return inputs, tmp_path / "plan"


def test_a_saved_plan_comes_back_as_it_was(saved):
    """Terms, names, model, shards and root rows, to the last bit."""
    inputs, folder = saved
    found = read_inputs(folder)
    for name in ("title", "base", "scoring", "recipe", "public_prior", "class_names", "feature_names", "chain"):
        assert getattr(inputs, name) == getattr(found, name)
    assert inputs.preparation == found.preparation
    assert inputs.root_seed == found.root_seed
    for one, other in zip(inputs.shards, found.shards, strict=True):
        assert np.array_equal(one.rows, other.rows)
        assert np.array_equal(one.labels, other.labels)
    assert np.array_equal(inputs.root.features, found.root.features)
    assert np.array_equal(inputs.root.labels, found.root.labels)


def test_a_loaded_plan_trains_the_same_root_updates(saved):
    """The owner's part of a round does not depend on whether the plan came from memory or from disk."""
    inputs, folder = saved
    plan, loaded = inputs.plan(), load_plan(folder)
    for round_ in range(ROUNDS):
        one, other = plan.train_root(plan.base, round_), loaded.train_root(loaded.base, round_)
        assert np.array_equal(one.flat(), other.flat())
    first, second = (loaded.train_root(loaded.base, round_).flat() for round_ in range(2))
    assert not np.array_equal(first, second)


def test_every_file_of_a_plan_is_its_users_alone(saved):
    """The shards are what holders must not see before they submit."""
    for path in saved[1].iterdir():
        assert 0o600 == path.stat().st_mode & 0o777


def test_a_plan_is_not_overwritten(saved):
    """A posted bounty depends on the shards in it."""
    inputs, folder = saved
    with pytest.raises(InvalidInput, match="not overwritten"):
        save_plan(folder, inputs)


@pytest.mark.parametrize("name", ["base.safetensors", "root.safetensors", "shard-0.safetensors", "shard-2.safetensors"])
def test_an_altered_file_is_refused(saved, name):
    """One flipped bit, a byte too many, a byte too few: the plan is not used. GM-926."""
    path = saved[1] / name
    whole = path.read_bytes()
    for altered in (whole[:-1] + bytes([whole[-1] ^ 1]), whole + b"\0", whole[:-1], b""):
        path.write_bytes(altered)
        with pytest.raises(InvalidInput, match=name):
            read_inputs(saved[1])
    path.write_bytes(whole)
    read_inputs(saved[1])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"gradmarket-plan-2"', b'"gradmarket-plan-9"'),
        (b'"seats":3', b'"seats":"3"'),
        (b'"serve":610', b'"serve":-1'),
        (b'"title"', b'"headline"'),
        (b'"root_seed":11', b'"root_seed":1.5'),
        (b'"fee":', b'"fee": '),
    ],
)
def test_a_plan_that_says_something_else_is_refused(saved, before, after):
    """Another format, a wrong type, a figure below zero, a name nobody knows, a float, another spelling."""
    path = saved[1] / "plan.json"
    altered = path.read_bytes().replace(before, after)
    assert altered != path.read_bytes()
    path.write_bytes(altered)
    with pytest.raises(InvalidInput):
        read_inputs(saved[1])


def test_a_folder_without_a_plan_says_so(tmp_path):
    """Also one in which writing was cut short: plan.json comes last."""
    with pytest.raises(InvalidInput, match="holds no plan"):
        load_plan(tmp_path)


def test_a_plan_that_could_not_be_written_is_not_there(tmp_path, monkeypatch):
    """A full disk leaves a folder that holds no plan, and the next attempt succeeds."""
    inputs, real, calls = _inputs(), os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        save_plan(tmp_path / "plan", inputs)
    with pytest.raises(InvalidInput, match="holds no plan"):
        load_plan(tmp_path / "plan")
    save_plan(tmp_path / "plan", inputs)
    assert inputs.base == load_plan(tmp_path / "plan").base


def test_rows_come_back_from_their_file(tmp_path):
    """A holder's rows, float for float."""
    rows = _inputs().root
    (tmp_path / "rows.safetensors").write_bytes(dump_prepared(rows))
    found = read_prepared(tmp_path / "rows.safetensors")
    assert np.array_equal(rows.features, found.features)
    assert np.array_equal(rows.labels, found.labels)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(Rows(np.array([[1.0, np.nan]]), np.array([0])), id="gap"),
        pytest.param(Rows(np.ones((2, 2)), np.array([0])), id="labels"),
        pytest.param(Rows(np.ones(2), np.array([0, 1])), id="vector"),
    ],
)
def test_rows_nobody_can_train_on_are_refused(rows):
    """A gap, a missing label, no matrix."""
    with pytest.raises(InvalidData):
        load_prepared(dump_prepared(rows), "rows.safetensors")


def test_a_file_that_is_no_rows_is_refused():
    """Garbage, and nothing at all."""
    for data in (b"", b"\xff" * 64):
        with pytest.raises(InvalidData, match="not safetensors"):
            load_prepared(data, "rows.safetensors")
