"""The element type in which a converted estimator stays the same model."""

from __future__ import annotations

from typing import Any, Final

from sklearn.impute import SimpleImputer

from carelabel_onnx.imputer import is_plain

# ONNX Runtime computes these in float64 from end to end, as scikit-learn does: the differences are of the order of
# 1e-15 instead of 1e-6, and far smaller than that for features of very different size.
FLOAT64_MODULES: Final = (
    "sklearn.linear_model.",
    "sklearn.naive_bayes",
    "sklearn.neighbors.",
    "sklearn.cluster.",
    "sklearn.discriminant_analysis",
    "sklearn.gaussian_process.",
)
# Members of those modules whose converter or operator knows float32 only.
FLOAT32_ONLY: Final = frozenset({"RidgeClassifier", "RidgeClassifierCV", "LinearSVC"})


def computes_in_float64(estimator: Any) -> bool:  # noqa: ANN401 - any estimator
    """Whether ONNX Runtime can run the converted estimator in float64.

    Trees, boosting and support vectors have float32 operators only (trees round their inputs to float32 in scikit-learn
    too, so nothing is lost there). Neural networks could run in float64 and are left in float32, in which they are
    deployed and quantised; their probabilities differ by about 1e-7.
    """
    kind = type(estimator)
    if kind.__name__ in FLOAT32_ONLY:
        return False
    return kind.__module__.startswith(FLOAT64_MODULES) or kind.__name__ == "LinearSVR"


def has_float32_step(estimator: Any) -> bool:  # noqa: ANN401 - as above
    """Whether a step inside has an operator for float32 only: an imputer of numbers beyond `carelabel_onnx.imputer`."""
    imputers = [part for part in parts_of(estimator) if isinstance(part, SimpleImputer)]
    return any(not is_plain(imputer) and imputer.statistics_.dtype.kind == "f" for imputer in imputers)


def parts_of(estimator: Any) -> list[Any]:  # noqa: ANN401 - as above
    """An estimator and every one inside its pipelines, unions and column transformers."""
    direct: list[Any] = []
    for name in ("steps", "transformer_list", "transformers_"):
        direct += [entry[1] for entry in getattr(estimator, name, ())]
    kept = [part for part in direct if hasattr(part, "get_params")]
    return [estimator, *(inner for part in kept for inner in parts_of(part))]
