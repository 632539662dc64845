"""The backend of CatBoost's own files, and the converter of its models to ONNX."""

from __future__ import annotations

from carelabel import Backend, Converter, hookimpl

TASKS = frozenset({"classification", "regression"})
FAMILIES = frozenset({"gradient-boosting"})
FILES = frozenset({"catboost-cbm"})
PICKLES = frozenset({"sklearn-pickle", "sklearn-joblib"})


@hookimpl
def carelabel_backends() -> list[Backend]:
    """CatBoost."""
    return [
        Backend(
            name="model",
            summary="CatBoost models in .cbm files, which hold data and no code",
            usage="import catboost; answers = catboost.CatBoost().load_model(path).predict(rows)",
            entry="carelabel_catboost.backend:ModelBackend",
            tasks=TASKS,
            frameworks=frozenset({"catboost"}),
            families=FAMILIES,
            requires=("catboost>=1.2.7",),
            formats=FILES,
            suffixes=(".cbm",),
            magic=(b"CBM1",),
            framework="catboost",
        )
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """CatBoost to ONNX."""
    return [
        Converter(
            name="onnx",
            summary="CatBoost models of numeric features as ONNX graphs, by CatBoost itself",
            entry="carelabel_catboost.convert:convert",
            tasks=TASKS,
            frameworks=frozenset({"catboost"}),
            families=FAMILIES,
            requires=("catboost>=1.2.7", "onnx>=1.17"),
            source=FILES | PICKLES,
            target="onnx",
            conversion="format",
            slug="onnx",
            lossless=True,
            tolerance="leaf values and sums are float32: about 1e-6 of the largest score",
        )
    ]
