"""float16 for devices that compute in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carelabel_torch.exporting import example_rows, saved, source_network

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import Artefact, ConvertContext


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the network with weights and input in float16.

    Raises:
        UnsupportedError: If it cannot be exported in that type.
    """
    predictor = context.load()
    network = source_network(predictor)
    rows = example_rows(predictor, context.test, network).half()
    network.module.half()
    done = saved(artefact, network, rows, out)
    source = artefact.input_type or artefact.facts.input_type
    input_type = replace(source, dtype="float16", rounds_to="float16")
    return replace(done, format="torch-export-half", input_type=input_type)
