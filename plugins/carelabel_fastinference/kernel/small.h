// Ensembles of trees of three levels at most: every tree is evaluated whole, 16 rows or 16 trees in lanes.
// Only for AVX-512; included inside the path's own namespace.
#pragma once

#include "tops.h"

#ifdef FASTTREES_AVX512
namespace fasttrees {
namespace PATH {

// Number (0 to 7) of the leaf each of 16 rows of a group reaches. `top`: thresholds and columns of the tree's
// heap, `thresholds` the former in a register. Where rows part, a masked load takes each row's own column.
inline __m512i eight_index(const uint32_t* top, __m512i thresholds, const char* keys) {
  const uint32_t* columns = top + 8;
  const __mmask16 k0 = _mm512_cmpgt_epu32_mask(_mm512_loadu_si512(keys + columns[1]), _mm512_set1_epi32(top[1]));
  __m512i x = _mm512_mask_loadu_epi32(_mm512_loadu_si512(keys + columns[2]), k0, keys + columns[3]);
  __m512i node = _mm512_mask_blend_epi32(k0, _mm512_set1_epi32(2), _mm512_set1_epi32(3));
  const __mmask16 k1 = _mm512_cmpgt_epu32_mask(x, _mm512_permutexvar_epi32(node, thresholds));
  node = _mm512_add_epi32(node, node);
  node = _mm512_mask_add_epi32(node, k1, node, _mm512_set1_epi32(1));
  x = _mm512_mask_loadu_epi32(_mm512_loadu_si512(keys + columns[4]), k1, keys + columns[5]);
  x = _mm512_mask_loadu_epi32(x, k0, keys + columns[6]);
  x = _mm512_mask_loadu_epi32(x, _kand_mask16(k0, k1), keys + columns[7]);
  const __mmask16 k2 = _mm512_cmpgt_epu32_mask(x, _mm512_permutexvar_epi32(node, thresholds));
  node = _mm512_add_epi32(node, node);
  return _mm512_mask_add_epi32(node, k2, node, _mm512_set1_epi32(1));  // 8 to 15: permutations take three bits
}

inline void add_found(__m512i index, __m512d values, double* sums) {
  const __m512i low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(index));
  const __m512i high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(index, 1));
  _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), _mm512_permutexvar_pd(low, values)));
  _mm512_storeu_pd(sums + 8, _mm512_add_pd(_mm512_loadu_pd(sums + 8), _mm512_permutexvar_pd(high, values)));
}

inline void add_found(__m512i index, __m512d values, float* sums) {
  const __m256 narrow = _mm512_cvtpd_ps(values);
  const __m512 both = _mm512_insertf32x8(_mm512_castps256_ps512(narrow), narrow, 1);
  _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_loadu_ps(sums), _mm512_permutexvar_ps(index, both)));
}

// One tree's values added to the sums of a block: groups * 16 of them.
template <class T>
inline void add_eight(const uint32_t* top, const double* eight, const char* keys, size_t group_bytes, size_t groups, T* sums) {
  const __m512i thresholds = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(top)));
  const __m512d values = _mm512_loadu_pd(eight);
  for (size_t group = 0; group < groups; ++group, keys += group_bytes, sums += kLanes) {
    add_found(eight_index(top, thresholds, keys), values, sums);
  }
}

// Keys of one row for up to 64 columns, looked up without memory.
struct RowKeys {
  __m512i part[4];
  explicit RowKeys(const uint32_t* keys) {
    for (int i = 0; i < 4; ++i) part[i] = _mm512_loadu_si512(keys + 16 * i);
  }
  __m512i at(__m512i column) const {
    const __m512i low = _mm512_permutex2var_epi32(part[0], column, part[1]);
    const __m512i high = _mm512_permutex2var_epi32(part[2], column, part[3]);
    return _mm512_mask_blend_epi32(_mm512_test_epi32_mask(column, _mm512_set1_epi32(32)), low, high);
  }
};

struct GatheredKeys {
  const uint32_t* keys;
  explicit GatheredKeys(const uint32_t* row) : keys(row) {}
  __m512i at(__m512i column) const { return _mm512_i32gather_epi32(column, keys, 4); }
};

// Positions in `eights` of the leaves one row reaches, 16 trees at a time. small: for 16 trees each, the seven
// thresholds of their heaps, then the seven columns, tree by tree.
template <class K>
inline void row_small(const View& view, const uint32_t* keys, uint32_t* leaves) {
  const K row(keys);
  __m512i start = _mm512_slli_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), 3);
  const uint32_t* at = view.small;
  for (uint32_t t = 0; t < view.n_trees; t += 16, at += kSmallWords) {
    const auto threshold = [at](int node) { return _mm512_loadu_si512(at + 16 * (node - 1)); };
    const auto column = [at](int node) { return _mm512_loadu_si512(at + 16 * (node + 6)); };
    const __mmask16 k0 = _mm512_cmpgt_epu32_mask(row.at(column(1)), threshold(1));
    const __m512i column1 = _mm512_mask_blend_epi32(k0, column(2), column(3));
    const __mmask16 k1 = _mm512_cmpgt_epu32_mask(row.at(column1), _mm512_mask_blend_epi32(k0, threshold(2), threshold(3)));
    const __m512i column2 = _mm512_mask_blend_epi32(k0, _mm512_mask_blend_epi32(k1, column(4), column(5)),
                                                    _mm512_mask_blend_epi32(k1, column(6), column(7)));
    const __m512i threshold2 = _mm512_mask_blend_epi32(k0, _mm512_mask_blend_epi32(k1, threshold(4), threshold(5)),
                                                       _mm512_mask_blend_epi32(k1, threshold(6), threshold(7)));
    const __mmask16 k2 = _mm512_cmpgt_epu32_mask(row.at(column2), threshold2);
    __m512i found = _mm512_mask_add_epi32(start, k0, start, _mm512_set1_epi32(4));
    found = _mm512_mask_add_epi32(found, k1, found, _mm512_set1_epi32(2));
    found = _mm512_mask_add_epi32(found, k2, found, _mm512_set1_epi32(1));
    _mm512_storeu_si512(leaves + t, found);
    start = _mm512_add_epi32(start, _mm512_set1_epi32(128));
  }
}

inline void walk_small(const View& view, const uint32_t* keys, uint32_t* leaves) {
  if (view.n_columns <= 64) {
    row_small<RowKeys>(view, keys, leaves);
  } else {
    row_small<GatheredKeys>(view, keys, leaves);
  }
}

}  // namespace PATH
}  // namespace fasttrees
#endif
