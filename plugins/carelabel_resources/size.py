"""Bytes of a model on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel import Measurement

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel import TestContext


def run(context: TestContext) -> list[Measurement]:
    """The artefact's file with those beside it that belong to the model, or all files in its folder."""
    path = context.artefact.path
    beside = [path.parent / name for name in context.artefact.facts.beside]
    files = [*_files(path), *(file for file in beside if file.is_file())]  # a converted form has none of them
    total = sum(file.stat().st_size for file in files)
    method = f"sum of the sizes of {len(files)} file{'s' if len(files) != 1 else ''}; exact"
    return [Measurement(quantity="model_size", value=total, n=1, method=method)]


def _files(path: Path) -> list[Path]:
    return [file for file in sorted(path.rglob("*")) if file.is_file()] if path.is_dir() else [path]
