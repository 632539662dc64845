"""Generated C++ has the reference's bits: as a shared library, as a stand-alone project, and on 64-bit ARM."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from carelabel_fastinference import reference
from carelabel_fastinference.build import BuildError
from carelabel_fastinference.codegen import compile_if_else, export_cpp
from carelabel_fastinference.codegen.literals import real, text
from carelabel_fastinference.codegen.plan import plan_source
from carelabel_fastinference.codegen.thresholds import order_keys, to_float32
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.readers import read_ensemble
from carelabel_fastinference.sampling import random_ensemble

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel_fastinference.ensemble import TreeEnsemble

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(300, 4)), 1).astype(np.float32)
CLASS = np.array(["ape", 'b"ee\\', "cät"])[(X[:, 0] > 0.3).astype(int) + (X[:, 1] * X[:, 2] > 0)]
FOREST = RandomForestClassifier(8, random_state=0).fit(X, CLASS)
BOOSTING = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, CLASS)

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
STRICT = ("-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


def build(folder: Path, *command: str) -> Path:
    """Compile a project into an executable."""
    out = folder / "check"
    done = subprocess.run(
        [*command, str(folder / "model.cpp"), str(folder / "main.cpp"), "-o", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:2000]
    return out


def run(*command: str) -> tuple[int, str]:
    """Exit status and output of a program."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def compare(ensemble: TreeEnsemble, folder: Path, *, budget: int, integer: bool = False) -> None:
    """Code compiled into a folder has the bits of the reference."""
    model = compile_if_else(ensemble, budget=budget, integer=integer, cache=folder)
    rows = probe_rows(ensemble, 500)
    assert same_bits(model.raw_scores(rows), reference.raw_scores(ensemble, rows))


@needs_compiler
@pytest.mark.parametrize("seed", [*range(6), 128, 131])
def test_random_ensembles(seed: int, tmp_path: Path) -> None:
    e = random_ensemble(seed)
    compare(e, tmp_path, budget=[0, 10, 1000][seed % 3])
    if e.input_rounding == "float32" and not e.is_categorical.any():
        compare(e, tmp_path, budget=10, integer=True)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_random_ensembles(seed: int, tmp_path: Path) -> None:
    e = random_ensemble(seed, n_trees=9, max_depth=8)
    for budget in (0, 20, 10000):
        compare(e, tmp_path, budget=budget)


@needs_compiler
@pytest.mark.parametrize("model", [FOREST, BOOSTING], ids=["forest", "boosting"])
def test_if_else_predicts_as_the_library(model: Any, tmp_path: Path) -> None:
    fast = compile_if_else(model, budget=50, cache=tmp_path)
    assert (fast.predict(X) == model.predict(X)).all()
    np.testing.assert_allclose(fast.predict_proba(X), model.predict_proba(X), rtol=1e-13, atol=1e-16)
    if model is FOREST:
        assert same_bits(fast.predict_proba(X), model.predict_proba(X))


@needs_compiler
def test_any_layout_of_rows(tmp_path: Path) -> None:
    fast = compile_if_else(FOREST, budget=50, cache=tmp_path)
    expected = fast.predict(X)
    wide = np.zeros((300, 8))
    wide[:, ::2] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    for rows in (np.asfortranarray(X), wide[:, ::2], frozen, X.astype(">f8"), X.tolist()):
        assert (fast.predict(rows) == expected).all()
    assert fast.predict(X[:0]).shape == (0,)
    assert fast.predict_proba(X[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match=r"X must have shape \(n, 4\), got \(300, 3\)"):
        fast.predict(X[:, :3])
    with pytest.raises(ValueError, match="rows must not hold NaN"):
        compile_if_else(BOOSTING, budget=0, cache=tmp_path).predict(np.full((1, 4), np.nan))


@needs_compiler
def test_code_is_compiled_once_and_threads_share_it(tmp_path: Path) -> None:
    first = compile_if_else(FOREST, budget=50, cache=tmp_path)
    stamp = first.library.stat().st_mtime_ns
    assert compile_if_else(FOREST, budget=50, cache=tmp_path).library.stat().st_mtime_ns == stamp
    assert compile_if_else(FOREST, budget=51, cache=tmp_path).library != first.library
    expected = first.raw_scores(X)
    with ThreadPoolExecutor(4) as pool:
        assert all(same_bits(found, expected) for found in pool.map(first.raw_scores, [X] * 40))


def test_no_compiler_and_a_failing_one_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(BuildError, match=r"found no no-such-compiler: install g\+\+"):
        compile_if_else(FOREST, cache=tmp_path)
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(BuildError, match=r"must compile with .*false, but it failed") as caught:
        compile_if_else(FOREST, cache=tmp_path)
    assert "\n" not in str(caught.value)


@needs_compiler
@pytest.mark.parametrize("model", [FOREST, BOOSTING], ids=["forest", "boosting"])
def test_the_project_checks_itself_and_notices_a_changed_model(model: Any, tmp_path: Path) -> None:
    files = export_cpp(model, tmp_path / "new" / "folder", X, budget=100)
    assert [path.name for path in files] == ["model.h", "model.cpp", "main.cpp", "CMakeLists.txt"]
    check = build(files[0].parent, "g++", *STRICT)
    assert run(str(check)) == (0, "500 rows, 0 differences\n")
    source = files[1].read_text()
    at = source.index("leaf_values[][")
    first = source.index("0x1", at)
    files[1].write_text(source[:first] + "0x1.8p-3 + " + source[first:])
    status, said = run(str(build(files[0].parent, "g++", *STRICT)))
    assert status == 1
    assert "expected" in said


@needs_compiler
def test_two_projects_in_one_program(tmp_path: Path) -> None:
    for name, model in (("forest", FOREST), ("boosting", BOOSTING)):
        export_cpp(model, tmp_path, X, budget=100, name=name)
    program = tmp_path / "both.cpp"
    program.write_text(
        '#include "forest.h"\n#include "boosting.h"\n'
        "int main() { float x[4] = {}; double a[3], b[3]; forest::raw_scores(x, 1, a); boosting::raw_scores(x, 1, b);\n"
        "return a[0] == b[0]; }\n"
    )
    files = [str(tmp_path / name) for name in ("forest.cpp", "boosting.cpp", "both.cpp")]
    command = ("g++", *STRICT, *files, "-o", str(tmp_path / "both"))
    assert run(*command)[0] == 0
    assert run(str(tmp_path / "both"))[0] == 0
    with pytest.raises(ValueError, match="name must be a lower-case C\\+\\+ identifier that is not taken, got 'a b'"):
        export_cpp(FOREST, tmp_path, name="a b")


@needs_compiler
@pytest.mark.parametrize("seed", range(200, 203))
def test_projects_of_random_ensembles(seed: int, tmp_path: Path) -> None:
    export_cpp(random_ensemble(seed), tmp_path, budget=20)
    assert run(str(build(tmp_path, "g++", *STRICT))) == (0, "200 rows, 0 differences\n")


@needs_compiler
@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
def test_cmake_builds_and_tests_the_project(tmp_path: Path) -> None:
    export_cpp(FOREST, tmp_path, X, budget=100, name="forest")
    for command in (
        ("cmake", "-S", ".", "-B", "build"),
        ("cmake", "--build", "build"),
        ("ctest", "--test-dir", "build", "--output-on-failure"),
    ):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_compiler
def test_the_project_is_clean_under_sanitizers(tmp_path: Path) -> None:
    categorical = next(e for e in map(random_ensemble, range(300, 400)) if e.is_categorical.any())
    for model in (FOREST, categorical):
        export_cpp(model, tmp_path, budget=20)
        check = build(
            tmp_path, "g++", "-std=c++17", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"
        )
        assert run(str(check)) == (0, "200 rows, 0 differences\n")


@pytest.mark.skipif(
    shutil.which("aarch64-linux-gnu-g++") is None, reason="needs Debian's package g++-aarch64-linux-gnu"
)
@pytest.mark.skipif(shutil.which("qemu-aarch64") is None, reason="needs Debian's package qemu-user")
@pytest.mark.parametrize("kind", ["forest", "boosting", "random", "floats"])
def test_same_bits_on_arm(kind: str, tmp_path: Path) -> None:
    """Without -ffp-contract=off too: there is no product that could be fused with a sum."""
    numbers = {"random": random_ensemble(7), "floats": random_ensemble(3)}
    model = {"forest": FOREST, "boosting": BOOSTING}.get(kind) or numbers[kind]
    export_cpp(model, tmp_path, budget=100, n_probes=500)
    for flags in (("-O1", "-ffp-contract=off"), ("-O2",)):
        check = build(tmp_path, "aarch64-linux-gnu-g++", "-static", "-std=c++17", *flags)
        assert run("qemu-aarch64", str(check)) == (0, "500 rows, 0 differences\n")


@pytest.mark.skipif(
    shutil.which("aarch64-linux-gnu-g++") is None, reason="needs Debian's package g++-aarch64-linux-gnu"
)
@pytest.mark.skipif(shutil.which("qemu-aarch64") is None, reason="needs Debian's package qemu-user")
@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
def test_cmake_crosses_to_arm(tmp_path: Path) -> None:
    export_cpp(FOREST, tmp_path, X, budget=100)
    configure = (
        *("cmake", "-S", ".", "-B", "build", "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64"),
        *("-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++", "-DCMAKE_EXE_LINKER_FLAGS=-static"),
        "-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64",
    )
    for command in (configure, ("cmake", "--build", "build"), ("ctest", "--test-dir", "build", "--output-on-failure")):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_budget_takes_the_most_probable_nodes() -> None:
    e = random_ensemble(5, n_trees=6)
    inner = int((~e.is_leaf).sum())
    for budget in (0, 3, 10**6):
        plan = plan_source(e, budget)
        assert plan.as_code.sum() == min(budget, inner)
        assert len(plan.table) == inner - plan.as_code.sum()
        probability = e.path_probability()
        if 0 < budget < inner:
            assert probability[plan.as_code].min() >= probability[plan.table].max()
    with pytest.raises(ValueError, match="budget must be a number of nodes from 0, got -1"):
        plan_source(e, -1)


def test_equal_leaves_are_shared() -> None:
    deep = plan_source(read_ensemble(FOREST), 0)
    assert len(deep.leaf_values) < deep.ensemble.n_leaves / 3
    leaf = deep.ensemble.is_leaf
    rows = deep.reference[leaf].astype(np.int64) - 0x80000000
    assert same_bits(deep.leaf_values[rows], deep.ensemble.value[leaf])


def test_integer_keys_need_float32_and_numbers() -> None:
    double = next(e for e in map(random_ensemble, range(50)) if e.input_rounding == "float64")
    with pytest.raises(ValueError, match="integer thresholds need float32 inputs and no categorical splits"):
        export_cpp(double, "/nonexistent", integer=True)


@pytest.mark.parametrize("rows", [np.zeros((3, 5)), np.zeros(4), np.zeros((0, 4))])
def test_sample_rows_of_another_shape(rows: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sample_rows must have shape \(n, 4\) with n from 1, got"):
        export_cpp(FOREST, tmp_path, rows)


floats = st.floats(allow_nan=False)
singles = st.floats(allow_nan=False, width=32)


@given(threshold=floats, x=singles)
def test_float32_thresholds_split_float32_values_the_same(threshold: float, x: float) -> None:
    with np.errstate(over="ignore"):
        near = np.nextafter(np.float32(x), np.float32([-np.inf, np.inf])).tolist()
    for value in (x, *near):
        at_most = to_float32(np.array([threshold]), "<=")[0]
        below = to_float32(np.array([threshold]), "<")[0]
        assert (value <= threshold) == (np.float32(value) <= at_most)
        assert (value < threshold) == (np.float32(value) < below)


@given(one=singles, other=singles)
def test_integer_keys_keep_the_order(one: float, other: float) -> None:
    a, b = order_keys(np.array([one, other], dtype=np.float32)).tolist()
    assert ((a < b), (a == b)) == ((one < other), (one == other))
    assert a < order_keys(np.array([np.nan], dtype=np.float32))[0]


def test_literals() -> None:
    assert real(0.1, "float64") == "0x1.999999999999ap-4"
    assert real(-0.0, "float32") == "-0x0.0p+0f"
    assert [real(v, "float64") for v in (np.inf, -np.inf, np.nan)] == ["INFINITY", "-INFINITY", "NAN"]
    assert text('a"?\\\né') == '"a\\042\\077\\134\\012\\303\\251"'
