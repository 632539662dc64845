#define PATH avx2
#include "path.h"

namespace fasttrees {

int scores_avx2(const View& view, const Rows& rows, size_t first, size_t last, double* out, const Loan& loan) {
  return avx2::scores(view, rows, first, last, out, loan);
}

}  // namespace fasttrees
