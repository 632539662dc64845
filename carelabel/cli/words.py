"""The words of the command line that need reading: ``--set TEST.PARAM=VALUE``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from carelabel.errors import UsageError
from carelabel.options import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXAMPLE = "as in --set 'resources.latency.batch_sizes=[1, 64]'"


class _Yaml(yaml.SafeLoader):
    """YAML, in which 1e-3 is a number; YAML 1.1 as PyYAML reads it takes that for text."""


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+\Z"), list("-+.0123456789")
)


def parse_settings(words: Iterable[str]) -> tuple[Setting, ...]:
    """Split each ``TEST.PARAM=VALUE`` at the last dot before the first ``=``; VALUE is YAML.

    Whether there is such a test, and such a parameter of it, is for the plan to say, which knows the plugins.

    Raises:
        UsageError: If a word has another form, or the same parameter is set twice.
    """
    settings = tuple(_parse(word) for word in words)
    seen = set()
    for setting in settings:
        key = (setting.test, setting.parameter)
        if key in seen:
            msg = f"--set must name a parameter once, got {setting.test}.{setting.parameter} twice"
            raise UsageError(msg)
        seen.add(key)
    return settings


def _parse(word: str) -> Setting:
    name, equals, text = word.partition("=")
    test, dot, parameter = name.strip().rpartition(".")
    if not (equals and dot and test and parameter.isidentifier()):
        msg = f"--set must be TEST.PARAM=VALUE, got {word!r}"
        raise UsageError(msg, _EXAMPLE)
    return Setting(test=test, parameter=parameter, value=_value(word, text))


def _value(word: str, text: str) -> Any:  # noqa: ANN401 - what YAML reads
    try:
        return yaml.load(text, Loader=_Yaml)  # noqa: S506 - a child of SafeLoader
    except yaml.YAMLError as error:
        reason = getattr(error, "problem", None) or str(error)
        msg = f"--set must have a value that YAML can read, got {word!r}: {reason}"
        raise UsageError(msg, _EXAMPLE) from error
