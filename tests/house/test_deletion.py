"""Deleting any folder in plugins/ with its entry point leaves the other tests green."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

import pytest

from tests.house.generated import ROOT
from tests.house.test_names import ENTRIES

pytestmark = pytest.mark.slow

COPIED = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "carelabel",
    "configs",
    "constraints.txt",
    "examples",
    "plugins",
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.so", "test_deletion.py", "test_wheel.py")
# These rooms meet no plugin, so that nothing can change for them.
UNTOUCHED = ("data", "measure", "store", "plugins/carelabel_fastinference")


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the checkout without one plugin, and an environment that sees nothing else of carelabel."""
    plugin = request.param
    copy = tmp_path / "copy"
    for name in (*COPIED, "noxfile.py", "tests"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=LEFT_OUT)
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy(source, copy / name)
    shutil.rmtree(copy / "plugins" / f"carelabel_{plugin}")
    shutil.rmtree(copy / "tests" / "plugins" / f"carelabel_{plugin}", ignore_errors=True)
    line = f'{plugin} = "{ENTRIES[plugin]}"\n'
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert line in project
    (copy / "pyproject.toml").write_text(project.replace(line, ""), encoding="utf-8")
    _install(copy, tmp_path / "venv", {name: value for name, value in ENTRIES.items() if name != plugin})
    return copy


def _install(copy: Path, environment: Path, entries: dict[str, str]) -> None:
    venv.create(environment, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    info = site / f"carelabel-{metadata.version('carelabel')}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(metadata.distribution("carelabel").read_text("METADATA") or "", encoding="utf-8")
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[carelabel]", *lines, ""]), encoding="utf-8")
    others = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (site / "house.pth").write_text("\n".join([str(copy), str(copy / "plugins"), *others, ""]), encoding="utf-8")


@pytest.mark.parametrize("house", sorted(ENTRIES), indirect=True)
def test_the_other_tests_stay_green(house: Path) -> None:
    python = house.parent / "venv" / "bin" / Path(sys.executable).name
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "CARELABEL_HOME"}}
    options = ["-q", "-p", "no:cacheprovider", *(f"--ignore=tests/{room}" for room in UNTOUCHED)]
    done = subprocess.run(
        [str(python), "-m", "pytest", *options], cwd=house, env=environment, capture_output=True, text=True, check=False
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert (done.returncode, failed) == (0, []), done.stdout[-2000:] + done.stderr[-2000:]
