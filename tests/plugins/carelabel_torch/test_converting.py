"""What converters write; how close it comes is in tests/conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from carelabel.errors import CareLabelError, UnsupportedError
from carelabel_torch import half, pruning, quantise, structured
from carelabel_torch.backend import ExportBackend, ScriptBackend
from tests.plugins.carelabel_torch.given import (
    ONE_THREAD,
    WIDTH,
    Cnn,
    Mlp,
    bundled,
    converted,
    data_of,
    exported,
    scripted,
)

if TYPE_CHECKING:
    from pathlib import Path

DATA = data_of()
IMAGES = data_of((1, 8, 8))


@pytest.fixture(params=["torch-export", "torch-code"])
def mlp(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    return request.param, exported(tmp_path, Mlp().eval()) if request.param == "torch-export" else bundled(tmp_path)


def test_half_of_the_weights_become_zero_and_no_bias(mlp: Any) -> None:
    artefact, _ = converted(pruning.convert, *mlp, DATA, share=0.5, epochs=0)
    after = ExportBackend().load(artefact, ONE_THREAD).native.module
    weights = sorted(
        (
            abs(value)
            for name, tensor in after.named_parameters()
            if tensor.ndim > 1
            for value in tensor.ravel().tolist()
        )
    )
    assert weights[: len(weights) // 2] == [0.0] * 64
    assert weights[64] > 0
    assert all(tensor.count_nonzero() == len(tensor) for _, tensor in after.named_parameters() if tensor.ndim == 1)
    assert artefact.parameters["parameter_counts"]["nonzero"] == 147 - 64
    assert artefact.parameters["sparsity"] == pytest.approx(64 / 147)


def test_the_original_stays_as_it_was(mlp: Any) -> None:
    artefact, predictor = converted(pruning.convert, *mlp, DATA, share=0.9, epochs=1)
    counted = sum(int(tensor.count_nonzero()) for tensor in predictor.native.module.parameters())
    assert (counted, artefact.parameters["parameter_counts"]["nonzero"] < counted) == (147, True)


def test_zeros_stay_zero_in_fine_tuning(tmp_path: Path) -> None:
    for path, name in (
        (exported(tmp_path, Mlp().eval()), "torch-export"),
        (scripted(tmp_path, Mlp().eval()), "torch-script"),
    ):
        artefact, _ = converted(pruning.convert, name, path, DATA, share=0.5, epochs=2)
        assert artefact.parameters["parameter_counts"]["nonzero"] == 147 - 64


def test_fine_tuning_makes_the_loss_smaller(tmp_path: Path) -> None:
    """Rows whose class is their largest value, which a network without training does not know."""
    data = data_of(rows=300)
    data.target[:] = data.rows.array()[:, :3].argmax(axis=1)
    right = []
    for epochs in (0, 20):
        artefact, _ = converted(
            pruning.convert, "torch-export", exported(tmp_path, Mlp().eval()), data, share=0.2, epochs=epochs
        )
        predictor = ExportBackend().load(artefact, ONE_THREAD)
        right.append((predictor.predict(predictor.prepare(data.rows)) == data.target).mean())
    assert right[1] > right[0] + 0.2


def test_fine_tuning_needs_training_rows(mlp: Any) -> None:
    with pytest.raises(CareLabelError, match="fine-tuning needs training rows with their target"):
        converted(pruning.convert, *mlp, DATA, train=None, share=0.5, epochs=1)


def test_a_class_that_the_network_does_not_know(mlp: Any) -> None:
    train = data_of(classes=(0, 1, 7))
    with pytest.raises(CareLabelError, match="classes that the network knows; it holds 7"):
        converted(pruning.convert, *mlp, DATA, train=train, share=0.5, epochs=1)


@pytest.mark.parametrize("epochs", [0, 1])
def test_channels_are_removed_from_all_layers_but_the_last(tmp_path: Path, epochs: Any) -> None:
    """8 filters of 9 weights, 8 of 72, 32 x 16 and 16 x 3 become half of each but the 3 outputs."""
    path = exported(tmp_path, Cnn().eval(), (1, 8, 8))
    artefact, _ = converted(structured.convert, "torch-export", path, IMAGES, share=0.5, epochs=epochs)
    assert artefact.parameters["parameter_counts"]["parameters"] == (4 * 10 + 4 * 2 + 4 * 37) + (16 * 8 + 8) + (
        8 * 3 + 3
    )
    assert artefact.parameters["bytes_removed"] > 0
    predictor = ExportBackend().load(artefact, ONE_THREAD)
    assert predictor.predict(predictor.prepare(IMAGES.rows)).shape == (60,)


def test_without_inner_channels_nothing_can_be_removed(tmp_path: Path) -> None:
    path = exported(tmp_path, nn.Linear(WIDTH, 3).eval())
    with pytest.raises(UnsupportedError, match="must have channels to remove between its first and its last layer"):
        converted(structured.convert, "torch-export", path, DATA, share=0.5, epochs=0)


@pytest.mark.parametrize(("net", "data", "layers"), [(Mlp(), DATA, 2), (Cnn(), IMAGES, 2)])
def test_linear_layers_become_int8_for_any_number_of_rows(tmp_path: Path, net: Any, data: Any, layers: Any) -> None:
    path = exported(tmp_path, net.eval(), data.rows.shape)
    artefact, original = converted(quantise.convert, "torch-export", path, data)
    predictor = ScriptBackend().load(artefact, ONE_THREAD)
    rows = predictor.prepare(data.rows)
    assert artefact.parameters["quantised_layers"] == layers
    np.testing.assert_allclose(predictor.predict_proba(rows), original.predict_proba(rows), rtol=0, atol=0.05)
    assert predictor.predict_proba(rows[:1]).shape == (1, 3)


def test_a_network_without_linear_layers_has_no_int8(tmp_path: Path) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.filters = nn.Conv2d(1, 3, 8)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.filters(rows).flatten(1)

    path = exported(tmp_path, Net().eval(), (1, 8, 8))
    with pytest.raises(UnsupportedError, match="must have linear layers to quantise"):
        converted(quantise.convert, "torch-export", path, IMAGES)


def test_float16_is_half_as_large_and_takes_float16(tmp_path: Path) -> None:
    net = Mlp(width=400).eval()
    data = data_of((400,))
    path = exported(tmp_path, net, (400,))
    artefact, original = converted(half.convert, "torch-export", path, data)
    assert (artefact.format, artefact.input_type.dtype) == ("torch-export-half", "float16")
    assert artefact.parameters["bytes_removed"] > 400 * 16 * 2 * 0.9
    predictor = ExportBackend().load(artefact, ONE_THREAD)
    found = predictor.predict_proba(predictor.prepare(data.rows))
    np.testing.assert_allclose(found, original.predict_proba(original.prepare(data.rows)), rtol=0, atol=5e-3)


def test_the_rows_of_the_data_do_not_get_into_the_file(tmp_path: Path) -> None:
    artefact, _ = converted(
        pruning.convert, "torch-export", exported(tmp_path, Mlp().eval()), DATA, share=0.5, epochs=0
    )
    first = DATA.rows.array(np.float32)[0].tobytes()
    assert first not in artefact.path.read_bytes()
