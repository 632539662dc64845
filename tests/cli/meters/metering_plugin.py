"""Three meters: one that works, one that has no counter, one that breaks."""

from __future__ import annotations

from carelabel import ANY, Meter, NotMeasured, hookimpl


@hookimpl
def carelabel_meters() -> list[Meter]:
    return [
        Meter(
            name=name,
            summary=f"a {name} meter",
            entry=f"metering_plugin:{name.capitalize()}",
            tasks=ANY,
            frameworks=ANY,
            domain="wall",
            grade="metered",
        )
        for name in ("working", "silent", "broken")
    ]


class Working:
    def probe(self) -> tuple[str, ...]:
        return ("socket-1",)


class Silent:
    def probe(self) -> NotMeasured:
        return NotMeasured(code="no-counter", text="there is none", hint="buy one")


class Broken:
    def probe(self) -> tuple[str, ...]:
        msg = "it broke"
        raise RuntimeError(msg)
