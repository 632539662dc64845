"""Records of plugins as lists: for people as columns, for machines as JSON."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from carelabel.plugin.records import ANY, Backend, Converter, Meter, Metric, Registered, Test
from carelabel.render.columns import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from carelabel.plugin.records import Record


def words(found: frozenset[str]) -> str:
    """A set of words in one line."""
    return "any" if found == ANY else ", ".join(sorted(found))


def _test(record: Record) -> tuple[str, ...]:
    test = cast("Test", record)
    return test.group, words(test.tasks), test.cost


def _metric(record: Record) -> tuple[str, ...]:
    metric = cast("Metric", record)
    return words(metric.tasks), metric.input, metric.better


def _converter(record: Record) -> tuple[str, ...]:
    converter = cast("Converter", record)
    return f"{words(converter.source)} -> {converter.target}", converter.conversion, converter.cost


def _backend(record: Record) -> tuple[str, ...]:
    backend = cast("Backend", record)
    return backend.framework, " ".join(backend.suffixes), "yes" if backend.executes_code else "no"


def _meter(record: Record) -> tuple[str, ...]:
    meter = cast("Meter", record)
    return meter.domain, meter.grade


_COLUMNS: Mapping[type[Record], tuple[tuple[str, ...], Callable[[Record], tuple[str, ...]]]] = MappingProxyType(
    {
        Test: (("GROUP", "TASKS", "COST"), _test),
        Metric: (("TASKS", "INPUT", "BETTER"), _metric),
        Converter: (("FROM -> TO", "KIND", "COST"), _converter),
        Backend: (("FRAMEWORK", "FILES", "RUNS CODE"), _backend),
        Meter: (("DOMAIN", "GRADE"), _meter),
    }
)


def records_as_text(kind: type[Record], found: Sequence[Registered], width: int | None = None) -> str:
    """Records of one kind as columns: id, what matters most of this kind, summary."""
    head, cells = _COLUMNS[kind]
    rows = [(item.id, *cells(item.record), item.record.summary) for item in found]
    return columns(("ID", *head, "SUMMARY"), rows, width)


def records_as_json(found: Sequence[Registered]) -> str:
    """All fields of all records: a JSON array with one record a line."""
    import json  # noqa: PLC0415 - a list for people does without

    names: dict[type[Record], tuple[str, ...]] = {}
    lines = []
    for item in found:
        kind = type(item.record)
        own = names.get(kind) or names.setdefault(kind, tuple(field.name for field in fields(kind)))
        head = {"id": item.id, "kind": kind.kind, "distribution": item.distribution, "version": item.version}
        body = {name: _value(getattr(item.record, name)) for name in own}
        lines.append(json.dumps({**head, "builtin": item.builtin, **body}, allow_nan=False))
    return "[\n" + ",\n".join(lines) + "\n]" if lines else "[]"


def _value(value: Any) -> Any:  # noqa: ANN401 - the value of any field
    if isinstance(value, str | bool | int) or value is None:
        return value  # most fields are, and a thousand records must not take long
    if isinstance(value, frozenset):
        return sorted(value)
    from carelabel.jsonable import to_json  # noqa: PLC0415 - as above

    return to_json(value)
