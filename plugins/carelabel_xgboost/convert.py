"""XGBoost to ONNX through onnxmltools."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import onnxmltools
from onnxmltools.convert.common.data_types import FloatTensorType

from carelabel.errors import UnsupportedError
from carelabel.plugin.interfaces import Artefact
from carelabel_xgboost.facts import input_type_of
from carelabel_xgboost.files import up_to_best
from carelabel_xgboost.learner import counts_of, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    import xgboost

    from carelabel.plugin.interfaces import ConvertContext

INPUT: Final = "X"
OPSET: Final = 15


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the booster as an ONNX graph of one operator.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If onnxmltools has nothing for this kind of booster; the message says what it said.
    """
    booster = booster_of(context.load().native)
    settings = settings_of(booster)
    if settings.booster != "gbtree":
        msg = f"onnxmltools converts boosters of the kind gbtree, this is {settings.booster}"
        raise UnsupportedError(msg)
    model = _to_onnx(booster, settings.features)
    if artefact.facts.classes and artefact.facts.classes != tuple(range(len(artefact.facts.classes))):
        del model.graph.output[0]  # codes of classes: the scores alone say which class it is
    path = out / "model.onnx"
    path.write_bytes(model.SerializeToString())
    counts, parameters = counts_of(booster, settings)
    return Artefact(
        path=path,
        format="onnx",
        facts=artefact.facts,
        input_type=input_type_of(settings, artefact.facts.feature_names),
        parameters={"precision": "float32", "parameter_counts": {"parameters": parameters, **counts}},
    )


def booster_of(native: Any) -> xgboost.Booster:  # noqa: ANN401 - a booster, or a wrapper from a pickle
    """The booster inside, with exactly the rounds that predict.

    Raises:
        UnsupportedError: If the wrapper takes another value than NaN for missing.
    """
    native = getattr(native, "best_estimator_", native)
    if not hasattr(native, "get_booster"):
        return native
    missing = native.missing
    if missing is not None and missing == missing:  # noqa: PLR0124 - only NaN differs from itself
        msg = f"missing values must be NaN to be converted, this model takes {missing!r} for missing"
        raise UnsupportedError(msg, "train it on NaN")
    return up_to_best(native.get_booster())


def _to_onnx(booster: xgboost.Booster, width: int) -> Any:  # noqa: ANN401 - onnx.ModelProto
    plain = booster.copy()
    plain.feature_names = None  # onnxmltools knows columns by number only
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return onnxmltools.convert_xgboost(
                plain, initial_types=[(INPUT, FloatTensorType([None, width]))], target_opset=OPSET
            )
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        msg = f"onnxmltools must know every part of the model; it says: {type(error).__name__}: {said}"
        raise UnsupportedError(msg) from error
