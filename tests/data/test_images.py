"""Images: one folder a class, brought to the form that the metadata says."""

from __future__ import annotations

import io
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from carelabel.data.prepare import lay_down
from carelabel.data.readers import images as reader
from carelabel.data.rows import DataSet
from carelabel.data.tree import hash_folder
from carelabel.errors import UsageError
from carelabel.model.metadata import read_submission

Image = pytest.importorskip("PIL.Image")

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
PIXELS = {name: RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8) for name in ("cat/1.png", "cat/2.png", "dog/1.png")}


def write(folder: Path, pixels: Any = None) -> Path:
    for name, values in (pixels or PIXELS).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
    return folder


def zipped(folder: Path, path: Path) -> Path:
    shutil.make_archive(str(path.with_suffix("")), "zip", folder)
    return path


def lay(folder: Path, data: dict[str, Any], role: str = "test", task: str = "classification") -> DataSet:
    """As a run does it: from the metadata file to the rows."""
    (folder / "model.bin").write_bytes(b"model")
    (folder / "meta.yaml").write_text(yaml.safe_dump({"name": "m", "task": task, "data": data}))
    given = read_submission(folder / "model.bin", folder / "meta.yaml")
    source = given.test if role == "test" else given.train
    assert source is not None
    lay_down(source, folder / "laid" / role, task=task, declared=given.declared, role=role)  # type: ignore[arg-type]
    return DataSet.open(folder / "laid" / role)


def options(**images: Any) -> dict[str, Any]:
    return {"test": {"path": "pets", "images": images}}


def test_a_folder_of_classes_becomes_pixels_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path / "pets")
    data = lay(tmp_path, {"test": "pets"})
    assert data.rows.array().dtype == np.uint8
    np.testing.assert_array_equal(data.rows.array(), np.stack([PIXELS[name] for name in sorted(PIXELS)]))
    assert data.target is not None
    assert data.target.tolist() == ["cat", "cat", "dog"]
    assert (data.facts.shape, data.facts.features, data.facts.container) == ((4, 6, 3), 72, "array")
    assert data.facts.distribution == {"cat": 2, "dog": 1}


def test_scaling_and_layout_are_as_written(tmp_path: Path) -> None:
    write(tmp_path / "pets")
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.25, 2.0]
    data = lay(tmp_path, options(layout="nchw", divide=255, mean=mean, std=std))
    wanted = (np.stack([PIXELS[name] for name in sorted(PIXELS)]) / 255 - mean) / std
    assert data.rows.array().dtype == np.float32
    assert data.facts.shape == (3, 4, 6)
    np.testing.assert_allclose(data.rows.array(), np.moveaxis(wanted, -1, 1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("colour", "channels"), [("rgb", 3), ("grey", 1), ("rgba", 4)])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_mode_comes_to_the_wanted_colour(tmp_path: Path, mode: str, colour: str, channels: int) -> None:
    folder = tmp_path / "pets" / "cat"
    folder.mkdir(parents=True)
    grey = Image.fromarray(PIXELS["cat/1.png"]).convert("L")
    grey.convert(mode).save(folder / ("a.tif" if mode == "CMYK" else "a.png"))
    found = lay(tmp_path, options(colour=colour)).rows.array()
    assert found.shape == (1, 4, 6, channels)
    if mode in {"L", "LA", "RGB", "RGBA"}:
        np.testing.assert_array_equal(found[0, ..., 0], np.asarray(grey))


def test_images_are_resized_as_pillow_does(tmp_path: Path) -> None:
    write(tmp_path / "pets", {**PIXELS, "dog/2.png": RNG.integers(0, 256, (9, 3, 3), dtype=np.uint8)})
    data = lay(tmp_path, options(size=[2, 5], resample="nearest"))
    first = Image.fromarray(PIXELS["cat/1.png"]).resize((5, 2), Image.Resampling.NEAREST)
    assert data.facts.shape == (2, 5, 3)
    np.testing.assert_array_equal(data.rows.array()[0], np.asarray(first))


def test_a_zip_is_read_like_its_folder_and_never_unpacked(tmp_path: Path) -> None:
    write(tmp_path / "pets")
    zipped(tmp_path / "pets", tmp_path / "pets.zip")
    from_zip = lay(tmp_path, {"test": "pets.zip"})
    np.testing.assert_array_equal(from_zip.rows.array(), lay(tmp_path, {"test": "pets"}).rows.array())
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()].sort() == ["laid", "pets"].sort()


def test_training_and_test_images_may_lie_in_one_zip(tmp_path: Path) -> None:
    write(tmp_path / "both" / "test")
    write(tmp_path / "both" / "train", {name: 255 - values for name, values in PIXELS.items()})
    zipped(tmp_path / "both", tmp_path / "both.zip")
    data = {"test": {"path": "both.zip", "images": {"divide": 255}}, "train": "both.zip"}
    test, train = lay(tmp_path, data), lay(tmp_path, data, role="train")
    np.testing.assert_allclose(test.rows.array() + train.rows.array(), 1.0, rtol=1e-6)
    assert test.facts.target != train.facts.target


def test_a_single_folder_around_the_classes_is_looked_into(tmp_path: Path) -> None:
    write(tmp_path / "pets" / "outer" / "inner")
    assert lay(tmp_path, {"test": "pets"}).facts.classes == ("cat", "dog")


def test_the_metadata_can_say_where_the_classes_lie(tmp_path: Path) -> None:
    write(tmp_path / "pets" / "val")
    write(tmp_path / "pets" / "dev", {"fox/1.png": PIXELS["cat/1.png"]})
    with pytest.raises(UsageError, match=r"found folders in folders: dev, val \(say which .* data.test.images.folder"):
        lay(tmp_path, {"test": "pets"})
    assert lay(tmp_path, options(folder="dev")).facts.classes == ("fox",)


def test_folders_called_by_numbers_are_numbers_unless_declared_as_text(tmp_path: Path) -> None:
    write(tmp_path / "pets", {f"{n}/a.png": PIXELS["cat/1.png"] for n in (2, 10)})
    assert lay(tmp_path, {"test": "pets"}).facts.classes == (2, 10)
    assert lay(tmp_path, {"test": "pets", "classes": ["10", "2"]}).facts.classes == ("10", "2")
    write(tmp_path / "pets", {"01/a.png": PIXELS["cat/1.png"]})
    assert lay(tmp_path, {"test": "pets"}).facts.classes == ("01", "10", "2")


def test_the_order_of_declared_classes_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "pets")
    declared = ["dog", "emu", "cat"]
    facts = lay(tmp_path, {"test": "pets", "classes": declared}).facts
    assert (facts.classes, facts.all_classes) == (("cat", "dog"), ("dog", "emu", "cat"))


def test_images_without_classes_need_no_folders(tmp_path: Path) -> None:
    write(tmp_path / "pets", {"a.png": PIXELS["cat/1.png"], "deep/er/b.png": PIXELS["cat/2.png"]})
    with pytest.raises(UsageError, match=r"image of pets must lie in the folder of its class, found a\.png"):
        lay(tmp_path, {"test": "pets"})
    data = lay(tmp_path, {"test": {"path": "pets", "target": None}}, task="clustering")
    assert data.target is None
    assert len(data) == 2


def test_what_is_no_image_by_its_name_is_left_out_and_counted(tmp_path: Path) -> None:
    write(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("miaow")
    (tmp_path / "pets" / ".DS_Store").write_text("x")
    (tmp_path / "pets" / "cat" / "._1.png").write_text("x")
    facts = lay(tmp_path, {"test": "pets"}).facts
    assert facts.rows == 3
    assert facts.warnings == ("1 files of pets are no images and were left out: cat/notes.txt",)


def test_large_sets_are_put_together_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "pets")
    small = lay(tmp_path, options(layout="nchw")).rows.array().copy()
    monkeypatch.setattr(reader, "LARGE_BYTES", 1)
    np.testing.assert_array_equal(lay(tmp_path, options(layout="nchw")).rows.array(), small)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "cannot identify image file"),
        (b"miaow", "cannot identify image file"),
        ("cut", "truncated"),
        ("deep", "8 bits a channel, found the mode I;16"),
        ("bomb", "decompression bomb"),
    ],
    ids=["empty", "text", "cut", "16 bits", "bomb"],
)
@pytest.mark.parametrize("pack", [False, True], ids=["folder", "zip"])
def test_a_bad_image_is_one_line_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any, found: str, pack: bool
) -> None:
    write(tmp_path / "pets")
    path = tmp_path / "pets" / "dog" / "1.png"
    if content == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif content == "deep":
        Image.fromarray(np.full((4, 6), 40_000, np.uint16)).save(path)
    elif content == "bomb":
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
        path = tmp_path / "pets" / "cat" / "1.png"
    else:
        path.write_bytes(content)
    name = "pets.zip" if pack else "pets"
    if pack:
        zipped(tmp_path / "pets", tmp_path / name)
    with pytest.raises(UsageError) as caught:
        lay(tmp_path, {"test": name})
    assert f"{name}/{path.parent.name}/1.png must" in str(caught.value)
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sizes_that_differ_are_named(tmp_path: Path) -> None:
    write(tmp_path / "pets", {**PIXELS, "dog/2.png": PIXELS["cat/1.png"][:2]})
    with pytest.raises(UsageError, match=r"one size, found 4x6 in cat/1.png and 2x6 in dog/2.png \(.*size: \[HEIGHT"):
        lay(tmp_path, {"test": "pets"})


def test_a_damaged_zip_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "pets.zip").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(UsageError, match=r"pets.zip must be a folder or a readable .zip"):
        lay(tmp_path, {"test": "pets.zip"})


def test_a_damaged_member_of_a_zip_is_named(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("cat/1.png", b"0123456789")
    (tmp_path / "pets.zip").write_bytes(content.getvalue().replace(b"0123456789", b"0123456780", 1))
    with pytest.raises(UsageError, match=r"cat/1.png of pets.zip must be readable, found: Bad CRC-32"):
        lay(tmp_path, {"test": "pets.zip"})


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"test": {"path": "pets", "images": {"mean": [1, 2]}}},
            "images.mean must hold one number or one a channel (3",
        ),
        (
            {"test": {"path": "pets", "images": {"layout": "hwc"}}},
            "data.test.images.layout must be one of 'nhwc', 'nchw'",
        ),
        ({"test": {"path": "pets", "images": {"std": 0}}}, "data.test.images.std[0] must be more than 0, found 0"),
        ({"test": {"path": "pets", "images": {"size": [1]}}}, "data.test.images.size must"),
        ({"test": {"path": "pets", "images": {"divide": "x"}}}, "data.test.images.divide must be a number, found 'x'"),
        ({"test": {"path": "pets", "images": {"colours": 3}}}, "data.test.images.colours is not a key"),
        ({"test": {"path": "pets", "drop": ["a"]}}, "images have no columns, so data.test.drop cannot be chosen"),
        ({"test": "nowhere"}, "there is no"),
        ({"test": "empty"}, "must be a file or a folder of images, found the folder"),
        ({"test": {"path": "t.csv", "images": {"divide": 255}}}, "t.csv is of format csv"),
    ],
)
def test_metadata_that_does_not_fit_is_one_line(tmp_path: Path, data: dict[str, Any], text: str) -> None:
    write(tmp_path / "pets")
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text("a,y\n1,2\n")
    with pytest.raises(UsageError) as caught:
        lay(tmp_path, data)
    assert text in str(caught.value)


def test_the_hash_of_a_folder_changes_with_names_and_contents(tmp_path: Path) -> None:
    folder = write(tmp_path / "pets")
    first, size = hash_folder(folder)
    assert size == sum(path.stat().st_size for path in folder.rglob("*.png"))
    assert hash_folder(write(tmp_path / "copy"))[0] == first
    (folder / "cat" / "2.png").rename(folder / "dog" / "2.png")
    moved, _ = hash_folder(folder)
    (folder / "dog" / "2.png").write_bytes((folder / "dog" / "1.png").read_bytes())
    assert len({first, moved, hash_folder(folder)[0]}) == 3


def test_a_folder_that_changes_during_a_run_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "pets")
    (tmp_path / "model.bin").write_bytes(b"model")
    (tmp_path / "meta.yaml").write_text("{name: m, task: classification, data: {test: pets}}")
    given = read_submission(tmp_path / "model.bin", tmp_path / "meta.yaml")
    write(tmp_path / "pets", {"dog/2.png": PIXELS["cat/1.png"]})
    with pytest.raises(UsageError, match="pets must stay as it is during a run, but it had"):
        lay_down(given.test, tmp_path / "laid", task="classification", declared=given.declared, role="test")


def test_links_are_followed_and_circles_are_left(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"1.png": PIXELS["cat/1.png"]})
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets" / "cat").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "pets")
    assert lay(tmp_path, {"test": "pets"}).facts.distribution == {"cat": 1}
