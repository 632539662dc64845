"""What is found out about a data file, format by format, and what lies in the folder afterwards."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import dump_svmlight_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.data.conftest import Lay

TABLE = "age,sex,member,city,y\n31,m,True,Rome,yes\n22.5,f,False,,no\n47,f,True,Bergen,yes\n"


def test_an_npz_gives_an_array_with_shape_classes_and_distribution(lay: Lay, tmp_path: Path) -> None:
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.savez(tmp_path / "test.npz", X=x, y=np.array([2, 0, 2, 1]))
    data = lay("test.npz")
    assert np.array_equal(data.rows.array(), x)
    assert data.target is not None
    assert data.target.tolist() == [2, 0, 2, 1]
    facts = data.facts
    assert (facts.rows, facts.features, facts.shape, facts.container) == (4, 3, (3,), "array")
    assert (facts.classes, facts.distribution) == ((0, 1, 2), {"0": 1, "1": 1, "2": 2})
    assert (facts.dtypes, facts.columns, facts.target, facts.missing, facts.warnings) == (("float32",), (), "y", 0, ())
    assert (facts.sha256, facts.bytes) != ("", 0)


def test_images_keep_their_shape(lay: Lay, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "test.npz", images=np.zeros((2, 8, 8, 3), np.uint8), labels=np.array(["cat", "dog"]))
    data = lay("test.npz", input_shape=(8, 8, 3))
    assert (data.facts.shape, data.facts.features, data.facts.dtypes) == ((8, 8, 3), 192, ("uint8",))
    assert data.facts.classes == ("cat", "dog")


def test_one_npz_can_hold_test_and_training_set(lay: Lay, tmp_path: Path) -> None:
    arrays = {
        "x_train": np.ones((3, 2)),
        "y_train": np.array([0, 1, 1]),
        "x_test": np.zeros((1, 2)),
        "y_test": np.array([1]),
    }
    np.savez(tmp_path / "all.npz", **arrays)
    train = lay("all.npz", role="train")
    test = lay("all.npz", reference=train.facts)
    assert (train.facts.rows, test.facts.rows) == (3, 1)
    assert (train.facts.target, test.facts.target) == ("y_train", "y_test")
    assert test.facts.warnings == ()


def test_named_arrays_and_sensitive_arrays(lay: Lay, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", inputs2=np.ones((2, 1)), income=np.array([1.5, 2.5]), sex=np.array(["m", "f"]))
    data = lay("t.npz", task="regression", target="income", options={"features": ["inputs2"], "sensitive": ["sex"]})
    assert data.groups["sex"].tolist() == ["m", "f"]
    assert (data.facts.sensitive, data.facts.classes, data.facts.distribution) == (("sex",), (), {})


def test_an_npy_is_features_without_a_target(lay: Lay, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.asfortranarray(np.arange(6.0).reshape(3, 2)))
    data = lay("rows.npy")
    assert data.target is None
    assert data.rows.array().tolist() == [[0, 1], [2, 3], [4, 5]]
    assert data.facts.warnings == ("rows.npy has no target: what needs labels cannot be measured",)


def test_a_csv_keeps_the_types_that_pandas_reads(lay: Lay, tmp_path: Path) -> None:
    data = lay("test.csv", TABLE, options={"sensitive": ["sex"]})
    expected = pd.read_csv(tmp_path / "test.csv").drop(columns="y")
    pd.testing.assert_frame_equal(data.rows.frame(), expected)
    facts = data.facts
    assert (facts.container, facts.columns) == ("frame", ("age", "sex", "member", "city"))
    assert (facts.classes, facts.distribution) == (("no", "yes"), {"no": 1, "yes": 2})
    assert (facts.missing, facts.sensitive, facts.target) == (1, ("sex",), "y")
    assert facts.warnings == ("1 values of the features of test.csv are missing in city; a model may refuse them",)
    assert data.groups["sex"].tolist() == ["m", "f", "f"]


def test_a_csv_of_numbers_stays_a_frame_because_its_names_matter(lay: Lay) -> None:
    data = lay("test.csv", "a,b,target\n1,2,0\n3,4,1\n")
    assert data.facts.container == "frame"
    assert data.rows.array().tolist() == [[1, 2], [3, 4]]
    assert data.rows.array().dtype == np.int64


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("semicolons.csv", "a;b;y\n1,5;x;0\n2;z;1\n"),
        ("tabs.tsv", "a\tb\ty\n1,5\tx\t0\n2\tz\t1\n"),
        ("bars.csv", "a|b|y\n1,5|x|0\n2|z|1\n"),
        ("bom.csv", "\ufeffa,b,y\n1,x,0\n2,z,1\n"),
        ("quoted.csv", '"a","b","y"\n1,"x\n,;;;",0\n2,z,1\n'),
    ],
)
def test_the_separator_is_found(lay: Lay, name: str, text: str) -> None:
    data = lay(name, text)
    assert data.facts.columns == ("a", "b")
    assert data.facts.classes == (0, 1)


def test_a_given_separator_wins(lay: Lay) -> None:
    assert lay("t.csv", "a:b,c:y\n1:2,3:0\n4:5,6:1\n", options={"separator": ":"}).facts.columns == ("a", "b,c")


def test_names_can_be_given_to_a_table_without_a_header(lay: Lay) -> None:
    data = lay("sms.tsv", "ham\tsee you, later\nspam\twin a prize\n", options={"columns": ["label", "text"]})
    assert data.facts.classes == ("ham", "spam")
    assert data.rows.frame()["text"].tolist() == ["see you, later", "win a prize"]


def test_the_row_index_that_pandas_writes_is_left_out(lay: Lay) -> None:
    data = lay("test.csv", ",a,y\n0,5,1\n1,6,0\n")
    assert data.facts.columns == ("a",)
    assert data.facts.warnings == ("the first column of test.csv has no name, was taken for a row index and left out",)


def test_features_are_chosen_by_name_in_that_order_or_by_what_is_dropped(lay: Lay) -> None:
    text = "id,a,b,y\n1,2,3,0\n4,5,6,1\n"
    assert lay("t.csv", text, options={"features": ["b", "a"]}).facts.columns == ("b", "a")
    assert lay("t.csv", text, options={"drop": ["id"]}).facts.columns == ("a", "b")


def test_a_sensitive_column_can_be_dropped_and_still_form_groups(lay: Lay) -> None:
    data = lay("t.csv", "a,sex,y\n1,m,0\n2,,1\n", options={"sensitive": ["sex"], "drop": ["sex"]})
    assert data.facts.columns == ("a",)
    assert data.groups["sex"].tolist() == ["m", "(missing)"]


def test_a_parquet_table_keeps_categories_times_and_truth_values(lay: Lay, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "grade": pd.Categorical(["low", "high", None], categories=["low", "high"], ordered=True),
            "day": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "small": np.array([1, 2, 3], dtype=np.int8),
            "y": ["a", "b", "a"],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    data = lay("t.parquet")
    read = data.rows.frame()
    assert (data.facts.missing, data.facts.classes) == (4, ("a", "b"))
    pd.testing.assert_series_equal(read["grade"], frame["grade"])
    pd.testing.assert_series_equal(read["day"], frame["day"])
    assert read["flag"].tolist()[::2] == [True, False]
    assert read["count"].tolist()[::2] == [1.0, 3.0]
    assert read["small"].dtype == np.int8


def test_libsvm_gives_sparse_rows(lay: Lay, tmp_path: Path) -> None:
    matrix = csr_matrix(np.array([[0, 1.5, 0], [2, 0, 0], [0, 0, 0]]))
    dump_svmlight_file(matrix, np.array([1, -1, 1]), str(tmp_path / "t.libsvm"), zero_based=False)
    data = lay("t.libsvm", options={"n_features": 3})
    assert (data.facts.container, data.facts.shape, data.facts.classes) == ("csr", (3,), (-1, 1))
    assert data.rows.csr().toarray().tolist() == matrix.toarray().tolist()
    assert data.facts.dtypes == ("float64",)


def test_sparse_rows_are_as_wide_as_the_training_data_or_the_declared_shape(lay: Lay) -> None:
    train = lay("train.libsvm", "1 1:1 5:1\n0 2:1\n", role="train")
    test = lay("test.libsvm", "1 1:1\n0 3:1\n", reference=train.facts)
    assert test.rows.csr().toarray().tolist() == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
    assert lay("t.libsvm", "1 1:1\n", options={"n_features": 4}, input_shape=(4,)).facts.shape == (4,)


def test_clusters_need_no_target(lay: Lay) -> None:
    data = lay("t.csv", "a,b\n1,2\n3,4\n", task="clustering")
    assert (data.target, data.facts.columns, data.facts.classes) == (None, ("a", "b"), ())
    assert lay("t.csv", "a,label\n1,2\n3,4\n", task="clustering").facts.target == "label"


def test_any_suffix_will_do_with_a_format(lay: Lay) -> None:
    assert lay("agaricus.txt.test", "1 1:1 3:1\n0 2:1\n", options={"format": "libsvm"}).facts.shape == (3,)


def test_one_row_is_enough(lay: Lay) -> None:
    assert lay("t.csv", "a,y\n1,x\n").facts.distribution == {"x": 1}


def test_class_numbers_that_a_file_stores_as_floats_become_integers(lay: Lay, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=np.ones((2, 1)), y=np.array([[1.0], [0.0]]))
    assert lay("t.npz").facts.classes == (0, 1)


def test_classes_declared_as_text_make_a_table_of_numbers_text(lay: Lay) -> None:
    data = lay("t.csv", "a,y\n1,10\n2,20\n", classes=("10", "20", "30"))
    assert data.facts.classes == ("10", "20")


def test_without_a_target_there_are_no_labels(lay: Lay) -> None:
    data = lay("t.csv", "a,y\n1,10\n2,20\n", options={"no_target": True})
    assert (data.target, data.facts.target, data.facts.columns) == (None, "", ("a", "y"))


def test_infinite_and_missing_features_are_warnings(lay: Lay, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=np.array([[np.nan, np.inf], [1, -np.inf]]), y=np.array([0, 1]))
    assert lay("t.npz").facts.warnings == (
        "1 values of the features of t.npz are missing; a model may refuse them",
        "2 values of the features of t.npz are infinite; a model may refuse them",
    )


def test_what_agrees_with_the_metadata_passes(lay: Lay) -> None:
    text = "a,y\n1,no\n2,yes\n3,yes\n"
    claims = {"input_shape": (1,), "classes": ("no", "yes"), "samples": 3}
    for distribution in ({"no": 1, "yes": 2}, {"no": 0.33, "yes": 0.67}):
        facts = lay("t.csv", text, distribution=distribution, **claims).facts
        assert (facts.rows, facts.classes, facts.warnings) == (3, ("no", "yes"), ())


def test_columns_are_put_into_the_order_of_the_training_data(lay: Lay) -> None:
    train = lay("train.csv", "a,b,y\n1,2,0\n3,4,1\n", role="train")
    test = lay("test.csv", "b,y,a\n20,0,10\n", reference=train.facts)
    assert test.rows.array().tolist() == [[10, 20]]
    assert "were put into that order" in test.facts.warnings[0]


def test_a_column_that_changed_from_numbers_to_text_is_a_warning(lay: Lay) -> None:
    train = lay("train.csv", "a,y\n1,0\n2,1\n", role="train")
    test = lay("test.csv", "a,y\none,0\n", reference=train.facts)
    text = pd.Series(["one"]).dtype  # str with pandas 3, object before
    assert test.facts.warnings == (f"column 'a' is {text} in test.csv but int64 in the training data",)


def test_the_training_set_as_test_set_is_a_warning(lay: Lay) -> None:
    train = lay("t.csv", "a,y\n1,0\n2,1\n", role="train")
    test = lay("t.csv", reference=train.facts)
    assert test.facts.warnings == ("t.csv is also the training data: its quality figures say little about new data",)


def test_laying_down_again_replaces_and_leaves_no_scraps(lay: Lay, tmp_path: Path) -> None:
    lay("t.csv", "a,y\n1,0\n2,1\n")
    assert lay("t.csv", "a,y\n1,0\n2,1\n3,1\n").facts.rows == 3
    assert [path.name for path in (tmp_path / "laid").iterdir()] == ["t.csv"]


def test_what_is_laid_down_already_is_left_to_its_readers(lay: Lay, tmp_path: Path) -> None:
    lay("t.csv", "a,y\n1,0\n2,1\n")
    target = tmp_path / "laid" / "t.csv" / "y.npy"
    before = target.stat().st_ino
    lay("t.csv")
    assert target.stat().st_ino == before
    with target.open("ab") as damaged:
        damaged.write(b"x")
    assert lay("t.csv").facts.rows == 2
    assert target.stat().st_ino != before
    assert [path.name for path in (tmp_path / "laid").iterdir()] == ["t.csv"]


def test_rows_that_were_damaged_where_they_lie_are_laid_down_anew(lay: Lay, tmp_path: Path) -> None:
    lay("t.csv", "a,y\n1,0\n2,1\n")
    target = tmp_path / "laid" / "t.csv" / "y.npy"
    content = target.read_bytes()
    target.write_bytes(content[:-1] + b"\x01")
    lay("t.csv")
    assert target.read_bytes() == content


def test_an_inspector_that_is_killed_while_writing_leaves_no_folder(lay: Lay, tmp_path: Path) -> None:
    lay("t.csv", "a,b,y\n1,u,0\n2,v,1\n")
    code = f"""
import os
from pathlib import Path
from carelabel.data import folder
from carelabel.data.rows import DataSet
data, save, count = DataSet.open(Path({str(tmp_path / "laid" / "t.csv")!r})), folder._save, 0
def save_twice(path, array):
    global count
    count += 1
    if count == 3:
        os._exit(9)
    save(path, array)
folder._save = save_twice
folder.write_folder(Path({str(tmp_path / "new" / "rows")!r}), data)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 9
    assert not (tmp_path / "new" / "rows").exists()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=repr)
def test_lines_may_end_in_any_way(lay: Lay, end: str) -> None:
    data = lay("t.csv", end.join(["a,b,y", "1,2,0", "3,4,1", ""]))
    assert (data.facts.rows, data.facts.columns) == (2, ("a", "b"))
