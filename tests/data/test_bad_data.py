"""Each data file that is not as it must be gives one line: what must hold, what was found, what to do."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from carelabel.data.facts import DataSource
from carelabel.data.prepare import lay_down
from carelabel.data.rows import DataSet
from carelabel.errors import EXIT_USAGE, UsageError
from carelabel.model.facts import Declared

if TYPE_CHECKING:
    from pathlib import Path

    from tests.data.conftest import Lay

GOOD = "a,b,y\n1,2,0\n3,4,1\n5,6,1\n"


def refusal(lay: Lay, *given: Any, **more: Any) -> str:
    with pytest.raises(UsageError) as caught:
        lay(*given, **more)
    assert caught.value.exit_code == EXIT_USAGE
    assert "\n" not in str(caught.value)
    return str(caught.value)


TABLES = {
    "no rows": ("a,y\n", {}, "t.csv must hold at least one row, found none"),
    "empty": ("", {}, "t.csv must hold a header line and rows, found an empty file"),
    "binary": ("a,y\n\0,1\n", {}, "t.csv must be a table as text, found binary data (say what it is with format)"),
    "long row": (
        "a,b,y\n1,2,0\n1,2,3,4\n",
        {},
        (
            "every row of t.csv must have 3 values, found: Expected 3 fields in line 3, saw 4 (the separator is ',';"
            " data.test.separator sets another)"
        ),
    ),
    "short row": (
        "a,b,y\n1,2,0\n1,2\n",
        {},
        (
            "every row of t.csv must have 3 values, found: 2 in line 3 (the separator is ',';"
            " data.test.separator sets another)"
        ),
    ),
    "no header": (
        "1.5,2,0\n3,4,1\n",
        {},
        (
            "t.csv must start with a line of column names, found numbers: 1.5, 2, 0 (add that line, or give the"
            " names as data.test.columns)"
        ),
    ),
    "column twice": (
        "a,a,y\n1,2,0\n",
        {},
        "each column of t.csv must have a name of its own, found twice: 'a' (rename them)",
    ),
    "wide": (
        ",".join(f"c{number}" for number in range(200_000)) + ",y\n",
        {},
        (
            "the first line of t.csv must have less than 1048576 characters, found more (it should hold the column"
            " names; save wide data as .npz)"
        ),
    ),
    "one large value": (
        "a" * 200_000 + "\n1\n",
        {},
        (
            "t.csv must be a table as text, found lines that ',' does not part into values (say what parts them with"
            " separator)"
        ),
    ),
    "no target": (
        "a,b\n1,2\n",
        {},
        (
            "t.csv must have a target column, and data.test.target names none; it has a, b (name one, or write"
            " target: null if there is none)"
        ),
    ),
    "target misspelt": (
        "a,price\n1,2\n",
        {"target": "Price"},
        "data.test.target must name a column of t.csv, found 'Price', which it does not have (did you mean 'price'?)",
    ),
    "target far off": (
        "a,b\n1,2\n",
        {"target": "income"},
        "data.test.target must name a column of t.csv, found 'income', which it does not have (there are: a, b)",
    ),
    "sensitive missing": (
        GOOD,
        {"options": {"sensitive": ["sex"]}},
        "data.test.sensitive must name a column of t.csv, found 'sex', which it does not have (there are: a, b, y)",
    ),
    "target as sensitive": (
        GOOD,
        {"options": {"sensitive": ["y"]}},
        "the target 'y' of t.csv cannot be a feature or a sensitive column too",
    ),
    "only the target": ("y\n1\n", {}, "t.csv must have at least one feature column, found y"),
    "target with gaps": (
        "a,y\n1,x\n2,\n3,\n",
        {},
        (
            "the target 'y' of t.csv must have a value in every row, found 2 of 3 rows without (remove or fill"
            " in these rows, the first is row 1)"
        ),
    ),
    "fractions as labels": (
        "a,y\n1,0.5\n2,1.0\n",
        {},
        (
            "the target 'y' of t.csv must hold labels for a classification, found numbers such as 0.5 (set task:"
            " regression, or name another target)"
        ),
    ),
    "text as number": (
        "a,y\n1,low\n2,high\n",
        {"task": "regression"},
        (
            "the target 'y' of t.csv must hold numbers for a regression, found text such as 'low' (name another"
            " target, or set task: classification)"
        ),
    ),
    "infinite target": (
        "a,y\n1,2\n2,inf\n",
        {"task": "regression"},
        "the target 'y' of t.csv must be finite, found inf in row 1 (correct that row)",
    ),
    "samples": (
        GOOD,
        {"samples": 4},
        "data.samples says 4, but t.csv has 3 rows (correct it, or leave it out: it is derived from the data)",
    ),
    "input shape": (
        GOOD,
        {"input_shape": (3,)},
        (
            "data.input_shape says [3], but a row of t.csv has [2] (correct it, or leave it out: it is"
            " derived from the data)"
        ),
    ),
    "classes": (
        GOOD,
        {"classes": (0, 2)},
        (
            "labels of t.csv must be known from data.classes (0, 2), found also 1 (2 rows) (correct"
            " these rows or take them out)"
        ),
    ),
    "counts": (
        GOOD,
        {"distribution": {"0": 1, "1": 3}},
        (
            "data.distribution says 3 for class 1, but t.csv has 2 (correct it, or leave it out: it is"
            " derived from the data)"
        ),
    ),
    "shares": (
        GOOD,
        {"distribution": {"0": 0.5, "1": 0.5}},
        (
            "data.distribution says 0.5 for class 0, but t.csv has 0.333333 (correct it, or leave it out: it is"
            " derived from the data)"
        ),
    ),
    "class not mentioned": (
        GOOD,
        {"distribution": {"0": 1, "2": 2}},
        (
            "data.distribution says 2 for class 2, but t.csv has 0 (correct it, or leave it out: it is"
            " derived from the data)"
        ),
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_bad_tables(lay: Lay, case: str) -> None:
    text, more, expected = TABLES[case]
    assert refusal(lay, "t.csv", text, **more) == expected


ARRAYS = {
    "lengths": (
        {"X": np.ones((3, 2)), "y": np.zeros(2)},
        {},
        "the target 'y' of t.npz must have a value for each of 3 rows, found 2",
    ),
    "groups": (
        {"X": np.ones((3, 2)), "y": np.zeros(3), "sex": np.zeros(4)},
        {"options": {"sensitive": ["sex"]}},
        "'sex' of t.npz must have a value for each of 3 rows, found 4",
    ),
    "no features": (
        {"inhalt": np.ones(3)},
        {},
        "t.npz must hold an array X with the features, found: inhalt (name it: data.test.features)",
    ),
    "features misspelt": (
        {"rows": np.ones((1, 1))},
        {"options": {"features": ["row"]}},
        "features must name an array of t.npz, found 'row', which it does not have (did you mean 'rows'?)",
    ),
    "target misspelt": (
        {"X": np.ones((1, 1)), "truth": np.ones(1)},
        {"target": "thruth"},
        "target must name an array of t.npz, found 'thruth', which it does not have (did you mean 'truth'?)",
    ),
    "times": (
        {"X": np.zeros((1, 1), "datetime64[s]")},
        {},
        "the features 'X' of t.npz must be rows of numbers, truth values or text, found datetime64[s] of shape [1, 1]",
    ),
    "no columns": (
        {"X": np.zeros((3, 0))},
        {},
        "the features 'X' of t.npz must have at least one value a row, found float64 of shape [3, 0]",
    ),
    "one-hot": (
        {"X": np.zeros((2, 1)), "y": np.eye(2)},
        {},
        (
            "the target 'y' of t.npz must be one column of labels, found 2 columns (one-hot labels"
            " become one column by argmax)"
        ),
    ),
    "nan target": (
        {"X": np.zeros((2, 1)), "y": np.array([1.0, np.nan])},
        {},
        (
            "the target 'y' of t.npz must have a value in every row, found 1 of 2 rows without (remove or fill"
            " in these rows, the first is row 1)"
        ),
    ),
    "drop": (
        {"X": np.zeros((2, 1))},
        {"options": {"drop": ["a"]}},
        "drop works on tables, and t.npz is none (save the array without these columns)",
    ),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_bad_archives(lay: Lay, tmp_path: Path, case: str) -> None:
    arrays, more, expected = ARRAYS[case]
    np.savez(tmp_path / "t.npz", **arrays)
    assert refusal(lay, "t.npz", **more) == expected


def test_pickled_objects_are_never_loaded(lay: Lay, tmp_path: Path) -> None:
    ragged = np.array([np.ones(2), np.ones(3)], dtype=object)
    np.savez(tmp_path / "t.npz", X=ragged)
    assert refusal(lay, "t.npz") == (
        "t.npz must hold plain arrays, found an array of Python objects (save numbers or text of one type; objects are"
        " never loaded, because that can run code)"
    )
    np.save(tmp_path / "t.npy", ragged)
    assert "found an array of Python objects" in refusal(lay, "t.npy")
    (tmp_path / "p.npz").write_bytes(pickle.dumps([1, 2]))
    assert refusal(lay, "p.npz") == "p.npz must be an .npz file, found something else (say what it is with format)"
    (tmp_path / "t.npz").write_bytes((tmp_path / "t.npy").read_bytes())
    assert refusal(lay, "t.npz") == "t.npz must be an .npz file, found an .npy file (say what it is with format)"


@pytest.mark.parametrize("name", ["t.npz", "t.npy", "t.parquet"])
def test_a_truncated_file_is_said_to_be_unreadable(lay: Lay, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "t.parquet":
        pd.DataFrame({"a": [1], "y": [0]}).to_parquet(path)
    elif name == "t.npz":
        np.savez(path, X=np.ones((50, 2)), y=np.zeros(50))
    else:
        np.save(path, np.ones((50, 2)))
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(lay, name).startswith(f"{name} must be a readable ")


def test_another_encoding_is_named(lay: Lay, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a,y\nBärn,0\n".encode("latin-1"))
    assert refusal(lay, "t.csv") == "t.csv must be text in UTF-8, found byte 0xe4 (save it as UTF-8)"


def test_another_encoding_far_down_is_named_too(lay: Lay, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,y\n" + b"x,0\n" * 300_000 + b"\xe4,0\n")
    assert refusal(lay, "t.csv") == "t.csv must be text in UTF-8, found byte 0xe4 (save it as UTF-8)"


def test_libsvm_lines_must_be_such(lay: Lay) -> None:
    found = refusal(lay, "t.libsvm", "a,b\n1,2\n")
    assert found.startswith("every line of t.libsvm must read 'label index:value ...', found: ")
    assert refusal(lay, "t.libsvm", "1 1:1\n", options={"sensitive": ["sex"]}) == (
        "libsvm files have no named columns, so data.test.sensitive cannot be chosen in t.libsvm (use a table or .npz)"
    )


def test_libsvm_rows_that_are_wider_than_declared(lay: Lay) -> None:
    assert refusal(lay, "t.libsvm", "1 5:1\n", options={"n_features": 3}, input_shape=(3,)) == (
        "data.input_shape says [3], but a row of t.libsvm has [5]"
        " (correct it, or leave it out: it is derived from the data)"
    )


def test_columns_of_lists_are_refused(lay: Lay, tmp_path: Path) -> None:
    pd.DataFrame({"a": [[1], [2]], "y": [0, 1]}).to_parquet(tmp_path / "t.parquet")
    assert refusal(lay, "t.parquet") == (
        "column 'a' of t.parquet must hold numbers, truth values, times or text, found ndarray"
        " (convert it, or list it in drop)"
    )


def test_an_unknown_suffix_needs_a_format(lay: Lay) -> None:
    assert refusal(lay, "t.xls", "a,y\n1,2\n") == (
        "a data file must end in one of .npz, .npy, .csv, .tsv, .parquet, .libsvm, .svmlight, .svm, .zip, found t.xls"
        " (or say which it is: format: npz | npy | csv | parquet | libsvm | images)"
    )


def test_other_columns_than_the_training_data(lay: Lay) -> None:
    train = lay("train.csv", GOOD, role="train").facts
    assert refusal(lay, "test.csv", "a,c,y\n1,2,0\n", reference=train) == (
        "test.csv must have the columns of the training data; missing: b; extra: c (rename the"
        " columns, or list the extra"
        " ones in data.test.drop)"
    )


def test_another_shape_than_the_training_data(lay: Lay, tmp_path: Path) -> None:
    np.savez(tmp_path / "train.npz", X=np.ones((2, 3)), y=np.array([0, 1]))
    np.savez(tmp_path / "test.npz", X=np.ones((2, 4)), y=np.array([0, 1]))
    train = lay("train.npz", role="train").facts
    assert refusal(lay, "test.npz", reference=train) == (
        "a row of test.npz must have the shape of the training data, [3], found [4]"
    )


def test_labels_that_training_did_not_see(lay: Lay) -> None:
    train = lay("train.csv", "a,y\n1,cat\n2,dog\n", role="train").facts
    assert refusal(lay, "test.csv", "a,y\n1,cat\n2,cow\n3,cow\n4,ape\n", reference=train) == (
        "labels of test.csv must be known from the training data ('cat', 'dog'), found also 'ape' (1"
        " rows), 'cow' (2 rows)"
        " (correct these rows or take them out)"
    )


def test_a_file_that_changed_since_it_was_hashed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(GOOD)
    source = DataSource(path=path, sha256="0", bytes=3)
    declared = Declared(name="m", task="classification")
    with pytest.raises(UsageError, match=r"t\.csv must stay as it is during a run, but it had 3 bytes and now has 24"):
        lay_down(source, tmp_path / "laid", task="classification", declared=declared, role="test")
    path.unlink()
    with pytest.raises(UsageError, match=r"t\.csv must stay as it is during a run, but it is gone"):
        lay_down(source, tmp_path / "laid", task="classification", declared=declared, role="test")


def test_a_folder_that_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a data folder must hold meta\.json, found none in"):
        DataSet.open(tmp_path)


def test_an_index_that_no_array_can_have_is_told(lay: Lay) -> None:
    pytest.importorskip("sklearn")
    text = refusal(lay, "t.libsvm", "1 1:1 999999999999:2\n0 1:2\n")
    assert text.startswith("every line of t.libsvm must read 'label index:value ...', found: ")


def test_whatever_a_reader_raises_is_told_of_the_data(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        msg = "worn out"
        raise ArithmeticError(msg)

    monkeypatch.setattr("carelabel.data.readers.delimited.read_csv", fail)
    assert refusal(lay, "t.csv", GOOD) == (
        "t.csv must be readable as csv, found ArithmeticError: worn out (save it again, or say which format it is)"
    )
