"""Small known inputs, one set for each task: 12 rows of 3 features that a linear rule separates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.data.facts import DataFacts
from carelabel.data.rows import DataSet, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

TASKS: Final = ("classification", "regression", "clustering")
ROWS: Final = 12
_SURE: Final = 0.98
_MARGIN: Final = 8.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sample:
    """Truth, a perfect answer and a worse one, as one metric takes them.

    Attributes:
        name: For messages.
        first: (n,) truth, or (n, features) for a metric on features.
        perfect: The best possible second argument, or None where nothing is known to be best.
        worse: A second argument with mistakes in it.
        classes: The classes in the order of the columns, for probabilities and scores.
    """

    name: str
    first: NDArray[Any]
    perfect: NDArray[Any] | None
    worse: NDArray[Any]
    classes: NDArray[Any] | None = None

    def keywords(self) -> dict[str, Any]:
        """What the scorer passes beside the two arrays."""
        return {} if self.classes is None else {"classes": self.classes}


def features() -> NDArray[np.float64]:
    """(12, 3) rows in three well separated groups of four."""
    centres = np.repeat(np.eye(3) * 4.0, ROWS // 3, axis=0)
    return centres + np.linspace(-0.4, 0.4, ROWS * 3).reshape(ROWS, 3)


def groups() -> NDArray[np.int64]:
    """(12,) number of the group each row belongs to."""
    return np.repeat(np.arange(3), ROWS // 3)


def target(task: str) -> NDArray[Any]:
    """(12,) truth of a task: three text labels, positive values, or group numbers."""
    if task == "classification":
        return np.array(["ash", "birch", "cedar"])[groups()]
    return features() @ np.array([1.0, 2.0, 3.0]) + 1.0 if task == "regression" else groups()


def data_set(task: str) -> DataSet:
    """The rows and truth of a task as a test sees them, with one sensitive column."""
    truth = target(task)
    classes: tuple[str, ...] = tuple(sorted(set(truth.tolist()))) if task == "classification" else ()
    facts = DataFacts(
        sha256="0" * 64,
        bytes=0,
        rows=ROWS,
        features=3,
        shape=(3,),
        container="array",
        dtypes=("float64",),
        classes=classes,
        distribution=dict.fromkeys(classes, ROWS // 3),
        target="target",
        sensitive=("group",),
    )
    side = np.array(["a", "b"])[np.arange(ROWS) % 2]
    return DataSet(rows=Rows(array=features()), target=truth, groups={"group": side}, facts=facts)


def metric_samples(task: str, kind: str, *, on_features: bool) -> list[Sample]:
    """What a metric of a task is computed on; empty where the kit has nothing for its kind of input."""
    truth = target(task)
    if on_features:
        return [Sample(name="three groups", first=features(), perfect=None, worse=np.roll(groups(), 2))]
    if kind == "clusters":
        moved = (groups() + 1) % 3  # numbers of clusters mean nothing, so this is as good
        return [Sample(name="three groups", first=groups(), perfect=moved, worse=np.roll(groups(), 1))]
    if task == "regression":
        return [Sample(name="values", first=truth, perfect=truth.copy(), worse=truth + np.linspace(-1.0, 2.0, ROWS))]
    if task != "classification":
        return []
    binary = np.array(["no", "yes"])[np.arange(ROWS) % 2]
    return [_classified("two labels", binary, kind), _classified("three labels", truth, kind)]


def _classified(name: str, truth: NDArray[Any], kind: str) -> Sample:
    classes, codes = np.unique(truth, return_inverse=True)
    wrong = codes.copy()
    wrong[:2] = (wrong[:2] + 1) % len(classes)
    if kind == "labels":
        return Sample(name=name, first=truth, perfect=truth.copy(), worse=classes[wrong])
    make = _probabilities if kind == "probabilities" else _scores
    perfect = np.eye(len(classes))[codes] if kind == "probabilities" else _scores(codes, len(classes))
    return Sample(name=name, first=truth, perfect=perfect, worse=make(wrong, len(classes)), classes=classes)


def _probabilities(codes: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    rest = (1.0 - _SURE) / (classes - 1)
    return np.where(np.eye(classes)[codes] == 1, _SURE, rest)


def _scores(codes: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """As scikit-learn's decision functions: (n,) for two classes, (n, k) for more."""
    wide = np.where(np.eye(classes)[codes] == 1, _MARGIN, -_MARGIN)
    return wide[:, 1] if classes == 2 else wide  # noqa: PLR2004 - two classes are the special case
