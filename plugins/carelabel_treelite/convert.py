"""Tree models to Treelite checkpoints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carelabel.model.facts import InputType
from carelabel.plugin.interfaces import Artefact
from carelabel_treelite.importing import counts_of, import_trees

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import ConvertContext


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the model as a checkpoint, which GTIL runs.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If Treelite has nothing for a part of the model.
    """
    imported = import_trees(context.load().native, artefact.facts)
    path = out / "model.treelite"
    imported.model.serialize(path)
    return Artefact(
        path=path,
        format="treelite",
        facts=artefact.facts,
        input_type=input_type_of(artefact.facts, imported.rounds_to, imported.rounds_to),
        parameters={"parameter_counts": counts_of(imported.model)},
    )


def input_type_of(facts: ModelFacts, dtype: str, rounds_to: str) -> InputType:
    """A table of numbers in the order in which the model learned its columns."""
    source = facts.input_type
    shape = (math.prod(source.shape),)
    return InputType(container="array", dtype=dtype, shape=shape, columns=source.columns, rounds_to=rounds_to)
