"""A plugin for the A/A benchmark: a converter whose candidate is the submitted model once more."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from carelabel import ANY, Converter, hookimpl

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext

FORMAT = "sklearn-pickle"


@hookimpl
def carelabel_converters() -> list[Converter]:
    """The copy."""
    return [
        Converter(
            name="copy",
            summary="the same file again",
            entry="carelabel_copies:copy",
            tasks=ANY,
            frameworks=frozenset({"scikit-learn"}),
            source=frozenset({FORMAT}),
            target=FORMAT,
            conversion="prune",
            slug="copy",
            lossless=True,
        )
    ]


def copy(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Copy the file."""
    del context
    return replace(artefact, path=shutil.copyfile(artefact.path, out / artefact.path.name))
