"""The kernel, compiled once per machine and kept in the user's cache.

The key of a build is everything it depends on: sources, compiler and its version, flags, interpreter and
processor features. A build is made in a folder of its own and moved into place, so that two processes that
build at the same time do not disturb each other.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import ModuleType

MODULE: Final = "carelabel_fastinference.fasttrees"
SOURCES: Final = Path(__file__).parent / "kernel"
# No contraction: a fused multiply-add would change the bits of the sums.
COMMON_FLAGS: Final = ("-O2", "-std=c++17", "-fPIC", "-pthread", "-ffp-contract=off", "-fno-math-errno")
UNITS: Final = ("dispatch.cpp", "module.cpp", "pack.cpp", "pack_leaves.cpp", "path_portable.cpp")
VECTOR_UNITS: Final = {
    "path_avx2.cpp": ("-mavx2", "-mbmi", "-mbmi2"),
    "path_avx512.cpp": ("-O3", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mbmi", "-mbmi2"),
}
VECTOR_DEFINES: Final = ("-DFASTTREES_HAS_AVX2", "-DFASTTREES_HAS_AVX512")
COMPILE_LIMIT: Final = 300
"""Seconds after which the compiler is taken to hang."""


class BuildError(RuntimeError):
    """The kernel cannot be compiled here.

    Attributes:
        code: "compiler-missing", "headers-missing", "compiler-failed" or "cache-unwritable".
        hint: what to do about it, for example the package to install.
    """

    def __init__(self, code: str, text: str, hint: str) -> None:
        """Join text and hint to the one line that is shown."""
        super().__init__(f"{text}: {hint}")
        self.code = code
        self.hint = hint


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """What a build is made with.

    Attributes:
        compiler: command of the C++ compiler.
        version: first line it says about itself.
        include: folder of Python.h.
        vector: whether the AVX2 and AVX-512 paths are compiled (x86-64 only; what runs is chosen later).
    """

    compiler: str
    version: str
    include: Path
    vector: bool


def kernel() -> ModuleType:
    """Return the compiled extension module, compiling it first where this machine has none yet.

    Raises:
        BuildError: if there is no compiler, no Python.h, or the compiler fails; one line says which package
            to install.
    """
    loaded = sys.modules.get(MODULE)
    if loaded is not None:
        return loaded
    module = _load(build())
    return sys.modules.setdefault(MODULE, module)


def build(cache: Path | None = None) -> Path:
    """Path of the compiled module, compiled now if it is not there.

    cache: folder for builds; by default below CARELABEL_HOME, or else in the user's cache folder.

    Raises:
        BuildError: see kernel().
    """
    tools = find_toolchain()
    folder = (cache or cache_folder()) / build_key(tools)
    target = folder / f"fasttrees{sysconfig.get_config_var('EXT_SUFFIX') or '.so'}"
    if not target.exists():
        _compile_into(tools, target)
    return target


def cache_folder() -> Path:
    """Folder that holds the builds of all versions."""
    home = os.environ.get("CARELABEL_HOME")
    if home:
        return Path(home) / "cache" / "fastinference"
    try:
        from platformdirs import user_cache_path  # noqa: PLC0415  (optional)
    except ImportError:
        return Path.home() / ".cache" / "carelabel" / "fastinference"
    return user_cache_path("carelabel") / "fastinference"


def find_toolchain() -> Toolchain:
    """Find compiler and headers.

    Raises:
        BuildError: if one of them is missing.
    """
    compiler = _find_compiler()
    include = Path(sysconfig.get_paths()["include"])
    if not (include / "Python.h").exists():
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-dev"
        text = f"the tree kernel needs Python.h, found none in {include}"
        raise BuildError("headers-missing", text, f"install {package}")
    return Toolchain(
        compiler=compiler,
        version=_compiler_version(compiler),
        include=include,
        vector=platform.machine().lower() in {"x86_64", "amd64"},
    )


def build_key(tools: Toolchain) -> str:
    """Name of the build: a hash of everything it depends on."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        if path.suffix in {".cpp", ".h"}:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    parts = (tools.compiler, tools.version, *COMMON_FLAGS, sys.version, platform.machine(), _processor_features())
    digest.update("\0".join(parts).encode())
    return digest.hexdigest()[:24]


def _find_compiler() -> str:
    wanted = os.environ.get("CXX")
    for name in (wanted,) if wanted else ("g++", "c++", "clang++"):
        found = shutil.which(name)
        if found:
            return found
    text = f"the tree kernel needs a C++ compiler, found no {wanted or 'g++, c++ or clang++'}"
    raise BuildError("compiler-missing", text, "install g++ (Debian, Ubuntu), gcc-c++ (Fedora) or set CXX")


def _compiler_version(compiler: str) -> str:
    try:
        said = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise _failed(compiler, str(error)) from None
    return said.stdout.partition("\n")[0]


def _processor_features() -> str:
    """Feature flags of the first processor; empty where the system does not list them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _failed(compiler: str, said: str) -> BuildError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "no message")
    text = f"the tree kernel must compile with {compiler}, but it failed ({first[:300]})"
    return BuildError("compiler-failed", text, "install g++ 9 or newer, or set CXX to another compiler")


def _compile_into(tools: Toolchain, target: Path) -> None:
    """Compile all units at once, link them, move the result to its place."""
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
    except OSError as error:
        text = f"the tree kernel must be kept in {target.parent}, which cannot be written ({error.strerror})"
        raise BuildError("cache-unwritable", text, "set CARELABEL_HOME to a folder of yours") from None
    try:
        objects = _compile_units(tools, scratch)
        linked = scratch / target.name
        _finish(tools, _start([tools.compiler, "-shared", "-pthread", *objects, "-o", str(linked)]))
        linked.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _compile_units(tools: Toolchain, scratch: Path) -> list[str]:
    units: dict[str, tuple[str, ...]] = dict.fromkeys(UNITS, VECTOR_DEFINES if tools.vector else ())
    if tools.vector:
        units |= VECTOR_UNITS
    running = []
    objects = []
    for unit, flags in units.items():
        out = str(scratch / f"{unit}.o")
        source = str(SOURCES / unit)
        running.append(_start([tools.compiler, *COMMON_FLAGS, *flags, f"-I{tools.include}", "-c", source, "-o", out]))
        objects.append(out)
    try:
        for process in running:
            _finish(tools, process)
    finally:
        for process in running:
            process.kill()
            process.wait()
    return objects


def _start(command: list[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError as error:
        raise _failed(command[0], str(error)) from None


def _finish(tools: Toolchain, process: subprocess.Popen[str]) -> None:
    try:
        said, _ = process.communicate(timeout=COMPILE_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise _failed(tools.compiler, f"error: no result after {COMPILE_LIMIT} s") from None
    if process.returncode != 0:
        raise _failed(tools.compiler, said)


def _load(path: Path) -> ModuleType:
    loader = importlib.machinery.ExtensionFileLoader(MODULE, str(path))
    spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
    if spec is None:
        raise BuildError("compiler-failed", f"{path} must be an extension module", "delete it and try again")
    try:
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        text = f"the compiled tree kernel {path} cannot be loaded ({error})"
        raise BuildError("compiler-failed", text, "delete it and try again") from None
    return module
