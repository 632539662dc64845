"""A plugin whose code does everything that code can do wrong; its records are in order."""

from __future__ import annotations

from carelabel import ANY, Backend, Converter, Metric, Quantity, Test, hookimpl

TASKS = frozenset({"classification"})
LIMIT_S = 1.0

IN_THE_LIVE_WORKER = (
    "segfault",
    "exit",
    "sys-exit",
    "hang",
    "noise",
    "flood",
    "raise",
    "base-exception",
    "undeclared",
    "no-measurement",
    "nothing",
    "no-number",
    "hungry",
    "stray-bytes",
    "closed-pipe",
    "grandchild",
)
IN_A_FRESH_WORKER = ("segfault", "hang", "raise", "stray-bytes")
IN_THE_SCORER = ("segfault", "exit", "hang", "raise", "flood")
PAIRED = ("setup-raises", "turn-segfaults", "turn-hangs", "statistic-raises", "summarise-exits", "no-points")
METRICS = ("metric-raises", "metric-segfaults", "metric-nan", "metric-text")
CONVERTERS = ("segfault", "exit", "hang", "raise", "nothing", "elsewhere", "other-format", "flood", "different")
MODELS = ("load-segfaults", "load-raises", "predict-segfaults", "wrong-shape", "wrong-type", "prints", "random")
"""Formats whose backend misbehaves; a converter of the same slug writes each."""


@hookimpl
def carelabel_tests() -> list[Test]:
    return [
        *(_test(word, f"once.{word}") for word in IN_THE_LIVE_WORKER),
        *(_test(f"{word}-fresh", f"once.{word}", place="fresh") for word in IN_A_FRESH_WORKER),
        *(_test(f"{word}-scorer", f"once.{word}", place="scorer") for word in IN_THE_SCORER),
        *(_test(word, f"paired.{word}", style="paired") for word in PAIRED),
    ]


def _test(name: str, code: str, **more: str) -> Test:
    return Test(
        name=name,
        summary=f"goes wrong: {name}",
        entry=f"faulty_code:{code.replace('-', '_')}",
        tasks=ANY,
        frameworks=frozenset({"witness"}),
        cost="cheap",
        group="faulty",
        scope="subject",
        quantities=(Quantity(name="figure", unit="1", better=None, group="faulty", meaning="A figure."),),
        timeout_s=LIMIT_S if "hang" in name else None,
        **more,
    )


@hookimpl
def carelabel_metrics() -> list[Metric]:
    return [
        Metric(
            name=name,
            summary=f"goes wrong: {name}",
            entry=f"faulty_code:{name.replace('-', '_')}",
            tasks=TASKS,
            frameworks=frozenset({"witness"}),
            needs=frozenset({"labels"}),
            cost="cheap",
            input="labels",
            better="higher",
            range=(0.0, 1.0),
            group="faulty",
        )
        for name in METRICS
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    return [
        *(_converter(f"bad-{word}", f"convert.{word}", "witness-copy") for word in CONVERTERS),
        *(_converter(word, f"models.{word}", f"faulty-{word}", lossless=False) for word in MODELS),
    ]


def _converter(slug: str, code: str, target: str, *, lossless: bool = True) -> Converter:
    return Converter(
        name=slug,
        summary=f"goes wrong: {slug}",
        entry=f"faulty_code:{code.replace('-', '_')}",
        tasks=TASKS,
        frameworks=frozenset({"witness"}),
        cost="cheap",
        source=frozenset({"witness-line"}),
        target=target,
        conversion="format",
        slug=slug,
        lossless=lossless,
        timeout_s=LIMIT_S if "hang" in slug else 60.0,
    )


@hookimpl
def carelabel_backends() -> list[Backend]:
    return [
        Backend(
            name=f"{word}-backend",
            summary=f"goes wrong: {word}",
            entry=f"faulty_code:backends.{word.replace('-', '_')}",
            tasks=TASKS,
            frameworks=frozenset({"faulty"}),
            formats=frozenset({f"faulty-{word}"}),
            suffixes=(f".faulty-{word}",),
            framework="faulty",
        )
        for word in MODELS
    ]
