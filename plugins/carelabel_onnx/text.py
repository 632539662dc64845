"""Text vectorisers in graphs: how words are cut and lowered, so that the tokens stay the same."""

from __future__ import annotations

import locale
from typing import TYPE_CHECKING, Any, Final

from onnx import helper
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer

from carelabel.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PATTERN: Final = r"(?u)\b\w\w+\b"
"""scikit-learn's words: two or more letters, digits or underscores."""

SAME_WORDS: Final = r"[\pL\pN_]{2,}"
"""The same in the regular expressions of ONNX Runtime, which know neither Unicode's \\w nor its \\b."""

_LOCALES: Final = ("en_US.UTF-8", "C.UTF-8", "C.utf8")


def text_options(parts: Iterable[Any]) -> dict[int, dict[str, str]]:
    """What skl2onnx is told about each vectoriser among the parts of a model.

    Its own choice cuts at letters beyond ASCII and keeps words of one letter, which scikit-learn drops before it pairs
    words: with bigrams, probabilities were 0.07 off.

    Raises:
        UnsupportedError: If a vectoriser does what a graph would leave out without a word.
    """
    options = {}
    for part in parts:
        if isinstance(part, HashingVectorizer):
            raise _refusal(type(part).__name__, "hashes words", "vectorise with TfidfVectorizer")
        if isinstance(part, TfidfTransformer) and part.sublinear_tf:
            raise _refusal(type(part).__name__, "takes the logarithm of counts (sublinear_tf=True)", "train without it")
        if isinstance(part, CountVectorizer):
            _refuse_unlike(part)
            if part.token_pattern == DEFAULT_PATTERN and part.analyzer == "word":
                options[id(part)] = {"tokenexp": SAME_WORDS}
    return options


def set_locale(model: Any) -> None:  # noqa: ANN401 - onnx.ModelProto
    """Name the locale that words are lowered by: the operator's default, en_US.UTF-8, is not on every machine."""
    found = next((name for name in _LOCALES if _is_there(name)), "C")
    for node in model.graph.node:
        if node.op_type == "StringNormalizer" and not any(item.name == "locale" for item in node.attribute):
            node.attribute.append(helper.make_attribute("locale", found))


def _refuse_unlike(vectoriser: CountVectorizer) -> None:
    name = type(vectoriser).__name__
    if getattr(vectoriser, "sublinear_tf", False):
        raise _refusal(name, "takes the logarithm of counts (sublinear_tf=True)", "train without it")
    if vectoriser.tokenizer is not None or vectoriser.preprocessor is not None or callable(vectoriser.analyzer):
        raise _refusal(name, "has functions of its own for cutting text", "train with a token_pattern")
    if vectoriser.stop_words is not None and vectoriser.ngram_range[1] > 1:
        raise _refusal(name, "drops stop words before it pairs words", "train without stop_words")


def _refusal(name: str, what: str, hint: str) -> UnsupportedError:
    msg = f"a graph must cut and count text as the model does, but this {name} {what}, which no operator does"
    return UnsupportedError(msg, hint)


def _is_there(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_CTYPE, before)
    return True
