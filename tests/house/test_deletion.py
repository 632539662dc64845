"""Deleting any folder in plugins/ with its entry point leaves the other tests green.

By default one plugin is deleted, and the quick tests of the core are run without it; ``--slow`` deletes each in turn,
and runs all tests that could notice.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import pytest

from tests.house.generated import ROOT
from tests.house.test_names import PACKAGES

COPIED = (
    *("carelabel", "configs", "examples", "plugins", "tests"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "constraints.txt", "noxfile.py"),
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.so", "test_deletion.py", "test_wheel.py")
DELETED_BY_DEFAULT = "carelabel_sklearn" if "carelabel_sklearn" in PACKAGES else PACKAGES[0]
QUICK = ("cli", "house/test_names.py", "label", "plugin", "render", "test_match.py", "test_suite.py")
# These meet no plugin that comes with carelabel, so that nothing can change for them; fastinference's own tests take
# minutes.
UNTOUCHED = (
    *("data", "measure", "run", "store", "flow/test_faults.py", "flow/test_resume.py"),
    *("plugins/carelabel_fastinference", "house/test_light.py"),
)


def without(package: str, folder: Path) -> Path:
    """A copy of the checkout without one plugin; gives the Python of an environment that sees no other carelabel."""
    copy = folder / "copy"
    copy.mkdir()
    for name in COPIED:
        source = ROOT / name
        _ = shutil.copytree(source, copy / name, ignore=LEFT_OUT) if source.is_dir() else shutil.copy(source, copy)
    shutil.rmtree(copy / "plugins" / package)
    shutil.rmtree(copy / "tests" / "plugins" / package, ignore_errors=True)
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines(keepends=True)
    project = "".join(line for line in lines if f' = "{package}.' not in line)
    (copy / "pyproject.toml").write_text(project, encoding="utf-8")
    return _install(copy, folder / "venv", tomllib.loads(project)["project"]["entry-points"]["carelabel"])


def _install(copy: Path, environment: Path, entries: dict[str, str]) -> Path:
    venv.create(environment, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    info = site / f"carelabel-{metadata.version('carelabel')}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(metadata.distribution("carelabel").read_text("METADATA") or "", encoding="utf-8")
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[carelabel]", *lines, ""]), encoding="utf-8")
    others = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (site / "house.pth").write_text("\n".join([str(copy), str(copy / "plugins"), *others, ""]), encoding="utf-8")
    return environment / "bin" / Path(sys.executable).name


def outcome(python: Path, *words: str) -> tuple[int, list[str]]:
    """Exit code of pytest in the copy, with the lines that say why it is not 0."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "CARELABEL_HOME"}}
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    copy = python.parents[2] / "copy"
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return done.returncode, (said or (done.stdout + done.stderr).splitlines()[-20:]) if done.returncode else []


@pytest.mark.parametrize("package", [DELETED_BY_DEFAULT])
def test_the_core_s_quick_tests_stay_green(package: str, tmp_path: Path) -> None:
    assert outcome(without(package, tmp_path), *(f"tests/{place}" for place in QUICK)) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_all_other_tests_stay_green(package: str, tmp_path: Path) -> None:
    assert outcome(without(package, tmp_path), *(f"--ignore=tests/{room}" for room in UNTOUCHED)) == (0, [])
