"""The top of a label: which model, on which data, where it was measured; then its candidates."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from carelabel.render.units import figure, seconds, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Json = Mapping[str, Any]

_STYLES: Final = MappingProxyType(
    {
        "identical": "green",
        "equivalent": "green",
        "different": "red",
        "undecided": "yellow",
        "failed": "red",
        "skipped": "dim",
    }
)
RUNS: Final = "CARELABEL_HOME/runs"
"""Where runs keep their files; a label does not name folders of the machine that it was made on."""
_CONSENT: Final = MappingProxyType(
    {
        "flag": "loaded with --trust-pickle",
        "trusted-file": "loaded as a trusted file",
        "none-needed": "loading it runs no code",
    }
)


def render_head(label: Json) -> Table:
    """What the label is about."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _facts(label):
        table.add_row(name, Text(text))
    return table


def _facts(label: Json) -> Iterator[tuple[str, str]]:
    subject, environment = label["subject"], label["environment"]
    kind = _join(subject.get("estimator"), subject["family"], subject["framework"], subject["task"])
    yield "Model", f"{subject['name']}: {kind}"
    consent = _CONSENT.get(subject["consent"], subject["consent"])
    yield "File", _join(subject["format"], size(subject["bytes"]), f"sha256 {subject['sha256'][:12]}", consent)
    for name, data in label["data"].items():
        if data:
            yield f"{name.capitalize()} data", _data(data)
    processors = environment.get("processors")
    many = f"{processors} processor{'s' * (processors != 1)}" if processors else ""
    yield (
        "Machine",
        _join(environment["processor"], many, size(environment.get("memory_bytes")), *environment.get("gpus", ())),
    )
    lock = "" if environment["lock"] == "machine" else f"measuring lock: {environment['lock']} only"
    isolation = "" if environment["isolation"] == "full" else f"isolation: {environment['isolation']}"
    yield "System", _join(environment["platform"], f"Python {environment['python']}", isolation, lock)
    suite = label["reproduce"].get("suite")
    made = f"{label['tool']['name']} {label['tool']['version']}"
    yield "Label", _join(label["id"], label["created"], made, f"suite {suite}" if suite else "")


def _data(data: Json) -> str:
    classes = data.get("classes") or ()
    missing = data.get("missing") or 0
    return _join(
        f"{data['rows']:,} rows",
        f"{data['features']:,} features",
        f"{len(classes)} classes" if classes else "",
        f"{missing:,} missing values" if missing else "",
        f"sha256 {data['sha256'][:12]}",
    )


def _join(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part)


def render_candidates(label: Json) -> Table:
    """Every form of the model: whether it was built, and how far it is still the same model."""
    table = Table(title="Candidates", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold")
    for head in ("same model?", "flips", "max diff", "size", "built in"):
        table.add_column(head, justify="left" if head == "same model?" else "right", overflow="fold")
    for candidate in label["candidates"]:
        parity = candidate.get("parity") or {}
        verdict = "original" if not candidate.get("parent") else parity.get("class") or ""
        verdict = verdict if candidate["status"] == "built" else candidate["status"]
        table.add_row(
            Text(candidate["id"]),
            Text(verdict, style=_STYLES.get(verdict, "")),
            _flips(parity),
            _largest(parity),
            size(candidate.get("bytes")),
            "cached" if candidate.get("cached") else seconds(candidate.get("convert_s")),
        )
    return table


def _largest(parity: Json) -> str:
    """The largest difference; of a regressor's values also as a share of the target's interquartile range."""
    if parity.get("max_abs") is None:
        return ""
    share = parity.get("max_over_iqr")
    return figure(parity["max_abs"], "1") + ("" if share is None else f" ({figure(share, '1')} IQR)")


def _flips(parity: Json) -> str:
    if parity.get("flips") is None:
        return ""
    return f"{parity['flips']} of {parity['rows']}"


def log_of(label: Json, log: object) -> str:
    """Where a log is, in brackets: the label names it relative to the run's folder."""
    run = label["reproduce"].get("run")
    where = f"{RUNS}/{run}/{log}" if run else log
    return f" (log: {where})" if log else ""


def candidate_reasons(label: Json) -> Iterator[Text]:
    """Why a candidate is missing, or why it has the parity class it has; one line each."""
    for candidate in label["candidates"]:
        reason = candidate.get("reason")
        because = (candidate.get("parity") or {}).get("because") or ()
        if reason:
            hint = f" ({reason['hint']})" if reason.get("hint") else ""
            log = log_of(label, (candidate.get("notes") or {}).get("log"))
            yield Text(
                f"  {candidate['id']}: {reason['text']}{hint}{log}",
                style="red" if candidate["status"] == "failed" else "",
            )
        elif because:
            yield Text(f"  {candidate['id']}: {'; '.join(map(str, because))}", style="dim")
        yield from _elsewhere(candidate)


def _elsewhere(candidate: Json) -> Iterator[Text]:
    """The verdicts on platforms where something else runs the candidate."""
    for platform, parity in (candidate.get("parity_on") or {}).items():
        verdict = str(parity["class"])
        parts = [f"  {candidate['id']} on {platform}: {verdict}", *([_flips(parity)] if parity.get("flips") else [])]
        yield Text(", ".join([*parts, *map(str, parity.get("because") or ())]), style=_STYLES.get(verdict, "dim"))
