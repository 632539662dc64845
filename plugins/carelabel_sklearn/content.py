"""What a file holds, judged by its bytes: nothing in it is run."""

from __future__ import annotations

import bz2
import gzip
import lzma
import mmap
import re
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

JOBLIB_MARK: Final = b"joblib.numpy_pickle"
ZIP_MARK: Final = b"PK\x03\x04"
COMPRESSED: Final = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"]\x00": "lzma", b"x": "zlib"}
_STOP: Final = b"."
_ZLIB_LEVELS: Final = (b"\x01", b"^", b"\x9c", b"\xda")
# The version stands some opcodes behind its name in the pickled state, and its length in bytes before it.
_VERSION: Final = re.compile(
    rb"_sklearn_version[\x00-\xff]{0,6}?(?:\x8c|X)([\x03-\x20])(?:\0{3})?([0-9][0-9A-Za-z.+]{2,31})"
)


def compression(head: bytes) -> str:
    """Name of the compression that the first bytes announce, or empty."""
    for mark, name in COMPRESSED.items():
        if head.startswith(mark) and (name != "zlib" or head[1:2] in _ZLIB_LEVELS):
            return name
    return ""


def is_joblib(path: Path) -> bool:
    """Whether joblib wrote the file: compressed, or a pickle with joblib's own arrays in it."""
    with path.open("rb") as file:
        head = file.read(8)
        if compression(head):
            return True
        if not head.startswith(b"\x80"):
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(JOBLIB_MARK) >= 0


def describe(path: Path) -> str:
    """What the file looks like, in a few words for an error message."""
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        return "an empty file"
    if head.startswith(ZIP_MARK):
        return "a zip archive"
    if name := compression(head):
        return f"a file compressed with {name}"
    if head.startswith(b"\x80") and head[1:2] <= b"\x05":
        return "a pickle"
    plain = head.isascii() and all(chr(byte).isprintable() or chr(byte) in "\r\n\t" for byte in head)
    return (
        f"text that begins with {head.decode().strip()[:24]!r}"
        if plain
        else f"bytes that begin with {head[:8].hex(' ')}"
    )


def written_with(path: Path) -> str:
    """The scikit-learn version that a pickle or joblib file names in its bytes, or empty.

    Used when a file cannot be loaded, so it reads the bytes only, decompressed where needed.
    """
    found = _VERSION.search(_unpacked(path) or b"")
    if found is None:
        return ""
    return release(found.group(2)[: found.group(1)[0]].decode())


def release(text: str) -> str:
    """A version in the one way that versions are written, or empty: damaged bytes can look like one, as 051.9.1."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - a model that loads needs it not

    try:
        return text if str(Version(text)) == text else ""
    except InvalidVersion:
        return ""


def is_cut_off(path: Path) -> bool:
    """Whether a pickle or joblib file lacks its end: the stop code, or the end of its compression."""
    content = _unpacked(path)
    return content is None or not content.endswith(_STOP)


def _unpacked(path: Path) -> bytes | None:
    """The content, decompressed where needed, or None where that cannot be done to the end."""
    try:
        return _decompress(path.read_bytes())
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
        return None


def _decompress(raw: bytes) -> bytes:
    match compression(raw[:8]):
        case "gzip":
            return gzip.decompress(raw)
        case "bzip2":
            return bz2.decompress(raw)
        case "xz" | "lzma":
            return lzma.decompress(raw)
        case "zlib":
            return zlib.decompress(raw)
    return raw
