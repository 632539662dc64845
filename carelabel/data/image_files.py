"""Which images a folder or a zip holds, and which class each belongs to: one subfolder a class. Nothing is decoded."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carelabel.data.formats import IMAGE_SUFFIXES
from carelabel.data.parsed import listed
from carelabel.data.tree import is_hidden, names_below
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MAX_BYTES: Final = 512 * 1024 * 1024
_IN_CLASS: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The files of a folder or zip.

    Attributes:
        names: Relative names with /, sorted, hidden ones left out.
        read: Gives the content of one.
    """

    names: tuple[str, ...]
    read: Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassFolders:
    """Images by class.

    Attributes:
        inside: The folder that holds the class folders, empty for the topmost.
        images: (class, name of the file) in the order of the rows; the class is empty where there are none.
        others: Files that are no images by their names, left out.
    """

    inside: str
    images: tuple[tuple[str, str], ...]
    others: tuple[str, ...]


@contextmanager
def opened(path: Path) -> Iterator[Held]:
    """Open a folder or a zip; a zip is never unpacked to disk.

    Raises:
        UsageError: If it is neither, or a file in it cannot be read.
    """
    if path.is_dir():
        yield Held(names=tuple(names_below(path)), read=lambda name: _from_folder(path, name))
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        msg = f"{path.name} must be a folder or a readable .zip with one folder a class, found: {error}"
        raise UsageError(msg, "pack it again, or name the folder itself") from error
    with archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        shown = sorted(name for name in names if not is_hidden(name))
        yield Held(names=tuple(shown), read=lambda name: _from_zip(archive, path, name))


def class_folders(names: tuple[str, ...], place: str, *, role: str, folder: str, labelled: bool) -> ClassFolders:
    """Sort files by their class.

    Class folders lie at the top, in a single folder there, or in one called like the role (``test``, ``train``).

    Args:
        place: Name of the folder or zip, for messages.
        folder: Where the class folders lie, when the metadata says it.
        labelled: False where the images have no classes: then all of them count, wherever they lie.

    Raises:
        UsageError: If there are no images, or one of them lies in no class folder.
    """
    inside = f"{folder.strip('/')}/" if folder.strip("/") else ""
    below = [name for name in names if name.startswith(inside)]
    images = [name for name in below if name.lower().endswith(IMAGE_SUFFIXES)]
    if not images:
        where = f"{place}/{inside}".rstrip("/")
        msg = f"{where} must hold images ({', '.join(IMAGE_SUFFIXES)}), found {len(below)} files and none of them"
        raise UsageError(msg, "check the path" if not inside else "images.folder names a folder inside it")
    if labelled and not inside:
        inside = _find(images, place, role)
    images = [name for name in images if name.startswith(inside)]
    if labelled:
        _refuse_stray(images, inside, place)
    return ClassFolders(
        inside=inside.rstrip("/"),
        images=tuple((name.removeprefix(inside).split("/")[0] if labelled else "", name) for name in images),
        others=tuple(name for name in below if name.startswith(inside) and not name.lower().endswith(IMAGE_SUFFIXES)),
    )


def _find(images: list[str], place: str, role: str) -> str:
    """The folder, with a / at its end, that holds the class folders; empty where they lie at the top."""
    inside = ""
    while True:
        left = [name.removeprefix(inside).split("/") for name in images if name.startswith(inside)]
        if any(len(parts) <= _IN_CLASS for parts in left):
            return inside
        first = sorted({parts[0] for parts in left})
        if len(first) > 1 and role not in first:
            msg = f"{place} must hold one folder a class with images in it, found folders in folders: {listed(first)}"
            raise UsageError(msg, f"say which one holds the classes of this set: data.{role}.images.folder")
        inside += f"{role if role in first else first[0]}/"


def _refuse_stray(images: list[str], inside: str, place: str) -> None:
    for name in images:
        if name.removeprefix(inside).count("/") != 1:
            msg = f"every image of {place} must lie in the folder of its class, found {name}"
            raise UsageError(msg, "move it, or write target: null if the images have no classes")


def _from_folder(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        msg = f"{folder / name} must be readable, found: {error.strerror}"
        raise UsageError(msg) from error


def _from_zip(archive: zipfile.ZipFile, path: Path, name: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > _MAX_BYTES:
        msg = f"an image must have at most {_MAX_BYTES} bytes, found {size} in {name} of {path.name}"
        raise UsageError(msg, "take it out")
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        msg = f"{name} of {path.name} must be readable, found: {error}"  # RuntimeError: it is encrypted
        raise UsageError(msg, "pack the archive again, without a password") from error
