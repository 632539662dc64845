"""Cost-complexity pruning: branches go whose leaves lower the impurity least for their number."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, Final

from carelabel.errors import UnsupportedError
from carelabel_sklearn.counts import counts_of
from carelabel_sklearn.families import family_of
from carelabel_sklearn.pruned import estimator_of, saved

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext

_STEPS: Final = 24
_SMALLEST: Final = 1e-12


def convert(artefact: Artefact, out: Path, context: ConvertContext, keep: float = 0.5, alpha: float = 0.0) -> Artefact:
    """Prune every tree by one alpha. The impurities of training are in the trees, so no data is needed.

    Args:
        keep: Share of the nodes to keep at most, 0 to 1; chooses the smallest alpha that does it.
        alpha: Impurity a leaf must lower, in the unit of the trees' criterion; above 0 it overrides `keep`.

    Raises:
        UnsupportedError: If the trees hold no branch that pruning could take.

    Source: Breiman, Friedman, Olshen and Stone 1984, Classification and Regression Trees, chapter 3.
    """
    estimator = estimator_of(context)
    before = counts_of(estimator)[0]
    members = [estimator]
    if family_of(estimator) != "decision-tree":
        members = estimator.estimators_ = [copy.copy(member) for member in estimator.estimators_]
    chosen = alpha or _alpha(members, keep * before["nodes"])
    for member in members:
        member.tree_ = _pruned(member, chosen)
    if counts_of(estimator)[0]["nodes"] == before["nodes"]:
        msg = f"the trees must have branches to prune; with alpha {chosen:g} none of {before['nodes']} nodes goes"
        raise UnsupportedError(msg, "set a larger alpha, or a smaller keep")
    return saved(artefact, estimator, before, out, alpha=chosen)


def _alpha(members: list[Any], nodes: float) -> float:
    """The smallest alpha, found by halving its logarithm, that leaves at most so many nodes in all trees together."""
    # No branch lowers the impurity by more than that of the root.
    high = max(float(member.tree_.impurity[0]) for member in members) or 1.0
    low = high * _SMALLEST
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        if sum(_pruned(member, middle).node_count for member in members) <= nodes:
            high = middle
        else:
            low = middle
    return high


def _pruned(member: Any, alpha: float) -> Any:  # noqa: ANN401 - a tree estimator, and scikit-learn's own Tree
    """The tree that an alpha leaves of a fitted one; the estimator stays as it was."""
    trial = copy.copy(member)
    trial.ccp_alpha = alpha
    trial._prune_tree()  # noqa: SLF001 - what fit does at its end; the public way fits anew
    return trial.tree_
