"""pyproject.toml and constraints.txt agree with each other, and with what lies in plugins/."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from carelabel.plugin.discovery import discover
from carelabel.plugin.needs import provider
from tests.house.generated import ROOT
from tests.house.test_names import ENTRIES, PACKAGES, PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def declared() -> Iterator[Requirement]:
    """Every requirement on somebody else's package, wherever pyproject.toml has it."""
    groups = PROJECT["dependency-groups"].values()
    texts = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"]]
    texts += [text for extra in EXTRAS.values() for text in extra]
    texts += [text for group in groups for text in group if isinstance(text, str)]
    found = map(Requirement, texts)
    return (requirement for requirement in found if requirement.name != PROJECT["project"]["name"])


def pins() -> dict[str, Version]:
    """Package to version in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.partition("==") for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, _, version in pinned}


def test_everything_declared_is_pinned_within_its_bounds() -> None:
    pinned = pins()
    assert {
        requirement.name for requirement in declared() if canonicalize_name(requirement.name) not in pinned
    } == set()
    outside = [
        str(requirement)
        for requirement in declared()
        if pinned[canonicalize_name(requirement.name)] not in requirement.specifier
    ]
    assert outside == []


def test_a_package_has_one_lower_bound_wherever_it_is_declared() -> None:
    bounds: dict[str, set[str]] = defaultdict(set)
    for requirement in declared():
        lower = [item.version for item in requirement.specifier if item.operator == ">="]
        assert len(lower) == 1, f"{requirement} must have a lower bound, which the session minimums installs"
        bounds[canonicalize_name(requirement.name)].update(lower)
    assert {name: sorted(versions) for name, versions in bounds.items() if len(versions) > 1} == {}


def test_a_record_requires_what_its_extra_brings() -> None:
    """A record that takes an older version than pyproject.toml promises something that no session tests."""
    bounds = {canonicalize_name(item.name): item.specifier for item in declared()}
    required = [
        (key, Requirement(text))
        for key, item in discover().records.items()
        if item.builtin
        for text in getattr(item.record, "requires", ())
    ]
    assert required
    packages = dict.fromkeys(bounds, "")
    promised = [(key, item, bounds.get(provider(canonicalize_name(item.name), packages))) for key, item in required]
    assert {key: str(item) for key, item, bound in promised if bound not in {None, item.specifier}} == {}


def test_every_plugin_has_an_extra_of_its_name() -> None:
    assert set(ENTRIES) <= set(EXTRAS)
    (everything,) = EXTRAS["all"]
    assert set(everything.partition("[")[2].rstrip("]").split(",")) == set(EXTRAS) - {"all"}


def test_every_folder_in_plugins_is_registered() -> None:
    assert sorted(value.partition(".")[0] for value in ENTRIES.values()) == PACKAGES
