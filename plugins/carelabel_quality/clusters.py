"""Metrics of clusterings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn import metrics

from carelabel_quality.figure import Figure
from carelabel_quality.tables import as_plain, count_rows, quotient

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _adjusted_rand(y_true: NDArray[Any], clusters: NDArray[Any]) -> float:
    return float(metrics.adjusted_rand_score(as_plain(y_true), clusters))


def _adjusted_rands(y_true: NDArray[Any], clusters: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """From the pairs that lie together in the truth, in the clusters and in both. Source: Hubert and Arabie 1985."""
    true, groups = np.unique(as_plain(y_true), return_inverse=True)
    found, members = np.unique(clusters, return_inverse=True)
    cells = _tables(groups * len(found) + members, len(true) * len(found), rows)
    cells = cells.reshape(len(rows), len(true), len(found))
    together = _pairs(cells).sum(axis=(1, 2))
    in_truth, in_clusters = (_pairs(cells.sum(axis=axis)).sum(axis=1) for axis in (2, 1))
    expected = in_truth * in_clusters / _pairs(np.array(float(max(rows.shape[1], 2))))
    most = (in_truth + in_clusters) / 2
    # Two partitions that are both one group, or both all alone, are the same.
    return quotient(together - expected, most - expected, otherwise=1.0)


def _tables(codes: NDArray[np.intp], k: int, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    places = codes[rows] + np.arange(len(rows))[:, np.newaxis] * k
    return np.bincount(places.ravel(), minlength=len(rows) * k).astype(np.float64)


def _pairs(count: NDArray[np.float64]) -> NDArray[np.float64]:
    return count * (count - 1) / 2


def _silhouettes_of_rows(
    features: NDArray[Any], clusters: NDArray[Any], most: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Numbers of at most `most` evenly spaced rows, and their silhouettes.

    Raises:
        ValueError: If there are not at least two clusters among them, and fewer clusters than rows.
    """
    taken = np.unique(np.linspace(0, len(clusters) - 1, min(most, len(clusters))).astype(np.intp))
    flat = features[taken].reshape(len(taken), -1).astype(np.float64)
    found = len(np.unique(clusters[taken]))
    if not 1 < found < len(taken):
        msg = f"silhouettes need 2 to {len(taken) - 1} clusters among {len(taken)} rows, got {found}"
        raise ValueError(msg)
    return taken, metrics.silhouette_samples(flat, clusters[taken])


def _silhouette(features: NDArray[Any], clusters: NDArray[Any], *, sample: int = 2000) -> float:
    """Mean silhouette of the sampled rows. Source: Rousseeuw 1987."""
    return float(np.mean(_silhouettes_of_rows(features, clusters, sample)[1]))


def _silhouette_means(
    features: NDArray[Any], clusters: NDArray[Any], rows: NDArray[np.intp], *, sample: int = 2000
) -> NDArray[np.float64]:
    """Means over resampled rows of silhouettes within the whole sample.

    Drawing rows twice would put twins at distance 0 into the same cluster and make every resample better than the data.
    """
    taken, values = _silhouettes_of_rows(features, clusters, sample)
    drawn = count_rows(rows, len(clusters))[:, taken].astype(np.float64)
    total = drawn.sum(axis=1)
    return quotient(drawn @ values, total, otherwise=np.nan)


adjusted_rand: Final = Figure(once=_adjusted_rand, on_resamples=_adjusted_rands)
silhouette: Final = Figure(once=_silhouette, on_resamples=_silhouette_means)
