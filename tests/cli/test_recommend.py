"""``recommend``, ``rate`` and ``run --require``: words, results and exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.cli.run import hold
from carelabel.errors import RequirementError
from carelabel.label.rating import rate
from carelabel.label.requirements import parse_requirement
from carelabel.label.scale import load_scale
from carelabel.store import open_store
from tests.label.labels import accuracy, latency
from tests.render.labels import make_label

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program


def stored() -> str:
    """A label of two candidates with letters, in the store."""
    candidates = [{"id": name, "parent": None, "converter": None, "status": "built"} for name in ("original", "onnx")]
    measurements = [
        latency("original", 5e-3),
        latency("onnx", 1e-5),
        latency("reference", 1e-5),
        accuracy("original", 0.95),
        accuracy("onnx", 0.945),
    ]
    outcomes = [
        {"candidate": name, "platform": "cpu-1t", "test": "some.test", "status": "measured"}
        for name in ("original", "onnx")
    ]
    document: dict[str, Any] = make_label(
        candidates=candidates,
        platforms=[{"id": "cpu-1t", "tags": ["cpu"], "threads": 1}],
        measurements=[{**item, "test": "some.test"} for item in measurements],
        outcomes=outcomes,
    )
    document["ratings"], document["compound"] = rate(document, load_scale())
    return open_store().put(document)


def test_the_form_that_meets_everything_is_named_with_its_figures(program: Program) -> None:
    identifier = stored()
    ended = program("recommend", identifier, "--require", "latency_p50{batch=1}<2ms", "--require", "accuracy_drop<0.01")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("deploy onnx on cpu-1t, on the Pareto front")
    assert "onnx on cpu-1t: latency_p50 at batch=1 0.01 ms is < 2 ms" in ended.out
    assert "not original on cpu-1t" in ended.out
    assert ended.out.endswith(f"its files: carelabel take {identifier} onnx\n")


def test_exit_code_4_when_nothing_meets_the_requirements(program: Program) -> None:
    ended = program("recommend", stored(), "--require", "latency_p50{batch=1}<1ns")
    assert ended.code == 4
    assert ended.out.startswith("nothing is known to meet latency_p50{batch=1}<1ns\n")


def test_json_holds_every_verdict(program: Program) -> None:
    found = json.loads(program("recommend", stored(), "--require", "accuracy>0.9", "--json").out)
    assert found["best"]["candidate"] == "onnx"
    assert [option["verdicts"][0]["met"] for option in found["meeting"]] == [True, True]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--require", "fast"], "a requirement must read QUANTITY"),
        (["--require", "speed<1"], "must name a quantity of the label, got 'speed'"),
        (["--rating", "strict"], "a rating scale must be one of default or a YAML file, got 'strict'"),
    ],
)
def test_a_word_that_means_nothing_is_one_line_and_exit_code_2(program: Program, words: list[str], text: str) -> None:
    ended = program("recommend", stored(), *words)
    assert ended.code == 2
    assert text in ended.err
    assert ended.err.count("\n") == 1


def test_another_scale_gives_other_letters_without_measuring(program: Program, tmp_path: Path) -> None:
    scale = load_scale().model_dump(mode="json")
    scale["properties"]["latency"]["boundaries"] = [1e-9, 1e-10, 1e-11, 1e-12]
    path = tmp_path / "kind.yaml"
    path.write_text(json.dumps({**scale, "name": "kind"}))
    identifier = stored()
    before = json.loads(program("rate", identifier, "--json").out)
    after = json.loads(program("rate", identifier, "--rating", path, "--json").out)
    letters = [
        next(
            row["letter"] for row in found["ratings"] if (row["candidate"], row["property"]) == ("original", "latency")
        )
        for found in (before, after)
    ]
    assert letters == ["E", "A"]
    assert "Rating by scale kind 1" in program("rate", identifier, "--rating", path).out


def test_a_run_holds_its_requirements_and_names_all_that_are_missed() -> None:
    document = open_store().get(stored())
    hold(document, [parse_requirement("accuracy > 0.9")])
    with pytest.raises(RequirementError) as caught:
        hold(document, [parse_requirement("accuracy > 0.99"), parse_requirement("latency_p50 < 1us")])
    assert caught.value.exit_code == 4
    assert str(caught.value) == (
        "original: accuracy 0.95 is not > 0.99; original on cpu-1t: latency_p50 at batch=1 5000 us is not < 1 us "
        "(carelabel recommend shows how near each form comes)"
    )


@pytest.mark.parametrize("missing", ["candidates", "platforms"])
def test_a_label_with_nothing_to_rate_says_so(program: Program, tmp_path: Path, missing: str) -> None:
    path = tmp_path / "label.json"
    path.write_text(json.dumps(make_label(**{missing: []})))
    ended = program("rate", path)
    assert (ended.code, ended.out) == (0, "nothing to rate: the label has no candidate on a platform\n")
    assert json.loads(program("rate", path, "--json").out)["ratings"] == []
