"""How an engine is fed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel.model.facts import InputType

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble


def input_type_of(ensemble: TreeEnsemble, source: InputType | None = None) -> InputType:
    """One array of the type that inputs are rounded to; columns in the order in which the source names them."""
    return InputType(
        container="array",
        dtype=ensemble.input_rounding,
        shape=(ensemble.n_features,),
        columns=source.columns if source else (),
        rounds_to=ensemble.input_rounding,
    )
