"""Reading a network from a file; every way in which that can fail becomes one line."""

from __future__ import annotations

import pickle
import warnings
from typing import TYPE_CHECKING, Any, Final

import torch

from carelabel.errors import LoadError
from carelabel_torch.bundle import read_bundle
from carelabel_torch.content import describe, kind_of
from carelabel_torch.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carelabel_torch.content import Kind

_SHOWN: Final = 300
_TRAINS: Final = frozenset({"aten::dropout", "aten::batch_norm", "aten::_native_batch_norm_legit"})


def read_export(path: Path, device: str = "cpu") -> Network:
    """Load a program that torch.export saved. The file can hold pickled inputs: this can run code that is stored in it.

    Raises:
        LoadError: If it is empty, damaged, or of a version that cannot be read.
    """
    program = _guarded(path, "export", "a program saved by torch.export.save", lambda: _load_program(path, device))
    shapes = [node.meta["val"] for node in program.graph.nodes if node.name in program.graph_signature.user_inputs]
    if len(shapes) != 1 or not isinstance(shapes[0], torch.Tensor) or shapes[0].ndim == 0:
        msg = f"{path.name} must hold a network that takes one tensor of rows; it takes {len(shapes)} inputs"
        raise LoadError(msg, "export a network that takes one tensor")
    batch, *shape = shapes[0].shape
    if not all(isinstance(axis, int) for axis in shape):
        msg = f"{path.name} must hold a network whose rows have a fixed shape; it takes {tuple(shapes[0].shape)}"
        raise LoadError(msg, "export it with a dynamic first axis alone")
    # Without its checks of every input, which a batch of one row does not pass in many exports.
    module = program.module(check_guards=False)
    return Network(
        module=module,
        form="export",
        name=_root_name(module),
        shape=tuple(shape),
        dtype=_numpy_name(shapes[0].dtype),
        batch=batch if isinstance(batch, int) else None,
        warnings=_mode_warning(path, module),
    )


def read_script(path: Path, device: str = "cpu") -> Network:
    """Load TorchScript. Its own code runs when it is loaded, and can write files.

    Raises:
        LoadError: If it is something else: the message says what it is, and what can be done.
    """
    if kind_of(path) != "script":
        raise _no_script(path)

    def load() -> Any:  # noqa: ANN401 - a torch.jit.ScriptModule
        return torch.jit.load(path, map_location=device).eval()

    module = _guarded(path, "script", "TorchScript", load)
    return Network(
        module=module, form="script", name=str(module.original_name), shape=None, dtype=_parameter_dtype(module)
    )


def read_code(path: Path, device: str = "cpu") -> Network:
    """Load a zip archive of code, weights and their description. This runs the code.

    Raises:
        LoadError: If a part is missing, or the weights do not fit the code.
    """
    if kind_of(path) != "code":
        msg = f"{path.name} must be a zip archive with model.json, code and weights; it is {describe(path)}"
        raise LoadError(msg, "see carelabel_torch.bundle for what the archive holds")
    module = _guarded(
        path, "code", "the code and the weights of a network", lambda: read_bundle(path).to(device).eval()
    )
    return Network(module=module, form="code", name=type(module).__name__, shape=None, dtype=_parameter_dtype(module))


def _load_program(path: Path, device: str) -> Any:  # noqa: ANN401 - a torch.export.ExportedProgram
    program = torch.export.load(path)
    if device == "cpu":
        return program
    from torch.export.passes import move_to_device_pass  # noqa: PLC0415 - on other devices only

    return move_to_device_pass(program, device)


def _guarded(path: Path, kind: Kind, wanted: str, load: Callable[[], Any]) -> Any:  # noqa: ANN401 - as the loaders
    if path.stat().st_size == 0:
        msg = f"{path.name} must hold {wanted}; it is empty (0 bytes)"
        raise LoadError(msg, "save the model again")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit says of itself at every call that it is deprecated
        try:
            return load()
        except LoadError:
            raise
        except Exception as error:  # foreign code and torch's own readers raise anything
            said = " ".join(str(error).split())[:_SHOWN]
            msg = f"{path.name} must hold {wanted}; loading it raised {type(error).__name__}: {said}"
            hint = "copy or save the file again, or install the torch version that wrote it"
            if kind_of(path) != kind:
                msg, hint = f"{path.name} must hold {wanted}; it is {describe(path)}", "copy or save the file again"
            raise LoadError(msg, hint) from error


def _no_script(path: Path) -> LoadError:
    """What a .pt file holds that is no TorchScript: weights alone, a pickled network, or something else."""
    wanted = f"{path.name} must hold a network: TorchScript, or a program of torch.export"
    found = describe(path)
    if kind_of(path) != "saved" and found != "a pickle":
        return LoadError(f"{wanted}; it is {found}", "check that this is the model file")
    try:
        held = torch.load(path, weights_only=True, map_location="meta")
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, AttributeError):
        hint = "save it with torch.export.save(torch.export.export(...)), or as TorchScript"
        return LoadError(f"{wanted}; it holds pickled Python objects, or is damaged", hint)
    what = f"weights alone ({len(held)} entries)" if isinstance(held, dict) else f"a {type(held).__name__}"
    return LoadError(f"{wanted}; it holds {what}", "zip the weights with their code: see carelabel_torch.bundle")


def _root_name(module: Any) -> str:  # noqa: ANN401 - a torch.fx.GraphModule
    """Class of the exported network: the outermost module that any node remembers."""
    for node in module.graph.nodes:
        for key, value in (node.meta.get("nn_module_stack") or {}).items():
            if key == "" or value[0] == "":
                return str(value[1]).rpartition(".")[2]
    return "ExportedProgram"


def _mode_warning(path: Path, module: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    for node in module.graph.nodes:
        schema = getattr(node.target, "_schema", None)
        if schema is None or schema.name not in _TRAINS:
            continue
        arguments = dict(zip((item.name for item in schema.arguments), node.args, strict=False)) | node.kwargs
        if arguments.get("train") is True or arguments.get("training") is True:
            return (f"{path.name} was exported in training mode: dropout or batch statistics are part of its answers",)
    return ()


def _parameter_dtype(module: Any) -> str:  # noqa: ANN401 - a torch.nn.Module
    """The element type that the network computes in, which its input must have, too."""
    types = (tensor.dtype for tensor in module.parameters() if tensor.is_floating_point())
    return _numpy_name(next(types, torch.float32))


def _numpy_name(dtype: Any) -> str:  # noqa: ANN401 - a torch.dtype
    return str(dtype).removeprefix("torch.")
