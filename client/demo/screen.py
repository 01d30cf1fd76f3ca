"""What a demonstration looks like in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from client.demo.people import HONEST
from client.modes import ENCRYPTED, SHARED
from marketplace.domain.bounty import Phase
from marketplace.domain.money import format_units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from client.demo.books import Books
    from client.demo.people import Programme
    from client.demo.report import Standing
    from client.training import Metrics

__all__ = ["Screen"]

_STORY: Final = {
    Phase.DRAW: "posted; a future block will draw the validators",
    Phase.ACKNOWLEDGE: "drawn validators check the terms, take their seats",
    Phase.JOIN: "data holders may join; stake and fees get locked",
    Phase.SUBMIT: "holders train at home, submit sealed updates",
    Phase.ATTEST: "hidden rows open to the seats; they swap key shares",
    Phase.REBUT: "seats say the rows did not open; the owner may answer",
    Phase.COMMIT: "seats open the updates, score, commit to a sheet",
    Phase.REVEAL: "seats reveal their sheets",
    Phase.CHALLENGE: "the sheet stands open to challenge",
    Phase.SERVE: "settled; seats hand the owner the aggregate's key",
    Phase.CLOSED: "everybody claims and withdraws",
}
_UNJUDGED: Final = {
    Phase.ATTEST: "hidden rows open to the seats; they say where they meet",
    Phase.CHALLENGE: "nothing to show in this mode: the sheet stands",
}
_OTHERWISE: Final = {
    SHARED: _UNJUDGED
    | {
        Phase.SUBMIT: "holders train at home, submit updates in three components",
        Phase.COMMIT: "seats compute on components that none can read, commit to a sheet",
        Phase.SERVE: "settled; seats hand the owner the keys of the next model's components",
    },
    ENCRYPTED: _UNJUDGED
    | {
        Phase.SUBMIT: "holders train a model they cannot read, submit sealed updates",
        Phase.COMMIT: "seats decrypt the updates together, score, commit to a sheet",
    },
}
"""What is told otherwise, by mode."""

_BARS: Final = " ▁▂▃▄▅▆▇█"
_WIDTH: Final = 28


class Screen:
    """Tells the story of a bounty line by line; works in a terminal, a pipe and a log."""

    def __init__(self, programme: Programme, console: Console | None = None) -> None:
        self._programme = programme
        self._console = console or Console(highlight=False)
        self._submitted: list[str] = []
        self._holders = {person.address: person for person in programme.of_role("holder")}
        self._story = _STORY | _OTHERWISE.get(programme.privacy, {})

    def opening(self, start: Metrics) -> None:
        """Say who is on stage."""
        terms, holders = self._programme.terms, self._holders.values()
        cheats = [person.kind for person in holders if person.kind != HONEST]
        self._console.print(f"\n[bold]{self._programme.title}[/bold]")
        self._console.print(
            f"{len(holders) - len(cheats)} data holders, {len(cheats)} cheats ({', '.join(cheats) or 'none'}), "
            f"{terms.seats} validators"
        )
        self._console.print(f"{terms.rounds} rounds of up to {format_units(terms.round_budget)} tokens each")
        self._console.print(f"the owner's model to begin with: {_quality(start)}\n")

    def phase(self, phase: Phase, round_: int) -> None:
        """Tell what the bounty is waiting for now."""
        if self._submitted:
            self._console.print(Text(f"{'':<14}{len(self._submitted)} sealed updates on the chain", "dim"))
            self._submitted.clear()
        if phase is Phase.SUBMIT:
            self._console.rule(f"round {round_ + 1}", style="dim")
        self._console.print(Text.assemble((f"  {phase.name.lower():<12}", "cyan"), self._story.get(phase, "")))

    def submitted(self, holder: str) -> None:
        """Count who submitted, by address; the rest is told by phase."""
        name = self._holders[holder].name
        self._submitted.append(name)
        self._overwrite(f"{name} submitted")

    def training(self, name: str) -> Callable[[float], None]:
        """Return what draws a holder's progress bar, one line that the next one overwrites; a log is spared it."""

        def draw(done: float) -> None:
            filled = int(done * _WIDTH)
            self._overwrite(f"{'█' * filled:<{_WIDTH}} {name} trains")

        return draw

    def round_over(self, round_: int, sheet: Mapping[str, Any], metrics: Metrics) -> None:
        """Show the score table of a settled round, from its sheet."""
        table = Table(title=f"score sheet of round {round_ + 1}", title_justify="left", title_style="bold")
        for column, justify in (("holder", "left"), ("weight", "right"), ("worth", "left"), ("payout", "right")):
            table.add_column(column, justify=justify)  # type: ignore[arg-type]
        top = max((int(row["payout"]) for row in sheet["submissions"]), default=0)
        for row in sheet["submissions"]:
            person, paid = self._holders[row["holder"]], int(row["payout"])
            style = "red" if person.kind != HONEST else ""
            note = "copy of another update" if row["copy"] else _bar(paid, top)
            table.add_row(Text(person.name, style), str(row["coefficient"]), note, format_units(paid) if paid else "-")
        self._console.print(table)
        fate = "adopted" if sheet["adopted"] else "not adopted"
        self._console.print(
            f"gain {int(sheet['gain_ppb']) / 1e7:+.2f} %, {fate}; paid {format_units(int(sheet['pool']))} tokens; "
            f"{_quality(metrics)}\n"
        )

    def _overwrite(self, line: str) -> None:
        if self._console.is_terminal and not self._console.record:
            self._console.print(Text(f"{'':<14}{line:<60}", "dim"), end="\r")

    def closing(self, curve: dict[int, Metrics], people: list[Standing], kept: Books) -> None:
        """Show where the money went, the curve, and whether every unit is accounted for."""
        table = Table(title="where the money went (tokens)", title_justify="left", title_style="bold")
        for column in ("who", "earned", "fees", "slashed", "net"):
            table.add_column(column, justify="left" if column == "who" else "right")
        for one in people:
            style = "red" if one.kind != HONEST else ""
            amounts = (format_units(x) if x else "-" for x in (one.earned, one.fees, one.slashed))
            table.add_row(Text(f"{one.name}", style), *amounts, f"{'+' if one.net > 0 else ''}{format_units(one.net)}")
        self._console.print(table)
        points = [curve[r].auc for r in sorted(curve)]
        self._console.print(f"AUC on rows nobody used  {curve[-1].auc:.3f} {_curve(points)} {points[-1]:.3f}")
        verdict = "every unit accounted for" if kept.exact else "[bold red]UNITS MISSING: please report this[/bold red]"
        self._console.print(
            f"in {format_units(kept.deposited)} = out {format_units(kept.withdrawn)} + burned "
            f"{format_units(kept.burned)} + held {format_units(kept.held)}\n{verdict}\n"
        )


def _quality(metrics: Metrics) -> str:
    return f"accuracy {metrics.accuracy:.3f}, AUC {metrics.auc:.3f}"


def _bar(amount: int, top: int) -> str:
    return "█" * (amount * _WIDTH // top) if top else ""


def _curve(points: list[float]) -> str:
    low, high = min(points), max(points)
    span = (high - low) or 1
    return "".join(_BARS[1 + int((p - low) / span * (len(_BARS) - 2))] for p in points)
