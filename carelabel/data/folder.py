"""The folder that a data set lies in: .npy files and a meta.json that is written last.

``X.npy`` holds an array; ``columns/<i>.<part>.npy`` a table; ``data.npy``, ``indices.npy`` and ``indptr.npy`` a sparse
matrix; ``y.npy`` the target; ``groups/<i>.npy`` the sensitive columns.
"""

from __future__ import annotations

import filecmp
import json
import shutil
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.base.json_codec import from_json, to_json
from carelabel.data.columns import CategoryColumn, Column, PlainColumn, TextColumn
from carelabel.data.facts import DataFacts
from carelabel.data.rows import DataSet, Rows, Sparse
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

VERSION: Final = 1
_BLOCK_BYTES: Final = 64 * 1024 * 1024


def write_folder(folder: Path, data: DataSet) -> None:
    """Write a data set so that the folder is there as a whole or not at all.

    One that is there already and holds the same is left alone, since other runs may be reading it; else it is replaced.
    """
    part = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _write(part, data)
        if not _is_same(folder, part):
            _put_in_place(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put_in_place(part: Path, folder: Path) -> None:
    try:
        part.replace(folder)
    except OSError:  # something is there: an older version, a damaged one, or what another run has just finished
        if _is_same(folder, part):
            return
        old = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.old")
        folder.replace(old)
        part.replace(folder)
        shutil.rmtree(old)


def _is_same(folder: Path, part: Path) -> bool:
    """Whether two folders hold the same files: what lies there may have been damaged since it was written."""
    try:
        names = _names(part)
        _, differing, unreadable = filecmp.cmpfiles(folder, part, names, shallow=False)
        return _names(folder) == names and not differing and not unreadable
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def open_folder(folder: Path) -> DataSet:
    """Map a folder read-only.

    Raises:
        UsageError: If it was not written by `write_folder`, or by another version.
    """
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        msg = f"a data folder must hold meta.json, found none in {folder}"
        raise UsageError(msg, "run again: the data is then laid down anew") from error
    if meta.get("version") != VERSION:
        msg = f"the data folder {folder} must be of version {VERSION}, found {meta.get('version')}"
        raise UsageError(msg, "remove it: the data is then laid down anew")
    groups = {name: _load(folder / "groups" / f"{number}.npy") for number, name in enumerate(meta["groups"])}
    return DataSet(
        rows=_open_rows(folder, meta),
        target=_load(folder / "y.npy") if meta["target"] else None,
        groups=groups,
        facts=replace(from_json(DataFacts, meta["facts"]), folder=str(folder)),
    )


def _write(folder: Path, data: DataSet) -> None:
    meta = {
        "version": VERSION,
        "target": data.target is not None,
        "groups": list(data.groups),
        "rows": _write_rows(folder, data.rows),
        "facts": to_json(data.facts),
    }
    if data.target is not None:
        _save(folder / "y.npy", data.target)
    (folder / "groups").mkdir()
    for number, values in enumerate(data.groups.values()):
        _save(folder / "groups" / f"{number}.npy", values)
    (folder / "meta.json").write_text(json.dumps(meta, allow_nan=False), "utf-8")


def _write_rows(folder: Path, rows: Rows) -> dict[str, Any]:
    held = rows.held
    if isinstance(held, np.ndarray):
        _save(folder / "X.npy", held)
        return {"container": "array", "names": list(rows.names)}
    if isinstance(held, Sparse):
        for name in ("data", "indices", "indptr"):
            _save(folder / f"{name}.npy", getattr(held, name))
        return {"container": "csr", "width": held.width}
    (folder / "columns").mkdir()
    columns = [_write_column(folder / "columns", number, *item) for number, item in enumerate(held.items())]
    return {"container": "frame", "columns": columns}


def _write_column(folder: Path, number: int, name: str, column: Column) -> dict[str, Any]:
    if isinstance(column, CategoryColumn):
        _save(folder / f"{number}.codes.npy", column.codes)
        return {"name": name, "kind": "category", "categories": to_json(column.categories), "ordered": column.ordered}
    if column.missing is not None:
        _save(folder / f"{number}.missing.npy", column.missing)
    common = {"name": name, "dtype": column.dtype, "missing": column.missing is not None}
    if isinstance(column, PlainColumn):
        _save(folder / f"{number}.values.npy", column.data)
        return {**common, "kind": "plain"}
    _save(folder / f"{number}.bytes.npy", column.blob)
    _save(folder / f"{number}.offsets.npy", np.concatenate([[0], column.ends]).astype(np.int64))
    return {**common, "kind": "text"}


def _open_rows(folder: Path, meta: dict[str, Any]) -> Rows:
    rows = meta["rows"]
    if rows["container"] == "array":
        return Rows(array=_load(folder / "X.npy"), names=tuple(rows["names"]))
    if rows["container"] == "csr":
        data, indices, indptr = (_load(folder / f"{name}.npy") for name in ("data", "indices", "indptr"))
        return Rows(sparse=Sparse(data=data, indices=indices, indptr=indptr, width=rows["width"]))
    columns = {
        entry["name"]: _open_column(folder / "columns", number, entry) for number, entry in enumerate(rows["columns"])
    }
    return Rows(columns=columns)


def _open_column(folder: Path, number: int, entry: dict[str, Any]) -> Column:
    if entry["kind"] == "category":
        codes = _load(folder / f"{number}.codes.npy")
        return CategoryColumn(codes=codes, categories=tuple(entry["categories"]), ordered=entry["ordered"])
    missing = _load(folder / f"{number}.missing.npy") if entry["missing"] else None
    if entry["kind"] == "plain":
        return PlainColumn(data=_load(folder / f"{number}.values.npy"), dtype=entry["dtype"], missing=missing)
    offsets = _load(folder / f"{number}.offsets.npy")
    blob = _load(folder / f"{number}.bytes.npy")
    return TextColumn(blob=blob, starts=offsets[:-1], ends=offsets[1:], dtype=entry["dtype"], missing=missing)


def _save(path: Path, array: NDArray[Any]) -> None:
    if array.flags.c_contiguous or array.size == 0:
        np.save(path, array, allow_pickle=False)
        return
    out = np.lib.format.open_memmap(path, mode="w+", dtype=array.dtype, shape=array.shape)
    step = max(1, _BLOCK_BYTES // max(1, array.nbytes // len(array)))
    for start in range(0, len(array), step):  # in blocks, so that no second copy of a large array is made
        out[start : start + step] = array[start : start + step]
    out.flush()


def _load(path: Path) -> NDArray[Any]:
    mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped.view(np.ndarray)
