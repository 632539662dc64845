"""Subjects in the file formats of their own libraries: boosters and networks; each writes a case."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from tests.subjects import TRAIN_ROWS, Case, _case, _points

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

TREES = 10
STEPS = 80


def xgboost_file(folder: Path) -> Case:
    """XGBoost on three classes, in its JSON file."""
    from xgboost import XGBClassifier  # noqa: PLC0415 - heavy imports wait until a subject is made

    x, y = _points(classes=3)
    fitted = XGBClassifier(n_estimators=TREES, max_depth=4, n_jobs=1, random_state=0)
    fitted.fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS])
    path = _place(folder, "model.json")
    fitted.save_model(path)
    return _case(folder, "xgboost", path, "classification", x, y)


def lightgbm_file(folder: Path) -> Case:
    """LightGBM on three classes, in its text file."""
    from lightgbm import LGBMClassifier  # noqa: PLC0415 - as above

    x, y = _points(classes=3)
    fitted = LGBMClassifier(n_estimators=TREES, n_jobs=1, random_state=0, verbose=-1)
    fitted.fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS])
    path = _place(folder, "model.txt")
    fitted.booster_.save_model(path)
    return _case(folder, "lightgbm", path, "classification", x, y)


def catboost_file(folder: Path) -> Case:
    """CatBoost on three classes, in its binary file."""
    from catboost import CatBoostClassifier  # noqa: PLC0415 - as above

    x, y = _points(classes=3)
    quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1, "random_seed": 0}
    fitted = CatBoostClassifier(iterations=TREES, depth=4, **quiet).fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS])
    path = _place(folder, "model.cbm")
    fitted.save_model(str(path))
    return _case(folder, "catboost", path, "classification", x, y)


def keras_file(folder: Path) -> Case:
    """A small Keras network that ends in probabilities, in a .keras file."""
    from carelabel_keras.library import import_keras  # noqa: PLC0415 - as above

    x, y = _points(classes=3)
    keras = import_keras(None)
    keras.utils.set_random_seed(0)
    layers = keras.layers
    net = keras.Sequential(
        [keras.Input((x.shape[1],)), layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    net.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    net.fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS], epochs=STEPS // 8, verbose=0)
    path = _place(folder, "model.keras")
    net.save(path)
    return _case(folder, "keras", path, "classification", x, y)


def torch_export(folder: Path) -> Case:
    """A small torch network that gives scores, saved by torch.export."""
    import torch  # noqa: PLC0415 - as above

    net, x, y = _network()
    path = _place(folder, "model.pt2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside of torch
        rows = torch.zeros(2, x.shape[1])
        program = torch.export.export(net, (rows,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
        torch.export.save(program, path)
    return _case(folder, "torch", path, "classification", x, y)


def torch_script(folder: Path) -> Case:
    """The same network as TorchScript."""
    import torch  # noqa: PLC0415 - as above

    net, x, y = _network()
    path = _place(folder, "model.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        torch.jit.script(net).save(path)
    return _case(folder, "torch-script", path, "classification", x, y)


SUBJECTS: Mapping[str, Callable[[Path], Case]] = {
    "xgboost": xgboost_file,
    "lightgbm": lightgbm_file,
    "catboost": catboost_file,
    "keras": keras_file,
    "torch": torch_export,
    "torch-script": torch_script,
}
"""Name to the function that writes the subject."""


def _place(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _network() -> tuple[Any, Any, Any]:
    """A network after a few passes over all training rows at once, always the same one."""
    import torch  # noqa: PLC0415 - as above

    torch.manual_seed(0)
    x, y = _points(classes=3)
    net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], 32), torch.nn.ReLU(), torch.nn.Linear(32, 3))
    rows, target = torch.tensor(x[:TRAIN_ROWS], dtype=torch.float32), torch.tensor(y[:TRAIN_ROWS])
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(STEPS):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(rows), target).backward()
        optimiser.step()
    return net.eval(), x, y
