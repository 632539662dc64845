"""The slow, exact evaluator: the rules of the form, step by step, in numpy.

What faster code is compared with. Raw scores have the bits of the library the ensemble was read from (and so
have a forest's probabilities and a regressor's values, which are raw scores). A link that needs exp is only
as exact as the exp at hand: numpy's differs from that of another library in the last bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from carelabel_fastinference.ensemble import ZERO_THRESHOLD

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def raw_scores(ensemble: TreeEnsemble, rows: Array) -> Array:
    """Scores before the link: (n_rows, n_columns), of dtype `accumulate`.

    rows: (n_rows, n_features), any real dtype.

    Raises:
        ValueError: if rows is not two-dimensional with n_features columns.
    """
    x = prepare_rows(ensemble, rows)
    scores = np.tile(ensemble.base.astype(ensemble.accumulate), (len(x), 1))
    value = ensemble.value.astype(ensemble.accumulate)
    for tree, column in enumerate(ensemble.tree_output):
        leaves = tree_leaves(ensemble, x, tree)
        if column < 0:
            scores += value[leaves]
        else:
            scores[:, column] += value[leaves, 0]
    if ensemble.aggregation == "mean":
        scores /= ensemble.trees_per_column.astype(ensemble.accumulate)
    return scores


def linked(ensemble: TreeEnsemble, scores: Array) -> Array:
    """Scores after the link, same shape and dtype."""
    scaled = scores if ensemble.link_scale == 1.0 else scores * scores.dtype.type(ensemble.link_scale)
    if ensemble.link == "identity":
        return scaled
    values: Array
    with np.errstate(over="ignore"):
        if ensemble.link == "exp":
            values = np.exp(scaled)
        elif ensemble.link == "logistic":
            one = scores.dtype.type(1)
            values = one / (one + np.exp(-scaled))
        else:
            values = np.exp(scaled - scaled.max(axis=1, keepdims=True))
            values /= values.sum(axis=1, keepdims=True)
    return values


def predict_proba(ensemble: TreeEnsemble, rows: Array) -> Array | list[Array]:
    """Probabilities: (n_rows, n_classes), one such array per output where there are several.

    Raises:
        ValueError: if the ensemble is one of regression, or rows has another shape than (n, n_features).
    """
    return probabilities_of(ensemble, raw_scores(ensemble, rows))


def predict(ensemble: TreeEnsemble, rows: Array) -> Array:
    """Labels or values: (n_rows,), or (n_rows, n_outputs) where there are several outputs.

    Raises:
        ValueError: if rows has another shape than (n, n_features).
    """
    return predictions_of(ensemble, raw_scores(ensemble, rows))


def probabilities_of(ensemble: TreeEnsemble, scores: Array) -> Array | list[Array]:
    """Probabilities that raw scores (n_rows, n_columns) stand for, as predict_proba returns them.

    Raises:
        ValueError: if the ensemble is one of regression.
    """
    if ensemble.outputs is None:
        msg = "probabilities need a classification ensemble, got one of regression: use predict"
        raise ValueError(msg)
    found = _probabilities(ensemble, scores)
    return found if len(found) > 1 else found[0]


def predictions_of(ensemble: TreeEnsemble, scores: Array) -> Array:
    """Labels or values that raw scores (n_rows, n_columns) stand for, as predict returns them."""
    if ensemble.outputs is None:
        values = linked(ensemble, scores)
        return values[:, 0] if ensemble.n_columns == 1 else values
    chosen = class_indices(ensemble, scores)
    labels = [classes[index] for classes, index in zip(ensemble.outputs, chosen, strict=True)]
    return labels[0] if len(labels) == 1 else np.stack(labels, axis=1)


def class_indices(ensemble: TreeEnsemble, scores: Array) -> list[Array]:
    """Index of the chosen class, (n_rows,), for every output of a classification ensemble."""
    if ensemble.label_rule == "positive-score":
        return [(scores[:, 0] > 0).astype(np.intp)]
    if ensemble.label_rule == "non-negative-score":
        return [(scores[:, 0] >= 0).astype(np.intp)]
    if ensemble.label_rule == "largest-score":
        return [np.argmax(part, axis=1) for part in _by_output(ensemble, scores)]
    return [np.argmax(part, axis=1) for part in _probabilities(ensemble, scores)]


def tree_leaves(ensemble: TreeEnsemble, prepared: Array, tree: int) -> Array:
    """Leaf of one tree that every prepared row ends in: absolute node indices (n_rows,)."""
    node = np.full(len(prepared), ensemble.tree_start[tree])
    active = np.flatnonzero(ensemble.feature[node] >= 0)
    while len(active):
        at = node[active]
        left = _goes_left(ensemble, at, prepared[active, ensemble.feature[at]])
        node[active] = np.where(left, ensemble.left[at], ensemble.right[at])
        active = active[ensemble.feature[node[active]] >= 0]
    return node


def prepare_rows(ensemble: TreeEnsemble, rows: Array) -> Array:
    """Rows as they are compared: rounded, zeros taken for missing, categories encoded; float64.

    Raises:
        ValueError: if rows is not two-dimensional with n_features columns.
    """
    rows = np.asarray(rows)
    if rows.shape[1:] != (ensemble.n_features,):
        msg = f"rows must have shape (n, {ensemble.n_features}), got {rows.shape}"
        raise ValueError(msg)
    with np.errstate(over="ignore"):
        x = rows.astype(ensemble.input_rounding).astype(np.float64)
    if ensemble.zero_as_missing is not None:
        x[ensemble.zero_as_missing & (np.abs(x) <= ZERO_THRESHOLD)] = np.nan
    for column, raw in enumerate(ensemble.category_values or ()):
        if raw is not None:
            x[:, column] = _encode(x[:, column], raw)
    return x


def _encode(values: Array, raw: Array) -> Array:
    """Index of the equal entry of the increasing raw values, NaN if there is none."""
    index = np.minimum(np.searchsorted(raw, values), max(len(raw) - 1, 0))
    known = raw[index] == values if len(raw) else np.zeros(len(values), dtype=bool)
    return np.where(known, index, np.nan)


def _goes_left(ensemble: TreeEnsemble, node: Array, x: Array) -> Array:
    """Whether values x go left at their inner nodes."""
    threshold = ensemble.threshold[node]
    left: Array = x <= threshold if ensemble.comparison == "<=" else x < threshold
    if ensemble.category_start is not None and ensemble.category_words is not None:
        start = ensemble.category_start[node]
        n_words = ensemble.category_start[node + 1] - start
        inside = (n_words > 0) & (x > -1) & (x < n_words * 32)
        category = np.where(inside, x, 0).astype(np.int64)
        word = ensemble.category_words[np.where(inside, start + category // 32, 0)]
        member = inside & ((word >> (category % 32).astype(np.uint32)) & 1 > 0)
        left = np.where(n_words > 0, member, left)
    return np.where(np.isnan(x), ensemble.missing_left[node], left)


def _by_output(ensemble: TreeEnsemble, columns: Array) -> list[Array]:
    """Columns of scores or probabilities, split by output."""
    if ensemble.outputs is None:
        return [columns]
    ends = np.cumsum([len(classes) for classes in ensemble.outputs])[:-1]
    return np.split(columns, ends, axis=1)


def _probabilities(ensemble: TreeEnsemble, scores: Array) -> list[Array]:
    """Probabilities of every output's classes; one column of them counts as two."""
    columns = linked(ensemble, scores)
    if ensemble.outputs is not None and len(ensemble.outputs[0]) > ensemble.n_columns:
        return [np.concatenate((columns.dtype.type(1) - columns, columns), axis=1)]
    return _by_output(ensemble, columns)
