"""The trees as C++: one function each, and the table of the nodes that are not written as code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from carelabel_fastinference.codegen.literals import array, real
from carelabel_fastinference.codegen.plan import LEAF_BIT
from carelabel_fastinference.codegen.thresholds import order_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carelabel_fastinference.codegen.plan import SourcePlan

MISSING_LEFT: Final = 1
CATEGORICAL: Final = 2

_WALK: Final = """\
struct Node {
    Value threshold;  // of a categorical node: 0
    std::int32_t feature;
    std::uint32_t left;  // row of this table, or LEAF and row of the leaf values
    std::uint32_t right;
    std::uint32_t flags;
    std::uint32_t set;  // of a categorical node: row of the sets
};

"""
_STEP: Final = """\
inline bool goes_left(const Node& node, const Value* x) {{
    const Value value = x[node.feature];
    if (is_missing(value)) return node.flags & 1u;
{member}    return value {comparison} node.threshold;
}}

[[maybe_unused]] std::uint32_t walk(const Value* x, std::uint32_t at) {{
    while (!(at & LEAF)) at = goes_left(nodes[at], x) ? nodes[at].left : nodes[at].right;
    return at & ~LEAF;
}}

"""
_MEMBER: Final = "    if (node.flags & 2u) return member(value, node.set);\n"
_SETS: Final = """\
struct Set {
    std::uint32_t start;  // first of its words
    std::uint32_t count;
};

inline bool member(Value value, std::uint32_t set) {
    const Set s = sets[set];
    if (!(value > -1 && value < static_cast<Value>(s.count * 32.0))) return false;
    const std::uint32_t category = static_cast<std::uint32_t>(static_cast<std::int64_t>(value));
    return words[s.start + category / 32] >> (category % 32) & 1u;
}

"""


def table_source(plan: SourcePlan, *, integer: bool) -> str:
    """Definition of the sets, the table and the loop that walks it."""
    member = plan.ensemble.category_words is not None
    step = _STEP.format(member=_MEMBER if member else "", comparison=plan.ensemble.comparison)
    head, tail = _SETS.split("\n\n", 1)
    sets = f"{head}\n\n{_set_arrays(plan)}\n{tail}" if member else ""
    nodes = array("Node", "nodes", _table_rows(plan, integer=integer), per_line=3)
    return sets + _WALK + nodes + "\n" + step


def tree_source(plan: SourcePlan, tree: int, *, integer: bool) -> str:
    """Function `tree_<n>`: from the prepared row to the row of the leaf values."""
    body = "\n".join(_statements(plan, int(plan.ensemble.tree_start[tree]), integer=integer))
    return f"std::uint32_t tree_{tree}([[maybe_unused]] const Value* x) {{\n{body}\n}}\n"


def _statements(plan: SourcePlan, root: int, *, integer: bool) -> Iterator[str]:
    """Lines of nested if-else, without recursion: trees may be deep."""
    left, right = plan.ensemble.left, plan.ensemble.right
    stack: list[int | str] = [root]
    depth = 1
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            depth -= 1
            yield " " * depth + item
            depth += item.endswith("{")
        elif plan.as_code[item]:
            yield f"{' ' * depth}if ({_condition(plan, item, integer=integer)}) {{"
            depth += 1
            stack += ["}", int(right[item]), "} else {", int(left[item])]
        else:
            yield " " * depth + _end(int(plan.reference[item]))


def _end(reference: int) -> str:
    """What follows the last node written as code."""
    if reference & LEAF_BIT:
        return f"return {reference & ~LEAF_BIT};"
    return f"return walk(x, {reference});"


def _condition(plan: SourcePlan, node: int, *, integer: bool) -> str:
    """Whether the row goes left at a node; every comparison with NaN is false."""
    ensemble = plan.ensemble
    x = f"x[{ensemble.feature[node]}]"
    missing_left = bool(ensemble.missing_left[node])
    if plan.set_row[node] >= 0:
        call = f"member({x}, {plan.set_row[node]})"
        return f"is_missing({x}) || {call}" if missing_left else f"!is_missing({x}) && {call}"
    threshold = _threshold(plan, node, integer=integer)
    if integer:
        compared = f"{x} {ensemble.comparison} {threshold}"
        return f"{compared} || is_missing({x})" if missing_left else compared
    if missing_left:
        return f"!({x} {'>' if ensemble.comparison == '<=' else '>='} {threshold})"
    return f"{x} {ensemble.comparison} {threshold}"


def _threshold(plan: SourcePlan, node: int, *, integer: bool) -> str:
    """Literal of a threshold."""
    if integer:
        return str(int(order_keys(plan.threshold[node : node + 1])[0]))
    return real(float(plan.threshold[node]), plan.ensemble.input_rounding)


def _table_rows(plan: SourcePlan, *, integer: bool) -> Iterator[str]:
    """Rows of the table."""
    ensemble = plan.ensemble
    categorical = plan.set_row[plan.table] >= 0
    flags = ensemble.missing_left[plan.table] * MISSING_LEFT + categorical * CATEGORICAL
    sets = np.maximum(plan.set_row[plan.table], 0)
    left = plan.reference[ensemble.left[plan.table]]
    right = plan.reference[ensemble.right[plan.table]]
    if integer:
        literals = [str(key) for key in order_keys(plan.threshold[plan.table]).tolist()]
    else:
        precision = ensemble.input_rounding
        values = np.where(categorical, 0.0, plan.threshold[plan.table])
        literals = [real(value, precision) for value in values.tolist()]
    columns = (ensemble.feature[plan.table], left, right, flags, sets)
    for literal, *row in zip(literals, *(column.tolist() for column in columns), strict=True):
        feature, one, other, flag, index = row
        yield f"{{{literal},{feature},{one}u,{other}u,{flag}u,{index}u}}"


def _set_arrays(plan: SourcePlan) -> str:
    """The sets of all categorical nodes and their words."""
    start, words = plan.ensemble.category_start, plan.ensemble.category_words
    if start is None or words is None:
        return ""
    nodes = np.flatnonzero(plan.set_row >= 0)
    ranges = zip(start[nodes].tolist(), np.diff(start)[nodes].tolist(), strict=True)
    return array("std::uint32_t", "words", (f"{word}u" for word in words.tolist())) + array(
        "Set", "sets", (f"{{{first}u, {count}u}}" for first, count in ranges)
    )
