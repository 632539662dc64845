"""Which rows a timing goes round: the same row again and again flattered one engine by a factor of six.

Nothing here imports numpy.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

ROWS: Final = 1024
LEAST_BATCHES: Final = 8
BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """Batches of row numbers that a timing takes in turn, endlessly.

    Attributes:
        batches: Each of the same length.
        repeated: Whether a batch holds a row more than once, because there are fewer rows than it takes.
    """

    batches: tuple[tuple[int, ...], ...]
    repeated: bool


def rotate(rows: int, batch: int, *, limit: int, row_bytes: int, seed: int) -> Rotation:
    """Choose rows in a seeded order: about 1024, eight batches at least, 32 MiB at most, two batches in any case.

    The choice depends on the data and the seed alone, so that every candidate is timed on the same rows.

    Args:
        rows: Rows there are, at least 1.
        batch: Rows a batch, at least 1.
        limit: Rows that may be used at most.
        row_bytes: Bytes that one row takes.
        seed: Of the order.

    Raises:
        ValueError: If there are no rows.
    """
    usable = min(rows, limit)
    if usable < 1 or batch < 1:
        msg = f"a rotation needs a row and a batch of at least one, got {usable} rows and batches of {batch}"
        raise ValueError(msg)
    order = random.Random(seed).sample(range(rows), usable)  # noqa: S311 - an order of rows, not a secret
    wanted = max(LEAST_BATCHES, ROWS // batch)
    affordable = max(2, BYTES // max(1, row_bytes * batch))
    count = min(wanted, affordable)
    if usable < batch:
        starts = range(0, usable, max(1, usable // count))
        batches = [tuple(order[(start + i) % usable] for i in range(batch)) for start in starts]
        return Rotation(batches=tuple(batches[:count]), repeated=True)
    count = min(count, usable // batch)
    batches = [tuple(order[i * batch : (i + 1) * batch]) for i in range(count)]
    return Rotation(batches=tuple(batches), repeated=False)
