"""A candidate's answers on the test rows, checked and written to files. Runs in candidate workers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.data.rows import Rows
from carelabel.plugin.interfaces import HasBoundaryRows
from carelabel.worker.answers import Answers, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Backend, Predictor, TestContext

BATCH_ROWS: Final = 1024
_RELATIVE: Final = 1e-5
_ABSOLUTE: Final = 1e-6
"""Probabilities that are summed in float32 come out a few 1.2e-7 apart when the rows are split in another way."""


def predict_all(
    request: Mapping[str, Any], context: TestContext, predictor: Predictor, backend: Backend
) -> dict[str, Any]:
    """Predict all test rows in batches, some of them again, and the rows on decision boundaries.

    Writes ``labels.npy``, ``proba.npy`` and ``decision.npy`` below ``request["out"]``, where the model has them, and
    ``boundary_labels.npy`` and ``boundary_proba.npy`` where there are boundary rows.

    Raises:
        RefusalError: If an answer has another shape or type than the contract says.
    """
    out, rows = Path(request["out"]), context.test.rows
    asking = _Asking(predictor=predictor, facts=context.facts)
    answers = asking.answers(rows, _batches(len(rows)))
    written = answers.write(out)
    boundary = _boundary_rows(request.get("boundary"), context, predictor, backend)
    if boundary is not None:
        near = asking.answers(boundary, _batches(len(boundary)))
        written += near.write(out, "boundary_")
    return {
        "files": written,
        "rows": len(rows),
        "boundary_rows": 0 if boundary is None else len(boundary),
        "nan": answers.missing(),
        "improper": answers.improper(),
        "nondeterministic": _changes(asking, rows, answers),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    """A predictor and what its answers must look like."""

    predictor: Predictor
    facts: ModelFacts

    def answers(self, rows: Rows, batches: list[slice]) -> Answers:
        """Answers on some batches of rows, one after the other."""
        parts = [self._one(rows[batch]) for batch in batches]
        joined = [_join([part[number] for part in parts]) for number in range(3)]
        labels = joined[0]
        if labels is None:  # only a test set without rows has no batches
            msg = "there must be at least one row to predict"
            raise ValueError(msg)
        return Answers(labels=labels, proba=joined[1], decision=joined[2])

    def _one(self, rows: Rows) -> tuple[NDArray[Any] | None, ...]:
        x = self.predictor.prepare(rows)
        proba, decision = self.predictor.predict_proba, self.predictor.decision_function
        return (
            checked("predict", self.predictor.predict(x), len(rows), self.facts),
            None if proba is None else checked("predict_proba", proba(x), len(rows), self.facts),
            None if decision is None else checked("decision_function", decision(x), len(rows), self.facts),
        )


def _join(parts: list[NDArray[Any] | None]) -> NDArray[Any] | None:
    found = [part for part in parts if part is not None]
    return np.concatenate(found) if found else None


def _batches(rows: int) -> list[slice]:
    return [slice(start, min(start + BATCH_ROWS, rows)) for start in range(0, rows, BATCH_ROWS)]


def _changes(asking: _Asking, rows: Rows, answers: Answers) -> dict[str, Any] | None:
    """Whether the first batch gets other answers when it is asked again, or is split in another way.

    Returns:
        None when they stay the same within rounding; else rows compared, rows that changed, and how often in the same
        batch (``repeat``) and in another split (``split``).
    """
    first = min(len(rows), BATCH_ROWS)
    cuts = sorted({0, min(1, first), min(2, first), max(1, first // 3), first})
    again = asking.answers(rows, [slice(0, first)])
    split = asking.answers(rows, [slice(start, end) for start, end in pairwise(cuts)])
    repeat = _changed(answers, again, first)
    other = _changed(answers, split, first)
    if not (repeat | other).any():
        return None
    counts = {"repeat": int(repeat.sum()), "split": int(other.sum())}
    return {"rows": first, "changed": int((repeat | other).sum()), **counts}


def _changed(one: Answers, other: Answers, first: int) -> NDArray[np.bool_]:
    """(first,) True where labels differ, or numbers by more than rounding."""
    changed = np.zeros(first, dtype=bool)
    for before, after in ((one.labels, other.labels), (one.proba, other.proba), (one.decision, other.decision)):
        if before is None or after is None:
            continue
        a, b = before[:first].reshape(first, -1), after[:first].reshape(first, -1)
        changed |= ~_same(a, b).all(axis=1)
    return changed


def _same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    close: NDArray[np.bool_] = a == b
    if a.dtype.kind == "f":
        close |= np.isclose(a, b, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True)
    return close


def _boundary_rows(
    wanted: Mapping[str, Any] | None, context: TestContext, predictor: Predictor, backend: Backend
) -> Rows | None:
    """Rows on and next to the original's decision boundaries: made by the original, answered by every candidate."""
    if wanted is None:
        return None
    folder = Path(wanted["folder"])
    if wanted["make"]:
        _make_boundary_rows(folder, wanted, context, predictor, backend)
    path = folder / "rows.npy"
    return Rows.of(np.load(path, mmap_mode="r"), like=context.test.rows) if path.exists() else None


def _make_boundary_rows(
    folder: Path, wanted: Mapping[str, Any], context: TestContext, predictor: Predictor, backend: Backend
) -> None:
    found = None
    if isinstance(backend, HasBoundaryRows):
        found = backend.boundary_rows(predictor, context.test, int(wanted["limit"]), int(wanted["seed"]))
    folder.mkdir(parents=True, exist_ok=True)
    if found is None or len(found.rows) == 0:
        (folder / "rows.npy").unlink(missing_ok=True)
        return
    np.save(folder / "on_threshold.npy", np.asarray(found.on_threshold, dtype=bool))
    np.save(folder / "rows.npy", found.rows)
