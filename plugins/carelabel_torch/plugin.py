"""Backends of PyTorch, and converters from and to its files."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from carelabel import ANY, Backend, Converter, Parameter, hookimpl

TASKS: Final = frozenset({"classification", "regression"})
NETWORKS: Final = frozenset({"linear", "mlp", "cnn", "other"})
TORCH: Final = "torch>=2.13"
_SMALLER: Final = "another, smaller model: its quality and its parity say how far"
FORMATS: Final = frozenset({"torch-export", "torch-script", "torch-code"})
WITH_LAYERS: Final = frozenset({"torch-export", "torch-code"})
_BACKENDS: Final = (
    ("export", "torch-export", (".pt2", ".pt"), "ExportBackend", "programs saved by torch.export"),
    ("script", "torch-script", (".pt", ".pth", ".ts", ".torchscript"), "ScriptBackend", "TorchScript files"),
    ("code", "torch-code", (".torch.zip",), "CodeBackend", "zip archives of a network's code and its state dict"),
)
_USAGE: Final = MappingProxyType(
    {
        "torch-export": "import torch; answers = torch.export.load(path).module()(torch.from_numpy(rows))",
        "torch-script": "import torch; answers = torch.jit.load(path)(torch.from_numpy(rows))",
        "torch-export-half": (
            "import torch; answers = torch.export.load(path).module()(torch.from_numpy(rows).half().cuda())"
        ),
    }
)
_DEVICES: Final = (("", "on processors", frozenset({"cpu"})), ("-cuda", "on CUDA devices", frozenset({"cpu", "cuda"})))


@hookimpl
def carelabel_backends() -> list[Backend]:
    """A backend for every file format, on processors and on CUDA devices, and one for float16, on the latter only."""
    plain = [
        _backend(f"{name}{end}", f"{what}, {where}", file_format, suffixes, entry, tags)
        for name, file_format, suffixes, entry, what in _BACKENDS
        for end, where, tags in _DEVICES
    ]
    cuda = _DEVICES[1][2]
    return [
        *plain,
        _backend("half-cuda", "networks in float16, on CUDA devices", "torch-export-half", (), "ExportBackend", cuda),
    ]


def _backend(  # noqa: PLR0913, PLR0917 - what the records differ in
    name: str, summary: str, file_format: str, suffixes: tuple[str, ...], entry: str, tags: frozenset[str]
) -> Backend:
    return Backend(
        name=name,
        summary=summary,
        usage=_USAGE.get(file_format, ""),
        entry=f"carelabel_torch.backend:{entry}",
        tasks=TASKS,
        frameworks=frozenset({"torch"}),
        families=ANY,
        runs_on=tags,
        requires=(TORCH,),
        formats=frozenset({file_format}),
        suffixes=suffixes,
        framework="torch",
        executes_code=True,  # programs hold pickled inputs; TorchScript writes files if it wants to; code is code
        provides=frozenset({"logits"}),
    )


@hookimpl
def carelabel_converters() -> list[Converter]:
    """To ONNX, quantised, in float16, and pruned."""
    return [_onnx(), _int8(), _half(), *_magnitude(), _structured()]


def _common(name: str, entry: str) -> dict[str, Any]:
    return {
        "name": name,
        "entry": f"carelabel_torch.{entry}:convert",
        "tasks": TASKS,
        "frameworks": frozenset({"torch"}),
        "families": NETWORKS,
    }


def _onnx() -> Converter:
    return Converter(
        **_common("onnx", "to_onnx"),
        summary="networks as ONNX graphs, by torch.onnx, for any number of rows",
        requires=(TORCH, "onnx>=1.17", "onnxscript>=0.7"),
        source=FORMATS,
        target="onnx",
        conversion="format",
        slug="onnx",
        lossless=True,
        tolerance="float32 sums in another order: about 1e-6",
    )


def _int8() -> Converter:
    return Converter(
        **_common("int8-dynamic", "quantise"),
        summary="linear layers with int8 weights and dynamically quantised activations; convolutions stay",
        requires=(TORCH,),
        source=WITH_LAYERS,
        target="torch-script",
        conversion="quantise",
        slug="int8-dynamic",
        lossless=False,
        tolerance="256 steps for the weights of a layer and for what goes into it: probabilities move by 0.01 to 0.1",
    )


def _half() -> Converter:
    return Converter(
        **_common("float16", "half"),
        summary="weights and input in float16, for CUDA devices",
        runs_on=frozenset({"cuda"}),
        requires=(TORCH,),
        source=WITH_LAYERS,
        target="torch-export-half",
        conversion="quantise",
        slug="float16",
        lossless=False,
        tolerance="11 bits of precision instead of 24: probabilities move by about 1e-3",
    )


def _share(of: str) -> Parameter:
    return Parameter(
        name="share", type="float", default=0.5, minimum=0.0, maximum=0.99, description=f"Share of the {of} to remove."
    )


def _epochs(default: int) -> Parameter:
    text = "Passes over the training set for fine-tuning, with 200 steps at least; 0 for none."
    return Parameter(name="epochs", type="int", default=default, minimum=0, description=text)


def _magnitude() -> list[Converter]:
    shared: dict[str, Any] = {
        "summary": "the smallest half of all weights set to zero: sparse, but as large and as fast as before",
        "requires": (TORCH,),
        "cost": "expensive",
        "parameters": (_share("weights"), _epochs(0)),
        "conversion": "prune",
        "slug": "pruned-50",
        "lossless": False,
        "tolerance": _SMALLER,
    }
    script = frozenset({"torch-script"})
    return [
        Converter(**_common("prune-magnitude", "pruning"), **shared, source=WITH_LAYERS, target="torch-export"),
        Converter(**_common("prune-magnitude-script", "pruning"), **shared, source=script, target="torch-script"),
    ]


def _structured() -> Converter:
    return Converter(
        **{**_common("prune-structured", "structured"), "families": frozenset({"mlp", "cnn"})},
        summary="half of the channels removed by torch-pruning, then fine-tuned: smaller and faster",
        needs=frozenset({"train"}),
        requires=(TORCH, "torch-pruning>=1.6"),
        cost="expensive",
        parameters=(_share("channels of a layer"), _epochs(3)),
        source=WITH_LAYERS,
        target="torch-export",
        conversion="prune",
        slug="structured-50",
        lossless=False,
        tolerance=_SMALLER,
        timeout_s=1800.0,
    )
