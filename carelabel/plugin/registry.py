"""The registry: every record of every plugin that could be loaded, as a value that is passed on."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from carelabel.errors import UsageError
from carelabel.plugin.records import (
    Backend,
    Converter,
    Meter,
    Metric,
    Platform,
    Problem,
    Record,
    Registered,
    Store,
    Test,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RecordT = TypeVar("RecordT", bound=Record)

PluginStatus = Literal["loaded", "failed", "disabled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginInfo:
    """One entry point of the group ``carelabel``.

    Attributes:
        name: Of the entry point; ids of its records begin with it.
        module: What the entry point names.
        distribution, version: Of the package that brings it.
        source: Folder that the distribution was found in.
        builtin: True when it comes with carelabel itself.
        records: Number of its records in the registry.
        problem: Texts of its problems in one line, empty when there are none.
    """

    name: str
    module: str
    distribution: str
    version: str
    source: str
    builtin: bool
    status: PluginStatus
    records: int = 0
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """What `discover` found.

    Attributes:
        records: Id to record and origin, sorted by id; an id is unique over all kinds.
        problems: What could not be taken, sorted by source.
        plugins: Every entry point that was found, sorted by name and distribution, disabled ones included.
    """

    records: Mapping[str, Registered]
    problems: tuple[Problem, ...] = ()
    plugins: tuple[PluginInfo, ...] = ()

    def backends(self) -> Mapping[str, Backend]:
        """Backends by id."""
        return self.of_kind(Backend)

    def converters(self) -> Mapping[str, Converter]:
        """Converters by id."""
        return self.of_kind(Converter)

    def tests(self) -> Mapping[str, Test]:
        """Tests by id."""
        return self.of_kind(Test)

    def metrics(self) -> Mapping[str, Metric]:
        """Metrics by id."""
        return self.of_kind(Metric)

    def meters(self) -> Mapping[str, Meter]:
        """Meters by id."""
        return self.of_kind(Meter)

    def platforms(self) -> Mapping[str, Platform]:
        """Platforms that plugins bring, by id; the core's own are not among them."""
        return self.of_kind(Platform)

    def stores(self) -> Mapping[str, Store]:
        """Stores that plugins bring, by id."""
        return self.of_kind(Store)

    def of_kind(self, kind: type[RecordT]) -> Mapping[str, RecordT]:
        """Records of one kind by id, sorted by id."""
        return {item.id: item.record for item in self.records.values() if isinstance(item.record, kind)}

    def get(self, identifier: str) -> Registered:
        """One record with its origin.

        Raises:
            UsageError: If there is none of that id; the nearest one is named.
        """
        if identifier in self.records:
            return self.records[identifier]
        nearest = difflib.get_close_matches(identifier, self.records, n=1)
        msg = f"there must be a record of that id, got {identifier!r}"
        hint = f"did you mean {nearest[0]}?" if nearest else "carelabel list-tests and the like show all ids"
        raise UsageError(msg, hint)
