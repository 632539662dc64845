"""The environment that a worker starts with: little of the user's, and every thread count said in advance."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.plan import PlannedPlatform

_PASSED: Final = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "CXX"})
_PASSED_PREFIXES: Final = ("CARELABEL_", "CUDA_", "NVIDIA_")
_FIXED: Final = (("PYTHONHASHSEED", "0"), ("PYTHONFAULTHANDLER", "1"), ("PYTHONUNBUFFERED", "1"))
THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
"""Libraries read these once, when they are first imported; setting them later changes nothing."""


def worker_environment(
    platform: PlannedPlatform | None, base: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Everything a worker finds in its environment.

    Args:
        platform: Gives thread counts and variables of its own; without one, libraries choose their threads.
        base: The parent's environment, of which a few variables are passed on.
        extra: Overrides everything else.
    """
    chosen = {name: value for name, value in base.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)}
    chosen |= dict(_FIXED) | _import_path(chosen.get("PYTHONPATH", ""))
    if platform is not None:
        chosen |= dict.fromkeys(THREAD_VARIABLES, str(platform.threads))
        chosen["TOKENIZERS_PARALLELISM"] = "true" if platform.threads > 1 else "false"
        chosen |= dict(platform.environment)
    return chosen | dict(extra or {})


def _import_path(given: str) -> dict[str, str]:
    """A worker does not look for modules in the current folder, so a source tree has to be named."""
    root = Path(__file__).resolve().parents[2]
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    parts = [part for part in given.split(os.pathsep) if part]
    if root not in installed and str(root) not in parts:
        parts.append(str(root))
    return {"PYTHONPATH": os.pathsep.join(parts)} if parts else {}
