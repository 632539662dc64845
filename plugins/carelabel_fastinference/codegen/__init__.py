"""Generated C++: a stand-alone project that checks itself, and one model as if-else code behind a C function."""

from __future__ import annotations

from carelabel_fastinference.codegen.export import export_cpp
from carelabel_fastinference.codegen.shared import compile_if_else, shared_source
from carelabel_fastinference.if_else import IfElseModel

__all__ = ["IfElseModel", "compile_if_else", "export_cpp", "shared_source"]
