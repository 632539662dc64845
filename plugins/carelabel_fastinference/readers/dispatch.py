"""Which reader takes a model: decided by the module and name of its class, without importing any library."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from carelabel_fastinference.errors import UnsupportedModelError

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

_PACKAGE: Final = "carelabel_fastinference.readers"
_TASKS: Final = ("Classifier", "Regressor")
_TREES: Final = {
    f"{kind}{task}": f"{_PACKAGE}.sklearn:read_tree" for kind in ("DecisionTree", "ExtraTree") for task in _TASKS
}
_FORESTS: Final = {
    f"{kind}{task}": f"{_PACKAGE}.sklearn:read_forest" for kind in ("RandomForest", "ExtraTrees") for task in _TASKS
}
_BOOSTING: Final = {
    "GradientBoostingClassifier": f"{_PACKAGE}.boosting:read_gradient_boosting",
    "GradientBoostingRegressor": f"{_PACKAGE}.boosting:read_gradient_boosting",
    "HistGradientBoostingClassifier": f"{_PACKAGE}.hist:read_hist_gradient_boosting",
    "HistGradientBoostingRegressor": f"{_PACKAGE}.hist:read_hist_gradient_boosting",
}
_XGBOOST: Final = dict.fromkeys(
    ("Booster", "XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor"),
    f"{_PACKAGE}.xgboost:read_xgboost",
)
_LIGHTGBM: Final = dict.fromkeys(
    ("Booster", "LGBMClassifier", "LGBMRegressor", "LGBMRanker"), f"{_PACKAGE}.lightgbm:read_lightgbm"
)
_READERS: Final = {"sklearn": _TREES | _FORESTS | _BOOSTING, "xgboost": _XGBOOST, "lightgbm": _LIGHTGBM}
_PREDICTING: Final = ("predict", "predict_proba", "decision_function")


def read_ensemble(model: object) -> TreeEnsemble:
    """Read a trained model into a TreeEnsemble whose raw scores are those of the model, bit for bit.

    Subclasses of the supported classes are read too, as long as they predict with the inherited methods.

    Raises:
        UnsupportedModelError: if the class, or a setting of the model, cannot be read exactly, or the model
        is
            not fitted.
    """
    for cls in type(model).__mro__:
        library = cls.__module__.partition(".")[0]
        entry = _READERS.get(library, {}).get(cls.__name__)
        if entry is None:
            continue
        _check_inherits(type(model), library)
        module, _, function = entry.partition(":")
        ensemble: TreeEnsemble = getattr(import_module(module), function)(model)
        return ensemble
    found = f"{type(model).__module__}.{type(model).__qualname__}"
    msg = f"the model must be one of {supported_models()}; got {found}"
    raise UnsupportedModelError(msg)


def supported_models() -> str:
    """Names of the supported classes, by library, for messages."""
    return "; ".join(f"{library}: {', '.join(names)}" for library, names in _READERS.items())


def _check_inherits(cls: type, library: str) -> None:
    """Refuse a subclass that predicts in its own way."""
    for method in _PREDICTING:
        for owner in cls.__mro__:
            if method not in vars(owner):
                continue
            if owner.__module__.partition(".")[0] != library:
                msg = f"{cls.__qualname__} must predict as its {library} class does, but overrides {method}"
                raise UnsupportedModelError(msg)
            break
