#include "dispatch.h"

#include <algorithm>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace fasttrees {
namespace {

constexpr double kThreadWorthNs = 60e3;  // starting a thread costs about as much as it can save below this
constexpr double kThreadStartNs = 45e3;  // until a new thread runs; the calling one works meanwhile
constexpr size_t kLoanBytes = 512 * 1024;  // holds a block of most models; pages are taken as they are used

// Nanoseconds a row: a rough guess that only decides how many threads are started and which part each gets.
double guessed_ns(const View& view) {
  double row = 0.5 * view.n_columns;
  for (uint32_t t = 0; t < view.n_trees; ++t) row += view.small ? 0.5 : 1.0 + 0.6 * view.trees[t].depth;
  return row;
}

size_t worth_starting(double row_ns, size_t rows, int threads) {
  if (rows < 128) return 1;
  const double parts = row_ns * static_cast<double>(rows) / kThreadWorthNs;
  return parts < 2.0 ? 1 : parts > threads ? static_cast<size_t>(threads) : static_cast<size_t>(parts);
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

ScoreFunction path_by_name(const std::string& name, std::string* chosen) {
  const bool any = name.empty();
#ifdef FASTTREES_HAS_AVX512
  if ((any || name == "avx512") && runs_avx512()) {
    *chosen = "avx512";
    return scores_avx512;
  }
#endif
#ifdef FASTTREES_HAS_AVX2
  if ((any || name == "avx2") && runs_avx2()) {
    *chosen = "avx2";
    return scores_avx2;
  }
#endif
  if (!any && name != "portable") return nullptr;
  *chosen = "portable";
  return scores_portable;
}

int score_threaded(ScoreFunction path, const View& view, const Rows& rows, size_t count, double* out, int threads) {
  const double row_ns = threads > 1 ? guessed_ns(view) : 0.0;
  const size_t parts = worth_starting(row_ns, count, threads);
  if (parts == 1) return path(view, rows, 0, count, out, Loan{nullptr, 0});
  std::vector<int> codes(parts, 0);
  std::vector<std::thread> pool;
  const size_t head_start = std::min(static_cast<size_t>(kThreadStartNs / row_ns), count / 2);
  const size_t share = ((count - head_start) / parts + 15) / 16 * 16;
  const size_t own = count - std::min(count, share * (parts - 1));  // what the calling thread does
  const size_t lent = parts * kLoanBytes;
  const std::unique_ptr<char[]> memory(new (std::nothrow) char[lent]);  // too little or none: threads take their own
  const auto run = [&](size_t part) {
    const Loan loan = memory ? Loan{memory.get() + part * kLoanBytes, kLoanBytes} : Loan{nullptr, 0};
    const size_t first = part == 0 ? 0 : std::min(count, own + share * (part - 1));
    const size_t last = part == 0 ? own : std::min(count, first + share);
    codes[part] = path(view, rows, first, last, out + first * view.n_scores, loan);
  };
  size_t started = 1;
  try {
    for (; started < parts; ++started) pool.emplace_back(run, started);
  } catch (const std::system_error&) {
    // No more threads to be had: this one does the rest.
  }
  run(0);
  for (size_t part = started; part < parts; ++part) run(part);
  for (std::thread& thread : pool) thread.join();
  for (int code : codes) {
    if (code != 0) return code;
  }
  return 0;
}

}  // namespace fasttrees
