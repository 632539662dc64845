"""SimpleImputer in float64: ONNX's own Imputer knows float32 only, which would move every later value of a Pipeline."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from onnx import TensorProto
from skl2onnx.common._apply_operation import apply_concat
from skl2onnx.common._registration import get_converter, get_shape_calculator
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.impute import SimpleImputer

_ALIAS: Final = "SklearnSimpleImputer"


def is_plain(imputer: Any) -> bool:  # noqa: ANN401 - any estimator
    """Whether it replaces NaN by one finite number a column and does nothing else."""
    missing = imputer.missing_values
    return (
        isinstance(missing, float)
        and np.isnan(missing)
        and not imputer.add_indicator
        and imputer.statistics_.dtype.kind == "f"
        and bool(np.isfinite(imputer.statistics_).all())
    )


def convert_imputer(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - skl2onnx's own types
    """Write the nodes of a SimpleImputer: where a value is NaN its column's statistic, else the value itself.

    Every other input than float64, and every other way of imputing, goes to skl2onnx's own converter.
    """
    imputer = operator.raw_operator
    in_float64 = all(isinstance(variable.type, DoubleTensorType) for variable in operator.inputs)
    if not in_float64 or not is_plain(imputer):
        get_converter(_ALIAS)(scope, operator, container)
        return
    values, missing, numbers = (scope.get_unique_variable_name(name) for name in ("values", "missing", "numbers"))
    apply_concat(scope, [variable.full_name for variable in operator.inputs], values, container, axis=1)
    shape = [1, len(imputer.statistics_)]
    container.add_initializer(numbers, TensorProto.DOUBLE, shape, imputer.statistics_.astype(np.float64).tolist())
    container.add_node("IsNaN", [values], [missing], name=scope.get_unique_operator_name("IsNaN"), op_version=13)
    container.add_node(
        "Where",
        [missing, numbers, values],
        [operator.outputs[0].full_name],
        name=scope.get_unique_operator_name("Where"),
        op_version=9,
    )


def shape_of_imputer(operator: Any) -> None:  # noqa: ANN401 - as above
    """The shape of a SimpleImputer's output, by skl2onnx's own rule."""
    get_shape_calculator(_ALIAS)(operator)


CONVERSIONS: Final = {SimpleImputer: convert_imputer}
SHAPES: Final = {SimpleImputer: shape_of_imputer}
