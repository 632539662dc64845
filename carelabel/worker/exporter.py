"""The exporter: looks at a model, with data or without, and converts it for another place, in one process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.base.json_codec import to_json
from carelabel.errors import LoadError
from carelabel.worker import converter as ops_convert
from carelabel.worker import inspector as ops_inspect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.worker.main import Operation, Worker


def operations(worker: Worker) -> dict[str, Operation]:
    """Operations of the role by name: those of inspector and converter, and a look without data."""
    return {
        **ops_inspect.operations(worker),
        **ops_convert.operations(worker),
        "look": lambda request: _look(request, worker),
    }


def _look(request: Mapping[str, Any], worker: Worker) -> dict[str, Any]:
    """Facts of a model file alone; what only predictions show is left at what the facts begin with."""
    with worker.spent.on("data"):
        from carelabel.data.rows import DataSet  # noqa: PLC0415 - brings numpy

        nothing = DataSet.empty()
    path = Path(request["path"])
    for backend in request["backends"]:
        facts = ops_inspect.ask_backend(backend, path, nothing, worker)
        if facts is not None:
            return {"backend": backend["id"], "model": to_json(facts), "test": None, "train": None}
    raise LoadError(*ops_inspect.nobody_knows(path, request["backends"]))
