"""What the codes 0 to k - 1 stand for, in a model that was saved without the names of its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel.data.columns import Label


def classes_of_codes(count: int, found: Sequence[Label], name: str) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    """The classes in the order of a model's codes, and a warning where that order is a convention.

    Args:
        count: Number of classes that the model tells apart.
        found: Classes of the data, sorted.
        name: Of the model's file, for messages.

    Returns: The codes themselves where the data holds such, else the classes of the data in their sorted order, which
        is how label encoders number them.

    Raises:
        LoadError: If the data holds other classes, and more or fewer than the model.
    """
    codes = tuple(range(count))
    if set(found) <= set(codes) and not any(isinstance(label, bool) for label in found):
        return codes, ()
    if len(found) == count:
        shown = ", ".join(map(repr, found[:3])) + (", ..." if count > 3 else "")  # noqa: PLR2004 - enough to see which
        text = f"{name} numbers its classes 0 to {count - 1}: they were taken for {shown} in this order"
        return tuple(found), (text,)
    msg = (
        f"{name} tells {count} classes apart, so the data must hold their numbers or all of them; it holds {len(found)}"
    )
    raise LoadError(msg, "use a test set that holds every class")
