// Packing: from flat arrays of nodes to the tables of model.h. Everything is allocated here, once a model.
#pragma once

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "model.h"

namespace fasttrees {

// Cache-line aligned storage, so that a line holds four pairs of siblings of one tree.
template <class T>
struct LineAllocator {
  using value_type = T;
  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>&) {}
  T* allocate(size_t count) {
    void* memory = std::aligned_alloc(64, (count * sizeof(T) + 63) / 64 * 64);
    if (!memory) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { std::free(memory); }
  bool operator==(const LineAllocator&) const { return true; }
  bool operator!=(const LineAllocator&) const { return false; }
};
template <class T>
using Lines = std::vector<T, LineAllocator<T>>;

// What Python hands over; arrays are borrowed for the time of packing. A node's `column` is 0 at a leaf.
struct Source {
  size_t n_trees, n_nodes, n_values, n_scores;
  bool share_leaves;          // equal leaves, and equal pairs of them within a tree, are kept once
  const int64_t* tree_start;
  const uint32_t* column;
  const uint32_t* threshold;  // keys
  const int32_t* left;
  const int32_t* right;
  const double* weight;       // path probability
  const double* value;
  const int32_t* tree_output;
};

struct Packed {
  View view{};
  std::vector<Column> columns;
  std::vector<double> thresholds, codes, base, divisors;
  std::vector<uint32_t> words;
  std::vector<Tree> trees;
  Lines<Node> nodes;
  Lines<WideNode> wide;
  Lines<uint32_t> tops, small;
  std::vector<uint32_t> by_depth;
  std::vector<uint64_t> first_by_depth;
  Lines<double> leaves, eights;
  std::vector<SparseLeaf> sparse;
  std::vector<uint32_t> sparse_columns;
  std::vector<double> sparse_values;

  // Bytes that are allocated for all tables. They are at most twice the node table, which is what any exact form
  // has to hold: a packed node (8 bytes; 16 if wide) a node, and a float64 a value of a leaf. Ensembles of trees of
  // a few nodes are above that: a tree has up to 256 bytes whatever its size.
  size_t bytes() const;
  void connect();  // points the view at the tables, which are cut to size
};

// Fills everything but columns, thresholds, words, codes, base and divisors, with what the path of that kind reads.
// Throws std::runtime_error with one line if the nodes of a tree do not form a tree.
void pack_trees(const Source& source, PathKind kind, Packed& packed);

// leaf_of[node]: the leaf's number, 0 at inner nodes.
void pack_leaves(const Source& source, Packed& packed, std::vector<uint32_t>& leaf_of);

}  // namespace fasttrees
