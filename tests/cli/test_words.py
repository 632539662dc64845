"""``--set TEST.PARAM=VALUE``: split at the last dot before the first ``=``; VALUE is YAML."""

from __future__ import annotations

from typing import Any

import pytest

from carelabel.cli.words import parse_settings
from carelabel.errors import UsageError
from carelabel.options import Setting


@pytest.mark.parametrize(
    ("word", "test", "parameter", "value"),
    [
        ("resources.latency.batch_sizes=[1, 64]", "resources.latency", "batch_sizes", [1, 64]),
        ("a.b.c.d=5", "a.b.c", "d", 5),
        ("a.b=x=y.z", "a", "b", "x=y.z"),
        ("a.b=1.5", "a", "b", 1.5),
        ("a.b=1e-3", "a", "b", 0.001),
        ("a.b=-2E3", "a", "b", -2000.0),
        ("a.b=true", "a", "b", True),
        ("a.b=predict", "a", "b", "predict"),
        ("a.b='1'", "a", "b", "1"),
        ("a.b=", "a", "b", None),
        (" a.b =3", "a", "b", 3),
    ],
)
def test_a_word_becomes_a_typed_setting(word: str, test: str, parameter: str, value: Any) -> None:
    (setting,) = parse_settings([word])
    assert setting == Setting(test=test, parameter=parameter, value=value)
    assert type(setting.value) is type(value)


@pytest.mark.parametrize("word", ["", "a", "a=1", "a.b", ".b=1", "a.=1", "a.b c=1", "=1"])
def test_another_form_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings([word])
    assert str(caught.value) == (
        f"--set must be TEST.PARAM=VALUE, got {word!r} (as in --set 'resources.latency.batch_sizes=[1, 64]')"
    )


def test_a_value_that_yaml_cannot_read_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^--set must have a value that YAML can read, got 'a.b=\[1': "):
        parse_settings(["a.b=[1"])


def test_a_value_that_would_run_code_is_refused() -> None:
    with pytest.raises(UsageError, match="that YAML can read"):
        parse_settings(["a.b=!!python/object/apply:os.getpid []"])


def test_the_same_parameter_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^--set must name a parameter once, got a.b twice$"):
        parse_settings(["a.b=1", "a.b=2"])
