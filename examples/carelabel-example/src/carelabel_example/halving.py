"""A converter: it runs in a worker of its own, where frameworks may be imported."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

from carelabel import Artefact

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel import ConvertContext


def halve(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write a forest of every second tree into the folder `out`."""
    forest: Any = copy.copy(context.load().native)
    forest.estimators_ = forest.estimators_[::2]
    forest.n_estimators = len(forest.estimators_)
    path = out / "model.pkl"
    path.write_bytes(pickle.dumps(forest))
    return Artefact(
        path=path,
        format="sklearn-pickle",
        facts=artefact.facts,
        input_type=artefact.input_type,
        parameters={"trees": forest.n_estimators},
    )
