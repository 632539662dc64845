from __future__ import annotations

from typing import Any

import pytest

from carelabel.measure.rotation import rotate


def rows_of(rotation: Any) -> Any:
    return [row for batch in rotation.batches for row in batch]


@pytest.mark.parametrize(("batch", "batches"), [(1, 1024), (16, 64), (64, 16), (128, 8), (1024, 8)])
def test_about_a_thousand_rows_and_at_least_eight_batches_go_round(batch: int, batches: int) -> None:
    found = rotate(10_000, batch, limit=10_000, row_bytes=80, seed=0)
    assert len(found.batches) == batches
    assert {len(one) for one in found.batches} == {batch}
    assert not found.repeated


def test_no_row_comes_twice_before_all_have_come() -> None:
    rows = rows_of(rotate(5_000, 32, limit=10_000, row_bytes=80, seed=0))
    assert len(set(rows)) == len(rows)


def test_rows_come_from_all_over_the_data_even_when_these_are_sorted() -> None:
    rows = rows_of(rotate(100_000, 1, limit=10_000, row_bytes=80, seed=0))
    assert min(rows) < 2_000
    assert max(rows) > 98_000


def test_the_same_seed_gives_every_candidate_the_same_rows() -> None:
    first, second = (rotate(500, 8, limit=10_000, row_bytes=80, seed=3) for _ in range(2))
    assert first == second
    assert first != rotate(500, 8, limit=10_000, row_bytes=80, seed=4)


@pytest.mark.parametrize("rows", [1, 3, 127])
def test_fewer_rows_than_a_batch_takes_are_repeated_and_that_is_said(rows: Any) -> None:
    found = rotate(rows, 128, limit=10_000, row_bytes=80, seed=0)
    assert found.repeated
    assert {len(one) for one in found.batches} == {128}
    assert set(rows_of(found)) == set(range(rows))
    assert len(set(found.batches)) == len(found.batches)


def test_the_limit_of_rows_holds() -> None:
    assert len(set(rows_of(rotate(5_000, 1, limit=50, row_bytes=80, seed=0)))) == 50


def test_large_rows_are_limited_by_bytes_but_two_batches_remain() -> None:
    image = 3 * 224 * 224 * 4
    assert len(rotate(5_000, 1, limit=10_000, row_bytes=image, seed=0).batches) == 55
    assert len(rotate(5_000, 128, limit=10_000, row_bytes=image, seed=0).batches) == 2


def test_a_rotation_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a row and a batch of at least one, got 0 rows and batches of 4"):
        rotate(0, 4, limit=10, row_bytes=8, seed=0)


def test_ten_million_rows_cost_no_more_than_the_ten_thousand_that_are_used() -> None:
    found = rotate(10_000_000, 128, limit=10_000, row_bytes=400, seed=0)
    used = [row for batch in found.batches for row in batch]
    assert len(used) == len(set(used)) == 8 * 128
    assert max(used) > 1_000_000, "rows come from the whole set"
