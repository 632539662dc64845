// From scores to probabilities, values and classes: links and label rules, in the model's precision.
#pragma once

#include <cmath>
#include <vector>

#include "model.h"

namespace fasttrees {

struct Finish {
  int32_t link = kIdentity;
  int32_t rule = kLargestScore;
  double scale = 1.0;
  bool doubled = false;              // one column p stands for the two columns 1 - p and p
  std::vector<int64_t> output_start; // columns of every output, one past the end included; classification
};

template <class T>
inline T logistic(T score) {
  return T(1) / (T(1) + std::exp(-score));
}

// One row, in place.
template <class T>
inline void apply_link(const Finish& finish, T* row, size_t count) {
  const T scale = static_cast<T>(finish.scale);
  if (finish.scale != 1.0) {
    for (size_t i = 0; i < count; ++i) row[i] *= scale;
  }
  if (finish.link == kExp) {
    for (size_t i = 0; i < count; ++i) row[i] = std::exp(row[i]);
  } else if (finish.link == kLogistic) {
    for (size_t i = 0; i < count; ++i) row[i] = logistic(row[i]);
  } else if (finish.link == kSoftmax) {
    T largest = row[0];
    for (size_t i = 1; i < count; ++i) largest = row[i] > largest ? row[i] : largest;
    T sum = T(0);
    for (size_t i = 0; i < count; ++i) {
      row[i] = std::exp(row[i] - largest);
      sum += row[i];
    }
    for (size_t i = 0; i < count; ++i) row[i] /= sum;
  }
}

// scores (rows, n_scores) of float64 to out (rows, n_scores or 2) of T.
template <class T>
inline void write_linked(const Finish& finish, const double* scores, size_t rows, size_t n_scores, T* out) {
  for (size_t row = 0; row < rows; ++row, scores += n_scores) {
    if (finish.doubled) {
      T p = static_cast<T>(scores[0]);
      apply_link(finish, &p, 1);
      *out++ = T(1) - p;
      *out++ = p;
      continue;
    }
    for (size_t i = 0; i < n_scores; ++i) out[i] = static_cast<T>(scores[i]);
    apply_link(finish, out, n_scores);
    out += n_scores;
  }
}

template <class T>
inline int64_t largest(const T* values, int64_t first, int64_t last) {
  int64_t best = first;
  for (int64_t i = first + 1; i < last; ++i) best = values[i] > values[best] ? i : best;
  return best - first;
}

// Class of every output: out (rows, n_outputs). `scratch` holds n_scores values.
template <class T>
inline void write_classes(const Finish& finish, const double* scores, size_t rows, size_t n_scores, T* scratch, int64_t* out) {
  const size_t outputs = finish.output_start.size() - 1;
  for (size_t row = 0; row < rows; ++row, scores += n_scores, out += outputs) {
    if (finish.rule == kPositiveScore) {
      out[0] = scores[0] > 0.0;
      continue;
    }
    if (finish.rule == kNonNegativeScore) {
      out[0] = scores[0] >= 0.0;
      continue;
    }
    for (size_t i = 0; i < n_scores; ++i) scratch[i] = static_cast<T>(scores[i]);
    if (finish.rule == kLargestProbability) apply_link(finish, scratch, n_scores);
    if (finish.doubled) {
      out[0] = scratch[0] > T(1) - scratch[0];
      continue;
    }
    for (size_t o = 0; o < outputs; ++o) out[o] = largest(scratch, finish.output_start[o], finish.output_start[o + 1]);
  }
}

}  // namespace fasttrees
