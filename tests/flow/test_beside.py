"""An ONNX model whose weights lie in a file beside it: both are the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.flow.program import HERE, Program
from tests.subjects import SUBJECTS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def words(tmp_path: Path) -> tuple[str | Path, ...]:
    """A command line with a model in two files, and its int8 form."""
    import onnx  # noqa: PLC0415 - heavy imports wait until the test runs

    case = SUBJECTS["onnx-labels"](tmp_path / "model")
    how: dict[str, Any] = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0}
    onnx.save_model(onnx.load(case.model), case.model, **how)
    content = yaml.safe_load((HERE / "one-platform.yaml").read_text(encoding="utf-8"))
    content |= {"tests": {"include": ["resources.size"]}, "converters": {"kinds": [], "include": ["onnx.int8-dynamic"]}}
    suite = tmp_path / "suite.yaml"
    suite.write_text(yaml.safe_dump(content), encoding="utf-8")
    return ("run", case.model, "--meta", case.meta, "--suite", suite, "-q", "-o", tmp_path / "label.json")


@pytest.mark.needs_plugin("onnx", "resources", "sklearn")
def test_a_conversion_is_done_anew_when_the_weights_change(words: tuple[str | Path, ...], tmp_path: Path) -> None:
    program = Program(home=tmp_path / "home", lock=tmp_path)
    weights = tmp_path / "model" / "weights.bin"
    content = weights.read_bytes()
    found, sizes = [], []
    for changed in (content, content, content[4:] + content[:4]):
        if changed != weights.read_bytes():
            weights.write_bytes(changed)
        ended = program.run(*words)
        assert ended.code == 0, ended.err
        label = program.label(tmp_path / "label.json")
        (form,) = [item for item in label["candidates"] if item["id"].endswith("int8-dynamic")]
        found.append((label["environment"]["recalled"], form["cached"]))
        sizes += [
            row["value"]
            for row in label["measurements"]
            if (row["candidate"], row["quantity"]) == ("original", "model_size")
        ]
    assert found == [(False, False), (True, True), (False, False)]
    assert sizes == [(tmp_path / "model" / "model.onnx").stat().st_size + len(content)] * 3
