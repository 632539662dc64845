"""Networks back into files: programs of torch.export, which hold no Python objects of their own."""

from __future__ import annotations

import copy
import io
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from carelabel.errors import UnsupportedError
from carelabel_torch.network import Network, counts_of, first_tensor

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.plugin.interfaces import Artefact, Predictor

_EXAMPLE_ROWS: Final = 2  # one row would be taken for a fixed axis
_SHOWN: Final = 300


class FirstOutput(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
    """A network with its prediction alone as its output, whatever else it gives."""

    def __init__(self, network: Any) -> None:  # noqa: ANN401 - a torch.nn.Module
        super().__init__()
        self.network = network

    def forward(self, rows: Any) -> Any:  # noqa: ANN401 - a torch.Tensor
        """(n, ...) the prediction."""
        return first_tensor(self.network(rows))


def source_network(predictor: Predictor) -> Network:
    """A copy of the network behind a predictor of this plugin.

    Raises:
        UnsupportedError: If it is another plugin's.
    """
    if not isinstance(predictor.native, Network):
        msg = f"the source must be a network that this plugin loads, got {type(predictor.native).__name__}"
        raise UnsupportedError(msg)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # copies of graphs use what torch itself calls deprecated
        module = predictor.native.module
        copied = _copied_script(module) if predictor.native.form == "script" else copy.deepcopy(module)
    return replace(predictor.native, module=copied)


def _copied_script(module: Any) -> Any:  # noqa: ANN401 - a torch.jit.ScriptModule
    """A copy through a file in memory: those that Python makes have weights that cannot be trained."""
    held = io.BytesIO()
    torch.jit.save(module, held)
    held.seek(0)
    return torch.jit.load(held).eval()


def example_rows(predictor: Predictor, data: DataSet, network: Network) -> Any:  # noqa: ANN401 - a torch.Tensor
    """A few prepared rows of the data, as many as the network takes; zeros where there is no data."""
    count = network.batch or _EXAMPLE_ROWS
    wanted = predictor.input_type
    if not len(data.rows):
        return torch.zeros(count, *wanted.shape, dtype=getattr(torch, wanted.dtype))
    return torch.from_numpy(predictor.prepare(data.rows[np.arange(count) % len(data.rows)]))


def export_program(module: Any, rows: Any, batch: int | None) -> Any:  # noqa: ANN401 - torch's own types
    """Export a network for any number of rows; for `batch` rows alone where it was made for those.

    Raises:
        UnsupportedError: If torch.export cannot follow its code.
    """
    for shapes in (({0: torch.export.Dim.DYNAMIC},), None):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return torch.export.export(module, (rows,), dynamic_shapes=shapes)
        except Exception as error:  # the network's own code is followed, and raises anything
            if batch is not None and shapes is not None:
                continue
            said = " ".join(str(error).split())[:_SHOWN]
            msg = f"torch.export must be able to follow the network; it says: {said}"
            raise UnsupportedError(msg, "export the network for any number of rows") from error
    raise AssertionError  # one of the two returns or raises


def saved(artefact: Artefact, network: Network, rows: Any, out: Path) -> Artefact:  # noqa: ANN401 - a torch.Tensor
    """Write a changed network as a program, with its counts and the bytes that the change removed.

    Raises:
        UnsupportedError: If it cannot be exported.
    """
    program = export_program(network.module, rows, network.batch)
    program.example_inputs = None  # rows of the data have no place in the file
    path = out / "model.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(program, path)
    counts = counts_of(network)
    known = {
        "parameter_counts": counts,
        "sparsity": 1 - counts["nonzero"] / max(1, counts["parameters"]),
        "bytes_removed": artefact.path.stat().st_size - path.stat().st_size,
    }
    return replace(artefact, path=path, format="torch-export", parameters=known)
