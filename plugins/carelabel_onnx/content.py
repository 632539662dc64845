"""What a file that is no ONNX graph looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MARKS = {b"PK\x03\x04": "a zip archive", b"\x89HDF": "an HDF5 file", b"\x1f\x8b": "a file compressed with gzip"}
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


def describe(path: Path) -> str:
    """A few words for an error message, empty where the first bytes may be a graph's."""
    with path.open("rb") as file:
        head = file.read(64)
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    if head.startswith(_PICKLES):
        return "a pickle"
    try:
        text = head.decode("ascii")
    except UnicodeDecodeError:
        return ""
    # A graph's first byte is the tag of its IR version, which is no letter.
    plain = all(letter.isprintable() or letter in "\r\n\t" for letter in text)
    return f"text that begins with {text.strip()[:24]!r}" if plain else ""
