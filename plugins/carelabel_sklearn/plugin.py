"""The backends of scikit-learn, one a file format."""

from __future__ import annotations

from carelabel import ANY, Backend, hookimpl

TASKS = frozenset({"classification", "regression", "clustering", "outlier-detection"})


@hookimpl
def carelabel_backends() -> list[Backend]:
    """Backends for the three ways in which estimators are saved."""
    return [
        Backend(
            name="pickle",
            summary="scikit-learn estimators in pickle files",
            entry="carelabel_sklearn.backend:PickleBackend",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=ANY,
            requires=("scikit-learn>=1.6",),
            formats=frozenset({"sklearn-pickle"}),
            suffixes=(".pkl", ".pickle"),
            magic=(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
            framework="scikit-learn",
            executes_code=True,
        ),
        Backend(
            name="joblib",
            summary="scikit-learn estimators in joblib files, compressed ones included",
            entry="carelabel_sklearn.backend:JoblibBackend",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=ANY,
            requires=("scikit-learn>=1.6", "joblib"),
            formats=frozenset({"sklearn-joblib"}),
            suffixes=(".joblib", ".jl", ".pkl", ".pickle", ".z", ".gz", ".bz2", ".xz", ".lzma"),
            framework="scikit-learn",
            executes_code=True,
        ),
        Backend(
            name="skops",
            summary="scikit-learn estimators in skops files, which hold data and no code",
            entry="carelabel_sklearn.backend:SkopsBackend",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=ANY,
            requires=("scikit-learn>=1.6", "skops>=0.11"),
            formats=frozenset({"sklearn-skops"}),
            suffixes=(".skops",),
            framework="scikit-learn",
            executes_code=False,
        ),
    ]
