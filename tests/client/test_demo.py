"""The demonstration: what its report says adds up."""

import io
import json

import pytest
from rich.console import Console

from client.demo.command import run_demo
from client.demo.plan import DemoOptions


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Two rounds of digits with four holders and three cheats: the report, as written, and what was printed."""
    path = tmp_path_factory.mktemp("demo") / "build" / "report.json"
    printed = io.StringIO()
    console = Console(file=printed, width=100)
    run_demo(DemoOptions("digits", 4, ("noise", "zero", "copy"), 2, 1), path, console)
    return json.loads(path.read_text()), printed.getvalue()


def test_the_report_has_the_documented_fields(shown):
    """A program can rely on the names."""
    report, _ = shown
    top = {
        *("chain", "storage", "data", "privacy", "seed", "seconds"),
        *("start", "final", "participants", "rounds", "conservation"),
    }
    assert top == set(report)
    assert {"accuracy", "auc"} == set(report["start"]) == set(report["final"])
    assert {"name", "role", "kind", "earned", "fees", "slashed", "net"} == set(report["participants"][0])
    assert {"round", "gain", "adopted", "pool", "accuracy", "auc"} == set(report["rounds"][0])
    assert {"in", "out", "burned", "held", "exact"} == set(report["conservation"])


def test_money_is_conserved_and_everything_goes_home(shown):
    """In = out + burned + held, and after everybody withdrew nothing is held. GM-804."""
    kept = shown[0]["conservation"]
    assert kept["exact"] is True
    assert kept["in"] == kept["out"] + kept["burned"] + kept["held"]
    assert 0 == kept["held"]


def test_every_holders_net_is_what_it_earned_less_fees_and_stakes_lost(shown):
    """The account of a person follows from the chain's events, to the unit."""
    for one in shown[0]["participants"]:
        if one["role"] != "owner":
            assert one["net"] == one["earned"] - one["fees"] - one["slashed"]


def test_what_the_owner_paid_is_what_the_others_gained(shown):
    """Nothing is made and nothing lost but what was burned."""
    report = shown[0]
    assert -report["conservation"]["burned"] == sum(one["net"] for one in report["participants"])


def test_cheats_lose_money_and_the_model_gets_better(shown):
    """Noise, nothing and a copy are net negative; the honest together are not. GM-803."""
    report = shown[0]
    cheats = [one for one in report["participants"] if one["kind"] != "honest"]
    honest = [one for one in report["participants"] if one["role"] == "holder" and one["kind"] == "honest"]
    assert 3 == len(cheats)
    assert all(one["net"] < 0 for one in cheats)
    assert sum(one["net"] for one in honest) > 0
    assert report["final"]["accuracy"] > report["start"]["accuracy"]


def test_the_terminal_tells_the_story(shown):
    """Phases, a score sheet for each round, where the money went, and the verdict."""
    printed = shown[1]
    for words in ("submit", "score sheet of round 1", "score sheet of round 2", "where the money went"):
        assert words in printed
    assert "every unit accounted for" in printed


def test_a_terminal_sees_training_move_and_a_log_does_not():
    """The progress bar overwrites itself on a terminal; a pipe gets no bars at all."""
    for terminal in (True, False):
        printed = io.StringIO()
        console = Console(file=printed, width=100, force_terminal=terminal)
        run_demo(DemoOptions("digits", 3, (), 1, 1), console=console)
        assert terminal is ("trains" in printed.getvalue())
