"""The backend of XGBoost's own files, and the converter of its models to ONNX."""

from __future__ import annotations

from carelabel import Backend, Converter, hookimpl

TASKS = frozenset({"classification", "regression"})
FAMILIES = frozenset({"gradient-boosting", "random-forest", "linear"})
FILES = frozenset({"xgboost-json", "xgboost-ubj"})
PICKLES = frozenset({"sklearn-pickle", "sklearn-joblib"})


@hookimpl
def carelabel_backends() -> list[Backend]:
    """XGBoost."""
    return [
        Backend(
            name="booster",
            summary="XGBoost models in .json and .ubj files, which hold data and no code",
            usage="import xgboost; answers = xgboost.Booster(model_file=path).predict(xgboost.DMatrix(rows))",
            entry="carelabel_xgboost.backend:BoosterBackend",
            tasks=TASKS,
            frameworks=frozenset({"xgboost"}),
            families=FAMILIES,
            requires=("xgboost>=3.0",),
            formats=FILES,
            suffixes=(".json", ".ubj"),
            framework="xgboost",
        )
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """XGBoost to ONNX."""
    return [
        Converter(
            name="onnx",
            summary="XGBoost models as ONNX graphs, by onnxmltools",
            entry="carelabel_xgboost.convert:convert",
            tasks=TASKS,
            frameworks=frozenset({"xgboost"}),
            families=frozenset({"gradient-boosting", "random-forest"}),
            requires=("xgboost>=3.0", "onnx>=1.17", "onnxmltools>=1.15"),
            source=FILES | PICKLES,
            target="onnx",
            conversion="format",
            slug="onnx",
            lossless=True,
            tolerance="float32 sums in another order: about 1e-6 of the largest score",
        )
    ]
