"""A record applies or is rejected with every reason there is."""

from __future__ import annotations

import pytest

from carelabel.plan.match import Accepted, Rejected, match
from tests.factories import a_test, make_host, make_model, make_subject


def test_a_record_that_fits_is_accepted() -> None:
    assert match(a_test(), make_subject(), make_host()) == Accepted()


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"tasks": frozenset({"regression"})}, "task", "is for task regression, this is classification"),
        ({"frameworks": frozenset({"onnx"})}, "framework", "is for framework onnx, this is woodwork"),
        ({"families": frozenset({"svm", "linear"})}, "family", "is for family linear, svm, this is random-forest"),
        ({"needs": frozenset({"train"})}, "needs-train", "needs train: the metadata names no training data"),
        (
            {"needs": frozenset({"moon"})},
            "needs-moon",
            "needs moon: neither the subject nor this machine provides 'moon'",
        ),
        ({"runs_on": frozenset({"cuda"})}, "hardware", "runs on cuda, which this machine has not"),
        (
            {"requires": ("surely-not-there>=2",)},
            "package",
            "requires surely-not-there>=2: it is not installed",
        ),
    ],
)
def test_each_rule_names_what_is_allowed_and_what_was_found(changes: dict, code: str, text: str) -> None:
    verdict = match(a_test(**changes), make_subject(), make_host())
    assert isinstance(verdict, Rejected)
    assert [(reason.code, reason.text) for reason in verdict.reasons] == [(code, text)]


def test_all_reasons_are_given_at_once() -> None:
    record = a_test(tasks=frozenset({"regression"}), needs=frozenset({"train"}), runs_on=frozenset({"cuda"}))
    verdict = match(record, make_subject(), make_host())
    assert isinstance(verdict, Rejected)
    assert [reason.code for reason in verdict.reasons] == ["task", "needs-train", "hardware"]


def test_a_missing_package_comes_with_the_install_command() -> None:
    verdict = match(a_test(requires=("surely-not-there>=2",)), make_subject(), make_host())
    assert isinstance(verdict, Rejected)
    assert "pip install" in verdict.hint


def test_the_framework_is_that_of_the_candidate() -> None:
    record = a_test(frameworks=frozenset({"planks"}))
    assert isinstance(match(record, make_subject(), make_host()), Rejected)
    assert match(record, make_subject(), make_host(), framework="planks") == Accepted()


def test_what_the_machine_provides_counts_as_well() -> None:
    record = a_test(needs=frozenset({"compiler"}))
    assert match(record, make_subject(), make_host()) == Accepted()
    assert isinstance(match(record, make_subject(), make_host(provides=frozenset())), Rejected)


def test_facts_of_the_model_decide() -> None:
    subject = make_subject(model=make_model(family="svm"))
    assert match(a_test(families=frozenset({"svm"})), subject, make_host()) == Accepted()


def test_the_hint_names_the_extra_of_the_plugin_that_misses_something() -> None:
    record = a_test(entry="carelabel_onnx.convert:convert", requires=("onnx>=1.16",))
    verdict = match(record, make_subject(), make_host(packages={}))
    assert isinstance(verdict, Rejected)
    assert "carelabel[onnx]" in verdict.hint
