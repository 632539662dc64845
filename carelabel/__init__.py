"""Care labels for trained models: what a model needs, what it does, and how well that is known.

The public API for plugin authors and callers. Names are imported at first use: ``import carelabel`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carelabel.errors import CareLabelError
    from carelabel.label.schema import Label
    from carelabel.plugin.hookspecs import hookimpl
    from carelabel.plugin.interfaces import (
        Artefact,
        BoundaryRows,
        ConvertContext,
        Measurement,
        NotMeasured,
        PlatformSpec,
        PointRounds,
        Predictions,
        Predictor,
        ScoreContext,
        TestContext,
    )
    from carelabel.plugin.parameter import Parameter
    from carelabel.plugin.records import (
        ANY,
        Backend,
        Converter,
        Executor,
        Meter,
        Metric,
        Platform,
        Quantity,
        Sink,
        Store,
        Test,
    )

__version__ = "0.1.0"

__all__ = [
    "ANY",
    "Artefact",
    "Backend",
    "BoundaryRows",
    "CareLabelError",
    "ConvertContext",
    "Converter",
    "Executor",
    "Label",
    "Measurement",
    "Meter",
    "Metric",
    "NotMeasured",
    "Parameter",
    "Platform",
    "PlatformSpec",
    "PointRounds",
    "Predictions",
    "Predictor",
    "Quantity",
    "ScoreContext",
    "Sink",
    "Store",
    "Test",
    "TestContext",
    "__version__",
    "hookimpl",
]

_ROOMS = MappingProxyType(
    {
        "CareLabelError": "carelabel.errors",
        "Label": "carelabel.label.schema",
        "Parameter": "carelabel.plugin.parameter",
        "hookimpl": "carelabel.plugin.hookspecs",
    },
)
_PROTOCOLS = "carelabel.plugin.interfaces"
_RECORDS = "carelabel.plugin.records"


def __getattr__(name: str) -> object:
    """Import a public name from the room it lives in."""
    if name not in __all__:
        msg = f"module 'carelabel' has no attribute {name!r}"
        raise AttributeError(msg)
    records = import_module(_RECORDS)
    room = _ROOMS.get(name) or (_RECORDS if hasattr(records, name) else _PROTOCOLS)
    value: object = getattr(import_module(room), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
