"""The words that records speak in, and a problem for each word that nobody knows.

The core knows the words that hold for every plugin. Names of frameworks and formats come from plugins: what a backend
takes part in (tasks, frameworks, families, formats, words its models provide), what a converter writes and what a
platform offers is known from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carelabel.plugin.records import ANY, Backend, Converter, Platform, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from carelabel.plugin.records import Record, Registered

TASKS: Final = frozenset({"classification", "regression", "clustering"})

FAMILIES: Final = frozenset(
    {
        *("decision-tree", "random-forest", "extra-trees", "gradient-boosting", "hist-gradient-boosting"),
        *("linear", "svm", "mlp", "cnn", "naive-bayes", "nearest-neighbours", "gaussian-process"),
        *("k-means", "gaussian-mixture", "tree-ensemble", "pipeline", "other"),
    },
)

HARDWARE: Final = frozenset(
    {
        *("cpu", "x86_64", "arm64", "avx2", "avx512", "neon", "sve", "amx", "intel-rapl", "amd-rapl"),
        *("cuda", "nvml", "rocm", "mps", "npu", "tpu", "fpga"),
    },
)

NEEDS: Final = frozenset(
    {
        *("train", "labels", "probabilities", "decision", "groups", "gradients", "propensities", "boundaries"),
        *("compiler", "clear-refs"),
    },
)

_FIELDS: Final = (
    ("tasks", "task"),
    ("frameworks", "framework"),
    ("families", "family"),
    ("runs_on", "hardware tag"),
    ("needs", "need"),
    ("source", "format"),
)
_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A word that a record names."""

    what: str
    word: str
    identifier: str


def known_words(records: Iterable[Record]) -> Mapping[str, frozenset[str]]:
    """Every known word by what it names: the core's own and what these records bring."""
    words = {
        "task": set(TASKS),
        "framework": set(),
        "family": set(FAMILIES),
        "hardware tag": set(HARDWARE),
        "need": set(NEEDS),
        "format": set(),
    }
    for record in records:
        for what, brought in _brought(record):
            words[what] |= brought
    return {what: frozenset(found) - ANY for what, found in words.items()}


def _brought(record: Record) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(record, Backend):
        yield "task", record.tasks
        yield "framework", record.frameworks | {record.framework}
        yield "family", record.families
        yield "format", record.formats
        yield "need", record.provides
    elif isinstance(record, Converter):
        yield "format", frozenset({record.target})
    elif isinstance(record, Platform):
        yield "hardware tag", record.tags


def unknown_words(records: Mapping[str, Registered], sources: Mapping[str, str]) -> tuple[Problem, ...]:
    """One problem for each word of a third party that is not known, with the nearest one that is.

    Built-in plugins speak of each other, so what they name can be unknown only because one of them is switched off.

    Args:
        records: By id.
        sources: Id to the plugin it comes from.
    """
    known = known_words(item.record for item in records.values())
    uses: dict[tuple[str, str, str], list[str]] = {}
    for use in _uses({identifier: item.record for identifier, item in records.items() if not item.builtin}):
        if use.word not in known[use.what]:
            uses.setdefault((sources[use.identifier], use.what, use.word), []).append(use.identifier)
    return tuple(_problem(*key, identifiers, known[key[1]]) for key, identifiers in sorted(uses.items()))


def _uses(records: Mapping[str, Record]) -> Iterator[Use]:
    for identifier, record in records.items():
        for field, what in _FIELDS:
            words: frozenset[str] = getattr(record, field, frozenset())
            for word in words - ANY:
                yield Use(what=what, word=word, identifier=identifier)


def _problem(source: str, what: str, word: str, identifiers: list[str], known: frozenset[str]) -> Problem:
    import difflib  # noqa: PLC0415 - most registries hold no unknown word

    nearest = difflib.get_close_matches(word, sorted(known), n=1)
    more = len(identifiers) - _SHOWN
    shown = ", ".join(identifiers[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return Problem(
        source=source,
        code="unknown-word",
        text=f"every {what} must be known to the core or brought by a plugin, got {word!r} in {shown}",
        hint=f"did you mean {nearest[0]!r}?" if nearest else f"nothing that is installed brings this {what}",
    )
