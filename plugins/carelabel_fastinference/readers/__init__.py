"""Readers: a trained model of a library becomes a TreeEnsemble; `read_ensemble` picks the right one."""

from __future__ import annotations

from carelabel_fastinference.readers.dispatch import read_ensemble

__all__ = ["read_ensemble"]
