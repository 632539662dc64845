"""The registry gives records by kind and by id, and answers a wrong id with the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.plugin.loading import HOOKS, NOT_WIRED
from carelabel.plugin.records import Record, Registered
from carelabel.plugin.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = [kind for kind in HOOKS.values() if kind not in NOT_WIRED]


@pytest.fixture
def registry(record_of: Callable[[type[Record]], Record]) -> Registry:
    named = {f"acme.{kind.kind}": record_of(kind) for kind in KINDS}
    return Registry(
        records={id_: Registered(id=id_, record=named[id_], distribution="d", version="1") for id_ in sorted(named)}
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_each_kind_has_its_accessor(
    registry: Registry, record_of: Callable[[type[Record]], Record], kind: type[Record]
) -> None:
    accessor = getattr(registry, f"{kind.kind}s")
    assert accessor() == {f"acme.{kind.kind}": record_of(kind)}


def test_get_gives_a_record_with_its_origin(registry: Registry) -> None:
    assert registry.get("acme.metric").distribution == "d"


def test_a_wrong_id_is_answered_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"got 'acme.metrik' \(did you mean acme.metric\?\)"):
        registry.get("acme.metrik")


def test_an_id_like_no_other_is_answered_with_the_lists(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"got 'xyz' \(carelabel list-tests and the like show all ids\)"):
        registry.get("xyz")
