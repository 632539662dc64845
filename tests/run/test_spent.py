"""Time by category, nested ones taken out of the outer one."""

from __future__ import annotations

from typing import Never

import pytest

from carelabel.worker.time_spent import Spent


def test_nested_categories_are_not_counted_twice() -> None:
    clock = iter([0.0, 10.0, 11.0, 14.0, 20.0]).__next__
    spent = Spent(clock)
    with spent.on("plugin"), spent.on("load"):
        pass
    assert spent.take() == {"plugin": 7.0, "load": 3.0}
    assert spent.take() == {}


def test_time_counts_also_when_it_ends_in_an_exception() -> Never:
    spent = Spent(iter([0.0, 1.0, 3.0]).__next__)
    with pytest.raises(ZeroDivisionError), spent.on("turn"):
        _ = 1 / 0
    assert spent.take() == {"turn": 2.0}
