"""The converter to tensor programs, and the backend that runs them."""

from __future__ import annotations

from typing import Final

from carelabel import ANY, Backend, Converter, hookimpl

FORMAT: Final = "hummingbird-torch"
TASKS: Final = frozenset({"classification", "regression"})
FAMILIES: Final = frozenset(
    {
        *("decision-tree", "random-forest", "extra-trees", "gradient-boosting", "hist-gradient-boosting"),
        *("linear", "svm", "mlp", "naive-bayes", "pipeline"),
    }
)
TORCH: Final = "torch>=2.13"


@hookimpl
def carelabel_backends() -> list[Backend]:
    """Traced tensor programs on torch."""
    return [
        _backend("torch", "processors", frozenset({"cpu"})),
        _backend("torch-cuda", "CUDA devices", frozenset({"cpu", "cuda"})),
    ]


def _backend(name: str, where: str, tags: frozenset[str]) -> Backend:
    return Backend(
        name=name,
        summary=f"tensor programs that Hummingbird made, on torch, on {where}",
        usage="import torch; answers = torch.jit.load(path)(torch.from_numpy(rows))",
        entry="carelabel_hummingbird.backend:TensorBackend",
        tasks=TASKS,
        frameworks=frozenset({"torch"}),
        families=ANY,
        runs_on=tags,
        requires=(TORCH,),
        formats=frozenset({FORMAT}),
        suffixes=(),
        framework="torch",
        executes_code=True,
    )


@hookimpl
def carelabel_converters() -> list[Converter]:
    """scikit-learn to tensors."""
    return [
        Converter(
            name="jit",
            summary="scikit-learn models as tensor operations, by Hummingbird, traced by torch",
            entry="carelabel_hummingbird.convert:convert",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=FAMILIES,
            # Later versions come with an onnx that other plugins cannot use.
            requires=("hummingbird-ml>=0.4.11,<0.4.12", "scikit-learn>=1.7", TORCH),
            source=frozenset({"sklearn-pickle", "sklearn-joblib", "sklearn-skops"}),
            target=FORMAT,
            conversion="format",
            slug="hummingbird",
            lossless=True,
            tolerance="float32 inputs and sums: about 1e-6, and rows that float32 moves over a threshold",
        )
    ]
