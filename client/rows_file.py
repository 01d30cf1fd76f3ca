"""A file of prepared rows, as a holder trains on them: safetensors with `features` and `labels`, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.datasets.rows import Rows
from marketplace.domain.errors import InvalidData
from marketplace.storage.disk import explained

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MAX_ROWS_BYTES", "dump_prepared", "load_prepared", "read_prepared"]

MAX_ROWS_BYTES: Final = 1 << 31
"""Two gigabytes: ten million rows of twenty-five features."""


def dump_prepared(rows: Rows) -> bytes:
    """Return the file of float64[n, d] features and int64[n] labels; law: `load_prepared(dump_prepared(r)) == r`."""
    from safetensors.numpy import save  # noqa: PLC0415 - heavy, and only needed here

    features = np.ascontiguousarray(rows.features, dtype=np.float64)
    return save({"features": features, "labels": np.ascontiguousarray(rows.labels, dtype=np.int64)})


def load_prepared(data: bytes, name: str) -> Rows:
    """Return the rows in `data`, a file called `name`; raises InvalidData unless it holds finite rows with labels."""
    from safetensors import SafetensorError  # noqa: PLC0415 - heavy, and only needed here
    from safetensors.numpy import load  # noqa: PLC0415

    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        msg = f"{name} is not safetensors, or was cut short: write it again"
        raise InvalidData(msg) from error
    features, labels = tensors.get("features"), tensors.get("labels")
    if set(tensors) != {"features", "labels"} or features is None or labels is None:
        msg = f"{name} holds other tensors than features and labels: write it again"
        raise InvalidData(msg)
    if features.dtype != np.float64 or labels.dtype != np.int64 or features.ndim != 2:  # noqa: PLR2004 - a matrix
        msg = f"{name} does not hold a float64 matrix of features and int64 labels: write it again"
        raise InvalidData(msg)
    if labels.shape != features.shape[:1] or not np.isfinite(features).all():
        msg = f"{name} holds gaps, or not one label a row: write it again"
        raise InvalidData(msg)
    return Rows(features, labels)


def read_prepared(path: Path) -> Rows:
    """Return the rows in a file of at most `MAX_ROWS_BYTES`.

    Raises:
        InvalidData: it holds something else, or too much.
        StorageError: it cannot be read.
    """
    with explained(path), path.open("rb") as file:
        data = file.read(MAX_ROWS_BYTES + 1)
    if len(data) > MAX_ROWS_BYTES:
        msg = f"{path} holds more than {MAX_ROWS_BYTES} bytes: train on a sample of the rows"
        raise InvalidData(msg)
    return load_prepared(data, path.name)
