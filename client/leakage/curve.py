"""What noise of a holder's own does to the leak, and to what its update is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from client.leakage.membership import infer
from client.leakage.noise import Gaussian, plain
from client.leakage.reconstruction import reconstruct, rounds_of
from client.leakage.views import VIEWS
from client.leakage.world import HOLDERS, SETTINGS

if TYPE_CHECKING:
    from client.leakage.membership import Shadows

__all__ = ["RATIOS", "curve"]

RATIOS: Final = (0.0, 0.25, 1.0, 4.0, 16.0)
_CROWD: Final = 3
_PERCENT_PPB: Final = 1e7


def curve(shadows: Shadows) -> list[dict[str, Any]]:
    """Return one point for each ratio of noise to update: what the update gives away, and what a round then gains.

    `inversion`: dB above chance of the closed form on one row in one step. `tpr`, `auc`: of membership by alignment.
    `gain`: of a round of eight such updates, in percent of the most a row can gain.
    """
    world, points = shadows.world, []
    for ratio in RATIOS:
        mechanism = Gaussian(ratio) if ratio else plain
        inversion, _ = reconstruct(
            world, SETTINGS["one-row"], VIEWS["update"], "closed-form", _CROWD, mechanism=mechanism
        )
        told = next(r for r in infer(shadows.under(mechanism), VIEWS["update"], _CROWD) if r.signal == "alignment")
        [(_, crowd)] = rounds_of(world, SETTINGS["recipe"], HOLDERS, 1, mechanism)
        points.append(
            {
                "data": world.data,
                "ratio": ratio,
                "inversion": round(inversion.gain, 3),
                **{key: value for key, value in told.to_json().items() if key.startswith(("tpr", "auc"))},
                "gain": round(crowd.score.gain_ppb / _PERCENT_PPB, 3),
            }
        )
    return points
