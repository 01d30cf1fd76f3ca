"""A bounty whose updates nobody sees, played by three seats that compute on components."""

from __future__ import annotations

import pytest

from marketplace.domain.bounty import CloseReason
from tests.client.stage import TOKEN, Stage

_SHARED = {"round_budget": 50 * TOKEN, "max_holders": 8}


def settled(stage: Stage) -> list[tuple[bytes, int, bytes, int]]:
    """What each round's sheet pays and adopts, beside hashes with salts in them."""
    log = stage.owner.log.refresh()
    sheets = [log.sheet_of(r).sheet for r in sorted(log.settled)]
    return [(s.payout_root, s.pool, s.adopted, s.breached, s.released) for s in sheets]


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> dict[str, Stage]:
    """The same bounty in both modes, to its end."""
    out = {}
    for privacy in ("sealed", "shared"):
        stage = Stage(tmp_path_factory.mktemp(privacy), privacy=privacy, **_SHARED)
        stage.post()
        stage.play()
        out[privacy] = stage
    return out


def test_a_shared_bounty_pays_what_a_sealed_one_does(played):
    """Contributions, payouts and models are the same to the unit, from the same seed. GM-561."""
    sealed, shared = played["sealed"], played["shared"]
    assert CloseReason.FINISHED is shared.state().closed
    assert settled(sealed) == settled(shared)
    assert sealed.owner.model == shared.owner.model
    assert [h.account.vault.balance() for h in sealed.holders] == [h.account.vault.balance() for h in shared.holders]
    assert 0 == shared.left_in_bounty()
