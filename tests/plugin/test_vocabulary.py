"""Words: what the core knows, what plugins bring, and a problem for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carelabel.plugin.records import ANY, Backend, Converter, Metric, Platform, Record, Registered
from carelabel.plugin.vocabulary import known_words, unknown_words

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKEND = Backend(
    name="weka",
    summary="s",
    entry="m:a",
    tasks=frozenset({"classification", "ranking"}),
    frameworks=frozenset({"weka"}),
    families=frozenset({"fern"}),
    formats=frozenset({"weka-model"}),
    suffixes=(".model",),
    framework="weka",
    provides=frozenset({"rules"}),
)
CONVERTER = Converter(
    name="to-c",
    summary="s",
    entry="m:a",
    tasks=ANY,
    frameworks=ANY,
    source=frozenset({"weka-model"}),
    target="c-source",
    conversion="format",
    slug="c",
    lossless=True,
)
PLATFORM = Platform(
    name="board", summary="s", entry="m:a", tasks=ANY, frameworks=ANY, slug="board", tags=frozenset({"riscv"})
)


def registered(records: Mapping[str, Record], *, builtin: bool = False) -> dict[str, Registered]:
    return {
        name: Registered(id=name, record=record, distribution="d", version="1", builtin=builtin)
        for name, record in records.items()
    }


def metric(**words: object) -> Metric:
    fields = {"tasks": ANY, "frameworks": ANY, "input": "labels", "better": "higher", "range": (0.0, 1.0), **words}
    return Metric(name="m", summary="s", entry="m:a", **fields)  # type: ignore[arg-type]  # built from parts


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ("task", "ranking"),
        ("framework", "weka"),
        ("family", "fern"),
        ("format", "weka-model"),
        ("format", "c-source"),
        ("need", "rules"),
        ("hardware tag", "riscv"),
        ("task", "regression"),
        ("hardware tag", "cuda"),
        ("need", "probabilities"),
    ],
)
def test_words_come_from_the_core_and_from_plugins(what: str, word: str) -> None:
    assert word in known_words([BACKEND, CONVERTER, PLATFORM])[what]


def test_any_is_no_word() -> None:
    assert all("*" not in words for words in known_words([BACKEND, CONVERTER, metric()]).values())


@pytest.mark.parametrize(
    ("record", "text", "hint"),
    [
        (metric(tasks=frozenset({"rankin"})), "every task must be known", "did you mean 'ranking'?"),
        (metric(frameworks=frozenset({"wecka"})), "every framework must be known", "did you mean 'weka'?"),
        (metric(families=frozenset({"random-forrest"})), "every family must be known", "did you mean 'random-forest'?"),
        (metric(needs=frozenset({"probabilitys"})), "every need must be known", "did you mean 'probabilities'?"),
        (metric(runs_on=frozenset({"cudda"})), "every hardware tag must be known", "did you mean 'cuda'?"),
        (metric(needs=frozenset({"xyz"})), "every need must be known", "nothing that is installed brings this need"),
    ],
    ids=["task", "framework", "family", "need", "hardware", "nothing-near"],
)
def test_an_unknown_word_is_named_with_the_nearest(record: Record, text: str, hint: str) -> None:
    records = registered({"weka.weka": BACKEND, "acme.m": record})
    (problem,) = unknown_words(records, {"weka.weka": "weka", "acme.m": "acme (acme 1)"})
    assert (problem.source, problem.code, problem.hint) == ("acme (acme 1)", "unknown-word", hint)
    assert problem.text.startswith(text)
    assert problem.text.endswith("in acme.m")


def test_a_converter_for_a_format_that_nobody_brings_is_told() -> None:
    (problem,) = unknown_words(registered({"c.c": CONVERTER}), {"c.c": "c"})
    assert "every format must be known to the core or brought by a plugin, got 'weka-model' in c.c" in problem.text


def test_one_word_in_many_records_is_one_problem() -> None:
    records = {f"acme.m{i}": metric(tasks=frozenset({"clasification"})) for i in range(5)}
    (problem,) = unknown_words(registered(records), dict.fromkeys(records, "acme"))
    assert problem.text.endswith("got 'clasification' in acme.m0, acme.m1, acme.m2 and 2 more")


def test_a_built_in_record_may_name_what_is_switched_off() -> None:
    assert unknown_words(registered({"c.c": CONVERTER}, builtin=True), {"c.c": "c"}) == ()
