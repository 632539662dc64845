// From leaves to scores: always tree by tree, in order, each addition rounded to T. Included by every path
// inside its own namespace; compiled without contraction, so there is no fused multiply-add.
#pragma once

#include <cstring>

#include "model.h"

namespace fasttrees {
namespace PATH {

// Sums of a block. Votes: counts[row][score]. Dense and sparse: sums[row][stride]. Scalar: sums[score][rows].
template <class T>
struct Sums {
  T* sums;
  uint16_t* counts;
  size_t rows;    // padded to whole groups
  size_t stride;  // dense: View::stride; sparse: n_scores
};

template <class T>
inline void start_sums(const View& view, const Sums<T>& to) {
  if (view.leaf_kind == kVotes) {
    std::memset(to.counts, 0, to.rows * view.n_scores * sizeof(uint16_t));
    return;
  }
  if (view.leaf_kind == kScalar) {
    for (size_t s = 0; s < view.n_scores; ++s) {
      const T base = static_cast<T>(view.base[s]);
      for (size_t row = 0; row < to.rows; ++row) to.sums[s * to.rows + row] = base;
    }
    return;
  }
  for (size_t row = 0; row < to.rows; ++row) {
    for (size_t s = 0; s < to.stride; ++s) {
      to.sums[row * to.stride + s] = s < view.n_scores ? static_cast<T>(view.base[s]) : T(0);
    }
  }
}

// Four values at a time, in whatever registers the path has.
typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));

template <int STRIDE>
inline void add_leaf(const double* leaf, double* sums) {
  if constexpr (STRIDE % 4 == 0) {
#pragma GCC unroll 4
    for (int s = 0; s < STRIDE; s += 4) {
      *reinterpret_cast<Four*>(sums + s) += *reinterpret_cast<const Four*>(leaf + s);
    }
  } else {
    for (int s = 0; s < STRIDE; ++s) sums[s] += leaf[s];
  }
}

template <int STRIDE>
inline void add_leaf(const double* leaf, float* sums) {
  for (int s = 0; s < STRIDE; ++s) sums[s] += static_cast<float>(leaf[s]);
}

template <int STRIDE, class T>
inline void add_dense(const double* leaves, const uint32_t* at, T* sums) {
#pragma GCC unroll 16
  for (int lane = 0; lane < kLanes; ++lane) {
    const double* leaf = leaves + static_cast<size_t>(at[lane]) * STRIDE;
    add_leaf<STRIDE>(leaf, sums + lane * STRIDE);
  }
}

template <class T>
inline void add_any(const View& view, const uint32_t* at, T* sums) {
  const size_t stride = view.stride;
  for (int lane = 0; lane < kLanes; ++lane, sums += stride) {
    const double* leaf = view.leaves + static_cast<size_t>(at[lane]) * stride;
    for (size_t s = 0; s < stride; ++s) sums[s] += static_cast<T>(leaf[s]);
  }
}

template <class T>
inline void add_sparse(const View& view, uint32_t leaf, T* sums) {
  const SparseLeaf& at = view.sparse[leaf];
  for (uint32_t i = at.first; i < at.first + at.count; ++i) {
    sums[view.sparse_columns[i]] += static_cast<T>(view.sparse_values[i]);
  }
}

// One tree's leaves of one group.
template <class T>
inline void add_group(const View& view, const Tree& tree, const uint32_t* at, size_t row, const Sums<T>& to) {
  switch (view.leaf_kind) {
    case kVotes: {
      uint16_t* counts = to.counts + row * view.n_scores;
#pragma GCC unroll 16
      for (int lane = 0; lane < kLanes; ++lane) ++counts[lane * view.n_scores + at[lane]];
      return;
    }
    case kScalar: {
      T* sums = to.sums + static_cast<size_t>(tree.output) * to.rows + row;
#pragma GCC unroll 16
      for (int lane = 0; lane < kLanes; ++lane) sums[lane] += static_cast<T>(view.leaves[at[lane]]);
      return;
    }
    case kSparse:
      for (int lane = 0; lane < kLanes; ++lane) add_sparse(view, at[lane], to.sums + (row + lane) * to.stride);
      return;
    default: {
      T* sums = to.sums + row * to.stride;
      if (to.stride == 2) return add_dense<2>(view.leaves, at, sums);
      if (to.stride == 4) return add_dense<4>(view.leaves, at, sums);
      if (to.stride == 8) return add_dense<8>(view.leaves, at, sums);
      if (to.stride == 12) return add_dense<12>(view.leaves, at, sums);
      return add_any(view, at, sums);
    }
  }
}

template <class T>
inline double finished(const View& view, size_t score, T sum) {
  if (view.divisors) sum /= static_cast<T>(view.divisors[score]);
  return static_cast<double>(sum);
}

template <class T>
inline void write_scores(const View& view, const Sums<T>& from, size_t count, double* out) {
  const size_t n = view.n_scores;
  for (size_t row = 0; row < count; ++row) {
    for (size_t s = 0; s < n; ++s) {
      T sum;
      if (view.leaf_kind == kVotes) {
        sum = static_cast<T>(from.counts[row * n + s]);
      } else {
        sum = view.leaf_kind == kScalar ? from.sums[s * from.rows + row] : from.sums[row * from.stride + s];
      }
      out[row * n + s] = finished(view, s, sum);
    }
  }
}

// ---- one row: leaves[t] is the number of tree t's leaf in the table `values` ----

template <int SCORES, class T>
inline void row_scalar(const View& view, const double* values, const uint32_t* leaves, double* out) {
  T sums[SCORES];
  for (int s = 0; s < SCORES; ++s) sums[s] = static_cast<T>(view.base[s]);
  uint32_t t = 0;
  for (; t + SCORES <= view.n_trees; t += SCORES) {
#pragma GCC unroll 8
    for (int s = 0; s < SCORES; ++s) sums[s] += static_cast<T>(values[leaves[t + s]]);
  }
  for (int s = 0; t < view.n_trees; ++t, ++s) sums[s] += static_cast<T>(values[leaves[t]]);
  for (int s = 0; s < SCORES; ++s) out[s] = finished(view, s, sums[s]);
}

template <int STRIDE, class T>
inline void row_dense(const View& view, const double* values, const uint32_t* leaves, double* out) {
  T sums[STRIDE];
  for (uint32_t s = 0; s < STRIDE; ++s) sums[s] = s < view.n_scores ? static_cast<T>(view.base[s]) : T(0);
  for (uint32_t t = 0; t < view.n_trees; ++t) {
    const double* leaf = values + static_cast<size_t>(leaves[t]) * STRIDE;
    add_leaf<STRIDE>(leaf, sums);
  }
  for (uint32_t s = 0; s < view.n_scores; ++s) out[s] = finished(view, s, sums[s]);
}

template <class T>
inline void row_any(const View& view, const double* values, const uint32_t* leaves, T* sums, double* out) {
  for (uint32_t s = 0; s < view.n_scores; ++s) sums[s] = static_cast<T>(view.base[s]);
  for (uint32_t t = 0; t < view.n_trees; ++t) {
    const uint32_t leaf = leaves[t];
    if (view.leaf_kind == kScalar) {
      sums[view.trees[t].output] += static_cast<T>(values[leaf]);
    } else if (view.leaf_kind == kSparse) {
      add_sparse(view, leaf, sums);
    } else {
      const double* row = values + static_cast<size_t>(leaf) * view.stride;
      for (uint32_t s = 0; s < view.n_scores; ++s) sums[s] += static_cast<T>(row[s]);
    }
  }
  for (uint32_t s = 0; s < view.n_scores; ++s) out[s] = finished(view, s, sums[s]);
}

template <class T>
inline void row_votes(const View& view, const uint32_t* leaves, T* counts, double* out) {
  for (uint32_t s = 0; s < view.n_scores; ++s) counts[s] = T(0);
  if (view.n_scores <= 4) {
    uint64_t packed = 0;  // 16 bits a class; packing refuses more than 65535 trees
    for (uint32_t t = 0; t < view.n_trees; ++t) packed += uint64_t{1} << (16 * leaves[t]);
    for (uint32_t s = 0; s < view.n_scores; ++s) counts[s] = static_cast<T>((packed >> (16 * s)) & 0xffff);
  } else {
    for (uint32_t t = 0; t < view.n_trees; ++t) counts[leaves[t]] += T(1);
  }
  for (uint32_t s = 0; s < view.n_scores; ++s) out[s] = finished(view, s, counts[s]);
}

template <class T>
inline void row_sums(const View& view, const double* values, const uint32_t* leaves, T* scratch, double* out) {
  if (view.leaf_kind == kScalar && view.cyclic) {
    switch (view.n_scores) {
      case 1: return row_scalar<1, T>(view, values, leaves, out);
      case 2: return row_scalar<2, T>(view, values, leaves, out);
      case 3: return row_scalar<3, T>(view, values, leaves, out);
      case 4: return row_scalar<4, T>(view, values, leaves, out);
      default: break;
    }
  }
  if (view.leaf_kind == kVotes) return row_votes(view, leaves, scratch, out);
  if (view.leaf_kind == kDense && view.stride == 2) return row_dense<2, T>(view, values, leaves, out);
  if (view.leaf_kind == kDense && view.stride == 4) return row_dense<4, T>(view, values, leaves, out);
  if (view.leaf_kind == kDense && view.stride == 8) return row_dense<8, T>(view, values, leaves, out);
  if (view.leaf_kind == kDense && view.stride == 12) return row_dense<12, T>(view, values, leaves, out);
  return row_any(view, values, leaves, scratch, out);
}

}  // namespace PATH
}  // namespace fasttrees
