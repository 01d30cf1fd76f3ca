"""What noise costs: one round of the demonstration's honest holders, without noise and with it.

    python scripts/privacy_lab.py [--data support2] [--delta 1e-5]

For each way of hiding: epsilon of the round, the mean cosine of a holder's update to the one it trains without noise,
and what the base plus a round's step, 5/4 of the mean, reaches on the test rows. docs/PRIVACY.md shows these figures.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from client.demo.plan import DemoOptions
from client.demo.script import write_script
from client.holder import TrainingTask
from client.training import evaluate
from client.training.accounting import epsilon_of
from client.training.private import RowPrivacy, train_private
from client.training.quantise import to_update
from marketplace.domain.update import apply
from marketplace.privacy.differential import Mechanism
from marketplace.privacy.randomness import RandomStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from client.demo.script import HolderPart
    from client.owner import BountyPlan
    from marketplace.domain.terms_document import TermsDocument

__all__ = ["main"]

_ROW_NOISE: Final = ("1/1000", "4", "8", "16", "32")
_UPDATE_NOISE: Final = ("1/20", "1/10", "1/4", "1")
_STEPS: Final = 20
_RATE: Final = 0.5
_LINE: Final = "{:<8} {:>7} {:>12} {:>8} {:>10} {:>8}"


def main() -> None:
    """Train, hide and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="support2")
    parser.add_argument("--delta", type=float, default=1e-5)
    args = parser.parse_args()
    script = write_script(DemoOptions(data=args.data, attackers=()), "0x" + "00" * 20, 0)
    plan, test = script.inputs.plan(), script.split.test
    plain = [_trained(part, plan) for part in script.holders]
    print(f"{args.data}: rows {[len(part.rows.labels) for part in script.holders]}, {len(plain[0]):,} parameters")
    print(_LINE.format("unit", "noise", "epsilon", "cosine", "accuracy", "AUC"))

    def show(unit: str, noise: str, epsilon: float, updates: list[NDArray[np.int64]]) -> None:
        mean = to_update(
            np.mean(updates, axis=0) * plan.scoring.step_quarters / 4, plan.scoring.shape, plan.scoring.bounds
        )
        found = evaluate(apply(plan.base, mean, plan.scoring.bounds), test.features, test.labels)
        cosine = np.mean([_cosine(a, b) for a, b in zip(updates, plain, strict=True)])
        figures = (f"{epsilon:,.1f}", f"{cosine:.3f}", f"{found.accuracy:.3f}", f"{found.auc:.3f}")
        print(_LINE.format(unit, noise, *figures))

    bare = evaluate(plan.base, test.features, test.labels)
    print(_LINE.format("base", "", "0.0", "", f"{bare.accuracy:.3f}", f"{bare.auc:.3f}"))
    show("none", "", float("inf"), plain)
    for noise in _ROW_NOISE:
        privacy = RowPrivacy(1.0, Fraction(noise), _STEPS, _RATE)
        hidden = [
            _hidden(part, plan, privacy, stream) for part, stream in zip(script.holders, _streams(), strict=False)
        ]
        show("row", noise, epsilon_of([privacy.multiplier], args.delta), hidden)
    clip = int(np.median([np.linalg.norm(update) for update in plain]))
    for noise in _UPDATE_NOISE:
        mechanism = Mechanism(clip, Fraction(noise))
        hidden = [mechanism.release(update, stream) for update, stream in zip(plain, _streams(), strict=False)]
        show("update", noise, epsilon_of([mechanism.multiplier], args.delta), hidden)


def _trained(part: HolderPart, plan: BountyPlan) -> NDArray[np.int64]:
    # A plan has what a trainer asks of a terms document: recipe, prior and scoring.
    return part.trainer()(TrainingTask(plan.base, cast("TermsDocument", plan), 0)).flat()


def _hidden(part: HolderPart, plan: BountyPlan, privacy: RowPrivacy, stream: RandomStream) -> NDArray[np.int64]:
    offset = plan.recipe.prior_offset_percent / 100
    return train_private(
        plan.base,
        part.rows,
        privacy,
        public_prior=plan.public_prior,
        prior_offset=offset,
        bounds=plan.scoring.bounds,
        stream=stream,
    ).flat()


def _streams() -> Iterator[RandomStream]:
    """Yield noise that anybody can repeat: for measuring only."""
    return (RandomStream(number.to_bytes(32, "big")) for number in count())


def _cosine(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


if __name__ == "__main__":
    main()
