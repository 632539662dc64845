"""The files around model.cpp: header, CMake file, and a main that checks itself against stored predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.codegen.literals import array, bit_patterns, comment
from carelabel_fastinference.codegen.scorer import TYPES, n_probabilities, namespace_alias
from carelabel_fastinference.reference import class_indices, linked, raw_scores

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_CLASSES: Final = """
// Index of the class that a row of scores `s` and of values `v` stands for.
std::size_t class_index(const Score* s, const Score* v, std::size_t output);

// Name of a class, as text.
const char* class_name(std::size_t output, std::size_t index);
"""
_HEADER: Final = """\
// A tree ensemble: {source}.
#pragma once

#include <cstddef>
#include <cstdint>

namespace {name} {{

using Input = {input};  // round inputs to this type
using Score = {score};
constexpr std::size_t n_features = {n_features};
constexpr std::size_t n_scores = {n_scores};
constexpr std::size_t n_values = {n_values};
constexpr std::size_t n_outputs = {n_outputs};

// rows: n_rows x n_features, one row after the other; scores: n_rows x n_scores. Thread-safe.
void raw_scores(const Input* rows, std::size_t n_rows, Score* scores);

// From raw scores to probabilities or predicted values: n_rows x n_values.
void apply_link(const Score* scores, std::size_t n_rows, Score* values);
{classes}
}}  // namespace {name}
"""
_CMAKE: Final = """\
cmake_minimum_required(VERSION 3.16)
project(@name@ CXX)

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(@name@ STATIC @name@.cpp)
target_include_directories(@name@ PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(@name@ PUBLIC -ffp-contract=off)
endif()

add_executable(check main.cpp)
target_link_libraries(check PRIVATE @name@)

enable_testing()
add_test(NAME check COMMAND check)
"""
_MAIN: Final = """\
// Predicts stored rows and compares with stored predictions: raw scores and classes bit by bit, probabilities
// and values within {tolerance}, as exp differs between C libraries. Exit status 0: all equal.
#include "{name}.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

{alias}namespace {{

constexpr std::size_t n_rows = {n_rows};
{arrays}
template <typename Value, typename Bits>
Value from_bits(Bits bits) {{
    static_assert(sizeof(Value) == sizeof(Bits), "same size");
    Value value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}}

bool same_bits(model::Score one, model::Score other) {{ return std::memcmp(&one, &other, sizeof one) == 0; }}

}}  // namespace

int main() {{
    std::vector<model::Input> rows;
    for (auto bits : row_bits) rows.push_back(from_bits<model::Input>(bits));
    std::vector<model::Score> scores(n_rows * model::n_scores), values(n_rows * model::n_values);
    model::raw_scores(rows.data(), n_rows, scores.data());
    model::apply_link(scores.data(), n_rows, values.data());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {{
        const auto expected = from_bits<model::Score>(score_bits[i]);
        if (same_bits(scores[i], expected)) continue;
        if (!wrong++) std::printf("score %zu is %a, expected %a\\n", i, double(scores[i]), double(expected));
    }}
    for (std::size_t i = 0; i < values.size(); ++i) {{
        const auto expected = from_bits<model::Score>(value_bits[i]);
        if (same_bits(values[i], expected)) continue;
        if (std::fabs(values[i] - expected) <= {tolerance} * (1 + std::fabs(expected))) continue;
        if (!wrong++) std::printf("value %zu is %a, expected %a\\n", i, double(values[i]), double(expected));
    }}
{class_check}    std::printf("%zu rows, %zu differences\\n", n_rows, wrong);
    return wrong ? 1 : 0;
}}
"""
_CLASS_CHECK: Final = """\
    for (std::size_t i = 0; i < n_rows * model::n_outputs; ++i) {
        const std::size_t row = i / model::n_outputs, output = i % model::n_outputs;
        const std::size_t found = model::class_index(&scores[row * model::n_scores],
                                                     &values[row * model::n_values], output);
        if (found == classes[i]) continue;
        if (!wrong++) {
            std::printf("row %zu is %s, expected %s\\n", row, model::class_name(output, found),
                        model::class_name(output, classes[i]));
        }
    }
"""


def header_source(ensemble: TreeEnsemble, *, name: str = "model") -> str:
    """Text of the header; name: of the namespace."""
    return _HEADER.format(
        name=name,
        source=comment(ensemble.source or "read from a model"),
        input=TYPES[ensemble.input_rounding],
        score=TYPES[ensemble.accumulate],
        n_features=ensemble.n_features,
        n_scores=ensemble.n_columns,
        n_values=n_probabilities(ensemble),
        n_outputs=ensemble.n_outputs,
        classes="" if ensemble.outputs is None else _CLASSES,
    )


def cmake_source(name: str) -> str:
    """Text of CMakeLists.txt; name: of the library and its files."""
    return _CMAKE.replace("@name@", name)


def main_source(ensemble: TreeEnsemble, rows: Array, *, name: str = "model") -> str:
    """Text of main.cpp with the rows, (n_rows, n_features), and the reference's predictions of them."""
    with np.errstate(over="ignore"):
        rows = rows.astype(ensemble.input_rounding)
    scores = raw_scores(ensemble, rows)
    values = linked(ensemble, scores)
    if n_probabilities(ensemble) > ensemble.n_columns:
        values = np.concatenate((values.dtype.type(1) - values, values), axis=1)
    arrays = [
        _bits_array("row_bits", rows),
        _bits_array("score_bits", scores),
        _bits_array("value_bits", values),
    ]
    if ensemble.outputs is not None:
        classes = np.stack(class_indices(ensemble, scores), axis=1)
        arrays.append(array("std::uint32_t", "classes", map(str, classes.ravel().tolist()), per_line=20))
    return _MAIN.format(
        name=name,
        alias=namespace_alias(name),
        n_rows=len(rows),
        arrays="".join(arrays),
        tolerance="1e-12" if ensemble.accumulate == "float64" else "1e-5f",
        class_check="" if ensemble.outputs is None else _CLASS_CHECK,
    )


def _bits_array(name: str, values: Array) -> str:
    """Array of the bits of floating-point values."""
    return array(f"std::uint{values.itemsize * 8}_t", name, bit_patterns(values))
