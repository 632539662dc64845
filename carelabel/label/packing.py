"""The form in which a label is written to a file: nothing said twice, so that it stays small with many candidates.

Fields that hold their default are left out, and what many rows share stands once: long texts in ``texts``, what
belongs to a quantity in ``figures``, the samples of a cell with its outcome. `carelabel.label.schema.Label` reads this
and the full form, and both hold what the JSON Schema asks for. A label that would become larger than `FOLDED_FROM` is
written as tables (`carelabel.label.folding`), which ``carelabel show --json`` turns into the full form as well.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from carelabel.label.folding import folded, is_folded, unfolded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Json = dict[str, Any]

SHARED: Final = ("method", "reason")
"""Fields of a measurement whose text may stand in ``texts``, with its key in the field."""
OF_QUANTITY: Final = ("better", "group")
"""Fields of a measurement that are the same for all of a quantity, and stand in ``figures``."""
KEPT: Final = ("platform", "value")
"""Fields that a reader needs to see even when they are null."""
FOLDED_FROM: Final = 400_000
"""Bytes from which on a label is written as tables."""
_SHORT: Final = 20


def packed(document: Mapping[str, Any]) -> Json:
    """A label's JSON document without repetitions."""
    rows = document["measurements"]
    texts = _shared_texts(rows)
    keys = {text: key for key, text in texts.items()}
    samples = {_cell(row): row["samples"] for row in rows if row.get("samples")}
    outcomes = [{**item, "samples": samples[_cell(item)]} if _cell(item) in samples else item for item in _of(document)]
    return {
        **document,
        "texts": texts,
        "figures": {_quantity(row): {name: row.get(name) for name in OF_QUANTITY} for row in rows},
        "measurements": [_packed_row(row, keys) for row in rows],
        "outcomes": [_without_defaults(item) for item in outcomes],
    }


def unpacked(document: Mapping[str, Any]) -> Json:
    """A packed label without references; fields that hold their default are still left out."""
    texts, figures = document.get("texts") or {}, document.get("figures") or {}
    samples = {_cell(item): item["samples"] for item in _of(document) if item.get("samples")}
    full = {name: value for name, value in document.items() if name not in {"texts", "figures"}}
    return {
        **full,
        "measurements": [
            {
                **figures.get(_quantity(row), {}),
                **({"samples": samples[_cell(row)]} if _cell(row) in samples else {}),
                **row,
                **{name: texts.get(row[name], row[name]) for name in SHARED if row.get(name)},
            }
            for row in document.get("measurements", ())
        ],
        "outcomes": [{name: value for name, value in item.items() if name != "samples"} for item in _of(document)],
    }


def written(document: Mapping[str, Any]) -> bytes:
    """The text of a file: one line a measurement, a candidate, an outcome, so that two labels can be compared."""
    by_rows = _file(packed(document))
    return by_rows if len(by_rows) < FOLDED_FROM else _file(folded(_with_short_rows(document)))


def read(document: Mapping[str, Any]) -> Json:
    """A label's JSON document from any form that was ever written."""
    rows = unfolded(document) if is_folded(document) else document
    return unpacked(rows) if "texts" in rows else dict(rows)


def _with_short_rows(document: Mapping[str, Any]) -> Json:
    lists = ("measurements", "outcomes")
    return {**document, **{name: [_without_defaults(row) for row in document[name]] for name in lists}}


def _file(document: Mapping[str, Any]) -> bytes:
    return ("".join(_lines(document)) + "\n").encode()


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield "{"
    for number, (name, value) in enumerate(document.items()):
        yield f"{',' if number else ''}\n {json.dumps(name)}: "
        if isinstance(value, list) and value:
            yield "[\n  " + ",\n  ".join(map(_text, value)) + "\n ]"
        else:
            yield _text(value)
    yield "\n}"


def _text(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)


def _of(document: Mapping[str, Any]) -> list[Json]:
    found: list[Json] = document.get("outcomes", [])
    return found


def _cell(row: Mapping[str, Any]) -> tuple[str, str | None, str]:
    return row["candidate"], row.get("platform"), row["test"]


def _quantity(row: Mapping[str, Any]) -> str:
    return f"{row['test']}.{row['quantity']}"


def _shared_texts(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Key to text, for texts that are long and occur more than once."""
    found = Counter(row[name] for row in rows for name in SHARED if len(row.get(name) or "") > _SHORT)
    often = [text for text, count in found.items() if count > 1]
    return {f"#{number}": text for number, text in enumerate(often, start=1)}


def _packed_row(row: Mapping[str, Any], keys: Mapping[str, str]) -> Json:
    kept = {name: value for name, value in row.items() if name not in {*OF_QUANTITY, "samples"}}
    kept |= {name: keys.get(kept[name], kept[name]) for name in SHARED if kept.get(name)}
    return _without_defaults(kept)


def _without_defaults(row: Mapping[str, Any]) -> Json:
    """Without what a reader takes for granted: null, and empty text, lists and maps."""
    return {name: value for name, value in row.items() if name in KEPT or value not in (None, "", [], {})}
