"""Tree models to machine code: TL2cgen writes C, a compiler makes a shared object of it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tl2cgen

from carelabel.errors import UnsupportedError
from carelabel.plugin.interfaces import Artefact
from carelabel_treelite.convert import input_type_of
from carelabel_treelite.importing import counts_of, import_trees

if TYPE_CHECKING:
    from carelabel.plugin.interfaces import ConvertContext

COMPILERS: Final = ("gcc", "clang")
# Without it, compilers of machines with fused multiply-add sum in another way than the original.
OPTIONS: Final = ("-ffp-contract=off",)
_UNITS: Final = 4
"""Source files a thread: trees differ in size, and a thread that is done takes no other's files over."""
_SAID: Final = 300


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the model as a shared object.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If Treelite or TL2cgen has nothing for a part of the model, or the compiler gives up.
    """
    imported = import_trees(context.load().native, artefact.facts)
    path = out / "model.so"
    with tempfile.TemporaryDirectory(dir=context.scratch) as folder:
        _write_c(imported.model, folder, context.threads)
        begin = time.perf_counter()
        shutil.move(_compile(folder, context.threads), path)
        compile_s = time.perf_counter() - begin
    return Artefact(
        path=path,
        format="tl2cgen",
        facts=artefact.facts,
        input_type=input_type_of(artefact.facts, imported.model.input_type, imported.rounds_to),
        parameters={"parameter_counts": counts_of(imported.model)},
        compile_s=compile_s,
    )


def compiler() -> str:
    """The C compiler to use.

    Raises:
        UnsupportedError: If there is none.
    """
    found = next((name for name in COMPILERS if shutil.which(name)), "")
    if not found:
        msg = f"TL2cgen needs one of the C compilers {', '.join(COMPILERS)}, none is on the path"
        raise UnsupportedError(msg, "apt-get install gcc")
    return found


def _write_c(model: object, folder: str, threads: int) -> None:
    try:
        tl2cgen.generate_c_code(model, dirpath=folder, params={"parallel_comp": threads * _UNITS}, verbose=False)
    except tl2cgen.TL2cgenError as error:
        msg = f"TL2cgen must know every part of the model; it says: {_said(error)}"
        raise UnsupportedError(msg) from error


def _compile(folder: str, threads: int) -> Path:
    try:
        made = tl2cgen.create_shared(
            compiler(), folder, nthread=threads, verbose=False, options=list(OPTIONS), long_build_time_warning=False
        )
    except tl2cgen.TL2cgenError as error:
        msg = f"the compiler must translate the C of the model; it says: {_said(error)}"
        raise UnsupportedError(msg, "leave this candidate out") from error
    return Path(os.fspath(made))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[-_SAID:]
