"""A group of commands that imports a command's module when that command is called, and never before.

``carelabel --help`` and the lists must answer at once, so the names and summaries of all commands are data.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command as build_command

if TYPE_CHECKING:
    from collections.abc import Mapping


class Lazy(NamedTuple):
    """A command that is not imported yet.

    Attributes:
        entry: ``module:function``, or ``module:app`` of a group.
        summary: The first line of its help.
    """

    entry: str
    summary: str


class _GivenOption(TyperOption):
    """An option whose value is converted only when there is one: typer builds a pydantic adapter for each otherwise."""

    def process_value(self, ctx: Any, value: Any) -> Any:  # noqa: ANN401 - typer's own types are private
        missing = value is None or value in ((), [])
        if self.required or not missing:
            return super().process_value(ctx, value)
        return self.callback(ctx, self, value) if self.callback is not None else value


class _Fast:
    """A command, or a group, whose options are `_GivenOption`."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - as above
        """All parameters, with the option for help."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # of the command that this is mixed into
        for param in params:
            if type(param) is TyperOption:
                param.__class__ = _GivenOption  # typer makes its options itself, of this one class
        return params


class PlainCommand(_Fast, TyperCommand):
    """A command that starts fast."""


class LazyGroup(_Fast, TyperGroup):
    """A group whose commands are listed in `lazy`."""

    lazy: ClassVar[Mapping[str, Lazy]] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own types are private
        """Names, in the order of the map."""
        return list(self.lazy)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - as above
        """Import a command."""
        found = self.lazy.get(cmd_name)
        return found and _load(cmd_name, found.entry)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Find the command that the first argument names; a misspelt one is answered with the nearest."""
        name = args[0]
        if name not in self.lazy and not name.startswith("-"):
            import difflib  # noqa: PLC0415 - for misspelt commands only

            nearest = difflib.get_close_matches(name, self.lazy, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"one of {', '.join(self.lazy)}"
            ctx.fail(f"there is no command {name!r} ({hint})")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """The list of commands, from the map alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, item.summary) for name, item in self.lazy.items()])


def _load(name: str, entry: str) -> Any:  # noqa: ANN401 - as above
    module, _, attribute = entry.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command = build_command(found)
        command.name = name
        return command
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, cls=PlainCommand)(found)
    return build_command(app)
