"""Letters are a function of a figure's own interval and fixed boundaries, and of nothing else."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from carelabel.errors import UsageError
from carelabel.label.rating import Index, letter, letters, rate
from carelabel.label.scale import load_scale, scale_folder
from tests.label.labels import accuracy, label, latency, measurement

SCALE = load_scale()
ORDER = "ABCDE"


def row(document: dict[str, Any], name: str, candidate: str = "original") -> dict[str, Any]:
    rows, _ = rate(document, SCALE)
    return next(item for item in rows if (item["property"], item["candidate"]) == (name, candidate))


def total(document: dict[str, Any], candidate: str = "original") -> dict[str, Any]:
    _, compound = rate(document, SCALE)
    return next(item for item in compound["of"] if item["candidate"] == candidate)


@pytest.mark.parametrize("name", sorted(path.stem for path in scale_folder().glob("*.yaml")))
def test_every_shipped_scale_is_valid(name: str) -> None:
    assert load_scale(name).name == name


@pytest.mark.parametrize(
    ("index", "expected"), [(1000.0, "A"), (16.0, "A"), (15.99, "B"), (4.0, "C"), (2.0, "D"), (1.99, "E"), (0.0, "E")]
)
def test_a_letter_begins_at_its_boundary(index: float, expected: str) -> None:
    assert letter(index, (16, 8, 4, 2)) == expected


def test_an_interval_that_straddles_a_boundary_shows_both_ends() -> None:
    assert letters(Index(value=10, low=7.9, high=10.1), (16, 8, 4, 2)) == "B-C"
    assert letters(Index(value=10, low=8.1, high=10.1), (16, 8, 4, 2)) == "B"


def test_a_lone_model_gets_a_meaningful_letter() -> None:
    document = label(latency("original", 1e-5), latency("reference", 1e-5), accuracy("original", 0.97))
    assert row(document, "latency")["letter"] == "A"
    assert row(document, "latency")["index"] == pytest.approx(1.0)
    assert row(document, "quality")["index"] == pytest.approx(0.5 / 0.03)
    assert row(document, "quality")["letter"] == "A"


def test_a_letter_does_not_change_when_another_candidate_is_added() -> None:
    alone = label(latency("original", 3e-5), latency("reference", 1e-5), accuracy("original", 0.9))
    crowd = label(
        *alone["measurements"],
        *(latency(f"c{n}", 10.0**-n) for n in range(2, 9)),
        candidates=("original", *(f"c{n}" for n in range(2, 9))),
    )
    assert [item for item in rate(crowd, SCALE)[0] if item["candidate"] == "original"] == rate(alone, SCALE)[0]


def test_what_is_missing_is_not_rated_and_leaves_the_compound() -> None:
    document = label(latency("original", 1e-5), latency("reference", 1e-5), accuracy("original", None))
    assert row(document, "quality")["letter"] == "n/a"
    assert row(document, "quality")["reason"] == "not measured"
    assert row(document, "memory")["reason"] == "resident_after_load was not measured"
    assert total(document)["letter"] != "E"
    assert total(document)["unused"] == {"quality": 2.0, "throughput": 1.0, "memory": 1.0, "energy": 1.0}
    assert total(label())["letter"] == "n/a"


def test_without_the_reference_there_is_no_letter_but_a_reason() -> None:
    found = row(label(latency("original", 1e-5)), "latency")
    assert (found["letter"], found["reason"]) == ("n/a", "the reference workload was not measured here")


def test_a_clusterer_has_no_quality_letter() -> None:
    document = label(measurement("original", "silhouette", 0.5, platform=None), subject={"task": "clustering"})
    assert row(document, "quality")["letter"] == "n/a"


def test_regression_is_held_against_the_mean() -> None:
    found = row(label(measurement("original", "r2", 0.9, platform=None), subject={"task": "regression"}), "quality")
    assert found["index"] == pytest.approx(10.0)


def test_no_error_at_all_is_one_error_in_n() -> None:
    assert row(label(accuracy("original", 1.0)), "quality")["index"] == pytest.approx(0.5 * 1000)


def test_making_a_figure_worse_never_improves_a_letter() -> None:
    random_ = random.Random(0)
    for _ in range(500):
        value, width = 10 ** random_.uniform(-7, -1), random_.uniform(0, 0.5)
        better = label(latency("original", value, width), latency("reference", 1e-5), accuracy("original", 0.9))
        worse = label(latency("original", value * 1.2, width), latency("reference", 1e-5), accuracy("original", 0.89))
        for name in ("latency", "quality"):
            before, after = row(better, name)["letter"], row(worse, name)["letter"]
            assert ORDER.index(after[0]) >= ORDER.index(before[0])
            assert ORDER.index(after[-1]) >= ORDER.index(before[-1])
        assert total(worse)["index"] < total(better)["index"]


def test_two_copies_of_a_model_have_overlapping_letters_in_at_least_95_of_100_runs() -> None:
    """The A/A test on samples as runs give them: medians of noisy rounds with their order-statistic intervals."""
    random_ = random.Random(1)
    overlapping = 0
    for _ in range(100):
        truth = 1e-5 / 0.5  # exactly on the boundary of A and B, the worst case
        pair = []
        for _ in range(2):
            rounds = sorted(truth * math.exp(random_.gauss(0, 0.05)) for _ in range(20))
            pair.append(
                letters(
                    Index(value=1e-5 / rounds[10], low=1e-5 / rounds[14], high=1e-5 / rounds[5]),
                    (0.5, 0.1, 0.02, 0.004),
                )
            )
        spans = [set(ORDER[ORDER.index(item[0]) : ORDER.index(item[-1]) + 1]) for item in pair]
        overlapping += bool(spans[0] & spans[1])
    assert overlapping >= 95


def test_the_compound_is_the_weighted_mean_on_a_log_scale_and_says_what_moved_it() -> None:
    document = label(latency("original", 4e-5), latency("reference", 1e-5), accuracy("original", 0.9))
    found = total(document)
    assert found["index"] == pytest.approx((5.0**2 * 0.25) ** (1 / 3))
    assert math.prod(found["moved"].values()) == pytest.approx(found["index"])
    assert found["weights"] == {"quality": pytest.approx(2 / 3), "latency": pytest.approx(1 / 3)}


def test_a_contended_figure_says_so_on_its_letter() -> None:
    document = label(latency("original", 1e-5, flags=["contended", "loops"]), latency("reference", 1e-5))
    assert row(document, "latency")["flags"] == ["contended"]


def test_figures_that_are_no_numbers_are_not_rated() -> None:
    for value in ("nan", "inf", 0.0, -1.0):
        document = label(measurement("original", "latency_p50", value, at={"batch": 1}), latency("reference", 1e-5))
        assert row(document, "latency")["letter"] == "n/a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("properties: {}", "name: Field required"),
        ("name: a\nversion: 1\nproperties: {}\ncompound: {boundaries: [1, 2, 3, 4]}", "must be positive and fall"),
        ("a: [", "must be a readable YAML file"),
    ],
)
def test_a_wrong_scale_is_one_line(tmp_path: Any, text: str, message: str) -> None:
    path = tmp_path / "scale.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_scale(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_property_alone_makes_no_compound() -> None:
    found = total(label(accuracy("original", 0.9)))
    assert (found["letter"], found["reason"]) == ("n/a", "only its quality was rated")
    assert "index" not in found
