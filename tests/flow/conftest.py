"""Subjects, a small suite, and the runs that many tests look at: each subject goes through the program once."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from carelabel.cli.app import main
from tests.flow.program import HERE, WITNESS, Ended, Program
from tests.subjects import SUBJECTS, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.flow.refusals import Refusal

AT_ONCE = 2
ROWS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A subject that went through the whole flow.

    Attributes:
        modules: What the parent process had imported when it ended.
    """

    case: Case
    ended: Ended
    label: Mapping[str, Any]
    modules: frozenset[str]
    program: Program

    def figures(self, candidate: str, quantity: str) -> list[Mapping[str, Any]]:
        """All measurements of a quantity."""
        rows = self.label["measurements"]
        return [row for row in rows if (row["candidate"], row["quantity"]) == (candidate, quantity)]

    def figure(self, candidate: str, quantity: str) -> Mapping[str, Any]:
        """The only measurement of a quantity."""
        (row,) = self.figures(candidate, quantity)
        return row


def installed() -> frozenset[str]:
    """Plugins that are installed: a subject or an expectation of another one is left out."""
    return frozenset(point.name for point in entry_points(group="carelabel"))


TWO_PLATFORMS = frozenset({"forest", "onnx-labels"})
NEEDS = {name: "onnx" if name.startswith("onnx") else "sklearn" for name in SUBJECTS}


@pytest.fixture(scope="session")
def _matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Labelled]]:
    """Starts all subjects when the first is asked for; two at a time, and timed phases wait for each other."""
    base = tmp_path_factory.mktemp("matrix")
    futures: dict[str, Future[Labelled]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def ask(name: str) -> Labelled:
            if NEEDS[name] not in installed():
                pytest.skip(f"the plugin {NEEDS[name]} is not installed")
            if not futures:
                cases = {each: make(base / each) for each, make in SUBJECTS.items() if NEEDS[each] in installed()}
                futures.update({each: pool.submit(_label, case, each, base) for each, case in cases.items()})
            return futures[name].result()

        yield ask
        for future in futures.values():
            future.cancel()


def _label(case: Case, name: str, base: Path) -> Labelled:
    suite = HERE / ("two-platforms.yaml" if name in TWO_PLATFORMS else "one-platform.yaml")
    program = Program(home=base / name / "home", lock=base, plugins=(WITNESS,))
    modules, written = base / name / "modules.json", base / name / "label.json"
    words = ["run", case.model, "--meta", case.meta, "--suite", suite]
    consent = ["--trust-pickle"] if case.executes_code else []
    ended = program.run(*words, *consent, "-o", written, "--json", modules=modules)
    assert ended.code in {0, 1}, f"{name} ended with {ended.code}: {ended.err}"
    return Labelled(
        case=case,
        ended=ended,
        label=program.label(written),
        modules=frozenset(json.loads(modules.read_text())),
        program=program,
    )


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.needs_plugin(NEEDS[name])) for name in SUBJECTS])
def labelled(request: pytest.FixtureRequest, _matrix: Callable[[str], Labelled]) -> Labelled:
    """Every subject in turn."""
    return _matrix(request.param)


@pytest.fixture
def labelled_as(_matrix: Callable[[str], Labelled]) -> Callable[[str], Labelled]:
    """One subject by its name."""
    return _matrix


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A model of the witness plugin: fast, and without any framework.

    Attributes:
        words: Command line up to and including the model, its metadata and a small suite.
    """

    model: Path
    meta: Path
    words: tuple[str | Path, ...]


@pytest.fixture(scope="session")
def make_line() -> Callable[[Path], Line]:
    """Write a line that parts points in two, and points on both sides of it."""

    def make(folder: Path) -> Line:
        folder.mkdir(parents=True, exist_ok=True)
        x = np.random.default_rng(5).normal(size=(2 * ROWS, 2))
        y = (x[:, 0] - x[:, 1] + 0.1 * x[:, 0] ** 2 > 0).astype(int)
        np.savez(folder / "test.npz", X=x[:ROWS], y=y[:ROWS])
        np.savez(folder / "train.npz", X=x[ROWS:], y=y[ROWS:])
        model, meta = folder / "line.witness", folder / "meta.yaml"
        model.write_text(json.dumps({"weights": [1.0, -1.0], "bias": 0.0}), encoding="utf-8")
        data = {"test": "test.npz", "train": "train.npz"}
        meta.write_text(yaml.safe_dump({"name": "line", "task": "classification", "data": data}), encoding="utf-8")
        return Line(model=model, meta=meta, words=("run", model, "--meta", meta, "--suite", HERE / "line.yaml"))

    return make


@pytest.fixture
def line(make_line: Callable[[Path], Line], tmp_path: Path) -> Line:
    """A line of this test's own."""
    return make_line(tmp_path / "line")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program with the witness plugin, a home and a lock of this test's own."""
    lock = tmp_path / "lock"
    lock.mkdir()
    return Program(home=tmp_path / "program-home", lock=lock, plugins=(WITNESS,))


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path) -> Refusal:
    """Run the program in this process with the witness plugin; gives exit code and the one line of its error."""
    monkeypatch.syspath_prepend(str(WITNESS))
    monkeypatch.setenv("PYTHONPATH", str(WITNESS))

    def run(*words: str | Path) -> tuple[int, str]:
        code = main(["run", *map(str, words), "-q"])
        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        assert line.startswith("carelabel: error: ")
        assert not list(home.glob("runs/*")), "a run was begun"
        return code, line.removeprefix("carelabel: error: ")

    return run


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path / "own-home"))
    return tmp_path / "own-home"
