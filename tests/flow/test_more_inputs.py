"""Images, text and sparse rows through the whole flow: the figures are those of the model without carelabel."""

from __future__ import annotations

import pickle
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from tests.flow.conftest import installed
from tests.flow.program import HERE, Ended, Program
from tests.subjects import TRAIN_ROWS
from tests.subjects_more import ANIMALS, SUBJECTS, WORDS, sparse_points

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.subjects import Case

needs_pillow = pytest.mark.skipif(find_spec("PIL") is None, reason="pillow is not installed")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """What a subject answers, and the time of one batch."""
    content = yaml.safe_load((HERE / "one-platform.yaml").read_text(encoding="utf-8"))
    content["tests"]["include"] = ["quality.accuracy", "quality.log-loss", "resources.latency"]
    converters = ("onnx.skl2onnx", "keras.onnx")
    content["converters"] = {
        "kinds": [],
        "include": [name for name in converters if name.partition(".")[0] in installed()],
    }
    content["parameters"] = {"resources.latency": {"batch_sizes": [1]}}
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump({**content, "paired_s": 0.2}), encoding="utf-8")
    return path


def labelled(program: Program, case: Case, suite: Path, folder: Path) -> tuple[Mapping[str, Any], Ended]:
    consent = ["--trust-pickle"] if case.executes_code else []
    ended = program.run("run", case.model, "--meta", case.meta, "--suite", suite, *consent, "-o", folder / "label.json")
    assert ended.code == 0, ended.err
    label = program.label(folder / "label.json")
    assert {outcome["status"] for outcome in label["outcomes"]} == {"measured"}
    assert label["data"]["test"]["rows"] == case.rows
    return label, ended


def figure(label: Mapping[str, Any], candidate: str, quantity: str) -> float:
    (found,) = [
        row["value"] for row in label["measurements"] if (row["candidate"], row["quantity"]) == (candidate, quantity)
    ]
    return float(found)


def candidates(label: Mapping[str, Any]) -> dict[str, Any]:
    return {item["id"]: item for item in label["candidates"] if item["id"] != "reference"}


@needs_pillow
@pytest.mark.needs_plugin("onnx", "quality", "resources")
def test_a_folder_of_images(program: Program, suite: Path, tmp_path: Path) -> None:
    case = SUBJECTS["images"](tmp_path / "case")
    label, _ = labelled(program, case, suite, tmp_path)
    assert label["data"]["test"]["shape"] == [3, 8, 8]
    assert label["data"]["test"]["distribution"] == dict.fromkeys(ANIMALS, 20)
    assert label["subject"]["family"] == "cnn"
    probabilities, truth = ask_about_images(case)
    assert figure(label, "original", "accuracy") == pytest.approx(np.mean(probabilities.argmax(axis=1) == truth))
    loss = -np.log(probabilities[np.arange(len(truth)), truth]).mean()
    assert figure(label, "original", "log_loss") == pytest.approx(loss, rel=1e-5)


def ask_about_images(case: Case) -> tuple[np.ndarray, np.ndarray]:
    import onnxruntime  # noqa: PLC0415 - only where it is installed
    from PIL import Image  # noqa: PLC0415 - as above

    files = sorted((case.model.parent / "test").glob("*/*.png"))
    pixels = np.stack([np.asarray(Image.open(file)) for file in files])
    values = ((pixels / 255 - 0.5) / 0.25).transpose(0, 3, 1, 2).astype(np.float32)
    (found,) = onnxruntime.InferenceSession(case.model).run(None, {"x": values})
    return found, np.array([ANIMALS.index(file.parent.name) for file in files])


@pytest.mark.needs_plugin("sklearn", "onnx", "quality", "resources")
def test_a_column_of_text(program: Program, suite: Path, tmp_path: Path) -> None:
    case = SUBJECTS["text"](tmp_path / "case")
    label, _ = labelled(program, case, suite, tmp_path)
    model = pickle.loads(case.model.read_bytes())
    lines = [line.split("\t") for line in (case.model.parent / "test.tsv").read_text("utf-8").splitlines()]
    truth, texts = np.array([label for label, _ in lines]), [text for _, text in lines]
    assert set(truth) == set(WORDS)
    for name, item in candidates(label).items():
        assert figure(label, name, "accuracy") == pytest.approx(np.mean(model.predict(texts) == truth))
        assert item["parity"] is None or item["parity"]["class"] == "identical", item["parity"]
    assert "onnx" in candidates(label)


@pytest.mark.slow
@pytest.mark.needs_plugin("sklearn", "onnx", "quality", "resources")
def test_sparse_rows(program: Program, suite: Path, tmp_path: Path) -> None:
    case = SUBJECTS["sparse"](tmp_path / "case")
    label, _ = labelled(program, case, suite, tmp_path)
    model = pickle.loads(case.model.read_bytes())
    x, y = sparse_points()
    for name in ("original", "onnx"):
        expected = np.mean(model.predict(x[TRAIN_ROWS:]) == y[TRAIN_ROWS:])
        assert figure(label, name, "accuracy") == pytest.approx(expected)
    found = candidates(label)["onnx"]
    assert found["parity"]["class"] == "identical"
    assert found["notes"]["note"] == "rows are given dense: a graph takes no sparse ones"


@pytest.mark.slow
@needs_pillow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
@pytest.mark.needs_plugin("keras", "onnx", "quality", "resources")
def test_a_zip_of_images_for_keras(program: Program, suite: Path, tmp_path: Path) -> None:
    case = SUBJECTS["keras-images"](tmp_path / "case")
    label, _ = labelled(program, case, suite, tmp_path)
    subject = label["subject"]
    assert (subject["framework"], subject["family"], subject["consent"]) == ("keras", "cnn", "none-needed")
    assert candidates(label)["onnx"]["parity"]["class"] == "identical"
    assert figure(label, "onnx", "accuracy") == figure(label, "original", "accuracy")


@needs_pillow
@pytest.mark.needs_plugin("onnx")
def test_a_damaged_image_ends_the_run_with_its_name(program: Program, suite: Path, tmp_path: Path) -> None:
    case = SUBJECTS["images"](tmp_path / "case")
    path = tmp_path / "case" / "test" / "dog" / "3.png"
    path.write_bytes(path.read_bytes()[:60])
    ended = program.run("run", case.model, "--meta", case.meta, "--suite", suite)
    assert ended.code == 2
    (line,) = ended.errors
    assert "test/dog/3.png must be an image that can be read, found: " in line
