"""The backends that run .keras files, and the converter that exports them as ONNX graphs."""

from __future__ import annotations

from carelabel import Backend, Converter, hookimpl

TASKS = frozenset({"classification", "regression"})
FAMILIES = frozenset({"linear", "mlp", "cnn", "other"})
REQUIRES = ("keras>=3.14", "torch>=2.13")


@hookimpl
def carelabel_backends() -> list[Backend]:
    """Keras on torch; a device has a record of its own, so that a processor platform never meets it."""
    return [
        Backend(
            name=name,
            summary=f"Keras 3 models from .keras files, on torch, on {where}",
            usage="import keras; answers = keras.models.load_model(path).predict(rows)",
            entry="carelabel_keras.backend:KerasBackend",
            tasks=TASKS,
            frameworks=frozenset({"keras"}),
            families=FAMILIES,
            runs_on=tags,
            requires=REQUIRES,
            formats=frozenset({"keras"}),
            suffixes=(".keras",),
            framework="keras",
            executes_code=False,
        )
        for name, where, tags in (
            ("torch", "processors", frozenset({"cpu"})),
            ("torch-cuda", "CUDA devices", frozenset({"cpu", "cuda"})),
        )
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """Keras to ONNX."""
    return [
        Converter(
            name="onnx",
            summary="Keras models as ONNX graphs, by Keras' own export through torch",
            entry="carelabel_keras.convert:convert",
            tasks=TASKS,
            frameworks=frozenset({"keras"}),
            families=FAMILIES,
            requires=(*REQUIRES, "onnx>=1.17"),
            cost="normal",
            source=frozenset({"keras"}),
            target="onnx",
            conversion="format",
            slug="onnx",
            lossless=True,
            tolerance="sums of float32 in another order: about 1e-6",
        )
    ]
