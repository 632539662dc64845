"""Footnotes: a mark in a cell, and what it means below the table."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_MEANINGS: Final = MappingProxyType(
    {
        "contended": "contended: other work took more than 10 % of the time; trust processor time and ratios",
        "more-threads": "more-threads: calls kept more threads busy than the platform has; they took turns on it",
        "budget-ended": "budget-ended: the time budget ended the rounds before the interval was as narrow as wanted",
        "not-the-same-model": "not-the-same-model: this candidate answers differently, so its figures do not count",
        "loops": "loops: calls too short to be timed one by one were timed in loops",
        "not-steady": "not-steady: the running median still moved when the warm-up ended",
        "rows-repeated": "rows-repeated: there are fewer rows than the batch takes, so some came more than once",
        "below-median": "below-median: slow rounds have fewer calls, and the percentile of all calls came out below "
        "the median over rounds; neither was steady",
        "autocorrelated": "autocorrelated: successive calls depend on each other, so the interval is too narrow",
    }
)


class Notes:
    """Numbered notes of one table; the same text has one number.

    Args:
        common: Texts that hold for every figure of the table: they are told once, and not marked.
    """

    def __init__(self, common: Collection[str] = ()) -> None:
        self._common = tuple(common)
        self._numbers: dict[str, int] = {}

    def marks(self, texts: Iterable[str]) -> str:
        """The marks of notes, each with a blank before it; none for what holds everywhere."""
        marked = [text for text in texts if text not in self._common]
        numbers = {self._numbers.setdefault(text, len(self._numbers) + 1) for text in marked}
        return "".join(f" [{number}]" for number in sorted(numbers))

    def lines(self) -> Iterator[Padding]:
        """All notes in order."""
        for text in self._common:
            yield _line(f"all: {_MEANINGS.get(text, text)}")
        for text, number in self._numbers.items():
            yield _line(f"[{number}] {_MEANINGS.get(text, text)}")


def _line(text: str) -> Padding:
    return Padding(Text(text, style="dim"), (0, 0, 0, 2))
