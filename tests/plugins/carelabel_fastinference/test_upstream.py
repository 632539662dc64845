"""sbuschjaeger's FastInference is recognised by its files, and told from the unrelated package of the same name."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from carelabel.errors import UnsupportedError
from carelabel.plan.match import Accepted, Rejected, match
from carelabel_fastinference.plugin import carelabel_backends, carelabel_converters
from carelabel_fastinference.upstream import FILES, why_unavailable
from tests.factories import make_host, make_model, make_subject
from tests.plugins.carelabel_fastinference.given import convert, data_of, opened

if TYPE_CHECKING:
    from pathlib import Path

X, Y = make_classification(300, 6, n_informative=5, n_redundant=0, n_classes=3, random_state=3)
X = X.astype(np.float32)
HOST = make_host(provides=frozenset({"compiler"}))


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *files: str) -> Path:
    """A package of that name that comes before any other; nothing in it can be imported."""
    package = folder / "fastinference"
    for name in ("__init__.py", *files):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("raise RuntimeError('declaring must import nothing')\n")
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    return package


def verdict() -> Accepted | Rejected:
    """Of the converter, for a forest."""
    (record,) = (item for item in carelabel_converters() if item.name == "upstream")
    facts = make_model(framework="scikit-learn", format="sklearn-pickle", family="random-forest")
    return match(record, make_subject(model=facts), HOST)


def test_a_package_with_its_files_is_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, *FILES)
    assert why_unavailable() is None
    assert isinstance(verdict(), Accepted)
    (backend,) = (item for item in carelabel_backends() if item.name == "upstream-code")
    assert backend.unavailable is None


@pytest.mark.parametrize("left_out", FILES)
def test_the_unrelated_package_is_told_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: str) -> None:
    package = install(tmp_path, monkeypatch, "inference.py", *(name for name in FILES if name != left_out))
    found = verdict()
    assert isinstance(found, Rejected)
    assert found.text == (
        "needs the FastInference of sbuschjaeger, recognised by its files: "
        f"the package installed in {package} is another one, without {left_out}"
    )
    assert found.hint == ("pip uninstall fastinference; pip install git+https://github.com/sbuschjaeger/fastinference")


def test_where_nothing_is_installed_the_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carelabel_fastinference.upstream.find_spec", lambda _: None)
    found = verdict()
    assert isinstance(found, Rejected)
    assert found.text.endswith("it is not installed")
    assert found.hint == "pip install git+https://github.com/sbuschjaeger/fastinference"


def test_a_module_of_that_name_is_not_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fastinference.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert isinstance(verdict(), Rejected)


def test_no_package_index_is_asked_for_it() -> None:
    """The package that PyPI calls fastinference is an unrelated one."""
    for record in (*carelabel_backends(), *carelabel_converters()):
        assert not any(text.startswith("fastinference") for text in record.requires)


def test_what_it_cannot_do_right_is_refused(tmp_path: Path) -> None:
    two = RandomForestClassifier(2).fit(X, np.c_[Y, Y])
    for model in (GradientBoostingClassifier(n_estimators=2).fit(X, Y), two):
        with pytest.raises(UnsupportedError, match="must be given one of DecisionTreeClassifier"):
            convert(tmp_path, "upstream", model, data_of(X))


@pytest.mark.slow
@pytest.mark.skipif(why_unavailable() is not None, reason="sbuschjaeger's FastInference is not installed")
@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(10, random_state=0),
        ExtraTreesClassifier(7, max_depth=5, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_its_code_gives_the_labels_of_the_original(tmp_path: Path, model: RandomForestClassifier) -> None:
    words = np.array(["ash", "birch", "cedar"])[Y]
    model.fit(X, words)
    predictor = opened(convert(tmp_path, "upstream", model, data_of(X)))
    rows = predictor.prepare(data_of(X).rows)
    np.testing.assert_array_equal(predictor.predict(rows), model.predict(X))
    np.testing.assert_allclose(predictor.predict_proba(rows), model.predict_proba(X), rtol=0, atol=1e-15)


def test_looking_for_it_imports_nothing() -> None:
    code = (
        "import sys; from carelabel_fastinference.upstream import why_unavailable; why_unavailable();"
        "print('fastinference' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
