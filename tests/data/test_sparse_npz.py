"""Sparse matrices in .npz files, as scipy writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DENSE = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [3.0, 0.0, 4.0]])


def save(path: Path, matrix: Any, **more: Any) -> None:
    """What scipy writes, and arrays beside it."""
    sparse.save_npz(path, matrix)
    with np.load(path) as held:
        parts = dict(held)
    np.savez(path, **parts, **more)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia"])
def test_every_kind_becomes_sparse_rows(tmp_path: Path, lay: Callable[..., Any], kind: str) -> None:
    save(tmp_path / "t.npz", sparse.csr_matrix(DENSE).asformat(kind), y=np.array([0, 1, 0, 1]))
    data = lay("t.npz")
    assert (data.facts.container, data.facts.shape, data.facts.classes) == ("csr", (3,), (0, 1))
    assert data.facts.target == "y"
    np.testing.assert_array_equal(data.rows.csr().toarray(), DENSE)
    np.testing.assert_array_equal(data.rows[[3, 0]].array(), DENSE[[3, 0]])
    assert data.rows.csr().indices.dtype == np.int32


def test_what_scipy_wrote_alone_has_no_target(tmp_path: Path, lay: Callable[..., Any]) -> None:
    sparse.save_npz(tmp_path / "t.npz", sparse.csr_array(DENSE))
    data = lay("t.npz")
    assert data.target is None
    assert data.facts.warnings == ("t.npz has no target: what needs labels cannot be measured",)


def test_entries_that_stand_twice_are_added(tmp_path: Path, lay: Callable[..., Any]) -> None:
    twice = sparse.coo_matrix((np.ones(3), ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    sparse.save_npz(tmp_path / "t.npz", twice)
    assert lay("t.npz").rows.array().tolist() == [[0.0, 2.0], [1.0, 0.0]]


def test_a_damaged_matrix_is_one_line(tmp_path: Path, lay: Callable[..., Any]) -> None:
    save(tmp_path / "t.npz", sparse.csr_matrix(DENSE))
    with np.load(tmp_path / "t.npz") as held:
        parts = {**held, "format": np.array(b"xyz")}
    np.savez(tmp_path / "t.npz", **parts)
    with pytest.raises(UsageError, match=r"t\.npz must hold a sparse matrix as scipy's save_npz writes it, found: "):
        lay("t.npz")
    del parts["indices"]
    np.savez(tmp_path / "t.npz", **{**parts, "format": np.array(b"csr")})
    with pytest.raises(UsageError, match=r"t\.npz must hold a sparse matrix .* indices"):
        lay("t.npz")
