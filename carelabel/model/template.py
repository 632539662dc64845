"""A first metadata file, for a person to look through: what ``carelabel init`` writes."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import yaml

from carelabel.data.formats import IMAGES, TARGETS, format_of
from carelabel.data.header import first_line
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from carelabel.model.facts import ModelFacts

_SHOWN: Final = 12
_ARRAY_TARGETS: Final = ("y_test", "Y_test", "y", "Y", *TARGETS)


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetGuess:
    """Which column is the target, and which ones the model does not take."""

    target: str | None
    drop: tuple[str, ...] = ()


def first_metadata(
    model: Path, data: Path, target: str | None = None, *, facts: ModelFacts | None = None, folder: Path | None = None
) -> str:
    """The text of a first metadata file.

    Args:
        model: The model file; only its name is used.
        data: The test set; of a table only the header is read.
        target: Its target, or None to guess.
        facts: What the inspector found out about the model, or None.
        folder: Where the file will lie; paths inside it are written relative to it.

    Raises:
        UsageError: If the data file cannot be read, or has no such target.
    """
    columns = read_columns(data)
    if target is not None and columns and target not in columns:
        msg = f"the target must be in {data.name}, found {target!r}"
        raise UsageError(msg, f"there are: {', '.join(columns)}")
    data = data.absolute()
    base = (folder or data.parent).absolute()
    shown = data.relative_to(base).as_posix() if data.is_relative_to(base) else str(data)
    return render_first_metadata(facts, shown, columns, target, name=model.stem)


def read_columns(data: Path) -> tuple[str, ...]:
    """Columns of a .csv, names of the arrays of an .npz; nothing for formats that name none in plain sight.

    Raises:
        UsageError: If the file is not there or cannot be read.
    """
    if not data.exists():
        msg = f"the data must be a file or a folder of images, but there is no {data}"
        raise UsageError(msg, "check the path")
    kind = format_of(data)
    if kind == "csv":
        return tuple(name for name in first_line(data)[1] if name)
    if kind != "npz":
        return ()
    try:
        with zipfile.ZipFile(data) as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        msg = f"{data.name} must be a readable .npz archive, found: {error}"
        raise UsageError(msg, "save it again") from error


def guess_target(columns: Sequence[str], features: Sequence[str] = ()) -> TargetGuess:
    """Guess the target of a table.

    Args:
        columns: Of the table, in order.
        features: Names that the model was trained with, when known: what is left over is the target or dropped.

    Returns:
        The one column called target, y, label, ..., else the last one.
    """
    left = [name for name in columns if name not in features] if set(features) <= set(columns) else list(columns)
    if not left:
        return TargetGuess(target=None)
    named = [name for name in left if name.lower() in TARGETS]
    target = named[0] if len(named) == 1 else left[-1]
    drop = tuple(name for name in left if name != target) if len(left) < len(columns) else ()
    return TargetGuess(target=target, drop=drop)


def render_first_metadata(
    facts: ModelFacts | None, data: str, columns: Sequence[str], target: str | None, *, name: str
) -> str:
    """YAML with comments; `read_submission` takes it as it is.

    Args:
        facts: Of the model, or None when it was not looked into.
        data: Path of the test set as it shall be written.
        columns: Of the data, empty when unknown.
        target: None to guess.
        name: How the label will call the model.
    """
    if target is None:
        guess = _guess(data, columns, facts)
    else:
        guess = TargetGuess(target=target, drop=_drop(columns, target, facts))
    lines = [
        "# What carelabel should know about this model. Paths are relative to this file.",
        f"name: {_yaml(name)}",
        *_task_lines(facts),
        "data:",
        "  test:",
        f"    path: {_yaml(data)}",
        *(_image_lines() if _holds_images(data) else _column_lines(guess, guessed=target is None)),
        "  # train: train.csv  # for tests that need the training data",
        *_derived_lines(facts),
        "limits:",
        "  timing_rows: 10000  # rows of the test set that timings rotate over",
    ]
    return "\n".join(lines) + "\n"


def _guess(data: str, columns: Sequence[str], facts: ModelFacts | None) -> TargetGuess:
    if any(data.lower().endswith(suffix) for suffix in (".npz", ".npy")):
        return TargetGuess(target=next((name for name in _ARRAY_TARGETS if name in columns), None))
    return guess_target(columns, facts.feature_names if facts else ())


def _drop(columns: Sequence[str], target: str, facts: ModelFacts | None) -> tuple[str, ...]:
    features = facts.feature_names if facts else ()
    if not features or not set(features) <= set(columns):
        return ()
    return tuple(name for name in columns if name != target and name not in features)


def _holds_images(data: str) -> bool:
    """A .zip does, and a folder, whose name has no ending that stands for another format."""
    return format_of(PurePath(data)) in {IMAGES, None}


def _image_lines() -> list[str]:
    return [
        "    images:  # how they were brought to one form in training; the class is the folder that an image lies in",
        "      layout: nhwc  # nchw for torch",
        "      # size: [32, 32]  # height, width",
        "      # colour: rgb  # grey, rgba",
        "      # divide: 255  # a value is (pixel / divide - mean) / std",
        "      # mean: [0.5, 0.5, 0.5]",
        "      # std: [0.25, 0.25, 0.25]",
    ]


def _column_lines(guess: TargetGuess, *, guessed: bool) -> list[str]:
    return [
        _target_line(guess.target, guessed=guessed),
        _drop_line(guess.drop),
        "    # sensitive: [SEX, AGE]  # columns that groups are formed by",
    ]


def _target_line(target: str | None, *, guessed: bool) -> str:
    if target is None:
        return "    # target: NAME  # column or array with the truth"
    return f"    target: {_yaml(target)}{'  # a guess: check it' if guessed else ''}"


def _drop_line(drop: tuple[str, ...]) -> str:
    what = "  # columns that the model does not take"
    return f"    drop: {_yaml(list(drop))}{what}" if drop else f"    # drop: [ID]{what}"


def _task_lines(facts: ModelFacts | None) -> list[str]:
    if facts is None:
        return [
            "task: classification  # a guess: or regression, clustering",
            "# framework: FRAMEWORK  # found from the file when absent",
            "# family: FAMILY",
        ]
    return [f"task: {_yaml(facts.task)}", f"framework: {_yaml(facts.framework)}", f"family: {_yaml(facts.family)}"]


def _derived_lines(facts: ModelFacts | None) -> list[str]:
    shape = list(facts.input_type.shape) if facts and facts.input_type.shape else [784]
    classes = list(facts.classes[:_SHOWN]) if facts and facts.classes else ["A", "B"]
    more = "  # and so on" if facts and len(facts.classes) > _SHOWN else ""
    return [
        "  # Derived from the data when absent, and checked when given:",
        f"  # input_shape: {_yaml(shape)}",
        f"  # classes: {_yaml(classes)}{more}",
        "  # samples: 1000",
        "  # distribution: {A: 0.4, B: 0.6}  # shares or numbers of rows",
    ]


def _yaml(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("...\n").strip()
