"""Skips that share a rule are one line."""

from __future__ import annotations

from carelabel.label.skips import fold_skips
from carelabel.plan import Skip


def test_skips_of_one_rule_are_joined_and_others_left_apart() -> None:
    same = [Skip(what=f"c{number}/*/t", code="task", text="not this task") for number in range(3)]
    other = Skip(what="c0/*/t", code="task", text="another reason")
    folded = fold_skips([*same, other, same[0]])
    assert [(skip.what, skip.text) for skip in folded] == [
        ("c0/*/t, c1/*/t, c2/*/t", "not this task"),
        ("c0/*/t", "another reason"),
    ]


def test_nothing_is_counted_instead_of_named() -> None:
    (folded,) = fold_skips([Skip(what=f"c{number}", code="x", text="y") for number in range(100)])
    assert folded.what.split(", ") == [f"c{number}" for number in range(100)]
