"""Skips for a person: counted and joined where one line says it."""

from __future__ import annotations

from typing import Any

from carelabel.render.skips import fold_cells, fold_foreign


def cell(candidate: str, code: str, text: str = "why") -> dict[str, Any]:
    reason = {"code": code, "text": text, "hint": ""}
    return {"candidate": candidate, "platform": "cpu-1t", "test": "a.test", "status": "skipped", "reason": reason}


def test_cells_of_a_form_that_was_not_built_are_counted() -> None:
    folded = list(fold_cells([cell("wood", "no-parity"), cell("wood", "candidate-failed"), cell("saw", "other")]))
    assert [(item["what"], item["text"]) for item in folded] == [
        ("saw cpu-1t a.test", "why"),
        ("wood (2 cells)", "it was not built, or could not predict: see Candidates"),
    ]


def test_what_is_for_other_models_is_one_line_and_everything_else_keeps_its_own() -> None:
    skips = [
        {"what": "*saw, *axe", "code": "framework", "text": "is for framework x"},
        {"what": "*/*/a.b", "code": "task+family", "text": "is for task y"},
        {"what": "*plane", "code": "framework+package", "text": "requires plane", "hint": "pip install plane"},
    ]
    folded = list(fold_foreign(skips))
    assert [item["what"] for item in folded] == ["*plane", "*saw, *axe, */*/a.b"]
    assert folded[0]["hint"] == "pip install plane"
    assert folded[1]["text"].startswith("for another task, framework or family")


def test_nothing_gives_nothing() -> None:
    assert list(fold_cells([])) == []
    assert list(fold_foreign([])) == []
