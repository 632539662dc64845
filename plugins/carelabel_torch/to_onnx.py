"""Networks as ONNX graphs, by torch's own exporters."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import torch

from carelabel.errors import UnsupportedError
from carelabel_torch.exporting import FirstOutput, example_rows, export_program, source_network
from carelabel_torch.network import counts_of
from carelabel_torch.predictor import LOGITS

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext

_SHOWN: Final = 300


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the network as a graph that gives probabilities (classification) or values.

    Programs and code go through torch.export; TorchScript, which that cannot follow, through the exporter for it. Where
    the network gives scores, the graph ends in the softmax (of a single score: the logistic function) that makes them
    probabilities.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If a part of the network cannot be exported; the message says what torch said.
    """
    predictor = context.load()
    network = source_network(predictor)
    rows = example_rows(predictor, context.test, network)
    with torch.no_grad():
        module = _with_probabilities(network.module, artefact, rows)
    path = out / "model.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of every library that is not installed
        try:
            _write(network.form, module, rows, path, network.batch)
        except UnsupportedError:
            raise
        except Exception as error:  # exporters raise anything
            said = " ".join(str(error).split())[:_SHOWN]
            msg = f"torch.onnx must know every part of the network; it says: {type(error).__name__}: {said}"
            raise UnsupportedError(msg, "export the network to ONNX yourself, and submit that") from error
    counts = counts_of(network)
    return replace(artefact, path=path, format="onnx", parameters={"parameter_counts": counts})


def _write(form: str, module: Any, rows: Any, path: Path, batch: int | None) -> None:  # noqa: ANN401 - torch's own types
    if form == "script":
        torch.onnx.export(
            torch.jit.script(module),
            (rows,),
            path,
            dynamo=False,
            input_names=["rows"],
            output_names=["outputs"],
            dynamic_axes={"rows": {0: "n"}, "outputs": {0: "n"}},
        )
        return
    program = export_program(module, rows, batch)
    torch.onnx.export(program, dynamo=True, verbose=False).save(path)


def _with_probabilities(module: Any, artefact: Artefact, rows: Any) -> Any:  # noqa: ANN401 - as above
    output = module(rows)
    if not isinstance(output, torch.Tensor):
        module = FirstOutput(module)
        output = module(rows)
    if LOGITS not in artefact.facts.provides:
        return module
    single = output.ndim == 1 or output.shape[1] == 1
    return torch.nn.Sequential(module, torch.nn.Sigmoid() if single else torch.nn.Softmax(dim=1))
