"""A folder of files as one thing: its files in order, their size and their hash. Standard library only."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from carelabel.errors import UsageError

_CHUNK: Final = 1024 * 1024


def is_hidden(name: str) -> bool:
    """Whether a file is left out: what systems put beside the user's files (.DS_Store, __MACOSX)."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def names_below(folder: Path) -> list[str]:
    """Relative names of all files that are not hidden, with /, sorted; links are followed, each folder is seen once."""
    names: list[str] = []
    seen: set[str] = set()
    for path, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(path)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        names += [Path(path, file).relative_to(folder).as_posix() for file in files]
    return sorted(name for name in names if not is_hidden(name))


def size_of(path: Path) -> int | None:
    """Bytes of a file, or of all files in a folder; None when there is neither."""
    if path.is_file():
        return path.stat().st_size
    if not path.is_dir():
        return None
    return sum((path / name).stat().st_size for name in names_below(path) if (path / name).is_file())


def hash_folder(folder: Path) -> tuple[str, int]:
    """sha256 as hex over names and contents of all files in the order of their names, and their bytes.

    Raises:
        UsageError: If a file in it cannot be read.
    """
    digest, total = hashlib.sha256(), 0
    for name in names_below(folder):
        path = folder / name
        try:
            size = path.stat().st_size
            digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            msg = f"{path} must be readable, found: {error.strerror}"
            raise UsageError(msg) from error
        total += size
    return digest.hexdigest(), total
