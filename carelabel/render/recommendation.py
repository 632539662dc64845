"""A recommendation for people: the best, what else would do, and what nearly made it and why it did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from carelabel.label.compare import Option, Recommendation

_NEAR = 6


def render_recommendation(found: Recommendation, requirements: Sequence[str]) -> Iterator[RenderableType]:
    """Lines in the order in which they are asked about."""
    if found.best is None:
        yield Text(f"nothing is known to meet {' and '.join(requirements) or 'the requirements'}", style="bold")
    else:
        yield Text(f"deploy {_name(found.best)}", style="bold")
        yield from _verdicts(found.best)
        for remark in found.best.remarks:
            yield Padding(Text(f"note: {remark}"), (0, 0, 0, 2))
    if others := ", ".join(_name(option) for option in found.meeting[1:]):
        yield Text(f"{'also meeting them' if requirements else 'then'}: {others}")
    for option in found.near[:_NEAR]:
        yield Text(f"not {_name(option)}")
        yield from _verdicts(option, only_missed=True)
    if len(found.near) > _NEAR:
        yield Text(f"and {len(found.near) - _NEAR} more that miss a requirement")
    reasons: dict[str, list[str]] = {}
    for option in found.excluded:
        reasons.setdefault(option.excluded, []).append(_name(option))
    for reason, names in reasons.items():
        yield Text(f"not to be recommended: {', '.join(names)}")
        yield Padding(Text(reason), (0, 0, 0, 2))


def _name(option: Option) -> str:
    front = ", on the Pareto front" if option.on_front else ""
    other = ", another model: its answers differ" if option.parity == "different" else ""
    index = f", compound index {option.index:.3g}" if option.index is not None else ""
    return f"{option.candidate} on {option.platform}{other}{index}{front}"


def _verdicts(option: Option, *, only_missed: bool = False) -> Iterator[RenderableType]:
    for verdict in option.verdicts:
        if not (only_missed and verdict.met):
            yield Padding(Text(verdict.text), (0, 0, 0, 2))
