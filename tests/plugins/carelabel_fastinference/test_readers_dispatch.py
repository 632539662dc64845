"""read_ensemble: what it refuses, and that it imports no library by itself."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.readers import read_ensemble

X = np.random.default_rng(0).normal(size=(40, 2))
Y = (X[:, 0] > 0).astype(int)


class Quiet(RandomForestClassifier):
    """Predicts as its base class does."""


class Stubborn(RandomForestClassifier):
    """Predicts in its own way."""

    def predict(self, X):  # noqa: ANN001, ANN201, N803 - the library's signature
        return np.zeros(len(X))


@pytest.mark.parametrize("model", [LinearRegression(), object(), RandomForestClassifier, 3, None])
def test_other_models_are_refused_with_the_supported_ones(model: object) -> None:
    with pytest.raises(UnsupportedModelError, match=r"the model must be one of .*RandomForestClassifier.*; got "):
        read_ensemble(model)


def test_models_that_are_not_fitted_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="RandomForestClassifier has no estimators_: call fit first"):
        read_ensemble(RandomForestClassifier())


def test_subclasses() -> None:
    assert read_ensemble(Quiet(2).fit(X, Y)).n_trees == 2
    with pytest.raises(UnsupportedModelError, match="Stubborn must predict as its sklearn class does"):
        read_ensemble(Stubborn(2).fit(X, Y))


def test_no_library_is_imported() -> None:
    code = (
        "import sys\n"
        "from carelabel_fastinference import readers, reference, probing, codegen, quantise\n"
        "from carelabel_fastinference.readers import boosting, hist, lightgbm, sklearn, xgboost\n"
        "bad = {'sklearn', 'xgboost', 'lightgbm', 'scipy', 'pandas'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
