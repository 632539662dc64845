"""Reading LightGBM's own files: a booster, or one line that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import lightgbm

from carelabel.errors import LoadError
from carelabel_lightgbm.text import FIRST, ModelText, parse

if TYPE_CHECKING:
    from pathlib import Path

_MARKS: Final = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a file compressed with gzip", b"\x80": "a pickle"}


def is_foreign(path: Path) -> bool:
    """Whether this is somebody else's: a .txt file can hold anything, a model begins with a line of its own."""
    with path.open("rb") as file:
        return path.suffix != ".lgb" and bool(head := file.read(16)) and not head.startswith(FIRST.encode())


def read_text(path: Path) -> ModelText:
    """Read a file and hold that all of it is there.

    Raises:
        LoadError: If it is empty, cut off, damaged or of another kind.
    """
    content = path.read_bytes()
    try:
        return parse(_decoded(content))
    except ValueError as error:
        msg = f"{path.name} must hold a LightGBM model; {error}"
        raise LoadError(msg, "copy or save the file again") from error


def _decoded(content: bytes) -> str:
    """The text of a file; ValueError says what else it is."""
    if not content:
        msg = "it is empty (0 bytes)"
        raise ValueError(msg)
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            msg = f"it holds {name}"
            raise ValueError(msg)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"its bytes from {error.start} on are no text"
        raise ValueError(msg) from error


def read_booster(path: Path) -> lightgbm.Booster:
    """Read a file that has been looked at before.

    Raises:
        LoadError: If LightGBM cannot read it.
    """
    try:
        return lightgbm.Booster(model_file=path)
    except lightgbm.basic.LightGBMError as error:
        said = " ".join(str(error).split())
        msg = f"{path.name} must hold a LightGBM model; LightGBM {lightgbm.__version__} cannot read it: {said}"
        raise LoadError(msg, "save the model again, with this version or an older one") from error


def text_of(booster: Any) -> ModelText:  # noqa: ANN401 - a Booster
    """The parts of a loaded booster, up to the best round where training stopped early."""
    return parse(booster.model_to_string())
