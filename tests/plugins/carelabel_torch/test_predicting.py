"""A network answers as torch itself does, from every kind of file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from carelabel_torch.backend import ScriptBackend
from tests.plugins.carelabel_torch.given import WIDTH, Cnn, Mlp, bundled, data_of, exported, opened, scripted

if TYPE_CHECKING:
    from pathlib import Path

DATA = data_of()
X = torch.tensor(DATA.rows.array(np.float32))


def expected(net: Any) -> Any:
    with torch.no_grad():
        return net(X)


@pytest.mark.parametrize("backend", ["torch-export", "torch-script", "torch-code"])
def test_scores_become_labels_and_probabilities(tmp_path: Path, backend: Any) -> None:
    net = Mlp().eval()
    write = {"torch-export": exported, "torch-script": scripted, "torch-code": lambda folder, _: bundled(folder)}
    facts, predictor = opened(backend, write[backend](tmp_path, net), DATA)
    scores = expected(net)
    rows = predictor.prepare(DATA.rows)
    assert (facts.task, facts.family, facts.classes, facts.framework) == ("classification", "mlp", (0, 1, 2), "torch")
    assert (facts.parameters, facts.counts["linear_layers"]) == (WIDTH * 16 + 16 + 16 * 3 + 3, 2)
    assert facts.warnings == ("probabilities are the softmax of the network's outputs",)
    assert predictor.predict(rows).tolist() == scores.argmax(dim=1).tolist()
    np.testing.assert_allclose(predictor.predict_proba(rows), torch.softmax(scores, dim=1), rtol=0, atol=1e-6)
    assert predictor.predict(rows[:1]).shape == (1,)


def test_probabilities_of_the_network_stay_as_they_are(tmp_path: Path) -> None:
    net = nn.Sequential(Mlp(), nn.Softmax(dim=1)).eval()
    facts, predictor = opened("torch-export", exported(tmp_path, net), DATA)
    assert (facts.probabilities, facts.provides, facts.warnings) == (True, (), ())
    np.testing.assert_allclose(predictor.predict_proba(predictor.prepare(DATA.rows)), expected(net), atol=1e-6)


@pytest.mark.parametrize("last", [None, nn.Sigmoid()])
def test_one_score_decides_between_two_classes(tmp_path: Path, last: Any) -> None:
    net = nn.Sequential(Mlp(1), *([last] if last else [])).eval()
    facts, predictor = opened("torch-export", exported(tmp_path, net), data_of(classes=("no", "yes")))
    chance = expected(net)[:, 0] if last else torch.sigmoid(expected(net)[:, 0])
    rows = predictor.prepare(DATA.rows)
    assert facts.classes == ("no", "yes")
    assert predictor.predict(rows).tolist() == np.array(["no", "yes"])[(chance > 0.5).long()].tolist()
    np.testing.assert_allclose(predictor.predict_proba(rows), torch.stack([1 - chance, chance], dim=1), atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 2])
def test_without_classes_the_outputs_are_values(tmp_path: Path, outputs: Any) -> None:
    net = Mlp(outputs).eval()
    facts, predictor = opened("torch-export", exported(tmp_path, net), data_of(classes=()))
    values = predictor.predict(predictor.prepare(DATA.rows))
    assert (facts.task, facts.outputs, predictor.predict_proba) == ("regression", outputs, None)
    assert values.shape == ((60,) if outputs == 1 else (60, 2))
    np.testing.assert_allclose(values.reshape(60, -1), expected(net), atol=1e-6)


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_a_fixed_number_of_rows_is_fed_in_calls_of_that_size(tmp_path: Path, batch: Any) -> None:
    net = Mlp().eval()
    facts, predictor = opened("torch-export", exported(tmp_path, net, batch=batch), DATA)
    assert f"exactly {batch} rows a call" in facts.warnings[-1]
    assert predictor.predict(predictor.prepare(DATA.rows)).tolist() == expected(net).argmax(dim=1).tolist()


@pytest.mark.parametrize(("layout", "shape"), [("nchw", (1, 8, 8)), ("nhwc", (8, 8, 1))])
def test_images_are_taken_as_they_lie(tmp_path: Path, layout: Any, shape: Any) -> None:
    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Cnn()

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.inner(rows.permute(0, 3, 1, 2).contiguous())

    net = (Cnn() if layout == "nchw" else Turned()).eval()
    data = data_of(shape)
    for name, path in (("torch-export", exported(tmp_path, net, shape)), ("torch-script", scripted(tmp_path, net))):
        facts, predictor = opened(name, path, data)
        with torch.no_grad():
            scores = net(torch.tensor(data.rows.array(np.float32)))
        assert (facts.family, facts.input_type.shape) == ("cnn", shape)
        assert facts.counts["convolutions"] == 2
        assert facts.counts["buffers"] == 17  # mean and variance of 8 channels, and a counter
        assert predictor.predict(predictor.prepare(data.rows)).tolist() == scores.argmax(dim=1).tolist()


def test_the_first_of_several_outputs_is_the_prediction(tmp_path: Path) -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Mlp()

        def forward(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.net(rows), rows

    net = Both().eval()
    for name, path in (("torch-export", exported(tmp_path, net)), ("torch-script", scripted(tmp_path, net))):
        _, predictor = opened(name, path, DATA)
        assert predictor.predict(predictor.prepare(DATA.rows)).tolist() == expected(net)[0].argmax(dim=1).tolist()


def test_a_network_may_write_to_its_input(tmp_path: Path) -> None:
    held = DATA.rows.array(np.float32)
    held.flags.writeable = False  # as rows are that lie in mapped files
    data = data_of()
    data.rows.held = held
    _, predictor = opened("torch-script", scripted(tmp_path, nn.Sequential(nn.ReLU(inplace=True), Mlp()).eval()), data)
    rows = predictor.prepare(data.rows)
    predictor.predict(rows)
    assert held.min() < 0


def test_a_network_exported_in_training_mode_is_remarked_on(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(WIDTH, 8), nn.Dropout(0.5), nn.Linear(8, 3)).train()
    facts, _ = opened("torch-export", exported(tmp_path, net), DATA)
    assert "was exported in training mode" in facts.warnings[0]


def test_threads_are_those_of_the_platform(tmp_path: Path) -> None:
    torch.set_num_threads(2)
    opened("torch-script", scripted(tmp_path, Mlp().eval()), DATA)
    assert torch.get_num_threads() == 1


def test_recurrence_is_no_perceptron(tmp_path: Path) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps, self.last = nn.GRU(1, 4, batch_first=True), nn.Linear(4, 3)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.last(self.steps(rows.unsqueeze(2))[0][:, -1])

    facts = ScriptBackend().inspect(scripted(tmp_path, Net().eval()), DATA)
    assert facts is not None
    assert facts.family == "other"
