"""The one form every tree model is read into: flat arrays of nodes, and the rules to evaluate them.

What a row `x` of shape (n_features,) means, agreed between readers, packing, kernels and generated source:

1. Inputs. `x` is rounded to `input_rounding`. Where `zero_as_missing[f]` is true, |x[f]| <= ZERO_THRESHOLD
   becomes NaN. Where `category_values[f]` is an array, x[f] becomes the index of the equal entry, or NaN if
   there is none.
2. Descent, from the root of every tree. A NaN goes left where `missing_left`. At a categorical node (it owns
   one word of `category_words` or more) the value, truncated towards zero, goes left if it is a member of the
   bit set, and right otherwise, negative and too large values included. At any other node it goes left if
   `x <= threshold` (or `<`), compared as float64: float32 inputs widen exactly.
3. Sum. scores = base; then, tree by tree in order, the leaf's row of `value` is added: to every column where
   `tree_output` is -1, to that one column otherwise. Every addition is rounded to `accumulate`; there is no
   fused multiply-add.
4. Mean. With aggregation "mean" every column is divided, once, by the number of trees added to it.
5. Link. Probabilities or predicted values are `link(link_scale * score)`.
6. Labels. `label_rule` says how a class is chosen from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

import numpy as np

from carelabel_fastinference.checks import check_ensemble
from carelabel_fastinference.structure import node_depth, path_probability

Comparison: TypeAlias = Literal["<=", "<"]
Precision: TypeAlias = Literal["float32", "float64"]
Aggregation: TypeAlias = Literal["mean", "sum"]
Link: TypeAlias = Literal["identity", "logistic", "softmax", "exp"]
Task: TypeAlias = Literal["classification", "regression"]
LabelRule: TypeAlias = Literal["largest-score", "positive-score", "non-negative-score", "largest-probability"]
Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

ZERO_THRESHOLD: Final = float(np.float32(1e-35))
"""Up to this magnitude LightGBM takes a value for zero (its kZeroThreshold, a float32)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TreeEnsemble:
    """A tree ensemble as flat arrays; the module's docstring says how it is evaluated.

    Attributes:
        tree_start: int64 (n_trees + 1,), node range of every tree; node tree_start[t] is the root of tree t.
        feature: int32 (n_nodes,), column compared at an inner node, -1 at a leaf.
        threshold: float64 (n_nodes,), may be infinite; NaN at a leaf; unused (NaN) at a categorical node.
        left: int32 (n_nodes,), absolute index of the left child, -1 at a leaf.
        right: int32 (n_nodes,), absolute index of the right child, -1 at a leaf. Children need not be
            adjacent, nor come after their parent.
        missing_left: bool (n_nodes,), whether NaN goes left at this node.
        category_start: int64 (n_nodes + 1,), range of words of every node, or None: no categorical split.
        category_words: uint32 (n_words,), bit c % 32 of a node's word c // 32 is set if category c goes
            left; or None.
        category_values: one entry a feature: None, or increasing float64 raw values whose index is the
            category; or None as a whole: no feature is encoded.
        zero_as_missing: bool (n_features,), or None: no feature is treated so.
        value: float64 (n_nodes, n_values), leaf values; rows of inner nodes serve pruning and properties
            only. Forests: one value a score column. Boosting: n_values is 1, shrinkage multiplied in.
        samples: float64 (n_nodes,), (weighted) training samples that reached the node; NaN if unknown.
        tree_output: int32 (n_trees,), score column a tree adds to; -1: all of them.
        base: float64 (n_columns,), scores before the first tree.
        comparison: "<=" or "<" (XGBoost).
        input_rounding: precision inputs are rounded to before they are compared.
        accumulate: precision of every addition of the scores, and of the link.
        aggregation: "mean" (forests) or "sum" (boosting).
        link: from scores to probabilities or predicted values.
        link_scale: factor on the scores within the link.
        task: "classification" or "regression".
        label_rule: how a class is chosen. With one column, "positive-score" is score > 0 and
            "non-negative-score" is score >= 0, both for the second class; "largest-*" take the first largest
            column of every output (one column of probabilities p counts as the two columns 1 - p and p).
        outputs: classes of every output, one array each, of any dtype; None for regression.
        n_features: width of a row.
        accepts_nan: whether the model it was read from takes NaN.
        source: class the ensemble was read from, for messages.

    Raises:
        ValueError: if a field contradicts another; one line names the field, what must hold and what was
            found.
    """

    tree_start: Array
    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    value: Array
    samples: Array
    tree_output: Array
    base: Array
    n_features: int
    category_start: Array | None = None
    category_words: Array | None = None
    category_values: tuple[Array | None, ...] | None = None
    zero_as_missing: Array | None = None
    comparison: Comparison = "<="
    input_rounding: Precision = "float64"
    accumulate: Precision = "float64"
    aggregation: Aggregation = "sum"
    link: Link = "identity"
    link_scale: float = 1.0
    task: Task = "regression"
    label_rule: LabelRule = "largest-score"
    outputs: tuple[Array, ...] | None = None
    accepts_nan: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        """Check every field against the others."""
        check_ensemble(self)

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.tree_output)

    @property
    def n_nodes(self) -> int:
        """Number of nodes of all trees, leaves included."""
        return len(self.feature)

    @property
    def n_leaves(self) -> int:
        """Number of leaves of all trees."""
        return int(np.count_nonzero(self.feature < 0))

    @property
    def n_values(self) -> int:
        """Values a leaf holds."""
        return int(self.value.shape[1])

    @property
    def n_columns(self) -> int:
        """Columns of the raw scores."""
        return len(self.base)

    @property
    def n_outputs(self) -> int:
        """Number of targets: more than one only for multi-output models."""
        if self.outputs is not None:
            return len(self.outputs)
        return self.n_columns

    @property
    def is_leaf(self) -> Array:
        """Whether a node is a leaf: bool (n_nodes,)."""
        return cast("Array", self.feature < 0)

    @property
    def is_categorical(self) -> Array:
        """Whether a node splits by a set of categories: bool (n_nodes,)."""
        if self.category_start is None:
            return np.zeros(self.n_nodes, dtype=bool)
        return cast("Array", np.diff(self.category_start) > 0)

    @property
    def tree_of_node(self) -> Array:
        """Tree a node belongs to: int64 (n_nodes,)."""
        return np.repeat(np.arange(self.n_trees), np.diff(self.tree_start))

    @property
    def trees_per_column(self) -> Array:
        """How many trees are added to each score column, the divisor of a mean: int64 (n_columns,)."""
        single = self.tree_output[self.tree_output >= 0]
        return np.bincount(single, minlength=self.n_columns) + np.count_nonzero(self.tree_output < 0)

    def node_depth(self) -> Array:
        """Distance of every node from its root: int32 (n_nodes,), 0 at a root; a pass over all nodes."""
        return node_depth(self.tree_start, self.left, self.right)

    def depth(self) -> int:
        """Distance of the deepest leaf from its root; 0 for one-node trees; a pass over all nodes."""
        return int(self.node_depth().max())

    def path_probability(self) -> Array:
        """Share of the training samples of its tree that reach a node: float64 (n_nodes,), 1 at a root.

        Where samples are unknown or zero, both children are taken to be equally likely.
        """
        return path_probability(self.tree_start, self.left, self.right, self.samples)
