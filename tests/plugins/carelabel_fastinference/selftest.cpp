// Runs every path of the kernel on random trees without Python, for sanitizers and valgrind: compares with a
// plain descent and exits with 1 at the first difference.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "dispatch.h"
#include "pack.h"
#include "pool.h"

using namespace fasttrees;

namespace {

std::mt19937 rng(7);
int below(int limit) { return static_cast<int>(rng() % static_cast<unsigned>(limit)); }

uint32_t ordered_key(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits ^ (static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u);
}

struct Trees {
  size_t features, values;
  std::vector<int64_t> start{0};
  std::vector<uint32_t> column, threshold;
  std::vector<int32_t> left, right, output;
  std::vector<float> limit;
  std::vector<double> weight, value;

  int grow(int depth) {
    const int at = static_cast<int>(column.size());
    const bool leaf = depth == 0 || below(8) == 0;
    column.push_back(leaf ? 0 : 1 + static_cast<uint32_t>(below(static_cast<int>(features))));
    limit.push_back(static_cast<float>(below(9) - 4) / 2);
    threshold.push_back(ordered_key(limit.back()));
    left.push_back(-1);
    right.push_back(-1);
    weight.push_back(1.0 / (1 + below(9)));
    for (size_t v = 0; v < values; ++v) value.push_back(below(4) == 0 ? below(100) / 7.0 : 0.0);
    if (leaf) return at;
    const int l = grow(depth - 1);
    const int r = grow(depth - 1);
    left[at] = l;
    right[at] = r;
    return at;
  }
};

Trees make_trees(size_t count, size_t features, size_t values, size_t scores, int depth) {
  Trees trees;
  trees.features = features;
  trees.values = values;
  for (size_t t = 0; t < count; ++t) {
    trees.grow(depth);
    trees.start.push_back(static_cast<int64_t>(trees.column.size()));
    trees.output.push_back(values > 1 ? -1 : static_cast<int32_t>(t % scores));
  }
  return trees;
}

void pack_into(const Trees& trees, size_t scores, bool share, bool float32, PathKind kind, Packed& packed) {
  packed.base.assign(scores, 0.5);
  packed.view.n_features = static_cast<uint32_t>(trees.features);
  packed.view.simple = packed.view.increasing = packed.view.rounds = 1;
  packed.view.float32_sums = float32;
  packed.columns.resize(trees.features + 1);
  for (size_t c = 1; c <= trees.features; ++c) packed.columns[c].feature = static_cast<uint32_t>(c - 1);
  Source source{};
  source.n_trees = trees.output.size();
  source.n_nodes = trees.column.size();
  source.n_values = trees.values;
  source.n_scores = scores;
  source.share_leaves = share;
  source.tree_start = trees.start.data();
  source.column = trees.column.data();
  source.threshold = trees.threshold.data();
  source.left = trees.left.data();
  source.right = trees.right.data();
  source.weight = trees.weight.data();
  source.value = trees.value.data();
  source.tree_output = trees.output.data();
  pack_trees(source, kind, packed);
  packed.connect();
}

template <class T>
void plain_scores(const Trees& trees, const float* row, T* sums) {
  for (size_t t = 0; t < trees.output.size(); ++t) {
    size_t node = static_cast<size_t>(trees.start[t]);
    while (trees.column[node] != 0) {
      node = static_cast<size_t>(row[trees.column[node] - 1] <= trees.limit[node] ? trees.left[node] : trees.right[node]);
    }
    for (size_t v = 0; v < trees.values; ++v) {
      sums[trees.values > 1 ? v : static_cast<size_t>(trees.output[t])] += static_cast<T>(trees.value[node * trees.values + v]);
    }
  }
}

template <class T>
bool agrees(const Trees& trees, size_t scores, const std::vector<float>& rows, const std::vector<double>& found) {
  for (size_t r = 0; r * scores < found.size(); ++r) {
    std::vector<T> sums(scores, T(0.5));
    plain_scores(trees, rows.data() + r * trees.features, sums.data());
    for (size_t s = 0; s < scores; ++s) {
      if (static_cast<double>(sums[s]) != found[r * scores + s]) return false;
    }
  }
  return true;
}

struct Call {
  ScoreFunction path;
  const View& view;
  const Rows rows;
  double* out;
  static int part(void* call, size_t first, size_t last, const Loan& loan) {
    const Call& self = *static_cast<const Call*>(call);
    return self.path(self.view, self.rows, first, last, self.out + first * self.view.n_scores, loan);
  }
};

bool check(size_t count, size_t features, size_t values, size_t scores, int depth, bool float32) {
  const Trees trees = make_trees(count, features, values, scores, depth);
  const bool share = below(2) == 0;
  for (size_t n : {1, 5, 7, 16, 17, 64, 130, 1100}) {
    std::vector<float> rows(n * features);
    for (float& value : rows) value = static_cast<float>(below(17) - 8) / 4;
    const Rows view{reinterpret_cast<const char*>(rows.data()), static_cast<ptrdiff_t>(features * 4), 4, 0};
    for (const char* name : {"avx512", "avx2", "portable"}) {
      const Path path = path_by_name(name);
      if (path.scores == nullptr) continue;
      Packed packed;
      pack_into(trees, scores, share, float32, path.kind, packed);
      for (size_t threads : {1, 3}) {
        std::vector<double> out(n * scores);
        Call call{path.scores, packed.view, view, out.data()};
        const int code = run_parts(Call::part, &call, n, 16, threads);
        const bool same = float32 ? agrees<float>(trees, scores, rows, out) : agrees<double>(trees, scores, rows, out);
        if (code == 0 && same) continue;
        std::printf("%s differs: %zu trees, %zu features, %zu values, depth %d, %zu rows\n", name, count, features, values, depth, n);
        return false;
      }
    }
  }
  return true;
}

// Many callers at once share the pool's threads.
bool check_crowd() {
  const size_t features = 9, n = 700;
  const Trees trees = make_trees(30, features, 3, 3, 8);
  const Path path = path_by_name("");
  Packed packed;
  pack_into(trees, 3, true, false, path.kind, packed);
  std::vector<float> rows(n * features);
  for (float& value : rows) value = static_cast<float>(below(17) - 8) / 4;
  const Rows view{reinterpret_cast<const char*>(rows.data()), static_cast<ptrdiff_t>(features * 4), 4, 0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int turn = 0; turn < 25; ++turn) {
        std::vector<double> out(n * 3);
        Call call{path.scores, packed.view, view, out.data()};
        if (run_parts(Call::part, &call, n, 16, 2 + caller % 3) != 0 || !agrees<double>(trees, 3, rows, out)) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  if (wrong != 0) std::printf("callers at once: %d calls differ\n", wrong.load());
  return wrong == 0;
}

}  // namespace

int main() {
  if (!check_crowd()) return 1;
  for (int depth : {0, 1, 3, 4, 6, 13}) {
    for (size_t features : {1, 7, 40, 150}) {
      for (size_t scores : {1, 3, 4, 11, 40}) {
        const size_t count = 1 + static_cast<size_t>(below(60));
        if (!check(count, features, scores, scores, depth, below(3) == 0)) return 1;
        if (!check(count, features, 1, scores, depth, below(3) == 0)) return 1;
      }
    }
  }
  if (!check(2, 3000, 1, 1, 15, false)) return 1;  // too many columns and nodes for narrow nodes
  std::printf("same scores on %s\n", supported_paths().c_str());
  return 0;
}
