"""How far a candidate is still the same model, from what both answered on the same rows. Runs in the scorer.

Classes: ``identical``, ``equivalent``, ``different``, or ``undecided`` where there are too few rows to tell;
`carelabel.measure.sameness` has the limits.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

import numpy as np

from carelabel.measure.agreement import distances, margins, p99, same_labels, spread
from carelabel.measure.proportions import clopper_pearson_upper, mcnemar_exact, tost_accuracy
from carelabel.measure.sameness import ParityLimits, because, classify, flip_rate, p99_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carelabel.plugin.interfaces import Predictions

WORST_ROWS: Final = 5


class Boundary(TypedDict):
    """Answers on rows on and next to split thresholds; ``on_threshold`` is (n,) and True exactly on one."""

    original: Predictions
    candidate: Predictions
    on_threshold: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answers:
    """What both answered on the same rows."""

    original: Predictions
    candidate: Predictions
    target: NDArray[Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Rows compared: (n,) where labels flipped, what was tied, and how far apart the numbers are."""

    flipped: NDArray[np.bool_]
    tied: NDArray[np.bool_]
    apart: NDArray[np.float64] | None

    def only(self, mask: NDArray[np.bool_]) -> _Rows:
        apart = None if self.apart is None else self.apart[mask]
        return _Rows(flipped=self.flipped[mask], tied=self.tied[mask], apart=apart)

    @property
    def flips(self) -> int:
        return int(np.count_nonzero(self.flipped & ~self.tied))

    @property
    def counted(self) -> int:
        return int(np.count_nonzero(~self.tied))

    @property
    def max_abs(self) -> float | None:
        return None if self.apart is None else float(self.apart.max(initial=0.0))

    def within(self, limit: float) -> bool:
        return self.apart is None or bool((self.apart <= limit).all())


def compare(  # noqa: PLR0913, PLR0917 - the two answers, the truth and the limits
    task: str,
    original: Predictions,
    candidate: Predictions,
    target: NDArray[Any] | None,
    boundary: Boundary | None,
    limits: Mapping[str, float],
) -> dict[str, Any]:
    """Compare a candidate's answers with the original's.

    Args:
        task: ``regression`` compares numbers; everything else compares labels, and probabilities where both have them.
        original: Answers of the submitted model.
        candidate: Answers of the candidate on the same rows.
        target: (n,) or (n, outputs) truth, or None.
        boundary: Answers of both on rows on and next to split thresholds, or None.
        limits: What a suite sets otherwise than `ParityLimits`.

    Returns:
        JSON values: ``class``; ``rows``; ``compared``; ``flips`` (of rows that are no ties) and ``flips_upper_95``;
        ``max_abs`` and ``p99_abs`` of probabilities (regression: of values, with ``max_over_iqr`` and ``p99_over_sd``);
        ``ties`` and ``tie_flips``; ``neighbours`` and ``on_threshold`` with rows, flips and max_abs; ``mcnemar_p`` and
        ``accuracy`` of classifiers; ``worst``, up to five rows with both answers; ``because``, a line for each
        condition that does not hold.

    Raises:
        UsageError: If a limit is unknown.

    Source: Clopper and Pearson 1934 for the bound; McNemar 1947, exact; two one-sided tests by Schuirmann 1987.
    """
    bounds = ParityLimits.of(limits)
    n, answered = len(original.labels), len(candidate.labels)
    if n != answered:
        reason = f"the candidate answered {answered} rows, the original {n}"
        return {"class": "different", "rows": n, "compared": "nothing", "flips": None, "because": [reason]}
    answers = _Answers(original=original, candidate=candidate, target=target)
    return (_compare_values if task == "regression" else _compare_labels)(task, answers, boundary, bounds)


def _compare_labels(task: str, answers: _Answers, boundary: Boundary | None, limits: ParityLimits) -> dict[str, Any]:
    rows = _label_rows(answers.original, answers.candidate, limits)
    edges = None if boundary is None else _label_rows(boundary["original"], boundary["candidate"], limits)
    near, on = _split(edges, boundary)
    identical = {
        "no flips on data rows": rows.flips == 0,
        "no flips next to thresholds": near is None or near.flips == 0,
        f"|dp| within {limits.identical_probability:g}": _all_within(rows, near, limits.identical_probability),
    }
    equivalent = {
        f"flip rate within {limits.flip_rate:g}": flip_rate(rows.flips, rows.counted, limits),
        f"99th percentile of |dp| within {limits.p99_probability:g}": p99_within(
            rows.apart, limits.p99_probability, limits
        ),
    }
    tried = rows.counted + (near.counted if near else 0)
    return {
        "class": classify(identical, equivalent, tried, limits),
        "rows": len(rows.tied),
        "compared": "labels" if rows.apart is None else "labels and probabilities",
        "flips": rows.flips,
        "flips_upper_95": clopper_pearson_upper(rows.flips, rows.counted, limits.level),
        "max_abs": rows.max_abs,
        "p99_abs": None if rows.apart is None else p99(rows.apart),
        "ties": int(np.count_nonzero(rows.tied)),
        "tie_flips": int(np.count_nonzero(rows.flipped & rows.tied)),
        "neighbours": _summary(near),
        "on_threshold": _summary(on),
        **(_accuracy(answers, limits) if task == "classification" else {}),
        "worst": _worst(rows, answers, limits.identical_probability),
        "because": because(identical, equivalent, tried, limits),
    }


def _compare_values(_: str, answers: _Answers, boundary: Boundary | None, limits: ParityLimits) -> dict[str, Any]:
    original, candidate = answers.original, answers.candidate
    iqr, deviation = spread(original.labels if answers.target is None else answers.target)
    rows = _value_rows(original, candidate, iqr)
    edges = None if boundary is None else _value_rows(boundary["original"], boundary["candidate"], iqr)
    near, on = _split(edges, boundary)
    plain = distances(original.labels, candidate.labels)
    in_sd = distances(original.labels, candidate.labels, deviation)
    identical = {f"|d| within {limits.identical_iqr:g} IQR": _all_within(rows, near, limits.identical_iqr)}
    name = f"99th percentile of |d| within {limits.p99_sd:g} sd"
    equivalent = {name: p99_within(in_sd, limits.p99_sd, limits)}
    tried = len(plain) + (near.counted if near else 0)
    return {
        "class": classify(identical, equivalent, tried, limits),
        "rows": len(plain),
        "compared": "values",
        "flips": None,
        "flips_upper_95": None,
        "max_abs": float(plain.max(initial=0.0)),
        "p99_abs": p99(plain),
        "max_over_iqr": rows.max_abs,
        "p99_over_sd": p99(in_sd),
        "ties": 0,
        "neighbours": _summary(near),
        "on_threshold": _summary(on),
        "worst": _worst(rows, answers, limits.identical_iqr),
        "because": because(identical, equivalent, tried, limits),
    }


def _label_rows(original: Predictions, candidate: Predictions, limits: ParityLimits) -> _Rows:
    lead = margins(original)
    both = original.probabilities is not None and candidate.probabilities is not None
    return _Rows(
        flipped=~same_labels(original.labels, candidate.labels),
        tied=np.zeros(len(original.labels), dtype=bool) if lead is None else lead < limits.tie_margin,
        apart=distances(original.probabilities, candidate.probabilities) if both else None,  # type: ignore[arg-type]
    )


def _value_rows(original: Predictions, candidate: Predictions, scale: NDArray[np.float64]) -> _Rows:
    apart = distances(original.labels, candidate.labels, scale)
    none = np.zeros(len(apart), dtype=bool)
    return _Rows(flipped=none, tied=none, apart=apart)


def _split(edges: _Rows | None, boundary: Boundary | None) -> tuple[_Rows | None, _Rows | None]:
    """The neighbours of thresholds, and the rows exactly on one."""
    if edges is None or boundary is None:
        return None, None
    on = np.asarray(boundary["on_threshold"], dtype=bool)
    return edges.only(~on), edges.only(on)


def _all_within(rows: _Rows, near: _Rows | None, limit: float) -> bool:
    return rows.within(limit) and (near is None or near.within(limit))


def _summary(rows: _Rows | None) -> dict[str, Any] | None:
    if rows is None:
        return None
    ties = int(np.count_nonzero(rows.tied))
    return {"rows": len(rows.tied), "flips": rows.flips, "ties": ties, "max_abs": rows.max_abs}


def _accuracy(answers: _Answers, limits: ParityLimits) -> dict[str, Any]:
    if answers.target is None or not len(answers.target):
        return {"mcnemar_p": None, "accuracy": None}
    right = same_labels(answers.target, answers.original.labels)
    candidate_right = same_labels(answers.target, answers.candidate.labels)
    lost = int(np.count_nonzero(right & ~candidate_right))
    gained = int(np.count_nonzero(candidate_right & ~right))
    found = tost_accuracy(len(right), gained, lost, limits.accuracy_margin)
    shares = {"original": float(right.mean()), "candidate": float(candidate_right.mean())}
    return {"mcnemar_p": mcnemar_exact(lost, gained), "accuracy": {**shares, **asdict(found)}}


def _worst(rows: _Rows, answers: _Answers, limit: float) -> list[dict[str, Any]]:
    """The rows that speak most against the candidate: flips first, then the largest differences."""
    apart = rows.flipped.astype(np.float64) if rows.apart is None else rows.apart
    order = np.lexsort((-apart, ~rows.flipped))[:WORST_ROWS]
    chosen = [int(row) for row in order if rows.flipped[row] or apart[row] > limit]
    return [
        {
            "row": row,
            "original": np.asarray(answers.original.labels[row]).tolist(),
            "candidate": np.asarray(answers.candidate.labels[row]).tolist(),
            "apart": None if rows.apart is None else float(apart[row]),
            "tie": bool(rows.tied[row]),
        }
        for row in chosen
    ]
