// Groups of 16 rows turned into columns of keys; with vector instructions by transposing squares of them.
// Included by every path inside its own namespace.
#pragma once

#include "rows.h"
#include "tops.h"

#ifdef FASTTREES_AVX512
namespace fasttrees {
namespace PATH {

inline __m512i ordered_keys(__m512i bits) {
  const __m512i sign = _mm512_srai_epi32(bits, 31);
  return _mm512_xor_si512(bits, _mm512_or_si512(sign, _mm512_set1_epi32(static_cast<int>(0x80000000u))));
}

inline __mmask16 nan_lanes(__m512i bits) {
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  return _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
}

// 16 rows of 16 values to 16 columns of 16.
inline void transpose(__m512i* r) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

// Columns [c, c + count) whose features are consecutive; true if a NaN was seen.
inline bool fill_run(const char* const* lanes, uint32_t feature, uint32_t count, uint32_t* keys) {
  const __mmask16 present = static_cast<__mmask16>((1u << count) - 1u);
  __m512i r[16];
#pragma GCC unroll 16
  for (int lane = 0; lane < 16; ++lane) {
    r[lane] = _mm512_maskz_loadu_epi32(present, lanes[lane] + static_cast<size_t>(feature) * 4);
  }
  transpose(r);
  __mmask16 nan = 0;
#pragma GCC unroll 16
  for (uint32_t i = 0; i < 16; ++i) {
    if (i < count) {
      nan |= nan_lanes(r[i]);
      _mm512_storeu_si512(keys + i * 16, ordered_keys(r[i]));
    }
  }
  return nan != 0;
}

constexpr uint32_t kRunColumns = 16;

}  // namespace PATH
}  // namespace fasttrees
#endif

#ifdef FASTTREES_AVX2
namespace fasttrees {
namespace PATH {

// 8 rows of 8 values to 8 columns of 8.
inline void transpose(__m256* r) {
  __m256 t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
    t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = t[i];
}

constexpr uint32_t kRunColumns = 8;

// Columns [c, c + count) whose features are consecutive; true if a NaN was seen.
inline bool fill_run(const char* const* lanes, uint32_t feature, uint32_t count, uint32_t* keys) {
  const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i present = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), places);
  __m256i nan = _mm256_setzero_si256();
  for (int half = 0; half < 2; ++half) {
    __m256 r[8];
#pragma GCC unroll 8
    for (int lane = 0; lane < 8; ++lane) {
      const char* at = lanes[half * 8 + lane] + static_cast<size_t>(feature) * 4;
      r[lane] = _mm256_maskload_ps(reinterpret_cast<const float*>(at), present);
    }
    transpose(r);
#pragma GCC unroll 8
    for (uint32_t i = 0; i < 8; ++i) {
      if (i >= count) break;
      const __m256i bits = _mm256_castps_si256(r[i]);
      const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
      nan = _mm256_or_si256(nan, _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000)));
      const __m256i flip = _mm256_or_si256(_mm256_srai_epi32(bits, 31), _mm256_set1_epi32(static_cast<int>(0x80000000u)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(keys + i * 16 + half * 8), _mm256_xor_si256(bits, flip));
    }
  }
  return _mm256_testz_si256(nan, nan) == 0;
}

}  // namespace PATH
}  // namespace fasttrees
#endif

#ifdef FASTTREES_VECTOR
namespace fasttrees {
namespace PATH {

// Columns from c on whose features are consecutive, as many as are turned at once.
inline uint32_t run_length(const View& view, uint32_t c) {
  const Column* columns = view.columns;
  uint32_t run = view.n_columns - c < kRunColumns ? view.n_columns - c : kRunColumns;
  // Features rise strictly, so the last one tells whether there is a gap.
  while (columns[c + run - 1].feature - columns[c].feature != run - 1) run = run > 4 ? run / 2 : run - 1;
  return run;
}

// False if a NaN was seen: the caller then takes the slow way.
inline bool fill_group_fast(const View& view, const char* const* lanes, uint32_t* keys) {
  bool nan = false;
  std::memset(keys, 0, kColumnBytes);
  for (uint32_t c = 1; c < view.n_columns;) {
    const uint32_t run = run_length(view, c);
    nan |= fill_run(lanes, view.columns[c].feature, run, keys + static_cast<size_t>(c) * kLanes);
    c += run;
  }
  return !nan;
}

}  // namespace PATH
}  // namespace fasttrees
#endif

namespace fasttrees {
namespace PATH {

#ifdef FASTTREES_AVX512
// Keys of one float32 row next to each other; false if a NaN was seen.
inline bool fill_row_fast(const View& view, const char* row, uint32_t* keys) {
  __mmask16 nan = 0;
  keys[0] = 0;
  for (uint32_t c = 1; c < view.n_columns;) {
    const uint32_t run = run_length(view, c);
    const __mmask16 present = static_cast<__mmask16>((1u << run) - 1u);
    const __m512i bits = _mm512_maskz_loadu_epi32(present, row + static_cast<size_t>(view.columns[c].feature) * 4);
    nan |= nan_lanes(bits);
    _mm512_mask_storeu_epi32(keys + c, present, ordered_keys(bits));
    c += run;
  }
  return nan == 0;
}
#endif

// Keys of one row, next to each other. False at a NaN the model does not take.
inline bool single_row(const View& view, const Rows& rows, size_t index, uint32_t* keys) {
  const char* row = rows.data + static_cast<ptrdiff_t>(index) * rows.row_stride;
  if (view.simple && !view.ranks) {
    if (rows.is_double) {
      if (fill_row<double>(view, rows, row, keys)) return true;
#ifdef FASTTREES_AVX512
    } else if (view.increasing && rows.column_stride == 4) {
      if (fill_row_fast(view, row, keys)) return true;
#endif
    } else if (fill_row<float>(view, rows, row, keys)) {
      return true;
    }
  }
  return fill_slow(view, rows, row, keys, 1);
}

inline bool fill_plain(const View& view, const Rows& rows, const char* const* lanes, uint32_t* keys) {
  if (rows.is_double) return fill_group<double>(view, rows, lanes, keys);
#ifdef FASTTREES_VECTOR
  if (view.increasing && rows.column_stride == 4) return fill_group_fast(view, lanes, keys);
#endif
  return fill_group<float>(view, rows, lanes, keys);
}

// Keys of rows [first, first + count) as groups of 16: group, column, lane. Lanes past the end repeat the
// last row, so that every key is a valid one. False at a NaN the model does not take.
inline bool fill_block(const View& view, const Rows& rows, size_t first, size_t count, uint32_t* keys) {
  const size_t group_keys = static_cast<size_t>(view.n_columns) * kLanes;
  for (size_t start = 0; start < count; start += kLanes, keys += group_keys) {
    const char* lanes[kLanes];
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const size_t row = start + lane < count ? start + lane : count - 1;
      lanes[lane] = rows.data + static_cast<ptrdiff_t>(first + row) * rows.row_stride;
    }
    if (view.simple && !view.ranks && fill_plain(view, rows, lanes, keys)) continue;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      if (!fill_slow(view, rows, lanes[lane], keys + lane, kLanes)) return false;
    }
  }
  return true;
}

}  // namespace PATH
}  // namespace fasttrees
