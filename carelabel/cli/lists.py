"""``list-tests``, ``list-converters``, ``list-metrics``, ``list-backends``, ``list-meters``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from carelabel.cli.context import globals_of
from carelabel.errors import EXIT_DONE, UsageError
from carelabel.plugin.records import ANY, Backend, Converter, Meter, Metric, Record, Test
from carelabel.render.lists import records_as_json, records_as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carelabel.plugin.registry import Registry

Task = Annotated[str | None, typer.Option("--task", metavar="T", help="Only what is for this task.")]
Framework = Annotated[str | None, typer.Option("--framework", metavar="F", help="Only what is for this framework.")]
Family = Annotated[str | None, typer.Option("--family", metavar="M", help="Only what is for this model family.")]
Hardware = Annotated[str | None, typer.Option("--hardware", metavar="H", help="Only what runs on this hardware tag.")]
Json = Annotated[bool, typer.Option("--json", help="Every field, as JSON.")]


class _Filter(NamedTuple):
    option: str
    field: str
    what: str
    word: str | None

    def takes(self, record: Record) -> bool:
        words: frozenset[str] = getattr(record, self.field)
        return self.word is None or words == ANY or self.word in words


def _listing(kind: type[Record], summary: str) -> Callable[..., int]:
    def listing(  # noqa: PLR0913 - one each of the command line's words
        ctx: typer.Context,
        *,
        task: Task = None,
        framework: Framework = None,
        family: Family = None,
        hardware: Hardware = None,
        as_json: Json = False,
    ) -> int:
        return _list(ctx, kind, _filters(task, framework, family, hardware), as_json=as_json)

    listing.__doc__ = summary
    return listing


list_tests = _listing(Test, "List the tests.")
list_converters = _listing(Converter, "List the converters.")
list_metrics = _listing(Metric, "List the metrics.")
list_backends = _listing(Backend, "List the backends: which files can be loaded.")
list_meters = _listing(Meter, "List the energy meters.")


def _filters(task: str | None, framework: str | None, family: str | None, hardware: str | None) -> tuple[_Filter, ...]:
    return (
        _Filter(option="--task", field="tasks", what="task", word=task),
        _Filter(option="--framework", field="frameworks", what="framework", word=framework),
        _Filter(option="--family", field="families", what="family", word=family),
        _Filter(option="--hardware", field="runs_on", what="hardware tag", word=hardware),
    )


def _list(ctx: typer.Context, kind: type[Record], filters: tuple[_Filter, ...], *, as_json: bool) -> int:
    registry = globals_of(ctx).registry()
    _refuse_unknown(filters, registry)
    found = [
        item
        for item in registry.records.values()
        if isinstance(item.record, kind) and all(each.takes(item.record) for each in filters)
    ]
    typer.echo(records_as_json(found) if as_json else records_as_text(kind, found))
    tell_problems(registry)
    return EXIT_DONE


def tell_problems(registry: Registry) -> None:
    """Say on stderr that something of a plugin is missing from what was printed."""
    number = len(registry.problems)
    if number:
        line = f"carelabel: {number} problem{'s' * (number > 1)} with plugins (carelabel plugins list shows all)"
        print(line, file=sys.stderr)  # noqa: T201 - this is the command line


def _refuse_unknown(filters: tuple[_Filter, ...], registry: Registry) -> None:
    asked = [each for each in filters if each.word is not None]
    if not asked:
        return
    import difflib  # noqa: PLC0415 - here and below: a list without filters does without

    from carelabel.plugin.vocabulary import known_words  # noqa: PLC0415

    known: Mapping[str, frozenset[str]] = known_words(item.record for item in registry.records.values())
    for each in asked:
        if each.word not in known[each.what]:
            nearest = difflib.get_close_matches(str(each.word), sorted(known[each.what]), n=1)
            msg = f"{each.option} must be one of {', '.join(sorted(known[each.what]))}; got {each.word!r}"
            raise UsageError(msg, f"did you mean {nearest[0]}?" if nearest else "")
