"""The kernel, compiled once per machine and kept in the user's cache.

The key of a build is what it is made from: sources, flags, interpreter, architecture, and the compiler that CXX
asks for, if it asks. All of it is known without running anything, so that a kernel that was compiled before is
loaded without a compiler, which may be gone by then. A newer version of the same compiler leaves it as it is, for the
results are the same; delete the folder to have it compiled anew. The processor's features are not in the key either:
a build holds all paths, and which one runs is chosen when it is loaded.

A build is made in a folder of its own and moved into place, so that two processes that build at the same time do not
disturb each other.
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
UNITS: Final = ("dispatch.cpp", "module.cpp", "pack.cpp", "pack_leaves.cpp", "path_portable.cpp", "pool.cpp")
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
        text: what must hold and what was found.
        hint: what to do about it, for example the package to install.
        output: all that the compiler said, if it failed.
    """

    def __init__(self, code: str, text: str, hint: str, output: str = "") -> None:
        """Join text and hint to the one line that is shown."""
        super().__init__(f"{text}: {hint}")
        self.code = code
        self.text = text
        self.hint = hint
        self.output = output


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """What a build is made with.

    Attributes:
        compiler: command of the C++ compiler.
        include: folder of Python.h.
        vector: whether the AVX2 and AVX-512 paths are compiled (x86-64 only; what runs is chosen later).
    """

    compiler: str
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
    target = _target(cache)
    if not target.exists():
        _compile_into(find_toolchain(), target)
    return target


def is_built(cache: Path | None = None) -> bool:
    """Whether this machine has the compiled module already; no compiler is asked."""
    return _target(cache).exists()


def _target(cache: Path | None) -> Path:
    folder = (cache or cache_folder()) / build_key()
    return folder / f"fasttrees{sysconfig.get_config_var('EXT_SUFFIX') or '.so'}"


def cache_folder() -> Path:
    """Folder that holds the builds of all versions: as CARELABEL_FASTINFERENCE_BUILDS says, or else a cache."""
    named = os.environ.get("CARELABEL_FASTINFERENCE_BUILDS")
    if named:
        return Path(named)
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
    compiler = find_compiler()
    include = Path(sysconfig.get_paths()["include"])
    if not (include / "Python.h").exists():
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-dev"
        text = f"the tree kernel needs Python.h, found none in {include}"
        raise BuildError(code="headers-missing", text=text, hint=f"install {package}")
    return Toolchain(compiler=compiler, include=include, vector=_has_vector_units())


def build_key() -> str:
    """Name of the build: a hash of everything it is made from."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        if path.suffix in {".cpp", ".h"}:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    units = [f"{unit} {' '.join(flags)}" for unit, flags in compiled_units(vector=_has_vector_units()).items()]
    parts = (*COMMON_FLAGS, *units, *_link_flags(), wanted_compiler(), sys.version, platform.machine())
    digest.update("\0".join(parts).encode())
    return digest.hexdigest()[:24]


def wanted_compiler() -> str:
    """What CXX asks for; empty where it does not."""
    return os.environ.get("CXX", "")


def find_compiler() -> str:
    """Path of the compiler that CXX names, or else of a common one.

    Raises:
        BuildError: if there is none.
    """
    wanted = wanted_compiler()
    for name in (wanted,) if wanted else ("g++", "c++", "clang++"):
        found = shutil.which(name)
        if found:
            return found
    text = f"tree models need a C++ compiler, found no {wanted or 'g++, c++ or clang++'}"
    raise BuildError(
        code="compiler-missing", text=text, hint="install g++ (Debian, Ubuntu), gcc-c++ (Fedora) or set CXX"
    )


def compiled_units(*, vector: bool) -> dict[str, tuple[str, ...]]:
    """Files of a build, each with flags of its own."""
    units: dict[str, tuple[str, ...]] = dict.fromkeys(UNITS, VECTOR_DEFINES if vector else ())
    return units | VECTOR_UNITS if vector else units


def _has_vector_units() -> bool:
    return platform.machine().lower() in {"x86_64", "amd64"}


def _link_flags() -> tuple[str, ...]:
    """Flags of the linker; the library must not be unloaded while its threads wait for work."""
    return ("-shared", "-pthread", *(("-Wl,-z,nodelete",) if sys.platform == "linux" else ()))


def compile_failure(compiler: str, said: str, *, what: str = "the tree kernel") -> BuildError:
    """The error for a compiler that ended without a result; the first error in what it said goes into its text."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "no message")
    text = f"{what} must compile with {compiler}, but it failed ({first[:300]})"
    return BuildError(
        code="compiler-failed", text=text, hint="install g++ 9 or newer, or set CXX to another compiler", output=said
    )


def _compile_into(tools: Toolchain, target: Path) -> None:
    """Compile all units at once, link them, move the result to its place."""
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
    except OSError as error:
        text = f"the tree kernel must be kept in {target.parent}, which cannot be written ({error.strerror})"
        raise BuildError(code="cache-unwritable", text=text, hint="set CARELABEL_HOME to a folder of yours") from None
    try:
        objects = _compile_units(tools, scratch)
        linked = scratch / target.name
        _finish(tools, _start([tools.compiler, *_link_flags(), *objects, "-o", str(linked)]))
        linked.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _compile_units(tools: Toolchain, scratch: Path) -> list[str]:
    running = []
    objects = []
    for unit, flags in compiled_units(vector=tools.vector).items():
        out = str(scratch / f"{unit}.o")
        source = str(SOURCES / unit)
        running.append(_start([tools.compiler, *COMMON_FLAGS, *flags, f"-I{tools.include}", "-c", source, "-o", out]))
        objects.append(out)
    try:
        for process in running:
            _finish(tools, process)
    finally:
        for process in running:  # those that are left after a failure
            process.kill()
            process.communicate()
    return objects


def _start(command: list[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(  # noqa: S603 - the user's compiler on our own sources
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError as error:
        raise compile_failure(command[0], str(error)) from None


def _finish(tools: Toolchain, process: subprocess.Popen[str]) -> None:
    try:
        said, _ = process.communicate(timeout=COMPILE_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise compile_failure(tools.compiler, f"error: no result after {COMPILE_LIMIT} s") from None
    if process.returncode != 0:
        raise compile_failure(tools.compiler, said)


def _load(path: Path) -> ModuleType:
    loader = importlib.machinery.ExtensionFileLoader(MODULE, str(path))
    spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
    if spec is None:
        raise BuildError(
            code="compiler-failed", text=f"{path} must be an extension module", hint="delete it and try again"
        )
    try:
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        text = f"the compiled tree kernel {path} cannot be loaded ({error})"
        raise BuildError(code="compiler-failed", text=text, hint="delete it and try again") from None
    return module
