"""The backends of scikit-learn, one a file format, and converters that prune trees and forests."""

from __future__ import annotations

from typing import Any

from carelabel import ANY, Backend, Converter, Parameter, hookimpl

TASKS = frozenset({"classification", "regression", "clustering", "outlier-detection"})


@hookimpl
def carelabel_backends() -> list[Backend]:
    """Backends for the three ways in which estimators are saved."""
    return [
        Backend(
            name="pickle",
            summary="scikit-learn estimators in pickle files",
            usage="import pickle; answers = pickle.load(open(path, 'rb')).predict(rows)",
            entry="carelabel_sklearn.backend:PickleBackend",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=ANY,
            requires=("scikit-learn>=1.7",),
            formats=frozenset({"sklearn-pickle"}),
            suffixes=(".pkl", ".pickle"),
            magic=(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
            framework="scikit-learn",
            executes_code=True,
        ),
        Backend(
            name="joblib",
            summary="scikit-learn estimators in joblib files, compressed ones included",
            usage="import joblib; answers = joblib.load(path).predict(rows)",
            entry="carelabel_sklearn.backend:JoblibBackend",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=ANY,
            requires=("scikit-learn>=1.7", "joblib>=1.4.2"),
            formats=frozenset({"sklearn-joblib"}),
            suffixes=(".joblib", ".jl", ".pkl", ".pickle", ".z", ".gz", ".bz2", ".xz", ".lzma"),
            framework="scikit-learn",
            executes_code=True,
        ),
        Backend(
            name="skops",
            summary="scikit-learn estimators in skops files, which hold data and no code",
            usage="from skops.io import load; answers = load(path).predict(rows)",
            entry="carelabel_sklearn.backend:SkopsBackend",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=ANY,
            requires=("scikit-learn>=1.7", "skops>=0.14"),
            formats=frozenset({"sklearn-skops"}),
            suffixes=(".skops",),
            framework="scikit-learn",
            executes_code=False,
        ),
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """Pruning of trees, and of forests by their trees."""
    forests = frozenset({"random-forest", "extra-trees"})
    return [
        _pruning(
            "cost-complexity",
            slug="cost-complexity",
            entry="carelabel_sklearn.cost_complexity:convert",
            summary="branches cut whose leaves lower the impurity least: half of the nodes stay",
            families=forests | {"decision-tree"},
            parameters=(_keep("nodes"), _alpha()),
        ),
        _pruning(
            "reduced-error",
            slug="pruned-50",
            entry="carelabel_sklearn.ensembles:reduced_error",
            summary="the half of a forest's trees that together err least on training rows",
            families=forests,
            needs=frozenset({"train"}),
            parameters=(_keep("trees"),),
        ),
        _pruning(
            "contribution",
            slug="contribution-50",
            entry="carelabel_sklearn.ensembles:contribution",
            summary="the half of a forest's trees that contribute most, right where few are",
            families=forests,
            tasks=frozenset({"classification"}),
            needs=frozenset({"train"}),
            parameters=(_keep("trees"),),
        ),
    ]


def _pruning(name: str, **fields: Any) -> Converter:  # noqa: ANN401 - fields of the record
    common: dict[str, Any] = {
        "tasks": frozenset({"classification", "regression"}),
        "frameworks": frozenset({"scikit-learn"}),
        "requires": ("scikit-learn>=1.7", "joblib>=1.4.2"),
        "cost": "expensive",
        "source": frozenset({"sklearn-pickle", "sklearn-joblib", "sklearn-skops"}),
        "target": "sklearn-joblib",
        "conversion": "prune",
        "lossless": False,
        "tolerance": "another, smaller model: its quality and its parity say how far",
    }
    return Converter(name=name, **(common | fields))


def _keep(of: str) -> Parameter:
    text = f"Share of the {of} to keep."
    return Parameter(name="keep", type="float", default=0.5, minimum=0.01, maximum=1.0, description=text)


def _alpha() -> Parameter:
    text = "Impurity that a leaf must lower to stay; above 0 it is used in place of keep."
    return Parameter(name="alpha", type="float", default=0.0, minimum=0.0, description=text)
