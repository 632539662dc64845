"""Files as they come: every bad one gives one clear line, and each format loads to the same predictions."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.cluster import DBSCAN
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from carelabel.errors import LoadError
from carelabel_sklearn.backend import JoblibBackend, PickleBackend, SkopsBackend
from carelabel_sklearn.content import written_with
from tests.plugins.carelabel_sklearn.given import data_of, loaded, points

if TYPE_CHECKING:
    from pathlib import Path

X, Y = points(60)
DATA = data_of(X, Y)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, Y)
PICKLE = pickle.dumps(TREE)
NOW = sklearn.__version__.encode()
OLD = PICKLE.replace(b"\x8c" + bytes([len(NOW)]) + NOW, b"\x8c\x051.3.0")


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("empty.pkl", b"", "must hold a pickled scikit-learn estimator; it is empty (0 bytes)"),
        (
            "text.pkl",
            b"hello world\n",
            "it holds text that begins with 'hello world' (check that this is the model file)",
        ),
        ("code.pkl", b"class Model:\n  pass\n", "it holds text that begins with 'class Model:"),
        ("zip.pkl", b"PK\x03\x04" + bytes(60), "it is a zip archive that cannot be loaded: UnpicklingError"),
        ("bytes.pkl", b"\xff\xfe\x00\x01", "it holds bytes that begin with ff fe 00 01"),
        (
            "cut.pkl",
            PICKLE[: len(PICKLE) // 2],
            "it ends too early or is damaged (UnpicklingError: pickle data was truncated)",
        ),
        ("dict.pkl", pickle.dumps({"model": 1}), "must hold a scikit-learn estimator; it holds an object of type dict"),
        ("class.pkl", pickle.dumps(SVC), "it holds the class SVC (save the fitted estimator itself, alone)"),
        ("raw.pkl", pickle.dumps(SVC()), "must hold a fitted estimator; its SVC has not been fitted"),
        ("scaler.pkl", pickle.dumps(StandardScaler().fit(X)), "an object of type StandardScaler has no predict"),
        ("dbscan.pkl", pickle.dumps(DBSCAN().fit(X)), "an object of type DBSCAN has no predict"),
        (
            "module.pkl",
            b"\x80\x04cno_such_module\nModel\n.",
            "needs the module 'no_such_module', which is not installed",
        ),
        ("name.pkl", b"\x80\x04csklearn.svm\nNoSuch\n.", "it names code that is not there: AttributeError: Can't get"),
        ("empty.joblib", b"", "must hold a scikit-learn estimator saved by joblib; it is empty (0 bytes)"),
        ("text.joblib", b"a, b\n1, 2\n", "it holds text that begins with 'a, b"),
        ("empty.skops", b"", "must hold a scikit-learn estimator saved by skops; it is empty (0 bytes)"),
        ("text.skops", b"a, b\n1, 2\n", "it holds text that begins with 'a, b"),
        ("cut.skops", b"PK\x03\x04" + bytes(60), "it is a zip archive that cannot be loaded: BadZipFile"),
    ],
    ids=lambda item: item if isinstance(item, str) and item.count(".") == 1 and " " not in item else "",
)
def test_a_bad_file_gives_one_line(tmp_path: Path, name: Any, content: Any, text: Any) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    backend = {".pkl": PickleBackend, ".joblib": JoblibBackend, ".skops": SkopsBackend}[path.suffix]()
    with pytest.raises(LoadError) as caught:
        backend.inspect(path, DATA)
    line = str(caught.value)
    assert text in line
    assert name in line
    assert "\n" not in line


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1)], ids=str)
def test_a_cut_joblib_file_is_said_to_be_cut(tmp_path: Path, compress: Any) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(RandomForestClassifier(20, random_state=0).fit(X, Y), path, compress=compress)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(LoadError, match=r"model\.joblib must hold .* it ends too early"):
        JoblibBackend().inspect(path, DATA)


def test_a_file_of_another_version_loads_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "old.pkl"
    path.write_bytes(OLD)
    found = PickleBackend().inspect(path, DATA)
    assert found is not None
    assert found.libraries["written-with"] == "1.3.0"
    assert "old.pkl was written by scikit-learn 1.3.0 and loaded by " in found.warnings[0]


def test_a_file_of_another_version_that_fails_names_both(tmp_path: Path) -> None:
    path = tmp_path / "old.pkl"
    path.write_bytes(OLD.replace(b"sklearn.tree._tree\x94\x8c\x04Tree", b"sklearn.tree._tree\x94\x8c\x04Tred"))
    with pytest.raises(LoadError) as caught:
        PickleBackend().inspect(path, DATA)
    line = str(caught.value)
    assert (
        f"old.pkl was written by scikit-learn 1.3.0 and cannot be loaded by scikit-learn {sklearn.__version__}" in line
    )
    assert "install scikit-learn==1.3.0, or train and save the model again" in line


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("stored", "found"),
    [("1.3.0", "1.3.0"), ("1.5.dev0", "1.5.dev0"), ("1.2.2rc1", "1.2.2rc1"), ("051.9.1", ""), ("1..3", ""), ("", "")],
)
def test_only_what_is_written_as_a_version_is_told_as_one(
    tmp_path: Path, protocol: int, stored: str, found: str
) -> None:
    path = tmp_path / "state.pkl"
    path.write_bytes(pickle.dumps({"_sklearn_version": stored, "after": 1}, protocol=protocol))
    assert written_with(path) == found


def test_a_damaged_version_is_no_version(tmp_path: Path) -> None:
    path = tmp_path / "old.pkl"
    path.write_bytes(OLD.replace(b"\x8c\x051.3.0", b"\x8c\x0501.30"))
    found = PickleBackend().inspect(path, DATA)
    assert found is not None
    assert not any("was written by" in line for line in found.warnings)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3)], ids=str)
def test_joblib_files_are_known_by_their_bytes_whatever_their_name(tmp_path: Path, compress: Any) -> None:
    path = tmp_path / "model.pkl"
    joblib.dump(TREE, path, compress=compress)
    assert PickleBackend().inspect(path, DATA) is None
    found, predictor = loaded(path, DATA, JoblibBackend())
    assert found.format == "sklearn-joblib"
    assert predictor.predict(predictor.prepare(DATA.rows)).tolist() == TREE.predict(X).tolist()


def test_plain_pickles_are_not_taken_by_joblib(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(PICKLE)
    assert JoblibBackend().inspect(path, DATA) is None
    found, predictor = loaded(path, DATA)
    assert found.format == "sklearn-pickle"
    assert predictor.predict(predictor.prepare(DATA.rows)).tolist() == TREE.predict(X).tolist()


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_every_protocol_of_pickle_loads(tmp_path: Path, protocol: Any) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(TREE, protocol))
    found = PickleBackend().inspect(path, DATA)
    assert found is not None
    assert found.family == "decision-tree"


@pytest.mark.parametrize("estimator", [RandomForestClassifier(3), HistGradientBoostingClassifier(max_iter=2), SVC()])
def test_skops_files_load_without_running_code(tmp_path: Path, estimator: Any) -> None:
    path = tmp_path / "model.skops"
    estimator.fit(X, Y)
    skops.io.dump(estimator, path)
    found, predictor = loaded(path, DATA, SkopsBackend())
    assert found.format == "sklearn-skops"
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(DATA.rows)), estimator.predict(X))


def test_skops_files_with_foreign_types_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    skops.io.dump(make_pipeline(FunctionTransformer(np.testing.assert_allclose), SVC()).fit, path)
    with pytest.raises(LoadError, match=r"must hold only types that are trusted; it holds .*assert_allclose"):
        SkopsBackend().inspect(path, DATA)
