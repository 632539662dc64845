#include "pack.h"

#include <algorithm>
#include <string>
#include <utility>

#include "layout.h"

namespace fasttrees {
namespace {

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

// The heap of the top levels: thresholds, column offsets, entries. Without a layout, entries are leaves.
void pack_top(const Source& source, const Layout* layout, const std::vector<uint32_t>& leaf_of, Tree& tree, int32_t root,
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
      top[2 * width + slot - width] = tree.depth <= tree.levels ? leaf_of[node] : layout->at(node);
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

size_t nodes_of(const Source& source, size_t t) {
  return static_cast<size_t>(source.tree_start[t + 1] - source.tree_start[t]);
}

// What a path does with the trees of an ensemble.
struct Plan {
  bool wide;        // nodes
  bool shallow;     // no nodes: top tables hold whole trees
  bool eights;      // all of them with three levels, evaluated 16 rows or 16 trees at a time
  bool tops;        // top tables are read
  uint32_t levels;  // of deeper trees
};

size_t heap_bytes(uint32_t levels) { return 3 * sizeof(uint32_t) << levels; }

Plan plan_of(const Source& source, const View& view, PathKind kind, const std::vector<uint32_t>& depths) {
  size_t largest = 0, heaps = 0;
  for (size_t t = 0; t < source.n_trees; ++t) {
    largest = std::max(largest, nodes_of(source, t));
    heaps += heap_bytes(std::min<uint32_t>(depths[t], kTopLevels));
  }
  const uint32_t deepest = *std::max_element(depths.begin(), depths.end());
  Plan plan{};
  plan.wide = view.shift > 31 || largest + 2 * kNodesPerLine > (uint64_t{1} << (32 - view.shift));
  plan.tops = kind != kPortable && !plan.wide;
  plan.levels = kind == kAvx2 ? kTopLevelsAvx2 : kTopLevels;
  plan.eights = kind == kAvx512 && !plan.wide && view.leaf_kind == kScalar && deepest <= 3;
  // Lopsided trees would leave most of their tables empty.
  plan.shallow = plan.eights || (plan.tops && deepest <= kTopLevels && heaps <= source.n_nodes * sizeof(Node) * 4 / 3);
  return plan;
}

// As many as the tree has, unless the table would become larger than that of a full tree next to its nodes.
uint32_t top_levels(const Plan& plan, uint32_t depth, size_t slots) {
  if (plan.eights) return 3;
  if (!plan.tops) return 0;
  if (plan.shallow) return depth;
  uint32_t levels = std::min(depth, plan.levels);
  while (levels > 1 && heap_bytes(levels) > slots * sizeof(Node) * 3 / 4) --levels;
  return levels;
}

// From top tables of three levels to what is read of them: thresholds and columns of the heaps tree by tree and for
// 16 trees each, and the values.
void pack_eights(Packed& packed) {
  packed.small.assign((packed.trees.size() + 15) / 16 * kSmallWords, 0);
  packed.eights.reserve(packed.trees.size() * 8);
  Lines<uint32_t> heaps;
  heaps.reserve(packed.trees.size() * 16);
  for (size_t t = 0; t < packed.trees.size(); ++t) {
    const uint32_t* top = packed.tops.data() + packed.trees[t].top;
    uint32_t* small = packed.small.data() + t / 16 * kSmallWords + t % 16;
    for (uint32_t node = 1; node < 8; ++node) {
      small[16 * (node - 1)] = top[node];
      small[16 * (node + 6)] = top[8 + node] / kColumnBytes;
    }
    for (uint32_t i = 0; i < 8; ++i) packed.eights.push_back(packed.leaves[top[16 + i]]);
    packed.trees[t].top = heaps.size();
    heaps.insert(heaps.end(), top, top + 16);
  }
  packed.tops.swap(heaps);
  Lines<double>().swap(packed.leaves);
}

// One tree's nodes at the end of the table.
void place_nodes(const Source& source, const Layout& layout, const std::vector<uint32_t>& leaf_of, size_t t, size_t slots,
                 bool wide, Tree& tree, Packed& packed) {
  if (wide) {
    tree.first = packed.wide.size();
    packed.wide.resize(tree.first + slots, WideNode{0, 0, 0});
    WideNode* out = packed.wide.data() + tree.first;
    write_nodes(source, layout, leaf_of, t, [out](uint32_t slot, uint32_t column, uint32_t left, uint32_t threshold) {
      out[slot] = WideNode{threshold, left, static_cast<uint64_t>(column) * kColumnBytes};
    });
    return;
  }
  const uint32_t shift = packed.view.shift;
  tree.first = packed.nodes.size();
  packed.nodes.resize(tree.first + slots, 0);
  Node* out = packed.nodes.data() + tree.first;
  write_nodes(source, layout, leaf_of, t, [out, shift](uint32_t slot, uint32_t column, uint32_t left, uint32_t threshold) {
    out[slot] = (static_cast<Node>((left << shift) | column * kColumnBytes) << 32) | threshold;
  });
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

void pack_trees(const Source& source, PathKind kind, Packed& packed) {
  std::vector<uint32_t> leaf_of;
  pack_leaves(source, packed, leaf_of);
  View& view = packed.view;
  view.shift = 6 + bits_for(packed.columns.size());
  std::vector<uint32_t> depths(source.n_trees);
  for (size_t t = 0; t < source.n_trees; ++t) depths[t] = tree_depth(source, t);
  const Plan plan = plan_of(source, view, kind, depths);
  Layout layout(source, leaf_of);
  for (size_t t = 0; t < source.n_trees; ++t) {
    Tree tree{};
    tree.depth = depths[t];
    tree.output = source.tree_output[t] < 0 ? 0 : source.tree_output[t];
    const size_t slots = plan.shallow ? 0 : layout.place(t);
    tree.levels = top_levels(plan, depths[t], slots);
    if (!plan.shallow) place_nodes(source, layout, leaf_of, t, slots, plan.wide, tree, packed);
    if (plan.tops) {
      const int32_t root = static_cast<int32_t>(source.tree_start[t]);
      pack_top(source, &layout, leaf_of, tree, root, packed.tops);
    }
    packed.trees.push_back(tree);
  }
  if (plan.eights) pack_eights(packed);
  if (!plan.shallow) order_by_depth(packed);
  view.shallow = plan.shallow;
  view.cyclic = 1;
  for (size_t t = 0; t < source.n_trees; ++t) {
    if (packed.trees[t].output != static_cast<int32_t>(t % source.n_scores)) view.cyclic = 0;
  }
}

namespace {

template <class T>
size_t held(const T& table) {
  return table.capacity() * sizeof(typename T::value_type);
}

}  // namespace

size_t Packed::bytes() const {
  return held(columns) + held(thresholds) + held(codes) + held(base) + held(divisors) + held(words) + held(trees) +
         held(nodes) + held(wide) + held(tops) + held(by_depth) + held(first_by_depth) + held(leaves) + held(eights) +
         held(small) + held(sparse) + held(sparse_columns) + held(sparse_values);
}

void Packed::connect() {
  const auto cut = [](auto&... tables) { (tables.shrink_to_fit(), ...); };
  cut(columns, thresholds, codes, words, trees, nodes, wide, tops, small, by_depth, first_by_depth, leaves, eights);
  cut(sparse, sparse_columns, sparse_values);
  view.n_columns = static_cast<uint32_t>(columns.size());
  view.columns = columns.data();
  view.thresholds = thresholds.data();
  view.words = words.data();
  view.codes = codes.data();
  view.n_trees = static_cast<uint32_t>(trees.size());
  view.trees = trees.data();
  view.nodes = nodes.empty() ? nullptr : nodes.data();
  view.wide = wide.empty() ? nullptr : wide.data();
  view.tops = tops.data();
  view.by_depth = by_depth.data();
  view.first_by_depth = first_by_depth.data();
  view.leaves = leaves.data();
  view.sparse = sparse.data();
  view.sparse_columns = sparse_columns.data();
  view.sparse_values = sparse_values.data();
  view.eights = eights.empty() ? nullptr : eights.data();
  view.small = small.empty() ? nullptr : small.data();
  view.n_scores = static_cast<uint32_t>(base.size());
  view.base = base.data();
  view.divisors = divisors.empty() ? nullptr : divisors.data();
}

}  // namespace fasttrees
