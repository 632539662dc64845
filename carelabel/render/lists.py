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
    return converter.conversion, converter.cost


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
        Converter: (("KIND", "COST"), _converter),
        Backend: (("FRAMEWORK", "FILES", "RUNS CODE"), _backend),
        Meter: (("DOMAIN", "GRADE"), _meter),
    }
)


def records_as_text(kind: type[Record], found: Sequence[Registered], width: int | None = None) -> str:
    """Records of one kind as columns: id, what matters most of this kind, summary."""
    head, cells = _COLUMNS[kind]
    rows = [(item.id, *cells(item.record), _summary(item.record)) for item in found]
    return columns(("ID", *head, "SUMMARY"), rows, width)


def _summary(record: Record) -> str:
    """What a converter takes is too much for a column of its own, and wraps with its summary."""
    if not isinstance(record, Converter):
        return record.summary
    return f"{record.summary}: {words(record.source)} -> {record.target}"


def records_as_json(found: Sequence[Registered]) -> str:
    """All fields of all records: a JSON array with one record a line."""
    if not found:
        return "[]"
    lines = _Lines()
    return "[\n" + ",\n".join(map(lines.of, found)) + "\n]"


class _Lines:
    """Records as JSON. `carelabel.base.json_codec` walks through every value, which takes too long for a thousand."""

    def __init__(self) -> None:
        import json  # noqa: PLC0415 - a list for people does without

        self._names: dict[type, tuple[str, ...]] = {}
        self._fast = json.JSONEncoder(allow_nan=False, default=self._plain)

    def of(self, item: Registered) -> str:
        """One record with its id and origin."""
        record = item.record
        head = {"id": item.id, "kind": record.kind, "distribution": item.distribution, "version": item.version}
        line = {**head, "builtin": item.builtin, **self._fields(record)}
        try:
            return self._fast.encode(line)
        except ValueError:  # bounds such as infinity, which have a JSON form of their own
            from carelabel.base.json_codec import to_json  # noqa: PLC0415 - as above

            return self._fast.encode(to_json(line))

    def _fields(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any record
        kind = type(value)
        names = self._names.get(kind) or self._names.setdefault(kind, tuple(field.name for field in fields(kind)))
        return {name: getattr(value, name) for name in names}

    def _plain(self, value: Any) -> Any:  # noqa: ANN401 - what the encoder does not know
        if isinstance(value, frozenset):
            return sorted(value)
        return value.hex() if isinstance(value, bytes) else self._fields(value)
