"""The strategies there are, and what is said of each."""

import inspect

import pytest

from client.gym.registry import CHEAP, STRATEGIES, chosen
from client.gym.strategy import Role
from marketplace.chain.market import Market
from marketplace.domain.documents import SubmissionDocument
from marketplace.domain.errors import InvalidInput
from marketplace.domain.terms import ChainTerms

HOLDERS = """
noise zero sign-flip label-flip stale copy noisy-copy mean-of-others sybil-split sybil-variants unit-over-claim
last-aggregate last-aggregate-doubled last-aggregate-noisy last-aggregate-on-top cumulative scaled-backdoor
adaptive-backdoor shard-probing sandbagging damage-then-repair take-the-base
"""
SEATS = "lazy-guess copied-commit withheld-reveal minority-liar majority-liar false-unavailability key-leak"
OWNERS = """
never-opens never-opens-the-shard opens-to-some unbeatable-labels random-labels shill-holder owner-with-a-seat
grinds-the-draw
"""


@pytest.mark.parametrize(
    ("role", "names"), [(Role.HOLDER, HOLDERS), (Role.SEAT, SEATS), (Role.OWNER, OWNERS)], ids=list(Role)
)
def test_every_attack_anybody_asked_for_is_there(role, names):
    """The named strategies are registered, each under the role that deviates."""
    assert set() == set(names.split()) - {name for name, kind in STRATEGIES.items() if kind.role is role}


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_says_what_it_does_and_what_is_left_of_it(name):
    """Name, deed, defence and residual risk are there, fit into a table, and end without a full stop."""
    kind = STRATEGIES[name]
    assert name == kind.name
    for text in (kind.does, kind.defence, kind.residual):
        assert text
        assert not text.endswith(".")
        assert "|" not in text
        assert "\n" not in text


def test_units_cannot_be_claimed():
    """Neither joining nor terms nor submissions take a number of units: over-claiming them is no strategy."""
    assert STRATEGIES["unit-over-claim"].impossible
    told = {*inspect.signature(Market.join).parameters, *ChainTerms.__annotations__}
    assert not [name for name in {*told, *SubmissionDocument.__annotations__} if "unit" in name]


def test_names_choose_strategies():
    """None is all, empty is none, `cheap` stands for five, and nothing is chosen twice."""
    assert tuple(STRATEGIES.values()) == chosen(None)
    assert () == chosen("")
    assert list(CHEAP) == [kind.name for kind in chosen("cheap, zero")]


def test_an_unknown_name_is_refused():
    """The reason names it."""
    with pytest.raises(InvalidInput, match="bribery"):
        chosen("noise,bribery")
