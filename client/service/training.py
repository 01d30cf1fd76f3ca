"""What a holder's process trains with: the rows its settings name, read when the first round's terms are known."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from client.rows_file import read_prepared
from client.trainers import CheatTrainer, HonestTrainer

if TYPE_CHECKING:
    from pathlib import Path

    from client.holder import BlindTask, TrainingTask
    from client.journal import Journal
    from client.privacy import ChargedTrainer
    from client.settings import HolderSettings
    from marketplace.datasets import Rows
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.domain.update import Update
    from marketplace.privacy.paillier.linear import LinearMap

__all__ = ["FileTrainer", "private_trainer"]

_PREPARED: Final = ".safetensors"


class FileTrainer:
    """Trains on a file of the holder's own.

    Args:
        path: prepared rows (.safetensors), or a table (.csv, .parquet, .npz) that is prepared as the terms say.
        settings: the holder's.
    """

    def __init__(self, path: Path, settings: HolderSettings) -> None:
        self._path, self._settings = path, settings
        self._trainer: HonestTrainer | CheatTrainer | None = None

    def __call__(self, task: TrainingTask) -> Update:
        """Return the round's update; raises InvalidData for a file that does not fit the terms."""
        return self._of_rows(task.terms)(task)

    def linear_map(self, task: BlindTask) -> LinearMap:
        """Return what the rows do to a model that is encrypted; raises InvalidData for an attack that has to see it."""
        return self._of_rows(task.terms).linear_map(task)

    def _of_rows(self, terms: TermsDocument) -> HonestTrainer | CheatTrainer:
        """Return what trains on the file, the same one in every round."""
        if self._trainer is None:
            rows, settings = self.rows(terms), self._settings
            self._trainer = (
                CheatTrainer(settings.attack, rows, settings.seed, settings.attack_seed)
                if settings.attack
                else HonestTrainer(rows, settings.seed)
            )
        return self._trainer

    def rows(self, terms: TermsDocument) -> Rows:
        """Return the holder's rows, prepared as the terms say; raises InvalidData for a file that does not fit them."""
        if self._path.suffix == _PREPARED:
            return read_prepared(self._path)
        from marketplace.datasets import Preparation, load_rows  # noqa: PLC0415 - only for tables

        preparation = Preparation.from_json(terms.preparation)
        return load_rows(self._path, label=self._settings.label, preparation=preparation, class_names=terms.class_names)


def private_trainer(
    trainer: FileTrainer, settings: HolderSettings, journal: Journal, bounty: bytes
) -> ChargedTrainer | None:
    """Return a trainer whose updates are private as the settings say, or None if they say nothing."""
    given = settings.privacy
    if given is None:
        return None
    from client.privacy import PrivacyLedger, PrivateTrainer, RowTrainer  # noqa: PLC0415 - loads the engines
    from client.training.private import RowPrivacy  # noqa: PLC0415
    from marketplace.privacy.differential import Mechanism  # noqa: PLC0415

    ledger, noise = PrivacyLedger(journal, given.budget, given.delta), Fraction(str(given.noise))
    if given.unit == "update":
        return PrivateTrainer(trainer, Mechanism(int(given.clip), noise), ledger, journal, bounty)
    privacy = RowPrivacy(given.clip, noise, given.steps, given.rate)
    return RowTrainer(trainer.rows, privacy, ledger, journal, bounty)
