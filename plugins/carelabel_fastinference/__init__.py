"""Exact and fast inference of tree models: readers, a packed kernel, generated C++.

    from carelabel_fastinference import compile_model

    fast = compile_model(model)
    fast.predict_proba(X)

For users: compile_model, FastModel, TreeEnsemble, read_ensemble, export_cpp and the errors. Everything is imported
when it is asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from carelabel_fastinference.build import BuildError
    from carelabel_fastinference.codegen import export_cpp
    from carelabel_fastinference.ensemble import TreeEnsemble
    from carelabel_fastinference.errors import UnsupportedModelError
    from carelabel_fastinference.model import FastModel, compile_model
    from carelabel_fastinference.readers import read_ensemble

__all__ = [
    "BuildError",
    "FastModel",
    "TreeEnsemble",
    "UnsupportedModelError",
    "compile_model",
    "export_cpp",
    "read_ensemble",
]

_HOMES: Final = {
    "BuildError": "carelabel_fastinference.build",
    "FastModel": "carelabel_fastinference.model",
    "TreeEnsemble": "carelabel_fastinference.ensemble",
    "UnsupportedModelError": "carelabel_fastinference.errors",
    "compile_model": "carelabel_fastinference.model",
    "export_cpp": "carelabel_fastinference.codegen",
    "read_ensemble": "carelabel_fastinference.readers",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever the name stands for)
    """Import what is asked for."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(home), name)
