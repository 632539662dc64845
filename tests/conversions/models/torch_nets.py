"""Small seeded networks in the three forms in which torch saves them."""

from __future__ import annotations

import json
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from torch import nn

from tests.conversions.models.given import TRAIN, WIDTH, WORDS, with_extremes
from tests.conversions.models.trained import SIDE, clouds, images, with_train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.conversions.models.given import Given

CODE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.first, self.second = nn.Linear(width, 24), nn.Linear(24, classes)

    def forward(self, rows):
        return self.second(torch.relu(self.first(rows)))
"""


def _fitted(net: Any, x: NDArray[Any], y: NDArray[Any], loss: Any, steps: int = 60) -> Any:
    """A network after a few passes over all training rows at once, always the same one."""
    torch.set_num_threads(1)
    rows, target = torch.tensor(x[:TRAIN], dtype=torch.float32), torch.tensor(y[:TRAIN])
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        loss(net(rows), target).backward()
        optimiser.step()
    return net.eval()


def _exported(folder: Path, net: Any, shape: tuple[int, ...], batch: int | None = None) -> Path:
    shapes = None if batch else ({0: torch.export.Dim.DYNAMIC},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(net, (torch.zeros(batch or 2, *shape),), dynamic_shapes=shapes)
        torch.export.save(program, folder / "model.pt2")
    return folder / "model.pt2"


def _scripted(folder: Path, net: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(net).save(folder / "model.pt")
    return folder / "model.pt"


def _mlp(outputs: int, *last: Any) -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(WIDTH, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, outputs), *last)


def _classifier() -> tuple[Any, NDArray[np.float64], NDArray[np.int64]]:
    x, y, _ = clouds()
    return _fitted(_mlp(3), x, y, torch.nn.functional.cross_entropy), x, y


def torch_mlp(folder: Path) -> Given:
    net, x, y = _classifier()
    return with_train(_exported(folder, net, (WIDTH,)), x, WORDS[y])


def torch_mlp_script(folder: Path) -> Given:
    net, x, y = _classifier()
    return with_train(_scripted(folder, net), x, y)


def torch_mlp_code(folder: Path) -> Given:
    x, y, _ = clouds()
    scope: dict[str, Any] = {}
    exec(CODE, scope)  # noqa: S102 - the code above
    torch.manual_seed(0)
    net = _fitted(scope["Net"](WIDTH, 3), x, y, torch.nn.functional.cross_entropy)
    torch.save(net.state_dict(), folder / "weights.pt")
    path = folder / "model.torch.zip"
    with zipfile.ZipFile(path, "w") as archive:
        about = {"class": "net:Net", "weights": "weights.pt", "arguments": {"width": WIDTH, "classes": 3}}
        archive.writestr("model.json", json.dumps(about))
        archive.writestr("net.py", CODE)
        archive.write(folder / "weights.pt", "weights.pt")
    return with_train(path, x, y)


def torch_mlp_ten_rows(folder: Path) -> Given:
    """Exported for exactly ten rows a call."""
    net, x, y = _classifier()
    return with_train(_exported(folder, net, (WIDTH,), batch=10), x, y)


def torch_mlp_probabilities(folder: Path) -> Given:
    """The network ends in a softmax of its own."""
    net, x, y = _classifier()
    return with_train(_exported(folder, nn.Sequential(net, nn.Softmax(dim=1)), (WIDTH,)), x, y)


def torch_mlp_one_score(folder: Path) -> Given:
    """Two classes, one score."""
    x, y, _ = clouds()
    y = np.minimum(y, 1)

    def loss(output: Any, target: Any) -> Any:
        return torch.nn.functional.binary_cross_entropy_with_logits(output[:, 0], target.float())

    return with_train(_exported(folder, _fitted(_mlp(1), x, y, loss), (WIDTH,)), x, np.array(["no", "yes"])[y])


def torch_mlp_extremes(folder: Path) -> Given:
    """Rows that are missing a value or hold an infinite one; the network has seen none such."""
    net, x, y = _classifier()
    return with_train(_exported(folder, net, (WIDTH,)), np.r_[x[:TRAIN], with_extremes(x[TRAIN:])], y)


def torch_mlp_regressor(folder: Path) -> Given:
    x, _, target = clouds()

    def loss(output: Any, wanted: Any) -> Any:
        return torch.nn.functional.mse_loss(output[:, 0], wanted.float())

    net = _fitted(_mlp(1), x, target, loss, steps=200)
    return with_train(_exported(folder, net, (WIDTH,)), x, target, "regression")


def _cnn() -> tuple[Any, NDArray[np.float64], NDArray[np.int64]]:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
            self.second = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
            self.last = nn.Sequential(nn.Linear(72, 16), nn.ReLU(), nn.Linear(16, 3))

        def forward(self, rows):  # noqa: ANN001, ANN202 - types would be TorchScript's
            found = self.second(self.first(rows))
            return self.last(found.view(found.size(0), -1))

    torch.manual_seed(0)
    x, y = images()
    return _fitted(Net(), x, y, torch.nn.functional.cross_entropy, steps=30), x, y


def torch_cnn(folder: Path) -> Given:
    net, x, y = _cnn()
    return with_train(_exported(folder, net, (1, SIDE, SIDE)), x, y)


def torch_cnn_script(folder: Path) -> Given:
    net, x, y = _cnn()
    return with_train(_scripted(folder, net), x, y)


def torch_recurrent(folder: Path) -> Given:
    """Rows as sequences: no layer is linear in the sense of the quantisers but the last."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps, self.last = nn.GRU(1, 8, batch_first=True), nn.Linear(8, 3)

        def forward(self, rows):  # noqa: ANN001, ANN202 - as above
            return self.last(self.steps(rows.unsqueeze(2))[0][:, -1])

    torch.manual_seed(0)
    x, y, _ = clouds()
    return with_train(_scripted(folder, _fitted(Net(), x, y, torch.nn.functional.cross_entropy, steps=20)), x, y)


def _graph(folder: Path, net: Any, shape: tuple[int, ...]) -> Path:
    names = {"input_names": ["rows"], "output_names": ["scores"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = {"rows": {0: "n"}, "scores": {0: "n"}}
        module = torch.jit.script(torch.nn.Sequential(net, torch.nn.Softmax(dim=1)))
        torch.onnx.export(
            module, (torch.zeros(2, *shape),), folder / "model.onnx", dynamo=False, dynamic_axes=axes, **names
        )
    model = onnx.load(folder / "model.onnx")
    for tensor in model.graph.initializer:  # which torch's other exporter describes twice, too
        value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        model.graph.value_info.append(value)
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


def onnx_mlp(folder: Path) -> Given:
    net, x, y = _classifier()
    return with_train(_graph(folder, net, (WIDTH,)), x, y)


def onnx_cnn(folder: Path) -> Given:
    net, x, y = _cnn()
    return with_train(_graph(folder, net, (1, SIDE, SIDE)), x, y)
