"""Keras models: what is found out about them, what they answer, and what is refused in one line."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError, UnsupportedError
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from tests.factories import make_data

# Importing Keras to see whether it is there would choose its back end.
if find_spec("keras") is None or find_spec("torch") is None:
    pytest.skip("keras or torch is not installed", allow_module_level=True)

# Keras itself copies torch's tensors in numpy's old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel_keras.backend import KerasBackend

ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)
RNG = np.random.default_rng(0)
FLAT = RNG.normal(size=(40, 6))
IMAGES = RNG.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


@pytest.fixture(scope="module", autouse=True)
def _torch_threads() -> Any:
    """Loading for a platform sets the threads of the whole process."""
    import torch  # noqa: PLC0415 - after Keras' environment is set

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def keras() -> Any:
    from carelabel_keras.library import import_keras  # noqa: PLC0415 - only where Keras is installed

    module = import_keras(None)
    module.utils.set_random_seed(0)
    return module


@pytest.fixture
def backend() -> KerasBackend:
    from carelabel_keras.backend import KerasBackend  # noqa: PLC0415 - as above

    return KerasBackend()


def data_of(x: np.ndarray, classes: tuple[Any, ...] = (0, 1, 2), **changes: Any) -> DataSet:
    facts = make_data(rows=len(x), features=x[0].size, shape=x.shape[1:], classes=classes, **changes)
    target = np.array(classes)[np.arange(len(x)) % len(classes)] if classes else np.ones(len(x))
    return DataSet(rows=Rows(array=x), target=target, groups={}, facts=facts)


def dense(keras: Any, outputs: int, last: str | None, *, width: int = 6, hidden: bool = True) -> Any:
    layers = [keras.layers.Dense(5, activation="relu")] if hidden else []
    return keras.Sequential([keras.Input((width,)), *layers, keras.layers.Dense(outputs, activation=last)])


def convolution(keras: Any) -> Any:
    """A small net with what such nets have: strides, normalisation, pooling, dropout, two branches."""
    x = keras.Input((8, 8, 3))
    y = keras.layers.Rescaling(1 / 255)(x)
    y = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(y)
    y = keras.layers.BatchNormalization()(y)
    y = keras.layers.Add()([y, keras.layers.SeparableConv2D(4, 3, padding="same")(y)])
    y = keras.layers.MaxPooling2D()(y)
    y = keras.layers.Dropout(0.5)(y)
    y = keras.layers.GlobalAveragePooling2D()(y)
    return keras.Model(x, keras.layers.Dense(3, activation="softmax")(y))


def opened(backend: Any, model: Any, folder: Path, data: DataSet) -> tuple[Any, Any, Path]:
    path = folder / "model.keras"
    model.save(path)
    facts = backend.inspect(path, data)
    return facts, backend.load(Artefact(path=path, format="keras", facts=facts), ONE_THREAD), path


def answers(model: Any, x: np.ndarray) -> np.ndarray:
    """Without carelabel."""
    found: np.ndarray = model.predict(x, verbose=0)
    return found


def test_a_net_of_layers(keras: Any, backend: Any, tmp_path: Path) -> None:
    model = dense(keras, 3, "softmax")
    facts, predictor, _ = opened(backend, model, tmp_path, data_of(FLAT))
    assert (facts.framework, facts.format, facts.family, facts.task) == ("keras", "keras", "mlp", "classification")
    assert (facts.parameters, facts.counts) == (6 * 5 + 5 + 5 * 3 + 3, {"layers": 2})
    assert (facts.input_type.shape, facts.input_type.dtype, facts.classes) == ((6,), "float32", (0, 1, 2))
    wanted = answers(model, FLAT)
    x = predictor.prepare(Rows(array=FLAT))
    np.testing.assert_allclose(predictor.predict_proba(x), wanted, rtol=1e-5, atol=1e-6)
    assert predictor.predict(x).tolist() == wanted.argmax(axis=1).tolist()
    assert predictor.decision_function is None


def test_images_lie_with_their_channels_last(keras: Any, backend: Any, tmp_path: Path) -> None:
    model = convolution(keras)
    facts, predictor, _ = opened(backend, model, tmp_path, data_of(IMAGES, ("cat", "dog", "emu")))
    assert (facts.family, facts.input_type.shape) == ("cnn", (8, 8, 3))
    assert facts.counts["frozen_parameters"] == 8
    assert "numbers its classes 0 to 2: they were taken for 'cat', 'dog', 'emu'" in facts.warnings[0]
    wanted = answers(model, IMAGES.astype(np.float32))
    x = predictor.prepare(Rows(array=IMAGES))
    np.testing.assert_allclose(predictor.predict_proba(x), wanted, rtol=1e-5, atol=1e-6)
    assert predictor.predict(x).tolist() == np.array(["cat", "dog", "emu"])[wanted.argmax(axis=1)].tolist()
    turned = data_of(np.moveaxis(IMAGES, -1, 1))
    with pytest.raises(LoadError, match=r"8x8x3; it has 3x8x8 \(images: {layout: nhwc}"):
        opened(backend, model, tmp_path, turned)


@pytest.mark.parametrize(("outputs", "last"), [(1, "sigmoid"), (1, None), (2, None)])
def test_two_classes(keras: Any, backend: Any, tmp_path: Path, outputs: int, last: str | None) -> None:
    model = dense(keras, outputs, last, hidden=False)
    facts, predictor, _ = opened(backend, model, tmp_path, data_of(FLAT, ("no", "yes")))
    raw = answers(model, FLAT)
    margin = raw[:, 0] - (0.5 if last else 0.0) if outputs == 1 else raw[:, 1] - raw[:, 0]
    x = predictor.prepare(Rows(array=FLAT))
    assert facts.family == "linear"
    assert predictor.predict(x).tolist() == np.where(margin > 0, "yes", "no").tolist()
    if last:
        np.testing.assert_allclose(predictor.predict_proba(x), np.c_[1 - raw, raw], rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_allclose(predictor.decision_function(x), margin, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 2])
def test_values(keras: Any, backend: Any, tmp_path: Path, outputs: int) -> None:
    model = dense(keras, outputs, None)
    facts, predictor, _ = opened(backend, model, tmp_path, data_of(FLAT, ()))
    assert (facts.task, facts.outputs, facts.classes) == ("regression", outputs, ())
    found = predictor.predict(predictor.prepare(Rows(array=FLAT)))
    np.testing.assert_allclose(found, answers(model, FLAT).reshape(found.shape), rtol=1e-5, atol=1e-6)
    assert found.ndim == outputs


@pytest.mark.parametrize("make", [convolution, lambda keras: dense(keras, 3, None)], ids=["convolution", "logits"])
def test_the_exported_graph_is_the_same_model(keras: Any, backend: Any, tmp_path: Path, make: Any) -> None:
    ort = pytest.importorskip("onnxruntime")
    from carelabel_keras.convert import convert  # noqa: PLC0415 - as above

    model = make(keras)
    x = IMAGES if len(model.input_shape) == 4 else FLAT
    data = data_of(x)
    facts, predictor, path = opened(backend, model, tmp_path, data)
    context = ConvertContext(load=lambda: predictor, test=data, train=None, scratch=tmp_path, threads=1, seed=0)
    (tmp_path / "out").mkdir()
    made = convert(Artefact(path=path, format="keras", facts=facts), tmp_path / "out", context)
    assert (made.format, made.input_type) == ("onnx", facts.input_type)
    session = ort.InferenceSession(made.path)
    for rows in (x, x[:1]):
        (found,) = session.run(None, {session.get_inputs()[0].name: rows.astype(np.float32)})
        np.testing.assert_allclose(found, answers(model, rows.astype(np.float32)), rtol=1e-4, atol=1e-5)


def test_what_torch_cannot_export_is_said_in_one_line(keras: Any, tmp_path: Path) -> None:
    from carelabel_keras.convert import convert  # noqa: PLC0415 - as above

    def export(*_: Any, **__: Any) -> None:
        message = "no symbolic function\nfor aten::unheard"
        raise NotImplementedError(message)

    native = SimpleNamespace(export=export)
    loaded: Any = SimpleNamespace(native=native, prepare=lambda rows: rows, predict=lambda x: x)
    context = ConvertContext(load=lambda: loaded, test=data_of(FLAT), train=None, scratch=tmp_path, threads=1, seed=0)
    with pytest.raises(UnsupportedError, match="it says: NotImplementedError: no symbolic function for aten::unheard"):
        convert(SimpleNamespace(facts=None), tmp_path, context)  # type: ignore[arg-type]


def test_code_in_a_file_is_not_run(keras: Any, backend: Any, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"lambda x: (__import__('pathlib').Path({str(mark)!r}).touch(), x)[1]"
    attack = eval(code)  # noqa: S307 - a function that leaves a mark
    model = keras.Sequential([keras.Input((6,)), keras.layers.Lambda(attack), keras.layers.Dense(3)])
    path = tmp_path / "model.keras"
    model.save(path)
    mark.unlink()
    with pytest.raises(LoadError, match="must hold layers alone, and it holds Python code"):
        backend.inspect(path, data_of(FLAT))
    assert not mark.exists()


def test_what_does_not_fit_is_one_line(keras: Any, backend: Any, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"data must have rows as model\.keras takes them, 7; it has 6"):
        opened(backend, dense(keras, 3, None, width=7), tmp_path, data_of(FLAT))
    with pytest.raises(LoadError, match=r"tells 4 classes apart, so the data must hold their numbers or all of them"):
        opened(backend, dense(keras, 4, None), tmp_path, data_of(FLAT, ("a", "b")))
    two = [keras.Input((6,)), keras.Input((6,))]
    with pytest.raises(LoadError, match=r"must take one array, found 2 inputs"):
        opened(backend, keras.Model(two, keras.layers.Dense(3)(keras.layers.Add()(two))), tmp_path, data_of(FLAT))


def test_a_bad_file_is_one_line(keras: Any, backend: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    dense(keras, 3, None).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LoadError, match=r"must be a \.keras archive as Keras 3 saves it, found: File is not a zip"):
        backend.inspect(path, data_of(FLAT))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
    with pytest.raises(LoadError, match=r"found: no config\.json, model\.weights\.h5 in it"):
        backend.inspect(path, data_of(FLAT))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(LoadError, match=r"must hold a model that Keras .* can load; it says"):
        backend.inspect(path, data_of(FLAT))


@pytest.mark.slow
def test_declaring_imports_no_framework_and_predicting_no_onnx() -> None:
    code = (
        "import sys, carelabel_keras.plugin as p; p.carelabel_backends(); p.carelabel_converters();"
        "first = {'numpy', 'torch', 'keras'} & set(sys.modules);"
        "import carelabel_keras.backend as b; from carelabel_keras.library import import_keras as i;"
        "k = i(None); import carelabel_keras.predictor;"
        "print(first, k.backend.backend(), {'onnx', 'onnxruntime', 'tensorflow'} & set(sys.modules))"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout.strip() == "set() torch set()"
