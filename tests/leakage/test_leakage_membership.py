"""Membership inference: fits, rates, and views that say nothing."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from client.leakage.membership import Shadows, infer, likelihood_ratios
from client.leakage.noise import Gaussian
from client.leakage.rates import FALSE_RATE, rates_of
from client.leakage.views import VIEWS


def test_ratios_are_those_of_two_gaussians():
    """One row, one figure: the logarithm of the two fitted densities' ratio, fitted with n - 1."""
    members = np.array([[True], [True], [True], [False], [False], [True]])
    features = np.array([1.0, 2.0, 4.0, -1.0, 0.5, 1.5]).reshape(-1, 1, 1)
    inside, outside = features[:3].ravel(), features[3:5].ravel()
    expected = stats.norm(inside.mean(), inside.std(ddof=1)).logpdf(1.5)
    expected -= stats.norm(outside.mean(), outside.std(ddof=1)).logpdf(1.5)
    assert pytest.approx(expected) == likelihood_ratios(features, members, 5)[0, 0]


def test_figures_add_up():
    """Two figures say what their sum of ratios says."""
    rng = np.random.default_rng(0)
    members, features = rng.random((12, 3)) < 0.5, rng.normal(size=(12, 3, 2))
    members[:4] = [[True] * 3, [False] * 3] * 2
    both = likelihood_ratios(features, members, 8)
    one, two = (likelihood_ratios(features[:, :, i : i + 1], members, 8) for i in (0, 1))
    np.testing.assert_allclose(both, one + two)


def test_rates_of_a_case_that_can_be_counted():
    """Of 2,000 others two may be above the threshold; the area counts pairs."""
    outside = np.arange(2000.0)
    inside = np.array([2500.0, 1998.5, 1997.5, 1996.5])
    scores, members = np.concatenate([inside, outside])[None], np.array([[True] * 4 + [False] * 2000])
    found = rates_of(scores, members, np.random.default_rng(0))
    assert 0.75 == found.tpr
    assert pytest.approx((2000 + 1999 + 1998 + 1997) / 8000) == found.auc


def test_chance_is_inside_its_interval_and_certainty_outside():
    """Random scores find one in a thousand; perfect ones find all."""
    rng = np.random.default_rng(0)
    members = rng.random((60, 200)) < 0.5
    blind = rates_of(rng.normal(size=members.shape), members, rng)
    assert blind.tpr_low <= FALSE_RATE <= blind.tpr_high
    assert blind.auc_low <= 0.5 <= blind.auc_high
    sure = rates_of(members + 0.1 * rng.random(members.shape), members, rng)
    assert (1.0, 1.0) == (sure.tpr_low, sure.auc_low)


def test_every_row_is_in_half_of_the_shadow_models(shadows):
    """And each model is trained on exactly half of the rows."""
    assert {4} == set(shadows.members[:8].sum(axis=0).tolist())
    assert {len(shadows.rows.labels) // 2} == set(shadows.members.sum(axis=1).tolist())
    assert (24, len(shadows.rows.labels)) == shadows.members.shape


def test_as_many_models_are_attacked_as_one_asks_for(world, shadows):
    """Three for each shadow model; those that are learnt from stay the same."""
    more = Shadows(world, 8, 3)
    assert 8 * 4 == len(more.updates) == len(more.members)
    assert shadows.members[:8].tolist() == more.members[:8].tolist()
    assert {24} == {row.models for row in infer(more, VIEWS["shares"], 3)}


@pytest.mark.parametrize(
    ("view", "signals"),
    [
        ("figures", {"figures"}),
        ("shares", {"confidence", "alignment"}),
        ("projection", {"confidence", "alignment", "figures"}),
    ],
)
def test_figures_are_judged_where_they_are_all_that_is_held(shadows, view, signals):
    """A party with the root update has the figures as well, and judges both together."""
    assert signals == {row.signal for row in infer(shadows, VIEWS[view], 3)}


def test_rows_are_judged_by_what_becomes_of_their_steps(shadows):
    """Alignment with root updates is not that of the step itself: it is the step's echo."""
    deaf = replace(VIEWS["roots"], echo=None)
    heard, unheard = (next(r for r in infer(shadows, v, 3) if r.signal == "alignment") for v in (VIEWS["roots"], deaf))
    assert heard.auc != unheard.auc


@pytest.mark.parametrize("view", [v.name for v in VIEWS.values() if v.silent])
def test_silent_views_name_no_member(shadows, view):
    """What the chain, a store or one compute seat holds tells members from others no better than chance. GM-954."""
    for result in infer(shadows, VIEWS[view], 3):
        assert result.tpr_low <= FALSE_RATE, result.signal


def test_an_update_gives_members_away(shadows):
    """Whoever holds an update tells members from others better than chance beyond doubt: the attack works. GM-954."""
    found = {r.signal: r for r in infer(shadows, VIEWS["update"], 3)}
    assert {"confidence", "alignment"} == set(found)
    assert found["alignment"].auc_low > 0.5


def test_noise_hides_members(shadows):
    """Under sixteen times its own norm in noise an update says much less. GM-955."""
    clear, hidden = (
        {r.signal: r.auc for r in infer(s, VIEWS["update"], 3)}["alignment"]
        for s in (shadows, shadows.under(Gaussian(16)))
    )
    assert abs(hidden - 0.5) < (clear - 0.5) / 2
