"""The engine as a citizen of the house: what its records promise, and that its candidates are the same model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from carelabel.base.json_codec import from_json, to_json
from carelabel.errors import CareLabelError, LoadError, UsageError
from carelabel.plan.match import Rejected, match
from carelabel.plugin.interfaces import Artefact, PlatformSpec
from carelabel_fastinference import compile_model
from carelabel_fastinference.backend import PackedBackend
from carelabel_fastinference.build import MODULE
from carelabel_fastinference.code_backend import CodeBackend
from carelabel_fastinference.plugin import carelabel_backends
from carelabel_fastinference.probing import probe_rows
from carelabel_fastinference.readers import read_ensemble
from tests.factories import make_host, make_model, make_subject
from tests.plugins.carelabel_fastinference.given import (
    CONVERTERS,
    EXACT,
    ONE_THREAD,
    ROUNDED,
    convert,
    data_of,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

X, Y = make_classification(300, 6, n_informative=5, n_redundant=0, n_classes=3, random_state=3)
WORDS = np.array(["ash", "birch", "cedar"])[Y]
BINARY = Y > 0
VALUES = X @ np.arange(6.0) + Y
HOLES = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
DATA = data_of(X)

MODELS = {
    "tree": DecisionTreeClassifier(max_depth=5, random_state=0).fit(X, WORDS),
    "forest": RandomForestClassifier(12, random_state=0).fit(X, WORDS),
    "forest of bools": RandomForestClassifier(5, max_depth=4, random_state=0).fit(X, BINARY),
    "forest with holes": RandomForestClassifier(8, random_state=0).fit(HOLES, Y),
    "extra trees": ExtraTreesClassifier(8, max_depth=6, random_state=0).fit(X, Y),
    "several outputs": RandomForestClassifier(8, random_state=0).fit(X, np.c_[Y, BINARY]),
    "regressor": RandomForestRegressor(10, random_state=0).fit(X, VALUES),
    "several values": ExtraTreesRegressor(6, random_state=0).fit(X, np.c_[VALUES, Y]),
    "boosting of two": GradientBoostingClassifier(n_estimators=9, random_state=0).fit(X, BINARY),
    "boosting of three": GradientBoostingClassifier(n_estimators=9, random_state=0).fit(X, WORDS),
    "boosted regressor": GradientBoostingRegressor(n_estimators=9, random_state=0).fit(X, VALUES),
    "hist of two": HistGradientBoostingClassifier(max_iter=8).fit(HOLES, BINARY),
    "hist of three": HistGradientBoostingClassifier(max_iter=8).fit(HOLES, WORDS),
    "hist with categories": HistGradientBoostingRegressor(max_iter=8, categorical_features=[0]).fit(
        np.c_[Y * 2.0, X], VALUES
    ),
    "searched": GridSearchCV(RandomForestClassifier(4, random_state=0), {"max_depth": [3]}, cv=2).fit(X, Y),
}


@pytest.fixture(scope="module", autouse=True)
def _one_build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kernel is compiled once for all tests, although each has a home of its own."""
    loaded = sys.modules.get(MODULE)
    builds = Path(loaded.__file__ or "").parents[1] if loaded else tmp_path_factory.mktemp("builds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARELABEL_FASTINFERENCE_BUILDS", str(builds))
        yield


def rows_for(estimator: Any) -> np.ndarray:
    """Data rows, and rows on thresholds and next to them; what the model does not take is left out."""
    inner = getattr(estimator, "best_estimator_", estimator)
    ensemble = read_ensemble(inner)
    base = np.c_[Y * 2.0, X] if ensemble.n_features > X.shape[1] else X
    probes = probe_rows(ensemble, 200, base=base, infinite=False)
    limit = 1e30  # scikit-learn refuses what does not fit into float32
    return np.concatenate((base, np.clip(probes, -limit, limit)))


def exact_pairs() -> Iterator[tuple[str, str]]:
    """Code is compiled for each model, so a few stand for all; test_codegen.py has every kind."""
    for converter in EXACT:
        for model in MODELS:
            code = converter.startswith("if-else")
            if not code or model in {"forest", "several outputs", "boosting of two"}:
                yield model, converter
    yield "hist of three", "if-else"


@pytest.mark.parametrize(("model", "converter"), list(exact_pairs()))
def test_an_exact_form_answers_as_the_original(tmp_path: Path, model: str, converter: str) -> None:
    estimator = MODELS[model]
    x = rows_for(estimator)
    predictor = opened(convert(tmp_path, converter, estimator, data_of(x)))
    rows = predictor.prepare(data_of(x).rows)
    assert rows.dtype == predictor.input_type.dtype == ("float64" if "hist" in model else "float32")
    labels = predictor.predict(rows)
    expected = estimator.predict(x)
    assert labels.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(labels, expected)
    if predictor.predict_proba is not None:
        tolerance = 1e-15 if "boosting" in model or "hist" in model else 0.0
        np.testing.assert_allclose(predictor.predict_proba(rows), estimator.predict_proba(x), rtol=0, atol=tolerance)
    if predictor.decision_function is not None:
        np.testing.assert_array_equal(predictor.decision_function(rows), estimator.decision_function(x))
    assert (predictor.predict_proba is None) == (model == "several outputs" or not hasattr(estimator, "predict_proba"))


@pytest.mark.parametrize("converter", ROUNDED)
def test_a_lossy_form_is_another_model_that_stays_close(tmp_path: Path, converter: str) -> None:
    estimator = MODELS["extra trees"]
    exact = convert(tmp_path, "native", estimator, DATA)
    predictor = opened(convert(tmp_path, converter, exact, DATA))
    proba, expected = predictor.predict_proba(predictor.prepare(DATA.rows)), estimator.predict_proba(X)
    assert not np.array_equal(proba, expected) or converter == "thresholds-16bit"
    assert (predictor.predict(predictor.prepare(DATA.rows)) == estimator.predict(X)).mean() > 0.9
    record = CONVERTERS[converter]
    assert (record.lossless, record.conversion, record.cost) == (False, "quantise", "expensive")
    if converter.startswith("leaves"):
        assert np.abs(proba - expected).max() <= 0.5 / (2 ** int(converter[7:-3]) - 1) * (1 + 1e-9)


def test_a_candidate_comes_with_what_the_label_says_of_it(tmp_path: Path) -> None:
    artefact = convert(tmp_path, "native", MODELS["regressor"], DATA)
    trees = [tree.tree_ for tree in MODELS["regressor"].estimators_]
    nodes, leaves = sum(t.node_count for t in trees), sum(t.n_leaves for t in trees)
    assert artefact.parameters["parameter_counts"] == {
        "parameters": nodes,  # a threshold or a value each
        "trees": 10,
        "nodes": nodes,
        "leaves": leaves,
        "thresholds": nodes - leaves,
    }
    assert artefact.compile_s is not None
    assert artefact.path.read_bytes()[:2] == b"PK"  # a zip of arrays: nothing in it is executed


def test_columns_are_put_into_the_order_of_training(tmp_path: Path) -> None:
    estimator = MODELS["forest"]
    artefact = convert(tmp_path, "native", estimator, DATA)
    names = tuple("abcdef")
    swapped = type(DATA.rows)(array=X[:, ::-1].copy(), names=names[::-1])
    named = from_json(Artefact, to_json(artefact) | {"input_type": to_json(artefact.input_type) | {"columns": names}})
    predictor = opened(named)
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(swapped)), estimator.predict(X))
    with pytest.raises(UsageError, match=r"columns that the model was trained with; missing 'a' among"):
        predictor.prepare(type(DATA.rows)(array=X, names=("z", *names[1:])))


def test_a_platform_of_two_threads_computes_on_two(tmp_path: Path) -> None:
    artefact = convert(tmp_path, "native", MODELS["forest"], DATA)
    two = PlatformSpec(id="cpu-2t", tags=("cpu",), threads=2)
    predictor = PackedBackend().load(artefact, two)
    assert predictor.native.threads == 2
    np.testing.assert_array_equal(
        predictor.predict_proba(predictor.prepare(DATA.rows)), MODELS["forest"].predict_proba(X)
    )


@pytest.mark.parametrize("instructions", ["portable", "auto"])
def test_the_instruction_set_can_be_chosen(tmp_path: Path, instructions: str) -> None:
    artefact = convert(tmp_path, "native", MODELS["forest"], DATA, instructions=instructions)
    predictor = opened(artefact)
    assert instructions in {"auto", predictor.native.path}
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(DATA.rows)), MODELS["forest"].predict(X))


@pytest.mark.parametrize("budget", [0, 3])
def test_code_can_have_any_budget_of_nodes(tmp_path: Path, budget: int) -> None:
    predictor = opened(convert(tmp_path, "if-else", MODELS["forest"], DATA, budget=budget))
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(DATA.rows)), MODELS["forest"].predict(X))


def test_a_candidate_worker_imports_no_framework(tmp_path: Path) -> None:
    artefacts = [convert(tmp_path, name, MODELS["forest"], DATA) for name in ("native", "if-else")]
    np.save(tmp_path / "x.npy", X)
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from carelabel.data.rows import Rows\n"
        "from carelabel.base.json_codec import from_json\n"
        "from carelabel.plugin.interfaces import Artefact, PlatformSpec\n"
        "from carelabel_fastinference.backend import PackedBackend\n"
        "from carelabel_fastinference.code_backend import CodeBackend\n"
        "rows, found = Rows(array=np.load(sys.argv[1])), []\n"
        "for text, backend in zip(sys.argv[2:], (PackedBackend(), CodeBackend())):\n"
        "    artefact = from_json(Artefact, json.loads(text))\n"
        "    predictor = backend.load(artefact, PlatformSpec(id='cpu-1t', tags=('cpu',), threads=1))\n"
        "    found.append(predictor.predict(predictor.prepare(rows)).tolist())\n"
        "print(json.dumps([found, sorted({name.partition('.')[0] for name in sys.modules})]))\n"
    )
    words = [json.dumps(to_json(artefact)) for artefact in artefacts]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.npy"), *words], capture_output=True, text=True, check=True
    )
    labels, modules = json.loads(done.stdout)
    assert labels == [MODELS["forest"].predict(X).tolist()] * 2
    assert {"sklearn", "scipy", "pandas", "joblib", "xgboost", "lightgbm"} & set(modules) == set()
    assert not [name for name in modules if name.startswith("carelabel_") and name != "carelabel_fastinference"]


def test_declaring_imports_nothing_heavy() -> None:
    code = (
        "import sys, carelabel_fastinference.plugin as p; p.carelabel_backends(); p.carelabel_converters();"
        "print({'numpy', 'sklearn', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def subject(**changes: Any) -> Any:
    facts = {"framework": "scikit-learn", "format": "sklearn-pickle", **changes}
    return make_subject(model=make_model(**facts))


def test_without_a_compiler_every_form_is_rejected_with_the_package_to_install() -> None:
    host = make_host(provides=frozenset())
    for record in (*CONVERTERS.values(), *carelabel_backends()):
        verdict = match(
            record, subject(), host, framework="scikit-learn" if record.kind == "converter" else "fastinference"
        )
        if record.name == "cpp":  # source is compiled elsewhere
            assert not isinstance(verdict, Rejected)
            continue
        assert isinstance(verdict, Rejected)
        assert "no C++ compiler" in verdict.text
        assert verdict.hint.startswith("apt-get install g++")


@pytest.mark.parametrize("family", ["linear", "svm", "pipeline", "mlp"])
def test_other_families_are_rejected(family: str) -> None:
    verdict = match(CONVERTERS["native"], subject(family=family), make_host())
    assert isinstance(verdict, Rejected)
    assert [reason.code for reason in verdict.reasons] == ["family"]


def test_integer_thresholds_are_for_inputs_of_float32() -> None:
    verdict = match(CONVERTERS["if-else-integer"], subject(family="hist-gradient-boosting"), make_host())
    assert isinstance(verdict, Rejected)


def test_a_model_that_cannot_be_read_gives_one_line(tmp_path: Path) -> None:
    text = HistGradientBoostingClassifier(max_iter=2, categorical_features=[0])
    import pandas as pd  # noqa: PLC0415 - only here

    frame = pd.DataFrame({"wood": pd.Series(WORDS, dtype="category"), "x": X[:, 0]})
    text.set_params(categorical_features="from_dtype").fit(frame, Y)
    for estimator, said in ((LogisticRegression().fit(X, Y), "the model must be one of"), (text, "must be numbers")):
        with pytest.raises(CareLabelError) as caught:
            convert(tmp_path, "native", estimator, DATA)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("converter", ["native", "if-else"])
def test_a_compiler_that_fails_gives_its_first_error_and_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, converter: str
) -> None:
    broken = tmp_path / "g++"
    broken.write_text(
        "#!/bin/sh\n"
        '[ "$1" = --version ] && { echo "broken 1.0"; exit 0; }\n'
        "echo 'model.cpp:1:1: error: the disk is made of cheese' >&2\n"
        "echo 'model.cpp:2:2: error: and another one' >&2\n"
        "exit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    with pytest.raises(CareLabelError) as caught:
        convert(tmp_path, converter, MODELS["tree"], DATA)
    assert "error: the disk is made of cheese" in str(caught.value)
    log = tmp_path / "scratch" / "compiler.log"
    assert str(log) in str(caught.value)
    assert "and another one" in log.read_text()


def test_a_cache_that_cannot_be_used_gives_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("CARELABEL_FASTINFERENCE_BUILDS", str(blocked))
    with pytest.raises(
        CareLabelError, match=r"must be kept in .*file, which cannot be used .*set CARELABEL_HOME"
    ) as caught:
        convert(tmp_path, "native", MODELS["tree"], DATA)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"a, b\n1, 2\n"], ids=["empty", "torn", "text"])
def test_a_file_that_is_no_saved_model_gives_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.trees"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=r"must be a model saved by FastModel\.save"):
        PackedBackend().inspect(path, DATA)


def test_a_library_that_is_damaged_gives_one_line(tmp_path: Path) -> None:
    artefact = convert(tmp_path, "if-else", MODELS["tree"], DATA)
    (artefact.path / "model.so").write_bytes(b"no library")
    with pytest.raises(LoadError, match="must be a library compiled for this machine"):
        opened(artefact)


@pytest.mark.parametrize(
    ("model", "family", "task", "outputs"),
    [
        ("tree", "decision-tree", "classification", 1),
        ("forest", "random-forest", "classification", 1),
        ("several outputs", "random-forest", "classification", 2),
        ("several values", "extra-trees", "regression", 2),
        ("boosting of two", "gradient-boosting", "classification", 1),
        ("hist with categories", "hist-gradient-boosting", "regression", 1),
    ],
)
def test_a_saved_model_can_be_submitted_by_itself(
    tmp_path: Path, model: str, family: str, task: str, outputs: int
) -> None:
    estimator, x = MODELS[model], rows_for(MODELS[model])
    compile_model(estimator).save(tmp_path / "model.trees")
    facts = PackedBackend().inspect(tmp_path / "model.trees", data_of(x))
    assert facts is not None
    assert (facts.framework, facts.format) == ("fastinference", "fastinference-native")
    assert (facts.family, facts.task, facts.outputs) == (family, task, outputs)
    assert facts.estimator == type(estimator).__name__
    assert facts.decision == hasattr(estimator, "decision_function")
    predictor = opened(Artefact(path=tmp_path / "model.trees", format=facts.format, facts=facts))
    placed = PackedBackend().boundary_rows(predictor, data_of(x), 60, seed=1)
    assert placed is not None
    assert placed.rows.shape == (60, x.shape[1])
    assert "boundaries" in facts.provides
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(data_of(x).rows)), estimator.predict(x))


def test_a_library_is_never_taken_from_a_user(tmp_path: Path) -> None:
    (code,) = [record for record in carelabel_backends() if record.name == "code"]
    assert code.executes_code
    assert code.suffixes == ()
    assert CodeBackend().inspect(tmp_path / "model.so", DATA) is None
    assert ONE_THREAD.threads == 1
