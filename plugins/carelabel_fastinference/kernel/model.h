// The packed form of a tree ensemble, as the traversal sees it: plain pointers, owned by Packed (pack.h).
//
// A row becomes one uint32 key a column, such that "goes right" is always `threshold < key`:
//   float32 keys  the order-preserving image of a float32, thresholds rounded down to float32;
//   ranks         the number of thresholds of the column that lie below the value (float64 inputs);
//   categories    0 for a member of the set (left), 1 otherwise, threshold 0.
// NaN is 0 where it goes left and 0xffffffff where it goes right. A column is a feature together with its
// treatment of NaN, so a feature may own several. Column 0 is constant 0: a leaf compares it with anything,
// never goes right, and has itself as left child. Its threshold field is free to hold the leaf's number.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fasttrees {

constexpr int kLanes = 16;          // rows of a group; a column of a group is one cache line of keys
constexpr int kTopLevels = 5;       // levels evaluated for a whole block at once, at most
constexpr int kTopLevelsAvx2 = 3;   // of deeper trees: comparisons cost more there, and steps below the same
constexpr int kTreesAtOnce = 24;    // trees interleaved where one row is evaluated
constexpr int kSmallWords = 2 * 7 * 16;
constexpr int kColumnBytes = kLanes * 4;

enum PathKind : int32_t { kPortable = 0, kAvx2 = 1, kAvx512 = 2 };

enum LeafKind : int32_t {
  kVotes = 0,   // every leaf is one class with probability 1: count
  kDense = 1,   // a padded row of values
  kScalar = 2,  // one value, added to one score column
  kSparse = 3,  // pairs of column and value; what is missing is zero
};

enum LinkKind : int32_t { kIdentity = 0, kLogistic = 1, kSoftmax = 2, kExp = 3 };
enum LabelRule : int32_t { kLargestScore = 0, kPositiveScore = 1, kNonNegativeScore = 2, kLargestProbability = 3 };

struct Column {
  uint32_t feature;
  uint8_t missing_left;
  uint8_t zero_as_missing;
  uint8_t categorical;
  uint8_t encoded;         // the value is replaced by its index in codes
  uint64_t first, count;   // thresholds (ranks) or words (categories)
  uint64_t code_first, code_count;
};

// One 64-bit word: threshold in the low half; above it the byte offset of the column within a group, in `shift`
// bits; above that the left child, relative to the tree's first node. The right child follows the left one.
using Node = uint64_t;

// For trees or column counts that do not fit into 32 bits of meta.
struct WideNode {
  uint32_t threshold;
  uint32_t left;
  uint64_t column;  // byte offset within a group
};

struct Tree {
  uint64_t first;        // of its nodes
  uint64_t top;          // of its words in `tops`
  uint32_t depth : 29;   // steps until every row is at a leaf
  uint32_t levels : 3;   // levels in the top table
  int32_t output;        // score column; 0 where a leaf has a value for every one
};
static_assert(kTopLevels < 8 && sizeof(Tree) == 24, "small trees are many");

struct SparseLeaf {
  uint32_t first, count;  // of pairs
};

struct View {
  uint32_t n_features, n_columns;  // columns: the constant one included
  const Column* columns;
  const double* thresholds;        // ranks: sorted, by column
  const uint32_t* words;
  const double* codes;
  int32_t ranks;                   // keys are ranks: float64 comparisons
  int32_t rounds;                  // values are rounded to float32 before they are compared
  int32_t strict;                  // comparison is "<"
  int32_t simple;                  // no column is categorical, encoded or zero-as-missing
  int32_t increasing;              // no two columns are made from one feature
  int32_t accepts_nan;
  int32_t shallow;                 // no tree is deeper than its top table; there are no nodes
  uint32_t n_trees;
  const Tree* trees;
  const Node* nodes;               // null if shallow
  const WideNode* wide;            // null unless nodes is
  uint32_t shift;
  // Top tables: for a tree of L levels 2^L thresholds and 2^L column offsets in heap order (entry 0 unused),
  // then 2^L entries: the node reached, or the leaf's number where the tree is no deeper than L.
  const uint32_t* tops;
  // Trees, deepest first, and their first nodes: what is interleaved at batch 1. kTreesAtOnce more entries
  // than trees; those repeat the last tree under the number n_trees.
  const uint32_t* by_depth;
  const uint64_t* first_by_depth;
  // Leaves
  int32_t leaf_kind;
  uint32_t n_values, stride;       // values of a leaf, and how far apart leaves are
  const double* leaves;
  const SparseLeaf* sparse;
  const uint32_t* sparse_columns;
  const double* sparse_values;
  // Trees of depth 3 and less with scalar leaves: 8 leaf values a tree, in the order of the top entries, and
  // for 16 trees each the thresholds and columns of their heaps.
  const double* eights;
  const uint32_t* small;
  // Scores
  uint32_t n_scores;
  const double* base;
  const double* divisors;          // null: sum
  int32_t float32_sums;
  int32_t cyclic;                  // scalar leaves: tree t adds to column t % n_scores
};

// Rows as the caller holds them. Strides in bytes.
struct Rows {
  const char* data;
  ptrdiff_t row_stride, column_stride;
  int32_t is_double;
};

// Memory a call may work in. Threads of the pool have some, for their own heaps would be made of fresh pages.
struct Loan {
  char* memory;
  size_t bytes;
};

// Scores of rows [first, last), written row by row to `out`. Returns 0; 1: a NaN that the model does not
// take; 2: out of memory.
using ScoreFunction = int (*)(const View&, const Rows&, size_t first, size_t last, double* out, const Loan&);

int scores_portable(const View&, const Rows&, size_t, size_t, double*, const Loan&);
int scores_avx2(const View&, const Rows&, size_t, size_t, double*, const Loan&);
int scores_avx512(const View&, const Rows&, size_t, size_t, double*, const Loan&);

}  // namespace fasttrees
