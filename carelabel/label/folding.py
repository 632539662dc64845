"""Rows as tables and back: how a label of forty candidates is written in less than a megabyte.

Rows that say the same thing of several candidates become one table. What all of them hold stands in it once; the rest
are the columns under ``each``, one entry a row, null where a row leaves the field out. A value that occurs more
than once stands in ``values``, with its key in its place. Reading gives back every row, in the same order.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Json = dict[str, Any]

SECTIONS: Final = MappingProxyType(
    {
        "measurements": (("platform", "test"), ("quantity", "at")),
        "outcomes": (("platform", "test"), ()),
        "ratings": ((), ("platform", "property")),
    }
)
"""Lists that are folded: fields that are the same in rows that follow one another, and fields that tell a table."""
AS_THEY_ARE: Final = ("compound", "crossover")
"""Parts that are full of candidates' names, and get keys for them."""
_PREFIX: Final = "table_of_"
_EACH: Final = "each"
_MARK: Final = "#"
_SHORT: Final = 10
_LONG: Final = 40
"""Characters of JSON from which on a value that comes again is worth a key, in columns and outside of them."""


def folded(document: Mapping[str, Any]) -> Json:
    """A label's JSON document with tables in place of its rows.

    They stand in fields of other names, such as ``table_of_measurements``, so that no reader takes them for rows.
    """
    tables: Json = {name: _fold(document[name], *keys) for name, keys in SECTIONS.items()}
    tables |= {name: document[name] for name in AS_THEY_ARE}
    keys = _Keys()
    for name, value in tables.items():
        keys.count(value, _least(name))
    short = {name: keys.put(value, _least(name)) for name, value in tables.items()}
    rest = {name: value for name, value in document.items() if name not in tables}
    return {
        **rest,
        "values": {key: json.loads(text) for text, key in keys.of.items()},
        **{_PREFIX + name: value for name, value in short.items()},
    }


def is_folded(document: Mapping[str, Any]) -> bool:
    """Whether a document has tables in place of rows."""
    return "values" in document and f"{_PREFIX}measurements" in document


def unfolded(document: Mapping[str, Any]) -> Json:
    """The document with its rows again."""
    names = (*SECTIONS, *AS_THEY_ARE)
    tables = {name: _without_keys(document[_PREFIX + name], document["values"]) for name in names}
    tables |= {name: _unfold(tables[name], chunk) for name, (chunk, _) in SECTIONS.items()}
    left_out = {"values", *(_PREFIX + name for name in names)}
    return {name: value for name, value in document.items() if name not in left_out} | tables


def _least(name: str) -> int:
    return _LONG if name in SECTIONS else _SHORT


def _fold(rows: Iterable[Json], chunk: Sequence[str], key: Sequence[str]) -> list[Json]:
    return [table for _, part in groupby(rows, lambda row: _key(row, chunk)) for table in _tables(list(part), key)]


def _key(row: Mapping[str, Any], fields: Iterable[str]) -> str:
    return _text([row.get(name) for name in fields])


def _tables(rows: Sequence[Json], key: Sequence[str]) -> list[Json]:
    """Rows of a chunk as tables, in an order from which the order of every candidate's rows comes back."""
    found: dict[str, list[Json]] = {}
    orders: dict[str, list[str]] = {}
    for row in rows:
        name = base = _key(row, key)
        while name in orders.setdefault(row["candidate"], []):
            name += base  # a second row with the same key has a table of its own
        orders[row["candidate"]].append(name)
        found.setdefault(name, []).append(row)
    return [_columns(found[name]) for name in _merged(orders.values())]


def _merged(sequences: Iterable[Sequence[str]]) -> list[str]:
    """One order that agrees with all of them, where there is one."""
    order: list[str] = []
    for sequence in sequences:
        place = 0
        for item in sequence:
            if item not in order[place:] and item not in order[:place]:
                order.insert(place, item)
            place = order.index(item) + 1
    return order


def _columns(rows: Sequence[Json]) -> Json:
    """Rows as one table. An object in a column is a table again where its fields are the same in all rows."""
    names = dict.fromkeys(name for row in rows for name in row)
    shared = {name: rows[0][name] for name in names if _is_shared(name, rows)}
    each = {name: _column([row.get(name) for row in rows]) for name in names if name not in shared}
    return {**shared, _EACH: each or len(rows)}


def _is_shared(name: str, rows: Sequence[Json]) -> bool:
    return name != "candidate" and all(name in row for row in rows) and len({_text(row[name]) for row in rows}) == 1


def _column(values: list[Any]) -> list[Any] | Json:
    if all(isinstance(value, dict) and _EACH not in value for value in values) and len(set(map(tuple, values))) == 1:
        return _columns(values)
    return values


def _unfold(tables: Iterable[Json], chunk: Sequence[str]) -> list[Json]:
    return [row for _, part in groupby(tables, lambda table: _key(table, chunk)) for row in _rows_of(list(part))]


def _rows_of(tables: Sequence[Json]) -> Iterator[Json]:
    rows = [{row["candidate"]: row for row in _rows(table, absent=None)} for table in tables]
    for candidate in _merged([list(part) for part in rows]):
        yield from (part[candidate] for part in rows if candidate in part)


def _rows(table: Json, *, absent: object) -> list[Json]:
    """The rows of a table; a field is left out of a row where its column holds `absent`, ``value`` never."""
    shared = {name: value for name, value in table.items() if name != _EACH}
    each: Mapping[str, Any] | int = table[_EACH]
    if isinstance(each, int):
        return [shared] * each
    columns = {name: _rows(part, absent=...) if isinstance(part, dict) else part for name, part in each.items()}
    return [
        shared | {name: item for name, item in zip(columns, row, strict=True) if item is not absent or name == "value"}
        for row in zip(*columns.values(), strict=True)
    ]


@dataclass(kw_only=True, slots=True)
class _Keys:
    """Keys for values that come more than once, and for texts that look like a key."""

    counts: Counter[str] = field(default_factory=Counter)
    of: dict[str, str] = field(default_factory=dict)

    def count(self, value: Any, least: int) -> None:  # noqa: ANN401 - any JSON value
        """Count every text, list and object in a value that is worth a key."""
        if _can_have_key(value, least):
            self.counts[_text(value)] += 1
        for part, bound in _parts(value, least):
            self.count(part, bound)

    def put(self, value: Any, least: int) -> Any:  # noqa: ANN401 - as above
        """The value with keys in it."""
        if _can_have_key(value, least) and (self.counts[text := _text(value)] > 1 or _is_marked(value)):
            return self.of.setdefault(text, f"{_MARK}{len(self.of) + 1}")
        parts = [self.put(part, bound) for part, bound in _parts(value, least)]
        if isinstance(value, dict):
            return dict(zip(value, parts, strict=True))
        return parts if isinstance(value, list) else value


def _parts(value: Any, least: int) -> list[tuple[Any, int]]:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return [(part, _SHORT if name == _EACH else least) for name, part in value.items()]
    return [(part, least) for part in value] if isinstance(value, list) else []


def _can_have_key(value: object, least: int) -> bool:
    if not value or not isinstance(value, str | list | dict):
        return False
    return _is_marked(value) or len(_text(value)) >= least


def _is_marked(value: object) -> bool:
    return isinstance(value, str) and value.startswith(_MARK)


def _without_keys(value: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return {name: _without_keys(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_keys(item, values) for item in value]
    return values.get(value, value) if isinstance(value, str) else value


def _text(value: Any) -> str:  # noqa: ANN401 - as above
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
