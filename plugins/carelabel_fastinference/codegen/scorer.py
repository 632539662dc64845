"""The C++ implementation of one ensemble: rows in, raw scores, probabilities or values, and classes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from carelabel_fastinference.codegen.literals import array, comment, lines, real, text
from carelabel_fastinference.codegen.plan import plan_source
from carelabel_fastinference.codegen.trees import table_source, tree_source
from carelabel_fastinference.ensemble import ZERO_THRESHOLD

if TYPE_CHECKING:
    from carelabel_fastinference.codegen.plan import SourcePlan
    from carelabel_fastinference.ensemble import TreeEnsemble

TYPES: Final = {"float32": "float", "float64": "double"}

_HEAD: Final = """\
// Generated from {source}: {trees} trees, {nodes} nodes, {code} of them as code.
// Compile with -ffp-contract=off: sums keep their order and their rounding.
#include "{name}.h"

#include <cfloat>
#include <cmath>
#include <cstring>
#include <vector>

#ifdef __FAST_MATH__
#error "compile without -ffast-math, which changes the order of sums and ignores NaN"
#endif

static_assert(FLT_EVAL_METHOD == 0, "intermediate results must not be wider than their type");

namespace {{

{alias}using model::Input;
using model::Score;
using Value = {value};
[[maybe_unused]] constexpr std::uint32_t LEAF = 0x80000000u;

[[maybe_unused]] inline bool is_missing(Value value) {{ return {missing}; }}

"""
_PREPARE: Final = """\
// Rounding aside, inputs as the trees compare them.
inline void prepare(const Input* row, Value* x) {{
    for (std::size_t i = 0; i < model::n_features; ++i) {{
        {statement}
    }}
{extra}}}

"""
_KEY: Final = """\
// An integer in the order of the floats; both zeros are 0, NaN is above everything.
inline Value key(Input value) {
    const Input positive_zero = value + 0.0f;
    std::int32_t bits;
    std::memcpy(&bits, &positive_zero, sizeof bits);
    return value != value ? INT32_MAX : bits ^ ((bits >> 31) & 0x7fffffff);
}

"""
_ENCODE: Final = """\
// Index of the equal category, NaN where there is none.
inline Value encode(Value value, const double* known, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (known[i] == static_cast<double>(value)) return static_cast<Value>(i);
    }
    return NAN;
}

"""
_SCORES: Final = """\
void raw_scores(const Input* rows, std::size_t n_rows, Score* scores) {{
    std::vector<Value> prepared(n_features);
    Value* x = prepared.data();
    for (std::size_t r = 0; r < n_rows; ++r) {{
        Score* s = scores + r * n_scores;
        prepare(rows + r * n_features, x);
        for (std::size_t k = 0; k < n_scores; ++k) s[k] = base[k];
        for (std::size_t t = 0; t < sizeof trees / sizeof trees[0]; ++t) {{
            const Score* leaf = leaf_values[trees[t](x)];
            {add}
        }}
{mean}    }}
}}

"""


def model_source(ensemble: TreeEnsemble, *, budget: int, integer: bool, name: str = "model") -> str:
    """Text of the implementation, which defines what `header_source` declares.

    budget: most inner nodes written as if-else; the others go into a table. integer: compare integer keys of
    float32 inputs instead of the floats. name: of namespace and header.

    Raises:
        ValueError: if budget is negative, or integer keys are asked for where inputs are float64 or splits
            are categorical.
    """
    if integer and (ensemble.input_rounding != "float32" or ensemble.category_words is not None):
        msg = "integer thresholds need float32 inputs and no categorical splits: use integer=False"
        raise ValueError(msg)
    plan = plan_source(ensemble, budget)
    parts = [
        _head(plan, integer=integer, name=name),
        _leaf_values(plan),
        table_source(plan, integer=integer),
        *(tree_source(plan, tree, integer=integer) for tree in range(ensemble.n_trees)),
        _constants(ensemble),
        _prepare(ensemble, integer=integer),
        f"}}  // namespace\n\nnamespace {name} {{\n",
        _scores(ensemble),
        link_source(ensemble),
        f"}}  // namespace {name}\n",
    ]
    return "\n".join(parts)


def n_probabilities(ensemble: TreeEnsemble) -> int:
    """Columns after the link: one probability becomes those of two classes."""
    if ensemble.outputs is not None and ensemble.n_columns == 1:
        return max(len(ensemble.outputs[0]), 1)
    return ensemble.n_columns


def _head(plan: SourcePlan, *, integer: bool, name: str) -> str:
    """Includes and types."""
    ensemble = plan.ensemble
    return _HEAD.format(
        name=name,
        alias=namespace_alias(name),
        source=comment(ensemble.source or "a tree ensemble"),
        trees=ensemble.n_trees,
        nodes=ensemble.n_nodes,
        code=int(np.count_nonzero(plan.as_code)),
        value="std::int32_t" if integer else TYPES[ensemble.input_rounding],
        missing="value == INT32_MAX" if integer else "value != value",
    )


def namespace_alias(name: str) -> str:
    """Line that makes the namespace known as `model`, by which the templates call it."""
    return "" if name == "model" else f"namespace model = {name};\n"


def _leaf_values(plan: SourcePlan) -> str:
    """The distinct leaf values, one row each."""
    precision = plan.ensemble.accumulate
    rows = ("{" + ",".join(real(v, precision) for v in row) + "}" for row in plan.leaf_values.tolist())
    return f"const Score leaf_values[][{plan.ensemble.n_values}] = {{\n{lines(rows, 4)}\n}};\n"


def _constants(ensemble: TreeEnsemble) -> str:
    """Tree functions, columns, base scores and divisors."""
    precision = ensemble.accumulate
    parts = [
        "using Tree = std::uint32_t (*)(const Value*);",
        array("Tree", "trees", (f"tree_{tree}" for tree in range(ensemble.n_trees))),
        array("Score", "base", (real(value, precision) for value in ensemble.base.tolist())),
    ]
    if (ensemble.tree_output >= 0).any():
        columns = (str(column) for column in ensemble.tree_output.tolist())
        parts.append(array("std::int32_t", "tree_output", columns, per_line=20))
    if ensemble.aggregation == "mean":
        divisors = (real(float(n), precision) for n in ensemble.trees_per_column.tolist())
        parts.append(array("Score", "divisor", divisors))
    return "\n".join(parts)


def _prepare(ensemble: TreeEnsemble, *, integer: bool) -> str:
    """Function that turns a row into what the trees compare."""
    extra, before = "", _KEY if integer else ""
    if ensemble.zero_as_missing is not None and ensemble.zero_as_missing.any():
        columns = (str(column) for column in np.flatnonzero(ensemble.zero_as_missing).tolist())
        before += array("std::size_t", "zero_columns", columns, per_line=20) + "\n"
        limit = real(ZERO_THRESHOLD, "float64")
        extra += f"    for (std::size_t i : zero_columns) if (std::fabs(x[i]) <= {limit}) x[i] = NAN;\n"
    if any(values is not None for values in ensemble.category_values or ()):
        before += _ENCODE
        for column, values in enumerate(ensemble.category_values or ()):
            if values is not None:
                before += array("double", f"known_{column}", (real(v, "float64") for v in values.tolist()))
                extra += f"    x[{column}] = encode(x[{column}], known_{column}, {len(values)});\n"
    statement = "x[i] = key(row[i]);" if integer else "x[i] = row[i];"
    return before + _PREPARE.format(statement=statement, extra=extra)


def _scores(ensemble: TreeEnsemble) -> str:
    """Function raw_scores."""
    everywhere = "for (std::size_t k = 0; k < n_scores; ++k) s[k] += leaf[k];"
    add = "s[tree_output[t]] += leaf[0];"
    if (ensemble.tree_output < 0).all():
        add = everywhere
    mean = "        for (std::size_t k = 0; k < n_scores; ++k) s[k] /= divisor[k];\n"
    return _SCORES.format(add=add, mean=mean if ensemble.aggregation == "mean" else "")


def link_source(ensemble: TreeEnsemble) -> str:
    """Functions apply_link, and class_index and class_name where there are classes."""
    kind = TYPES[ensemble.accumulate]
    scale = real(ensemble.link_scale, ensemble.accumulate)
    scaled = "s[k]" if ensemble.link_scale == 1.0 else f"{scale} * s[k]"
    body = {
        "identity": f"for (std::size_t k = 0; k < n_scores; ++k) v[k] = {scaled};",
        "exp": f"for (std::size_t k = 0; k < n_scores; ++k) v[k] = std::exp({scaled});",
        "logistic": f"for (std::size_t k = 0; k < n_scores; ++k) v[k] = 1 / (1 + std::exp(-({scaled})));",
        "softmax": f"""\
{kind} top = s[0], sum = 0;
        for (std::size_t k = 1; k < n_scores; ++k) top = s[k] > top ? s[k] : top;
        for (std::size_t k = 0; k < n_scores; ++k) sum += v[k] = std::exp({scaled} - {scale} * top);
        for (std::size_t k = 0; k < n_scores; ++k) v[k] /= sum;""",
    }[ensemble.link]
    if n_probabilities(ensemble) > ensemble.n_columns:
        body += "\n        v[1] = v[0];\n        v[0] = 1 - v[1];"
    return f"""\
void apply_link(const Score* scores, std::size_t n_rows, Score* values) {{
    for (std::size_t r = 0; r < n_rows; ++r) {{
        const Score* s = scores + r * n_scores;
        Score* v = values + r * n_values;
        {body}
    }}
}}

{_class_source(ensemble)}"""


def _class_source(ensemble: TreeEnsemble) -> str:
    """Functions class_index and class_name."""
    if ensemble.outputs is None:
        return ""
    starts = np.concatenate(([0], np.cumsum([len(classes) for classes in ensemble.outputs])))
    names = (text(name) for classes in ensemble.outputs for name in classes.tolist())
    first = {"positive-score": "return s[0] > 0;", "non-negative-score": "return s[0] >= 0;"}
    largest = """\
const std::size_t from = class_start[output], to = class_start[output + 1];
    std::size_t best = from;
    for (std::size_t k = from + 1; k < to; ++k) best = v[k] > v[best] ? k : best;
    return best - from;"""
    choose = first.get(ensemble.label_rule, largest)
    if ensemble.label_rule == "largest-score":
        choose = largest.replace("v[", "s[")
    return f"""\
namespace {{
{array("std::size_t", "class_start", (str(start) for start in starts.tolist()))}
{array("char* const", "class_names", names)}}}

std::size_t class_index([[maybe_unused]] const Score* s, [[maybe_unused]] const Score* v,
                        [[maybe_unused]] std::size_t output) {{
    {choose}
}}

const char* class_name(std::size_t output, std::size_t index) {{
    return class_names[class_start[output] + index];
}}

"""
