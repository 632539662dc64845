"""A test that runs in the worker of the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carelabel import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carelabel import TestContext


def batching(context: TestContext, rows: int = 64) -> Iterator[Measurement]:
    """Predict the first rows together and one at a time, and count the labels that differ."""
    model = context.live()
    data = context.test.rows[:rows]
    together = model.predict(model.prepare(data))
    alone = np.concatenate([model.predict(model.prepare(data[i : i + 1])) for i in range(len(data))])
    yield Measurement(
        quantity="batching_changes",
        value=float(np.mean(together != alone)),
        n=len(data),
        method="labels of one batch against labels of batches of one row",
    )
