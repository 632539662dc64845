"""Code and weights in one archive: a zip file, called ``*.torch.zip``, that loading needs consent for.

It holds ``model.json``, the code, and a state dict as torch.save writes it::

    {"class": "net:Net", "weights": "weights.pt", "arguments": {"classes": 10}}

``class`` names a module in the archive and a class in it, which is made with ``arguments`` and given the weights.
Since the archive is one file, what a user agrees to covers the code. To make one::

    zip model.torch.zip model.json net.py weights.pt
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import zipfile
import zipimport
from typing import TYPE_CHECKING, Any

import torch

from carelabel.errors import LoadError
from carelabel_torch.content import DESCRIPTION

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

_KEYS = {"class": str, "weights": str, "arguments": dict}


def read_bundle(path: Path) -> Any:  # noqa: ANN401 - a torch.nn.Module
    """Build the network of an archive. This runs the code in it.

    Raises:
        LoadError: If model.json is not as described, or what it names is not there.
    """
    with zipfile.ZipFile(path) as archive:
        wanted = _description(path.name, archive.read(DESCRIPTION))
        if wanted["weights"] not in archive.namelist():
            msg = f"{path.name} must hold the weights that its model.json names; there is no {wanted['weights']!r}"
            raise LoadError(msg, "put the state dict into the archive")
        weights = io.BytesIO(archive.read(wanted["weights"]))
    module, _, name = wanted["class"].partition(":")
    make = getattr(_import(path, module), name, None)
    if not isinstance(make, type) or not issubclass(make, torch.nn.Module):
        msg = f"{path.name} must name a torch.nn.Module in model.json; {wanted['class']!r} is none"
        raise LoadError(msg, "write class as module:Name")
    network = make(**wanted["arguments"])
    network.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu"))
    return network


def _description(name: str, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        msg = f"the model.json in {name} must be JSON; it is not: {error}"
        raise LoadError(msg, "see carelabel_torch.bundle") from error
    wanted = {"arguments": {}, **found} if isinstance(found, dict) else {}
    if set(wanted) != set(_KEYS) or not all(isinstance(wanted[key], kind) for key, kind in _KEYS.items()):
        msg = (
            f"the model.json in {name} must have class and weights (text), and may have arguments (object); got {found}"
        )
        raise LoadError(msg, "see carelabel_torch.bundle")
    return wanted


def _import(path: Path, name: str) -> ModuleType:
    """A module of the archive; modules beside it can be imported by it."""
    spec = None
    if name.isidentifier():
        spec = zipimport.zipimporter(str(path)).find_spec(name)
    if spec is None or spec.loader is None:
        msg = f"{path.name} must hold the code that its model.json names; there is no {name}.py"
        raise LoadError(msg, "put the code into the archive")
    sys.path.insert(0, str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
