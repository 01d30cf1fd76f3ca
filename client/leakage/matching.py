"""Inversion by search: rows are changed until their gradient is the one that was seen.

DLG matches the gradient itself by L-BFGS; the labels are inferred first, as iDLG does. Its successor matches the
direction only, which survives any number of steps, by signed gradients, and prefers smooth images. Both start near the
mean row instead of from pure noise: measured here, that gives back more.

Source: Zhu et al., "Deep Leakage from Gradients", NeurIPS 2019; Zhao et al., "iDLG", 2020; Geiping et al., "Inverting
Gradients", NeurIPS 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from client.leakage.attack import labels_of
from client.leakage.gradients import gradient_of
from client.training.determinism import reproducible

if TYPE_CHECKING:
    from client.leakage.attack import Task
    from marketplace.datasets.columns import Floats

__all__ = ["cosine", "deep_leakage"]

_SEARCHES: Final = 300
_STEPS: Final = 500
_RATE: Final = 0.05
_SMOOTH: Final = 1e-5
_WIDE, _NARROW = 0.3, 0.1
"""How far from the mean row a search starts, as a deviation of every feature."""


def deep_leakage(task: Task, rng: np.random.Generator) -> Floats:
    """DLG with inferred labels, each vector on its own."""
    labels = _one_hot(task)
    out = np.empty((len(task.gradients), task.guesses, task.model.shape.inputs))
    with reproducible():
        for i, gradient in enumerate(task.gradients):
            size = float(np.linalg.norm(gradient)) or 1.0
            wanted, known = torch.from_numpy(gradient / size)[None], labels[i : i + 1]
            rows = torch.from_numpy(task.mean + _WIDE * rng.normal(size=(1, *out.shape[1:]))).requires_grad_()
            out[i] = _searched(task, rows, known, wanted, size)
    return task.clipped(out)


def _searched(task: Task, rows: torch.Tensor, labels: torch.Tensor, wanted: torch.Tensor, size: float) -> Floats:
    search = torch.optim.LBFGS([rows], max_iter=_SEARCHES, line_search_fn="strong_wolfe")

    def miss() -> torch.Tensor:
        search.zero_grad()
        loss = ((gradient_of(task.model, rows, labels) / size - wanted) ** 2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    search.step(miss)  # type: ignore[no-untyped-call]
    found: Floats = rows.detach().numpy()[0]
    # A search that ran away has found nothing: the mean row is all that is known then.
    return np.where(np.isfinite(found), found, task.mean)


def cosine(task: Task, rng: np.random.Generator) -> Floats:
    """Match directions with signed gradients, under a price for differences between neighbouring pixels."""
    labels, wanted = _one_hot(task), torch.from_numpy(task.gradients)
    low, high = torch.from_numpy(task.low), torch.from_numpy(task.high)
    shape = (len(task.gradients), task.guesses, task.model.shape.inputs)
    start = task.clipped(task.mean + _NARROW * rng.normal(size=shape))
    with reproducible():
        rows = torch.from_numpy(start).requires_grad_()
        search = torch.optim.Adam([rows], lr=_RATE)
        falling = torch.optim.lr_scheduler.MultiStepLR(search, [_STEPS // 2, _STEPS * 3 // 4], gamma=0.3)
        for _ in range(_STEPS):
            search.zero_grad()
            alike = torch.cosine_similarity(gradient_of(task.model, rows, labels), wanted, dim=1)
            (1 - alike + _SMOOTH * _roughness(task, rows)).sum().backward()  # type: ignore[no-untyped-call]
            if rows.grad is not None:
                rows.grad.sign_()
            search.step()
            falling.step()
            with torch.no_grad():
                rows.copy_(torch.minimum(torch.maximum(rows, low), high))
    found: Floats = rows.detach().numpy()
    return found


def _roughness(task: Task, rows: torch.Tensor) -> torch.Tensor:
    """Return float64[t], the total variation of images; 0 for rows of a table."""
    if task.image is None:
        return torch.zeros(len(rows), dtype=rows.dtype)
    pictures = rows.reshape(len(rows), -1, *task.image)
    return pictures.diff(dim=2).abs().sum((1, 2, 3)) + pictures.diff(dim=3).abs().sum((1, 2, 3))


def _one_hot(task: Task) -> torch.Tensor:
    return torch.from_numpy(np.eye(task.model.shape.classes)[labels_of(task)])
