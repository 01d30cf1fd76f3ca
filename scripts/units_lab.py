"""What claiming more data, and splitting it, pay under different rules; measured with the product's own scoring.

    python scripts/units_lab.py [--data support2 digits] [--parts iid skewed] [--seeds 0 1 2 3 4] [--json FILE]

Eight holders of unequal size play a bounty; one of them (the largest, one in the middle, a small one in turn) deviates
in every round while the others stay honest, from the same bases as without it. Prints Markdown: what it earns then, as
a multiple of what honesty earns (sums over seeds, rounds and deviators), what the six attackers of the gym earn
together, and how far payouts follow rows. Trained updates are kept in a folder, so a second run only scores.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from units_rules import RULES, Rule, score
from units_world import DEVIATIONS, RANKS, Player, Stage, World, seat
from value_lab import BUDGET

from marketplace.domain.update import apply
from marketplace.scoring.rowscore import network_scores, score_scale

LIMIT: Final = 1.05

Sums = dict[str, float]
"""Budgets earned over a bounty, by name."""


def earn(stages: Sequence[Stage], crowds: Sequence[Sequence[Player]], rule: Rule) -> Sums:
    """Return what each name earns over all rounds, in budgets of one round; pieces earn for the holder they are of."""
    out: Sums = {}
    last: Sequence[Any] = ()
    for stage, players in zip(stages, crowds, strict=True):
        given = seat(stage.given, players, last)
        paid = score(given, [units for _, _, units in players], rule)
        last = given.submissions
        for (name, _, _), amount in zip(players, paid.payouts, strict=True):
            owner = name.partition("/")[0]
            out[owner] = out.get(owner, 0.0) + amount / BUDGET
    return out


def instead(honest: Sequence[Player], role: Sequence[Player]) -> list[Player]:
    """Return the crowd with one holder's submission replaced, at its place, by what it submits instead."""
    owner = role[0][0].partition("/")[0]
    return [p for player in honest for p in (role if player[0] == owner else (player,))]


def measure(world: World, stages: Sequence[Stage], rule: Rule, *, playing: bool) -> dict[str, Any]:
    """Return everything one world says about one rule."""
    honest = earn(stages, [s.honest for s in stages], rule)
    rows = {f"holder{i}": len(part.labels) for i, part in enumerate(world.parts)}
    gains = {
        f"{role}/{what}": earn(stages, [instead(s.honest, s.deviations[role, what]) for s in stages], rule)
        if rule.power or not what.startswith("claim")
        else honest
        for role in RANKS
        for what in DEVIATIONS
    }
    owners = {role: f"holder{world.order[rank]}" for role, rank in RANKS.items()}
    attacked = earn(stages, [[*s.honest, *s.attackers] for s in stages], rule)
    final = world.play(rule) if playing else None
    return {
        "honest": honest,
        "rows": rows,
        "roles": {role: honest[owner] for role, owner in owners.items()},
        "role_rows": {role: rows[owner] for role, owner in owners.items()},
        "deviating": {key: earned[owners[key.partition("/")[0]]] for key, earned in gains.items()},
        "attackers": sum(v for k, v in attacked.items() if k not in honest),
        "attacked": sum(attacked.values()),
        "accuracy": final.accuracy if final else None,
        "auc": final.auc if final else None,
    }


def halves(stages: Sequence[Stage]) -> dict[str, dict[str, float]]:
    """Return, a role, what its update and one of its halves (trained as long) gain alone, in thousandths of the clip.

    Means over the rounds and rows, with the mean standard error of their difference on one round's shard.
    """
    out = {}
    for role in RANKS:
        found = np.zeros(3)
        for stage in stages:
            given, pieces = stage.given, stage.deviations[role, "split 2, as long"]
            whole = stage.deviations[role, "claim x3"][0][1]
            scale = score_scale(given.scoring, 1)
            base, *after = (
                network_scores(n, given.rows, given.labels, scale) * 1000.0 * (1 << scale.shift) / scale.clip
                for n in (given.base, *(apply(given.base, u, given.scoring.bounds) for u in (whole, pieces[0][1])))
            )
            gap = after[0] - after[1]
            found += [(after[0] - base).mean(), (after[1] - base).mean(), gap.std() / len(gap) ** 0.5]
        out[role] = dict(zip(("whole", "half", "error"), (found / len(stages)).tolist(), strict=True))
    return out


def ratio(runs: Sequence[Mapping[str, Any]], what: str, roles: Sequence[str]) -> float:
    """Return earnings with deviation `what` over honest ones, both summed over `runs` and `roles`."""
    deviant = sum(r["deviating"][f"{role}/{what}"] for r in runs for role in roles)
    honest = sum(r["roles"][role] for r in runs for role in roles)
    return deviant / honest if honest > 0 else float("inf")


def spread(runs: Sequence[Mapping[str, Any]], what: str, roles: Sequence[str]) -> float:
    """Return the jackknife standard error of `ratio` over runs."""
    n = len(runs)
    left = np.array([ratio([*runs[:i], *runs[i + 1 :]], what, roles) for i in range(n)])
    return float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())) if n > 1 else float("nan")


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; 0 if one of them is constant."""
    ranks = [np.array([sum(y < x for y in v) + (sum(y == x for y in v) - 1) / 2 for x in v]) for v in (a, b)]
    x, y = (r - r.mean() for r in ranks)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 0.0


def price(runs: Sequence[Mapping[str, Any]], deviations: Sequence[str]) -> dict[str, Any] | None:
    """Return the fees, a row and a submission, that leave honest holders most while no deviation pays.

    As shares of the mean payout a row and a holder. None if there are none: a deviation pays if any role has more than
    the limit of what honesty leaves it. A holder left with nothing stays away.
    """
    paid = sum(sum(r["honest"].values()) for r in runs)
    a_row, a_holder = (paid / sum(len(r["rows"]) if n else sum(r["rows"].values()) for r in runs) for n in (0, 1))
    best: dict[str, Any] | None = None
    for row, each in itertools.product(np.arange(0, 1.51, 0.02), repeat=2):
        net = [
            r["honest"][name] - row * a_row * rows - each * a_holder for r in runs for name, rows in r["rows"].items()
        ]
        left = sum(max(0.0, v) for v in net) / paid
        if best and left <= best["left"]:
            continue
        if all(_deters(runs, what, role, row * a_row, each * a_holder) for what in deviations for role in RANKS):
            losing = sum(v <= 0 for v in net) / len(net)
            best = {"row": float(row), "submission": float(each), "left": left, "losing": losing}
    return best


def _deters(runs: Sequence[Mapping[str, Any]], what: str, role: str, row: float, each: float) -> bool:
    pieces = int(what.split()[1][0]) if what.startswith("split") else 2 if what == "twins" else 1
    claim = 3 if what.startswith("claim") else 1
    rows = sum(r["role_rows"][role] for r in runs)
    honest = sum(r["roles"][role] for r in runs) - row * rows - each * len(runs)
    deviant = sum(r["deviating"][f"{role}/{what}"] for r in runs) - claim * row * rows - pieces * each * len(runs)
    return bool(deviant <= LIMIT * max(0.0, honest))


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one rule's figures over all seeds of one data set and way of dealing."""
    everybody = list(RANKS)
    return {
        "ratios": {what: ratio(runs, what, everybody) for what in DEVIATIONS},
        "errors": {what: spread(runs, what, everybody) for what in DEVIATIONS},
        "roles": {what: {role: ratio(runs, what, [role]) for role in RANKS} for what in DEVIATIONS},
        "paid": float(np.mean([sum(v > 0 for v in r["honest"].values()) for r in runs])),
        "budget": float(np.mean([sum(r["honest"].values()) for r in runs])),
        "rank": _mean([rank_correlation(list(r["rows"].values()), [r["honest"][k] for k in r["rows"]]) for r in runs]),
        "attackers": sum(r["attackers"] for r in runs) / max(1e-12, sum(r["attacked"] for r in runs)),
        "accuracy": _mean([r["accuracy"] for r in runs]),
        "auc": _mean([r["auc"] for r in runs]),
        "price": {"both": price(runs, ["claim x3", "split 2", "split 3"]), "all": price(runs, DEVIATIONS)},
    }


def _mean(values: Sequence[float | None]) -> float:
    return float(np.mean([v for v in values if v is not None] or [float("nan")]))


def table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return Markdown: one row a world and rule; a cell of a deviation is its ratio, its error and its worst role."""
    heads = ["world", "rule", *DEVIATIONS, "accuracy", "rank", "attackers", "paid", "budgets"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for key, figures in found.items():
        world, _, rule = key.partition(": ")
        cells = [
            f"{figures['ratios'][w]:.2f} +-{figures['errors'][w]:.2f} ({max(figures['roles'][w].values()):.2f})"
            for w in DEVIATIONS
        ]
        cells += [f"{figures['accuracy']:.3f}", f"{figures['rank']:+.2f}", f"{100 * figures['attackers']:.2f} %"]
        cells += [f"{figures['paid']:.1f}", f"{figures['budget']:.2f}"]
        lines.append(f"| {world} | {rule} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def prices(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return Markdown: the fees that deter, and what they leave."""
    lines = ["| world | rule | deters | a row | a submission | left to holders | holders left with nothing |"]
    lines.append("|---" * 7 + "|")
    for key, figures in found.items():
        world, _, rule = key.partition(": ")
        for what, fees in figures["price"].items():
            cells = ["none found", "", "", ""]
            if fees:
                cells = [f"{fees['row']:.2f}", f"{fees['submission']:.2f}"]
                cells += [f"{100 * fees['left']:.0f} %", f"{100 * fees['losing']:.0f} %"]
            lines.append(f"| {world} | {rule} | {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def pieces(alone: Mapping[str, Sequence[Mapping[str, Mapping[str, float]]]]) -> str:
    """Return Markdown: what a half is worth alone, beside how exactly a shard can tell."""
    lines = ["| world | role | whole | half | error of the difference on one shard |", "|---" * 5 + "|"]
    for world, runs in alone.items():
        for role in RANKS:
            cells = [f"{np.mean([r[role][what] for r in runs]):.1f}" for what in ("whole", "half", "error")]
            lines.append(f"| {world} | {role} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure every rule in every world and print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--data", nargs="+", default=["support2", "digits"])
    ask.add_argument("--parts", nargs="+", default=["iid", "skewed"], choices=["iid", "skewed"])
    ask.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    ask.add_argument("--rules", nargs="+", default=[rule.name for rule in RULES])
    ask.add_argument("--even", action="store_true", help="everybody takes the same number of steps, in larger batches")
    ask.add_argument("--played", type=int, default=2, help="seeds for which each rule also leads its own bounty")
    ask.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "units-lab")
    ask.add_argument("--json", type=Path, help="write all figures there")
    given = ask.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    rules = [rule for rule in RULES if rule.name in given.rules]
    runs: dict[str, list[dict[str, Any]]] = {}
    alone: dict[str, list[dict[str, dict[str, float]]]] = {}
    for data, parts in itertools.product(given.data, given.parts):
        name = f"{data} {parts}"
        for number, seed in enumerate(given.seeds):
            world = World(data, parts, seed, given.folder, even=given.even)
            stages = list(world.stages())
            alone.setdefault(name, []).append(halves(stages))
            for rule in rules:
                found = measure(world, stages, rule, playing=number < given.played)
                runs.setdefault(f"{name}: {rule.name}", []).append(found)
            _write(given.json, {"runs": runs, "alone": alone})
    summaries = {key: summary(each) for key, each in runs.items()}
    _write(given.json, {"runs": runs, "alone": alone, "summary": summaries})
    print(table(summaries))
    print()
    print(prices(summaries))
    print()
    print(pieces(alone))


def _write(path: Path | None, what: object) -> None:
    if path:
        path.write_text(json.dumps(what, indent=1), "utf-8")


if __name__ == "__main__":
    main()
