"""C++ literals that stand for exactly the numbers they were made from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_PRINTABLE: Final = range(32, 127)


def real(value: float, precision: str) -> str:
    """Hexadecimal literal of a float32 or float64 value; hexadecimal text is never rounded."""
    if np.isnan(value):
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return float(value).hex() + ("f" if precision == "float32" else "")


def bit_patterns(values: Array) -> list[str]:
    """Unsigned hexadecimal literals of the bits of a float32 or float64 array, in C order."""
    bits = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}").ravel()
    return [f"0x{word:x}u" for word in bits.tolist()]


def text(value: object) -> str:
    """String literal in UTF-8; bytes outside ASCII and control characters become octal escapes."""
    escaped = "".join(
        chr(byte) if byte in _PRINTABLE and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in str(value).encode("utf-8", "backslashreplace")
    )
    return f'"{escaped}"'


def comment(value: object) -> str:
    """A value as it may stand in a line comment."""
    return json.dumps(str(value)).strip('"').replace("\\", "/")


def lines(items: Iterable[str], per_line: int) -> str:
    """Items with a comma after each, some to a line."""
    listed = list(items)
    rows = (listed[at : at + per_line] for at in range(0, len(listed), per_line))
    return "\n".join("    " + " ".join(f"{item}," for item in row) for row in rows)


def array(kind: str, name: str, items: Iterable[str], per_line: int = 8) -> str:
    """A constant array; an empty one gets an element that nobody reads, as the language asks for one."""
    listed = list(items) or ["{}"]
    return f"const {kind} {name}[] = {{\n{lines(listed, per_line)}\n}};\n"
