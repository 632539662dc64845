"""Reading XGBoost's own files: a booster, or one line that says why not."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import xgboost

from carelabel.errors import LoadError

if TYPE_CHECKING:
    from pathlib import Path

_HEAD: Final = 4096
_KEY: Final = b"learner"
_MARKS: Final = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a file compressed with gzip", b"\x80": "a pickle"}
_PLACE: Final = re.compile(r"^\[[\d:]+\] \S+:\d+: ")
"""Clock and line of source that XGBoost's messages begin with."""
_CUT: Final = ("EOF", "Unknown construct")


def format_of(path: Path) -> str:
    """The format by the first bytes: UBJSON marks the types of its keys, JSON quotes them."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return "xgboost-ubj" if head[1:2] == b"L" else "xgboost-json"


def is_foreign(path: Path) -> bool:
    """Whether this is JSON of somebody else's: a well-formed document without XGBoost's first key."""
    with path.open("rb") as file:
        if not file.read(_HEAD).lstrip().startswith((b"{", b"[")) or format_of(path) == "xgboost-ubj":
            return False
        file.seek(0)
        if _KEY in file.read(_HEAD):
            return False
        file.seek(0)
        try:
            found = json.load(file)
        except (ValueError, UnicodeDecodeError, RecursionError):
            return False
    return not (isinstance(found, dict) and "learner" in found)


def read_booster(path: Path) -> xgboost.Booster:
    """Read a file.

    A model that scikit-learn's manner stopped early predicts with the rounds up to its best one; those are kept. A
    plain booster predicts with all of its rounds.

    Raises:
        LoadError: If it is empty, cut off, of another kind, or cannot be read by this version.
    """
    if path.stat().st_size == 0:
        msg = f"{path.name} must hold an XGBoost model; it is empty (0 bytes)"
        raise LoadError(msg, "save the model again")
    booster = xgboost.Booster()
    try:
        booster.load_model(path)
        json.loads(booster.save_config())
    except Exception as error:  # XGBoostError, and what its wrapper raises for text that is none
        raise _explain(path, error) from error
    return booster if booster.attr("scikit_learn") is None else up_to_best(booster)


def up_to_best(booster: xgboost.Booster) -> xgboost.Booster:
    """The booster with its rounds up to the best one, where training looked for that."""
    best = booster.attr("best_iteration")
    if best is None or int(best) + 1 >= booster.num_boosted_rounds():
        return booster
    return booster[: int(best) + 1]


def _explain(path: Path, error: Exception) -> LoadError:
    what = f"{path.name} must hold an XGBoost model"
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return LoadError(f"{what}; it holds {name}", "save it with save_model, as .json or .ubj")
    said = _PLACE.sub("", " ".join(str(error).partition("Stack trace")[0].split()))[:200]
    if not head.lstrip().startswith(b"{"):
        text = head[:24].decode("utf-8", "replace")
        return LoadError(f"{what}; it begins with {text!r}", "check that this is the model file")
    if any(word in str(error) for word in _CUT):
        return LoadError(f"{what}; it ends too early or is damaged ({said})", "copy or save the file again")
    msg = f"{what}; XGBoost {xgboost.__version__} cannot read it: {type(error).__name__}: {said}"
    return LoadError(msg, "save the model again, with this version or an older one")
