"""Every kind of tree model through the program: its candidates are built, and identical to the original."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from carelabel_fastinference import compile_model
from carelabel_fastinference.build import MODULE

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SUITE = {
    "name": "trees",
    "summary": "Every form that the engine makes, and nothing but its size measured.",
    "tests": {"groups": [], "include": ["resources.size"]},
    "converters": {"kinds": [], "include": ["fastinference.*"]},
    "caps": {"depth": 2, "candidates": 40},
    "platforms": ["cpu-1t"],
    "parameters": {"fastinference.if-else": {"budget": 300}, "fastinference.if-else-integer": {"budget": 300}},
    "resamples": 100,
}
EXACT = {
    "fastinference-native",
    "fastinference-native-unshared",
    "fastinference-native-ranks",
    "fastinference-if-else",
    "fastinference-if-else-integer",
}
FLOAT64 = EXACT - {"fastinference-if-else-integer"}
LOSSY = {f"fastinference-native+{part}-{bits}bit" for part in ("leaves", "thresholds") for bits in (8, 16)}
RNG = np.random.default_rng(11)


def houses(rows: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Like the census of California: 8 features of very different sizes, one skewed value."""
    x = np.exp(RNG.normal(size=(rows, 8)) * 0.6 + np.array([1, 3, 2, 0, 7, 1, 3, 4]))
    return x, np.log(x[:, 0] * 2 + x[:, 7] / x[:, 1]) + RNG.normal(size=rows) * 0.1


def holes(x: np.ndarray) -> np.ndarray:
    return np.where(RNG.random(x.shape) < 0.1, np.nan, x)


def saved(model: Any, x: np.ndarray, y: np.ndarray, folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(model.fit(x, y)))
    return path, x, y


def digits(folder: Path) -> Any:
    x, y = load_digits(return_X_y=True)
    return saved(RandomForestClassifier(30, random_state=0), x, y, folder)


def regressor(folder: Path) -> Any:
    return saved(RandomForestRegressor(20, random_state=0), *houses(), folder)


def words(folder: Path) -> Any:
    x, y = houses()
    names = np.array(["cheap", "fair", "dear"])[np.digitize(y, np.quantile(y, [0.3, 0.7]))]
    return saved(RandomForestClassifier(20, max_depth=8, random_state=0), x, names, folder)


def hist_with_holes_and_categories(folder: Path) -> Any:
    x, y = houses()
    kind = RNG.integers(0, 12, len(x)) * 1.0
    model = HistGradientBoostingRegressor(max_iter=30, categorical_features=[8])
    return saved(model, np.c_[holes(x), kind], y + np.sin(kind), folder)


def hist_of_three(folder: Path) -> Any:
    x, y = houses()
    return saved(
        HistGradientBoostingClassifier(max_iter=15), holes(x), np.digitize(y, np.quantile(y, [0.3, 0.7])), folder
    )


def boosting_of_two(folder: Path) -> Any:
    x, y = houses()
    return saved(
        GradientBoostingClassifier(n_estimators=30, random_state=0), x, np.where(y > y.mean(), "yes", "no"), folder
    )


def boosting_of_many(folder: Path) -> Any:
    x, y = houses()
    target = np.digitize(y, np.quantile(y, [0.3, 0.7]))
    return saved(GradientBoostingClassifier(n_estimators=15, random_state=0), x, target, folder)


def several_outputs(folder: Path) -> Any:
    x, y = houses()
    target = np.c_[y > y.mean(), np.digitize(y, np.quantile(y, [0.3, 0.7]))].astype(int)
    path, *_ = saved(RandomForestClassifier(15, random_state=0), x, target, folder)
    return path, x, None  # a truth has one column of labels


def several_values(folder: Path) -> Any:
    x, y = houses()
    return saved(RandomForestRegressor(15, random_state=0), x, np.c_[y, y**2], folder)


def one_node(folder: Path) -> Any:
    x, y = houses()
    return saved(DecisionTreeRegressor(), x, np.full(len(y), 7.5), folder)


def saved_by_the_engine(folder: Path) -> Any:
    x, y = houses()
    compile_model(RandomForestRegressor(10, random_state=0).fit(x, y)).save(folder / "model.trees")
    return folder / "model.trees", x, y


def xgboost_file(folder: Path) -> Any:
    import xgboost  # noqa: PLC0415 - where it is installed

    x, y = houses()
    target = np.digitize(y, np.quantile(y, [0.3, 0.7]))
    xgboost.XGBClassifier(n_estimators=15, n_jobs=1).fit(holes(x), target).save_model(folder / "model.json")
    return folder / "model.json", x, np.array(["cheap", "dear", "fair"])[target]


def lightgbm_file(folder: Path) -> Any:
    import lightgbm  # noqa: PLC0415 - where it is installed

    x, y = houses()
    model = lightgbm.LGBMRegressor(n_estimators=15, n_jobs=1, verbose=-1).fit(holes(x), y)
    model.booster_.save_model(folder / "model.txt")
    return folder / "model.txt", x, y


CASES: dict[str, tuple[Callable[[Path], Any], set[str]]] = {
    "digits": (digits, EXACT),
    "regressor": (regressor, EXACT),
    "words": (words, EXACT),
    "hist with holes and categories": (hist_with_holes_and_categories, FLOAT64),
    "hist of three": (hist_of_three, FLOAT64),
    "boosting of two": (boosting_of_two, EXACT),
    "boosting of many": (boosting_of_many, EXACT),
    "several outputs": (several_outputs, EXACT),
    "several values": (several_values, EXACT),
    "one node": (one_node, EXACT),
    "saved by the engine": (saved_by_the_engine, EXACT - {"fastinference-native"}),
    "xgboost": (xgboost_file, EXACT),
    "lightgbm": (lightgbm_file, FLOAT64),
}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the program on a case; the kernel is compiled once for all of them."""
    loaded = sys.modules.get(MODULE)
    builds = Path(loaded.__file__ or "").parents[1] if loaded else tmp_path_factory.mktemp("builds")

    def call(name: str, command: str = "run", **more: str) -> subprocess.CompletedProcess[str]:
        if name in {"xgboost", "lightgbm"} and find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
        folder = tmp_path_factory.mktemp("case")
        model, x, y = CASES[name][0](folder)
        np.savez(folder / "test.npz", X=x[:400], **({} if y is None else {"y": y[:400]}))
        task = "regression" if y is not None and y.dtype.kind == "f" else "classification"
        meta, suite = folder / "meta.yaml", folder / "suite.yaml"
        meta.write_text(yaml.safe_dump({"name": name, "task": task, "data": {"test": "test.npz"}}))
        suite.write_text(yaml.safe_dump(SUITE))
        path = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
        own = {
            "TMPDIR": str(folder),
            "CARELABEL_HOME": str(folder / "home"),
            "CARELABEL_FASTINFERENCE_BUILDS": str(builds),
            "PYTHONPATH": path,
        }
        words = [command, model, "--meta", meta, "--suite", suite, "--trust-pickle", "--json"]
        return subprocess.run(
            [sys.executable, "-m", "carelabel", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **own, **more},
        )

    return call


@pytest.mark.parametrize("name", CASES)
def test_every_form_is_built_and_the_exact_ones_are_identical(ask: Callable[..., Any], name: str) -> None:
    done = ask(name)
    assert done.returncode == 0, done.stderr
    label = json.loads(done.stdout)
    found = {item["id"]: item for item in label["candidates"]}
    exact = CASES[name][1]
    lossy = LOSSY if "fastinference-native" in exact else {slug.rpartition("+")[2] for slug in LOSSY}
    assert set(found) == {"original"} | exact | lossy
    assert {item["status"] for item in found.values()} == {"built"}, {
        key: item["reason"] for key, item in found.items()
    }
    classes = {key: found[key]["parity"]["class"] for key in exact}
    assert classes == dict.fromkeys(exact, "identical"), {key: found[key]["parity"] for key in exact}
    for key in exact:
        parity = found[key]["parity"]
        assert parity["flips"] in {0, None}
        assert (parity["max_abs"] or 0.0) <= (1e-6 if name == "xgboost" else 1e-14)
        assert found[key]["lossless"]
        assert found[key]["compile_s"] is not None
    assert not any(found[key]["lossless"] for key in lossy)
    assert {item["status"] for item in label["outcomes"]} == {"measured"}


@pytest.mark.parametrize("command", ["plan", "run"])
def test_without_a_compiler_every_form_is_skipped_with_what_to_install(
    ask: Callable[..., Any], tmp_path: Path, command: str
) -> None:
    done = ask("one node", command, PATH=str(tmp_path), CXX="")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    skips = [skip for skip in said["skipped"] if skip["code"] == "needs-compiler"]
    # On a label, skips that share a rule are one line.
    assert {what for skip in skips for what in skip["what"].split(", ")} >= {f"*{slug}" for slug in EXACT}
    assert {skip["hint"] for skip in skips} == {"apt-get install g++"}
    assert {skip["text"] for skip in skips} == {"needs compiler: there is no C++ compiler on this machine"}
    assert [item["id"] for item in said["candidates"]] == ["original"]


def test_a_compiler_that_fails_is_quoted_on_the_label(ask: Callable[..., Any], tmp_path: Path) -> None:
    broken = tmp_path / "c++"
    script = "case $1 in --version) echo broken 1.0;; *) echo 'x.cpp:1:1: error: no more tape' >&2; exit 1;; esac"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    done = ask("one node", CXX=str(broken))
    assert done.returncode == 1, done.stderr
    label = json.loads(done.stdout)
    for item in label["candidates"]:
        if item["id"] in EXACT:
            assert item["status"] == "failed"
            text = item["reason"]["text"]
            assert "error: no more tape" in text
            log = Path(text.rpartition("all it said is in ")[2])
            assert "no more tape" in log.read_text()
        elif item["id"] in LOSSY:
            assert (item["status"], item["reason"]["code"]) == ("skipped", "parent-failed")
