"""Estimators from which something was taken, as artefacts."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import joblib

from carelabel.errors import UnsupportedError
from carelabel_sklearn.counts import counts_of
from carelabel_sklearn.families import searched

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext


def estimator_of(context: ConvertContext) -> Any:  # noqa: ANN401 - any estimator
    """A copy of the estimator, whose members are those of the original.

    Raises:
        UnsupportedError: If it has several outputs with classes of their own.
    """
    estimator = searched(context.load().native)
    if isinstance(getattr(estimator, "classes_", None), list):
        msg = "the model must predict one output to be pruned; it has several with classes of their own"
        raise UnsupportedError(msg, "leave this candidate out")
    return copy.copy(estimator)


def saved(artefact: Artefact, estimator: Any, before: dict[str, int], out: Path, **known: Any) -> Artefact:  # noqa: ANN401 - as above, and JSON values
    """Write a pruned estimator, with what went: nodes and trees (exact), and the bytes that the file is smaller by.

    Args:
        before: Counts of the estimator as it was.
    """
    path = out / "model.joblib"
    joblib.dump(estimator, path)
    counts, parameters = counts_of(estimator)
    removed = {f"{name}_removed": before[name] - counts[name] for name in ("trees", "nodes")}
    return replace(
        artefact,
        path=path,
        format="sklearn-joblib",
        parameters={
            "parameter_counts": {"parameters": parameters, **counts},
            "sparsity": removed["nodes_removed"] / max(1, before["nodes"]),
            "bytes_removed": artefact.path.stat().st_size - path.stat().st_size,
            **removed,
            **known,
        },
    )
