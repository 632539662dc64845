"""compile_model: a trained tree model becomes a FastModel that predicts the same bits, many times faster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, overload

import numpy as np

from carelabel_fastinference.build import kernel
from carelabel_fastinference.coercion import Coercion
from carelabel_fastinference.ensemble import TreeEnsemble
from carelabel_fastinference.pack import kernel_tables, makes_missing
from carelabel_fastinference.store import read_model, write_model

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from carelabel_fastinference.if_else import IfElseModel

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Path: TypeAlias = Literal["", "avx512", "avx2", "portable"]
Native: TypeAlias = Literal["native", "native-unshared", "native-ranks"]
Layout: TypeAlias = Literal[Native, "if-else", "if-else-integer"]

NATIVE: Final = ("native", "native-unshared", "native-ranks")
CODE: Final = ("if-else", "if-else-integer")
_PREDICTING: Final = ("predict_proba", "decision_function")


class FastModel:
    """A packed tree ensemble; rows in, predictions out.

    Rows are arrays (n_rows, n_features) of any real dtype, order and strides, or what numpy makes such an
    array of; float32 and float64 are read in place. NaN is refused unless the model was trained with it;
    infinities are compared like numbers. The methods are those of the compiled kernel itself, so a call costs
    no Python frame; they may be called from many threads at once.

    Attributes:
        predict: labels or values, (n_rows,), or (n_rows, n_outputs) where there are several outputs.
        predict_proba: probabilities, (n_rows, n_classes), a list of them for several outputs; classifiers
            only.
        decision_function: raw scores of a boosted classifier, (n_rows,) or (n_rows, n_classes).
        raw_scores: scores before the link, (n_rows, n_columns), always there.
        ensemble: what was packed.
        classes_: classes, or a list of them for several outputs; classifiers only.
        n_features_in_: features of a row.
        layout: name of the layout.
    """

    predict: Callable[[Any], Array]
    predict_proba: Callable[[Any], Any]
    decision_function: Callable[[Any], Array]
    raw_scores: Callable[[Any], Array]
    classes_: Array | list[Array]

    def __init__(self, ensemble: TreeEnsemble, *, layout: Native = "native", threads: int = 1, path: Path = "") -> None:
        """Pack an ensemble; see compile_model."""
        self.ensemble = ensemble
        self.layout = layout
        self.n_features_in_ = ensemble.n_features
        self._kernel = Packing(ensemble, layout=layout, threads=threads, path=path).first()
        _bind(self)

    @property
    def nbytes(self) -> int:
        """Bytes of the packed tables."""
        return int(self._kernel.nbytes)

    @property
    def path(self) -> str:
        """Instruction set in use: "avx512", "avx2" or "portable"."""
        return str(self._kernel.path)

    @property
    def threads(self) -> int:
        """Threads a call may use, from 1 to 1024; can be set."""
        return int(self._kernel.threads)

    @threads.setter
    def threads(self, threads: int) -> None:
        self._kernel.threads = threads

    def save(self, file: str | os.PathLike[str]) -> None:
        """Write the model to a file that executes nothing when it is read: arrays and JSON in a zip archive.

        Raises:
            ValueError: if the classes are Python objects other than strings.
        """
        write_model(self.ensemble, file)

    @staticmethod
    def load(file: str | os.PathLike[str], *, threads: int = 1, path: Path = "") -> FastModel:
        """Read and pack a saved model.

        Raises:
            ValueError: if the file is no saved model.
        """
        return FastModel(read_model(file), threads=threads, path=path)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (called for missing names only)
        """Say in one line why a method is not there."""
        if name in _PREDICTING:
            msg = f"{name} must be asked of a classifier that has one; this model offers predict and raw_scores"
            raise AttributeError(msg)
        msg = f"FastModel has no attribute {name!r}"
        raise AttributeError(msg)


class Outputs:
    """Probabilities and labels of classifiers with several outputs, made of the kernel's wide arrays."""

    __slots__ = ("_classes", "_kernel", "_parts")

    def __init__(self, kernel_model: Any, classes: tuple[Array, ...]) -> None:  # noqa: ANN401
        """kernel_model: packed model; classes: of every output."""
        self._kernel = kernel_model
        self._classes = classes
        ends = np.cumsum([len(names) for names in classes]).tolist()
        self._parts = [slice(end - len(names), end) for end, names in zip(ends, classes, strict=True)]

    def predict_proba(self, rows: Any) -> list[Array]:  # noqa: ANN401
        """Probabilities of every output's classes: (n_rows, n_classes) each."""
        joined = self._kernel.probabilities(rows)
        return [np.ascontiguousarray(joined[:, part]) for part in self._parts]

    def predict(self, rows: Any) -> Array:  # noqa: ANN401
        """Labels (n_rows, n_outputs)."""
        chosen = self._kernel.labels(rows)
        return np.stack([names[chosen[:, i]] for i, names in enumerate(self._classes)], axis=1)


@overload
def compile_model(model: object, *, layout: Native = ..., threads: int = ..., path: Path = ...) -> FastModel: ...


@overload
def compile_model(
    model: object, *, layout: Literal["if-else", "if-else-integer"], threads: int = ..., path: Path = ...
) -> IfElseModel: ...


def compile_model(
    model: object, *, layout: Layout = "native", threads: int = 1, path: Path = ""
) -> FastModel | IfElseModel:
    """Make a fast model of a trained model, or of a TreeEnsemble; every layout gives the same bits.

    Args:
        model: fitted trees, forests or boosting of scikit-learn, XGBoost or LightGBM; or a TreeEnsemble.
        layout: "native": packed nodes ordered by path probability, integer keys as thresholds, equal leaves
            shared. "native-unshared": without sharing. "native-ranks": thresholds replaced by their ranks, inputs
            by binary search. "if-else", "if-else-integer": generated source, compiled for this model; slower to
            make.
        threads: threads a call may use, 1 to 1024; native layouts. More than one pays from 128 rows on.
        path: "avx512", "avx2" or "portable" to force an instruction set; "" takes the best one; native layouts.

    Raises:
        UnsupportedModelError: if the model cannot be read exactly.
        BuildError: if the kernel cannot be compiled on this machine; says what to install.
        ValueError: if layout, threads or path is out of range.
    """
    if not isinstance(model, TreeEnsemble):
        from carelabel_fastinference.readers import read_ensemble  # noqa: PLC0415  (may import a framework)

        model = read_ensemble(model)
    if layout == "if-else" or layout == "if-else-integer":  # noqa: PLR1714  (narrows the type)
        _refuse_for_code(layout, threads, path)
        from carelabel_fastinference.codegen import compile_if_else  # noqa: PLC0415  (only this layout needs it)

        return compile_if_else(model, integer=layout == "if-else-integer")
    return FastModel(model, layout=layout, threads=threads, path=path)


def _refuse_for_code(layout: str, threads: int, path: str) -> None:
    """Generated code computes on the caller's thread, with what the compiler makes of it."""
    if threads != 1 or path:
        msg = f"threads and path belong to native layouts, got threads={threads} and path={path!r} for {layout}"
        raise ValueError(msg)


class Packing:
    """The packed forms of one ensemble; the kernel asks for a further one when rows need it."""

    __slots__ = ("_ensemble", "_how", "_layout")

    def __init__(self, ensemble: TreeEnsemble, *, layout: Native, threads: int, path: Path) -> None:
        """layout, threads, path: see compile_model."""
        if layout not in NATIVE:
            msg = f"layout must be one of {', '.join((*NATIVE, *CODE))}, got {layout!r}"
            raise ValueError(msg)
        if not 1 <= threads <= 1024:  # noqa: PLR2004
            msg = f"threads must be from 1 to 1024, got {threads}"
            raise ValueError(msg)
        self._ensemble = ensemble
        coerce = Coercion(ensemble.n_features)
        self._layout = layout
        self._how = _calling(ensemble) | {
            "threads": threads,
            "path": path,
            "coerce": coerce,
            "share_leaves": int(layout != "native-unshared"),
        }

    def first(self) -> Any:  # noqa: ANN401
        """Packed for float32 rows without NaN, which are the fastest."""
        return self._make(ranks=self._layout == "native-ranks", missing=makes_missing(self._ensemble))

    def _make(self, *, ranks: bool, missing: bool) -> Any:  # noqa: ANN401
        ensemble = self._ensemble
        for_double = None
        if ensemble.input_rounding == "float64" and not ranks:
            for_double = partial(self._make, ranks=True, missing=missing)
        for_missing = None
        if ensemble.accepts_nan and not missing:
            for_missing = partial(self._make, ranks=ranks, missing=True)
        tables = kernel_tables(ensemble, ranks=ranks, missing=missing)
        return kernel().Model(tables | self._how | {"for_double": for_double, "for_missing": for_missing})


def _calling(ensemble: TreeEnsemble) -> dict[str, Any]:
    """How results are made: dtypes and labels."""
    values = np.zeros(0, dtype=np.int64)
    take = None
    if ensemble.outputs is not None and len(ensemble.outputs) == 1:
        classes = ensemble.outputs[0]
        if classes.dtype == np.int64:
            values = np.ascontiguousarray(classes)
        else:
            take = classes.take
    return {
        "empty": np.empty,
        "score_type": None if ensemble.accumulate == "float64" else np.dtype(np.float32),
        "class_type": np.dtype(np.int64),
        "take": take,
        "label_values": values,
    }


def _bind(model: FastModel) -> None:
    """Give the model the kernel's methods under scikit-learn's names."""
    packed, ensemble = model._kernel, model.ensemble  # noqa: SLF001
    model.raw_scores = packed.scores
    if ensemble.outputs is None:
        model.predict = packed.values
        return
    if len(ensemble.outputs) > 1:
        outputs = Outputs(packed, ensemble.outputs)
        model.predict_proba, model.predict = outputs.predict_proba, outputs.predict
        model.classes_ = list(ensemble.outputs)
        return
    model.classes_ = ensemble.outputs[0]
    model.predict = packed.labels
    model.predict_proba = packed.probabilities
    if ensemble.aggregation == "sum":
        model.decision_function = packed.flat_scores
