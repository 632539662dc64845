"""Records that cannot be right are refused where they are made, in one line that says what must hold."""

from __future__ import annotations

import pytest

from carelabel.plugin.records import ANY, Platform
from tests.factories import a_test, converter


@pytest.mark.parametrize(
    ("slug", "conversion"), [("original", "format"), ("original", "export"), ("reference", "prune")]
)
def test_a_slug_is_not_a_word_of_the_core(slug: str, conversion: str) -> None:
    with pytest.raises(ValueError, match=f"saw: slug must be a word of its own, got '{slug}', which is the core's"):
        converter(slug=slug, conversion=conversion)


def test_the_reference_has_its_own_slug() -> None:
    assert converter(slug="reference", conversion="reference").slug == "reference"


def platform(slug: str) -> Platform:
    return Platform(name="box", summary="s", entry="m:a", tasks=ANY, frameworks=ANY, slug=slug, tags=frozenset({"cpu"}))


@pytest.mark.parametrize("slug", ["cpu-1t", "cpu-all", "cuda:0", "cuda:7"])
def test_a_platforms_slug_is_not_one_of_the_cores(slug: str) -> None:
    with pytest.raises(ValueError, match=f"box: slug must be a word of its own, got '{slug}'"):
        platform(slug)


@pytest.mark.parametrize("slug", ["", "a/b", "A", "cpu 2", "x,y", "*"])
def test_a_platforms_slug_can_stand_in_an_id(slug: str) -> None:
    with pytest.raises(ValueError, match="box: slug must be lower-case letters, digits and hyphens"):
        platform(slug)


@pytest.mark.parametrize("slug", ["cpu-2t", "rocm:0", "cpu-1t-turbo"])
def test_other_slugs_are_free(slug: str) -> None:
    assert platform(slug).slug == slug


@pytest.mark.parametrize(("style", "place"), [("paired", "fresh"), ("once", "candidate"), ("once", "scorer")])
def test_only_a_fresh_test_of_style_once_leaves_a_reusable_worker(style: str, place: str) -> None:
    with pytest.raises(ValueError, match=f"can leave a reusable worker, got style {style} in place {place}"):
        a_test(style=style, place=place, reusable=True)
