"""What the plugin brings. This file is imported by every command, so it imports nothing but carelabel."""

from __future__ import annotations

from carelabel import ANY, Converter, Metric, Parameter, Quantity, Test, hookimpl


@hookimpl
def carelabel_metrics() -> list[Metric]:
    """One metric."""
    return [
        Metric(
            name="cohens-kappa",
            summary="agreement with the truth beyond what chance would give",
            entry="carelabel_example.kappa:cohens_kappa",
            tasks=frozenset({"classification"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            cost="cheap",
            input="labels",
            better="higher",
            range=(-1.0, 1.0),
        ),
    ]


@hookimpl
def carelabel_tests() -> list[Test]:
    """One test."""
    return [
        Test(
            name="batching",
            summary="whether a row's answer depends on the rows it is predicted with",
            entry="carelabel_example.batching:batching",
            tasks=frozenset({"classification"}),
            frameworks=ANY,
            cost="cheap",
            parameters=(
                Parameter(
                    name="rows",
                    type="int",
                    default=64,
                    description="Rows that are predicted one at a time.",
                    minimum=1,
                ),
            ),
            group="robustness",
            scope="candidate",
            quantities=(
                Quantity(
                    name="batching_changes",
                    unit="1",
                    better="lower",
                    group="robustness",
                    meaning="Share of rows that get another label alone than among other rows.",
                ),
            ),
        ),
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """One converter."""
    return [
        Converter(
            name="halved",
            summary="keeps every second tree of a forest",
            entry="carelabel_example.halving:halve",
            tasks=frozenset({"classification", "regression"}),
            frameworks=frozenset({"scikit-learn"}),
            families=frozenset({"random-forest", "extra-trees"}),
            requires=("scikit-learn>=1.7",),
            cost="cheap",
            source=frozenset({"sklearn-pickle", "sklearn-joblib"}),
            target="sklearn-pickle",
            conversion="prune",
            slug="halved",
            lossless=False,
            tolerance="half of the trees are gone",
        ),
    ]
