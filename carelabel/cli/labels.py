"""``carelabel show``, ``carelabel history`` and ``carelabel schema``: labels that exist, and what one looks like."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from carelabel.cli.context import Globals, globals_of
from carelabel.cli.output import print_json, print_text
from carelabel.cli.strangers import plain, plain_document
from carelabel.errors import EXIT_DONE, EXIT_INCOMPLETE, UsageError
from carelabel.store import LabelNotFoundError, LabelStore, Summary, open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGEST: Final = 256 * 1024 * 1024
_DIGITS: Final = 300
"""Whole numbers with more cannot be compared with others."""

Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def show(
    ctx: typer.Context,
    *,
    label: Annotated[str, typer.Argument(metavar="FILE|ID", help="A label's file, or its id or the beginning of it.")],
    everything: Annotated[bool, typer.Option("--all", help="Every point of every figure, not a choice.")] = False,
    as_json: Json = False,
) -> int:
    """Show a label, from a file or from the store."""
    document = find_label(ctx, label)
    if as_json:
        print_json(document)
        return EXIT_DONE
    from carelabel.render.text import render_label  # noqa: PLC0415 - JSON needs no rich

    print_text(*render_label(document, everything=everything))
    return EXIT_DONE


def history(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="N", help="Only models of this name.")] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="T", help="Only this task.")] = None,
    family: Annotated[str | None, typer.Option("--family", metavar="M", help="Only this model family.")] = None,
    as_json: Json = False,
) -> int:
    """List the labels in the store, newest first."""
    wanted = {"name": name, "task": task, "family": family}
    found = _store(globals_of(ctx)).query(**{key: value for key, value in wanted.items() if value is not None})
    if as_json:
        print_json([asdict(item) for item in found])
    else:
        typer.echo(_table(found) if found else "no labels yet; carelabel run makes one")
    problems = [plain(item.problem) for item in found if item.problem]
    for problem in problems:
        typer.echo(f"carelabel: {problem}", err=True)
    return EXIT_INCOMPLETE if problems else EXIT_DONE


def schema(
    what: Annotated[
        Literal["all", "label", "metadata", "suite"],
        typer.Argument(metavar="[label|metadata|suite]", help="One of them only."),
    ] = "all",
) -> int:
    """Print the JSON Schema of label, metadata and suite."""
    from carelabel.label.schema import Label  # noqa: PLC0415 - here and below: pydantic builds models on import
    from carelabel.model.metadata import metadata_json_schema  # noqa: PLC0415
    from carelabel.plan.suite import Suite  # noqa: PLC0415

    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schemas = {
        "label": {**dialect, **Label.model_json_schema()},
        "metadata": metadata_json_schema(),
        "suite": {**dialect, **Suite.model_json_schema()},
    }
    print_json(schemas if what == "all" else schemas[what])
    return EXIT_DONE


def find_label(ctx: typer.Context, word: str) -> dict[str, Any]:
    """A label from its file, or from the store by its id or the beginning of it.

    Raises:
        UsageError: If there is none.
    """
    if _is_file(word):
        return read_label(Path(word))
    stored: dict[str, Any] = plain_document(_stored(_store(globals_of(ctx)), word))
    return stored


def read_label(path: Path) -> dict[str, Any]:
    """A label from its file.

    Raises:
        UsageError: If the file holds no label, or one of a later major version.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            msg = f"{path} must be a label, of at most {_LARGEST:,} bytes; it has more"
            raise UsageError(msg, "carelabel run -o writes one")
        document = plain_document(json.loads(content, parse_int=_whole, parse_constant=_no_number))
    except OSError as error:
        msg = f"{path} must be a readable label, but: {error.strerror or error}"
        raise UsageError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} must be a label in JSON, but: {error}"
        raise UsageError(msg, "carelabel run -o writes one") from error
    return _checked(path, document)


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        msg = f"a number has {len(digits)} digits"
        raise ValueError(msg)
    return int(digits)


def _no_number(word: str) -> float:
    msg = f"{word} is no number of JSON"
    raise ValueError(msg)


def _checked(path: Path, document: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the file holds
    import pydantic  # noqa: PLC0415 - as above

    from carelabel.label.schema import SCHEMA_VERSION, Label  # noqa: PLC0415

    version = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(version, str):
        msg = f"{path} must be a label, an object with the key 'schema', but it has none"
        raise UsageError(msg, "carelabel run -o writes one")
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        msg = f"{path} must be a label of schema {SCHEMA_VERSION}, got {version}"
        raise UsageError(msg, "install a carelabel that knows it")
    try:
        return Label.model_validate(document).to_dict()
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        msg = f"{path}: {'.'.join(map(str, first['loc'])) or 'the label'}: {first['msg']}"
        raise UsageError(msg, "carelabel schema label describes every field") from error


def _is_file(word: str) -> bool:
    return Path(word).is_file() or "/" in word or word.endswith(".json")


def _store(general: Globals) -> LabelStore:
    def stores() -> list[Any]:
        registry = general.registry()
        return [registry.get(identifier) for identifier in registry.stores()]

    return open_store(stores)


def _stored(store: LabelStore, word: str) -> dict[str, Any]:
    """The label of an id, or of the only id that begins so."""
    found = [item.id for item in store.query() if word and item.id.startswith(word)]
    if word in found or len(found) == 1:
        return store.get(word if word in found else found[0])
    if not found:
        raise LabelNotFoundError(word)
    msg = f"a label's id must be told from others, but {len(found)} begin with {word!r}"
    raise UsageError(msg, "carelabel history lists them")


def _table(found: Sequence[Summary]) -> str:
    from carelabel.render.columns import columns  # noqa: PLC0415 - JSON goes without

    head = ("ID", "CREATED", "FORMS", "CELLS", "FAILED", "MODEL")
    rows = [tuple(map(plain, (item.id, _minute(item), *map(str, _counts(item)), _model(item)))) for item in found]
    return columns(head, rows)


def _counts(item: Summary) -> tuple[int, ...]:
    return item.candidates, item.measured, item.unfinished


def _minute(item: Summary) -> str:
    return item.created[:16].replace("T", " ")


def _model(item: Summary) -> str:
    kind = ", ".join(filter(None, (item.family, item.task)))
    return f"{item.name} ({kind})" if kind else item.name
