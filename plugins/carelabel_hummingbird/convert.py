"""scikit-learn to tensors by Hummingbird, saved as TorchScript: a file that needs torch alone."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from hummingbird.ml import convert as to_tensors

from carelabel.errors import UnsupportedError
from carelabel.model.facts import InputType

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext, Predictor

_ROWS: Final = 40
_SHOWN: Final = 300


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the model as traced tensor operations. Inputs are float32 whatever the model computes in.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If Hummingbird has nothing for a part of the model, or the trace holds for one number of rows
            alone.
    """
    predictor = context.load()
    rows = _example(predictor, artefact, context)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = _tensors(predictor.native, rows)
        script = _traced(module, rows)
        path = out / "model.ts"
        script.save(path)
    width = rows.shape[1]
    names = artefact.facts.input_type.columns
    input_type = InputType(container="array", dtype="float32", shape=(width,), columns=names, rounds_to="float32")
    counts = {"parameters": sum(tensor.numel() for tensor in module.parameters())}
    return replace(
        artefact,
        path=path,
        format="hummingbird-torch",
        input_type=input_type,
        parameters={"parameter_counts": counts, "operators": [type(part).__name__ for part in module._operators]},  # noqa: SLF001 - its one list of them
    )


def _example(predictor: Predictor, artefact: Artefact, context: ConvertContext) -> Any:  # noqa: ANN401 - a torch.Tensor
    """(40, features) float32 rows of the data, zeros where there are none.

    Raises:
        UnsupportedError: If the model takes something else than a table of numbers.
    """
    source = artefact.input_type or artefact.facts.input_type
    if source.container not in {"array", "csr"}:
        msg = f"the model must take a table of numbers for this engine; it takes {source.container}"
        raise UnsupportedError(msg, "leave this candidate out")
    count = len(context.test.rows)
    if not count:
        return torch.zeros(_ROWS, math.prod(source.shape))
    taken = predictor.prepare(context.test.rows[np.arange(_ROWS) % count])
    dense = taken.toarray() if hasattr(taken, "toarray") else taken
    return torch.from_numpy(np.array(dense, dtype=np.float32).reshape(_ROWS, -1))


def _tensors(estimator: Any, rows: Any) -> Any:  # noqa: ANN401 - an estimator, a torch.Tensor and a torch.nn.Module
    try:
        return to_tensors(getattr(estimator, "best_estimator_", estimator), "torch", rows.numpy()).model.eval()
    except Exception as error:
        said = " ".join(str(error).split())[:_SHOWN]
        msg = f"Hummingbird must know every part of the model; it says: {type(error).__name__}: {said}"
        raise UnsupportedError(msg, "leave this candidate out") from error


def _traced(module: Any, rows: Any) -> Any:  # noqa: ANN401 - as above
    """Trace, and hold that the result takes other numbers of rows."""
    more = torch.cat([rows, rows, rows[:1]])
    with torch.no_grad():
        try:
            script = torch.jit.trace(module, (rows,), check_trace=False)
            pairs = list(zip(_listed(script(more)), _listed(module(more)), strict=True))
        except Exception as error:
            said = " ".join(str(error).split())[:_SHOWN]
            msg = f"torch must be able to trace what Hummingbird made; it says: {type(error).__name__}: {said}"
            raise UnsupportedError(msg, "leave this candidate out") from error
    if not all(_same(one, other) for one, other in pairs):
        msg = f"the traced model must take any number of rows; made with {len(rows)}, it fails with {len(more)}"
        raise UnsupportedError(msg, "leave this candidate out")
    return script


def _listed(output: Any) -> list[Any]:  # noqa: ANN401 - tensors
    return list(output) if isinstance(output, list | tuple) else [output]


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - tensors
    return one.shape == other.shape and bool(torch.allclose(one.double(), other.double(), atol=1e-5))
