"""The kernel without Python, under sanitizers, valgrind and on ARM: no bad access, no race, no leak, same scores."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from carelabel_fastinference import build as build_module

pytestmark = pytest.mark.slow
UNITS = {
    "dispatch.cpp": build_module.VECTOR_DEFINES,
    "pack.cpp": (),
    "pack_leaves.cpp": (),
    "path_portable.cpp": (),
    "pool.cpp": (),
    **build_module.VECTOR_UNITS,
}


def build_selftest(folder: Path, *flags: str, compiler: str = "", vector: bool = True) -> Path:
    """The program of selftest.cpp; `vector`: with the paths that only x86-64 has."""
    vector = vector and build_module.find_toolchain().vector
    common = [compiler or build_module.find_compiler(), "-std=c++17", "-ffp-contract=off", "-pthread"]
    jobs = {build_module.SOURCES / unit: own for unit, own in UNITS.items() if vector or "avx" not in unit}
    jobs[Path(__file__).with_name("selftest.cpp")] = ()

    def compile_one(source: Path) -> str:
        out = str(folder / f"{source.name}.o")
        own = jobs[source] if vector else ()
        words = [*common, f"-I{build_module.SOURCES}", *own, "-O1", "-g", *flags, "-c", str(source), "-o", out]
        subprocess.run(words, check=True)
        return out

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_one, jobs))
    program = folder / "selftest"
    subprocess.run([*common, *flags, *objects, "-o", str(program)], check=True)
    return program


def run_selftest(*words: str) -> str:
    said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=3600)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "same scores on" in said.stdout
    return said.stderr


@pytest.mark.parametrize(
    "flags", [("-fsanitize=address,undefined", "-fno-sanitize-recover=all"), ("-fsanitize=thread",)], ids=str
)
def test_every_path_is_clean(tmp_path: Path, flags: tuple[str, ...]) -> None:
    run_selftest(str(build_selftest(tmp_path, *flags)))


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_valgrind_finds_nothing(tmp_path: Path) -> None:
    program = build_selftest(tmp_path)
    # Threads that wait when the program ends still have memory of the C library's: "possibly lost".
    leaks = ("--leak-check=full", "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite")
    said = run_selftest("valgrind", "--error-exitcode=9", *leaks, str(program))
    assert "ERROR SUMMARY: 0 errors" in said


@pytest.mark.skipif(
    shutil.which("aarch64-linux-gnu-g++") is None or shutil.which("qemu-aarch64") is None,
    reason="g++-aarch64-linux-gnu and qemu-user are not installed",
)
def test_the_portable_path_is_right_on_arm(tmp_path: Path) -> None:
    program = build_selftest(tmp_path, compiler="aarch64-linux-gnu-g++", vector=False)
    run_selftest("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", str(program))
