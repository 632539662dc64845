"""The metadata file: what a user may write, what comes of it, and the one line for each thing that is wrong."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from carelabel.errors import EXIT_LOAD, EXIT_USAGE, CareLabelError, LoadError
from carelabel.model import metadata_schema
from carelabel.model.metadata import metadata_json_schema, read_submission

if TYPE_CHECKING:
    from carelabel.model.facts import Submission

HEAD = "name: m\ntask: classification\n"
GOOD = HEAD + "data: {test: test.csv}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model, a test and a training table, all of a few bytes."""
    (tmp_path / "model.bin").write_bytes(bytes(range(100)))
    (tmp_path / "test.csv").write_text("a,sex,y\n1,m,0\n")
    (tmp_path / "train.csv").write_text("a,sex,y\n1,m,0\n2,f,1\n")
    (tmp_path / "data.npz").write_bytes(b"PK")
    return tmp_path


def read(folder: Path, text: str) -> Submission:
    (folder / "meta.yaml").write_text(text, encoding="utf-8")
    return read_submission(folder / "model.bin", folder / "meta.yaml")


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(CareLabelError) as caught:
        read(folder, text)
    assert caught.value.exit_code == EXIT_USAGE
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_least_that_can_be_said(folder: Path) -> None:
    submission = read(folder, GOOD)
    assert submission.path == folder / "model.bin"
    assert submission.sha256 == hashlib.sha256(bytes(range(100))).hexdigest()
    assert (submission.bytes, submission.head) == (100, bytes(range(64)))
    assert submission.metadata_sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert (submission.declared.name, submission.declared.task, submission.train) == ("m", "classification", None)
    assert (submission.declared.framework, submission.declared.family, submission.declared.classes) == (
        None,
        None,
        None,
    )
    test = submission.test
    assert (test.path, test.target, test.options) == (folder / "test.csv", "", {"format": "csv"})
    assert (test.sha256, test.bytes) == (hashlib.sha256(test.path.read_bytes()).hexdigest(), 14)
    assert submission.limits.timing_rows == 10_000


def test_everything_that_can_be_said(folder: Path) -> None:
    submission = read(
        folder,
        """
        name: adult
        task: classification
        framework: scikit-learn
        family: pipeline
        data:
          test: {path: test.csv, target: y, drop: [id], sensitive: [sex], separator: ",", features: [a], format: csv}
          train: train.csv
          input_shape: [13]
          classes: [<=50K, no, 1, 0.5, true]
          samples: 16281
          distribution: {<=50K: 0.76, no: 0.24, 1: 0, 2.0: 0}
        limits: {timing_rows: 500}
        """,
    )
    declared = submission.declared
    assert (declared.framework, declared.family, declared.input_shape) == ("scikit-learn", "pipeline", (13,))
    assert declared.classes == ("<=50K", "no", 1, 0.5, True)
    assert (declared.samples, declared.distribution) == (16281, {"<=50K": 0.76, "no": 0.24, "1": 0, "2": 0})
    assert declared.sensitive == ("sex",)
    assert submission.test.target == "y"
    options = {"format": "csv", "drop": ["id"], "sensitive": ["sex"], "separator": ",", "features": ["a"]}
    assert submission.test.options == options
    assert submission.limits.timing_rows == 500


def test_the_example_in_the_documentation_is_taken(folder: Path) -> None:
    example = textwrap.dedent((metadata_schema.__doc__ or "").partition("::\n")[2].partition("\nImages lie")[0])
    (folder / "adult_test.csv").write_text("a\n1\n")
    (folder / "adult_train.csv").write_text("a\n1\n")
    submission = read(folder, example)
    assert submission.declared.classes == ("<=50K", ">50K")
    known = set(yaml.safe_load(example)) | {"framework"}
    assert known == set(metadata_schema.Metadata.model_fields)


def test_the_example_for_images_is_taken_and_the_training_set_is_scaled_alike(folder: Path) -> None:
    example = textwrap.dedent((metadata_schema.__doc__ or "").rpartition("::\n")[2])
    (folder / "cats_and_dogs.zip").write_bytes(b"PK")
    submission = read(folder, f"{HEAD}{example.strip()}\n  train: cats_and_dogs.zip\n")
    assert submission.test.options["images"] == {
        "size": [32, 32],
        "colour": "rgb",
        "layout": "nchw",
        "resample": "bilinear",
        "divide": 255.0,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.2, 0.2, 0.2],
    }
    assert submission.train is not None
    assert submission.train.options["images"] == submission.test.options["images"]


def test_a_training_table_takes_over_what_it_does_not_say_itself(folder: Path) -> None:
    test = "test: {path: test.csv, target: y, drop: [a], sensitive: [sex]}"
    train = read(folder, f"{HEAD}data: {{{test}, train: train.csv}}").train
    assert train is not None
    assert (train.target, train.options["drop"], train.options["sensitive"]) == ("y", ["a"], ["sex"])
    own = read(folder, f"{HEAD}data: {{{test}, train: {{path: train.csv, target: z, drop: []}}}}").train
    assert own is not None
    assert (own.target, "drop" in own.options) == ("z", False)


def test_an_archive_takes_over_nothing_because_its_arrays_have_their_own_names(folder: Path) -> None:
    train = read(folder, HEAD + "data: {test: {path: data.npz, target: y_test}, train: data.npz}").train
    assert train is not None
    assert (train.target, train.options) == ("", {"format": "npz"})


def test_target_and_sensitive_columns_can_be_named_once_for_both(folder: Path) -> None:
    submission = read(folder, HEAD + "data: {test: test.csv, train: train.csv, target: y, sensitive: sex}")
    assert submission.train is not None
    assert submission.test.target == submission.train.target == "y"
    assert submission.test.options["sensitive"] == submission.train.options["sensitive"] == ["sex"]


def test_null_says_that_there_is_no_target(folder: Path) -> None:
    assert read(folder, HEAD + "data: {test: {path: test.csv, target: null}}").test.options["no_target"] is True
    assert "no_target" not in read(folder, GOOD).test.options


def test_relative_paths_start_at_the_yaml_and_absolute_ones_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "meta.yaml").write_text(f"{HEAD}data: {{test: ../test.csv, train: {folder / 'train.csv'}}}")
    monkeypatch.chdir(folder.parent)
    submission = read_submission(Path(folder.name) / "model.bin", Path(folder.name) / "sub" / "meta.yaml")
    assert submission.test.path.samefile(folder / "test.csv")
    assert submission.train is not None
    assert submission.train.path == folder / "train.csv"
    assert submission.path.is_absolute()


def test_yes_and_no_are_classes_and_not_truth_values(folder: Path) -> None:
    assert read(folder, HEAD + "data: {test: test.csv, classes: [yes, no, on, off]}").declared.classes == (
        *("yes", "no", "on", "off"),
    )


BAD = {
    "empty file": (
        "",
        "meta.yaml: the metadata must be a mapping, found an empty file (carelabel init MODEL writes a first one)",
    ),
    "a list": (
        "- 1\n",
        "meta.yaml: the metadata must be a mapping, found a list of 1 (carelabel init MODEL writes a first one)",
    ),
    "a word": (
        "model",
        "meta.yaml: the metadata must be a mapping, found 'model' (carelabel init MODEL writes a first one)",
    ),
    "no yaml": (
        "name: [",
        (
            "meta.yaml: the metadata must be valid YAML, found in line 1, column 8: expected the node content,"
            " but found '<stream end>'"
        ),
    ),
    "control characters": (
        "name: \x01",
        (
            "meta.yaml: the metadata must be YAML text in UTF-8, found binary data (is it the model?"
            " --meta takes the metadata)"
        ),
    ),
    "a key twice": (
        GOOD + "name: n\n",
        "meta.yaml: the metadata must be valid YAML, found in line 4, column 1: the key 'name' stands there twice",
    ),
    "an alias": (
        "name: &n m\ntask: *n\n",
        "meta.yaml: the metadata must be valid YAML, found in line 2, column 7: aliases (*name) are not taken here",
    ),
    "a list as key": (
        GOOD + "? [a]\n: 1\n",
        "meta.yaml: the metadata must be valid YAML, found in line 4, column 3: a key must be a word",
    ),
    "python objects": (
        "name: !!python/name:os.system\n",
        (
            "meta.yaml: the metadata must be valid YAML, found in line 1, column 7: could not determine a"
            " constructor for the tag 'tag:yaml.org,2002:python/name:os.system'"
        ),
    ),
    "a number without end": (
        GOOD + f"limits: {{timing_rows: 0x{'f' * 5000}}}\n",
        (
            "meta.yaml: the metadata must be valid YAML, found in line 4, column 23: a whole number must have at most"
            " 64 bits, this one has 20000"
        ),
    ),
    "unknown key": (
        GOOD + "frame_work: x\n",
        "meta.yaml: frame_work is not a key that is known here (did you mean framework?)",
    ),
    "unknown key inside": (
        HEAD + "data: {test: {path: test.csv, trget: y}}",
        "meta.yaml: data.test.trget is not a key that is known here (did you mean target?)",
    ),
    "unknown key like none": (
        GOOD + "limits: {x: 1}",
        "meta.yaml: limits.x is not a key that is known here (known here: timing_rows)",
    ),
    "a misspelt key": (
        HEAD + "data: {tset: test.csv}",
        "meta.yaml: data.tset is not a key that is known here; 1 more after this (did you mean test?)",
    ),
    "no data": (HEAD, "meta.yaml: data must be given, found no such key (The data that belongs to the model.)"),
    "data as path": (
        HEAD + "data: test.csv",
        (
            "meta.yaml: data must be a mapping, found 'test.csv' (its keys are test, train, target, sensitive,"
            " input_shape, classes, samples, distribution)"
        ),
    ),
    "name as number": (GOOD.replace("name: m", "name: 5"), "meta.yaml: name must be text, found 5 (put it in quotes)"),
    "no name": (GOOD.replace("name: m", "name: ''"), "meta.yaml: name must not be empty, found ''"),
    "null as task": (GOOD.replace("classification", "null"), "meta.yaml: task must be text, found null"),
    "rows as text": (
        GOOD + "limits: {timing_rows: '5'}",
        "meta.yaml: limits.timing_rows must be a whole number, found '5'",
    ),
    "no rows": (GOOD + "limits: {timing_rows: 0}", "meta.yaml: limits.timing_rows must be at least 1, found 0"),
    "too many rows": (
        GOOD + "limits: {timing_rows: 10000001}",
        "meta.yaml: limits.timing_rows must be at most 10000000, found 10000001",
    ),
    "shape of nothing": (
        HEAD + "data: {test: test.csv, input_shape: [0]}",
        "meta.yaml: data.input_shape[0] must be at least 1, found 0",
    ),
    "shape as number": (
        HEAD + "data: {test: test.csv, input_shape: 784}",
        "meta.yaml: data.input_shape must be a list, found 784",
    ),
    "class null": (
        HEAD + "data: {test: test.csv, classes: [a, null]}",
        "meta.yaml: data.classes[1] must be text, a number, true or false, found null",
    ),
    "no classes": (
        HEAD + "data: {test: test.csv, classes: []}",
        "meta.yaml: data.classes must not be empty, found a list of 0",
    ),
    "negative share": (
        HEAD + "data: {test: test.csv, distribution: {a: -1}}",
        "meta.yaml: data.distribution.a must be a number of rows or a share, at least 0, found -1",
    ),
    "samples as truth value": (
        HEAD + "data: {test: test.csv, samples: true}",
        "meta.yaml: data.samples must be a whole number, found True",
    ),
    "unknown format": (
        HEAD + "data: {test: {path: test.csv, format: xls}}",
        "meta.yaml: data.test.format must be one of npz, npy, csv, parquet, libsvm, images, found 'xls'",
    ),
    "long separator": (
        HEAD + "data: {test: {path: test.csv, separator: ', '}}",
        "meta.yaml: data.test.separator must have at most 1 character, found ', '",
    ),
    "unknown suffix": (
        HEAD + "data: {test: model.bin}",
        (
            "meta.yaml: data.test must end in one of .npz, .npy, .csv, .tsv, .parquet, .libsvm, .svmlight, .svm, .zip,"
            " found model.bin (or say which it is: format: npz | npy | csv | parquet | libsvm | images)"
        ),
    ),
    "sensitive target": (
        HEAD + "data: {test: {path: test.csv, target: y, sensitive: [sex, y]}}",
        "meta.yaml: data.test.sensitive must not hold the target, found 'y' (take it out of sensitive)",
    ),
    "target as feature": (
        HEAD + "data: {test: {path: test.csv, target: y, features: [a, y]}}",
        "meta.yaml: data.test.features must not hold the target, found 'y' (take it out of features)",
    ),
    "taken and dropped": (
        HEAD + "data: {test: {path: test.csv, features: [a, sex], drop: [sex]}}",
        (
            "meta.yaml: data.test must not list a column in features and in drop, found sex in both"
            " (take it out of one of them)"
        ),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_metadata(folder: Path, case: str) -> None:
    text, expected = BAD[case]
    assert refusal(folder, text) == expected


def test_a_missing_data_file_and_a_folder(folder: Path) -> None:
    hint = "(relative paths start at the folder of the metadata file)"
    assert refusal(folder, HEAD + "data: {test: no.csv}") == (
        f"meta.yaml: data.test must be a file, but there is no {folder / 'no.csv'} {hint}"
    )
    assert refusal(folder, HEAD + "data: {test: test.csv, train: no.csv}") == (
        f"meta.yaml: data.train must be a file, but there is no {folder / 'no.csv'} {hint}"
    )
    assert refusal(folder, HEAD + "data: {test: .}") == (
        "meta.yaml: data.test must be a file or a folder of images, "
        f"found the folder {folder} without any image (name the file in it)"
    )


def test_nesting_without_end_is_refused_in_one_line(folder: Path) -> None:
    assert "the metadata must be valid YAML, found something that cannot be read" in refusal(folder, "[" * 20_000)


def test_long_values_are_cut_in_messages(folder: Path) -> None:
    assert len(refusal(folder, GOOD + f"limits: {{timing_rows: {'x' * 5000}}}")) < 200


def test_the_model_in_place_of_the_metadata(folder: Path) -> None:
    (folder / "big.pkl").write_bytes(b"a: b\n" * 300_000)
    with pytest.raises(CareLabelError) as caught:
        read_submission(folder / "model.bin", folder / "big.pkl")
    assert str(caught.value) == (
        "big.pkl: the metadata must be a YAML file of at most 1 MiB, found 1500000 bytes (is it the"
        " model? --meta takes the"
        " metadata)"
    )
    with pytest.raises(CareLabelError, match=r"model\.bin: the metadata must be YAML text in UTF-8, found binary data"):
        read_submission(folder / "model.bin", folder / "model.bin")


def test_metadata_that_is_not_there(folder: Path) -> None:
    for name, found in (("no.yaml", "but there is no "), (".", "found the folder ")):
        with pytest.raises(CareLabelError, match=f"the metadata must be a YAML file, {found}") as caught:
            read_submission(folder / "model.bin", folder / name)
        assert caught.value.exit_code == EXIT_USAGE


def test_a_model_that_is_not_there_is_a_folder_or_empty(folder: Path) -> None:
    (folder / "meta.yaml").write_text(GOOD)
    (folder / "empty.pkl").touch()
    expected = {
        "no.pkl": f"the model must be a file, but there is no {folder / 'no.pkl'} (check the path)",
        ".": f"the model must be a file, found the folder {folder} (name the file in it)",
        "empty.pkl": (
            f"the model must be a file with a model in it, found the empty file {folder / 'empty.pkl'} (save it again)"
        ),
    }
    codes = {}
    for name, text in expected.items():
        with pytest.raises(CareLabelError) as caught:
            read_submission(folder / name, folder / "meta.yaml")
        assert str(caught.value) == text
        codes[name] = caught.value.exit_code
    assert codes == {"no.pkl": EXIT_USAGE, ".": EXIT_USAGE, "empty.pkl": EXIT_LOAD}
    assert LoadError.exit_code == EXIT_LOAD


def test_a_model_of_300_mb_costs_the_parent_less_than_20_mb_and_imports_no_framework(folder: Path) -> None:
    (folder / "meta.yaml").write_text(GOOD)
    with (folder / "big.bin").open("wb") as file:
        file.truncate(300 * 10**6)
    code = f"""
import re, sys
from pathlib import Path
from carelabel.model.metadata import read_submission
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1)) * 1024
folder = Path({str(folder)!r})
read_submission(folder / "model.bin", folder / "meta.yaml")
before = peak()
assert read_submission(folder / "big.bin", folder / "meta.yaml").bytes == 300 * 10**6
assert peak() - before < 20 * 10**6, peak() - before
assert not {{"numpy", "pandas", "scipy", "sklearn"}} & set(sys.modules)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_json_schema_describes_every_key_and_refuses_others() -> None:
    schema = metadata_json_schema()
    parts = [schema, *schema["$defs"].values()]
    for part in parts:
        assert part["additionalProperties"] is False
        assert part["description"]
        for name, field in part["properties"].items():
            assert re.match(r"[A-Zc].{10,}", field["description"]), name
    assert schema["required"] == ["name", "task", "data"]


def test_the_json_schema_allows_a_path_alone_and_one_name() -> None:
    schema = metadata_json_schema()
    data, file = schema["$defs"]["Data"]["properties"], schema["$defs"]["DataFile"]["properties"]
    assert data["test"]["anyOf"][0]["type"] == data["train"]["anyOf"][0]["type"] == "string"
    for field in (data["sensitive"], file["sensitive"], file["drop"], file["features"]):
        assert [choice.get("type") for choice in field["anyOf"]][:2] == ["string", "array"]
