"""Every quality metric and test, declared task by task and need by need."""

from __future__ import annotations

from typing import Literal

from carelabel import ANY, Metric, Parameter, Quantity, Test, hookimpl

CLASSIFICATION = frozenset({"classification"})
REQUIRES = ("scikit-learn>=1.7",)
UNLIMITED = float("inf")

_FROM_LABELS = (
    ("accuracy", "share of rows whose class is predicted right"),
    ("balanced-accuracy", "recall averaged over the classes of the truth"),
    ("precision-macro", "precision averaged over classes; 0 for a class that is never predicted"),
    ("precision-weighted", "precision averaged over classes by their rows; 0 for a class that is never predicted"),
    ("recall-macro", "recall averaged over classes; 0 for a class that has no row"),
    ("recall-weighted", "recall averaged over classes by their rows"),
    ("f1-macro", "harmonic mean of precision and recall averaged over classes; 0 where both are 0"),
    ("f1-weighted", "harmonic mean of precision and recall averaged over classes by their rows; 0 where both are 0"),
)
_FROM_VALUES: tuple[tuple[str, str, Literal["higher", "lower"], float, float, str], ...] = (
    ("mse", "mean squared error", "lower", 0.0, UNLIMITED, "target^2"),
    ("rmse", "root of the mean squared error", "lower", 0.0, UNLIMITED, "target"),
    ("mae", "mean absolute error", "lower", 0.0, UNLIMITED, "target"),
    ("max-error", "largest absolute error", "lower", 0.0, UNLIMITED, "target"),
    ("mape", "mean absolute error relative to the truth, where that holds no 0", "lower", 0.0, UNLIMITED, "1"),
    ("r2", "share of the truth's variance that is explained", "higher", -UNLIMITED, 1.0, "1"),
)
_CLASSES_SHOWN = Parameter(
    name="classes_shown",
    type="int",
    default=50,
    description="classes that get figures of their own, those with the most rows first",
    minimum=1,
    maximum=200,
)


@hookimpl
def carelabel_metrics() -> list[Metric]:
    """All metrics."""
    return [*_classification(), *_regression(), *_clustering()]


@hookimpl
def carelabel_tests() -> list[Test]:
    """What has more to show than one number."""
    return [_roc_curve(), _confusion_matrix(), _per_class()]


def _classification() -> list[Metric]:
    from_labels = [
        Metric(
            name=name,
            summary=summary,
            entry=f"carelabel_quality.labels:{name.replace('-', '_')}",
            tasks=CLASSIFICATION,
            frameworks=ANY,
            needs=frozenset({"labels"}),
            requires=REQUIRES,
            cost="cheap",
            input="labels",
            better="higher",
            range=(0.0, 1.0),
        )
        for name, summary in _FROM_LABELS
    ]
    return [
        *from_labels,
        Metric(
            name="roc-auc",
            summary=(
                "area under the ROC curve of the probabilities; with more than two classes each against the rest, "
                "averaged over the classes of which there are rows"
            ),
            entry="carelabel_quality.ranking:roc_auc",
            tasks=CLASSIFICATION,
            frameworks=ANY,
            needs=frozenset({"labels", "probabilities"}),
            requires=REQUIRES,
            input="probabilities",
            better="higher",
            range=(0.0, 1.0),
        ),
        Metric(
            name="roc-auc-decision",
            summary="area under the ROC curve of the decision scores, for models that give no probabilities too",
            entry="carelabel_quality.ranking:roc_auc",
            tasks=CLASSIFICATION,
            frameworks=ANY,
            needs=frozenset({"labels", "decision"}),
            requires=REQUIRES,
            input="scores",
            better="higher",
            range=(0.0, 1.0),
        ),
        Metric(
            name="log-loss",
            summary="mean of -ln of the true class's probability, which is held to at least 2.2e-16",
            entry="carelabel_quality.ranking:log_loss",
            tasks=CLASSIFICATION,
            frameworks=ANY,
            needs=frozenset({"labels", "probabilities"}),
            requires=REQUIRES,
            cost="cheap",
            input="probabilities",
            better="lower",
            range=(0.0, UNLIMITED),
        ),
    ]


def _regression() -> list[Metric]:
    return [
        Metric(
            name=name,
            summary=summary,
            entry=f"carelabel_quality.regression:{name.replace('-', '_')}",
            tasks=frozenset({"regression"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            requires=REQUIRES,
            cost="cheap",
            input="labels",
            better=better,
            range=(low, high),
            unit=unit,
        )
        for name, summary, better, low, high, unit in _FROM_VALUES
    ]


def _clustering() -> list[Metric]:
    return [
        Metric(
            name="adjusted-rand",
            summary="agreement of clusters and true groups over pairs of rows; 0 by chance, 1 the same partition",
            entry="carelabel_quality.clusters:adjusted_rand",
            tasks=frozenset({"clustering"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            requires=REQUIRES,
            cost="cheap",
            input="clusters",
            better="higher",
            range=(-0.5, 1.0),
        ),
        Metric(
            name="silhouette",
            summary="how much nearer rows are to their own cluster than to the next, on evenly spaced rows",
            entry="carelabel_quality.clusters:silhouette",
            tasks=frozenset({"clustering"}),
            frameworks=ANY,
            requires=REQUIRES,
            parameters=(
                Parameter(
                    name="sample",
                    type="int",
                    default=2000,
                    description="most rows it is computed on; its time and memory grow with their square",
                    minimum=3,
                    maximum=20_000,
                ),
            ),
            input="clusters",
            better="higher",
            range=(-1.0, 1.0),
            on_features=True,
        ),
    ]


def _roc_curve() -> Test:
    return Test(
        name="roc-curve",
        summary="ROC curve and the area under it, class by class",
        entry="carelabel_quality.curves:roc_curve",
        tasks=CLASSIFICATION,
        frameworks=ANY,
        needs=frozenset({"labels", "probabilities"}),
        requires=REQUIRES,
        parameters=(
            _CLASSES_SHOWN,
            Parameter(
                name="points",
                type="int",
                default=100,
                description="most points a curve keeps; its area is taken before",
                minimum=3,
                maximum=1000,
            ),
        ),
        group="quality",
        scope="candidate",
        place="scorer",
        quantities=(
            Quantity(
                name="roc_auc_of_class",
                unit="1",
                better="higher",
                group="quality",
                meaning="Chance that a row of this class gets a higher probability for it than a row of another class.",
            ),
        ),
    )


def _confusion_matrix() -> Test:
    return Test(
        name="confusion-matrix",
        summary="rows of each true class by the class that was predicted",
        entry="carelabel_quality.matrices:confusion_matrix",
        tasks=CLASSIFICATION,
        frameworks=ANY,
        needs=frozenset({"labels"}),
        requires=REQUIRES,
        cost="cheap",
        parameters=(_CLASSES_SHOWN,),
        group="quality",
        scope="candidate",
        place="scorer",
        quantities=(
            Quantity(
                name="error_rate",
                unit="1",
                better="lower",
                group="quality",
                meaning="Share of rows off the diagonal of the confusion matrix, which stands beside it.",
            ),
        ),
    )


def _per_class() -> Test:
    meanings = {
        "precision": "Share of the rows predicted as this class that belong to it; 0 when none is.",
        "recall": "Share of this class's rows that are predicted as it; 0 when it has none.",
        "f1": "Harmonic mean of precision and recall of this class; 0 when both are 0.",
    }
    return Test(
        name="per-class",
        summary="precision, recall and F1 of every class",
        entry="carelabel_quality.matrices:per_class",
        tasks=CLASSIFICATION,
        frameworks=ANY,
        needs=frozenset({"labels"}),
        requires=REQUIRES,
        cost="cheap",
        parameters=(_CLASSES_SHOWN,),
        group="quality",
        scope="candidate",
        place="scorer",
        quantities=tuple(
            Quantity(name=name, unit="1", better="higher", group="quality", meaning=meaning)
            for name, meaning in meanings.items()
        ),
    )
