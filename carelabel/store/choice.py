"""Which store is used: TinyDB, or the one that ``CARELABEL_STORE`` names."""

from __future__ import annotations

import difflib
import importlib
import os
from typing import TYPE_CHECKING, cast

from carelabel.base.home import Home, find_home
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from carelabel.plugin.records import Registered
    from carelabel.store.contract import LabelStore

DEFAULT = "tinydb"


def open_store(stores: Callable[[], Iterable[Registered]] = tuple, home: Home | None = None) -> LabelStore:
    """Open the configured store.

    Args:
        stores: Gives the store records of the installed plugins; asked only when another store is configured.

    Raises:
        UsageError: If ``CARELABEL_STORE`` names a store that is not there or cannot be loaded.
    """
    folder = (home or find_home()).store
    wanted = os.environ.get("CARELABEL_STORE") or DEFAULT
    if wanted == DEFAULT:
        from carelabel.store.tinydb import TinyDBStore  # noqa: PLC0415 - another store needs no TinyDB

        return TinyDBStore(folder)
    known = {item.id: item.record.entry for item in stores()}
    if wanted not in known:
        names = sorted([DEFAULT, *known])
        nearest = difflib.get_close_matches(wanted, names, n=1)
        msg = f"CARELABEL_STORE must be one of {', '.join(names)}, got {wanted!r}"
        raise UsageError(msg, f"did you mean {nearest[0]}?" if nearest else "")
    return _load(wanted, known[wanted])(folder)


def _load(identifier: str, entry: str) -> Callable[..., LabelStore]:
    module, _, attribute = entry.partition(":")
    try:
        return cast("Callable[..., LabelStore]", getattr(importlib.import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        msg = f"the store {identifier} must be importable as {entry}, but: {error}"
        raise UsageError(msg, "install what it needs, or unset CARELABEL_STORE") from error
