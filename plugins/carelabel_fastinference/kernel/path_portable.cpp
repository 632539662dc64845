#define PATH portable
#include "path.h"

namespace fasttrees {

int scores_portable(const View& view, const Rows& rows, size_t first, size_t last, double* out) {
  return portable::scores(view, rows, first, last, out);
}

}  // namespace fasttrees
