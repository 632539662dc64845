"""`carelabel export model.pkl --to cpp`: source that stands alone, compiles, and checks itself."""

from __future__ import annotations

import pickle
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from carelabel.cli.app import main

if TYPE_CHECKING:
    from pathlib import Path

X, Y = make_classification(200, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
FILES = ["CMakeLists.txt", "main.cpp", "wood.cpp", "wood.h"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    forest = RandomForestClassifier(8, max_depth=6, random_state=0).fit(X, np.array(["ash", "birch", "cedar"])[Y])
    path.write_bytes(pickle.dumps(forest))
    return path


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile the project and run the program that checks it."""
    compiler = shutil.which("g++") or shutil.which("c++") or "g++"
    words = [compiler, "-std=c++17", "-ffp-contract=off", "wood.cpp", "main.cpp", "-o", "check"]
    subprocess.run(words, cwd=folder, check=True)
    return subprocess.run([str(folder / "check")], capture_output=True, text=True, check=False)


def test_the_source_compiles_and_finds_itself_right(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "test.npz", X=X, y=Y)
    meta = tmp_path / "meta.yaml"
    meta.write_text(yaml.safe_dump({"name": "wood", "task": "classification", "data": {"test": "test.npz"}}))
    out = tmp_path / "out"
    words = ["--to", "cpp", "--trust-pickle", "-o", str(out), "--set", "fastinference.cpp.name=wood"]
    settings = ["--set", "fastinference.cpp.checks=50", "--set", "fastinference.cpp.budget=20"]
    assert main(["export", str(model), "--meta", str(meta), *words, *settings]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"fastinference.cpp wrote to {out}:",
        *(f"  {name}" for name in FILES),
    ]
    done = check(out)
    assert (done.returncode, done.stdout) == (0, "100 rows, 0 differences\n")
    main_text = (out / "main.cpp").read_text()
    first = main_text.index("score_bits")
    digit = next(at for at in range(main_text.index("0x", first), len(main_text)) if main_text[at] in "123456789")
    (out / "main.cpp").write_text(f"{main_text[:digit]}{int(main_text[digit]) - 1}{main_text[digit + 1 :]}")
    assert check(out).returncode == 1, "a stored prediction was changed"


def test_no_data_is_needed_but_consent_is(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", str(model), "--to", "cpp", "-o", str(tmp_path / "out")]
    assert main(words) == 2
    assert "nobody has agreed to that" in capsys.readouterr().err
    assert main([*words, "--trust-pickle", "--set", "fastinference.cpp.name=wood"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES


@pytest.mark.parametrize(
    ("what", "said"),
    [("linear", "fastinference.cpp is for family"), ("std", "name must be a lower-case C++ identifier")],
)
def test_what_cannot_be_exported_gives_one_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, said: str
) -> None:
    settings = []
    if what == "linear":
        model.write_bytes(pickle.dumps(LogisticRegression().fit(X, Y)))
    else:
        settings = ["--set", f"fastinference.cpp.name={what}"]
    words = ["export", str(model), "--to", "cpp", "--trust-pickle", "-o", str(tmp_path / "out"), *settings]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
