"""Reading CatBoost's own files: a model, or one line that says why not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import catboost

from carelabel.errors import LoadError

if TYPE_CHECKING:
    from pathlib import Path

_MARK: Final = b"CBM1"
_PLACE: Final = re.compile(r"^\S+:\d+: ")
"""Line of source that CatBoost's messages begin with."""


def read_model(path: Path) -> catboost.CatBoost:
    """Read a file.

    Raises:
        LoadError: If it is empty, cut off, of another kind, or cannot be read by this version.
    """
    what = f"{path.name} must hold a CatBoost model;"
    with path.open("rb") as file:
        head = file.read(len(_MARK))
    if not head:
        msg = f"{what} it is empty (0 bytes)"
        raise LoadError(msg, "save the model again")
    if head != _MARK:
        msg = f"{what} it begins with {head!r}, not with {_MARK!r}"
        raise LoadError(msg, "save it with save_model, in the format cbm")
    model = catboost.CatBoost()
    try:
        model.load_model(str(path))
    except catboost.CatBoostError as error:
        said = _PLACE.sub("", " ".join(str(error).split()))
        if "Failed to read" in said or "can not load" in said:
            msg = f"{what} it ends too early ({said})"
            raise LoadError(msg, "copy or save the file again") from error
        msg = f"{what} CatBoost {catboost.__version__} cannot read it: {said}"
        raise LoadError(msg, "save the model again, with this version or an older one") from error
    return model
