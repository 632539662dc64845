"""Structured pruning: whole channels and neurons are taken out, so that the network becomes smaller and faster."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import torch
import torch_pruning

from carelabel.errors import UnsupportedError
from carelabel_torch.exporting import example_rows, saved, source_network
from carelabel_torch.lifting import with_layers
from carelabel_torch.tuning import tune

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext

_SHOWN: Final = 300
_LAYERS: Final = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)


def convert(artefact: Artefact, out: Path, context: ConvertContext, *, share: float, epochs: int) -> Artefact:
    """Remove the channels with the smallest weights from every layer but the last, then fine-tune.

    Args:
        share: Of the channels of a layer, 0 to 1; of the parameters about 1 - (1 - share)^2 go.
        epochs: Of fine-tuning on the training set; 0 for none.

    Raises:
        UnsupportedError: If nothing can be removed, or the network is written for the sizes it has.

    Source: Fang et al. 2023, DepGraph: Towards Any Structural Pruning, by its authors' library.
    """
    predictor = context.load()
    network = source_network(predictor)
    rows = example_rows(predictor, context.test, network)
    module = with_layers(network)
    before = _weights(module)
    _remove(module, rows, share)
    if _weights(module) == before:
        msg = "the network must have channels to remove between its first and its last layer, and it has none"
        raise UnsupportedError(msg, "leave this candidate out")
    tune(module, artefact, context, epochs=epochs)
    done = saved(artefact, replace(network, module=module, form="code"), rows, out)
    known = {"share": share, "epochs": epochs, "parameters_removed": before - _weights(module)}
    return replace(done, parameters={**done.parameters, **known})


def _remove(module: Any, rows: Any, share: float) -> None:  # noqa: ANN401 - torch's own types
    for tensor in module.parameters():
        tensor.requires_grad_(True)  # noqa: FBT003 - dependencies between layers are found by gradients
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pruner = torch_pruning.pruner.MagnitudePruner(
                module,
                rows,
                importance=torch_pruning.importance.MagnitudeImportance(p=2),
                pruning_ratio=share,
                ignored_layers=[_last_layer(module, rows)],
            )
            pruner.step()
            module(rows)
    except UnsupportedError:
        raise
    except Exception as error:  # the library follows the network's own code
        said = " ".join(str(error).split())[:_SHOWN]
        msg = f"the network must go on working with fewer channels; it says: {type(error).__name__}: {said}"
        raise UnsupportedError(msg, "use flatten(1) instead of a view with sizes written out") from error


def _last_layer(module: Any, rows: Any) -> Any:  # noqa: ANN401 - as above
    """The layer that is called last: its outputs are the prediction."""
    called: list[Any] = []
    hooks = [
        part.register_forward_hook(lambda layer, *_: called.append(layer))
        for part in module.modules()
        if isinstance(part, _LAYERS)
    ]
    with torch.no_grad():
        module(rows)
    for hook in hooks:
        hook.remove()
    if not called:
        msg = "the network must have linear layers or convolutions to prune, and it has none"
        raise UnsupportedError(msg, "leave this candidate out")
    return called[-1]


def _weights(module: Any) -> int:  # noqa: ANN401 - as above
    return sum(int(tensor.numel()) for tensor in module.parameters())
