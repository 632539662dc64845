"""Tree ensembles in a file: arrays (.npy) and one JSON text in a zip archive. Nothing in it is executed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.ensemble import TreeEnsemble

if TYPE_CHECKING:
    import os

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

FORMAT: Final = "carelabel-fastinference"
VERSION: Final = 1
_META: Final = "meta"
_TUPLES: Final = ("outputs", "category_values")


def write_model(ensemble: TreeEnsemble, file: str | os.PathLike[str]) -> None:
    """Write an ensemble.

    Raises:
        ValueError: if classes are Python objects other than strings.
    """
    arrays: dict[str, Array] = {}
    plain: dict[str, Any] = {}
    objects: list[str] = []
    for field in fields(ensemble):
        value = getattr(ensemble, field.name)
        if field.name in _TUPLES and value is not None:
            plain[field.name] = [entry is not None for entry in value]
            for index, entry in enumerate(value):
                if entry is not None:
                    name = f"{field.name}.{index}"
                    arrays[name] = _without_objects(np.asarray(entry), name, objects)
        elif isinstance(value, np.ndarray):
            arrays[field.name] = value
        else:
            plain[field.name] = value
    meta = {"format": FORMAT, "version": VERSION, "fields": plain, "objects": objects}
    arrays[_META] = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    with open(file, "wb") as out:  # noqa: PTH123  (any path-like)
        np.savez_compressed(out, allow_pickle=False, **arrays)


def read_model(file: str | os.PathLike[str]) -> TreeEnsemble:
    """Read an ensemble; its fields are checked against each other as any ensemble's.

    Raises:
        ValueError: if the file is no such archive, is damaged, or of a newer version.
        OSError: if it cannot be read.
    """
    try:
        # np.load leaves a damaged file open if it opened it itself.
        with open(file, "rb") as raw, np.load(raw, allow_pickle=False) as archive:  # noqa: PTH123
            meta = json.loads(bytes(archive[_META]))
            if meta["format"] != FORMAT or meta["version"] > VERSION:
                msg = f"version {meta['version']} of {meta['format']}"
                raise ValueError(msg)  # noqa: TRY301 - told as every other damage is, below
            return _assemble(meta, {name: archive[name] for name in archive.files})
    except OSError:
        raise
    except (ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        reason = str(error) or type(error).__name__
        msg = f"{file} must be a model saved by FastModel.save up to version {VERSION}, got {reason}"
        raise ValueError(msg) from None


def _assemble(meta: dict[str, Any], arrays: dict[str, Array]) -> TreeEnsemble:
    for name in meta["objects"]:
        arrays[name] = arrays[name].astype(object)
    known = {field.name for field in fields(TreeEnsemble)}
    values: dict[str, Any] = {name: value for name, value in meta["fields"].items() if name in known}
    for name in _TUPLES:
        if values.get(name) is not None:
            present = values[name]
            values[name] = tuple(arrays[f"{name}.{i}"] if there else None for i, there in enumerate(present))
    values |= {name: array for name, array in arrays.items() if name in known}
    return TreeEnsemble(**values)


def _without_objects(array: Array, name: str, objects: list[str]) -> Array:
    """Strings held as Python objects become an array of strings; other objects cannot be stored."""
    if array.dtype != object:
        return array
    if not all(isinstance(entry, str) for entry in array.tolist()):
        msg = f"{name} must hold numbers or strings to be saved, got Python objects: encode the classes first"
        raise ValueError(msg)
    objects.append(name)
    return array.astype(np.str_)
