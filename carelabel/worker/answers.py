"""Answers of a model: what shape and type they must have, and the files they lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.process.refusal import RefusalError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from carelabel.model.facts import ModelFacts

_NAMES: Final = ("labels", "proba", "decision")
_SHOWN: Final = 3
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Labels (n,) or (n, outputs), probabilities (n, k) or None, decision scores (n,) or (n, k) or None."""

    labels: NDArray[Any]
    proba: NDArray[Any] | None = None
    decision: NDArray[Any] | None = None

    def write(self, folder: Path, prefix: str = "") -> list[str]:
        """Write what there is; gives the file names. What an earlier attempt left is removed."""
        folder.mkdir(parents=True, exist_ok=True)
        names = []
        for name, values in zip(_NAMES, (self.labels, self.proba, self.decision), strict=True):
            path = folder / f"{prefix}{name}.npy"
            path.unlink(missing_ok=True)
            if values is not None:
                np.save(path, values)
                names.append(path.name)
        return names

    def missing(self) -> dict[str, int]:
        """How many rows have NaN in them, by part; parts without any are left out."""
        counts = {
            "labels": _nan_rows(self.labels),
            "proba": _nan_rows(self.proba),
            "decision": _nan_rows(self.decision),
        }
        return {name: count for name, count in counts.items() if count}

    def improper(self) -> int:
        """Rows with a probability below 0 or above 1, beyond rounding."""
        if self.proba is None or self.proba.dtype.kind != "f":
            return 0
        outside = (self.proba < -_ROUNDING) | (self.proba > 1 + _ROUNDING)
        return int(outside.reshape(len(outside), -1).any(axis=1).sum())

    @classmethod
    def read(cls, folder: Path, prefix: str = "") -> Answers | None:
        """Map the files that `write` wrote; None when there are none."""
        labels, proba, decision = (_mapped(folder / f"{prefix}{name}.npy") for name in _NAMES)
        return None if labels is None else cls(labels=labels, proba=proba, decision=decision)


def _mapped(path: Path) -> NDArray[Any] | None:
    return np.load(path, mmap_mode="r") if path.exists() else None


def checked(method: str, values: object, rows: int, facts: ModelFacts) -> NDArray[Any]:
    """One batch of answers as a plain array.

    Raises:
        RefusalError: If shape or type are not those of the contract.
    """
    array = np.asarray(values)
    shapes = _shapes(method, rows, facts)
    if array.shape not in shapes:
        wanted = " or ".join(map(str, shapes))
        raise RefusalError(
            code="wrong-shape",
            message=f"{method} must give an array of shape {wanted} for {rows} rows, got {array.shape}",
        )
    if method != "predict":
        if array.dtype.kind not in "fiu":
            raise RefusalError(code="wrong-type", message=f"{method} must give numbers, got {array.dtype}")
        return array
    labels = _plain(array)
    _check_classes(labels, facts)
    return labels


def _shapes(method: str, rows: int, facts: ModelFacts) -> list[tuple[int, ...]]:
    k, outputs = len(facts.classes), facts.outputs
    if method == "predict":
        return [(rows,), (rows, outputs)] if outputs == 1 else [(rows, outputs)]
    if method == "predict_proba":
        return [(rows, k)]
    pairs = k * (k - 1) // 2
    return [(rows,), *((rows, width) for width in dict.fromkeys((k, pairs, 1)) if width)]


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Without objects, so that it can be mapped: text as fixed width, everything else in its own type."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind == "O":
        kinds = {type(item) for item in array.ravel().tolist()}
        array = np.array(array.tolist()) if len(kinds) == 1 or kinds <= {int, float, bool} else array
    if array.dtype.kind == "T":
        return array.astype(str)
    if array.dtype.kind not in "biufU":
        raise RefusalError(
            code="wrong-type", message=f"predict must give numbers or text, one type for all rows, got {array.dtype}"
        )
    return array


def _check_classes(labels: NDArray[Any], facts: ModelFacts) -> None:
    """A classifier answers with the classes themselves, not with their numbers."""
    if not facts.classes or facts.outputs != 1:
        return
    known = set(facts.classes)
    strange = [label for label in np.unique(labels).tolist() if label not in known]
    if strange:
        shown = ", ".join(map(repr, strange[:_SHOWN]))
        classes = ", ".join(map(repr, facts.classes[:_SHOWN])) + (", ..." if len(facts.classes) > _SHOWN else "")
        raise RefusalError(
            code="unknown-class", message=f"predict must give classes of the model ({classes}), got {shown}"
        )


def _nan_rows(values: NDArray[Any] | None) -> int:
    if values is None or values.dtype.kind != "f":
        return 0
    return int(np.isnan(values).reshape(len(values), -1).any(axis=1).sum())
