"""Which checks a plugin gets, and the two ways to run them: as pytest's parameters, or in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from carelabel.errors import UsageError
from carelabel.plugin.discovery import discover
from carelabel.testing.checks import CHECKS
from carelabel.testing.result import Candidate, Case, CheckResult, CheckSkipped, result_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carelabel.plugin.registry import Registry

TIMEOUT_S: Final = 600.0
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def cases_of(plugin: str, registry: Registry | None = None) -> list[Case]:
    """Every check of a plugin: those of the plugin as a whole, then those of each record by what it declares.

    Args:
        plugin: Name of its entry point.
        registry: Found anew by default.

    Raises:
        UsageError: If no plugin of that name is installed.
    """
    registry = registry or discover()
    names = sorted({info.name for info in registry.plugins})
    if plugin not in names:
        msg = f"a plugin to check must be one of {', '.join(names) or 'those installed (none is)'}, got {plugin!r}"
        raise UsageError(msg, "is its package installed in this environment?")
    whole = Candidate(plugin=plugin, registry=registry, id=plugin)
    cases = [Case(check=check, candidate=whole) for check in CHECKS if check.kind is None]
    for item in registry.records.values():
        if item.id.rpartition(".")[0] == plugin:
            candidate = Candidate(plugin=plugin, registry=registry, id=item.id, record=item.record)
            kinds = [check for check in CHECKS if check.kind is not None and isinstance(item.record, check.kind)]
            cases += [Case(check=check, candidate=candidate) for check in kinds]
    return cases


def parametrize_with_checks(plugin: str, expected_failed: Mapping[str, str] = _NONE) -> Callable[[Any], Any]:
    """Decorate a test that takes ``check`` and calls it: each check of the plugin becomes a test.

    Args:
        plugin: Name of its entry point.
        expected_failed: ``<id>:<check>`` to the reason why it fails; it must then fail (a strict xfail).

    Raises:
        UsageError: If the plugin is not installed, or has no such check.
    """
    import pytest  # noqa: PLC0415 - `carelabel plugins check` goes without

    cases = cases_of(plugin)
    unknown = sorted(set(expected_failed) - {case.key for case in cases})
    if unknown:
        msg = f"expected_failed must name checks of {plugin} as <id>:<check>, got {', '.join(unknown)}"
        raise UsageError(msg, f"carelabel plugins check {plugin} lists them")

    def make(case: Case) -> Callable[[], None]:
        def check() -> None:
            try:
                case()
            except CheckSkipped as skip:
                pytest.skip(str(skip))

        return check

    def marks(case: Case) -> list[Any]:
        reason = expected_failed.get(case.key)
        return [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]

    parameters = [pytest.param(make(case), id=case.key, marks=marks(case)) for case in cases]
    return pytest.mark.parametrize("check", parameters)


def check_plugin(plugin: str, timeout_s: float = TIMEOUT_S) -> list[CheckResult]:
    """Make every check of a plugin in a process of its own, so that its imports and crashes stay there.

    A check that ends the process has failed; those after it are made in a new one.

    Args:
        timeout_s: For all checks together; the one that is under way then has failed, and those after it are not made.

    Raises:
        UsageError: If no plugin of that name is installed.
    """
    number = len(cases_of(plugin))  # a wrong name is told before a process is started
    deadline = time.monotonic() + timeout_s
    results: list[CheckResult] = []
    with tempfile.TemporaryDirectory(prefix="carelabel-") as folder:
        while len(results) < number:
            told = Path(folder, f"{len(results)}.jsonl")
            ended = _run_checks(plugin, told, skip=len(results), timeout_s=max(0.0, deadline - time.monotonic()))
            found, is_done = _read(told, ended or f"it was still running after {timeout_s:g} s")
            results += found
            if is_done:
                break
            if ended is None or not found:
                return results if found else [*results, _ended(plugin, ended or f"still ran after {timeout_s:g} s")]
    return results


def _run_checks(plugin: str, told: Path, *, skip: int, timeout_s: float) -> str | None:
    """Run checks in a process. How it ended, or None when it did not in time."""
    command = [sys.executable, "-m", "carelabel.testing", plugin, str(told), str(skip)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired:
        return None
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return f"it ended the process with status {done.returncode}: {last}"


def _read(told: Path, ended: str) -> tuple[list[CheckResult], bool]:
    """Results that a process told, the check that it ended in included, and whether it made all checks."""
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    results: list[CheckResult] = []
    begun: dict[str, str] | None = None
    for message in map(json.loads, lines):
        if "done" in message:
            return results, True
        begun = message.get("begun")
        if begun is None:
            results.append(result_from_json(message["ended"]))
    if begun is not None:
        results.append(CheckResult(**begun, status="failed", message=ended))
    return results, False


def _ended(plugin: str, message: str) -> CheckResult:
    sentence = "the checks must run to their end"
    return CheckResult(about=plugin, check="runs", sentence=sentence, status="failed", message=message)
