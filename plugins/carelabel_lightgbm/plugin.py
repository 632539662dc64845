"""The backend of LightGBM's own files, and the converter of its models to ONNX."""

from __future__ import annotations

from carelabel import Backend, Converter, hookimpl

TASKS = frozenset({"classification", "regression"})
FAMILIES = frozenset({"gradient-boosting", "random-forest"})
FILES = frozenset({"lightgbm-text"})
PICKLES = frozenset({"sklearn-pickle", "sklearn-joblib"})


@hookimpl
def carelabel_backends() -> list[Backend]:
    """LightGBM."""
    return [
        Backend(
            name="booster",
            summary="LightGBM models in text files, which hold data and no code",
            usage="import lightgbm; answers = lightgbm.Booster(model_file=path).predict(rows)",
            entry="carelabel_lightgbm.backend:BoosterBackend",
            tasks=TASKS,
            frameworks=frozenset({"lightgbm"}),
            families=FAMILIES,
            requires=("lightgbm>=4.5",),
            formats=FILES,
            suffixes=(".txt", ".lgb"),
            magic=(b"tree\nversion=",),
            framework="lightgbm",
        )
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """LightGBM to ONNX."""
    return [
        Converter(
            name="onnx",
            summary="LightGBM models as ONNX graphs, by onnxmltools",
            entry="carelabel_lightgbm.convert:convert",
            tasks=TASKS,
            frameworks=frozenset({"lightgbm"}),
            families=FAMILIES,
            requires=("lightgbm>=4.5", "onnx>=1.17", "onnxmltools>=1.15"),
            source=FILES | PICKLES,
            target="onnx",
            conversion="format",
            slug="onnx",
            lossless=True,
            tolerance=(
                "inputs and thresholds are rounded to float32, so a value that float32 does not hold can fall on the "
                "other side of a threshold; scores are float32 sums: about 1e-6 of the largest"
            ),
        )
    ]
