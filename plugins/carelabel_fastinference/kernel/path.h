// A whole call on one thread. Included by path_*.cpp, which names PATH and is compiled with its own flags.
#pragma once

#include <cstdlib>

#include "fill.h"
#include "rows.h"
#include "small.h"
#include "sums.h"
#include "tops.h"
#include "walk.h"

namespace fasttrees {
namespace PATH {

constexpr size_t kBlockRows = 1024;
constexpr size_t kBlockBytes = 256 * 1024;      // keys of a block: they stay in the second-level cache
constexpr size_t kSmallBlockBytes = 24 * 1024;  // or in the first level, where every level is compared at once
constexpr size_t kRowAtATime = 6;               // up to so many rows, trees are interleaved, not rows

// One allocation of a call, cut into aligned pieces; it belongs to the call because the lock is released.
class Workspace {
 public:
  Workspace(size_t bytes, const Loan& loan) : heap_(nullptr), memory_(near_), used_(0) {
    bytes += 64 * kPieces;
    if (bytes <= sizeof(near_)) return;
    if (bytes <= loan.bytes) {
      memory_ = loan.memory;
      return;
    }
    memory_ = heap_ = static_cast<char*>(std::malloc(bytes));
  }
  ~Workspace() { std::free(heap_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  bool ok() const { return memory_ != nullptr; }
  template <class T>
  T* take(size_t count) {
    const size_t at = (reinterpret_cast<size_t>(memory_) + used_ + 63) / 64 * 64;
    used_ = at - reinterpret_cast<size_t>(memory_) + count * sizeof(T);
    return reinterpret_cast<T*>(at);
  }

 private:
  static constexpr size_t kPieces = 8;
  char near_[4096];  // enough for a row and a few hundred trees
  char* heap_;
  char* memory_;
  size_t used_;
};

template <class N>
struct Table;
template <>
struct Table<Node> {
  static const Node* of(const View& view) { return view.nodes; }
};
template <>
struct Table<WideNode> {
  static const WideNode* of(const View& view) { return view.wide; }
};

template <class T, class N>
int score_rows(const View& view, const Rows& rows, size_t first, size_t last, double* out, const Loan& loan) {
  const size_t keys = view.n_columns, trees = view.n_trees + kTreesAtOnce, scores = view.n_scores;
  Workspace work((keys + 64) * 4 + trees * 4 + scores * sizeof(T), loan);
  if (!work.ok()) return 2;
  uint32_t* row = work.take<uint32_t>(keys + 64);  // whole vectors of them can be read
  uint32_t* leaves = work.take<uint32_t>(trees);
  T* scratch = work.take<T>(scores);
  for (; first < last; ++first, out += scores) {
    if (!single_row(view, rows, first, row)) return 1;
#ifdef FASTTREES_AVX512
    if (view.eights) {
      walk_small(view, row, leaves);
      row_sums(view, view.eights, leaves, scratch, out);
      continue;
    }
#endif
#ifdef FASTTREES_VECTOR
    if (view.shallow) {
      walk_heaps(view, row, leaves);
      row_sums(view, view.leaves, leaves, scratch, out);
      continue;
    }
#endif
    walk_row(view, Table<N>::of(view), row, leaves);
    row_sums(view, view.leaves, leaves, scratch, out);
  }
  return 0;
}

#ifdef FASTTREES_VECTOR
struct TopSpace {
  Bits* bits;
  Bits* path;
  uint32_t* reached;
};

inline void evaluate_top(const Tree& tree, const uint32_t* top, const char* keys, size_t group_bytes, size_t groups,
                         const TopSpace& space) {
  switch (tree.levels) {
    case 1: return top_levels<1>(top, keys, group_bytes, groups, space.bits, space.path, space.reached);
    case 2: return top_levels<2>(top, keys, group_bytes, groups, space.bits, space.path, space.reached);
    case 3: return top_levels<3>(top, keys, group_bytes, groups, space.bits, space.path, space.reached);
    case 4: return top_levels<4>(top, keys, group_bytes, groups, space.bits, space.path, space.reached);
    case 5: return top_levels<5>(top, keys, group_bytes, groups, space.bits, space.path, space.reached);
    default:
      for (size_t i = 0; i < groups * kLanes; ++i) space.reached[i] = top[2];
  }
}
#endif

template <class T, class N>
struct Block {
  const View& view;
  const uint32_t* keys;
  size_t groups;
  Sums<T> sums;
#ifdef FASTTREES_VECTOR
  TopSpace space;
#endif

  void run() const {
    const Fields fields = fields_of(view, 0);
    const size_t group_bytes = static_cast<size_t>(view.n_columns) * kColumnBytes;
    const char* first = reinterpret_cast<const char*>(keys);
    for (uint32_t t = 0; t < view.n_trees; ++t) {
      const Tree& tree = view.trees[t];
      const N* nodes = Table<N>::of(view) + tree.first;
      const char* group_keys = first;
#ifdef FASTTREES_AVX512
      if (view.eights) {
        const uint32_t* top = view.tops + tree.top;
        T* to = sums.sums + static_cast<size_t>(tree.output) * sums.rows;
        add_eight(top, view.eights + 8 * size_t{t}, first, group_bytes, groups, to);
        continue;
      }
#endif
#ifdef FASTTREES_VECTOR
      evaluate_top(tree, view.tops + tree.top, first, group_bytes, groups, space);
      if (tree.depth <= tree.levels) {
        for (size_t g = 0; g < groups; ++g) add_group(view, tree, space.reached + g * kLanes, g * kLanes, sums);
        continue;
      }
#endif
      for (size_t g = 0; g < groups; ++g, group_keys += group_bytes) {
#ifdef FASTTREES_VECTOR
        uint32_t* at = space.reached + g * kLanes;
        const uint32_t steps = tree.depth - tree.levels;
#else
        uint32_t at[kLanes] = {0};
        const uint32_t steps = tree.depth;
#endif
        walk_group(nodes, group_keys, at, steps, fields);
        add_group(view, tree, at, g * kLanes, sums);
      }
    }
  }
};

inline size_t rows_per_block(const View& view, size_t rows) {
  const size_t budget = view.shallow ? kSmallBlockBytes : kBlockBytes;
  size_t most = budget / (static_cast<size_t>(view.n_columns) * 4) / 64 * 64;
  most = most < 64 ? 64 : most;
  most = most > kBlockRows ? kBlockRows : most;
  const size_t padded = (rows + kLanes - 1) / kLanes * kLanes;
  return padded < most ? padded : most;
}

template <class T>
inline size_t sums_per_row(const View& view) {
  return view.leaf_kind == kDense ? view.stride : view.n_scores;
}

template <class T, class N>
int score_blocks(const View& view, const Rows& rows, size_t first, size_t last, double* out, const Loan& loan) {
  const size_t block = rows_per_block(view, last - first);
  const size_t per_row = sums_per_row<T>(view);
  const size_t sum_bytes = block * per_row * (view.leaf_kind == kVotes ? sizeof(uint16_t) : sizeof(T));
  size_t bytes = block * view.n_columns * 4 + sum_bytes;
#ifdef FASTTREES_VECTOR
  bytes += (kTopNodes + kTopLevels) * sizeof(Bits) + block * 4;
#endif
  Workspace work(bytes, loan);
  if (!work.ok()) return 2;
  uint32_t* keys = work.take<uint32_t>(block * view.n_columns);
  char* sums = work.take<char>(sum_bytes);
#ifdef FASTTREES_VECTOR
  Bits* bits = work.take<Bits>(kTopNodes);
  Bits* path = work.take<Bits>(kTopLevels);
  const TopSpace space{bits, path, work.take<uint32_t>(block)};
#endif
  for (; first < last; first += block) {
    const size_t count = last - first < block ? last - first : block;
    const size_t groups = (count + kLanes - 1) / kLanes;
    if (!fill_block(view, rows, first, count, keys)) return 1;
    const Sums<T> to{reinterpret_cast<T*>(sums), reinterpret_cast<uint16_t*>(sums), groups * kLanes, per_row};
    start_sums(view, to);
#ifdef FASTTREES_VECTOR
    Block<T, N>{view, keys, groups, to, space}.run();
#else
    Block<T, N>{view, keys, groups, to}.run();
#endif
    write_scores(view, to, count, out);
    out += count * view.n_scores;
  }
  return 0;
}

template <class T, class N>
int score(const View& view, const Rows& rows, size_t first, size_t last, double* out, const Loan& loan) {
  if (last - first <= kRowAtATime) return score_rows<T, N>(view, rows, first, last, out, loan);
  return score_blocks<T, N>(view, rows, first, last, out, loan);
}

inline int scores(const View& view, const Rows& rows, size_t first, size_t last, double* out, const Loan& loan) {
  if (first >= last) return 0;
  if (view.wide) {
#ifdef FASTTREES_VECTOR
    return scores_portable(view, rows, first, last, out, loan);  // rare: not worth compiling more than once
#else
    return view.float32_sums ? score<float, WideNode>(view, rows, first, last, out, loan)
                             : score<double, WideNode>(view, rows, first, last, out, loan);
#endif
  }
  return view.float32_sums ? score<float, Node>(view, rows, first, last, out, loan)
                           : score<double, Node>(view, rows, first, last, out, loan);
}

}  // namespace PATH
}  // namespace fasttrees
