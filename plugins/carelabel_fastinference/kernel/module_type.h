// Construction of Model from its tables, and the module's own parts. Part of module.cpp.

void read_columns(Fields& fields, Packed& packed) {
  size_t count;
  const uint32_t* feature = fields.array<uint32_t>("column_feature", &count);
  const uint8_t* flags = fields.array_of<uint8_t>("column_flags", count);
  const uint64_t* first = fields.array_of<uint64_t>("column_first", count);
  const uint64_t* length = fields.array_of<uint64_t>("column_count", count);
  const uint64_t* code = fields.array_of<uint64_t>("column_code", count * 2);
  packed.thresholds = fields.copy<double>("rank_thresholds");
  packed.words = fields.copy<uint32_t>("words");
  packed.codes = fields.copy<double>("codes");
  packed.view.n_features = static_cast<uint32_t>(fields.number("n_features"));
  packed.view.simple = 1;
  packed.view.increasing = 1;
  for (size_t c = 0; c < count; ++c) {
    Column column{};
    column.feature = feature[c];
    column.missing_left = flags[c] & 1;
    column.zero_as_missing = (flags[c] >> 1) & 1;
    column.categorical = (flags[c] >> 2) & 1;
    column.encoded = (flags[c] >> 3) & 1;
    column.first = first[c];
    column.count = length[c];
    column.code_first = code[2 * c];
    column.code_count = code[2 * c + 1];
    if (column.zero_as_missing || column.categorical || column.encoded) packed.view.simple = 0;
    if (c > 1 && feature[c] <= feature[c - 1]) packed.view.increasing = 0;
    const size_t limit = column.categorical ? packed.words.size() : packed.thresholds.size();
    if (column.feature >= packed.view.n_features || column.first > limit || column.count > limit - column.first ||
        column.code_first + column.code_count > packed.codes.size()) {
      throw std::runtime_error("column " + std::to_string(c) + " must lie within its tables");
    }
    packed.columns.push_back(column);
  }
}

void check_source(const Source& source, size_t columns) {
  if (source.n_trees == 0 || source.tree_start[0] != 0 || source.tree_start[source.n_trees] != static_cast<int64_t>(source.n_nodes)) {
    throw std::runtime_error("tree_start must rise from 0 to the number of nodes");
  }
  for (size_t t = 0; t < source.n_trees; ++t) {
    const int64_t first = source.tree_start[t], last = source.tree_start[t + 1];
    if (last <= first) throw std::runtime_error("tree " + std::to_string(t) + " must have a node");
    if (source.tree_output[t] >= static_cast<int64_t>(source.n_scores)) throw std::runtime_error("tree_output must be a score column");
    for (int64_t node = first; node < last; ++node) {
      if (source.column[node] >= columns) throw std::runtime_error("column of node " + std::to_string(node) + " does not exist");
      if (source.column[node] == 0) continue;
      if (source.left[node] <= first || source.left[node] >= last || source.right[node] <= first || source.right[node] >= last) {
        throw std::runtime_error("children of node " + std::to_string(node) + " must lie in its tree");
      }
    }
  }
}

void read_trees(Fields& fields, PathKind kind, Packed& packed) {
  Source source{};
  source.tree_output = fields.array<int32_t>("tree_output", &source.n_trees);
  source.tree_start = fields.array_of<int64_t>("tree_start", source.n_trees + 1);
  source.column = fields.array<uint32_t>("column", &source.n_nodes);
  source.threshold = fields.array_of<uint32_t>("threshold", source.n_nodes);
  source.left = fields.array_of<int32_t>("left", source.n_nodes);
  source.right = fields.array_of<int32_t>("right", source.n_nodes);
  source.weight = fields.array_of<double>("weight", source.n_nodes);
  source.n_values = static_cast<size_t>(fields.number("n_values"));
  source.value = fields.array_of<double>("value", source.n_nodes * source.n_values);
  source.share_leaves = fields.number("share_leaves") != 0;
  source.n_scores = packed.base.size();
  if (source.n_values != 1 && source.n_values != source.n_scores) throw std::runtime_error("a leaf must have one value or one a score");
  check_source(source, packed.columns.size());
  pack_trees(source, kind, packed);
}

void read_model(PyObject* dict, PathKind kind, Packed& packed, Finish& finish) {
  Fields fields(dict);
  packed.base = fields.copy<double>("base");
  packed.divisors = fields.copy<double>("divisors");
  if (packed.base.empty() || (!packed.divisors.empty() && packed.divisors.size() != packed.base.size())) {
    throw std::runtime_error("base and divisors must have one value a score");
  }
  packed.view.ranks = static_cast<int32_t>(fields.number("ranks"));
  packed.view.rounds = static_cast<int32_t>(fields.number("rounds"));
  packed.view.strict = static_cast<int32_t>(fields.number("strict"));
  packed.view.accepts_nan = static_cast<int32_t>(fields.number("accepts_nan"));
  packed.view.float32_sums = static_cast<int32_t>(fields.number("float32_sums"));
  finish.link = static_cast<int32_t>(fields.number("link"));
  finish.rule = static_cast<int32_t>(fields.number("rule"));
  finish.scale = fields.real("scale");
  finish.doubled = fields.number("doubled") != 0;
  finish.output_start = fields.copy<int64_t>("output_start");
  read_columns(fields, packed);
  read_trees(fields, kind, packed);
}

PyObject* kept(PyObject* dict, const char* name) {
  PyObject* found = Fields(dict).object(name);
  Py_INCREF(found);
  return found;
}

void fill_model(Model* self, PyObject* dict) {
  self->packed = new Packed();
  self->finish = new Finish();
  self->threads = new std::atomic<int>(static_cast<int>(Fields(dict).number("threads")));
  {
    Fields fields(dict);
    self->label_values = new std::vector<int64_t>(fields.copy<int64_t>("label_values"));
  }
  const std::string wanted = Fields(dict).text("path");
  const Path path = path_by_name(wanted);
  if (path.scores == nullptr) {
    throw std::runtime_error("path must be one of " + supported_paths() + " on this processor, got " + wanted);
  }
  read_model(dict, path.kind, *self->packed, *self->finish);
  self->packed->connect();
  self->path = path.scores;
  self->path_name = PyUnicode_FromString(path.name);
  self->coerce = kept(dict, "coerce");
  self->for_double = kept(dict, "for_double");
  self->for_missing = kept(dict, "for_missing");
  self->empty = kept(dict, "empty");
  self->score_type = kept(dict, "score_type");
  self->class_type = kept(dict, "class_type");
  self->take = kept(dict, "take");
}

PyObject* model_new(PyTypeObject* type, PyObject* arguments, PyObject*) {
  PyObject* dict;
  if (!PyArg_ParseTuple(arguments, "O!", &PyDict_Type, &dict)) return nullptr;
  Model* self = reinterpret_cast<Model*>(type->tp_alloc(type, 0));
  if (self == nullptr) return nullptr;
  try {
    fill_model(self, dict);
    return reinterpret_cast<PyObject*>(self);
  } catch (const PythonError&) {
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  }
  Py_DECREF(self);
  return nullptr;
}

int model_traverse(PyObject* object, visitproc visit, void* arg) {
  Model* self = reinterpret_cast<Model*>(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->coerce);
  Py_VISIT(self->for_double);
  Py_VISIT(self->ranks);
  Py_VISIT(self->for_missing);
  Py_VISIT(self->missing);
  Py_VISIT(self->take);
  return 0;
}

int model_clear(PyObject* object) {
  Model* self = reinterpret_cast<Model*>(object);
  Py_CLEAR(self->path_name);
  Py_CLEAR(self->coerce);
  Py_CLEAR(self->for_double);
  Py_CLEAR(self->ranks);
  Py_CLEAR(self->for_missing);
  Py_CLEAR(self->missing);
  Py_CLEAR(self->empty);
  Py_CLEAR(self->score_type);
  Py_CLEAR(self->class_type);
  Py_CLEAR(self->take);
  return 0;
}

void model_dealloc(PyObject* object) {
  Model* self = reinterpret_cast<Model*>(object);
  PyObject_GC_UnTrack(object);
  model_clear(object);
  delete self->packed;
  delete self->finish;
  delete self->threads;
  delete self->label_values;
  PyTypeObject* type = Py_TYPE(object);
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* get_bytes(PyObject* self, void*) { return PyLong_FromSize_t(reinterpret_cast<Model*>(self)->packed->bytes()); }

PyObject* get_path(PyObject* self, void*) {
  PyObject* name = reinterpret_cast<Model*>(self)->path_name;
  Py_INCREF(name);
  return name;
}

PyObject* get_leaf_kind(PyObject* self, void*) {
  static const char* const names[] = {"votes", "dense", "scalar", "sparse"};
  return PyUnicode_FromString(names[reinterpret_cast<Model*>(self)->packed->view.leaf_kind]);
}

PyObject* get_node_bytes(PyObject* self, void*) {
  return PyLong_FromLong(reinterpret_cast<Model*>(self)->packed->view.wide ? sizeof(WideNode) : sizeof(Node));
}

PyObject* get_threads(PyObject* self, void*) { return PyLong_FromLong(reinterpret_cast<Model*>(self)->threads->load()); }

int set_threads(PyObject* self, PyObject* value, void*) {
  const long threads = value == nullptr ? -1 : PyLong_AsLong(value);
  if (threads == -1 && PyErr_Occurred()) return -1;
  if (threads < 1 || threads > 1024) {
    PyErr_Format(PyExc_ValueError, "threads must be from 1 to 1024, got %ld", threads);
    return -1;
  }
  reinterpret_cast<Model*>(self)->threads->store(static_cast<int>(threads));
  return 0;
}

PyObject* module_supported(PyObject*, PyObject*) { return PyUnicode_FromString(supported_paths().c_str()); }

PyObject* make_module() {
  static PyMethodDef methods[] = {
      {"scores", model_scores, METH_O, "Scores (n, n_scores)."},
      {"flat_scores", model_flat_scores, METH_O, "Scores; (n,) if there is one a row."},
      {"probabilities", model_probabilities, METH_O, "Linked scores (n, n_classes)."},
      {"values", model_values, METH_O, "Linked scores; (n,) if there is one a row."},
      {"labels", model_labels, METH_O, "Labels (n,), or class indices (n, n_outputs)."},
      {nullptr, nullptr, 0, nullptr}};
  static PyGetSetDef getters[] = {{"nbytes", get_bytes, nullptr, "Bytes of all tables.", nullptr},
                                  {"path", get_path, nullptr, "Name of the path that runs.", nullptr},
                                  {"leaf_kind", get_leaf_kind, nullptr, "votes, dense, scalar or sparse.", nullptr},
                                  {"node_bytes", get_node_bytes, nullptr, "Bytes of a packed node.", nullptr},
                                  {"threads", get_threads, set_threads, "Threads a call may use.", nullptr},
                                  {nullptr, nullptr, nullptr, nullptr, nullptr}};
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(model_new)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(model_dealloc)},
                                {Py_tp_traverse, reinterpret_cast<void*>(model_traverse)},
                                {Py_tp_clear, reinterpret_cast<void*>(model_clear)},
                                {Py_tp_methods, methods},
                                {Py_tp_getset, getters},
                                {0, nullptr}};
  static PyType_Spec spec = {"fasttrees.Model", sizeof(Model), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  static PyMethodDef functions[] = {{"supported", module_supported, METH_NOARGS, "Paths of this build and processor."},
                                    {nullptr, nullptr, 0, nullptr}};
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "fasttrees", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};
  PyObject* module = PyModule_Create(&definition);
  if (module == nullptr) return nullptr;
  PyObject* type = PyType_FromSpec(&spec);
  if (type == nullptr || PyModule_AddObject(module, "Model", type) < 0) {
    Py_XDECREF(type);
    Py_DECREF(module);
    return nullptr;
  }
  return module;
}
