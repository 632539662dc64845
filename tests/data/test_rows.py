"""Rows are mapped, sliced without copies, and handed out in the container that a model takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random as random_sparse

from carelabel.data.columns import CategoryColumn, PlainColumn, TextColumn
from carelabel.data.rows import DataSet, Rows, Sparse
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from tests.data.conftest import Lay

CHOICES = [
    slice(2, 5),
    slice(None, None, 3),
    slice(5, 2),
    slice(-3, None),
    [4, 0, 0],
    np.array([], int),
    np.arange(7) % 2 == 0,
]


def kinds() -> dict[str, Rows]:
    numbers = np.arange(14.0).reshape(7, 2)
    matrix = random_sparse(7, 5, density=0.4, format="csr", random_state=0)
    columns = {
        "n": PlainColumn(data=np.arange(7), dtype="int64"),
        "t": TextColumn.of(["a", None, "ö", "", "dd", "e", "f"], "str"),
        "c": CategoryColumn(codes=np.array([0, 1, -1, 1, 0, 0, 1], np.int32), categories=("u", "v")),
        "b": PlainColumn(data=np.arange(7) > 3, dtype="bool", missing=np.arange(7) == 2),
    }
    sparse = Sparse(data=matrix.data, indices=matrix.indices, indptr=matrix.indptr.astype(np.int64), width=5)
    return {
        "array": Rows(array=numpy_images()),
        "matrix": Rows(array=numbers, names=("p", "q")),
        "frame": Rows(columns=columns),
        "csr": Rows(sparse=sparse),
    }


def numpy_images() -> np.ndarray[Any, Any]:
    return np.arange(7 * 2 * 2 * 3, dtype=np.uint8).reshape(7, 2, 2, 3)


def plain(rows: Rows) -> Any:
    return rows.frame().astype(object).where(rows.frame().notna(), None) if rows.container == "frame" else rows.array()


@pytest.mark.parametrize("kind", ["array", "matrix", "frame", "csr"])
@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_choosing_rows_is_choosing_rows_of_what_they_give(kind: str, choice: Any) -> None:
    rows = kinds()[kind]
    whole, part = plain(rows), plain(rows[choice])
    expected = whole.iloc[choice] if kind == "frame" else whole[choice]
    assert len(rows[choice]) == len(expected)
    assert rows[choice].shape == rows.shape
    assert np.array_equal(np.asarray(part), np.asarray(expected))


def test_a_part_of_a_part() -> None:
    for rows in kinds().values():
        assert np.array_equal(np.asarray(plain(rows[1:6][[0, 3]])), np.asarray(plain(rows[[1, 4]])))


def test_one_number_is_not_rows() -> None:
    with pytest.raises(TypeError, match="rows are chosen by a slice, a list of row numbers or a mask, got 3"):
        kinds()["array"][3]  # type: ignore[index]


def test_arrays_come_contiguous_in_the_wanted_type() -> None:
    rows = Rows(array=np.asfortranarray(np.arange(6).reshape(3, 2)))
    assert rows.array().flags.c_contiguous
    assert rows.array(np.float32).dtype == np.float32
    columns = {
        "i": PlainColumn(data=np.array([1, 2]), dtype="int64"),
        "f": PlainColumn(data=np.array([0.5, 1]), dtype="float64"),
    }
    assert Rows(columns=columns).array().tolist() == [[1, 0.5], [2, 1]]
    assert Rows(columns=columns).array("float32").dtype == np.float32


def test_rows_that_lie_right_are_not_copied(lay: Lay, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=np.ones((5, 2)), y=np.zeros(5))
    rows = lay("t.npz").rows
    array = rows[1:4].array(np.float64)
    assert np.shares_memory(array, rows.held)
    assert not array.flags.writeable


def test_missing_truth_values_are_nan_in_an_array() -> None:
    rows = Rows(columns={"b": kinds()["frame"].held["b"]})
    assert np.array_equal(rows.array()[1:4, 0], [0, np.nan, 0], equal_nan=True)


@pytest.mark.parametrize(("name", "found"), [("t", "text"), ("c", "text categories")])
def test_text_is_no_array(name: str, found: str) -> None:
    rows = Rows(columns={name: kinds()["frame"].held[name]})
    with pytest.raises(UsageError) as caught:
        rows.array()
    assert str(caught.value) == (
        f"a model that takes an array needs numbers in every column, but column {name!r} holds"
        f" {found} (leave the column"
        " out with data.test.drop, or submit the pipeline that encodes it)"
    )


def test_columns_are_one_array_each_with_text_as_objects() -> None:
    columns = kinds()["frame"].columns(missing_text="?")
    assert {name: values.shape for name, values in columns.items()} == dict.fromkeys("ntcb", (7, 1))
    assert columns["t"][:4, 0].tolist() == ["a", "?", "ö", ""]
    assert columns["c"][:4, 0].tolist() == ["u", "v", "?", "v"]
    assert columns["t"].dtype == columns["c"].dtype == object
    assert columns["n"].dtype == np.int64
    assert list(kinds()["matrix"].columns()) == ["p", "q"]
    assert list(kinds()["csr"].columns()) == ["0", "1", "2", "3", "4"]


def test_frames_have_missing_text_as_nan_and_the_names_of_a_matrix() -> None:
    frame = kinds()["frame"].frame()
    assert frame["t"].isna().tolist() == [False, True, False, False, False, False, False]
    assert frame["t"].dtype == pd.Series(["a"]).dtype
    assert frame["c"].dtype == pd.CategoricalDtype(["u", "v"])
    assert list(kinds()["matrix"].frame().columns) == ["p", "q"]


def test_number_categories_are_numbers() -> None:
    column = CategoryColumn(codes=np.array([1, 0, -1], np.int32), categories=(10, 20))
    assert np.array_equal(Rows(columns={"c": column}).array()[:, 0], [20, 10, np.nan], equal_nan=True)


def test_everything_becomes_sparse() -> None:
    assert kinds()["matrix"].csr().toarray().tolist() == kinds()["matrix"].array().tolist()
    assert kinds()["array"].csr().shape == (7, 12)


def test_rows_can_be_made_around_an_array_like_those_of_a_data_set() -> None:
    array = np.ones((2, 2), np.float32)
    assert Rows.of(array).container == "array"
    assert Rows.of(array, kinds()["matrix"]).names == ("p", "q")
    frame = Rows(columns={"p": kinds()["frame"].held["n"], "q": kinds()["frame"].held["n"]})
    assert Rows.of(array, frame).frame().dtypes.tolist() == [np.float32, np.float32]
    assert Rows.of(np.ones((2, 3)), frame).names == ()


def test_bytes_count_these_rows_only() -> None:
    rows = kinds()
    assert (rows["array"].nbytes, rows["array"][:2].nbytes) == (84, 24)
    assert rows["frame"][:1].nbytes == 8 + 1 + 4 + 1
    assert rows["csr"][2:2].nbytes == 8


@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back(texts: list[str | None]) -> None:
    column = TextColumn.of(texts, "str")
    assert [None if value is None else value for value in column.plain("")] == [
        "" if text is None else text for text in texts
    ]
    assert column.count_missing() == texts.count(None)


def test_a_data_set_can_be_cut(lay: Lay) -> None:
    data = lay("t.csv", "a,sex,y\n1,m,0\n2,f,1\n3,f,1\n", options={"sensitive": ["sex"]})[1:]
    assert len(data) == 2
    assert data.target is not None
    assert (data.target.tolist(), data.groups["sex"].tolist()) == ([1, 1], ["f", "f"])


def test_ten_million_rows_open_and_slice_without_being_read(tmp_path: Path) -> None:
    """160 MB on disk (sparse file); the worker that opens it grows by less than a tenth of that."""
    code = f"""
import json, sys
import numpy as np
from pathlib import Path
from carelabel.data.rows import DataSet
folder = Path({str(tmp_path)!r})
np.lib.format.open_memmap(folder / "X.npy", mode="w+", dtype=np.float64, shape=(10_000_000, 2))
(folder / "groups").mkdir()
facts = dict(sha256="", bytes=0, rows=10_000_000, features=2, shape=[2], container="array", dtypes=["float64"])
meta = dict(version=1, target=False, groups=[], rows=dict(container="array", names=[]), facts=facts)
(folder / "meta.json").write_text(json.dumps(meta))
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
before = resident()
data = DataSet.open(folder)
part = data.rows[5_000_000:9_000_000]
assert len(data) == 10_000_000 and part.array()[3].tolist() == [0, 0]
assert resident() - before < 16_000_000, resident() - before
assert "pandas" not in sys.modules and "scipy" not in sys.modules
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("no /proc here")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_opening_a_frame_imports_no_framework(lay: Lay, tmp_path: Path) -> None:
    lay("t.csv", "a,b,y\n1,x,0\n2,z,1\n")
    code = f"""
import sys
from pathlib import Path
from carelabel.data.rows import DataSet
DataSet.open(Path({str(tmp_path / "laid" / "t.csv")!r}))[:1].rows.columns()
assert not {{"pandas", "scipy", "sklearn", "pyarrow", "pydantic"}} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_data_set_knows_its_folder(lay: Lay, tmp_path: Path) -> None:
    lay("t.csv", "a,y\n1,0\n2,1\n")
    moved = (tmp_path / "laid" / "t.csv").rename(tmp_path / "moved")
    assert DataSet.open(moved).facts.folder == str(moved)
