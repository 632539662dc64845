"""The wheel carries the core, every plugin with all its files, and configs/; and no tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from configparser import ConfigParser
from typing import TYPE_CHECKING

import pytest

from tests.house.generated import ROOT
from tests.house.test_names import ENTRIES, PACKAGES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling")
    folder: Path = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.parametrize(
    ("source", "target"),
    [("carelabel", "carelabel"), ("configs", "carelabel/configs"), *((f"plugins/{name}", name) for name in PACKAGES)],
)
def test_every_file_is_carried(wheel: zipfile.ZipFile, source: str, target: str) -> None:
    suffixes = {".py", ".yaml", ".cpp", ".h", ".typed"}
    files = [path for path in (ROOT / source).rglob("*") if path.is_file() and path.suffix in suffixes]
    wanted = {f"{target}/{path.relative_to(ROOT / source).as_posix()}" for path in files}
    assert wanted
    assert wanted - set(wheel.namelist()) == set()


def test_nothing_else_is_carried(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"carelabel", *PACKAGES}
    assert [name for name in wheel.namelist() if name.endswith((".so", ".pyc"))] == []


def test_the_entry_points_are_carried(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    parser = ConfigParser()
    parser.read_string(wheel.read(name).decode())
    assert dict(parser["carelabel"]) == ENTRIES
    assert dict(parser["console_scripts"]) == {"carelabel": "carelabel.__main__:main"}
