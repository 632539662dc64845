"""Layers as modules again: a program of torch.export has calls of functions where its network had layers.

Dynamic quantisation and structured pruning exchange layers, so they need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel_torch.network import Network


def with_layers(network: Network) -> Any:  # noqa: ANN401 - a torch.nn.Module
    """The network's module, in which every linear layer, convolution and batch normalisation becomes a module."""
    module = network.module
    if network.form != "export":
        return module
    for number, node in enumerate(list(module.graph.nodes)):
        operator = _operator(node)
        layer = _LAYERS[operator](module, _arguments(node)) if operator in _LAYERS else None
        if layer is None and operator not in _TRACEABLE:
            continue
        name = f"layer_{number}"
        with module.graph.inserting_after(node):
            if layer is None:
                call = module.graph.call_method(_TRACEABLE[operator], node.args)
            else:
                module.add_submodule(name, layer)
                call = module.graph.call_module(name, (node.args[0],))
        call.meta = dict(node.meta)  # the shape is asked for by the layer behind
        node.replace_all_uses_with(call)
        module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.delete_all_unused_submodules()
    module.recompile()
    return module


def _operator(node: Any) -> str:  # noqa: ANN401 - a torch.fx.Node
    schema = getattr(node.target, "_schema", None)
    return "" if schema is None else str(schema.name)


def _arguments(node: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Arguments of a call by name, defaults filled in."""
    schema = node.target._schema  # noqa: SLF001 - there is no public way
    found: dict[str, Any] = {item.name: item.default_value for item in schema.arguments if item.has_default_value()}
    return found | dict(node.kwargs) | dict(zip((item.name for item in schema.arguments), node.args, strict=False))


def _tensor(module: Any, node: Any) -> Any:  # noqa: ANN401 - torch's own types
    """The tensor that a node names, or None where it is computed."""
    if node is None or getattr(node, "op", "") != "get_attr":
        return None
    found = module
    for part in str(node.target).split("."):
        found = getattr(found, part)
    return found


def _linear(module: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
    weight, bias = _tensor(module, given["weight"]), _tensor(module, given["bias"])
    if weight is None or weight.ndim != 2:  # noqa: PLR2004 - outputs and inputs
        return None
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, dtype=weight.dtype)
    return _filled(layer, weight=weight, bias=bias)


def _convolution(kind: Any) -> Callable[[Any, dict[str, Any]], Any]:  # noqa: ANN401 - a class of torch.nn
    def make(module: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
        weight, bias = _tensor(module, given["weight"]), _tensor(module, given["bias"])
        if weight is None:
            return None
        padding = given["padding"]
        layer = kind(
            weight.shape[1] * given["groups"],
            weight.shape[0],
            tuple(weight.shape[2:]),
            stride=tuple(given["stride"]),
            padding=padding if isinstance(padding, str) else tuple(padding),
            dilation=tuple(given["dilation"]),
            groups=given["groups"],
            bias=bias is not None,
            dtype=weight.dtype,
        )
        return _filled(layer, weight=weight, bias=bias)

    return make


def _batch_norm(module: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
    held = {name: _tensor(module, given[name]) for name in ("weight", "bias", "running_mean", "running_var")}
    source = given["input"].meta.get("val")
    if any(tensor is None for tensor in held.values()) or source is None or given["training"]:
        return None
    kinds = {2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d, 5: torch.nn.BatchNorm3d}
    layer = kinds[source.ndim](len(held["weight"]), eps=given["eps"], momentum=given["momentum"])
    return _filled(layer, **held)


def _filled(layer: Any, **tensors: Any) -> Any:  # noqa: ANN401 - as above
    with torch.no_grad():
        for name, tensor in tensors.items():
            if tensor is not None:
                getattr(layer, name).copy_(tensor)
    return layer.eval()


# Sizes that follow the number of rows get lost for tracing, unless they are asked for and used by methods of tensors.
_TRACEABLE: Final = {"aten::sym_size": "size", "aten::view": "reshape", "aten::reshape": "reshape"}
_LAYERS: Final = {
    "aten::linear": _linear,
    "aten::conv1d": _convolution(torch.nn.Conv1d),
    "aten::conv2d": _convolution(torch.nn.Conv2d),
    "aten::conv3d": _convolution(torch.nn.Conv3d),
    "aten::batch_norm": _batch_norm,
}
