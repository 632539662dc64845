"""Parameters of tests, metrics and converters, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

ParameterType = Literal["int", "float", "str", "bool", "list[int]", "list[float]", "list[str]"]


def check_choice(value: object, allowed: object, what: str) -> None:
    """Hold that a value is one of a literal type's.

    Raises:
        ValueError: If it is not.
    """
    choices = get_args(allowed)
    if value not in choices:
        msg = f"{what} must be one of {', '.join(map(repr, choices))}, got {value!r}"
        raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter of a test, metric or converter, as data: suites are checked without importing code.

    Attributes:
        minimum, maximum: Inclusive bounds of a number, or of each number of a list.
        choices: The allowed values, or of each value of a list; empty means any.
    """

    name: str
    type: ParameterType
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself."""
        if not self.name.isidentifier():
            msg = f"a parameter's name must be an identifier, got {self.name!r}"
            raise ValueError(msg)
        check_choice(self.type, ParameterType, f"the type of parameter {self.name!r}")
        self.check(self.default)

    def check(self, value: Any) -> Any:  # noqa: ANN401 - a parameter's value has the type its record declares
        """Give back the value in its declared type.

        Raises:
            ValueError: If it has another type or lies outside the bounds or choices.
        """
        is_list = self.type.startswith("list[")
        if is_list != isinstance(value, list | tuple):
            raise ValueError(self._refusal(value))
        inner = self.type[5:-1] if is_list else self.type
        values = [self._check_one(item, inner, value) for item in (value if is_list else [value])]
        return values if is_list else values[0]

    def _check_one(self, item: Any, kind: str, whole: Any) -> Any:  # noqa: ANN401 - as in check
        if kind == "float" and isinstance(item, int) and not isinstance(item, bool):
            item = float(item)
        wanted = {"int": int, "float": float, "str": str, "bool": bool}[kind]
        right_type = isinstance(item, wanted) and (kind == "bool" or not isinstance(item, bool))
        if not right_type or (self.choices and item not in self.choices):
            raise ValueError(self._refusal(whole))
        too_low = self.minimum is not None and not item >= self.minimum
        too_high = self.maximum is not None and not item <= self.maximum
        if too_low or too_high:
            raise ValueError(self._refusal(whole))
        return item

    def _refusal(self, value: object) -> str:
        parts = [f"{self.name} must be {self.type}"]
        if self.choices:
            parts.append("one of " + ", ".join(map(str, self.choices)))
        if self.minimum is not None:
            parts.append(f"at least {self.minimum:g}")
        if self.maximum is not None:
            parts.append(f"at most {self.maximum:g}")
        return f"{', '.join(parts)}; got {value!r}"
