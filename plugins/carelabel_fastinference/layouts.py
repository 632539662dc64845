"""The forms a tree model can take here, by the words that name them; nothing heavy is imported."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

NATIVE: Final = "fastinference-native"
UNSHARED: Final = "fastinference-native-unshared"
RANKS: Final = "fastinference-native-ranks"
IF_ELSE: Final = "fastinference-if-else"
IF_ELSE_INTEGER: Final = "fastinference-if-else-integer"

PACKED: Final = MappingProxyType({NATIVE: "native", UNSHARED: "native-unshared", RANKS: "native-ranks"})
"""Format to layout of `compile_model`: one file of nodes, packed in another way when it is loaded."""

UPSTREAM: Final = "fastinference-upstream"
"""Code that the FastInference of others generates; as COMPILED otherwise."""

COMPILED: Final = frozenset({IF_ELSE, IF_ELSE_INTEGER})
"""Formats that are folders of a library compiled for the model and the rules around it."""

SUFFIX: Final = ".trees"
"""Ending of a saved model."""

LIBRARY: Final = "model.so"
RULES: Final = f"rules{SUFFIX}"
INSTRUCTIONS: Final = ("auto", "avx512", "avx2", "portable")
DEFAULT_BUDGET: Final = 5000
"""Inner nodes written as if-else; compile time grows with it, several seconds for 5000."""
