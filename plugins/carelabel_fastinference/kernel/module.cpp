// The extension module: Model(tables) with scores, probabilities, values and classes; arrays come and go
// through the buffer protocol, so that nothing but Python's own headers is needed.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <atomic>
#include <memory>
#include <string>

#include "dispatch.h"
#include "fields.h"
#include "finish.h"
#include "pack.h"
#include "pool.h"

namespace {

using namespace fasttrees;

struct Model {
  PyObject_HEAD
  Packed* packed;
  Finish* finish;
  ScoreFunction path;
  std::atomic<int>* threads;
  PyObject* path_name;
  PyObject* coerce;      // X that is no plain float array -> one that is
  PyObject* for_double;  // () -> Model of ranks; None: float64 rows are rounded
  PyObject* ranks;       // that model, once it was needed
  PyObject* for_missing; // () -> Model that tells where NaN goes; None: this one does, or NaN is refused
  PyObject* missing;
  PyObject* empty;       // numpy.empty
  PyObject* score_type;  // dtype of scores; None: float64
  PyObject* class_type;  // dtype of classes
  PyObject* take;        // index array -> labels; None: label_values or the indices themselves
  std::vector<int64_t>* label_values;
};

// An acquired buffer, released at the end of its scope.
struct Held {
  Py_buffer buffer{};
  bool open = false;
  ~Held() {
    if (open) PyBuffer_Release(&buffer);
  }
  bool acquire(PyObject* object, int flags) {
    open = PyObject_GetBuffer(object, &buffer, flags) == 0;
    return open;
  }
};

bool is_plain(const Py_buffer& buffer) {
  if (buffer.ndim != 2 || buffer.format == nullptr || buffer.suboffsets != nullptr) return false;
  return (buffer.format[0] == 'f' || buffer.format[0] == 'd') && buffer.format[1] == '\0';
}

// Rows of X, coerced if need be; `keep` owns what was coerced.
bool take_rows(Model* self, PyObject* x, Held& held, PyObject** keep) {
  *keep = nullptr;
  if (held.acquire(x, PyBUF_STRIDES | PyBUF_FORMAT)) {
    if (is_plain(held.buffer)) return true;
    PyBuffer_Release(&held.buffer);
    held.open = false;
  } else {
    PyErr_Clear();
  }
  *keep = PyObject_CallOneArg(self->coerce, x);
  if (*keep == nullptr || !held.acquire(*keep, PyBUF_STRIDES | PyBUF_FORMAT)) return false;
  if (is_plain(held.buffer)) return true;
  PyErr_SetString(PyExc_TypeError, "X must be a two-dimensional array of real numbers: pass float32 or float64");
  return false;
}

// Another packing of the same model, made by Python when it is needed for the first time.
Model* sibling(Model* self, PyObject* maker, PyObject** slot) {
  if (*slot == nullptr) {
    PyObject* made = PyObject_CallNoArgs(maker);
    if (made == nullptr) return nullptr;
    if (Py_TYPE(made) != Py_TYPE(self)) {
      Py_DECREF(made);
      PyErr_SetString(PyExc_TypeError, "for_double and for_missing must return a Model");
      return nullptr;
    }
    // Another thread may have been faster while Python ran: keep the first one, threads may be using it.
    if (*slot == nullptr) {
      *slot = made;
    } else {
      Py_DECREF(made);
    }
  }
  return reinterpret_cast<Model*>(*slot);
}

Model* model_for(Model* self, const Py_buffer& buffer) {
  if (buffer.format[0] != 'd' || self->for_double == Py_None) return self;
  return sibling(self, self->for_double, &self->ranks);
}

PyObject* new_array(Model* self, Py_ssize_t rows, Py_ssize_t columns, PyObject* type) {
  PyObject* shape = columns < 0 ? Py_BuildValue("(n)", rows) : Py_BuildValue("(nn)", rows, columns);
  if (shape == nullptr) return nullptr;
  PyObject* arguments[2] = {shape, type};
  PyObject* array = PyObject_Vectorcall(self->empty, arguments, type == Py_None ? 1 : 2, nullptr);
  Py_DECREF(shape);
  return array;
}

void raise_code(int code) {
  if (code == 1) {
    PyErr_SetString(PyExc_ValueError, "X must not hold NaN, for the model was trained without: impute or drop such rows");
  } else {
    PyErr_NoMemory();
  }
}

enum class Want { scores, linked, classes };

size_t result_columns(const Model* self, Want want) {
  const size_t scores = self->packed->view.n_scores;
  if (want == Want::classes) return self->finish->output_start.size() - 1;
  return want == Want::linked && self->finish->doubled ? 2 : scores;
}

template <class T>
bool finish_rows(const Model* self, Want want, const double* scores, size_t count, void* out) {
  const size_t n_scores = self->packed->view.n_scores;
  if (want == Want::scores) {
    for (size_t i = 0; i < count * n_scores; ++i) static_cast<T*>(out)[i] = static_cast<T>(scores[i]);
  } else if (want == Want::linked) {
    write_linked<T>(*self->finish, scores, count, n_scores, static_cast<T*>(out));
  } else {
    T few[64];
    std::unique_ptr<T[]> many(n_scores > 64 ? new (std::nothrow) T[n_scores] : nullptr);
    if (n_scores > 64 && !many) return false;
    int64_t* classes = static_cast<int64_t*>(out);
    write_classes<T>(*self->finish, scores, count, n_scores, many ? many.get() : few, classes);
    if (self->label_values->empty()) return true;
    for (size_t i = 0; i < count; ++i) classes[i] = (*self->label_values)[classes[i]];
  }
  return true;
}

// A call: rows in, results out. Any part of its rows can be done by any thread, without the interpreter's lock.
struct Call {
  const Model* self;   // says how results are made
  const Model* model;  // evaluates: self, or another packing of it
  Rows rows;
  Want want;
  char* out;
  size_t row_bytes;  // of results
  bool direct;       // scores are the results

  int scores(size_t first, size_t last, double* to, const Loan& loan) const {
    return model->path(model->packed->view, rows, first, last, to, loan);
  }

  int run(size_t first, size_t last, const Loan& loan) const {
    char* const to = out + first * row_bytes;
    if (direct) return scores(first, last, reinterpret_cast<double*>(to), loan);
    const View& view = self->packed->view;
    const size_t count = (last - first) * view.n_scores;
    double few[64];
    std::unique_ptr<double[]> many(count > 64 ? new (std::nothrow) double[count] : nullptr);
    if (count > 64 && !many) return 2;
    double* const found = many ? many.get() : few;
    const int code = scores(first, last, found, loan);
    if (code != 0) return code;
    const bool done = view.float32_sums ? finish_rows<float>(self, want, found, last - first, to)
                                        : finish_rows<double>(self, want, found, last - first, to);
    return done ? 0 : 2;
  }

  static int part(void* call, size_t first, size_t last, const Loan& loan) {
    return static_cast<const Call*>(call)->run(first, last, loan);
  }
};

constexpr size_t kWorkWorthReleasing = 4096;  // row-trees; below, the lock costs more than it gives

int run_call(Call& call, size_t count) {
  const View& view = call.model->packed->view;
  if (count * view.n_trees < kWorkWorthReleasing) return call.run(0, count, Loan{nullptr, 0});
  int code;
  Py_BEGIN_ALLOW_THREADS;
  const Shares shares = shares_of(view, count, call.self->threads->load(std::memory_order_relaxed));
  code = run_parts(Call::part, &call, count, shares.piece, shares.threads);
  Py_END_ALLOW_THREADS;
  return code;
}

bool compute(Model* self, const Py_buffer& x, Want want, const Py_buffer& out) {
  Model* model = model_for(self, x);
  if (model == nullptr) return false;
  const Finish& finish = *self->finish;
  const bool float32 = self->packed->view.float32_sums != 0;
  const bool plain = !float32 && finish.link == kIdentity && finish.scale == 1.0 && !finish.doubled;
  const size_t count = static_cast<size_t>(x.shape[0]);
  const Rows rows{static_cast<const char*>(x.buf), x.strides[0], x.strides[1], x.format[0] == 'd'};
  const bool direct = (want == Want::scores && !float32) || (want == Want::linked && plain);
  const size_t row_bytes = count == 0 ? 0 : static_cast<size_t>(out.len) / count;
  Call call{self, model, rows, want, static_cast<char*>(out.buf), row_bytes, direct};
  int code = run_call(call, count);
  if (code == 1 && model->for_missing != Py_None) {
    call.model = sibling(model, model->for_missing, &model->missing);
    if (call.model == nullptr) return false;
    code = run_call(call, count);
  }
  if (code != 0) raise_code(code);
  return code == 0;
}

PyObject* evaluate(Model* self, PyObject* x, Want want, bool flat) {
  Held input;
  PyObject* keep;
  PyObject* result = nullptr;
  if (take_rows(self, x, input, &keep)) {
    const Py_ssize_t width = static_cast<Py_ssize_t>(self->packed->view.n_features);
    if (input.buffer.shape[1] != width) {
      PyErr_Format(PyExc_ValueError, "X must have %zd columns, got %zd: pass the features the model was trained with", width,
                   input.buffer.shape[1]);
    } else {
      const Py_ssize_t columns = static_cast<Py_ssize_t>(result_columns(self, want));
      PyObject* type = want == Want::classes ? self->class_type : self->score_type;
      result = new_array(self, input.buffer.shape[0], flat && columns == 1 ? -1 : columns, type);
      Held output;
      if (result != nullptr && (!output.acquire(result, PyBUF_WRITABLE) || !compute(self, input.buffer, want, output.buffer))) {
        Py_CLEAR(result);
      }
    }
  }
  Py_XDECREF(keep);
  return result;
}

PyObject* model_scores(PyObject* self, PyObject* x) { return evaluate(reinterpret_cast<Model*>(self), x, Want::scores, false); }

PyObject* model_flat_scores(PyObject* self, PyObject* x) { return evaluate(reinterpret_cast<Model*>(self), x, Want::scores, true); }

PyObject* model_probabilities(PyObject* self, PyObject* x) {
  return evaluate(reinterpret_cast<Model*>(self), x, Want::linked, false);
}

PyObject* model_values(PyObject* self, PyObject* x) { return evaluate(reinterpret_cast<Model*>(self), x, Want::linked, true); }

PyObject* model_labels(PyObject* object, PyObject* x) {
  Model* self = reinterpret_cast<Model*>(object);
  PyObject* classes = evaluate(self, x, Want::classes, true);
  if (classes == nullptr || self->take == Py_None) return classes;
  PyObject* labels = PyObject_CallOneArg(self->take, classes);
  Py_DECREF(classes);
  return labels;
}

#include "module_type.h"

}  // namespace

PyMODINIT_FUNC PyInit_fasttrees() { return make_module(); }
