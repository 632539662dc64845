"""The kernel is compiled once a machine; what prevents it is one line with the package to install."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import pytest

from carelabel_fastinference import build as build_module
from carelabel_fastinference.build import (
    BuildError,
    build,
    build_key,
    cache_folder,
    find_toolchain,
    is_built,
    kernel,
)
from carelabel_fastinference.codegen.shared import compile_if_else
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.sampling import random_ensemble

BUDGET_S = 15


def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CXX", raising=False)


def test_no_compiler_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_compiler(monkeypatch)
    with pytest.raises(BuildError, match=r"needs? a C\+\+ compiler, found no g\+\+.*: install g\+\+") as caught:
        build(tmp_path)
    assert caught.value.code == "compiler-missing"
    assert "\n" not in str(caught.value)


def test_a_kernel_that_is_there_needs_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded = Path(kernel().__file__ or "")
    without_compiler(monkeypatch)
    (tmp_path / build_key()).mkdir()
    assert not is_built(tmp_path)
    copy = tmp_path / build_key() / loaded.name
    copy.write_bytes(loaded.read_bytes())
    assert is_built(tmp_path)
    assert build(tmp_path) == copy


def test_code_that_is_there_needs_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ensemble = random_ensemble(1)
    rows = probe_rows(ensemble, 20, seed=1)
    wanted = compile_if_else(ensemble, cache=tmp_path).raw_scores(rows)
    without_compiler(monkeypatch)
    assert same_bits(compile_if_else(ensemble, cache=tmp_path).raw_scores(rows), wanted)
    with pytest.raises(BuildError, match=r"found no g\+\+"):
        compile_if_else(random_ensemble(2), cache=tmp_path)


def test_a_compiler_that_was_asked_for_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(BuildError, match="found no no-such-compiler"):
        build()


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken-c++"
    broken.write_text(
        "#!/bin/sh\ncase $1 in --version) echo broken 1.0;; *) echo 'fatal error: no disk' >&2; exit 1;; esac\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    with pytest.raises(BuildError, match=r"it failed \(fatal error: no disk\)") as caught:
        build()
    assert caught.value.code == "compiler-failed"
    assert "\n" not in str(caught.value)
    assert not list(cache_folder().rglob("*.o"))


def test_missing_headers_name_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    with pytest.raises(BuildError, match=r"needs Python\.h, found none in .*: install python3\.\d+-dev"):
        find_toolchain()


def test_a_cache_that_is_a_file_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("CARELABEL_HOME", str(blocked))
    monkeypatch.delenv("CARELABEL_FASTINFERENCE_BUILDS", raising=False)
    with pytest.raises(BuildError, match=r"cannot be written.*: set CARELABEL_HOME"):
        build()


def test_the_key_follows_compiler_flags_and_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = build_key()
    assert key == build_key()
    with monkeypatch.context() as change:
        change.setenv("CXX", "g++-of-mine")
        assert build_key() != key
    with monkeypatch.context() as change:
        change.setattr(build_module, "COMMON_FLAGS", ("-O0",))
        assert build_key() != key
    for source in build_module.SOURCES.iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    (tmp_path / "path.h").write_text("changed")
    monkeypatch.setattr(build_module, "SOURCES", tmp_path)
    assert build_key() != key


def test_the_kernel_is_loaded_once() -> None:
    assert kernel() is kernel()
    assert "portable" in kernel().supported().split(",")


@pytest.mark.slow
def test_compiling_is_quick_and_happens_once(tmp_path: Path) -> None:
    start = time.process_time_ns(), time.perf_counter()
    first = build(tmp_path)
    assert time.perf_counter() - start[1] < 3 * BUDGET_S  # three times: others may use the machine
    written = first.stat().st_mtime_ns
    assert build(tmp_path) == first
    assert first.stat().st_mtime_ns == written


@pytest.mark.slow
def test_two_builds_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(build(tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [path.name for path in found[0].parent.iterdir()] == [found[0].name]


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, carelabel_fastinference; print([m for m in ('numpy', 'sklearn') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
