#include "dispatch.h"

#include <system_error>
#include <thread>
#include <vector>

namespace fasttrees {
namespace {

constexpr size_t kRowsPerThread = 64;  // fewer are not worth a thread

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
  const size_t useful = count / kRowsPerThread;
  const size_t parts = threads > 1 && useful > 1 ? (useful < static_cast<size_t>(threads) ? useful : threads) : 1;
  if (parts == 1) return path(view, rows, 0, count, out);
  std::vector<int> codes(parts, 0);
  std::vector<std::thread> pool;
  const size_t share = (count / parts + 63) / 64 * 64;
  const auto run = [&](size_t part) {
    const size_t first = part * share < count ? part * share : count;
    const size_t last = part + 1 == parts || first + share > count ? count : first + share;
    codes[part] = path(view, rows, first, last, out + first * view.n_scores);
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
