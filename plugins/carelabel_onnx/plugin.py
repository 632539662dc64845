"""The backend that runs ONNX files, and the converter that writes them from scikit-learn models."""

from __future__ import annotations

from carelabel import ANY, Backend, Converter, Parameter, hookimpl

NETWORKS = frozenset({"linear", "mlp", "cnn", "other"})
TASKS = frozenset({"classification", "regression", "clustering", "outlier-detection"})
_USAGE = (
    "import onnxruntime; session = onnxruntime.InferenceSession(path, providers=['{providers}']); "
    "answers = session.run(None, rows if isinstance(rows, dict) else {{session.get_inputs()[0].name: rows}})"
)


@hookimpl
def carelabel_backends() -> list[Backend]:
    """ONNX Runtime."""
    return [
        Backend(
            name="runtime",
            summary="ONNX files on ONNX Runtime, on processors",
            usage=_USAGE.format(providers="CPUExecutionProvider"),
            entry="carelabel_onnx.backend:RuntimeBackend",
            tasks=TASKS,
            frameworks=frozenset({"onnx"}),
            families=ANY,
            requires=("onnx>=1.17", "onnxruntime>=1.23"),
            formats=frozenset({"onnx", "onnx-int8"}),
            suffixes=(".onnx",),
            framework="onnx",
            executes_code=False,
        ),
        Backend(
            name="runtime-cuda",
            summary="ONNX files on ONNX Runtime, on CUDA devices",
            usage=_USAGE.format(providers="CUDAExecutionProvider"),
            entry="carelabel_onnx.backend:RuntimeBackend",
            tasks=TASKS,
            frameworks=frozenset({"onnx"}),
            families=ANY,
            runs_on=frozenset({"cpu", "cuda"}),
            requires=("onnx>=1.17", "onnxruntime-gpu>=1.23"),
            formats=frozenset({"onnx", "onnx-int8"}),
            suffixes=(".onnx",),
            framework="onnx",
            executes_code=False,
        ),
        Backend(
            name="reference-runtime",
            summary="the reference workload of the ratings, on ONNX Runtime",
            entry="carelabel_onnx.reference:ReferenceBackend",
            tasks=ANY,
            frameworks=ANY,
            requires=("onnx>=1.17", "onnxruntime>=1.23"),
            formats=frozenset({"onnx-reference"}),
            suffixes=(),
            framework="onnx",
        ),
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """scikit-learn to ONNX."""
    return [
        Converter(
            name="skl2onnx",
            summary="scikit-learn models as ONNX graphs, by skl2onnx",
            entry="carelabel_onnx.convert:convert",
            tasks=TASKS,
            frameworks=frozenset({"scikit-learn"}),
            families=ANY,
            requires=("scikit-learn>=1.7", "onnx>=1.17", "onnxruntime>=1.23", "skl2onnx>=1.20"),
            cost="normal",
            parameters=(
                Parameter(
                    name="precision",
                    type="str",
                    default="auto",
                    description="element type of the graph's numbers; auto takes the one that keeps the model the same",
                    choices=("auto", "float32", "float64"),
                ),
            ),
            source=frozenset({"sklearn-pickle", "sklearn-joblib", "sklearn-skops"}),
            target="onnx",
            conversion="format",
            slug="onnx",
            lossless=True,
            tolerance=(
                "scores are float32 sums where ONNX Runtime has only those (trees, boosting, support vectors): about "
                "1e-6; histogram boosting gets float32 inputs, so one that float32 does not hold can fall on the other "
                "side of a threshold"
            ),
        ),
        Converter(
            name="reference",
            summary="a small seeded network of the model's shape, which resource figures are rated against",
            entry="carelabel_onnx.reference:convert",
            tasks=ANY,
            frameworks=ANY,
            requires=("onnx>=1.17", "onnxruntime>=1.23"),
            cost="cheap",
            source=ANY,
            target="onnx-reference",
            conversion="reference",
            slug="reference",
            lossless=False,
        ),
        _quantiser(
            name="int8-dynamic",
            entry="carelabel_onnx.quantise:dynamic",
            summary="int8 weights of matrix products; activations are quantised in every call, all its rows together",
        ),
        _quantiser(
            name="int8-static",
            entry="carelabel_onnx.quantise:static",
            summary="int8 weights and activations (QDQ), their ranges found on training rows",
            needs=frozenset({"train"}),
        ),
    ]


def _quantiser(name: str, entry: str, summary: str, needs: frozenset[str] = frozenset()) -> Converter:
    return Converter(
        name=name,
        summary=summary,
        entry=entry,
        tasks=frozenset({"classification", "regression"}),
        frameworks=ANY,
        families=NETWORKS,
        needs=needs,
        requires=("onnx>=1.17", "onnxruntime>=1.23"),
        cost="normal",
        source=frozenset({"onnx"}),
        target="onnx-int8",
        conversion="quantise",
        slug=name,
        lossless=False,
        tolerance="256 steps for the weights of a layer and for what goes into it: probabilities move by 0.01 to 0.1",
    )
