"""Export of a model as a stand-alone C++ project."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.codegen.project import cmake_source, header_source, main_source
from carelabel_fastinference.codegen.scorer import model_source
from carelabel_fastinference.ensemble import TreeEnsemble
from carelabel_fastinference.layouts import DEFAULT_BUDGET
from carelabel_fastinference.probing import probe_rows
from carelabel_fastinference.readers import read_ensemble

if TYPE_CHECKING:
    import os

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN: Final = frozenset(("check", "main", "std", "test"))  # targets, files and namespaces


def export_cpp(  # noqa: PLR0913 - each has a default
    model: object,
    out_dir: str | os.PathLike[str],
    sample_rows: Array | None = None,
    *,
    budget: int = DEFAULT_BUDGET,
    integer: bool = False,
    n_probes: int = 200,
    name: str = "model",
) -> tuple[Path, ...]:
    """Write <name>.h, <name>.cpp, main.cpp and CMakeLists.txt, which need nothing but a C++17 compiler.

    main.cpp predicts stored rows and exits with 0 if raw scores have the stored bits and classes are equal.

    model: a trained model or a TreeEnsemble. out_dir: created if it does not exist. sample_rows: (n, n_features)
    rows to store beside the `n_probes` rows on thresholds and special values. budget: most inner nodes written as
    if-else; the others become a table. integer: compare integer keys instead of float32 values. name: of files,
    library and namespace.

    Returns: the files written.

    Raises:
        UnsupportedModelError: if the model cannot be read.
        ValueError: if sample_rows has another width, budget is negative, integer does not fit the model, or name is
            no lower-case identifier.
        OSError: if a file cannot be written.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        msg = f"name must be a lower-case C++ identifier that is not taken, got {name!r}"
        raise ValueError(msg)
    ensemble = model if isinstance(model, TreeEnsemble) else read_ensemble(model)
    rows = _check_rows(ensemble, sample_rows, n_probes)
    texts = {
        f"{name}.h": header_source(ensemble, name=name),
        f"{name}.cpp": model_source(ensemble, budget=budget, integer=integer, name=name),
        "main.cpp": main_source(ensemble, rows, name=name),
        "CMakeLists.txt": cmake_source(name),
    }
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in texts.items():
        (folder / file).write_text(content, encoding="utf-8")
    return tuple(folder / file for file in texts)


def _check_rows(ensemble: TreeEnsemble, sample_rows: Array | None, n_probes: int) -> Array:
    """Rows to store: the given ones and some that probe thresholds."""
    if sample_rows is None:
        return probe_rows(ensemble, max(n_probes, 1))
    given = np.asarray(sample_rows)
    if given.shape[1:] != (ensemble.n_features,) or not len(given):
        msg = f"sample_rows must have shape (n, {ensemble.n_features}) with n from 1, got {given.shape}"
        raise ValueError(msg)
    with np.errstate(over="ignore"):
        given = given.astype(ensemble.input_rounding)
    return np.concatenate((given, probe_rows(ensemble, n_probes, base=given)))
