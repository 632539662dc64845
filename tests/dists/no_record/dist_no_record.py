"""Gives a dict."""

from __future__ import annotations

from carelabel import hookimpl


@hookimpl
def carelabel_metrics() -> list[dict[str, str]]:
    return [{"name": "wrong"}]
