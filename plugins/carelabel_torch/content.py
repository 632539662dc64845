"""What a file holds, judged by its bytes and by the names inside an archive: nothing in it is run."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["export", "script", "saved", "code", "zip", "other"]
DESCRIPTION: Final = "model.json"
_ZIP: Final = b"PK\x03\x04"
_PICKLES: Final = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_MARKS: Final = {_ZIP: "a zip archive", b"\x89HDF": "an HDF5 file", b"\x1f\x8b": "a file compressed with gzip"}


def kind_of(path: Path) -> Kind:
    """A program of torch.export, TorchScript, something of torch.save, code with weights, or none of these."""
    names = _names(path)
    if names is None:
        return "other"
    inner = {name.partition("/")[2] for name in names}
    if inner & {"archive_format", "serialized_exported_program.json"} or "serialized_exported_program.json" in names:
        return "export"
    if any(name.startswith("code/") for name in inner):
        return "script"
    if "data.pkl" in inner:
        return "saved"
    return "code" if DESCRIPTION in names else "zip"


def describe(path: Path) -> str:
    """A few words for an error message."""
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        return "an empty file"
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return _describe_zip(path) if mark == _ZIP else name
    if head.startswith(_PICKLES):
        return "a pickle"
    plain = head.isascii() and all(chr(byte).isprintable() or chr(byte) in "\r\n\t" for byte in head)
    if plain:
        return f"text that begins with {head.decode().strip()[:24]!r}"
    return f"bytes that begin with {head[:8].hex(' ')}"


def _describe_zip(path: Path) -> str:
    what = {
        "export": "a program of torch.export",
        "script": "TorchScript",
        "code": "an archive of code and weights",
        "saved": "what torch.save wrote, or an archive that is cut off or damaged",
    }
    return what.get(kind_of(path), "a zip archive of something else, or one that is cut off or damaged")


def _names(path: Path) -> list[str] | None:
    """Names in an archive, None where the file is none that can be read."""
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return None
