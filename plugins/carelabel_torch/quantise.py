"""Dynamic int8: weights of linear layers as int8, activations quantised row by row as they come."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import torch

from carelabel.errors import UnsupportedError
from carelabel_torch.exporting import FirstOutput, example_rows, source_network
from carelabel_torch.lifting import with_layers
from carelabel_torch.network import counts_of

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext

_SHOWN: Final = 300


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the network with int8 linear layers as traced TorchScript, whose operators torch has for packed weights.

    Raises:
        UnsupportedError: If there is no linear layer, or the result depends on the number of rows it was traced with.
    """
    predictor = context.load()
    network = source_network(predictor)
    rows = example_rows(predictor, context.test, network)
    module = with_layers(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eager quantisation says that it will move to another package
        try:
            quantised = torch.ao.quantization.quantize_dynamic(module, {torch.nn.Linear}, dtype=torch.qint8)
        except Exception as error:
            said = " ".join(str(error).split())[:_SHOWN]
            msg = f"torch must be able to quantise every linear layer; it says: {type(error).__name__}: {said}"
            raise UnsupportedError(msg, "leave this candidate out") from error
        layers = sum(isinstance(part, torch.ao.nn.quantized.dynamic.Linear) for part in quantised.modules())
        if not layers:
            msg = "the network must have linear layers to quantise, and it has none that torch knows"
            raise UnsupportedError(msg, "quantise its ONNX form instead: that quantises convolutions, too")
        script = _traced(FirstOutput(quantised), rows, network.batch)
        path = out / "model.ts"
        script.save(path)
    known = {"parameter_counts": counts_of(network), "quantised_layers": layers}
    return replace(artefact, path=path, format="torch-script", parameters=known)


def _traced(module: Any, rows: Any, batch: int | None) -> Any:  # noqa: ANN401 - torch's own types
    """Trace, and hold that the result answers other numbers of rows as the network does."""
    if batch is not None:
        msg = f"the network must take any number of rows to be traced; it takes exactly {batch}"
        raise UnsupportedError(msg, "export it with a dynamic first axis")
    with torch.no_grad():
        script = torch.jit.trace(module, (rows,), check_trace=False)
        more = torch.cat([rows, rows, rows[:1]])
        try:
            same = torch.allclose(script(more), module(more), rtol=1e-4, atol=1e-5)
        except RuntimeError:
            same = False
    if not same:
        msg = f"the traced network must take any number of rows; it was made for {len(rows)} and fails with {len(more)}"
        raise UnsupportedError(msg, "use flatten(1) instead of a view with the number of rows written out")
    return script
