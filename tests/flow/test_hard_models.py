"""Models that converters refuse or get wrong, through the whole flow: a form is the same, or says what it is not."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from tests.pins import others

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conversions.models.given import Given
    from tests.flow.program import Ended, Program

NODES = 3_000_000
trees = pytest.mark.needs_plugin("sklearn", "onnx", "treelite", "hummingbird", "fastinference", "quality")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Every engine that runs a model without changing it; one figure."""
    content = {
        "name": "forms",
        "summary": "every form, little to measure",
        "tests": {"groups": [], "include": ["quality.accuracy", "quality.mae"]},
        "converters": {"kinds": ["format", "quantise", "prune"], "costs": ["cheap", "normal"]},
        "caps": {"candidates": 12, "depth": 1},
        "platforms": ["cpu-1t"],
        "resamples": 100,
    }
    path = tmp_path / "forms.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def labelled(
    program: Program, suite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[Mapping[str, Any], Ended]]:
    """Write a model with `make`, and run the program on it."""
    builds = tmp_path_factory.getbasetemp() / "builds"  # the engine of the house is compiled once
    builds.mkdir(exist_ok=True)

    def run(make: Callable[[Path], Given], *words: str, **variables: str) -> tuple[Mapping[str, Any], Ended]:
        folder = tmp_path_factory.mktemp("hard")
        given = make(folder)
        np.savez(folder / "test.npz", X=given.x, y=given.y)
        meta = folder / "meta.yaml"
        meta.write_text(yaml.safe_dump({"name": "hard", "task": given.task, "data": {"test": "test.npz"}}))
        mine = replace(program, more={"CARELABEL_FASTINFERENCE_BUILDS": str(builds), **variables})
        ended = mine.run(
            *("run", given.path, "--meta", meta, "--suite", suite, "--trust-pickle", "--json", "-q"), *words
        )
        assert ended.code in {0, 1}, ended.err
        return json.loads(ended.out), ended

    return run


def forms(label: Mapping[str, Any]) -> dict[str, Any]:
    return {item["id"]: item for item in label["candidates"]}


def of_library(module: str, name: str) -> Callable[[Path], Given]:
    """A maker of tests/conversions/models, where its library is installed."""
    return getattr(pytest.importorskip(f"tests.conversions.models.{module}", exc_type=ImportError), name)  # type: ignore[no-any-return]


def outcome(label: Mapping[str, Any]) -> dict[str, str]:
    """Form to its parity with the original, or to the code of why it is none."""
    found = forms(label)
    del found["original"]
    return {name: item["reason"]["code"] if item["reason"] else item["parity"]["class"] for name, item in found.items()}


@pytest.mark.needs_plugin("xgboost", "quality")
def test_a_family_that_no_converter_takes_is_labelled_alone_with_the_reasons(labelled: Any) -> None:
    label, ended = labelled(of_library("xgboost_files", "xgboost_linear"))
    assert ended.code == 0
    assert list(forms(label)) == ["original"]
    assert {outcome["status"] for outcome in label["outcomes"]} == {"measured"}
    given = {word: row for row in label["skipped"] for word in row["what"].split(", ")}
    assert given["*onnx (xgboost.onnx)"]["code"] == "family"
    assert given["*onnx (xgboost.onnx)"]["text"].endswith("this is linear")


@trees
def test_trees_with_missing_values_on_a_machine_without_a_compiler(labelled: Any, tmp_path: Path) -> None:
    """What a library gets wrong is a failed conversion; what needs a compiler says what to install."""
    label, ended = labelled(of_library("sklearn_trees", "random_forest_missing"), PATH=str(tmp_path), CXX="")
    assert ended.code == 1
    found = outcome(label)
    other = any(text.startswith(("scikit-learn", "skl2onnx", "treelite")) for text in others())
    assert {name: found[name] for name in ("hummingbird", "onnx")} == {"hummingbird": "parity", "onnx": "parity"}
    assert found["treelite"] == "identical" or (other and found["treelite"] == "parity")  # older ones get it wrong
    wrong = "of 400 rows" if other else "24 of 400 rows"  # another library trains another forest
    assert wrong in forms(label)["onnx"]["reason"]["text"]
    (row,) = [row for row in label["skipped"] if row["code"] == "needs-compiler"]
    assert {"*fastinference-native", "*fastinference-if-else"} <= set(row["what"].split(", "))
    assert row["hint"] == "apt-get install g++"


EXACT = {"fastinference-if-else": "identical", "fastinference-native": "identical"}
HARD = {
    "hist_gradient_boosting_extremes": {"hummingbird": "parity", "onnx": "identical", "treelite": "identical"},
    "random_forest_one_class": {"hummingbird": "identical", "onnx": "unknown-class", "treelite": "unsupported"},
    "random_forest_of_one": {"hummingbird": "equivalent", "onnx": "identical", "treelite": "identical"},
}


@pytest.mark.slow
@trees
@pytest.mark.parametrize("name", HARD)
def test_infinite_values_one_class_and_one_tree(labelled: Any, name: str) -> None:
    label, ended = labelled(of_library("sklearn_trees", name))
    assert outcome(label) == EXACT | HARD[name]
    assert ended.code == (0 if set(HARD[name].values()) <= {"identical", "equivalent"} else 1)
    (original,) = [row for row in label["measurements"] if row["candidate"] == "original"]
    for row in label["measurements"]:
        if outcome(label).get(row["candidate"]) == "identical":
            assert row["value"] == original["value"]


@trees
def test_rows_that_the_model_itself_refuses_are_said_to_be(labelled: Any) -> None:
    def make(folder: Path) -> Given:
        given = of_library("sklearn_trees", "random_forest_of_one")(folder)
        given.x[3, 1] = np.inf
        return given

    label, ended = labelled(make, "--only", "original")
    assert ended.code == 1
    (found,) = label["candidates"]
    assert found["status"] == "failed"
    assert "Input X contains infinity" in found["reason"]["text"]
    assert {row["status"] for row in label["outcomes"]} == {"skipped"}


@pytest.mark.slow
@trees
def test_three_million_nodes(labelled: Any) -> None:
    """Random labels, which trees can only learn by heart."""

    def make(folder: Path) -> Given:
        from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415 - only where it is installed

        from tests.conversions.models.given import Given  # noqa: PLC0415 - as above

        rng = np.random.default_rng(0)
        x, y = rng.random((50_000, 5)), rng.integers(0, 2, 50_000)
        model = ExtraTreesClassifier(60, random_state=0, n_jobs=2).fit(x, y)
        assert sum(tree.tree_.node_count for tree in model.estimators_) > NODES
        (folder / "model.pkl").write_bytes(pickle.dumps(model))
        return Given(path=folder / "model.pkl", x=rng.random((200, 5)), y=rng.integers(0, 2, 200))

    label, _ = labelled(make, "--skip", "hummingbird", "--skip", "fastinference-if-else")
    assert outcome(label) == {"fastinference-native": "identical", "onnx": "identical", "treelite": "identical"}
    assert {row["status"] for row in label["outcomes"]} == {"measured"}
