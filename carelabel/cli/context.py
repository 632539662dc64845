"""What the global options say, passed on to every command as ``ctx.obj``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import typer

    from carelabel.plugin.registry import Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Globals:
    """The global options.

    Attributes:
        argv: The whole command line, the program's name first.
        disabled: Entry points of plugins that are not loaded.
    """

    argv: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    strict_plugins: bool = False
    debug: bool = False

    def registry(self) -> Registry:
        """What the installed plugins bring.

        Raises:
            UsageError: If a plugin has a problem and --strict-plugins was given.
        """
        from carelabel.plugin.discovery import discover  # noqa: PLC0415 - many commands need no plugin

        return discover(disabled=self.disabled, strict=self.strict_plugins)


def globals_of(ctx: typer.Context) -> Globals:
    """The global options of this call."""
    return cast("Globals", ctx.obj)
