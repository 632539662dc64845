"""Mistakes that engines have made, made again on purpose: parity must see each of them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.plugin.interfaces import Artefact
from tests.conversions.workshop import ONE_THREAD, Model, registry

if TYPE_CHECKING:
    from pathlib import Path

trees = pytest.importorskip("tests.conversions.models.sklearn_trees", exc_type=ImportError)


@pytest.mark.needs_plugin("sklearn")
@pytest.mark.parametrize(("every", "word"), [(2, "different"), (None, "identical")])
def test_children_that_change_places_while_the_comparison_stays(tmp_path: Path, every: Any, word: str) -> None:
    """As an optimiser does that puts the likelier child first; with no node changed the copy is the same model."""
    model = Model(given=trees.random_forest_classifier(tmp_path), folder=tmp_path, registry=registry())
    wrong = pickle.loads(model.given.path.read_bytes())
    for tree in (each.tree_ for each in wrong.estimators_):
        inner = [node for node in range(tree.node_count) if tree.children_left[node] >= 0]
        for node in inner[::every] if every else ():
            left, right = tree.children_left, tree.children_right
            left[node], right[node] = right[node], left[node]
    found = parity_of(model, wrong, tmp_path)
    assert found["class"] == word
    assert (found["flips"] > 0) == (word == "different")


@pytest.mark.needs_plugin("sklearn")
def test_one_tree_whose_root_is_the_wrong_way_round(tmp_path: Path) -> None:
    """Labels may stay, probabilities do not."""
    model = Model(given=trees.random_forest_classifier(tmp_path), folder=tmp_path, registry=registry())
    wrong = pickle.loads(model.given.path.read_bytes())
    tree = wrong.estimators_[0].tree_
    left, right = tree.children_left, tree.children_right
    left[0], right[0] = right[0], left[0]
    found = parity_of(model, wrong, tmp_path)
    assert found["class"] == "different"
    assert found["max_abs"] == pytest.approx(0.1, abs=1e-9)  # one tree of ten


def parity_of(model: Model, wrong: Any, folder: Path) -> dict[str, Any]:
    path = folder / "wrong.pkl"
    path.write_bytes(pickle.dumps(wrong))
    _, backend = model._inspected
    candidate = backend.load(Artefact(path=path, format=model.facts.format, facts=model.facts), ONE_THREAD)
    return model.parity(candidate)
