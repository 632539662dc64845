"""The expected errors of this package; each is one line: what must hold, what was found, what to do."""

from __future__ import annotations


class UnsupportedModelError(ValueError):
    """A model, or a setting of it, that cannot be read into a tree ensemble exactly."""
