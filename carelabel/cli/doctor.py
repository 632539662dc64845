"""``carelabel doctor``: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carelabel.cli.context import globals_of
from carelabel.cli.output import print_json, print_text
from carelabel.errors import EXIT_DONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.base.host import Host
    from carelabel.plugin.registry import Registry

METERS_S: Final = 60.0


def doctor(
    ctx: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Show what this machine has, and what is missing."""
    from carelabel.base.host import probe_host  # noqa: PLC0415 - here and below: the help of the command does without

    registry = globals_of(ctx).registry()
    found = diagnose(probe_host(), registry)
    if as_json:
        print_json(found)
        return EXIT_DONE
    from carelabel.render.doctor import render_doctor  # noqa: PLC0415 - as above

    print_text(*render_doctor(found))
    return EXIT_DONE


def diagnose(host: Host, registry: Registry) -> dict[str, Any]:
    """All that doctor says, as JSON values."""
    from carelabel import __version__  # noqa: PLC0415 - as above

    return {
        "carelabel": {"version": __version__, "home": _home(), "lock": _lock()},
        "machine": {
            "platform": host.platform,
            "python": host.python,
            "processor": host.processor,
            "processors": len(host.processors),
            "cpu_quota": host.cpu_quota,
            "memory_bytes": host.memory_bytes,
            "tags": sorted(host.tags),
            "provides": sorted(host.provides),
            "isolation": host.isolation,
        },
        "accelerators": list(host.gpus),
        "sensors": _sensors(registry),
        "packages": _packages(host, registry),
        "plugins": [asdict(plugin) for plugin in registry.plugins],
        "problems": [asdict(problem) for problem in registry.problems],
    }


def _home() -> dict[str, Any]:
    import os  # noqa: PLC0415 - as above

    from carelabel.base.home import find_home  # noqa: PLC0415

    root = find_home().root
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    return {"path": str(root), "exists": root.exists(), "writable": os.access(there, os.W_OK) and there.is_dir()}


def _lock() -> dict[str, Any]:
    """Whether something is being measured right now, found out by taking the lock for a moment."""
    from carelabel.base import linux  # noqa: PLC0415 - as above
    from carelabel.process.machine_lock import MeasuringLock, lock_scope  # noqa: PLC0415

    lock = MeasuringLock()
    try:
        free = linux.lock(lock.descriptor, wait=False)
        if free:
            linux.unlock(lock.descriptor)
    finally:
        lock.close()
    state = {True: "free", False: "held", None: "not available on this system"}[free]
    return {"path": str(lock.path), "scope": lock_scope(), "state": state}


def _sensors(registry: Registry) -> list[dict[str, Any]]:
    """What each meter can read here; a worker asks, because meters import their libraries."""
    meters = [
        {"id": key, "entry": record.entry, "grade": record.grade, "domain": record.domain}
        for key, record in registry.meters().items()
    ]
    if not meters:
        return []
    if sys.platform == "win32":
        return [_unread(meter, "meters are read in a process of POSIX") for meter in meters]
    from carelabel.process.worker_handle import Session, WorkerError  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="carelabel-doctor-") as folder:
        session = Session.spawn("scorer", name="doctor", log=Path(folder) / "meters.log")
        try:
            answer = session.ask("meters", METERS_S, meters=meters)
        except WorkerError as error:
            return [_unread(meter, error.reason.text) for meter in meters]
        finally:
            session.close()
    return [_sensor(meter, found) for meter, found in zip(meters, answer["sensors"], strict=True)]


def _unread(meter: Mapping[str, Any], text: str) -> dict[str, Any]:
    return _sensor(meter, {"code": "not-read", "text": text, "hint": ""})


def _sensor(meter: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """One meter: its sensors and the grade of their figures, or why there are none."""
    there = "sensors" in found
    return {
        "id": meter["id"],
        "domain": meter["domain"],
        "grade": meter["grade"] if there else None,
        "sensors": list(found["sensors"]) if there else [],
        "reason": None if there else {name: found[name] for name in ("code", "text", "hint")},
    }


def _packages(host: Host, registry: Registry) -> list[dict[str, Any]]:
    """Every requirement of every plugin: its version here, or the command that installs it."""
    from carelabel.plugin.needs import install_hint, missing_requirements  # noqa: PLC0415 - as above

    wanted: dict[str, set[str]] = {}
    for identifier, item in registry.records.items():
        for requirement in item.record.requires:
            wanted.setdefault(requirement, set()).add(identifier.rpartition(".")[0])
    missing = {item.requirement: item for item in missing_requirements(sorted(wanted), host.packages)}
    return [
        {
            "requirement": text,
            "plugins": sorted(plugins),
            "version": missing[text].found if text in missing else _version(text, host),
            "met": text not in missing,
            "hint": install_hint(text) if text in missing else "",
        }
        for text, plugins in sorted(wanted.items())
    ]


def _version(text: str, host: Host) -> str | None:
    from packaging.requirements import Requirement  # noqa: PLC0415 - as above

    return host.packages.get(Requirement(text).name)
