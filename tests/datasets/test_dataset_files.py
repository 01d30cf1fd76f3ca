"""Files people bring: what is read, and every way in which a file is refused, in one line with what to do next."""

from __future__ import annotations

import gzip
import importlib
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from marketplace.datasets import Preparation, load, load_rows
from marketplace.domain.errors import InvalidData

GOOD = "age,ward,label\n" + "".join(f"{i},{'ab'[i % 2]},{i % 2}\n" for i in range(20))


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    """Write `text` to a file and return its path."""
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["mine.csv", "mine.csv.gz", "MINE.CSV"])
def test_a_csv_is_read(tmp_path: Path, name: str) -> None:
    """Plain or compressed, a table becomes columns, labels and class names."""
    data = load(write(tmp_path, GOOD, name), categorical=["ward"])
    assert (20, 2) == data.values.shape
    assert ("0", "1") == data.class_names
    assert ("a", "b") == data.columns[1].categories
    assert [0, 1, 0] == data.labels[:3].tolist()


def test_a_parquet_file_is_read_like_its_csv(tmp_path: Path) -> None:
    """The same table as Parquet gives the same values and labels, gaps included."""
    text = GOOD.replace("3,b,1", ",b,1")
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    columns = {
        "age": [int(row[0]) if row[0] else None for row in rows],
        "ward": [row[1] for row in rows],
        "label": [int(row[2]) for row in rows],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "mine.parquet")
    as_csv = load(write(tmp_path, text), categorical=["ward"])
    as_parquet = load(tmp_path / "mine.parquet", categorical=["ward"])
    np.testing.assert_array_equal(as_csv.values, as_parquet.values)
    np.testing.assert_array_equal(as_csv.labels, as_parquet.labels)
    assert as_csv.columns == as_parquet.columns


def test_parquet_without_its_library_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet is an extra: without it the message names the extra and the way around."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InvalidData, match="or export the table as CSV"):
        load(write(tmp_path, "PAR1", "mine.parquet"))


def test_an_npz_is_read(tmp_path: Path) -> None:
    """Features and labels of a NumPy archive become numeric columns called by their number."""
    np.savez(tmp_path / "mine.npz", features=np.eye(12), label=np.arange(12) % 3)
    data = load(tmp_path / "mine.npz")
    np.testing.assert_array_equal(np.eye(12), data.values)
    assert ("0", "1", "2") == data.class_names
    assert "11" == data.columns[-1].name


def replaced(old: str, new: str) -> Callable[[str], str]:
    """Return an edit that puts `new` for `old`."""
    return lambda text: text.replace(old, new)


BAD_CSV = {
    "label column is missing": (
        replaced("label", "outcome"),
        "no label column 'label': name one of age, ward, outcome",
    ),
    "label value is missing": (replaced("\n3,b,1", "\n3,b,"), "'label' is empty in 1 rows, first in row 4: fill it"),
    "text in a numeric column": (replaced("3,b,1", "three,b,1"), "'age' holds the text 'three' in row 4"),
    "infinity": (replaced("\n3,b,1", "\ninf,b,1"), "'age' holds infinity in row 4"),
    "one class": (replaced(",1\n", ",0\n"), "holds one class only, .*: add rows of another class"),
    "too few rows": (lambda text: "".join(text.splitlines(keepends=True)[:8]), "has 7 rows and 10 are the least"),
    "header alone": (lambda text: text.splitlines()[0] + "\n", "has no rows: export it again"),
    "nothing": (lambda _: "", "is empty: export it again"),
    "a row too long": (replaced("3,b,1", "3,b,1,9"), "has 4 cells in row 4 and 3 column names"),
    "two columns of one name": (replaced("age", "ward"), "more than one column 'ward'"),
    "semicolons": (replaced(",", ";"), "not separated by commas"),
    "an open quote": (replaced("3,b,1", '"3,b,1'), "cannot be read"),
    "only a label": (lambda _: "label\n" + "0\n1\n" * 10, "no column beside the label"),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_a_bad_csv_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    """Each fault is named, with what to do next, in one line. GM-703."""
    edit, message = BAD_CSV[case]
    path = write(tmp_path, edit(GOOD))
    with pytest.raises(InvalidData, match=message) as caught:
        load(path, categorical=[] if case == "only a label" else ["ward"])
    assert 1 == len(str(caught.value).splitlines())
    assert ": " in str(caught.value)
    assert 4 == caught.value.exit_code


def test_a_label_column_of_measurements_is_refused(tmp_path: Path) -> None:
    """A column that differs in every row is no class to predict."""
    with pytest.raises(InvalidData, match="'age' has 20 values in 20 rows: name a column that holds classes"):
        load(write(tmp_path, GOOD), label="age", categorical=["ward"])


def test_classes_are_sorted_as_numbers_if_they_are_numbers(tmp_path: Path) -> None:
    """Ten comes after nine; classes with names are in order of name."""
    lines = "x,label\n" + "".join(f"{i},{[9, 10][i % 2]}\n" for i in range(12))
    assert ("9", "10") == load(write(tmp_path, lines)).class_names
    named = lines.replace(",9", ",well").replace(",10", ",ill")
    assert ("ill", "well") == load(write(tmp_path, named)).class_names


def test_text_is_fine_once_declared_categorical(tmp_path: Path) -> None:
    """The same file is refused without the declaration and read with it."""
    path = write(tmp_path, GOOD)
    with pytest.raises(InvalidData, match="declare the column categorical"):
        load(path)
    assert 20 == len(load(path, categorical=["ward"]).labels)


def test_a_column_that_was_named_and_is_not_there_is_refused(tmp_path: Path) -> None:
    """Dropping a column that does not exist is a typing mistake that would leak an outcome."""
    with pytest.raises(InvalidData, match="has no column 'deth', which you named"):
        load(write(tmp_path, GOOD), categorical=["ward"], drop=["deth"])


@pytest.mark.parametrize("name", ["mine.csv", "mine.csv.gz"])
def test_a_huge_table_is_refused_before_it_is_parsed(tmp_path: Path, name: str) -> None:
    """The limit counts unpacked bytes: a small archive cannot fill the memory."""
    path = write(tmp_path, GOOD + "0,a,0\n" * 200_000, name)
    with pytest.raises(InvalidData, match="unpacks to more than 1 MiB: take a sample"):
        load(path, categorical=["ward"], max_bytes=1 << 20)


def test_a_huge_archive_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """The same for NumPy archives, by the sizes their directory states."""
    np.savez_compressed(tmp_path / "mine.npz", features=np.zeros((1 << 12, 100)), label=np.zeros(1 << 12))
    assert (tmp_path / "mine.npz").stat().st_size < 1 << 16
    with pytest.raises(InvalidData, match="unpacks to more than 1 MiB"):
        load(tmp_path / "mine.npz", max_bytes=1 << 20)


def test_an_array_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    """A header of a few bytes that states a petabyte allocates nothing that lasts."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 44, 8)})
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as archive:
        archive.writestr("features.npy", header.getvalue())
    with pytest.raises(InvalidData, match="lacks an array 'features'"):
        load(tmp_path / "mine.npz")


def test_a_huge_parquet_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """The same for Parquet, where a repeated value takes next to no bytes."""
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    parquet.write_table(arrow.table({"x": np.zeros(1 << 18), "label": np.zeros(1 << 18)}), tmp_path / "mine.parquet")
    assert (tmp_path / "mine.parquet").stat().st_size < 1 << 16
    with pytest.raises(InvalidData, match="unpacks to more than 1 MiB"):
        load(tmp_path / "mine.parquet", max_bytes=1 << 20)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("mine.csv.gz", b"no gzip"),
        ("mine.csv.gz", gzip.compress(GOOD.encode(), mtime=0)[:-20]),
        ("mine.csv", "été,label\n1,2".encode("latin-1")),
        ("mine.npz", b"no archive"),
        ("mine.parquet", b"no parquet"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    """Truncated, mislabelled or in another encoding: no exception of a library comes out."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidData, match=r"cannot be read .*: .*export it again"):
        load(tmp_path / name)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_npz_with_a_gap_is_refused(tmp_path: Path, value: float) -> None:
    """An array has no empty cell: NaN and infinity are taken for mistakes."""
    features = np.zeros((12, 2))
    features[4, 1] = value
    np.savez(tmp_path / "mine.npz", features=features, label=np.arange(12) % 2)
    with pytest.raises(InvalidData, match="NaN or infinity in row 5"):
        load(tmp_path / "mine.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"features": np.asarray([[object()] * 2] * 12), "label": np.zeros(12)}, "lacks an array 'features'"),
        ({"data": np.zeros((12, 2)), "label": np.zeros(12)}, "lacks an array 'features'"),
        ({"features": np.zeros((12, 2)), "label": np.zeros(11)}, r"has features \(12, 2\) and labels \(11,\)"),
        ({"features": np.zeros((12, 2))}, "no label column 'label'"),
        ({"features": np.zeros((12, 2)), "label": np.zeros(12), "feature_names": np.asarray(["a"])}, "1 feature_names"),
    ],
)
def test_a_wrong_npz_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    """Pickled objects, missing arrays and arrays of different lengths are refused; nothing is unpickled."""
    np.savez(tmp_path / "mine.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(InvalidData, match=message):
        load(tmp_path / "mine.npz")


@pytest.mark.parametrize("name", ["suport2", "data.xlsx", "absent.csv"])
def test_an_unknown_name_is_refused(name: str) -> None:
    """A misspelt data set, an unknown kind of file and an absent file say what there is."""
    with pytest.raises(InvalidData, match=r"there is no|is no data set this program reads"):
        load(name)


def terms_of(folder: Path) -> Preparation:
    """Return the preparation an owner with the good file would publish."""
    data = load(write(folder, GOOD), categorical=["ward"])
    return Preparation.fit(data.columns, data.values)


def test_a_holders_file_is_prepared_as_the_terms_say(tmp_path: Path) -> None:
    """The owner's own preparation of the same rows and the holder's are the same numbers."""
    preparation, data = terms_of(tmp_path), load(tmp_path / "mine.csv", categorical=["ward"])
    rows = load_rows(tmp_path / "mine.csv", preparation=preparation, class_names=("survived", "died"))
    np.testing.assert_array_equal(preparation.apply(data.columns, data.values), rows.features)
    np.testing.assert_array_equal(data.labels, rows.labels)


def test_a_holders_file_may_lack_a_value_and_name_its_classes(tmp_path: Path) -> None:
    """A column that is empty throughout is filled; labels may be the names of the classes."""
    preparation = terms_of(tmp_path)
    lines = "age,ward,label\n" + "".join(f",,{['survived', 'died'][i % 2]}\n" for i in range(12))
    rows = load_rows(write(tmp_path, lines), preparation=preparation, class_names=("survived", "died"))
    assert np.isfinite(rows.features).all()
    assert [0, 1, 0] == rows.labels[:3].tolist()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ward", "wing", "the terms need 2 columns and 1 of them are not in the data, first 'ward'"),
        ("3,b,1", "3,b,2", "label '2' in row 4 is none of the classes survived, died"),
        (",1\n", ",0\n", "one class only"),
    ],
)
def test_a_holders_file_that_does_not_fit_the_terms_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """Missing columns, unknown classes and a single class are refused before anything is trained."""
    preparation = terms_of(tmp_path)
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InvalidData, match=message):
        load_rows(path, preparation=preparation, class_names=("survived", "died"))


def test_an_unnamed_array_must_have_exactly_the_columns_of_the_terms(tmp_path: Path) -> None:
    """Without names there is nothing to match columns by, so their number decides."""
    preparation = Preparation.public(("x", "y"), mean=0.0, deviation=2.0)
    for width in (1, 2, 3):
        np.savez(tmp_path / f"{width}.npz", features=np.ones((12, width)), label=np.arange(12) % 2)
    rows = load_rows(tmp_path / "2.npz", preparation=preparation, class_names=("0", "1"))
    np.testing.assert_array_equal(np.full((12, 2), 0.5), rows.features)
    for width in (1, 3):
        with pytest.raises(InvalidData, match=f"has {width} columns and the terms 2"):
            load_rows(tmp_path / f"{width}.npz", preparation=preparation, class_names=("0", "1"))
