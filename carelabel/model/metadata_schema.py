"""The metadata file as pydantic models: every key with its description, unknown keys refused, types not coerced.

A full example::

    name: adult-income            # how the label calls the model
    task: classification          # classification, regression, clustering, or one that a plugin brings
    framework: scikit-learn       # optional: found from the file, checked when given
    family: pipeline              # optional: as above
    data:
      test:                       # or just a path:  test: adult_test.csv
        path: adult_test.csv      # relative to this file; .npz, .npy, .csv, .tsv, .parquet, .libsvm, .zip or a folder
        target: income            # column, or array of an .npz
        drop: [fnlwgt]            # columns that the model does not take; or say what it takes: features: [...]
        sensitive: [sex, race]    # columns that groups are formed by; they stay features unless dropped
      train: adult_train.csv      # optional; a table takes target, features, drop and sensitive from the test table
      input_shape: [13]           # from here on optional: derived from the data, and checked when given
      classes: [<=50K, '>50K']
      samples: 16281
      distribution: {<=50K: 0.76, '>50K': 0.24}   # shares or numbers of rows
    limits:
      timing_rows: 10000

Images lie in a folder or a .zip with one folder a class; sparse rows in .libsvm or in an .npz as scipy saves them::

    data:
      test:
        path: cats_and_dogs.zip
        images: {size: [32, 32], colour: rgb, layout: nchw, divide: 255, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from carelabel.data.formats import FORMATS

MUST: Final = "must"
"""Type of our own validation errors; their text says what must hold."""

MAX_TIMING_ROWS: Final = 10_000_000


def _label(value: object) -> object:
    if not isinstance(value, str | int | float | bool):
        raise PydanticCustomError(MUST, "must be text, a number, true or false")
    return value


def _path_only(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _number_or_more(value: object) -> object:
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


def _share(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise PydanticCustomError(MUST, "must be a number of rows or a share, at least 0")
    return float(value)


def _class_name(value: object) -> object:
    label = _label(value)
    return str(int(label) if isinstance(label, float) and label.is_integer() else label)


def _known_format(value: object) -> object:
    if value is not None and value not in FORMATS:
        raise PydanticCustomError(MUST, "must be one of {formats}", {"formats": ", ".join(FORMATS)})
    return value


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[list[Name], BeforeValidator(_one_or_more)]
Label = Annotated[str | int | float | bool, BeforeValidator(_label)]
ClassName = Annotated[str, BeforeValidator(_class_name)]
Share = Annotated[float, BeforeValidator(_share)]
Pixels = Annotated[int, Field(ge=1, le=65_535)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Images(_Part):
    """What images are brought to; a value is (pixel / divide - mean) / std."""

    folder: Name | None = Field(
        default=None, description="Where the folders of the classes lie inside; found when absent."
    )
    size: Annotated[list[Pixels], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="What images are resized to: [height, width]. Absent: all must have one size."
    )
    colour: Literal["rgb", "grey", "rgba"] = Field(
        default="rgb", description="Colours of the channels: rgb, grey or rgba."
    )
    layout: Literal["nhwc", "nchw"] = Field(
        default="nhwc", description="Where the channels lie: nhwc (Keras) or nchw (torch)."
    )
    resample: Literal["nearest", "bilinear", "bicubic", "lanczos"] = Field(
        default="bilinear", description="How images are resized: nearest, bilinear, bicubic or lanczos, as Pillow does."
    )
    divide: Positive | None = Field(default=None, description="What pixels are divided by; 255 brings them to 0 to 1.")
    mean: Annotated[list[Finite], Field(min_length=1), BeforeValidator(_number_or_more)] | None = Field(
        default=None, description="Subtracted after the division: one number, or one a channel."
    )
    std: Annotated[list[Positive], Field(min_length=1), BeforeValidator(_number_or_more)] | None = Field(
        default=None, description="Divided by at the end: one number, or one a channel."
    )


class DataFile(_Part):
    """One data file, or a folder of images."""

    path: Name = Field(description="The file or folder of images, absolute or relative to the metadata file.")
    format: Annotated[str | None, BeforeValidator(_known_format)] = Field(
        default=None, description=f"One of {', '.join(FORMATS)}; told from the file's ending when absent."
    )
    target: str | None = Field(
        default=None,
        description="Column (tables) or array (.npz) with the truth. Absent: y, target, label, ..., whichever is "
        "there. null: there is none.",
    )
    features: Names | None = Field(
        default=None,
        description="Columns that the model takes, in their order, or the array of an .npz. Absent: all others.",
    )
    drop: Names = Field(default=[], description="Columns that the model does not take.")
    sensitive: Names = Field(
        default=[], description="Columns that groups are formed by (sex, age, ...). They stay features unless dropped."
    )
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = Field(
        default=None, description="Between the values of a .csv; found in its first lines when absent."
    )
    columns: list[Name] | None = Field(default=None, description="Column names of a .csv that has no header line.")
    images: Images | None = Field(default=None, description="Size, colour, layout and scaling of images.")


class Data(_Part):
    """The data that belongs to the model, and what it is claimed to be."""

    test: Annotated[DataFile, BeforeValidator(_path_only)] = Field(
        description="The test set, which quality is measured on: a path, or a mapping with path."
    )
    train: Annotated[DataFile, BeforeValidator(_path_only)] | None = Field(
        default=None, description="The training set, for tests that need it."
    )
    target: str | None = Field(default=None, description="Target of both files, unless a file names its own.")
    sensitive: Names = Field(default=[], description="Sensitive columns of both files, unless a file names its own.")
    input_shape: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)] | None = Field(
        default=None, description="Shape of one row, such as [784] or [28, 28, 1]. Derived when absent."
    )
    classes: Annotated[list[Label], Field(min_length=1)] | None = Field(
        default=None,
        description="All classes the model knows, in the order of its scores where the file names none. Derived when "
        "absent; classes written as text make the target text, as numbers they make it numbers.",
    )
    samples: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Rows of the test set. Derived when absent."
    )
    distribution: dict[ClassName, Share] | None = Field(
        default=None, description="Class to its number of rows in the test set, or to its share. Derived when absent."
    )


class LimitsPart(_Part):
    """How far the measuring goes."""

    timing_rows: Annotated[int, Field(ge=1, le=MAX_TIMING_ROWS)] = Field(
        default=10_000, description="Rows of the test set that timings rotate over."
    )


class Metadata(_Part):
    """What a model's owner says about it: the file given with --meta."""

    name: Name = Field(description="How the label calls the model.")
    task: Name = Field(description="classification, regression, clustering, or a task that a plugin brings.")
    framework: Name | None = Field(
        default=None, description="Framework of the model file; found when absent, checked when given."
    )
    family: Name | None = Field(default=None, description="Model family; found when absent, checked when given.")
    data: Data = Field(description="The data that belongs to the model.")
    limits: LimitsPart = Field(default=LimitsPart(), description="Bounds on the measuring.")
