#define PATH avx512
#include "path.h"

namespace fasttrees {

int scores_avx512(const View& view, const Rows& rows, size_t first, size_t last, double* out, const Loan& loan) {
  return avx512::scores(view, rows, first, last, out, loan);
}

}  // namespace fasttrees
