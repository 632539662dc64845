"""The tree engine: backends that run its files, converters that write them, and the export as source."""

from __future__ import annotations

from typing import Any, Final

from carelabel import Backend, Converter, Parameter, hookimpl
from carelabel_fastinference.layouts import (
    COMPILED,
    DEFAULT_BUDGET,
    IF_ELSE,
    IF_ELSE_INTEGER,
    INSTRUCTIONS,
    NATIVE,
    PACKED,
    RANKS,
    SUFFIX,
    UNSHARED,
    UPSTREAM,
)
from carelabel_fastinference.upstream import why_unavailable

TASKS: Final = frozenset({"classification", "regression"})
FRAMEWORK: Final = "fastinference"
FRAMEWORKS: Final = frozenset({"scikit-learn", "xgboost", "lightgbm", FRAMEWORK})
FAMILIES: Final = frozenset(
    {"decision-tree", "random-forest", "extra-trees", "gradient-boosting", "hist-gradient-boosting"}
)
SOURCES: Final = frozenset(
    {
        *("sklearn-pickle", "sklearn-joblib", "sklearn-skops"),
        *("xgboost-json", "xgboost-ubj", "lightgbm-text"),
    }
)
SAME: Final = (
    "labels, probabilities of forests and raw scores have the bits of the original computed on one thread; "
    "probabilities that go through exp can differ in the last bits"
)
_BITS: Final = (8, 16)
_PARTS: Final = {
    "leaves": "leaf values rounded to {levels} evenly spaced levels between the smallest and the largest",
    "thresholds": "thresholds of each feature rounded to {levels} evenly spaced levels from its smallest to its "
    "largest: rows close to a threshold can take another way",
}


@hookimpl
def carelabel_backends() -> list[Backend]:
    """Saved models on the packed kernel, and models compiled as code."""
    shared: dict[str, Any] = {
        "tasks": TASKS,
        "frameworks": frozenset({FRAMEWORK}),
        "families": FAMILIES,
        "needs": frozenset({"compiler"}),
        "framework": FRAMEWORK,
    }
    return [
        Backend(
            name="trees",
            summary="saved tree models on a packed kernel, which is compiled once per machine",
            usage="from carelabel_fastinference import FastModel; answers = FastModel.load(path).predict(rows)",
            entry="carelabel_fastinference.backend:PackedBackend",
            formats=frozenset(PACKED),
            suffixes=(SUFFIX,),
            provides=frozenset({"boundaries"}),
            **shared,
        ),
        Backend(
            name="code",
            summary="tree models compiled as code; made by converters only, no file that is submitted is one",
            entry="carelabel_fastinference.code_backend:CodeBackend",
            formats=COMPILED,
            suffixes=(),
            executes_code=True,
            **shared,
        ),
        Backend(
            name="upstream-code",
            summary="tree classifiers as code of sbuschjaeger's FastInference; made by its converter only",
            entry="carelabel_fastinference.code_backend:CodeBackend",
            formats=frozenset({UPSTREAM}),
            suffixes=(),
            executes_code=True,
            unavailable=why_unavailable(),
            **shared,
        ),
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """Exact layouts, the code of another generator, lossy variants of the packed layout, and the export."""
    return [*_exact(), _upstream(), *_rounded(), _export()]


def _exact() -> list[Converter]:
    """Everything the engine knows in `native`; the others leave a part of it out, to show what it is worth.

    Those are called expensive for what each adds to a run, one more candidate to be timed in every test, so that only
    suites that want every form take them.
    """
    instructions = Parameter(
        name="instructions",
        type="str",
        default="auto",
        description="instruction set of the kernel; auto takes the best one of the machine",
        choices=INSTRUCTIONS,
    )
    return [
        _format("native", NATIVE, "packed nodes by path probability, integer thresholds, shared leaves", instructions),
        _format("native-unshared", UNSHARED, "as native, without sharing of equal leaves", instructions, extra=True),
        _format(
            "native-ranks", RANKS, "as native, with thresholds as ranks of their feature", instructions, extra=True
        ),
        _format("if-else", IF_ELSE, "generated C++ code, compiled for the model", _budget()),
        _format("if-else-integer", IF_ELSE_INTEGER, "as if-else, with integer thresholds", _budget(), extra=True),
    ]


def _format(name: str, target: str, summary: str, parameter: Parameter, *, extra: bool = False) -> Converter:
    """One exact layout; `extra`: only for suites that want every form."""
    compiled = target in COMPILED
    float32 = target == IF_ELSE_INTEGER  # whose keys stand for float32 inputs
    own = frozenset({NATIVE}) if target != NATIVE else frozenset()
    return Converter(
        name=name,
        summary=f"tree models exactly: {summary}",
        entry=f"carelabel_fastinference.convert:{name.replace('-', '_')}",
        tasks=TASKS,
        frameworks=FRAMEWORKS - {"lightgbm"} if float32 else FRAMEWORKS,
        families=FAMILIES - {"hist-gradient-boosting"} if float32 else FAMILIES,
        needs=frozenset({"compiler"}),
        cost="expensive" if extra else "normal",
        parameters=(parameter,),
        source=SOURCES | own,
        target=target,
        conversion="format",
        slug=target,
        lossless=True,
        tolerance=SAME,
        timeout_s=900.0 if compiled else 300.0,
    )


def _upstream() -> Converter:
    """Code of the FastInference of others, where it is installed."""
    return Converter(
        name="upstream",
        summary="tree classifiers as C++ that sbuschjaeger's FastInference generates, where that is installed",
        entry="carelabel_fastinference.upstream:convert",
        tasks=frozenset({"classification"}),
        frameworks=frozenset({"scikit-learn"}),
        families=frozenset({"decision-tree", "random-forest", "extra-trees"}),
        needs=frozenset({"compiler"}),
        unavailable=why_unavailable(),
        cost="expensive",
        source=frozenset({"sklearn-pickle", "sklearn-joblib", "sklearn-skops"}),
        target=UPSTREAM,
        conversion="format",
        slug=UPSTREAM,
        lossless=True,
        tolerance="probabilities are sums of weighted leaves: they can differ in the last bits, and labels at ties",
        timeout_s=900.0,
    )


def _rounded() -> list[Converter]:
    """Lossy variants: part and number of bits are in the name, since they are other models."""
    return [
        Converter(
            name=f"{part}-{bits}bit",
            summary=f"packed tree models with {part} rounded to {bits} bits",
            entry=f"carelabel_fastinference.convert:{part}_{bits}bit",
            tasks=TASKS,
            frameworks=FRAMEWORKS,
            families=FAMILIES,
            needs=frozenset({"compiler"}),
            cost="expensive",
            source=frozenset({NATIVE}),
            target=NATIVE,
            conversion="quantise",
            slug=f"{part}-{bits}bit",
            lossless=False,
            tolerance=text.format(levels=1 << bits),
        )
        for part, text in _PARTS.items()
        for bits in _BITS
    ]


def _export() -> Converter:
    """C++ source to build elsewhere."""
    return Converter(
        name="cpp",
        summary="tree models as stand-alone C++ source that checks itself: header, CMake file and a test program",
        entry="carelabel_fastinference.convert:cpp",
        tasks=TASKS,
        frameworks=FRAMEWORKS,
        families=FAMILIES,
        parameters=(
            _budget(),
            Parameter(
                name="integer",
                type="bool",
                default=False,
                description="compare integer keys instead of float32 values",
            ),
            Parameter(
                name="checks",
                type="int",
                default=200,
                description="rows on thresholds and special values that the program predicts to check itself, "
                "beside as many of the test set where there is one",
                minimum=1,
                maximum=100_000,
            ),
            Parameter(
                name="name",
                type="str",
                default="model",
                description="name of the files, the library and the namespace",
            ),
        ),
        source=SOURCES | {NATIVE},
        target="cpp",
        conversion="export",
        slug="cpp",
        lossless=True,
        tolerance=SAME,
    )


def _budget() -> Parameter:
    return Parameter(
        name="budget",
        type="int",
        default=DEFAULT_BUDGET,
        description="most inner nodes written as if-else, the likeliest first; the others become a table",
        minimum=0,
        maximum=1_000_000,
    )
