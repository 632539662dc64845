// Leaves: equal ones are kept once; the form depends on what they hold.
#include <cmath>
#include <cstring>

#include "pack.h"

namespace fasttrees {
namespace {

uint64_t hash_row(const double* row, size_t count) {
  uint64_t hash = 0x9e3779b97f4a7c15u;
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits;
    std::memcpy(&bits, row + i, 8);
    hash = (hash ^ bits) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
  }
  return hash;
}

// Open addressing over rows of the caller's value table; equal means equal bits.
class RowNumbers {
 public:
  RowNumbers(const double* values, size_t width) : values_(values), width_(width), slots_(1024, 0) {}

  uint32_t always_new(size_t node) {
    rows_.push_back(node);
    return static_cast<uint32_t>(rows_.size() - 1);
  }

  uint32_t number(size_t node) {
    if (rows_.size() * 2 >= slots_.size()) grow();
    const double* row = values_ + node * width_;
    for (size_t at = hash_row(row, width_) & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == 0) {
        rows_.push_back(node);
        slots_[at] = static_cast<uint32_t>(rows_.size());
        return slots_[at] - 1;
      }
      const double* known = values_ + rows_[slots_[at] - 1] * width_;
      if (std::memcmp(known, row, width_ * 8) == 0) return slots_[at] - 1;
    }
  }
  const std::vector<size_t>& rows() const { return rows_; }

 private:
  void grow() {
    slots_.assign(slots_.size() * 2, 0);
    for (size_t i = 0; i < rows_.size(); ++i) {
      size_t at = hash_row(values_ + rows_[i] * width_, width_) & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<uint32_t>(i + 1);
    }
  }
  const double* values_;
  size_t width_;
  std::vector<uint32_t> slots_;
  std::vector<size_t> rows_;
};

// Position of the only one of a row of zeros and a single one; -1 for any other row.
int64_t pure_class(const double* row, size_t count) {
  int64_t found = -1;
  for (size_t i = 0; i < count; ++i) {
    if (row[i] == 0.0) continue;
    if (row[i] != 1.0 || found >= 0) return -1;
    found = static_cast<int64_t>(i);
  }
  return found;
}

bool all_votes(const Source& source, const Packed& packed, const std::vector<size_t>& rows) {
  if (source.n_values < 2 || source.n_trees > 65535) return false;
  for (double base : packed.base) {
    if (base != 0.0) return false;
  }
  for (size_t node : rows) {
    if (pure_class(source.value + node * source.n_values, source.n_values) < 0) return false;
  }
  return true;
}

void keep_sparse(const Source& source, Packed& packed, const std::vector<size_t>& rows) {
  for (size_t node : rows) {
    const double* row = source.value + node * source.n_values;
    SparseLeaf leaf{static_cast<uint32_t>(packed.sparse_values.size()), 0};
    for (size_t i = 0; i < source.n_values; ++i) {
      if (row[i] == 0.0) continue;
      packed.sparse_columns.push_back(static_cast<uint32_t>(i));
      packed.sparse_values.push_back(row[i]);
      ++leaf.count;
    }
    packed.sparse.push_back(leaf);
  }
}

size_t padded(size_t count) { return count <= 2 ? count : (count + 3) / 4 * 4; }

size_t nonzero(const Source& source, const std::vector<size_t>& rows) {
  size_t count = 0;
  for (size_t node : rows) {
    for (size_t i = 0; i < source.n_values; ++i) count += source.value[node * source.n_values + i] != 0.0;
  }
  return count;
}

bool better_sparse(const Source& source, const Packed& packed, const std::vector<size_t>& rows) {
  for (double base : packed.base) {
    if (base == 0.0 && std::signbit(base)) return false;  // adding zero would change it
  }
  return source.n_values > 16 && nonzero(source, rows) * 4 < rows.size() * source.n_values;
}

}  // namespace

void pack_leaves(const Source& source, Packed& packed, std::vector<uint32_t>& leaf_of) {
  RowNumbers numbers(source.value, source.n_values);
  leaf_of.assign(source.n_nodes, 0);
  for (size_t node = 0; node < source.n_nodes; ++node) {
    if (source.column[node] == 0) leaf_of[node] = source.share_leaves ? numbers.number(node) : numbers.always_new(node);
  }
  const std::vector<size_t>& rows = numbers.rows();
  View& view = packed.view;
  view.n_values = static_cast<uint32_t>(source.n_values);
  view.stride = view.n_values;
  if (source.n_values > 1 && all_votes(source, packed, rows)) {
    view.leaf_kind = kVotes;
    for (size_t node = 0; node < source.n_nodes; ++node) {
      if (source.column[node] != 0) continue;
      leaf_of[node] = static_cast<uint32_t>(pure_class(source.value + node * source.n_values, source.n_values));
    }
    return;
  }
  if (source.n_values > 1 && better_sparse(source, packed, rows)) {
    view.leaf_kind = kSparse;
    keep_sparse(source, packed, rows);
    return;
  }
  view.leaf_kind = source.n_values == 1 ? kScalar : kDense;
  view.stride = static_cast<uint32_t>(padded(source.n_values));
  packed.leaves.assign(rows.size() * view.stride, 0.0);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(&packed.leaves[i * view.stride], source.value + rows[i] * source.n_values, source.n_values * 8);
  }
}

}  // namespace fasttrees
