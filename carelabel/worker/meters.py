"""Energy meters in a worker: which there are, and which sensors they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carelabel.plugin.interfaces import Meter, NotMeasured
from carelabel.process.refusal import describe
from carelabel.worker.entries import load_entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carelabel.worker.main import Worker


def probe(spec: Mapping[str, Any], worker: Worker) -> dict[str, Any]:
    """Sensors of one meter, or code, text and hint why it has none. A meter that fails is one that has none."""
    identifier = spec["id"]
    try:
        with worker.spent.on("plugin"):
            found = _open(spec).probe()
    except Exception as error:  # noqa: BLE001 - one broken meter must not hide the others
        worker.print_traceback(error)
        said = describe(error)
        return {"id": identifier, "code": said["code"], "text": said["message"], "hint": said["hint"]}
    if isinstance(found, NotMeasured):
        return {"id": identifier, "code": str(found.code), "text": str(found.text), "hint": str(found.hint)}
    if not isinstance(found, tuple | list) or not all(isinstance(name, str) for name in found):
        return {
            "id": identifier,
            "code": "wrong-type",
            "text": f"probe must name sensors, got {found!r:.200}",
            "hint": "",
        }
    return {"id": identifier, "sensors": list(found)}


def open_meters(specs: Sequence[Mapping[str, Any]]) -> dict[str, Meter]:
    """Meter id to its instance."""
    return {spec["id"]: _open(spec) for spec in specs}


def _open(spec: Mapping[str, Any]) -> Meter:
    meter: Meter = load_entry(spec["entry"])()
    return meter
