"""Files as raw columns: one reader for each kind of file, one registry. Nothing here executes what it reads.

Every reader looks at the unpacked size before it builds anything, so that a small archive cannot fill the memory.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from marketplace.datasets.columns import Cells
from marketplace.domain.errors import InvalidData

__all__ = ["DEFAULT_MAX_BYTES", "READERS", "RawTable", "read_table"]

DEFAULT_MAX_BYTES: Final = 128 << 20
"""Unpacked bytes above which a file is refused unless the caller allows more."""

_FEATURES: Final = "features"
_NAMES: Final = "feature_names"
_CELL_BYTES: Final = 8


@dataclass(frozen=True, eq=False)
class RawTable:
    """The columns of a file in order. `named` is False when the file had none and they are called 0, 1, 2, ..."""

    columns: Mapping[str, Cells]
    named: bool = True


def read_table(path: Path, *, label: str, max_bytes: int = DEFAULT_MAX_BYTES) -> RawTable:
    """Return the columns of the file at `path`, chosen by its ending.

    Args:
        label: name of the label column; it is there, or InvalidData is raised.
        max_bytes: most unpacked bytes to take.

    Raises:
        InvalidData: no such file, an unknown ending, an empty, oversized or damaged file, no label column.
    """
    name = path.name.lower()
    reader = next((read for ending, read in READERS.items() if name.endswith(ending)), None)
    if reader is None:
        msg = f"{path.name} is no data set this program reads: give a file ending in {', '.join(READERS)}"
        raise InvalidData(msg)
    if not path.is_file():
        msg = f"there is no file {path}: check the path"
        raise InvalidData(msg)
    if not path.stat().st_size:
        msg = f"{path.name} is empty: export it again"
        raise InvalidData(msg)
    try:
        table = reader(path, label, max_bytes)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as error:
        kind = type(error).__name__
        msg = f"{path.name} cannot be read ({kind}): it is damaged or not what its ending says; export it again"
        raise InvalidData(msg) from error
    if label not in table.columns:
        msg = f"{path.name} has no label column {label!r}: name one of {', '.join(list(table.columns)[:8])}"
        raise InvalidData(msg)
    if not len(table.columns[label]):
        msg = f"{path.name} has no rows: export it again"
        raise InvalidData(msg)
    return table


def _read_csv(path: Path, _label: str, max_bytes: int) -> RawTable:
    """Comma-separated UTF-8 with a header line, plain or gzip."""
    _refuse_huge(path, path.stat().st_size, max_bytes)
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rb") as file:
        data = bytes(file.read(max_bytes + 1))
    _refuse_huge(path, len(data), max_bytes)
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    header = [name.strip() for name in next(lines, [])]
    _check_header(path, header)
    rows = [row for row in lines if row]
    ragged = next((i for i, row in enumerate(rows) if len(row) != len(header)), None)
    if ragged is not None:
        cells_there = len(rows[ragged])
        msg = (
            f"{path.name} has {cells_there} cells in row {ragged + 1} and {len(header)} column names: correct that row"
        )
        raise InvalidData(msg)
    cells = list(zip(*rows, strict=True)) or [()] * len(header)
    return RawTable(dict(zip(header, cells, strict=True)))


def _check_header(path: Path, header: list[str]) -> None:
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        msg = f"{path.name} is not separated by commas: export it with commas"
        raise InvalidData(msg)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        msg = f"{path.name} has more than one column {twice[0]!r}: rename them"
        raise InvalidData(msg)


def _read_parquet(path: Path, _label: str, max_bytes: int) -> RawTable:
    """Parquet, through the optional `pyarrow`."""
    try:
        parquet = importlib.import_module("pyarrow.parquet")
        compute = importlib.import_module("pyarrow.compute")
        arrow = importlib.import_module("pyarrow")
    except ImportError:
        msg = "reading Parquet needs pyarrow: pip install 'gradient-marketplace[parquet]', or export the table as CSV"
        raise InvalidData(msg) from None
    try:
        with parquet.ParquetFile(path) as file:
            meta = file.metadata
            groups = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
            # Repeated texts are stored once: the cells themselves count too.
            _refuse_huge(path, max(groups, meta.num_rows * meta.num_columns * _CELL_BYTES), max_bytes)
            table = file.read()
        columns: dict[str, Cells] = {}
        for name in table.column_names:
            kind = table.schema.field(name).type
            if arrow.types.is_floating(kind) or arrow.types.is_integer(kind) or arrow.types.is_boolean(kind):
                columns[name] = table[name].cast(arrow.float64(), safe=False).to_numpy()
            else:
                columns[name] = compute.fill_null(table[name].cast(arrow.string()), "").to_pylist()
    except arrow.ArrowException as error:
        kind = type(error).__name__
        msg = f"{path.name} cannot be read ({kind}): it is damaged or holds nested columns; export it again"
        raise InvalidData(msg) from error
    return RawTable(columns)


def _read_npz(path: Path, label: str, max_bytes: int) -> RawTable:
    """NumPy .npz: `features` (numbers [n, d]), the labels under the label's name, and perhaps `feature_names`."""
    with zipfile.ZipFile(path) as archive:
        _refuse_huge(path, sum(entry.file_size for entry in archive.infolist()), max_bytes)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        features = np.asarray(arrays[_FEATURES], dtype=np.float64)
    except (ValueError, KeyError, MemoryError):  # a header may claim any shape
        call = f"numpy.savez(file, {_FEATURES}=..., {label}=...)"
        msg = f"{path.name} lacks an array '{_FEATURES}' of plain numbers: save it with {call}"
        raise InvalidData(msg) from None
    labels = arrays.get(label, np.empty(0))
    if features.ndim != 2 or (label in arrays and labels.shape != features.shape[:1]):  # noqa: PLR2004 - a matrix
        got = f"features {features.shape} and labels {labels.shape}"
        msg = f"{path.name} has {got}: save features as [rows, columns] and one label a row"
        raise InvalidData(msg)
    if not np.isfinite(features).all():
        row = int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])
        msg = f"{path.name} holds NaN or infinity in row {row + 1}: fill the gap, or use CSV with an empty cell"
        raise InvalidData(msg)
    names = [str(name) for name in arrays.get(_NAMES, np.arange(features.shape[1]))]
    if len(names) != features.shape[1]:
        msg = f"{path.name} has {len(names)} feature_names for {features.shape[1]} columns: save one name a column"
        raise InvalidData(msg)
    columns: dict[str, Cells] = {name: features[:, i] for i, name in enumerate(names)}
    if label in arrays:
        columns[label] = [str(text) for text in labels] if labels.dtype.kind in "US" else labels.astype(np.float64)
    return RawTable(columns, named=_NAMES in arrays)


def _refuse_huge(path: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        msg = f"{path.name} unpacks to more than {max_bytes >> 20} MiB: take a sample of the rows, or raise max_bytes"
        raise InvalidData(msg)


READERS: Final[Mapping[str, Callable[[Path, str, int], RawTable]]] = MappingProxyType(
    {".csv": _read_csv, ".csv.gz": _read_csv, ".parquet": _read_parquet, ".npz": _read_npz}
)
"""The reader of each kind of file, by its ending."""
