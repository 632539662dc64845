// From rows to keys. Included by every path inside its own namespace (PATH), compiled with its own flags.
#pragma once

#include <cstring>

#include "model.h"

namespace fasttrees {
namespace PATH {

constexpr float kZeroThreshold = 1e-35f;  // LightGBM takes smaller magnitudes for zero
constexpr uint32_t kGoesRight = 0xffffffffu;

inline uint32_t float_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

inline uint32_t ordered(uint32_t bits) {
  return bits ^ (static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u);
}

inline bool is_nan_bits(uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u; }

// Thresholds below `value` ("<="), or not above it ("<"): the branch-free binary search.
inline uint32_t rank_of(const double* sorted, size_t count, double value, bool strict) {
  if (count == 0) return 0;
  const double* at = sorted;
  size_t left = count;
  while (left > 1) {
    const size_t half = left / 2;
    const double pivot = at[half - 1];
    at += (strict ? pivot <= value : pivot < value) ? half : 0;
    left -= half;
  }
  return static_cast<uint32_t>(at - sorted) + (strict ? *at <= value : *at < value);
}

// Index of the equal entry; NaN if there is none.
inline double code_of(const double* codes, size_t count, double value) {
  const uint32_t index = rank_of(codes, count, value, false);
  return index < count && codes[index] == value ? static_cast<double>(index) : __builtin_nan("");
}

inline uint32_t category_key(const uint32_t* words, size_t count, double value) {
  const double limit = static_cast<double>(count) * 32.0;
  if (!(value > -1.0 && value < limit)) return 1;
  const uint32_t category = static_cast<uint32_t>(value);
  return ((words[category / 32] >> (category % 32)) & 1u) ^ 1u;
}

// Any column, any value; `value` is already rounded as the model rounds.
inline uint32_t key_of(const View& view, const Column& column, double value) {
  if (column.zero_as_missing && value <= kZeroThreshold && value >= -kZeroThreshold) value = __builtin_nan("");
  if (column.encoded) value = code_of(view.codes + column.code_first, column.code_count, value);
  if (value != value) return column.missing_left ? 0u : kGoesRight;
  if (column.categorical) return category_key(view.words + column.first, column.count, value);
  if (view.ranks) return rank_of(view.thresholds + column.first, column.count, value, view.strict != 0);
  return ordered(float_bits(static_cast<float>(value)));
}

inline double load_value(const Rows& rows, const char* row, uint32_t feature, bool round) {
  const char* at = row + static_cast<ptrdiff_t>(feature) * rows.column_stride;
  if (!rows.is_double) {
    float value;
    std::memcpy(&value, at, 4);
    return value;
  }
  double value;
  std::memcpy(&value, at, 8);
  return round ? static_cast<double>(static_cast<float>(value)) : value;
}

// One row, one column after the other `step` keys apart. Returns false at a NaN the model does not take.
inline bool fill_slow(const View& view, const Rows& rows, const char* row, uint32_t* keys, size_t step) {
  keys[0] = 0;
  for (uint32_t c = 1; c < view.n_columns; ++c) {
    const Column& column = view.columns[c];
    const double value = load_value(rows, row, column.feature, view.rounds != 0);
    if (value != value && !view.accepts_nan) return false;
    keys[c * step] = key_of(view, column, value);
  }
  return true;
}

template <class T>
inline uint32_t simple_bits(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return float_bits(static_cast<float>(value));
}

// float32 keys of plain columns, 0xffffffff where a NaN was seen (the caller then takes the slow way).
template <class T>
inline bool fill_row(const View& view, const Rows& rows, const char* row, uint32_t* keys) {
  const Column* columns = view.columns;
  const uint32_t count = view.n_columns;
  const ptrdiff_t stride = rows.column_stride;
  uint32_t nan = 0;
  keys[0] = 0;
  for (uint32_t c = 1; c < count; ++c) {
    const uint32_t bits = simple_bits<T>(row + static_cast<ptrdiff_t>(columns[c].feature) * stride);
    nan |= is_nan_bits(bits);
    keys[c] = ordered(bits);
  }
  return nan == 0;
}

constexpr uint32_t kTile = 16;  // columns at a time: what is written stays in the first-level cache

// Lane by lane: one row's values are read in order.
template <class T>
inline bool fill_group(const View& view, const Rows& rows, const char* const* lanes, uint32_t* keys) {
  uint32_t nan = 0;
  std::memset(keys, 0, kColumnBytes);
  for (uint32_t first = 1; first < view.n_columns; first += kTile) {
    const uint32_t last = view.n_columns - first < kTile ? view.n_columns : first + kTile;
    for (int lane = 0; lane < kLanes; ++lane) {
      const char* row = lanes[lane];
      for (uint32_t c = first; c < last; ++c) {
        const uint32_t bits = simple_bits<T>(row + static_cast<ptrdiff_t>(view.columns[c].feature) * rows.column_stride);
        nan |= is_nan_bits(bits);
        keys[static_cast<size_t>(c) * kLanes + lane] = ordered(bits);
      }
    }
  }
  return nan == 0;
}

}  // namespace PATH
}  // namespace fasttrees
