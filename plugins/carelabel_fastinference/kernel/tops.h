// The top levels of a tree for a whole block of rows: one comparison a node, 16 rows at a time, kept as bits;
// the bits of a level choose between those of the next one. Only for paths with vector comparisons.
#pragma once

#include "model.h"

#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define FASTTREES_AVX512 1
#define FASTTREES_VECTOR 1
#include <immintrin.h>
#elif defined(__AVX2__)
#define FASTTREES_AVX2 1
#define FASTTREES_VECTOR 1
#include <immintrin.h>
#endif

#ifdef FASTTREES_VECTOR
namespace fasttrees {
namespace PATH {

constexpr int kTopNodes = 1 << kTopLevels;
constexpr int kBlockWords = 16;  // 64 rows each: a block has at most 1024 rows

// Bit r of word w: row 64 w + r goes right at that node.
using Bits = uint64_t[kBlockWords];

inline uint16_t right_bits(const uint32_t* keys, uint32_t threshold) {
#ifdef FASTTREES_AVX512
  return _mm512_cmpgt_epu32_mask(_mm512_loadu_si512(keys), _mm512_set1_epi32(static_cast<int>(threshold)));
#else
  const __m256i limit = _mm256_set1_epi32(static_cast<int>(threshold));
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys + 8));
  const __m256i low_left = _mm256_cmpeq_epi32(_mm256_max_epu32(low, limit), limit);
  const __m256i high_left = _mm256_cmpeq_epi32(_mm256_max_epu32(high, limit), limit);
  const int left = _mm256_movemask_ps(_mm256_castsi256_ps(low_left)) |
                   (_mm256_movemask_ps(_mm256_castsi256_ps(high_left)) << 8);
  return static_cast<uint16_t>(~left);
#endif
}

inline void compare_nodes(const uint32_t* top, int nodes, const char* keys, size_t group_bytes, size_t groups, Bits* bits) {
  const uint32_t* columns = top + nodes;
  for (int node = 1; node < nodes; ++node) {
    const char* at = keys + columns[node];
    const uint32_t threshold = top[node];
    char* out = reinterpret_cast<char*>(bits[node]);
    for (size_t group = 0; group < groups; ++group, at += group_bytes) {
      const uint16_t right = right_bits(reinterpret_cast<const uint32_t*>(at), threshold);
      __builtin_memcpy(out + group * 2, &right, 2);
    }
  }
}

inline uint16_t group_bits(const uint64_t* words, size_t group) {
  uint16_t bits;
  __builtin_memcpy(&bits, reinterpret_cast<const char*>(words) + group * 2, 2);
  return bits;
}

inline uint64_t choose(uint64_t right, uint64_t if_left, uint64_t if_right) {
  return if_left ^ ((if_left ^ if_right) & right);
}

// The bit of level `level` for every row of word w, given the bits of the levels above.
template <int LEVELS>
inline void choose_paths(Bits* bits, size_t words, Bits* path) {
  for (size_t w = 0; w < words; ++w) {
    uint64_t chosen[LEVELS];
    chosen[0] = bits[1][w];
#pragma GCC unroll 8
    for (int level = 1; level < LEVELS; ++level) {
      uint64_t row[1 << (LEVELS - 1)];
      const int width = 1 << level;
#pragma GCC unroll 32
      for (int n = 0; n < width; ++n) row[n] = bits[width + n][w];
      // The lowest bit of a node's number within its level was decided last.
#pragma GCC unroll 8
      for (int above = level - 1, left = width / 2; above >= 0; --above, left /= 2) {
#pragma GCC unroll 32
        for (int n = 0; n < left; ++n) row[n] = choose(chosen[above], row[2 * n], row[2 * n + 1]);
      }
      chosen[level] = row[0];
    }
#pragma GCC unroll 8
    for (int level = 0; level < LEVELS; ++level) path[level][w] = chosen[level];
  }
}

#ifdef FASTTREES_AVX512
// Number of the path that each row of a group takes.
template <int LEVELS>
inline __m512i path_index(const Bits* path, size_t group) {
  __m512i index = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int level = 0; level < LEVELS; ++level) {
    const __mmask16 right = group_bits(path[level], group);
    index = _mm512_mask_or_epi32(index, right, index, _mm512_set1_epi32(1 << (LEVELS - 1 - level)));
  }
  return index;
}

#endif

// entries[path] for the 16 rows of a group.
template <int LEVELS>
inline void look_up(const uint32_t* entries, const Bits* path, size_t group, uint32_t* out) {
#ifdef FASTTREES_AVX512
  const __m512i index = path_index<LEVELS>(path, group);
  if constexpr (LEVELS == 5) {
    const __m512i low = _mm512_loadu_si512(entries), high = _mm512_loadu_si512(entries + 16);
    _mm512_storeu_si512(out, _mm512_permutex2var_epi32(low, index, high));
  } else {
    const __mmask16 present = static_cast<__mmask16>((1u << (1 << LEVELS)) - 1u);
    _mm512_storeu_si512(out, _mm512_permutexvar_epi32(index, _mm512_maskz_loadu_epi32(present, entries)));
  }
#else
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  for (int half = 0; half < 2; ++half) {
    __m256i index = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int level = 0; level < LEVELS; ++level) {
      const int right = group_bits(path[level], group) >> (8 * half);
      const __m256i chosen = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(right), bit), bit);
      index = _mm256_or_si256(index, _mm256_and_si256(chosen, _mm256_set1_epi32(1 << (LEVELS - 1 - level))));
    }
    alignas(32) uint32_t at[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(at), index);
#pragma GCC unroll 8
    for (int lane = 0; lane < 8; ++lane) out[half * 8 + lane] = entries[at[lane]];
  }
#endif
}

template <int LEVELS>
inline void top_levels(const uint32_t* top, const char* keys, size_t group_bytes, size_t groups, Bits* bits, Bits* path,
                       uint32_t* out) {
  constexpr int nodes = 1 << LEVELS;
  compare_nodes(top, nodes, keys, group_bytes, groups, bits);
  choose_paths<LEVELS>(bits, (groups + 3) / 4, path);
  const uint32_t* entries = top + 2 * nodes;
  for (size_t group = 0; group < groups; ++group) look_up<LEVELS>(entries, path, group, out + group * kLanes);
}

// One row through trees that are no deeper than their top tables: down the heaps, a few trees at a time, all of
// them with as many levels.
template <int TREES>
inline void walk_some_heaps(const View& view, const uint32_t* keys, uint32_t t, uint32_t* leaves) {
  const char* row = reinterpret_cast<const char*>(keys);
  const uint32_t levels = view.trees[t].levels;
  const size_t width = size_t{1} << levels;
  const uint32_t* top[TREES];
  size_t at[TREES];
#pragma GCC unroll 8
  for (int i = 0; i < TREES; ++i) {
    top[i] = view.tops + view.trees[t + i].top;
    at[i] = 1;
  }
  for (uint32_t level = 0; level < levels; ++level) {
#pragma GCC unroll 8
    for (int i = 0; i < TREES; ++i) {
      uint32_t key;
      __builtin_memcpy(&key, row + top[i][width + at[i]] / kLanes, 4);
      at[i] = 2 * at[i] + (top[i][at[i]] < key);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < TREES; ++i) leaves[t + i] = top[i][width + at[i]];
}

inline void walk_heaps(const View& view, const uint32_t* keys, uint32_t* leaves) {
  constexpr uint32_t kAtOnce = 8;
  for (uint32_t t = 0; t < view.n_trees;) {
    uint32_t alike = 1;
    while (alike < kAtOnce && t + alike < view.n_trees && view.trees[t + alike].levels == view.trees[t].levels) ++alike;
    if (alike == kAtOnce) {
      walk_some_heaps<kAtOnce>(view, keys, t, leaves);
      t += kAtOnce;
    } else {
      walk_some_heaps<1>(view, keys, t++, leaves);
    }
  }
}

}  // namespace PATH
}  // namespace fasttrees
#endif
