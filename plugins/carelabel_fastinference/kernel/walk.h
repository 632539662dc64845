// From keys to leaves: the scalar descent, many rows or many trees at a time so that their memory latencies
// overlap. Included by every path inside its own namespace.
#pragma once

#include "model.h"

namespace fasttrees {
namespace PATH {

// How a node's word is taken apart.
struct Fields {
  uint64_t column;  // BMI control word: first bit, and the number of bits above its lowest byte
  uint64_t left;    // first bit of the left child
  uint64_t mask;
};

// `dropped`: bits by which column offsets are divided; 4 where the keys of one row lie next to each other.
inline Fields fields_of(const View& view, uint32_t dropped) {
  const uint64_t width = view.shift - dropped;
  return Fields{(width << 8) | (32 + dropped), 32 + view.shift, (uint64_t{1} << width) - 1};
}

inline uint64_t column_of(Node node, const Fields& fields) {
#ifdef __BMI__
  return __builtin_ia32_bextr_u64(node, fields.column);
#else
  return (node >> (fields.column & 63)) & fields.mask;
#endif
}

// base + left child + (threshold < key): a comparison and an addition with carry, never a branch.
inline uint64_t child(Node node, const char* keys, uint64_t base, const Fields& fields) {
  const char* key = keys + column_of(node, fields);
  uint64_t left = node >> fields.left;
#if defined(__x86_64__) && defined(__GNUC__)
  asm("cmpl %[key], %k[node]\n\tadcq %[base], %[left]"
      : [left] "+r"(left)
      : [node] "r"(node), [key] "m"(*reinterpret_cast<const uint32_t(*)[1]>(key)), [base] "rme"(base)
      : "cc");
  return left;
#else
  uint32_t value;
  __builtin_memcpy(&value, key, 4);
  return base + left + (static_cast<uint32_t>(node) < value);
#endif
}

inline uint64_t step(const Node* nodes, uint64_t at, const char* keys, const Fields& fields) {
  return child(nodes[at], keys, 0, fields);
}

inline uint64_t step(const WideNode* nodes, uint64_t at, const char* keys, const Fields&) {
  uint32_t key;
  __builtin_memcpy(&key, keys + nodes[at].column, 4);
  return nodes[at].left + static_cast<uint64_t>(nodes[at].threshold < key);
}

inline bool is_leaf(const Node* nodes, uint64_t at, const Fields& fields) { return column_of(nodes[at], fields) == 0; }
inline bool is_leaf(const WideNode* nodes, uint64_t at, const Fields&) { return nodes[at].column == 0; }

inline uint32_t leaf_number(const Node* nodes, uint64_t at) { return static_cast<uint32_t>(nodes[at]); }
inline uint32_t leaf_number(const WideNode* nodes, uint64_t at) { return nodes[at].threshold; }

constexpr uint32_t kFixedSteps = 8;   // up to so many steps, nobody looks whether all rows have arrived
constexpr uint32_t kStride = 3;       // afterwards, every so many
constexpr int kHalf = 8;              // rows whose positions fit into registers

// 8 rows to their leaves; at[] becomes the leaves' numbers.
template <class N>
inline void walk_half(const N* nodes, const char* keys, uint32_t* out, uint32_t steps, const Fields& fields) {
  uint64_t at[kHalf];
#pragma GCC unroll 8
  for (int lane = 0; lane < kHalf; ++lane) at[lane] = out[lane];
  uint32_t chunk = steps < kFixedSteps ? steps : kFixedSteps;
  for (;;) {
    steps -= chunk;
    for (; chunk != 0; --chunk) {
#pragma GCC unroll 8
      for (int lane = 0; lane < kHalf; ++lane) at[lane] = step(nodes, at[lane], keys + lane * 4, fields);
    }
    if (steps == 0) break;
    bool all = true;
#pragma GCC unroll 8
    for (int lane = 0; lane < kHalf; ++lane) all &= is_leaf(nodes, at[lane], fields);
    if (all) break;
    chunk = steps < kStride ? steps : kStride;
  }
#pragma GCC unroll 8
  for (int lane = 0; lane < kHalf; ++lane) out[lane] = leaf_number(nodes, at[lane]);
}

template <class N>
inline void walk_group(const N* nodes, const char* keys, uint32_t* at, uint32_t steps, const Fields& fields) {
  walk_half(nodes, keys, at, steps, fields);
  walk_half(nodes, keys + kHalf * 4, at + kHalf, steps, fields);
}

// ---- one row through all trees ----

constexpr uint32_t kUniformDepth = 12;  // trees up to this depth take as many steps as the deepest of their batch
constexpr int kChunk = 4;               // steps of deeper trees before those that have arrived are replaced

// Trees under way: position (absolute), first node, number.
struct Batch {
  uint64_t at[kTreesAtOnce];
  uint64_t base[kTreesAtOnce];
  uint32_t tree[kTreesAtOnce];
};

inline uint64_t row_step(const Node* nodes, uint64_t at, const char* keys, uint64_t base, const Fields& fields) {
  return child(nodes[at], keys, base, fields);
}

inline uint64_t row_step(const WideNode* nodes, uint64_t at, const char* keys, uint64_t base, const Fields&) {
  uint32_t key;
  __builtin_memcpy(&key, keys + (nodes[at].column >> 4), 4);
  return base + nodes[at].left + static_cast<uint64_t>(nodes[at].threshold < key);
}

// Positions and first nodes stay in memory on purpose: they are more than there are registers, and a memory
// operand costs less than moving them to and from vector registers, as compilers would.
inline void keep_in_memory(const void* places) { asm volatile("" : : "r"(places) : "memory"); }

template <class N>
inline void row_steps(const N* nodes, uint64_t* at, const uint64_t* base, const char* keys, uint32_t steps,
                      const Fields& shared) {
  const Fields fields = shared;  // a copy nobody else sees stays in registers
  for (; steps != 0; --steps) {
#pragma GCC unroll 24
    for (int i = 0; i < kTreesAtOnce; ++i) {
      at[i] = row_step(nodes, at[i], keys, base[i], fields);
      keep_in_memory(at);
    }
  }
}

inline void enter(const View& view, Batch& batch, int place, uint32_t next) {
  batch.tree[place] = view.by_depth[next];
  batch.base[place] = batch.at[place] = view.first_by_depth[next];
}

// Trees of similar depth, from number `next` on in the order of depth. The tables are padded to whole batches,
// and so is `leaves`.
template <class N>
inline void walk_shallow(const View& view, const N* nodes, const char* keys, uint32_t next, uint32_t* leaves,
                         const Fields& fields) {
  uint64_t at[kTreesAtOnce];
  for (; next < view.n_trees; next += kTreesAtOnce) {
    const uint64_t* base = view.first_by_depth + next;
    const uint32_t* tree = view.by_depth + next;
    const uint32_t steps = view.trees[tree[0]].depth;
    __builtin_memcpy(at, base, sizeof(at));
    row_steps(nodes, at, base, keys, steps, fields);
#pragma GCC unroll 24
    for (int i = 0; i < kTreesAtOnce; ++i) leaves[tree[i]] = leaf_number(nodes, at[i]);
  }
}

// Deep trees arrive at very different times: those that have make room for the next ones.
template <class N>
inline uint32_t walk_deep(const View& view, const N* nodes, const char* keys, uint32_t* leaves, const Fields& fields) {
  Batch batch;
  uint32_t next = 0;
  int live = 0;
  const auto deep = [&view](uint32_t n) { return n < view.n_trees && view.trees[view.by_depth[n]].depth > kUniformDepth; };
  for (;;) {
    for (; live < kTreesAtOnce && deep(next); ++live) enter(view, batch, live, next++);
    if (live == 0) return next;
    for (int i = live; i < kTreesAtOnce; ++i) {
      batch.at[i] = batch.at[0];
      batch.base[i] = batch.base[0];
    }
    row_steps(nodes, batch.at, batch.base, keys, kChunk, fields);
    int kept = 0;
    for (int i = 0; i < live; ++i) {
      const uint64_t at = batch.at[i], base = batch.base[i];
      const uint32_t tree = batch.tree[i];
      leaves[tree] = leaf_number(nodes, at);
      batch.at[kept] = at;
      batch.base[kept] = base;
      batch.tree[kept] = tree;
      kept += !is_leaf(nodes, at, fields);
    }
    live = kept;
  }
}

template <class N>
void walk_row(const View& view, const N* nodes, const uint32_t* keys, uint32_t* leaves) {
  const char* row = reinterpret_cast<const char*>(keys);
  const Fields fields = fields_of(view, 4);
  const uint32_t next = walk_deep(view, nodes, row, leaves, fields);
  walk_shallow(view, nodes, row, next, leaves, fields);
}

}  // namespace PATH
}  // namespace fasttrees
