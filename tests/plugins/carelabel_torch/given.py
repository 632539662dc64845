"""Small networks with weights that nobody trained, their data, and conversions without processes."""

from __future__ import annotations

import json
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from carelabel.data.rows import DataSet, Rows
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from carelabel_torch.backend import CodeBackend, ExportBackend, ScriptBackend
from tests.factories import make_data

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.model.facts import ModelFacts

ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)
BACKENDS = {"torch-export": ExportBackend, "torch-script": ScriptBackend, "torch-code": CodeBackend}
WIDTH = 5
CODE = """
import torch
from sizes import HIDDEN

class Net(torch.nn.Module):
    def __init__(self, width, outputs):
        super().__init__()
        self.first, self.second = torch.nn.Linear(width, HIDDEN), torch.nn.Linear(HIDDEN, outputs)

    def forward(self, rows):
        return self.second(torch.relu(self.first(rows)))
"""


class Mlp(nn.Module):
    """Two layers."""

    def __init__(self, outputs: int = 3, width: int = WIDTH) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(width, 16), nn.Linear(16, outputs)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(rows)))


class Cnn(nn.Module):
    """Two convolutions with a batch normalisation between, and two layers; sizes as most people write them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.second = nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3)
        self.third, self.last = nn.Linear(32, 16), nn.Linear(16, 3)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.second(torch.relu(self.norm(self.first(rows)))))
        found = nn.functional.max_pool2d(found, 2)
        return self.last(torch.relu(self.third(found.reshape(found.size(0), -1))))


def data_of(shape: tuple[int, ...] = (WIDTH,), classes: tuple[Any, ...] = (0, 1, 2), rows: int = 60) -> DataSet:
    """Seeded rows, with classes in turn or, without classes, a value."""
    x = np.random.default_rng(0).normal(size=(rows, *shape))
    y = np.array(classes)[np.arange(rows) % len(classes)] if classes else x.reshape(rows, -1)[:, 0]
    facts = make_data(rows=rows, features=x[0].size, shape=shape, classes=classes, all_classes=classes)
    return DataSet(rows=Rows(array=x), target=y, groups={}, facts=facts)


def exported(folder: Path, net: nn.Module, shape: tuple[int, ...] = (WIDTH,), batch: int | None = None) -> Path:
    shapes = None if batch else ({0: torch.export.Dim.DYNAMIC},)
    path = folder / "model.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(net, (torch.zeros(batch or 2, *shape),), dynamic_shapes=shapes), path)
    return path


def scripted(folder: Path, net: nn.Module) -> Path:
    path = folder / "model.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(net).save(path)
    return path


def bundled(folder: Path, about: Any = None, **files: bytes) -> Path:
    """Code and weights of a network of 16 hidden units; `about` stands for model.json, `files` for further members."""
    weights = folder / "weights.pt"
    torch.save(Mlp().state_dict(), weights)
    path = folder / "model.torch.zip"
    default = {"class": "net:Net", "weights": "weights.pt", "arguments": {"width": WIDTH, "outputs": 3}}
    members = {"net.py": CODE.encode(), "sizes.py": b"HIDDEN = 16\n", "weights.pt": weights.read_bytes()}
    members |= {name.replace("_py", ".py"): content for name, content in files.items()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(default if about is None else about))
        for name, content in members.items():
            if content:
                archive.writestr(name, content)
    return path


def opened(backend: str, path: Path, data: DataSet) -> tuple[ModelFacts, Any]:
    """Facts and predictor of a submitted file."""
    facts = BACKENDS[backend]().inspect(path, data)
    assert facts is not None
    return facts, BACKENDS[backend]().load(Artefact(path=path, format=backend, facts=facts), ONE_THREAD)


def converted(function: Any, backend: str, path: Path, data: DataSet, **parameters: Any) -> tuple[Artefact, Any]:
    """A submitted file converted by `function`: the artefact and what it was converted from, loaded."""
    facts, predictor = opened(backend, path, data)
    out = path.parent / f"out-{len(list(path.parent.iterdir()))}"
    out.mkdir()
    train = parameters.pop("train", data)
    context = ConvertContext(load=lambda: predictor, test=data, train=train, scratch=out, threads=1, seed=0)
    return function(Artefact(path=path, format=backend, facts=facts), out, context, **parameters), predictor
