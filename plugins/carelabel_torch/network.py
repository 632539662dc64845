"""A loaded network, whatever file it came from, and what it consists of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Literal

import torch

Form = Literal["export", "script", "code"]

CONVOLUTIONS: Final = "convolutions"
LINEAR: Final = "linear_layers"
_OTHER: Final = "other_layers"
# What operators and modules are called, without "_" at their ends: operator names of graphs, class names of modules.
_KINDS: Final = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution", "Conv1d", "Conv2d", "Conv3d"), CONVOLUTIONS),
    **dict.fromkeys(("linear", "addmm", "matmul", "mm", "Linear"), LINEAR),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu", "embedding", "scaled_dot_product_attention"), _OTHER),
    **dict.fromkeys(("LSTM", "GRU", "RNN", "Embedding", "EmbeddingBag", "MultiheadAttention"), _OTHER),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """A network that can be called with one tensor of rows.

    Attributes:
        module: Gives a tensor, or a tuple, list or dict whose first value is one.
        name: Class that the network was written as, where the file tells.
        shape: Shape of one row where the file says it, else None.
        dtype: numpy's name of the element type of the input.
        batch: Number of rows that every call must have, or None for any.
        warnings: One line each, for the label.
    """

    module: Any
    form: Form
    name: str
    shape: tuple[int, ...] | None
    dtype: str
    batch: int | None = None
    warnings: tuple[str, ...] = ()


def first_tensor(output: Any) -> Any:  # noqa: ANN401 - whatever a network gives
    """The tensor that is the prediction, or None: the first of a tuple, list or dict."""
    while isinstance(output, dict | list | tuple) and output:
        output = next(iter(output.values())) if isinstance(output, dict) else output[0]
    return output if isinstance(output, torch.Tensor) else None


def counts_of(network: Network) -> dict[str, int]:
    """Learned numbers (``parameters``), those that are not zero, buffers, and layers by kind; exact."""
    tensors = list(network.module.parameters())
    return {
        "parameters": sum(tensor.numel() for tensor in tensors),
        "nonzero": sum(int(torch.count_nonzero(tensor)) for tensor in tensors),
        "buffers": sum(tensor.numel() for tensor in network.module.buffers()),
        **{name: count for name, count in sorted(_layers(network).items()) if name != _OTHER},
    }


def family_of(network: Network) -> str:
    """cnn, mlp or linear by the layers; other for recurrence, attention, embeddings, and where there is none."""
    layers = _layers(network)
    if layers[_OTHER]:
        return "other"
    if layers[CONVOLUTIONS]:
        return "cnn"
    if layers[LINEAR]:
        return "linear" if layers[LINEAR] == 1 else "mlp"
    return "other"


def _layers(network: Network) -> Counter[str]:
    names = {"export": _graph_names, "script": _script_names, "code": _module_names}[network.form](network.module)
    kinds = (_KINDS.get(name.strip("_")) for name in names)
    return Counter(kind for kind in kinds if kind is not None)


def _graph_names(module: Any) -> list[str]:  # noqa: ANN401 - a torch.fx.GraphModule
    targets = (node.target for node in module.graph.nodes if node.op == "call_function")
    return [target._schema.name.partition("::")[2] for target in targets if hasattr(target, "_schema")]  # noqa: SLF001 - an operator's name


def _script_names(module: Any) -> list[str]:  # noqa: ANN401 - a torch.jit.ScriptModule
    names = []
    graph = module.inlined_graph  # its nodes live as long as it does
    waiting = [graph]
    while waiting:
        for node in waiting.pop().nodes():
            names.append(node.kind().partition("::")[2])
            waiting.extend(node.blocks())
    return names


def _module_names(module: Any) -> list[str]:  # noqa: ANN401 - a torch.nn.Module
    return [parent.__name__ for part in module.modules() for parent in type(part).__mro__]
