"""A model file that changes under a run: nothing is measured of the new one under the old one's name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.flow.program import WITNESS, Program, Stop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.conftest import Line


@pytest.mark.parametrize("change", ["other", "same", "gone"])
def test_a_model_that_is_written_to_is_not_loaded_again(line: Line, tmp_path: Path, change: str) -> None:
    program = Program(home=tmp_path / "home", lock=tmp_path, plugins=(WITNESS,))
    stop = Stop(program=program, name="turns")
    stop.set()
    process = program.start(*line.words, "-q", "-o", tmp_path / "label.json")
    stop.wait(process)
    content = line.model.read_text(encoding="utf-8")
    line.model.unlink()
    if change != "gone":
        spec = {**json.loads(content), **({"bias": 9.0} if change == "other" else {})}
        line.model.write_text(json.dumps(spec), encoding="utf-8")
    stop.free()
    _, err = process.communicate()
    label = program.label(tmp_path / "label.json")
    (fresh,) = [o for o in label["outcomes"] if (o["candidate"], o["test"]) == ("original", "witness.fresh")]
    (copied,) = [o for o in label["outcomes"] if (o["candidate"], o["test"]) == ("copy", "witness.fresh")]
    assert copied["status"] == "measured"
    if change == "same":
        assert (process.returncode, fresh["status"]) == (0, "measured"), err
        return
    found = {"other": "the file now has ", "gone": "the file cannot be read any more"}[change]
    assert (process.returncode, fresh["status"], fresh["reason"]["code"]) == (1, "failed", "model-changed")
    assert f"must stay the file with the sha256 {label['subject']['sha256'][:12]}" in fresh["reason"]["text"]
    assert found in fresh["reason"]["text"]
