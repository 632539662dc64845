"""From a model file and a metadata file to a `Submission`: hashes and YAML, nothing is loaded.

`carelabel.model.metadata_schema` shows what a metadata file looks like.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from carelabel.data.facts import DataSource
from carelabel.data.formats import FORMATS, IMAGE_SUFFIXES, IMAGES, SUFFIXES, TABLES, format_of
from carelabel.data.tree import hash_folder, names_below
from carelabel.errors import LoadError, UsageError
from carelabel.model.facts import Declared, Limits, ModelFile, Submission
from carelabel.model.metadata_schema import Data, DataFile, Images, Metadata
from carelabel.model.metadata_yaml import read_yaml, validate

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK: Final = 1024 * 1024
_HEAD: Final = 64
_INHERITED: Final = ("target", "features", "drop", "sensitive")


def read_submission(model: Path, meta: Path) -> Submission:
    """Hash the files and read the metadata; the model and the data are not loaded.

    Args:
        model: The model file.
        meta: The metadata file; relative paths in it start at its folder.

    Raises:
        UsageError: If a file is missing or unreadable, or the metadata is not as its schema says.
        LoadError: If the model file is empty.
    """
    meta = meta.absolute()
    require_model(model)
    text, metadata_sha256 = read_yaml(meta)
    metadata = validate(text, meta.name)
    data = metadata.data
    test = _source(data.test, data, meta, "data.test")
    train = _train(data, meta)
    file = read_model_file(model)
    return Submission(
        path=file.path,
        sha256=file.sha256,
        bytes=file.bytes,
        head=file.head,
        metadata_path=meta,
        metadata_sha256=metadata_sha256,
        declared=_declared(metadata, test),
        test=test,
        train=train,
        limits=Limits(timing_rows=metadata.limits.timing_rows),
    )


def read_model_file(model: Path) -> ModelFile:
    """Hash a model file; it is not loaded.

    Raises:
        UsageError: If it is missing or unreadable.
        LoadError: If it is empty.
    """
    model = model.absolute()
    require_model(model)
    sha256, size = hash_file(model)
    with model.open("rb") as file:
        head = file.read(_HEAD)
    return ModelFile(path=model, sha256=sha256, bytes=size, head=head)


def require_model(model: Path) -> None:
    """Hold that there is a model file with something in it.

    Raises:
        UsageError: If it is missing.
        LoadError: If it is empty.
    """
    _require_file(model.absolute(), "the model", "check the path")
    if model.stat().st_size == 0:
        msg = f"the model must be a file with a model in it, found the empty file {model.absolute()}"
        raise LoadError(msg, "save it again")


def metadata_json_schema() -> dict[str, Any]:
    """The JSON Schema of a metadata file."""
    schema = Metadata.model_json_schema()
    _allow_path_only(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def hash_file(path: Path) -> tuple[str, int]:
    """sha256 as hex and number of bytes, read in chunks of 1 MiB.

    Raises:
        UsageError: If the file cannot be read.
    """
    digest, size, chunk = hashlib.sha256(), 0, bytearray(_CHUNK)
    view = memoryview(chunk)
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(chunk):
                digest.update(view[:count])
                size += count
    except OSError as error:
        msg = f"{path} must be readable, found: {error.strerror}"
        raise UsageError(msg) from error
    return digest.hexdigest(), size


def _require_file(path: Path, what: str, hint: str) -> None:
    if not path.exists():
        msg = f"{what} must be a file, but there is no {path}"
        raise UsageError(msg, hint)
    if path.is_dir():
        msg = f"{what} must be a file, found the folder {path}"
        raise UsageError(msg, "name the file in it")


def _require_images(folder: Path, what: str) -> None:
    """Look before everything in it is hashed: it may be the wrong folder, and a large one."""
    if not any(name.lower().endswith(IMAGE_SUFFIXES) for name in names_below(folder)):
        msg = f"{what} must be a file or a folder of images, found the folder {folder} without any image"
        raise UsageError(msg, "name the file in it")


def _train(data: Data, meta: Path) -> DataSource | None:
    """The training set; a table or folder of images takes over from the test set what it does not say itself."""
    if data.train is None:
        return None
    said, train = data.train.model_fields_set, data.train
    if {_format(data.test, meta), _format(train, meta)} <= TABLES:
        taken: dict[str, Any] = {
            key: getattr(data.test, key) for key in _INHERITED if key not in said and key in data.test.model_fields_set
        }
        train = train.model_copy(update=taken)
    if _format(data.test, meta) == IMAGES == _format(train, meta) and train.images is None:
        train = train.model_copy(update={"images": _without_folder(data.test.images)})
    return _source(train, data, meta, "data.train")


def _without_folder(images: Images | None) -> Images | None:
    """Both sets are scaled alike, but lie in folders of their own."""
    return None if images is None else images.model_copy(update={"folder": None})


def _format(file: DataFile, meta: Path) -> str | None:
    return file.format or format_of(meta.parent / file.path)


def _source(file: DataFile, data: Data, meta: Path, key: str) -> DataSource:
    path = (meta.parent / file.path).absolute()
    kind = _format(file, meta)
    if kind == IMAGES and path.is_dir():
        _require_images(path, f"{meta.name}: {key}")
    else:
        _require_file(path, f"{meta.name}: {key}", "relative paths start at the folder of the metadata file")
    if kind is None:
        msg = f"{meta.name}: {key} must end in one of {', '.join(SUFFIXES)}, found {path.name}"
        raise UsageError(msg, f"or say which it is: format: {' | '.join(FORMATS)}")
    if file.images is not None and kind != IMAGES:
        msg = f"{meta.name}: {key}.images says how images are brought to one form, and {path.name} is of format {kind}"
        raise UsageError(msg, "leave it out")
    target = file.target if "target" in file.model_fields_set else data.target
    sensitive = file.sensitive if "sensitive" in file.model_fields_set else data.sensitive
    _refuse_overlap(file, target, sensitive, f"{meta.name}: {key}")
    no_target = target is None and ("target" in file.model_fields_set or "target" in data.model_fields_set)
    options: dict[str, Any] = {
        "format": kind,
        "features": file.features,
        "drop": file.drop,
        "sensitive": sensitive,
        "separator": file.separator,
        "columns": file.columns,
        "no_target": no_target,
        "n_features": data.input_shape[0] if kind == "libsvm" and data.input_shape else None,
        "images": None if file.images is None else file.images.model_dump(exclude_none=True),
    }
    sha256, size = hash_folder(path) if path.is_dir() else hash_file(path)
    return DataSource(
        path=path,
        sha256=sha256,
        bytes=size,
        target=target or "",
        options={name: value for name, value in options.items() if value},
    )


def _refuse_overlap(file: DataFile, target: str | None, sensitive: list[str], place: str) -> None:
    for key, names in (("sensitive", sensitive), ("features", file.features or []), ("drop", file.drop)):
        if target and target in names:
            msg = f"{place}.{key} must not hold the target, found {target!r}"
            raise UsageError(msg, "the target is never a feature" if key == "drop" else f"take it out of {key}")
    both = sorted(set(file.features or []) & set(file.drop))
    if both:
        msg = f"{place} must not list a column in features and in drop, found {', '.join(both)} in both"
        raise UsageError(msg, "take it out of one of them")


def _declared(metadata: Metadata, test: DataSource) -> Declared:
    data = metadata.data
    return Declared(
        name=metadata.name,
        task=metadata.task,
        framework=metadata.framework,
        family=metadata.family,
        input_shape=None if data.input_shape is None else tuple(data.input_shape),
        classes=None if data.classes is None else tuple(data.classes),
        samples=data.samples,
        distribution=data.distribution,
        sensitive=tuple(test.options.get("sensitive", ())),
    )


def _allow_path_only(schema: dict[str, Any]) -> None:
    """Say in the schema what the models take besides: a path instead of a data file, a name instead of a list."""
    path = {"type": "string", "minLength": 1, "description": "The path alone."}
    properties = schema["$defs"]["Data"]["properties"]
    test, train = properties["test"], properties["train"]
    properties["test"] = {"anyOf": [path, {"$ref": test["$ref"]}], "description": test["description"]}
    train["anyOf"].insert(0, path)
    for part in ("Data", "DataFile"):
        for key in ("sensitive", "drop", "features"):
            field = schema["$defs"][part]["properties"].get(key)
            if field is not None:
                _allow_one_name(field)


def _allow_one_name(field: dict[str, Any]) -> None:
    name = {"type": "string", "minLength": 1}
    if "anyOf" in field:
        field["anyOf"].insert(0, name)
        return
    field["anyOf"] = [name, {"type": field.pop("type"), "items": field.pop("items")}]
