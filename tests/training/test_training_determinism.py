"""The same seed gives the same update, wherever it is trained."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from client.training import Recipe, RowSource, starting_network, train
from client.training.determinism import reproducible
from marketplace.datasets import load, split
from marketplace.domain.network import Scales, Shape
from marketplace.domain.update import Bounds

_ROOT = Path(__file__).parents[2]


def update_hash(threads: int, seed: int = 5) -> str:
    """Train one holder of digits with torch set to `threads` and return the SHA-256 of the update's integers."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.manual_seed(threads)
    part = split(load("digits"), holders=4, rounds=2, seed=0).parts[0]
    update = train(
        starting_network(Shape(64, 32, 10), Scales(), seed=1),
        RowSource(part.features, part.labels),
        Recipe(learning_rate=0.05),
        seed=seed,
        public_prior=[1] * 10,
        bounds=Bounds(),
    )
    torch.set_num_threads(before)
    return hashlib.sha256(update.flat().tobytes()).hexdigest()


def test_two_processes_train_the_same_update() -> None:
    """Another process, with other threads and another global seed, produces the same bytes. GM-702."""
    command = [sys.executable, __file__]
    done = subprocess.run(  # noqa: S603 - this file, as a program
        command, capture_output=True, text=True, check=True, timeout=120, env={"PYTHONPATH": str(_ROOT)}
    )
    assert update_hash(threads=1) == done.stdout.strip()


def test_another_seed_trains_another_update() -> None:
    """The seed decides the order of rows, and so the update."""
    assert update_hash(threads=1, seed=5) != update_hash(threads=1, seed=6)


def test_torch_settings_are_restored() -> None:
    """Threads and the deterministic flag are as before, even after an exception."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with reproducible():
        assert 1 == torch.get_num_threads()
        assert torch.are_deterministic_algorithms_enabled()
    with pytest.raises(ZeroDivisionError), reproducible():
        raise ZeroDivisionError
    assert 2 == torch.get_num_threads()
    assert not torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(before)


def test_naming_the_package_loads_no_torch() -> None:
    """`import client.training` and its recipe cost no torch, so that `gradmarket --help` stays instant."""
    code = "import sys, client.training; client.training.Recipe(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env={"PYTHONPATH": str(_ROOT)})  # noqa: S603


def test_every_public_name_is_found() -> None:
    """Each name of `__all__` resolves, and no other does."""
    package = __import__("client.training", fromlist=["__all__"])
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


if __name__ == "__main__":
    print(update_hash(threads=2))  # noqa: T201 - the answer to `test_two_processes_train_the_same_update`
