"""Where labels are kept: one small contract, and files with a TinyDB index as its default.

Another store joins through the hook ``carelabel_stores``; its entry is a class as `LabelStore` that is made with
one argument, the folder it may write to. ``CARELABEL_STORE`` names the store by its id.
"""

from __future__ import annotations

from carelabel.store.choice import open_store
from carelabel.store.contract import LabelNotFoundError, LabelStore, Summary, summarise

__all__ = ["LabelNotFoundError", "LabelStore", "Summary", "open_store", "summarise"]
