"""Show that the contracts' invariants catch bugs: plant one at a time in a copy, run the invariant that must fail.

Usage: python scripts/plant_bugs.py [--only NAME] [--sequences 32] [--calls 64]

Works in a temporary folder; the working tree is only read.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from setup_solc import ROOT, ensure_solc

__all__ = ["BUGS", "Bug", "plant"]

INVARIANTS = Path("contracts", "test", "invariant")


@dataclass(frozen=True, kw_only=True)
class Bug:
    """What a wrong contract would say instead, as (file, right, wrong), and the invariant that must notice."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    invariant: str


def _shared(mapping: str) -> tuple[tuple[str, str, str], ...]:
    """Let all bounties write to one mapping; the views look where it is written."""
    files = sorted((ROOT / "contracts" / "market").glob("*.sol"))
    owners = [f"{name}.{mapping}[" for name in ("b", "_bounties[bounty]")]
    return tuple(
        (f"market/{file.name}", right, f"_bounties[0].{mapping}[")
        for file in files
        for right in owners
        if right in file.read_text("utf-8")
    )


BUGS = (
    Bug(
        name="a move credits a unit too much",
        changes=(("Vault.sol", "balanceOf[token][to] += amount;", "balanceOf[token][to] += amount + 1;"),),
        invariant="invariant_conservation",
    ),
    Bug(
        name="a withdrawal leaves the account alone",
        changes=(("Vault.sol", "balanceOf[token][account] = balance - amount;", ""),),
        invariant="invariant_conservation",
    ),
    Bug(
        name="a claim pays a unit too little",
        changes=(
            ("market/Payouts.sol", "_pay(bounty, token, holder, paid);", "_pay(bounty, token, holder, paid - 1);"),
        ),
        invariant="invariant_ledger",
    ),
    Bug(name="holders join all bounties at once", changes=_shared("holders"), invariant="invariant_isolation"),
    Bug(name="all bounties have the same results", changes=_shared("results"), invariant="invariant_isolation"),
    Bug(
        name="a void round is played again",
        changes=(("market/Core.sol", "clock.round += 1;", ""),),
        invariant="invariant_noWayBack",
    ),
    Bug(
        name="a slash burns a unit too much",
        changes=(("Registry.sol", "IVault(vault).BURNED(), burned);", "IVault(vault).BURNED(), burned + 1);"),),
        invariant="invariant_slashes",
    ),
    Bug(
        name="a challenger gets a unit too much",
        changes=(("Registry.sol", "? 0 : taken / 2;", "? 0 : taken / 2 + 1;"),),
        invariant="invariant_everybodyIsPaid",
    ),
    Bug(
        name="nobody is rewarded for a disproof",
        changes=(
            (
                "market/Bench.sol",
                "return address(uint160(uint256(mark)));",
                "return address(uint160(uint256(mark) & 0));",
            ),
        ),
        invariant="invariant_everybodyIsPaid",
    ),
    Bug(
        name="a fallen sheet costs a fifth",
        changes=(("market/Scoring.sol", "WRONG_SHEET_PERCENT = 100;", "WRONG_SHEET_PERCENT = 20;"),),
        invariant="invariant_deedsHaveTheirPrice",
    ),
    Bug(
        name="a sheet falls for the next round as well",
        changes=(("market/Bench.sol", "if (percents != 0) (b.sums.disproved, b.sums.led) = (0, 0);", ""),),
        invariant="invariant_deedsHaveTheirPrice",
    ),
    Bug(
        name="a fallen sheet keeps its hash",
        changes=(("market/Scoring.sol", "b.leading = mark;", ""),),
        invariant="invariant_nothingIsSettledOnWhatFell",
    ),
    Bug(
        name="disputes do not hold the round",
        changes=(("market/Scoring.sol", "disputed ? Phase.Dispute : Phase.Challenge", "Phase.Challenge"),),
        invariant="invariant_disputes",
    ),
    Bug(
        name="a dispute stays open for ever",
        changes=(("Referee.sol", "count.open -= 1;", ""),),
        invariant="invariant_disputes",
    ),
    Bug(
        name="every bond is the first",
        changes=(("Referee.sol", "return (before + 1) * ", "return (before * 0 + 1) * "),),
        invariant="invariant_disputes",
    ),
    Bug(
        name="a unit of the bond stays behind",
        changes=(("Referee.sol", "IVault(vault).balanceOf(token, id));", "IVault(vault).balanceOf(token, id) - 1);"),),
        invariant="invariant_disputes",
    ),
    Bug(
        name="the challenger has its bond back whatever comes",
        changes=(("Referee.sol", "upheld ? challenger : _defenders[id];", "challenger;"),),
        invariant="invariant_everybodyIsPaid",
    ),
    Bug(
        name="all bounties count one row of disputes",
        changes=(
            ("Referee.sol", "_counts[given.bounty]", "_counts[0]"),
            ("Referee.sol", "_counts[bounty]", "_counts[0]"),
        ),
        invariant="invariant_isolation",
    ),
    Bug(
        name="a default burns a unit too little",
        changes=(("market/Core.sol", "burned = terms.bond() - owed;", "burned = terms.bond() - owed - 1;"),),
        invariant="invariant_everybodyIsPaid",
    ),
)


def plant(bug: Bug, copy: Path, sequences: int, calls: int) -> str | None:
    """Run one bug's invariant in a copy of the contracts; return why it failed, or None if it held.

    Raises:
        SystemExit: the line to replace is not there, or the copy does not compile.
    """
    sound = {file: (copy / "contracts" / file).read_text("utf-8") for file, _, _ in bug.changes}
    try:
        for file, right, wrong in bug.changes:
            path = copy / "contracts" / file
            source = path.read_text("utf-8")
            if right not in source:
                sys.exit(f"{file} has no `{right}`: bring scripts/plant_bugs.py up to date")
            path.write_text(source.replace(right, wrong), "utf-8")
        output = _run(copy, bug.invariant, sequences, calls)
    finally:
        for file, source in sound.items():
            (copy / "contracts" / file).write_text(source, "utf-8")
    if re.search(r"\[PASS\] " + bug.invariant, output):
        return None
    failure = re.search(r"\[FAIL: (.*?)\]", output)
    if failure is None:
        sys.exit(f"forge did not run `{bug.invariant}`:\n{output}")
    return failure[1]


def _copy_contracts(copy: Path) -> None:
    """Copy what the invariants need: no other test, because forge would compile it too."""
    others = shutil.ignore_patterns("*.t.sol", "referee")  # nor the judges: here they are taught what to say
    shutil.copytree(ROOT / "contracts", copy / "contracts", ignore=others)
    shutil.copytree(ROOT / INVARIANTS, copy / INVARIANTS, dirs_exist_ok=True)
    shutil.copy(ROOT / "foundry.toml", copy)
    (copy / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)


def _run(folder: Path, invariant: str, sequences: int, calls: int) -> str:
    """Return what forge says about one invariant."""
    forge = next((ROOT / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge"))
    settings = {
        "FOUNDRY_INVARIANT_RUNS": str(sequences),
        "FOUNDRY_INVARIANT_DEPTH": str(calls),
        "FOUNDRY_DYNAMIC_TEST_LINKING": "true",  # a bug in the market leaves the compiled handler as it is
    }
    answer = subprocess.run(
        [forge, "test", "--use", ensure_solc(), "--match-path", f"{INVARIANTS}/*", "--match-test", rf"^{invariant}\("],
        cwd=folder,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout + answer.stderr


def main() -> int:
    """Plant the bugs one by one and print a table; return 1 when one was not caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="only bugs whose name contains this")
    parser.add_argument("--sequences", type=int, default=32)
    parser.add_argument("--calls", type=int, default=64)
    arguments = parser.parse_args()
    missed = 0
    print(f"{'bug':46} {'invariant':36} caught by")
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        _copy_contracts(Path(folder))
        for bug in BUGS:
            if arguments.only not in bug.name:
                continue
            reason = plant(bug, Path(folder), arguments.sequences, arguments.calls)
            missed += reason is None
            print(f"{bug.name:46} {bug.invariant:36} {reason or '-- NOT CAUGHT --'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
