"""The `if-else` layout: one model as source, compiled into a shared library and called through ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference import reference
from carelabel_fastinference.build import BuildError, cache_folder
from carelabel_fastinference.codegen.export import DEFAULT_BUDGET
from carelabel_fastinference.codegen.project import header_source
from carelabel_fastinference.codegen.scorer import model_source
from carelabel_fastinference.ensemble import TreeEnsemble
from carelabel_fastinference.readers import read_ensemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

FLAGS: Final = ("-std=c++17", "-O2", "-fPIC", "-shared", "-ffp-contract=off")
COMPILE_LIMIT: Final = 600
"""Seconds after which the compiler is taken to hang."""
_ENTRY: Final = """
extern "C" void carelabel_raw_scores(const model::Input* rows, std::size_t n_rows, model::Score* scores) {
    model::raw_scores(rows, n_rows, scores);
}
"""


class IfElseModel:
    """A tree ensemble compiled as code; same bits as the reference.

    Calls release the GIL and share nothing that changes, so that threads may call at once. The link is computed by
    numpy. Rows are (n_rows, n_features) of any real dtype and order.

    Attributes:
        ensemble: what was compiled.
        library: path of the shared library.
    """

    def __init__(self, ensemble: TreeEnsemble, library: str | os.PathLike[str]) -> None:
        """Load a library compiled from `shared_source(ensemble)`."""
        self.ensemble = ensemble
        self.library = Path(library)
        self._function = ctypes.CDLL(str(library)).carelabel_raw_scores
        self._function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
        self._function.restype = None

    def raw_scores(self, rows: Array) -> Array:
        """Scores before the link: (n_rows, n_columns) of dtype `accumulate`.

        Raises:
            ValueError: if rows has another shape, or holds NaN that the model was not trained with.
        """
        x = np.asarray(rows)
        if x.shape[1:] != (self.ensemble.n_features,):
            msg = f"rows must have shape (n, {self.ensemble.n_features}), got {x.shape}"
            raise ValueError(msg)
        if x.dtype != self.ensemble.input_rounding or not x.flags.c_contiguous:
            with np.errstate(over="ignore"):
                x = np.ascontiguousarray(x, dtype=self.ensemble.input_rounding)
        if not self.ensemble.accepts_nan and bool(np.isnan(x).any()):
            msg = "rows must not hold NaN, as the model was trained without: replace missing values first"
            raise ValueError(msg)
        scores = np.empty((len(x), self.ensemble.n_columns), dtype=self.ensemble.accumulate)
        self._function(x.ctypes.data, len(x), scores.ctypes.data)
        return scores

    def predict_proba(self, rows: Array) -> Array | list[Array]:
        """Probabilities: (n_rows, n_classes), one such array per output where there are several.

        Raises:
            ValueError: as raw_scores, or if the model is one of regression.
        """
        return reference.probabilities_of(self.ensemble, self.raw_scores(rows))

    def predict(self, rows: Array) -> Array:
        """Labels or values: (n_rows,), or (n_rows, n_outputs) where there are several outputs.

        Raises:
            ValueError: as raw_scores.
        """
        return reference.predictions_of(self.ensemble, self.raw_scores(rows))


def compile_if_else(
    model: object,
    *,
    budget: int = DEFAULT_BUDGET,
    integer: bool = False,
    cache: str | os.PathLike[str] | None = None,
) -> IfElseModel:
    """Generate and compile the code of a model, or load it if it has been compiled before.

    model: a trained model or a TreeEnsemble. budget: most inner nodes written as if-else; the others become a table.
    integer: compare integer keys instead of float32 values. cache: folder of compiled code; by default that of the
    kernel's builds.

    Raises:
        BuildError: if there is no compiler or it fails.
        UnsupportedModelError: if the model cannot be read.
        ValueError: if budget is negative, or integer does not fit the model.
    """
    ensemble = model if isinstance(model, TreeEnsemble) else read_ensemble(model)
    source = shared_source(ensemble, budget=budget, integer=integer)
    folder = Path(cache) if cache is not None else cache_folder()
    return IfElseModel(ensemble, compile_shared(source, folder))


def shared_source(ensemble: TreeEnsemble, *, budget: int = DEFAULT_BUDGET, integer: bool = False) -> str:
    """One translation unit that exports `void carelabel_raw_scores(const Input*, size_t, Score*)`.

    Input is float or double as `input_rounding` says, Score as `accumulate` says; rows and scores are C-ordered.

    Raises:
        ValueError: if budget is negative, or integer does not fit the ensemble.
    """
    header = header_source(ensemble).replace("#pragma once\n", "")
    body = model_source(ensemble, budget=budget, integer=integer).replace('#include "model.h"\n', "")
    return header + body + _ENTRY


def compile_shared(source: str, folder: Path) -> Path:
    """Shared library of a source in a folder of builds; compiled once for a source, compiler and machine.

    Raises:
        BuildError: if there is no compiler, it fails, or the folder cannot be written.
    """
    compiler = _find_compiler()
    version = _run([compiler, "--version"])
    key = hashlib.sha256("\0".join((source, compiler, version, *FLAGS, platform.machine())).encode())
    target = folder / f"if-else-{key.hexdigest()[:24]}.so"
    if target.exists():
        return target
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            scratch = Path(name)
            (scratch / "model.cpp").write_text(source, encoding="utf-8")
            _run([compiler, *FLAGS, str(scratch / "model.cpp"), "-o", str(scratch / "model.so")])
            # Moved into place whole, so that processes that compile the same at once do not disturb each other.
            (scratch / "model.so").replace(target)
    except OSError as error:
        text = f"compiled code must be kept in {folder}, which cannot be written ({error.strerror})"
        raise BuildError(code="cache-unwritable", text=text, hint="set CARELABEL_HOME to a folder of yours") from None
    return target


def _find_compiler() -> str:
    """Path of the compiler that CXX names, or else of a common one."""
    wanted = os.environ.get("CXX")
    for name in (wanted,) if wanted else ("g++", "c++", "clang++"):
        found = shutil.which(name)
        if found:
            return found
    text = f"if-else code needs a C++ compiler, found no {wanted or 'g++, c++ or clang++'}"
    hint = "install g++ (Debian, Ubuntu), gcc-c++ (Fedora) or set CXX"
    raise BuildError(code="compiler-missing", text=text, hint=hint)


def _run(command: list[str]) -> str:
    """Output of a compiler's run."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's compiler on our own source
            command, capture_output=True, text=True, check=False, timeout=COMPILE_LIMIT
        )
        said, failed = done.stdout, done.returncode != 0
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    except (OSError, subprocess.SubprocessError) as error:
        said, failed, lines = "", True, [str(error)]
    if failed:
        first = lines[0][:300] if lines else "no message"
        text = f"if-else code must compile with {command[0]}, but it failed ({first})"
        hint = "lower the budget, or set CXX to another compiler"
        raise BuildError(code="compiler-failed", text=text, hint=hint)
    return said
