"""A bounty among processes that are killed, on a chain that takes blocks back, with nodes and machines that fail.

A little of everything; `make chaos` plays the long runs, and docs/RELIABILITY.md has their figures.
"""

from __future__ import annotations

import pytest

from tests.chaos.plays import Theatre
from tests.chaos.town import Town

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory):
    """A town, and a run in it that nobody disturbed."""
    folder = tmp_path_factory.mktemp("chaos")
    with Town(folder / "town") as town:
        found = Theatre(town, folder)
        yield found
        found.close()


def test_everybody_ends_where_an_undisturbed_run_ends(theatre):
    """Killed 30 times at steps of the journal and around broadcasts: nothing lost, nothing done twice, same balances.

    One test for kills and reorganisations, because both are compared with the same undisturbed run. Two blocks are
    taken back at every edge between two phases.

    GM-928.
    """
    killed = theatre.kill_at_steps(2, most_runs=1)
    assert {} == killed.wrong
    assert 20 <= killed.figures["kills"]
    assert killed.runs == killed.alike
    forked = theatre.reorganise_edges(range(2, 3))
    assert {} == forked.wrong
    assert 15 <= forked.figures["reorganisations"]
    assert forked.runs == forked.alike


@pytest.mark.slow
def test_no_unit_is_missing_whatever_nodes_clocks_and_disks_do(theatre):
    """With contents on a real IPFS node: every run ends settled or void, and every unit is somebody's."""
    deceived = theatre.deceive(range(3))
    assert {} == deceived.wrong
    assert 0 < deceived.figures["disks full"]
    assert 0 < deceived.figures["wrong clocks"]


@pytest.mark.slow
def test_deep_reorganisations_double_nothing(theatre):
    """Up to 64 blocks are taken back, far beyond what anybody waits for: nothing is done twice, no unit is missing."""
    assert {} == theatre.reorganise_at_random(3).wrong


@pytest.mark.slow
def test_random_kills_change_nothing(theatre):
    """Somebody is killed about every second, and comes back within a second."""
    killed = theatre.kill_at_random(20)
    assert {} == killed.wrong
    assert killed.runs == killed.alike
