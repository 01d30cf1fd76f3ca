"""Cheats in a bounty whose model they cannot read."""

from __future__ import annotations

import numpy as np
import pytest

from client.encrypted.attacks import BLIND_ATTACKS
from client.holder import BlindTask
from client.trainers import CheatTrainer, HonestTrainer
from marketplace.domain.errors import InvalidData
from tests.client.stage import rows
from tests.client.test_encrypted_model_bounty import _short_keys, encrypted  # noqa: F401 - a fixture, for all of these

MAPS = {
    "noise": (0, -0.6, 0.6),
    "sign-flip": (-2, -1.001, -0.999),
    "zero": (0, 0, 0),
    "copy": (1, 0.9, 0.9999),
    "label-flip": (1, -1.001, -0.9),
}
"""What becomes of the victim's matrix, and between which bounds the cosine of the offset to the victim's is."""


@pytest.mark.parametrize("kind", BLIND_ATTACKS)
def test_a_cheat_that_cannot_read_the_model_is_what_it_is_called(tmp_path, kind):
    """It says of the victim's rows something else than they do; an attack that has to see the model is refused."""
    stage = encrypted(tmp_path)
    stage.post()
    task, victim = BlindTask(stage.owner.terms, 0), rows(60, 5)
    honest, made = (
        trainer.linear_map(task) for trainer in (HonestTrainer(victim, 1), CheatTrainer(kind, victim, 1, 7))
    )
    factor, low, high = MAPS[kind]
    assert np.array_equal(factor * honest.matrix, made.matrix)
    lengths = float(np.linalg.norm(honest.offset)) * max(1.0, float(np.linalg.norm(made.offset)))
    assert low <= float(honest.offset.astype(float) @ made.offset) / lengths <= high
    with pytest.raises(InvalidData, match="use noise, sign-flip"):
        CheatTrainer("stale", victim, 1, 7).linear_map(task)


def test_cheats_that_cannot_read_the_model_lose_money(tmp_path):
    """Noise, a copy, nothing and a reversed update earn less than their fee, and keep their stake. GM-803."""
    stage = encrypted(tmp_path, rounds=1)
    kinds = ("noise", "copy", "zero", "sign-flip")
    cheats = [stage.add_holder(kind, CheatTrainer(kind, rows(80, 11), 1, 7)) for kind in kinds]
    stage.post()
    stage.play()
    log = stage.owner.log.refresh()
    assert log.sheet_of(0).sheet.adopted
    assert 0 == log.sheet_of(0).sheet.breached
    assert all(log.earned[cheat.address] < log.terms.fee for cheat in cheats)
    assert [0] * len(kinds) == [log.lost[cheat.address] for cheat in cheats]
    assert all(log.earned[holder.address] > log.terms.fee for holder in stage.holders[:3])
