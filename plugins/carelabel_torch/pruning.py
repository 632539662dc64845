"""Magnitude pruning: the smallest weights become zero. The network stays as large and as fast as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.utils import prune

from carelabel.errors import UnsupportedError
from carelabel_torch.exporting import example_rows, saved, source_network
from carelabel_torch.network import Network, counts_of
from carelabel_torch.tuning import tune

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext


def convert(artefact: Artefact, out: Path, context: ConvertContext, *, share: float, epochs: int) -> Artefact:
    """Set the smallest weights of all layers together to zero; biases and normalisation are left alone.

    Args:
        share: Of the weights, 0 to 1.
        epochs: Of fine-tuning on the training set, in which zeros stay zero; 0 for none.

    Raises:
        UnsupportedError: If there is no layer with weights.
        CareLabelError: If there is no training set to fine-tune on.
    """
    predictor = context.load()
    network = source_network(predictor)
    masks = _masks(network.module, share)
    tune(network.module, artefact, context, epochs=epochs, masks=masks)
    known = {"share": share, "epochs": epochs}
    if network.form == "script":
        done = _saved_script(artefact, network, out)
    else:
        done = saved(artefact, network, example_rows(predictor, context.test, network), out)
    return replace(done, parameters={**done.parameters, **known})


def _masks(module: Any, share: float) -> dict[str, Any]:  # noqa: ANN401 - a torch.nn.Module
    """Zero the weights and give the masks, 1 where a weight stays, by parameter name.

    Source: Han et al. 2015, Learning both Weights and Connections; the threshold is one for all layers.
    """
    weights = {name: tensor for name, tensor in module.named_parameters() if tensor.ndim > 1}
    if not weights:
        msg = "the network must have layers with weights to prune, and it has none"
        raise UnsupportedError(msg, "leave this candidate out")
    with torch.no_grad():
        together = torch.cat([tensor.flatten() for tensor in weights.values()])
        kept = prune.L1Unstructured(amount=share).compute_mask(together, torch.ones_like(together))
        parts = kept.split([tensor.numel() for tensor in weights.values()])
        masks = {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}
        for name, tensor in weights.items():
            tensor.mul_(masks[name])
    return masks


def _saved_script(artefact: Artefact, network: Network, out: Path) -> Artefact:
    path = out / "model.ts"
    network.module.save(path)
    counts = counts_of(network)
    known = {
        "parameter_counts": counts,
        "sparsity": 1 - counts["nonzero"] / max(1, counts["parameters"]),
        "bytes_removed": artefact.path.stat().st_size - path.stat().st_size,
    }
    return replace(artefact, path=path, format="torch-script", parameters=known)
