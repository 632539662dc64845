"""A plugin with platforms on which the witness answers otherwise, the same, or not at all."""

from __future__ import annotations

from carelabel import ANY, Platform, hookimpl


@hookimpl
def carelabel_platforms() -> list[Platform]:
    return [
        Platform(
            name=name,
            summary="a processor with a setting of its own",
            entry="bent_plugin:carelabel_platforms",
            tasks=ANY,
            frameworks=ANY,
            slug=name,
            tags=frozenset({"cpu"}),
            environment=(("WITNESS_BIAS", bias),),
        )
        for name, bias in (("bent", "0.7"), ("straight", "0.0"), ("broken", "much"))
    ]
