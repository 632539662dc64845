// Which path runs on this processor, and a call spread over threads.
#pragma once

#include <string>

#include "model.h"

namespace fasttrees {

// "avx512", "avx2", "portable", best first, comma separated: what this build has and this processor can run.
std::string supported_paths();

// Null for a path that is unknown or cannot run here; an empty name means the best one.
ScoreFunction path_by_name(const std::string& name, std::string* chosen);

// As a ScoreFunction over all rows, on up to `threads` threads.
int score_threaded(ScoreFunction path, const View& view, const Rows& rows, size_t count, double* out, int threads);

}  // namespace fasttrees
