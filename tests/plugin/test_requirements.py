"""What is missing is found by name and version, and the hint names the extra that brings it."""

from __future__ import annotations

from importlib import metadata

import pytest

from carelabel.plugin.needs import MissingRequirement, install_hint, missing_requirements

PACKAGES = {"scikit-learn": "1.6.0", "typing-extensions": "4.12", "nightly": "2.0.0.dev1"}


@pytest.mark.parametrize(
    "requirement",
    [
        "scikit-learn",
        "scikit-learn>=1.5,<2",
        "Scikit_Learn",
        "typing.extensions>=4",
        "nightly>=1",
        "absent; python_version < '3'",
    ],
)
def test_a_met_requirement_is_not_missing(requirement: str) -> None:
    assert missing_requirements([requirement], PACKAGES) == ()


@pytest.mark.parametrize(
    ("requirement", "found"),
    [("absent>=1", None), ("scikit-learn>=2", "1.6.0"), ("absent; python_version > '3'", None), ("not a name!", None)],
)
def test_a_missing_requirement_says_what_was_found(requirement: str, found: str | None) -> None:
    assert missing_requirements([requirement], PACKAGES) == (MissingRequirement(requirement=requirement, found=found),)


def test_all_missing_requirements_are_named_in_their_order() -> None:
    missing = missing_requirements(["zeta", "scikit-learn", "alpha"], PACKAGES)
    assert [item.requirement for item in missing] == ["zeta", "alpha"]


def test_the_hint_names_the_extra_that_brings_it() -> None:
    assert install_hint("nvidia-ml-py>=12") == "pip install 'carelabel[nvml]'"


def test_the_extra_of_the_plugin_is_preferred() -> None:
    assert install_hint("scikit-learn>=1.6", plugin="onnx") == "pip install 'carelabel[onnx]'"
    assert install_hint("scikit-learn>=1.6", plugin="acme") != install_hint("scikit-learn>=1.6", plugin="onnx")


def test_what_no_extra_brings_is_installed_by_itself() -> None:
    assert install_hint("weka>=3,<4", plugin="acme") == "pip install 'weka>=3,<4'"


def test_without_an_installed_carelabel_there_is_still_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> list[str]:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "requires", absent)
    assert install_hint("nvidia-ml-py>=12") == "pip install 'nvidia-ml-py>=12'"


@pytest.mark.parametrize("variant", ["boostlib", "boostlib-cpu", "boostlib-gpu"])
def test_a_variant_of_a_distribution_meets_what_asks_for_the_library(variant: str) -> None:
    assert missing_requirements(["boostlib>=2"], {variant: "2.1"}) == ()
    assert missing_requirements(["boostlib>=3"], {variant: "2.1"})[0].found == "2.1"


def test_a_variant_that_is_asked_for_by_name_is_met_by_no_other() -> None:
    assert missing_requirements(["boostlib-gpu"], {"boostlib": "2.1"})
