// Named fields of a dict of arrays, numbers and strings, checked as they are read.
#pragma once

#include <Python.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

// Thrown where a Python error is already set.
struct PythonError {};

class Fields {
 public:
  explicit Fields(PyObject* dict) : dict_(dict) {}
  ~Fields() {
    for (Py_buffer& buffer : buffers_) PyBuffer_Release(&buffer);
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  PyObject* object(const char* name) const {
    PyObject* found = PyDict_GetItemString(dict_, name);
    if (found == nullptr) throw std::runtime_error(std::string("tables must have a field ") + name);
    return found;
  }

  int64_t number(const char* name) const {
    const int64_t value = PyLong_AsLongLong(object(name));
    if (value == -1 && PyErr_Occurred()) throw PythonError();
    return value;
  }

  double real(const char* name) const {
    const double value = PyFloat_AsDouble(object(name));
    if (value == -1.0 && PyErr_Occurred()) throw PythonError();
    return value;
  }

  std::string text(const char* name) const {
    const char* value = PyUnicode_AsUTF8(object(name));
    if (value == nullptr) throw PythonError();
    return value;
  }

  // A contiguous array of items of T's size; valid as long as these Fields.
  template <class T>
  const T* array(const char* name, size_t* count) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(object(name), &buffer, PyBUF_C_CONTIGUOUS) != 0) throw PythonError();
    buffers_.push_back(buffer);
    if (buffer.itemsize != static_cast<Py_ssize_t>(sizeof(T))) {
      throw std::runtime_error(std::string("field ") + name + " must have items of " + std::to_string(sizeof(T)) + " bytes");
    }
    *count = static_cast<size_t>(buffer.len) / sizeof(T);
    return static_cast<const T*>(buffer.buf);
  }

  template <class T>
  const T* array_of(const char* name, size_t expected) {
    size_t count;
    const T* values = array<T>(name, &count);
    if (count == expected) return values;
    throw std::runtime_error(std::string("field ") + name + " must have " + std::to_string(expected) + " items, got " +
                             std::to_string(count));
  }

  template <class T>
  std::vector<T> copy(const char* name) {
    size_t count;
    const T* values = array<T>(name, &count);
    return std::vector<T>(values, values + count);
  }

 private:
  PyObject* dict_;
  std::vector<Py_buffer> buffers_;
};
