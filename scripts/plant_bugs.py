"""Show that the contracts' invariants catch bugs: with one planted, the invariant that must notice has to fail.

Usage: python scripts/plant_bugs.py [--only NAME] [--sequences 32] [--calls N] [--table FILE] [--folder FOLDER]

All bugs are compiled at once into a copy, in a temporary folder or one that is kept; the working tree is only read.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from setup_solc import ROOT
from variants import CONTRACTS, Ran, asks, folder_for, forge, make_copy

__all__ = ["BUGS", "Bug", "invariants"]

_FOLDER = CONTRACTS / "test" / "invariant"


@dataclass(frozen=True, kw_only=True)
class Bug:
    """What wrong contracts would say instead, as (file, right, wrong), and the invariant that must notice.

    `wrong` is what stands there whether the bug is planted or not; it says PLANTED where that matters.
    """

    name: str
    changes: tuple[tuple[str, str, str], ...]
    invariant: str
    calls: int = 64  # a sequence: what takes two rounds to show needs more


def _shared(mapping: str) -> tuple[tuple[str, str, str], ...]:
    """Let all bounties write to one mapping; the views look where it is written."""
    files = sorted((ROOT / CONTRACTS / "market").glob("*.sol"))
    owners = ("b", "_bounties[bounty]")
    return tuple(
        (f"market/{file.name}", f"{owner}.{mapping}[", f"(PLANTED ? _bounties[0] : {owner}).{mapping}[")
        for file in files
        for owner in owners
        if re.search(rf"(?<!\w){re.escape(owner)}\.{mapping}\[", file.read_text("utf-8"))
    )


BUGS = (
    Bug(
        name="a move credits a unit too much",
        changes=(
            ("Vault.sol", "balanceOf[token][to] += amount;", "balanceOf[token][to] += amount + (PLANTED ? 1 : 0);"),
        ),
        invariant="invariant_conservation",
    ),
    Bug(
        name="a withdrawal leaves the account alone",
        changes=(
            (
                "Vault.sol",
                "balanceOf[token][account] = balance - amount;",
                "balanceOf[token][account] = PLANTED ? balance : balance - amount;",
            ),
        ),
        invariant="invariant_conservation",
    ),
    Bug(
        name="a claim pays a unit too little",
        changes=(
            (
                "market/Payouts.sol",
                "_pay(bounty, token, holder, paid);",
                "_pay(bounty, token, holder, PLANTED ? paid - 1 : paid);",
            ),
        ),
        invariant="invariant_ledger",
    ),
    Bug(name="holders join all bounties at once", changes=_shared("holders"), invariant="invariant_isolation"),
    Bug(name="all bounties have the same results", changes=_shared("results"), invariant="invariant_isolation"),
    Bug(
        name="a void round is played again",
        changes=(("market/Core.sol", "clock.round += 1;", "clock.round += PLANTED ? 0 : 1;"),),
        invariant="invariant_noWayBack",
    ),
    Bug(
        name="a slash burns a unit too much",
        changes=(
            (
                "Registry.sol",
                "IVault(vault).BURNED(), burned);",
                "IVault(vault).BURNED(), PLANTED ? burned + 1 : burned);",
            ),
        ),
        invariant="invariant_slashes",
    ),
    Bug(
        name="a challenger gets a unit too much",
        changes=(("Registry.sol", "? 0 : taken / 2;", "? 0 : taken / 2 + (PLANTED ? 1 : 0);"),),
        invariant="invariant_everybodyIsPaid",
    ),
    Bug(
        name="nobody is rewarded for a disproof",
        changes=(
            (
                "market/Bench.sol",
                "return address(uint160(uint256(mark)));",
                "return PLANTED ? address(0) : address(uint160(uint256(mark)));",
            ),
        ),
        invariant="invariant_everybodyIsPaid",
    ),
    Bug(
        name="a fallen sheet costs a fifth",
        changes=(
            ("market/Scoring.sol", "percent = WRONG_SHEET_PERCENT;", "percent = PLANTED ? 20 : WRONG_SHEET_PERCENT;"),
        ),
        invariant="invariant_deedsHaveTheirPrice",
    ),
    Bug(
        name="a sheet falls for the next round as well",
        changes=(
            (
                "market/Bench.sol",
                "if (percents != 0) (b.sums.disproved, b.sums.led, b.sums.excused) = (0, 0, 0);",
                "if (percents != 0 && !PLANTED) (b.sums.disproved, b.sums.led, b.sums.excused) = (0, 0, 0);",
            ),
        ),
        invariant="invariant_deedsHaveTheirPrice",
        calls=400,
    ),
    Bug(
        name="a fallen sheet keeps its hash",
        changes=(("market/Scoring.sol", "b.leading = mark;", "if (!PLANTED) b.leading = mark;"),),
        invariant="invariant_nothingIsSettledOnWhatFell",
    ),
    Bug(
        name="disputes do not hold the round",
        changes=(("market/Scoring.sol", "docket == Docket.Clear ?", "docket == Docket.Clear || PLANTED ?"),),
        invariant="invariant_disputes",
    ),
    Bug(
        name="a dispute stays open for ever",
        changes=(("Referee.sol", "count.open -= 1;", "count.open -= PLANTED ? 0 : 1;"),),
        invariant="invariant_disputes",
    ),
    Bug(
        name="every bond is the first",
        changes=(("Referee.sol", "return (before + 1) * ", "return (PLANTED ? 1 : before + 1) * "),),
        invariant="invariant_disputes",
    ),
    Bug(
        name="a unit of the bond stays behind",
        changes=(
            (
                "Referee.sol",
                "IVault(vault).balanceOf(token, id));",
                "IVault(vault).balanceOf(token, id) - (PLANTED ? 1 : 0));",
            ),
        ),
        invariant="invariant_disputes",
    ),
    Bug(
        name="the challenger has its bond back whatever comes",
        changes=(
            (
                "Referee.sol",
                "upheld ? challenger : _defenders[id];",
                "upheld || PLANTED ? challenger : _defenders[id];",
            ),
        ),
        invariant="invariant_everybodyIsPaid",
    ),
    Bug(
        name="all bounties count one row of disputes",
        changes=(
            ("Referee.sol", "_counts[given.bounty]", "_counts[PLANTED ? bytes32(0) : given.bounty]"),
            ("Referee.sol", "_counts[bounty]", "_counts[PLANTED ? bytes32(0) : bounty]"),
        ),
        invariant="invariant_isolation",
    ),
    Bug(
        name="a default burns a unit too little",
        changes=(
            ("market/Core.sol", "burned = terms.bond() - owed;", "burned = terms.bond() - owed - (PLANTED ? 1 : 0);"),
        ),
        invariant="invariant_everybodyIsPaid",
    ),
)


def invariants() -> set[str]:
    """Return the names of all invariants there are."""
    texts = [file.read_text("utf-8") for file in (ROOT / _FOLDER).glob("*.t.sol")]
    return {name for text in texts for name in re.findall(r"function (invariant_\w+)\(\) public view", text)}


def _with_bugs() -> dict[str, str]:
    """Return the changed files with every bug in them, asleep.

    Raises:
        SystemExit: a line to replace is not there.
    """
    texts: dict[str, str] = {}
    for number, bug in enumerate(BUGS, start=1):
        for file, right, wrong in bug.changes:
            text = texts.get(file) or (ROOT / CONTRACTS / file).read_text("utf-8")
            at = rf"(?<!\w){re.escape(right)}" if right[0].isalpha() or right[0] == "_" else re.escape(right)
            says = wrong.replace("PLANTED", asks(number))
            planted = says.join(re.split(at, text))
            if planted == text:
                sys.exit(f"{file} has no `{right}`: bring scripts/plant_bugs.py up to date")
            texts[file] = planted
    return texts


def _left_out(folder: str, names: list[str]) -> list[str]:
    """Return the tests and the judges among these files; the referee needs the layout of a frame."""
    judges = Path(folder).name == "referee"
    return [name for name in names if name.endswith(".t.sol") or (judges and name != "Frames.sol")]


def _run(copy: Path, number: int, invariant: str, sequences: int, calls: int) -> Ran:
    options = ["--match-path", f"{_FOLDER}/*", "--match-test", rf"^{invariant}\("]
    size = {"FOUNDRY_INVARIANT_RUNS": str(sequences), "FOUNDRY_INVARIANT_DEPTH": str(calls)}
    return forge(copy, number, *options, settings=size)


def main() -> int:
    """Plant the bugs one by one and print a table; return 1 when one was not caught or an invariant has none."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="only bugs whose name contains this")
    parser.add_argument("--sequences", type=int, default=128)
    parser.add_argument("--calls", type=int, default=0, help="a sequence; 64 unless a bug needs more")
    parser.add_argument("--table", type=Path, help="write the table there too")
    parser.add_argument("--folder", type=Path, help="work there, and keep what was compiled")
    arguments = parser.parse_args()
    unheld = invariants() - {bug.invariant for bug in BUGS}
    if unheld:
        sys.exit(f"no bug is planted for {', '.join(sorted(unheld))}")
    missed = 0
    lines: list[str] = []

    def tell(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    with folder_for(arguments.folder) as copy:
        # No other test, because forge would compile it too; nor the judges: here they are taught what to say.
        make_copy(copy, _with_bugs(), _left_out)
        shutil.copytree(ROOT / _FOLDER, copy / _FOLDER, dirs_exist_ok=True)
        sound = _run(copy, 0, "invariant_\\w+", 1, 16)
        if not sound.passed:
            sys.exit(f"the invariants fail without a bug:\n{sound.output}")
        tell("| bug | invariant | it said | s |\n|---|---|---|---|")
        for number, bug in enumerate(BUGS, start=1):
            if arguments.only not in bug.name:
                continue
            ran = _run(copy, number, bug.invariant, arguments.sequences, arguments.calls or bug.calls)
            reason = re.search(r"\[FAIL: (?:failed to set up invariant testing environment: )?(.*?)\]", ran.output)
            missed += reason is None
            said = "**not caught**" if reason is None else reason[1]
            tell(f"| {bug.name} | `{bug.invariant}` | {said} | {ran.seconds:.0f} |")
    if arguments.table:
        arguments.table.write_text("\n".join(lines) + "\n", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
