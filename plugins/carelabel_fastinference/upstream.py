"""The FastInference that gave this engine its name: one more way to code, where it is installed.

It is https://github.com/sbuschjaeger/fastinference, which no package index has: the package that PyPI calls
fastinference is unrelated. So it is recognised by its files, which are looked up without importing anything. Its state
of September 2022 was tried, the newest there was; tests that need it are skipped where it is not installed.

It generates C++ of classification trees and forests, here with nodes in arrays ("cpp.native"); the code is compiled as
the `if-else` layout is and runs behind the same backend. Features are compared in float64 as scikit-learn does it, so
that labels are the same; probabilities are sums of weighted leaves and can differ in the last bits.
"""

from __future__ import annotations

import time
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carelabel.errors import Reason
from carelabel_fastinference.layouts import UPSTREAM

if TYPE_CHECKING:
    from carelabel import Artefact, ConvertContext

PACKAGE: Final = "fastinference"
FILES: Final = (
    "Loader.py",
    "models/Ensemble.py",
    "models/Tree.py",
    "implementations/ensemble/cpp/implement.py",
    "implementations/tree/cpp/native/implement.py",
)
"""What the package must have, relative to its folder."""

_INSTALL: Final = "pip install git+https://github.com/sbuschjaeger/fastinference"
_NEEDED: Final = "needs the FastInference of sbuschjaeger, recognised by its files"
_ENTRY: Final = """
extern "C" void carelabel_raw_scores(const float* rows, std::size_t n_rows, double* scores) {
    for (std::size_t row = 0; row < n_rows; ++row, rows += N_FEATURES, scores += N_CLASSES) {
        double wide[N_FEATURES];
        for (std::size_t i = 0; i < N_FEATURES; ++i) wide[i] = rows[i];
        for (std::size_t i = 0; i < N_CLASSES; ++i) scores[i] = 0.0;
        FAST_INFERENCE::predict_model(wide, scores);
    }
}
"""


def why_unavailable() -> Reason | None:
    """Why it cannot be used here; None where it can. Nothing is imported."""
    folders = _folders()
    if not folders:
        return Reason(code="package", text=f"{_NEEDED}: it is not installed", hint=_INSTALL)
    for folder in folders:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if not missing:
            return None
    text = f"{_NEEDED}: the package installed in {folders[0]} is another one, without {missing[0]}"
    return Reason(code="package", text=text, hint=f"pip uninstall {PACKAGE}; {_INSTALL}")


def _folders() -> list[Path]:
    try:
        spec = find_spec(PACKAGE)
    except (ImportError, ValueError):  # whatever is called so is broken
        return []
    return [] if spec is None else [Path(folder) for folder in spec.submodule_search_locations or ()]


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Have code of a tree or forest generated, and compile it to a library.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If the model is none of the classifiers that it generates right code for.
        CareLabelError: If its code cannot be compiled.
    """
    from carelabel_fastinference.codegen.shared import compile_shared  # noqa: PLC0415 - declaring does without
    from carelabel_fastinference.convert import compiled_folder, explained, read  # noqa: PLC0415
    from carelabel_fastinference.facts import counts_of  # noqa: PLC0415
    from carelabel_fastinference.inputs import input_type_of  # noqa: PLC0415

    model = _supported(context.load().native)
    ensemble, fed = read(artefact, context)
    with explained(context):
        source = generated_source(model, context.scratch / "generated")
        begin = time.perf_counter()
        library = compile_shared(source, context.scratch)
        seconds = time.perf_counter() - begin
        made = compiled_folder(out, ensemble, library)
    return replace(
        artefact,
        path=made,
        format=UPSTREAM,
        input_type=input_type_of(ensemble, fed),
        parameters={"parameter_counts": counts_of(ensemble)},
        compile_s=seconds,
    )


def generated_source(model: Any, folder: Path) -> str:  # noqa: ANN401 - an estimator of scikit-learn
    """Everything that FastInference generates of a model, as one translation unit with the backend's function.

    Args:
        model: A fitted tree or forest classifier with one output.
        folder: Where FastInference writes; made if need be.
    """
    loader: Any = import_module(f"{PACKAGE}.Loader")
    loaded = loader.model_from_sklearn(model, "model", None)
    how: tuple[str, ...] = ("cpp", "cpp.native") if loaded.category == "ensemble" else ("cpp.native",)
    loaded.implement(str(folder), "model", *how, feature_type="double", label_type="double")
    parts = ["#include <cstddef>\n"]
    for path in (*sorted(folder.glob("*.h")), *sorted(folder.glob("*.cpp"))):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        parts.append("".join(line for line in lines if not line.startswith(('#include "', "#pragma once"))) + "\n")
    return "".join(parts) + _ENTRY


def _supported(model: Any) -> Any:  # noqa: ANN401
    """The estimator that is converted: a fitted search's best one."""
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier  # noqa: PLC0415 - the model is of it
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    from carelabel.errors import UnsupportedError  # noqa: PLC0415

    model = getattr(model, "best_estimator_", model)
    kinds = (DecisionTreeClassifier, RandomForestClassifier, ExtraTreesClassifier)
    if isinstance(model, kinds) and model.n_outputs_ == 1:
        return model
    names = ", ".join(kind.__name__ for kind in kinds)
    found = f"{type(model).__name__} with {getattr(model, 'n_outputs_', 1)} outputs"
    msg = f"FastInference must be given one of {names} with one output, got {found}"
    raise UnsupportedError(msg)
