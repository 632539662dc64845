"""The kernel without Python, under sanitizers: no bad access, no undefined behaviour, no race, no leak."""

from __future__ import annotations

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
    **build_module.VECTOR_UNITS,
}


def build_selftest(folder: Path, *flags: str) -> Path:
    tools = build_module.find_toolchain()
    common = [tools.compiler, "-std=c++17", "-ffp-contract=off", "-pthread", f"-I{build_module.SOURCES}"]
    jobs = {build_module.SOURCES / unit: own for unit, own in UNITS.items() if tools.vector or "avx" not in unit}
    jobs[Path(__file__).with_name("selftest.cpp")] = ()

    def compile_one(source: Path) -> str:
        out = str(folder / f"{source.name}.o")
        own = jobs[source] if tools.vector else ()
        subprocess.run([*common, *own, "-O1", "-g", *flags, "-c", str(source), "-o", out], check=True)
        return out

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_one, jobs))
    program = folder / "selftest"
    subprocess.run([*common, *flags, *objects, "-o", str(program)], check=True)
    return program


@pytest.mark.parametrize(
    "flags", [("-fsanitize=address,undefined", "-fno-sanitize-recover=all"), ("-fsanitize=thread",)], ids=str
)
def test_every_path_is_clean(tmp_path: Path, flags: tuple[str, ...]) -> None:
    program = build_selftest(tmp_path, *flags)
    said = subprocess.run([str(program)], capture_output=True, text=True, check=False, timeout=1800)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "same scores on" in said.stdout
