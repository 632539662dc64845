"""NumPy files: .npz archives of named arrays, and .npy files of one array. Nothing in them is unpickled."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.data.parsed import Parsed, listed, nearest, wanted_names
from carelabel.data.rows import Rows, Sparse
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from carelabel.data.facts import DataSource

_MAGIC: Final = MappingProxyType({"npz": b"PK", "npy": b"\x93NUMPY"})
_FEATURES: Final = ("X", "features", "data", "images", "inputs", "arr_0")
_TARGETS: Final = ("y", "target", "targets", "labels", "label")
_SPARSE: Final = frozenset({"format", "shape", "data"})
_SPARSE_PARTS: Final = _SPARSE | {"indices", "indptr", "row", "col", "offsets", "_is_array"}


def read_npz(source: DataSource, role: str) -> Parsed:
    """Read an archive; one that holds a matrix as scipy's ``save_npz`` writes it gives sparse rows.

    Without names in the metadata the features are ``X_test``, ``x_test`` (``X_train`` for the training set), ``X``,
    ``features``, ``data``, ..., whichever is there first, and the target ``y_test``, ``y``, ``target``, ``labels``, ...

    Raises:
        UsageError: If it is no archive, an array is missing, or holds what no model takes.
    """
    _require_magic(source, "npz")
    with (
        _readable(source, ".npz archive"),
        source.path.open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        names = list(archive.files)
        if set(names) >= _SPARSE and not wanted_names(source, "features"):
            return _read_sparse(source, archive, names, role)
        features = _features_name(source, names, role)
        target = _target_name(source, names, role, features)
        groups = {name: _member(source, archive, name) for name in wanted_names(source, "sensitive")}
        rows = Rows(array=_features(archive[features], f"{features!r} of {source.path.name}"))
        values = archive[target] if target else None
    _same_length(source, rows, groups)
    return Parsed(rows=rows, target=values, target_name=target, groups=groups)


def _read_sparse(source: DataSource, archive: Mapping[str, NDArray[Any]], names: list[str], role: str) -> Parsed:
    """A sparse matrix, and the target where the same archive holds one, which scipy's reader leaves alone."""
    from scipy.sparse import load_npz

    if source.options.get("drop"):
        msg = f"drop works on tables, and {source.path.name} is none"
        raise UsageError(msg, "save the matrix without these columns")
    try:
        matrix = load_npz(source.path).tocsr()
    except (ValueError, KeyError, NotImplementedError, AttributeError) as error:
        found = error.args[0] if isinstance(error, KeyError) else error
        msg = f"{source.path.name} must hold a sparse matrix as scipy's save_npz writes it, found: {found}"
        raise UsageError(msg, "save it again") from error
    if matrix.ndim != len(("rows", "features")) or matrix.shape[1] == 0 or matrix.dtype.kind not in "biuf":
        msg = f"the sparse matrix in {source.path.name} must be rows of numbers, found {_what(matrix)}"
        raise UsageError(msg)
    target = _target_name(source, [name for name in names if name not in _SPARSE_PARTS], role, "")
    groups = {name: _member(source, archive, name) for name in wanted_names(source, "sensitive")}
    matrix.sum_duplicates()
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr.astype(np.int64)}
    rows = Rows(sparse=Sparse(**parts, width=int(matrix.shape[1])))
    _same_length(source, rows, groups)
    return Parsed(rows=rows, target=archive[target] if target else None, target_name=target, groups=groups)


def read_npy(source: DataSource, role: str) -> Parsed:  # noqa: ARG001 - every reader is called alike
    """Read a single array of features, mapped, without a target.

    Raises:
        UsageError: If it is no such file, or the metadata names parts that it cannot have.
    """
    for key in ("features", "sensitive", "drop", "target"):
        if source.target if key == "target" else source.options.get(key):
            msg = f"an .npy file holds one array, so {key} cannot be chosen in {source.path.name}"
            raise UsageError(msg, "use an .npz archive with named arrays")
    _require_magic(source, "npy")
    with _readable(source, ".npy file"):
        array = np.load(source.path, mmap_mode="r", allow_pickle=False)
    return Parsed(rows=Rows(array=_features(array.view(np.ndarray), source.path.name)), target=None, target_name="")


def _require_magic(source: DataSource, kind: str) -> None:
    """Look before numpy does: it takes whatever it does not know for a pickle."""
    with source.path.open("rb") as file:
        head = file.read(len(_MAGIC["npy"]))
    if not head.startswith(_MAGIC[kind]):
        other = next((f"an .{name} file" for name, magic in _MAGIC.items() if head.startswith(magic)), "something else")
        msg = f"{source.path.name} must be an .{kind} file, found {other}"
        raise UsageError(msg, "say what it is with format")


@contextmanager
def _readable(source: DataSource, what: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error) or "Python objects" in str(error):
            msg = f"{source.path.name} must hold plain arrays, found an array of Python objects"
            hint = "save numbers or text of one type; objects are never loaded, because that can run code"
            raise UsageError(msg, hint) from error
        msg = f"{source.path.name} must be a readable {what}, found: {error}"
        raise UsageError(msg, "save it again") from error


def _features_name(source: DataSource, names: list[str], role: str) -> str:
    wanted = wanted_names(source, "features")
    if len(wanted) > 1:
        msg = f"features must name one array of {source.path.name}, found {listed(wanted)}"
        raise UsageError(msg, "stack the arrays, or use a table")
    if source.options.get("drop"):
        msg = f"drop works on tables, and {source.path.name} is none"
        raise UsageError(msg, "save the array without these columns")
    candidates = wanted or [f"X_{role}", f"x_{role}", *_either_case(_FEATURES)]
    found = [name for name in candidates if name in names]
    if not found and wanted:
        msg = f"features must name an array of {source.path.name}, found {wanted[0]!r}, which it does not have"
        raise UsageError(msg, nearest(wanted[0], names))
    if not found:
        msg = f"{source.path.name} must hold an array X with the features, found: {listed(names)}"
        raise UsageError(msg, f"name it: data.{role}.features")
    return found[0]


def _target_name(source: DataSource, names: list[str], role: str, features: str) -> str:
    if source.options.get("no_target"):
        return ""
    if source.target and source.target not in names:
        msg = f"target must name an array of {source.path.name}, found {source.target!r}, which it does not have"
        raise UsageError(msg, nearest(source.target, names))
    candidates = [source.target] if source.target else [f"y_{role}", f"Y_{role}", *_either_case(_TARGETS)]
    suffix = features[1:] if features[:1] in {"X", "x"} else ""
    return next((name for name in [*candidates, f"y{suffix}"] if name in names and name != features), "")


def _either_case(words: tuple[str, ...]) -> list[str]:
    return [*words, *(word.swapcase() for word in words if len(word) == 1)]


def _member(source: DataSource, archive: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in archive:
        msg = f"sensitive must name an array of {source.path.name}, found {name!r}, which it does not have"
        raise UsageError(msg, nearest(name, list(archive)))
    values = archive[name]
    if values.ndim != 1 or values.dtype.kind not in "biufU":
        msg = f"the sensitive array {name!r} of {source.path.name} must hold one value a row, found {_what(values)}"
        raise UsageError(msg)
    return values


def _features(array: NDArray[Any], place: str) -> NDArray[Any]:
    if array.ndim == 0 or array.dtype.kind not in "biufU":
        msg = f"the features {place} must be rows of numbers, truth values or text, found {_what(array)}"
        raise UsageError(msg)
    if 0 in array.shape[1:]:
        msg = f"the features {place} must have at least one value a row, found {_what(array)}"
        raise UsageError(msg)
    if array.dtype.kind == "f" and array.dtype.itemsize > np.dtype(np.float64).itemsize:
        array = array.astype(np.float64)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _what(array: Any) -> str:  # noqa: ANN401 - an array or a sparse matrix
    return f"{array.dtype} of shape {list(array.shape)}"


def _same_length(source: DataSource, rows: Rows, groups: Mapping[str, NDArray[Any]]) -> None:
    for name, values in groups.items():
        if len(values) != len(rows):
            msg = f"{name!r} of {source.path.name} must have a value for each of {len(rows)} rows, found {len(values)}"
            raise UsageError(msg)
