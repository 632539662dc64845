#define PATH portable
#include "path.h"

namespace fasttrees {

int scores_portable(const View& view, const Rows& rows, size_t first, size_t last, double* out, const Loan& loan) {
  return portable::scores(view, rows, first, last, out, loan);
}

}  // namespace fasttrees
