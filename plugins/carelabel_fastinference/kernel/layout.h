// Where the nodes of a tree go.
#pragma once

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pack.h"

namespace fasttrees {

constexpr uint32_t kNowhere = 0xffffffffu;
constexpr size_t kPairsPerLine = 4;
constexpr size_t kNodesPerLine = 8;

// Where every node of one tree goes: siblings next to each other, the likeliest subtree first, four pairs a
// cache line such that a line holds a pair and the likeliest below it. Pairs of leaves that occur more than
// once in a tree are kept once, at its end.
class Layout {
 public:
  Layout(const Source& source, const std::vector<uint32_t>& leaf_of)
      : source_(source), leaf_of_(leaf_of), position_(source.n_nodes, kNowhere) {}

  // Number of slots of tree t; positions are relative to its first slot.
  size_t place(size_t t) {
    first_ = static_cast<int32_t>(source_.tree_start[t]);
    count_shared(t);
    position_[first_] = 0;
    next_ = 2;  // the root has no sibling
    shared_.clear();
    queue_ = {};
    if (source_.column[first_] != 0) queue_.push({source_.weight[first_], first_});
    while (!queue_.empty()) fill_line();
    for (auto& entry : shared_) {
      entry.second = static_cast<uint32_t>(next_);
      next_ += 2;
    }
    place_shared(t);
    return (next_ + kNodesPerLine - 1) / kNodesPerLine * kNodesPerLine;
  }

  uint32_t at(int32_t node) const { return position_[node]; }
  uint32_t left_of(int32_t node) const { return position_[source_.left[node]]; }

 private:
  using Parent = std::pair<double, int32_t>;
  struct Less {
    bool operator()(const Parent& a, const Parent& b) const {
      return a.first < b.first || (a.first == b.first && a.second > b.second);
    }
  };

  bool leaf(int32_t node) const { return source_.column[node] == 0; }
  bool leaf_pair(int32_t parent) const { return leaf(source_.left[parent]) && leaf(source_.right[parent]); }
  uint64_t pair_key(int32_t parent) const {
    return (static_cast<uint64_t>(leaf_of_[source_.left[parent]]) << 32) | leaf_of_[source_.right[parent]];
  }

  void count_shared(size_t t) {
    counts_.clear();
    if (!source_.share_leaves) return;
    for (int64_t node = source_.tree_start[t]; node < source_.tree_start[t + 1]; ++node) {
      const int32_t parent = static_cast<int32_t>(node);
      if (!leaf(parent) && leaf_pair(parent)) counts_.push_back(pair_key(parent));
    }
    std::sort(counts_.begin(), counts_.end());
    size_t kept = 0;
    for (size_t i = 0; i < counts_.size();) {
      size_t end = i + 1;
      while (end < counts_.size() && counts_[end] == counts_[i]) ++end;
      if (end - i > 1) counts_[kept++] = counts_[i];
      i = end;
    }
    counts_.resize(kept);
  }

  bool is_shared(int32_t parent) const {
    return leaf_pair(parent) && std::binary_search(counts_.begin(), counts_.end(), pair_key(parent));
  }

  void fill_line() {
    std::vector<Parent>& near = near_;
    near.clear();
    size_t room = kPairsPerLine - (next_ / 2) % kPairsPerLine;
    while (room > 0) {
      if (near.empty()) {
        if (queue_.empty()) break;
        near.push_back(queue_.top());
        queue_.pop();
      }
      std::pop_heap(near.begin(), near.end(), Less());
      const int32_t parent = near.back().second;
      near.pop_back();
      room -= place_pair(parent);
    }
    for (const Parent& left_over : near) queue_.push(left_over);
  }

  // Slots taken, in pairs.
  size_t place_pair(int32_t parent) {
    if (is_shared(parent)) {
      shared_[pair_key(parent)] = 0;
      return 0;
    }
    const int32_t children[2] = {source_.left[parent], source_.right[parent]};
    for (int side = 0; side < 2; ++side) {
      const int32_t node = children[side];
      if (position_[node] != kNowhere) throw std::runtime_error("a node has two parents: every node needs one");
      position_[node] = static_cast<uint32_t>(next_ + side);
      if (leaf(node)) continue;
      near_.push_back({source_.weight[node], node});
      std::push_heap(near_.begin(), near_.end(), Less());
    }
    next_ += 2;
    return 1;
  }

  void place_shared(size_t t) {
    if (shared_.empty()) return;
    for (int64_t node = source_.tree_start[t]; node < source_.tree_start[t + 1]; ++node) {
      const int32_t parent = static_cast<int32_t>(node);
      if (leaf(parent) || !is_shared(parent)) continue;
      const uint32_t slot = shared_[pair_key(parent)];
      position_[source_.left[parent]] = slot;
      position_[source_.right[parent]] = slot + 1;
    }
  }

  const Source& source_;
  const std::vector<uint32_t>& leaf_of_;
  std::vector<uint32_t> position_;
  std::vector<uint64_t> counts_;
  std::unordered_map<uint64_t, uint32_t> shared_;
  std::vector<Parent> near_;
  std::priority_queue<Parent, std::vector<Parent>, Less> queue_;
  int32_t first_ = 0;
  size_t next_ = 0;
};

}  // namespace fasttrees
