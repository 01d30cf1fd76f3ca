"""Show how many small changes of the contracts that move or judge money the tests notice.

Usage: python scripts/mutate.py [--sample 240] [--seed 1] [--only TEXT] [--minutes 600] [--list] [--report FILE]
       [--folder FOLDER] [--workers 1]

A sample is drawn of all changes, as many from each file as its share of them. All of it is compiled at once
(scripts/variants.py) into a copy, in a temporary folder or one that is kept; the working tree is only read.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mutants import Mutant, mutants, rendered
from scipy.stats import binomtest
from setup_solc import ROOT
from variants import CONTRACTS, folder_for, forge, make_copy

__all__ = ["FILES", "draw", "interval"]

# What is mutated, and the tests that run first; what survives them has to survive all.
FILES: dict[str, str] = {
    "Vault.sol": "{Vault.t.sol,fuzz/Vault.t.sol}",
    "Registry.sol": "{Registry,Bench,Falling}.t.sol",
    "Referee.sol": "{Referee,Disputing,Ruling,Excusing}.t.sol",
    "market/Payouts.sol": "{Claiming.t.sol,fuzz/Payouts.t.sol}",
    "market/Bench.sol": "{Bench,Falling,WholeBounty}.t.sol",
    "market/Core.sol": "{Phases,WholeBounty,Serving}.t.sol",
    "market/Scoring.sol": "{Scoring,Disproving,Falling,Excusing}.t.sol",
    "libraries/Accounts.sol": "{Vault,Registry}.t.sol",
    "libraries/Drawing.sol": "{Registry.t.sol,fuzz/Draws.t.sol}",
    "libraries/Lanes.sol": "fuzz/Libraries.t.sol",
    "libraries/Named.sol": "Disputing.t.sol",
    "libraries/Sheets.sol": "{Sheets,Scoring,Disputing}.t.sol",
    "libraries/SumTree.sol": "{Claiming.t.sol,fuzz/Libraries.t.sol}",
    "libraries/TicketList.sol": "{Registry.t.sol,fuzz/Seats.t.sol}",
    "referee/ActivationJudge.sol": "referee/{ActivationJudge,Groups,Numbers}.t.sol",
    "referee/AnswerJudge.sol": "referee/AnswerJudge.t.sol",
    "referee/Coalitions.sol": "referee/{ActivationJudge,SumJudge}.t.sol",
    "referee/Coefficients.sol": "referee/{Coefficients,MoneyJudge}.t.sol",
    "referee/Exact.sol": "referee/{Numbers,Money*}.t.sol",
    "referee/Figures.sol": "referee/{Numbers,SumJudge,MoneyJudge}.t.sol",
    "referee/Frames.sol": "referee/*.t.sol",
    "referee/InputJudge.sol": "referee/InputJudge.t.sol",
    "referee/ModelJudge.sol": "referee/ModelJudge.t.sol",
    "referee/MoneyJudge.sol": "referee/Money*.t.sol",
    "referee/Numbers.sol": "referee/Numbers.t.sol",
    "referee/Openings.sol": "referee/*.t.sol",
    "referee/Params.sol": "referee/{Money*,ModelJudge}.t.sol",
    "referee/PayoutTree.sol": "referee/MoneyRounds.t.sol",
    "referee/Steps.sol": "referee/{SumJudge,ModelJudge}.t.sol",
    "referee/SumJudge.sol": "referee/SumJudge.t.sol",
}
# What the judges' files are used by, and what everything else is.
_JUDGES_TESTS, _OTHER_TESTS = "referee/*.t.sol", "{*.t.sol,fuzz/*.t.sol}"
_TIMES_AS_LONG, _LEAST_SECONDS = 3, 60
_ENOUGH_PERCENT = 95


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one change: the test that noticed it, or nothing."""

    mutant: Mutant
    noticed_by: str
    seconds: float


def draw(found: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """Return a sample of `size`, each file with its share of all (the largest remainders rounded up)."""
    counts = Counter(mutant.file for mutant in found)
    exact = {file: min(size, len(found)) * count / len(found) for file, count in counts.items()}
    share = {file: math.floor(value) for file, value in exact.items()}
    missing = min(size, len(found)) - sum(share.values())
    for file in sorted(exact, key=lambda name: share[name] - exact[name])[:missing]:
        share[file] += 1
    chance = random.Random(seed)  # noqa: S311 -- a sample that can be drawn again
    return [
        mutant
        for file, count in share.items()
        for mutant in sorted(
            chance.sample([mutant for mutant in found if mutant.file == file], count), key=lambda m: m.number
        )
    ]


def interval(killed: int, decided: int) -> tuple[float, float]:
    """Return the 95 % interval of Wilson for a share."""
    if decided == 0:
        return 0.0, 1.0
    found = binomtest(killed, decided).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


class _Bench:
    """A copy with the sample in it."""

    def __init__(self, copy: Path, sample: list[Mutant], workers: int) -> None:
        self._copy = copy
        self._workers = workers
        self._seconds: dict[str, float] = {}
        self._limit = 0.0
        texts = {file: (ROOT / CONTRACTS / file).read_bytes() for file in {mutant.file for mutant in sample}}
        changed = {file: rendered(text, [m for m in sample if m.file == file]) for file, text in texts.items()}
        make_copy(copy, changed, shutil.ignore_patterns("invariant", "proofs"))

    def _noticed(self, tests: str, number: int, limit: float | None) -> str:
        path = f"{CONTRACTS}/test/{tests}"
        settings = {"FOUNDRY_PROFILE": "quick"}
        ran = forge(self._copy, number, "--fail-fast", "--match-path", path, timeout=limit, settings=settings)
        self._seconds[tests] = ran.seconds
        if ran.passed:
            return ""
        failed = re.search(r"\[FAIL.*", ran.output)
        return failed[0] if failed else ran.output[-300:]

    def prove_sound(self) -> None:
        """Run every test without a change, which tells how long that takes."""
        for tests in (_JUDGES_TESTS, _OTHER_TESTS):
            if why := self._noticed(tests, 0, None):
                sys.exit(f"the tests fail without a change: {why}")
        self._limit = _LEAST_SECONDS + _TIMES_AS_LONG * self._workers * max(self._seconds.values())

    def decide(self, mutant: Mutant) -> Outcome:
        """Run the tests that may notice a change, the likeliest first."""
        began = time.monotonic()
        rest = _JUDGES_TESTS if mutant.file.startswith("referee/") else _OTHER_TESTS
        why = self._noticed(FILES[mutant.file], mutant.number, self._limit)
        if not why and rest != FILES[mutant.file]:
            why = self._noticed(rest, mutant.number, self._limit)
        return Outcome(mutant=mutant, noticed_by=why, seconds=round(time.monotonic() - began, 1))


def _decided(bench: _Bench, sample: list[Mutant], workers: int, deadline: float) -> Iterator[Outcome]:
    """Yield what came of each change begun before the deadline: what takes long is not left out."""
    rest = iter(sample)

    def work() -> Iterator[Mutant]:
        while time.monotonic() <= deadline and (mutant := next(rest, None)) is not None:
            yield mutant

    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(bench.decide, mutant) for _, mutant in zip(range(workers), work(), strict=False)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(bench.decide, mutant) for _, mutant in zip(done, work(), strict=False)}
            yield from (future.result() for future in done)


def _summary(outcomes: list[Outcome], found: int, seed: int) -> dict[str, Any]:
    killed = sum(bool(outcome.noticed_by) for outcome in outcomes)
    low, high = interval(killed, len(outcomes))
    return {
        "seed": seed,
        "possible": found,
        "decided": len(outcomes),
        "noticed": killed,
        "share_percent": round(100 * killed / max(1, len(outcomes)), 1),
        "interval_percent": [round(100 * low, 1), round(100 * high, 1)],
        "survived": [asdict(outcome.mutant) for outcome in outcomes if not outcome.noticed_by],
        "all": [asdict(outcome) for outcome in outcomes],
    }


def main() -> int:
    """Decide about a sample of changes; return 1 when fewer than 95 % were noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only changes of the sample whose description contains this")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so long")
    parser.add_argument("--list", action="store_true", help="only say what would be changed")
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "mutants.json")
    parser.add_argument("--folder", type=Path, help="work there, and keep what was compiled")
    parser.add_argument("--workers", type=int, default=1, help="so many changes at a time")
    arguments = parser.parse_args()
    found = mutants(FILES)
    sample = [mutant for mutant in draw(found, arguments.sample, arguments.seed) if arguments.only in str(mutant)]
    if arguments.list:
        print("\n".join(map(str, sample)), f"\n{len(sample)} of {len(found)}")
        return 0
    deadline = time.monotonic() + 60 * arguments.minutes
    outcomes: list[Outcome] = []
    with folder_for(arguments.folder) as folder:
        bench = _Bench(folder, sample, arguments.workers)
        bench.prove_sound()
        random.Random(arguments.seed).shuffle(sample)  # noqa: S311 -- what is decided in time is a sample too
        for outcome in _decided(bench, sample, arguments.workers, deadline):
            mutant = outcome.mutant
            outcomes.append(outcome)
            print(f"{'noticed ' if outcomes[-1].noticed_by else 'SURVIVED'} {mutant}", flush=True)
            arguments.report.parent.mkdir(exist_ok=True)
            told = _summary(outcomes, len(found), arguments.seed)
            arguments.report.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    told = _summary(outcomes, len(found), arguments.seed)
    low, high = told["interval_percent"]
    print(f"{told['noticed']} of {told['decided']} noticed: between {low} and {high} % (95 %)")
    return 0 if 100 * told["noticed"] >= _ENOUGH_PERCENT * told["decided"] else 1


if __name__ == "__main__":
    sys.exit(main())
