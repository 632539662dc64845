"""Fine-tuning of a pruned network on the training set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from carelabel.errors import CareLabelError
from carelabel_torch.network import first_tensor
from carelabel_torch.predictor import LOGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carelabel.plugin.interfaces import Artefact, ConvertContext

BATCH: Final = 64
RATE: Final = 1e-3
LEAST_STEPS: Final = 200
_LARGE: Final = 200_000
_LARGE_ROW: Final = 1024
_SMALLEST: Final = 1e-7


def tune(
    module: Any,  # noqa: ANN401 - a torch.nn.Module
    artefact: Artefact,
    context: ConvertContext,
    *,
    epochs: int,
    masks: Mapping[str, Any] | None = None,
) -> None:
    """Train a network in place with Adam on the training rows, in a seeded order; batch statistics stay as they are.

    Args:
        epochs: Passes over the training set, more where that is fewer than 200 steps; 0 leaves the network alone.
        masks: Parameter name to 1 where it may differ from zero.

    Raises:
        CareLabelError: If there is no training set with a target.
    """
    if not epochs:
        return
    if context.train is None or context.train.target is None or not len(context.train):
        msg = "fine-tuning needs training rows with their target; the metadata names none"
        raise CareLabelError(msg, "add data.train to the metadata, or set epochs to 0")
    torch.manual_seed(context.seed)
    source = artefact.input_type or artefact.facts.input_type
    rows = torch.tensor(context.train.rows.array(source.dtype)).reshape(-1, *source.shape)
    torch.set_num_threads(context.threads if _is_large(module, rows) else 1)
    target = _target(context.train.target, artefact)
    loss = _loss(artefact)
    weights = {name: tensor.requires_grad_(True) for name, tensor in module.named_parameters()}  # noqa: FBT003 - torch's own
    optimiser = torch.optim.Adam(weights.values(), lr=RATE)
    for _ in range(max(epochs, math.ceil(LEAST_STEPS * BATCH / len(rows)))):
        for index in torch.randperm(len(rows)).split(BATCH):
            optimiser.zero_grad()
            output = first_tensor(module(rows[index]))
            loss(output.reshape(len(index), -1), target[index]).backward()
            optimiser.step()
            with torch.no_grad():
                for name, mask in (masks or {}).items():
                    weights[name].mul_(mask)


def _is_large(module: Any, rows: Any) -> bool:  # noqa: ANN401 - a torch.nn.Module and a torch.Tensor
    """Whether a step is worth several threads: in a small one they wait for each other, up to 50 times longer."""
    weights = sum(tensor.numel() for tensor in module.parameters())
    return bool(weights >= _LARGE or rows[0].numel() >= _LARGE_ROW)


def _target(given: Any, artefact: Artefact) -> Any:  # noqa: ANN401 - arrays and tensors
    """(n,) class numbers, or (n, outputs) values.

    Raises:
        CareLabelError: If the training set has a class that the network does not know.
    """
    facts = artefact.facts
    if facts.task != "classification":
        return torch.tensor(np.asarray(given, dtype=np.float32)).reshape(len(given), -1)
    numbers = {label: number for number, label in enumerate(facts.classes)}
    found = np.asarray(given).tolist()
    if foreign := set(found) - set(numbers):
        msg = f"the training set must hold classes that the network knows; it holds {min(map(str, foreign))}"
        raise CareLabelError(msg, "check that data and model belong together")
    return torch.tensor([numbers[label] for label in found])


def _loss(artefact: Artefact) -> Callable[[Any, Any], Any]:
    """Cross-entropy of scores or probabilities, or the mean squared error of values."""
    functional = torch.nn.functional
    if artefact.facts.task != "classification":
        return functional.mse_loss  # type: ignore[no-any-return]  # torch has no types here
    if LOGITS not in artefact.facts.provides:

        def of_probabilities(output: Any, target: Any) -> Any:  # noqa: ANN401 - tensors
            both = output if output.shape[1] > 1 else torch.cat([1 - output, output], dim=1)
            return functional.nll_loss(both.clamp_min(_SMALLEST).log(), target)

        return of_probabilities

    def of_scores(output: Any, target: Any) -> Any:  # noqa: ANN401 - tensors
        both = output if output.shape[1] > 1 else torch.cat([torch.zeros_like(output), output], dim=1)
        return functional.cross_entropy(both, target)

    return of_scores
