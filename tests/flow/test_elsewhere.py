"""Platforms on which something else runs the model: proof of sameness is theirs, not another platform's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.flow.program import HERE, WITNESS, Program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.conftest import Line

BENT = HERE / "bent_dist"


@pytest.fixture
def label(line: Line, tmp_path: Path) -> dict[str, Any]:
    suite = yaml.safe_load((HERE / "line.yaml").read_text(encoding="utf-8"))
    suite["platforms"] = ["cpu-1t", "bent", "straight", "broken"]
    (tmp_path / "suite.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")
    program = Program(home=tmp_path / "home", lock=tmp_path, plugins=(WITNESS, BENT))
    words = ["run", line.model, "--meta", line.meta, "--suite", tmp_path / "suite.yaml", "-o", tmp_path / "label.json"]
    ended = program.run(*words)
    assert ended.code in {0, 1}, ended.err
    assert ended.errors == []
    found = program.label(tmp_path / "label.json")
    return {**found, "shown": program.run("show", tmp_path / "label.json").out}


def test_nothing_is_timed_where_the_answers_are_others(label: dict[str, Any]) -> None:
    timed = {"witness.modules", "witness.fresh", "witness.turns"}
    outcomes = {(item["candidate"], item["platform"]): item for item in label["outcomes"] if item["test"] in timed}
    status = {key: item["status"] for key, item in outcomes.items()}
    assert status == {
        (candidate, platform): "measured" if platform in {"cpu-1t", "straight"} else "skipped"
        for candidate in ("original", "copy")
        for platform in ("cpu-1t", "bent", "straight", "broken")
    }
    for candidate, who in (("original", "the model"), ("copy", "witness.copy")):
        reason = outcomes[candidate, "bent"]["reason"]
        assert reason["code"] == "no-parity"
        assert f"{who} must answer the same on bent, but there " in reason["text"]
        assert "of 40 rows" in reason["text"]
        broken = outcomes[candidate, "broken"]["reason"]["text"]
        assert "its answers on broken could not be compared" in broken
        assert "could not convert string to float" in broken


def test_the_label_says_which_platform_a_verdict_is_of(label: dict[str, Any]) -> None:
    for candidate in label["candidates"]:
        assert candidate["answers_on"] == "cpu-1t"
        assert {name: part["class"] for name, part in candidate["parity_on"].items()} == {
            "bent": "different",
            "straight": candidate["parity_on"]["straight"]["class"],
        }
        assert candidate["parity_on"]["straight"]["flips"] == 0
        assert f"{candidate['id']} on bent: different" in label["shown"]
