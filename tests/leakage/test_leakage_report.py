"""What the command prints and writes."""

import json
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from client.cli.main import app
from client.leakage.command import LeakageOptions, run_leakage
from client.leakage.page import sections, write_page
from client.leakage.picture import drawing_of
from client.leakage.report import leaks
from client.leakage.views import VIEWS
from marketplace.domain.errors import InvalidInput, StorageError
from tests.docs.documents import ROOT

PAGE = ROOT / "docs" / "PRIVACY.md"
SMALL = "digits,closed-form,update,shares"


@pytest.fixture(scope="module")
def report():
    """The closed form on what one compute seat and what two of them hold."""
    return run_leakage(LeakageOptions(SMALL))


def test_the_command_prints_json(tmp_path, report):
    """The same seed gives the same report, on the terminal and in the file. GM-956."""
    file = tmp_path / "leakage.json"
    done = CliRunner().invoke(app, ["leakage", "--only", SMALL, "--json", "--report", str(file)])
    assert 0 == done.exit_code
    assert report == json.loads(done.stdout)
    assert report == json.loads(file.read_text("utf-8"))


def test_only_what_was_asked_for_is_measured(report):
    """Names of one kind leave the other kinds whole: three settings, two views, one attack, no membership."""
    assert 6 == len(report["reconstruction"])
    assert {"digits"} == {row["data"] for row in report["reconstruction"]}
    assert [] == report["membership"] == report["noise"]


def test_leaks_are_named(report):
    """A silent view above its tolerance is a broken promise; one that need not be silent is none."""
    assert [] == leaks(report)
    bad = dict(report["reconstruction"][0], view="shares", best_gain=1.5)
    told = {"data": "digits", "view": "figures", "signal": "figures", "tpr": 0.01, "tpr_low": 0.002}
    assert 2 == len(leaks({**report, "reconstruction": [bad], "membership": [told]}))


def test_a_page_is_written_between_its_markers_only(tmp_path, report):
    """Prose stays, figures come in, the picture is beside it; doing it twice is doing it once."""
    page = tmp_path / "page.md"
    (tmp_path / "pictures").mkdir()
    page.write_text("before\n\n<!-- leakage: reconstruction -->\nyesterday\n<!-- end -->\n\nafter\n", "utf-8")
    write_page(page, report)
    once = page.read_text("utf-8")
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "| digits | one row, one step | `update` | 3 | `closed-form` |" in once
    write_page(page, report)
    assert once == page.read_text("utf-8")
    assert (tmp_path / "pictures" / "leakage.svg").exists()


def test_a_page_without_markers_is_refused(tmp_path, report):
    """Nothing is overwritten by mistake, and a page that is not there is named."""
    page = tmp_path / "page.md"
    page.write_text("no section", "utf-8")
    with pytest.raises(InvalidInput, match="no section"):
        write_page(page, report)
    with pytest.raises(StorageError, match=r"gone\.md"):
        write_page(tmp_path / "gone.md", report)


def test_the_picture_shows_what_was_trained_on_and_what_came_back(report):
    """Eight victims a line: the rows, the update and the shares of one step, then the recipe."""
    space = "{http://www.w3.org/2000/svg}"
    drawing = ET.fromstring(drawing_of(report))  # noqa: S314 - our own
    papers = [r for r in drawing.findall(f"{space}rect") if r.get("class") == "paper"]
    assert 8 * len(report["pictures"]) == len(papers)
    assert ["one-row", "one-row", "one-row", "recipe", "recipe"] == [p["setting"] for p in report["pictures"]]
    assert "the update itself" in drawing.find(f"{space}desc").text


@pytest.mark.parametrize("name", VIEWS)
def test_the_privacy_page_says_what_everybody_holds(name):
    """Each view is on the page in its own words, with figures on both data sets. GM-953."""
    text = PAGE.read_text("utf-8")
    view = VIEWS[name]
    assert f"| `{name}` | {view.says} | {view.sealed} | {view.shared} |" in text
    rows = [line for line in text.splitlines() if f"| `{name}` |" in line]
    for data in ("digits", "support2"):
        assert [line for line in rows if line.startswith(f"| {data} |")]


def test_the_privacy_page_was_written_from_a_report_that_keeps_its_promises():
    """No view that has to be silent spoke in the full run that the page shows. GM-952, GM-954."""
    assert "Broken promises: 0." in PAGE.read_text("utf-8")
    assert {"held", "membership", "noise", "reconstruction", "verdict"} == set(sections(_empty()))


@pytest.mark.parametrize("data", ["digits", "support2"])
def test_the_privacy_page_shows_why_root_updates_are_shared(data):
    """Two root updates in a row find members beyond doubt on both data sets: no single seat may read them. GM-954."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| {data} | `roots` |")]
    assert [line for line in rows if "| alignment | **" in line]
    assert "owner" == VIEWS["roots"].shared


def _empty():
    return {"reconstruction": [], "membership": [], "noise": [], "pictures": []}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"only": "telepathy"}, "knows no 'telepathy'"),
        ({"seed": -1}, "cannot be measured"),
        ({"shadows": 7}, "cannot be measured"),
        ({"jobs": 0}, "cannot be measured"),
        ({"targets": 0}, "cannot be measured"),
        ({"only": "shares", "write": PAGE}, "leave `--only` out"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_it_starts(wrong, says):
    """One line says what is wrong. GM-802."""
    with pytest.raises(InvalidInput, match=says):
        LeakageOptions(**wrong)
