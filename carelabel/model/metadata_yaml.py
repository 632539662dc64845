"""Reading the metadata file, and what is said about a file that is not as it must be."""

from __future__ import annotations

import difflib
import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import BaseModel, ValidationError

from carelabel.errors import UsageError
from carelabel.model.metadata_schema import MUST, Data, DataFile, Images, LimitsPart, Metadata

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

MAX_BYTES: Final = 1024 * 1024
_SHOWN: Final = 60
_BITS: Final = 64
_TRUTH: Final = "tag:yaml.org,2002:bool"
_MODELS: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {"data": Data, "limits": LimitsPart, "test": DataFile, "train": DataFile, "images": Images}
)


class _Loader(yaml.SafeLoader):
    """Safe loading without the surprises: keys once, no aliases, and only true and false are truth values."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: nested ones let a short file unfold to gigabytes."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stub gives no types
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not taken here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        """Refuse a key that stands twice: the last one would win without a word."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
            if key.value in seen:
                problem = f"the key {key.value!r} stands there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def _whole_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """Refuse what no array can hold; no count in the metadata is that large, and no class either."""
    value: int = loader.construct_yaml_int(node)
    if value.bit_length() > _BITS:
        problem = f"a whole number must have at most {_BITS} bits, this one has {value.bit_length()}"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return value


_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)

# YAML 1.1 reads yes, no, on and off as truth values; a class called no shall stay text.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TRUTH or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> tuple[dict[str, Any], str]:
    """The mapping in a metadata file, and the sha256 of the file.

    Raises:
        UsageError: If it is missing, empty, too large, not text, not YAML or not a mapping.
    """
    content = _read_bytes(path)
    try:
        value = yaml.load(content.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (UnicodeDecodeError, yaml.reader.ReaderError) as error:
        msg = f"{path.name}: the metadata must be YAML text in UTF-8, found binary data"
        raise UsageError(msg, "is it the model? --meta takes the metadata") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        msg = f"{path.name}: the metadata must be valid YAML, found{where}: {error.problem}"
        raise UsageError(msg) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        msg = f"{path.name}: the metadata must be valid YAML, found something that cannot be read: {error}"
        raise UsageError(msg) from error
    if value is None:
        msg = f"{path.name}: the metadata must be a mapping, found an empty file"
        raise UsageError(msg, _first())
    if not isinstance(value, dict):
        msg = f"{path.name}: the metadata must be a mapping, found {_shown(value)}"
        raise UsageError(msg, _first())
    return value, hashlib.sha256(content).hexdigest()


def validate(value: dict[str, Any], name: str) -> Metadata:
    """Check a mapping against the schema.

    Args:
        value: As `read_yaml` gives it.
        name: Of the file, for messages.

    Raises:
        UsageError: At the first thing that is wrong; says how many more there are.
    """
    try:
        return Metadata.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False)
        errors = sorted(found, key=lambda one: one["type"] != "extra_forbidden")  # a misspelt key is also a missing one
        message, hint = _explain(errors[0])
        more = f"; {len(errors) - 1} more after this" if len(errors) > 1 else ""
        msg = f"{name}: {message}{more}"
        raise UsageError(msg, hint) from error


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        msg = f"the metadata must be a YAML file, but there is no {path}"
        raise UsageError(msg, _first())
    if path.is_dir():
        msg = f"the metadata must be a YAML file, found the folder {path}"
        raise UsageError(msg, "name the file in it")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        msg = f"{path} must be readable, found: {error.strerror}"
        raise UsageError(msg) from error
    if len(content) > MAX_BYTES:
        msg = f"{path.name}: the metadata must be a YAML file of at most 1 MiB, found {path.stat().st_size} bytes"
        raise UsageError(msg, "is it the model? --meta takes the metadata")
    return content


def _first() -> str:
    return "carelabel init MODEL writes a first one"


def _explain(error: ErrorDetails) -> tuple[str, str]:
    path, kind, found = _path(error["loc"]), error["type"], error["input"]
    if kind in {"extra_forbidden", "invalid_key"}:
        known = list(_model_at(error["loc"][:-1]).model_fields)
        return f"{path} is not a key that is known here", _nearest(str(error["loc"][-1]), known)
    if kind == "missing":
        model = _model_at(error["loc"][:-1])
        return f"{path} must be given, found no such key", model.model_fields[str(error["loc"][-1])].description or ""
    hint = ""
    if kind == "string_type" and isinstance(found, int | float):
        hint = "put it in quotes"
    elif kind in {"model_type", "dict_type"} and path.rpartition(".")[2] in _MODELS:
        hint = f"its keys are {', '.join(_model_at(error['loc']).model_fields)}"
    return f"{path} {_must(error)}, found {_shown(found)}", hint


def _must(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == MUST:
        return error["msg"]
    texts = {
        "string_type": "must be text",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
        "list_type": "must be a list",
        "dict_type": "must be a mapping",
        "model_type": "must be a mapping",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
        "too_short": "must not be empty",
        "string_too_short": "must not be empty",
        "string_too_long": f"must have at most {context.get('max_length')} character",
        "greater_than": f"must be more than {context.get('gt', 0):g}",
        "too_long": f"must have at most {context.get('max_length')} entries",
        "literal_error": f"must be one of {str(context.get('expected')).replace(' or ', ', ')}",
        "finite_number": "must be finite",
    }
    return texts.get(kind) or f"must be right ({error['msg']})"


def _path(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part != "[key]"]
    return "".join(parts).removeprefix(".")


def _model_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    return _MODELS[str(location[-1])] if location else Metadata


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return f"a mapping with {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = "null" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
