// Threads that wait for work. They are started when a call first asks for some, and kept for the next ones; a
// process that only ever asks for one has none.
//
// A forked child starts its own: it has none of its parent's. Threads end with the process, which is why the
// library must not be unloaded before (it is linked so that it cannot be). They take no signals.
#pragma once

#include <cstddef>

#include "model.h"

namespace fasttrees {

// Does rows [first, last) of a call; returns 0 or the call's error.
using Part = int (*)(void* call, size_t first, size_t last, const Loan& loan);

// All of a call's rows on up to `threads` threads, the caller's own among them. Rows are handed out in pieces
// that get smaller towards the end, the smallest `piece` of them. Returns the first error that was met.
// Calls may come from many threads at once; they share the waiting ones.
int run_parts(Part part, void* call, size_t rows, size_t piece, size_t threads);

}  // namespace fasttrees
