"""Reading an estimator from a file; every way in which that can fail becomes one line."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import joblib
import sklearn
from sklearn.exceptions import InconsistentVersionWarning

from carelabel.errors import LoadError
from carelabel_sklearn.content import describe, is_cut_off, release, written_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Plain data of scikit-learn's own that skops does not trust by itself: arrays in compiled or private classes. None of
# them runs anything of the file's when it is built.
TRUSTED: Final = frozenset(
    {
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.Matern",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.gaussian_process.kernels.RationalQuadratic",
        "sklearn.gaussian_process.kernels.Sum",
        "sklearn.gaussian_process.kernels.WhiteKernel",
        "sklearn.metrics._dist_metrics.EuclideanDistance",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What came out of a file.

    Attributes:
        content: The unpickled object, not yet checked.
        written_with: scikit-learn version that wrote it, empty when it does not say.
        warnings: One line each: what the load warned about.
    """

    content: Any
    written_with: str
    warnings: tuple[str, ...]


def read_pickle(path: Path) -> Loaded:
    """Unpickle a file. This runs code that is stored in it.

    Raises:
        LoadError: If it is empty, truncated, no pickle, or names code that is not there.
    """

    def load() -> Any:  # noqa: ANN401 - a pickle holds anything
        with path.open("rb") as file:
            return pickle.load(file)  # noqa: S301 - the caller has consent

    return _guarded(path, "a pickled scikit-learn estimator", load)


def read_joblib(path: Path) -> Loaded:
    """Load a joblib file, compressed or not. This runs code that is stored in it.

    Raises:
        LoadError: As `read_pickle`.
    """
    return _guarded(path, "a scikit-learn estimator saved by joblib", lambda: joblib.load(path))


def read_skops(path: Path) -> Loaded:
    """Load a skops file; only types that skops or `TRUSTED` names are built.

    Raises:
        LoadError: If it cannot be read, or holds a type that is not trusted, which is named.
    """
    from skops import io  # noqa: PLC0415 - 7 s of processor time, only for skops files

    def load() -> Any:  # noqa: ANN401 - checked by the caller
        named = set(io.get_untrusted_types(file=path))
        if foreign := sorted(named - TRUSTED):
            msg = f"{path.name} must hold only types that are trusted; it holds {', '.join(foreign)}"
            raise LoadError(msg, "save it with pickle and load it with --trust-pickle if you trust who made it")
        return io.load(path, trusted=sorted(named))

    return _guarded(path, "a scikit-learn estimator saved by skops", load)


def _guarded(path: Path, wanted: str, load: Callable[[], Any]) -> Loaded:
    if path.stat().st_size == 0:
        msg = f"{path.name} must hold {wanted}; it is empty (0 bytes)"
        raise LoadError(msg, "save the model again")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            content = load()
        except LoadError:
            raise
        except Exception as error:  # unpickling runs foreign code, which can raise anything
            raise _explain(path, wanted, error) from error
    versions = [w.message for w in caught if isinstance(w.message, InconsistentVersionWarning)]
    written = release(str(versions[0].original_sklearn_version)) if versions else ""
    lines = {_one_line(w.message) for w in caught if not isinstance(w.message, InconsistentVersionWarning)}
    return Loaded(content=content, written_with=written, warnings=tuple(sorted(lines)))


def _explain(path: Path, wanted: str, error: Exception) -> LoadError:
    """The one line for a load that failed: the most telling cause first."""
    what = f"{path.name} must hold {wanted}"
    if isinstance(error, ModuleNotFoundError) and _is_module_name(error.name):
        return LoadError(f"{what}; loading it needs the module {error.name!r}, which is not installed", "install it")
    found = describe(path)
    readable = found.startswith(("a pickle", "a file compressed", "a zip"))
    if not readable:
        return LoadError(f"{what}; it holds {found}", "check that this is the model file")
    if found != "a zip archive" and is_cut_off(path):
        return LoadError(f"{what}; it ends too early or is damaged ({_one_line(error)})", "copy or save it again")
    written = written_with(path)
    if written and written != sklearn.__version__:
        return LoadError(
            f"{path.name} was written by scikit-learn {written} and cannot be loaded by scikit-learn "
            f"{sklearn.__version__}: {_one_line(error)}",
            f"install scikit-learn=={written}, or train and save the model again",
        )
    if isinstance(error, AttributeError):
        return LoadError(f"{what}; it names code that is not there: {_one_line(error)}", "make that code importable")
    return LoadError(f"{what}; it is {found} that cannot be loaded: {_one_line(error)}", "save the model again")


def _is_module_name(name: str | None) -> bool:
    """Text that happens to begin like a pickle's import names no module."""
    return all(part.isidentifier() for part in (name or "").split("."))


def _one_line(error: Exception | str) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, Warning) else f"{type(error).__name__}: {text}"
