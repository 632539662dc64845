// Which path runs on this processor, and over how many threads a call is spread.
#pragma once

#include <string>

#include "model.h"

namespace fasttrees {

// "avx512", "avx2", "portable", best first, comma separated: what this build has and this processor can run.
std::string supported_paths();

struct Path {
  const char* name;
  PathKind kind;
  ScoreFunction scores;  // null for a path that is unknown or cannot run here
};
Path path_by_name(const std::string& name);  // an empty name means the best one

// How a call is shared out: to how many threads, and the fewest rows that are handed out at once.
struct Shares {
  size_t threads, piece;
};
Shares shares_of(const View& view, size_t rows, int threads);

}  // namespace fasttrees
