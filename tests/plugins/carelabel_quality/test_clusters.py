"""Metrics of clusterings against pairs and distances counted one by one."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from carelabel_quality import clusters

RNG = np.random.default_rng(4)
TRUE = RNG.integers(0, 3, 30)
FOUND = np.where(RNG.random(30) < 0.7, TRUE, RNG.integers(0, 4, 30))
POINTS = RNG.normal(size=(30, 2)) + 3 * TRUE[:, None]


def rand_by_pairs(true: Any, found: Any) -> Any:
    """(agreement - expected) / (most - expected), over all pairs of rows."""
    pairs = list(combinations(range(len(true)), 2))
    same_true = sum(true[i] == true[j] for i, j in pairs)
    same_found = sum(found[i] == found[j] for i, j in pairs)
    both = sum(true[i] == true[j] and found[i] == found[j] for i, j in pairs)
    expected = same_true * same_found / len(pairs)
    return (both - expected) / ((same_true + same_found) / 2 - expected)


def silhouette_by_distances(points: Any, found: Any) -> Any:
    values = []
    for i, point in enumerate(points):
        others = [j for j in range(len(points)) if j != i]
        if found[i] not in found[others]:
            values.append(0.0)  # Rousseeuw's rule for a row that is its cluster alone
            continue
        mean = {
            k: np.mean([np.linalg.norm(point - points[j]) for j in others if found[j] == k])
            for k in set(found.tolist())
        }
        own, nearest = mean.pop(found[i]), min(mean.values())
        values.append((nearest - own) / max(nearest, own))
    return float(np.mean(values))


def test_the_rand_index_is_the_one_counted_over_pairs() -> None:
    assert clusters.adjusted_rand(TRUE, FOUND) == pytest.approx(rand_by_pairs(TRUE, FOUND), abs=1e-12)


def test_names_of_groups_do_not_matter() -> None:
    words = np.array(["x", "y", "z"])[TRUE]
    assert clusters.adjusted_rand(words, 7 - TRUE) == pytest.approx(1.0)


def test_the_rand_index_on_resamples() -> None:
    rows = RNG.integers(0, 30, size=(20, 30))
    wanted = [rand_by_pairs(TRUE[i], FOUND[i]) for i in rows]
    np.testing.assert_allclose(clusters.adjusted_rand.on_resamples(TRUE, FOUND, rows), wanted, rtol=1e-9)


def test_one_group_in_truth_and_clusters_is_full_agreement() -> None:
    ones = np.zeros(5, dtype=int)
    assert clusters.adjusted_rand(ones, ones) == 1.0
    assert clusters.adjusted_rand.on_resamples(ones, ones, np.arange(5)[np.newaxis, :]).tolist() == [1.0]


def test_the_silhouette_is_the_one_of_all_distances() -> None:
    assert clusters.silhouette(POINTS, TRUE) == pytest.approx(silhouette_by_distances(POINTS, TRUE), abs=1e-9)


def test_the_silhouette_of_a_resample_is_the_mean_of_its_rows() -> None:
    """Not that of the drawn points, whose twins would lie at distance 0."""
    everything = np.arange(30)[np.newaxis, :]
    whole = clusters.silhouette(POINTS, TRUE)
    assert clusters.silhouette.on_resamples(POINTS, TRUE, everything) == pytest.approx([whole])
    rows = RNG.integers(0, 30, size=(400, 30))
    assert clusters.silhouette.on_resamples(POINTS, TRUE, rows).mean() == pytest.approx(whole, abs=0.02)


def test_the_silhouette_of_many_rows_is_taken_on_evenly_spaced_ones() -> None:
    taken = np.unique(np.linspace(0, 29, 10).astype(int))
    wanted = silhouette_by_distances(POINTS[taken], TRUE[taken])
    assert clusters.silhouette(POINTS, TRUE, sample=10) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("found", [np.zeros(30, dtype=int), np.arange(30)], ids=["one cluster", "all alone"])
def test_there_is_no_silhouette_without_neighbouring_clusters(found: Any) -> None:
    with pytest.raises(ValueError, match=r"silhouettes need 2 to 29 clusters among 30 rows, got (1|30)"):
        clusters.silhouette(POINTS, found)
