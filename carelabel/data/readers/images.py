"""Images in a folder or a zip with one subfolder a class, decoded by Pillow and brought to one form."""

from __future__ import annotations

import io
import tempfile
import warnings
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.data.image_files import ClassFolders, Held, class_folders, opened
from carelabel.data.parsed import Parsed, listed
from carelabel.data.rows import Rows
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carelabel.data.facts import DataSource

LARGE_BYTES: Final = 1024**3
"""From here on rows are put together in a file instead of in memory."""
_FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MODES: Final = MappingProxyType({"rgb": ("RGB", 3), "grey": ("L", 1), "rgba": ("RGBA", 4)})
_EIGHT_BITS: Final = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What every image is brought to; the metadata's ``images`` with its defaults.

    Attributes:
        size: (height, width), or None: all images must have the same.
        divide, mean, std: A value is (pixel / divide - mean) / std in float32, per channel; pixels stay uint8 where
            none of them is given.
    """

    size: tuple[int, int] | None
    colour: str
    layout: str
    resample: str
    divide: float | None
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Wanted:
        """From the metadata's part."""
        size = options.get("size")
        return cls(
            size=None if size is None else (int(size[0]), int(size[1])),
            colour=options.get("colour", "rgb"),
            layout=options.get("layout", "nhwc"),
            resample=options.get("resample", "bilinear"),
            divide=options.get("divide"),
            mean=tuple(options.get("mean") or ()),
            std=tuple(options.get("std") or ()),
        )

    @property
    def channels(self) -> int:
        """Number of channels."""
        return _MODES[self.colour][1]

    @property
    def dtype(self) -> type[Any]:
        """Type of the values as they are laid down."""
        return np.float32 if self.divide or self.mean or self.std else np.uint8

    def scaled(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """(h, w, c) pixels as values in the wanted layout."""
        values: NDArray[Any] = pixels
        if self.dtype is np.float32:
            values = pixels.astype(np.float32)
            values /= np.float32(self.divide or 1)
            values -= np.asarray(self.mean or (0,), dtype=np.float32)
            values /= np.asarray(self.std or (1,), dtype=np.float32)
        return np.moveaxis(values, -1, 0) if self.layout == "nchw" else values


def read_images(source: DataSource, role: str) -> Parsed:
    """Read all images, sorted by class and name; the class is the name of the folder.

    An image with several frames counts with its first one. Transparency is dropped unless the colour is rgba. Names of
    folders that are all whole numbers become numbers, as in a table.

    Raises:
        UsageError: If a file is no image that can be read, sizes differ, or the metadata names parts that images
            cannot have.
    """
    for key in ("features", "drop", "sensitive", "target"):
        if source.target if key == "target" else source.options.get(key):
            msg = f"images have no columns, so data.{role}.{key} cannot be chosen in {source.path.name}"
            raise UsageError(msg, "the class of an image is the folder it lies in")
    options = source.options.get("images") or {}
    wanted = Wanted.of(options)
    _check_channels(wanted, role)
    labelled = not source.options.get("no_target")
    with opened(source.path) as held:
        folder = options.get("folder", "")
        found = class_folders(held.names, source.path.name, role=role, folder=folder, labelled=labelled)
        rows = Rows(array=_decoded(held, found, wanted, source.path.name))
    return Parsed(
        rows=rows,
        target=_labels(found) if labelled else None,
        target_name=f"class folder{f' in {found.inside}' if found.inside else ''}" if labelled else "",
        warnings=_left_out(found, source.path.name),
    )


def _check_channels(wanted: Wanted, role: str) -> None:
    for name, values in (("mean", wanted.mean), ("std", wanted.std)):
        if len(values) not in {0, 1, wanted.channels}:
            msg = (
                f"data.{role}.images.{name} must hold one number or one a channel "
                f"({wanted.channels} in {wanted.colour}), found {len(values)}"
            )
            raise UsageError(msg)


def _decoded(held: Held, found: ClassFolders, wanted: Wanted, place: str) -> NDArray[Any]:
    """(n, h, w, c) or (n, c, h, w) array of all images."""
    size, first = wanted.size, ""
    rows: NDArray[Any] | None = None
    for number, (_, name) in enumerate(found.images):
        pixels = decode(held.read(name), f"{place}/{name}", wanted)
        if size is None:
            size, first = (pixels.shape[0], pixels.shape[1]), name
        if pixels.shape[:2] != size:
            msg = (
                f"all images of {place} must have one size, found {size[0]}x{size[1]} in {first} and "
                f"{pixels.shape[0]}x{pixels.shape[1]} in {name}"
            )
            raise UsageError(msg, "say what they are brought to: images: {size: [HEIGHT, WIDTH]}")
        values = wanted.scaled(pixels)
        if rows is None:
            rows = _room((len(found.images), *values.shape), np.dtype(wanted.dtype))
        rows[number] = values
    return np.empty((0, 1)) if rows is None else rows


def decode(content: bytes, name: str, wanted: Wanted) -> NDArray[np.uint8]:
    """(h, w, c) pixels of one image.

    Raises:
        UsageError: If the content is no image, cut off, too large to be one, or has more than 8 bits a channel.
    """
    try:
        from PIL import Image
    except ImportError as error:
        msg = f"reading {name} needs pillow"
        raise UsageError(msg, "pip install 'carelabel[images]'") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks about damaged EXIF entries
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                image.load()
                return _pixels(image, wanted)
    except UsageError as error:
        msg = f"{name} {error.message}"
        raise UsageError(msg, error.hint) from error
    except Exception as error:  # decoders raise anything on damaged files
        said = " ".join(str(error).split()).partition(" <_io.BytesIO")[0] or type(error).__name__
        msg = f"{name} must be an image that can be read, found: {said}"
        raise UsageError(msg, "replace it or take it out") from error


def _pixels(image: Any, wanted: Wanted) -> NDArray[np.uint8]:  # noqa: ANN401 - Pillow's image
    from PIL import Image

    if image.mode not in _EIGHT_BITS:
        msg = f"must have 8 bits a channel, found the mode {image.mode}"
        raise UsageError(msg, "save it with 8 bits a channel, scaled as in training")
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    mode, channels = _MODES[wanted.colour]
    if image.mode != mode:
        image = image.convert(mode)
    if wanted.size is not None and image.size != wanted.size[::-1]:
        image = image.resize(wanted.size[::-1], Image.Resampling[wanted.resample.upper()])
    pixels: NDArray[np.uint8] = np.asarray(image, dtype=np.uint8).reshape(image.height, image.width, channels)
    return pixels


def _room(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array to be filled; a large one lies in a nameless temporary file."""
    if int(np.prod(shape, dtype=np.int64)) * dtype.itemsize < LARGE_BYTES:
        return np.empty(shape, dtype=dtype)
    with tempfile.TemporaryFile() as file:
        mapped: NDArray[Any] = np.memmap(file, dtype=dtype, mode="w+", shape=shape)
        return mapped.view(np.ndarray)


def _labels(found: ClassFolders) -> NDArray[Any]:
    names = [label for label, _ in found.images]
    if all(name.isascii() and name.isdigit() and str(int(name)) == name for name in set(names)):
        return np.array([int(name) for name in names], dtype=np.int64)
    return np.array(names, dtype=np.str_)


def _left_out(found: ClassFolders, place: str) -> tuple[str, ...]:
    if not found.others:
        return ()
    return (f"{len(found.others)} files of {place} are no images and were left out: {listed(found.others[:3])}",)
