"""What tests of silence and lies look at: who sits, which sheets, who lost what, and that all money comes home."""

from client.validator import Validator
from marketplace.domain.bounty import TicketState
from tests.client.stage import Stage

__all__ = ["everything_comes_home", "on_the_bench", "sheets", "slashed"]


def on_the_bench(stage: Stage) -> list[Validator]:
    """The validators that hold a seat, in the order of the seats."""
    by_address = {v.address: v for v in stage.validators}
    return [by_address[event.validator] for _, event in sorted(stage.owner.log.refresh().seats.items())]


def sheets(stage: Stage, round_: int) -> int:
    """How many different sheets were revealed in a round."""
    return len(stage.owner.log.refresh().revealed[round_])


def slashed(stage: Stage) -> dict[str, int]:
    """What validators lost, by name."""
    lost = stage.owner.log.refresh().lost
    return {v.name: lost[v.address] for v in stage.validators if lost[v.address]}


def everything_comes_home(stage: Stage) -> None:
    """Take out every stake and every balance; assert that only what is burned stays in the vault."""
    stake, clock = stage.terms.ticket_stake, stage.net.chain.clock
    for number, validator in enumerate(stage.validators):
        if validator.account.registry.ticket(stake, number).state is TicketState.LIVE:
            validator.account.registry.leave(stake, number)
    clock.wait_until(clock.now() + stage.owner.account.registry.unbonding() + 1)
    for number, validator in enumerate(stage.validators):
        validator.account.registry.redeem(stake, number)
    stage.withdraw_all()
    books = stage.net.books()
    assert (0, 0) == (stage.left_in_bounty(), books.held)
    assert books.deposited == books.withdrawn + books.burned
    assert books.tokens_in_vault == books.burned
