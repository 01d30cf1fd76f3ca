"""What the command prints and writes."""

import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from client.gym.command import GymOptions, run_gym
from client.gym.picture import picture_of
from client.gym.registry import STRATEGIES
from client.gym.report import merged, read_report, report_of
from client.gym.series import Result, Tally
from client.gym.threats import write_threats
from marketplace.domain.errors import InvalidInput, StorageError
from tests.docs.documents import ROOT

PAGE = ROOT / "docs" / "THREATS.md"


def _result(name, profits, honest):
    return Result.of(STRATEGIES[name], Tally(list(profits), list(honest), list(profits), paid_more=0))


@pytest.fixture
def report():
    """Two strategies: one loses, one pays."""
    return report_of([_result("zero", [-5, -5, -5], [10, 20, 30]), _result("majority-liar", [9, 10, 11], [1, 1, 2])])


def test_the_command_prints_json(tmp_path):
    """`gradmarket gym --only zero --games 2 --json` plays and prints one document; `--report` keeps it."""
    file = tmp_path / "gym.json"
    code = "from client.cli import main; main()"
    command = [sys.executable, "-c", code, "gym", "--only", "zero", "--games", "2", "--json", "--report", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)  # noqa: S603 - our own
    printed = json.loads(done.stdout)
    assert (2, -5.0) == (printed["strategies"]["zero"]["games"], printed["strategies"]["zero"]["profit"]["mean"])
    assert printed == read_report(file)


def test_figures_that_are_not_measured_again_stay(report):
    """Merging keeps old strategies, replaces those played again, and orders all as the registry does."""
    again = report_of([_result("zero", [-6, -6], [0, 0]), _result("noise", [-5, -4], [0, 0])], [{"data": "digits"}])
    both = merged(report, again)
    assert ["noise", "zero", "majority-liar"] == list(both["strategies"])
    assert -6 == both["strategies"]["zero"]["profit"]["mean"]
    assert [{"data": "digits"}] == both["robustness"] == merged(both, report)["robustness"]


def test_the_difference_is_taken_game_by_game(report):
    """Its interval is that of the differences, not of two means."""
    excess = report["strategies"]["majority-liar"]["excess"]
    assert pytest.approx(26 / 3) == excess["mean"]
    assert excess["low"] > 7


def test_a_page_is_written_between_its_markers_only(tmp_path, report):
    """Prose stays; figures come in; doing it twice is doing it once."""
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- gym: seats -->\nfigures of yesterday\n<!-- end -->\n\nafter\n", "utf-8")
    write_threats(page, report)
    once = page.read_text("utf-8")
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "| `majority-liar` |" in once
    assert "yesterday" not in once
    write_threats(page, report)
    assert once == page.read_text("utf-8")


def test_a_page_without_markers_is_refused(tmp_path, report):
    """Nothing is overwritten by mistake, and a page that is not there is named."""
    page = tmp_path / "page.md"
    page.write_text("no section", "utf-8")
    with pytest.raises(InvalidInput, match="no section"):
        write_threats(page, report)
    with pytest.raises(StorageError, match=r"gone\.md"):
        write_threats(tmp_path / "gone.md", report)


def test_another_json_file_is_no_report(tmp_path):
    """It is neither read nor overwritten."""
    file = tmp_path / "other.json"
    file.write_text("{}", "utf-8")
    with pytest.raises(InvalidInput, match="no report of the gym"):
        run_gym(GymOptions(only="", report=file))
    assert "{}" == file.read_text("utf-8")


def test_the_picture_has_a_bar_and_a_line_for_every_strategy(report):
    """Well-formed, inside its frame, and it says which attacks pay."""
    space = "{http://www.w3.org/2000/svg}"
    drawing = ET.fromstring(picture_of(report))  # noqa: S314 - our own
    bars = [r for r in drawing.findall(f"{space}rect") if r.get("class") in {"loses", "even", "pays"}]
    assert ["loses", "pays"] == sorted(bar.get("class") for bar in bars)
    assert all(232 <= float(bar.get("x")) <= 856 for bar in bars)
    assert "majority-liar" in drawing.find(f"{space}desc").text


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_threats_page_has_every_strategy_in_its_own_words(name):
    """Deed, defence and residual risk are those in the code, beside figures or why there are none. GM-811."""
    kind = STRATEGIES[name]
    row = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| `{name}` | {kind.does}"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert [kind.does, kind.defence, kind.residual] == [cells[1], cells[2], cells[6]]
    assert "not played" != cells[3]


@pytest.mark.parametrize(
    "wrong", [GymOptions("zero", games=1), GymOptions("zero", seed=-1), GymOptions("zero", jobs=0)]
)
def test_what_cannot_be_played_is_refused_before_it_starts(wrong):
    """One game has no interval; seeds count from 0; somebody has to play. GM-802."""
    with pytest.raises(InvalidInput, match="cannot be played"):
        run_gym(wrong)
