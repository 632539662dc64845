#include "dispatch.h"

#include <algorithm>

namespace fasttrees {
namespace {

constexpr double kThreadWorthNs = 25e3;  // waking a thread costs about as much as it can save below this
constexpr double kPieceNs = 20e3;        // work of a piece: what threads may have to wait for each other
constexpr size_t kPieceRows = 64;        // pieces are multiples of it: whole groups of rows, whole words of bits

// Nanoseconds a row: a rough guess that only decides how a call is shared out.
double guessed_ns(const View& view) {
  double row = 0.5 * view.n_columns;
  for (uint32_t t = 0; t < view.n_trees; ++t) row += view.small ? 0.5 : 1.0 + 0.6 * view.trees[t].depth;
  return row;
}

bool runs_avx512() {
#ifdef FASTTREES_HAS_AVX512
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
#else
  return false;
#endif
}

bool runs_avx2() {
#ifdef FASTTREES_HAS_AVX2
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
#else
  return false;
#endif
}

}  // namespace

std::string supported_paths() {
  std::string names;
  if (runs_avx512()) names += "avx512,";
  if (runs_avx2()) names += "avx2,";
  return names + "portable";
}

Path path_by_name(const std::string& name) {
  const bool any = name.empty();
#ifdef FASTTREES_HAS_AVX512
  if ((any || name == "avx512") && runs_avx512()) return Path{"avx512", kAvx512, scores_avx512};
#endif
#ifdef FASTTREES_HAS_AVX2
  if ((any || name == "avx2") && runs_avx2()) return Path{"avx2", kAvx2, scores_avx2};
#endif
  if (any || name == "portable") return Path{"portable", kPortable, scores_portable};
  return Path{"", kPortable, nullptr};
}

Shares shares_of(const View& view, size_t rows, int threads) {
  if (threads < 2 || rows < 2 * kPieceRows) return Shares{1, rows};
  const double row_ns = guessed_ns(view);
  const double worth = row_ns * static_cast<double>(rows) / kThreadWorthNs;
  const size_t used = worth < threads ? static_cast<size_t>(worth) : static_cast<size_t>(threads);
  const size_t pieces = static_cast<size_t>(kPieceNs / row_ns) / kPieceRows;
  return Shares{std::max(used, size_t{1}), std::max(pieces, size_t{1}) * kPieceRows};
}

}  // namespace fasttrees
