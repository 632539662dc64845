#include "pack.h"

#include <algorithm>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>

namespace fasttrees {
namespace {

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

uint32_t tree_depth(const Source& source, size_t t) {
  std::vector<std::pair<int32_t, uint32_t>> stack{{static_cast<int32_t>(source.tree_start[t]), 0}};
  const int64_t size = source.tree_start[t + 1] - source.tree_start[t];
  uint32_t depth = 0;
  for (int64_t seen = 0; !stack.empty(); ++seen) {
    if (seen >= size) throw std::runtime_error("the nodes of a tree form a cycle: every node needs one parent");
    const auto [node, level] = stack.back();
    stack.pop_back();
    depth = std::max(depth, level);
    if (source.column[node] == 0) continue;
    stack.push_back({source.left[node], level + 1});
    stack.push_back({source.right[node], level + 1});
  }
  return depth;
}

uint32_t bits_for(size_t count) {
  uint32_t bits = 0;
  while ((size_t{1} << bits) < count) ++bits;
  return bits;
}

// The heap of the top levels: thresholds, column offsets, entries.
void pack_top(const Source& source, const Layout& layout, const std::vector<uint32_t>& leaf_of, Tree& tree, int32_t root,
              Lines<uint32_t>& tops) {
  const uint32_t width = 1u << tree.levels;
  tree.top = tops.size();
  tops.resize(tops.size() + 3 * width, 0);
  uint32_t* top = tops.data() + tree.top;
  std::vector<int32_t> heap(2 * width, root);
  for (uint32_t slot = 1; slot < 2 * width; ++slot) {
    const int32_t above = heap[slot / 2];
    if (slot > 1) heap[slot] = source.column[above] == 0 ? above : slot % 2 ? source.right[above] : source.left[above];
    const int32_t node = heap[slot];
    const bool leaf = source.column[node] == 0;
    if (slot < width) {
      top[slot] = leaf ? 0 : source.threshold[node];
      top[width + slot] = leaf ? 0 : source.column[node] * kColumnBytes;
    } else {
      top[2 * width + slot - width] = tree.depth <= tree.levels ? leaf_of[node] : layout.at(node);
    }
  }
}

// A tree's slots, narrow or wide.
template <class Write>
void write_nodes(const Source& source, const Layout& layout, const std::vector<uint32_t>& leaf_of, size_t t, Write write) {
  for (int64_t i = source.tree_start[t]; i < source.tree_start[t + 1]; ++i) {
    const int32_t node = static_cast<int32_t>(i);
    const uint32_t slot = layout.at(node);
    if (source.column[node] == 0) {
      write(slot, 0u, slot, leaf_of[node]);
    } else {
      write(slot, source.column[node], layout.left_of(node), source.threshold[node]);
    }
  }
}

// Small trees are evaluated whole, all at the same number of levels.
bool eights_fit(const View& view, const std::vector<uint32_t>& depths) {
  if (view.leaf_kind != kScalar) return false;
  return *std::max_element(depths.begin(), depths.end()) <= 3;
}

void pack_eights(Packed& packed) {
  packed.eights.reserve(packed.trees.size() * 8);
  packed.small.assign((packed.trees.size() + 15) / 16 * kSmallWords, 0);
  for (size_t t = 0; t < packed.trees.size(); ++t) {
    const uint32_t* top = packed.tops.data() + packed.trees[t].top;
    uint32_t* small = packed.small.data() + t / 16 * kSmallWords + t % 16;
    for (uint32_t node = 1; node < 8; ++node) {
      small[16 * (node - 1)] = top[node];
      small[16 * (node + 6)] = top[8 + node] / kColumnBytes;
    }
  }
  for (const Tree& tree : packed.trees) {
    for (uint32_t i = 0; i < 8; ++i) packed.eights.push_back(packed.leaves[packed.tops[tree.top + 16 + i]]);
  }
}

void order_by_depth(Packed& packed) {
  const std::vector<Tree>& trees = packed.trees;
  std::vector<uint32_t>& order = packed.by_depth;
  for (uint32_t t = 0; t < trees.size(); ++t) order.push_back(t);
  std::stable_sort(order.begin(), order.end(), [&trees](uint32_t a, uint32_t b) { return trees[a].depth > trees[b].depth; });
  for (uint32_t t : order) packed.first_by_depth.push_back(trees[t].first);
  order.resize(order.size() + kTreesAtOnce, static_cast<uint32_t>(trees.size()));
  packed.first_by_depth.resize(order.size(), packed.first_by_depth.back());
}

}  // namespace

void pack_trees(const Source& source, Packed& packed) {
  std::vector<uint32_t> leaf_of;
  pack_leaves(source, packed, leaf_of);
  View& view = packed.view;
  view.shift = 6 + bits_for(packed.columns.size());
  std::vector<uint32_t> depths(source.n_trees);
  size_t largest = 0;
  for (size_t t = 0; t < source.n_trees; ++t) {
    depths[t] = tree_depth(source, t);
    largest = std::max(largest, static_cast<size_t>(source.tree_start[t + 1] - source.tree_start[t]));
  }
  const bool wide = view.shift > 31 || largest + 2 * kNodesPerLine > (uint64_t{1} << (32 - view.shift));
  const bool eights = eights_fit(view, depths);
  Layout layout(source, leaf_of);
  for (size_t t = 0; t < source.n_trees; ++t) {
    const size_t slots = layout.place(t);
    Tree tree{};
    tree.first = wide ? packed.wide.size() : packed.nodes.size();
    tree.depth = depths[t];
    tree.levels = eights ? 3 : std::min<uint32_t>(depths[t], kTopLevels);
    tree.output = source.tree_output[t] < 0 ? 0 : source.tree_output[t];
    if (wide) {
      packed.wide.resize(tree.first + slots, WideNode{0, 0, 0});
      WideNode* out = packed.wide.data() + tree.first;
      write_nodes(source, layout, leaf_of, t, [out](uint32_t slot, uint32_t column, uint32_t left, uint32_t threshold) {
        out[slot] = WideNode{threshold, left, static_cast<uint64_t>(column) * kColumnBytes};
      });
    } else {
      const uint32_t shift = view.shift;
      packed.nodes.resize(tree.first + slots, 0);
      Node* out = packed.nodes.data() + tree.first;
      write_nodes(source, layout, leaf_of, t, [out, shift](uint32_t slot, uint32_t column, uint32_t left, uint32_t threshold) {
        out[slot] = (static_cast<Node>((left << shift) | column * kColumnBytes) << 32) | threshold;
      });
    }
    pack_top(source, layout, leaf_of, tree, static_cast<int32_t>(source.tree_start[t]), packed.tops);
    packed.trees.push_back(tree);
  }
  if (eights) pack_eights(packed);
  order_by_depth(packed);
  view.cyclic = 1;
  for (size_t t = 0; t < source.n_trees; ++t) {
    if (packed.trees[t].output != static_cast<int32_t>(t % source.n_scores)) view.cyclic = 0;
  }
}

template <class T>
size_t held(const T& table) {
  return table.size() * sizeof(typename T::value_type);
}

size_t Packed::bytes() const {
  return held(columns) + held(thresholds) + held(codes) + held(base) + held(divisors) + held(words) + held(trees) +
         held(nodes) + held(wide) + held(tops) + held(by_depth) + held(first_by_depth) + held(leaves) + held(eights) + held(small) + held(sparse) +
         held(sparse_columns) + held(sparse_values);
}

void Packed::connect() {
  nodes.shrink_to_fit();
  wide.shrink_to_fit();
  tops.shrink_to_fit();
  view.n_columns = static_cast<uint32_t>(columns.size());
  view.columns = columns.data();
  view.thresholds = thresholds.data();
  view.words = words.data();
  view.codes = codes.data();
  view.n_trees = static_cast<uint32_t>(trees.size());
  view.trees = trees.data();
  view.nodes = nodes.data();
  view.wide = wide.empty() ? nullptr : wide.data();
  view.tops = tops.data();
  view.by_depth = by_depth.data();
  view.first_by_depth = first_by_depth.data();
  view.leaves = leaves.data();
  view.sparse = sparse.data();
  view.sparse_columns = sparse_columns.data();
  view.sparse_values = sparse_values.data();
  view.eights = eights.empty() ? nullptr : eights.data();
  view.small = small.data();
  view.n_scores = static_cast<uint32_t>(base.size());
  view.base = base.data();
  view.divisors = divisors.empty() ? nullptr : divisors.data();
}

}  // namespace fasttrees
