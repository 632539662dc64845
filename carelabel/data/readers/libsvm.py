"""Sparse rows as text: ``label index:value index:value``, one row a line (libsvm, SVMlight)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carelabel.data.parsed import Parsed
from carelabel.data.rows import Rows, Sparse
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from carelabel.data.facts import DataSource


def read_libsvm(source: DataSource, role: str) -> Parsed:
    """Read sparse rows; indices count from 1, as the format says, unless a 0 is found among them.

    The number of features is the highest index, or the option ``n_features`` (the declared input shape) where that is
    more: the last features may be 0 in every row.

    Raises:
        UsageError: If it is no such file, or the metadata names columns in it.
    """
    for key in ("features", "drop", "sensitive", "target"):
        if source.target if key == "target" else source.options.get(key):
            msg = f"libsvm files have no named columns, so data.{role}.{key} cannot be chosen in {source.path.name}"
            raise UsageError(msg, "use a table or .npz")
    try:
        from sklearn.datasets import load_svmlight_file
    except ImportError as error:
        msg = f"reading {source.path.name} needs scikit-learn"
        raise UsageError(msg, "pip install scikit-learn") from error
    try:
        matrix, target = load_svmlight_file(str(source.path), dtype=np.float64, zero_based="auto")
    except (ValueError, OverflowError) as error:  # the latter from an index that no array can have
        msg = f"every line of {source.path.name} must read 'label index:value ...', found: {error}"
        raise UsageError(msg) from error
    sparse = Sparse(
        data=matrix.data,
        indices=matrix.indices,
        indptr=matrix.indptr.astype(np.int64),
        width=max(int(matrix.shape[1]), source.options.get("n_features", 0)),
    )
    no_target = bool(source.options.get("no_target"))
    return Parsed(
        rows=Rows(sparse=sparse), target=None if no_target else target, target_name="" if no_target else "label"
    )
