"""The backend behind the record: saved models on the packed kernel.

Nothing here imports the framework that a model was trained with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carelabel.errors import LoadError
from carelabel_fastinference.build import BuildError
from carelabel_fastinference.layouts import NATIVE, PACKED, SUFFIX
from carelabel_fastinference.model import FastModel
from carelabel_fastinference.predictor import TreePredictor
from carelabel_fastinference.store import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel import Artefact, BoundaryRows, PlatformSpec, Predictor
    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel_fastinference.ensemble import TreeEnsemble


class PackedBackend:
    """Saved models; see `carelabel_fastinference.model.FastModel.save`."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:  # noqa: ARG002 - a file says all there is
        """Find out the facts of a saved model: every file with its ending is this backend's.

        Raises:
            LoadError: If it is no saved model.
        """
        from carelabel_fastinference.facts import facts_of  # noqa: PLC0415 - predicting does without

        return facts_of(read_trees(path), NATIVE) if path.suffix == SUFFIX else None

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        """Pack a model for the kernel, with as many threads as the platform grants.

        Raises:
            LoadError: If the file is no saved model, or the kernel cannot be compiled or does not run here.
        """
        layout: Any = PACKED[artefact.format]
        wanted: Any = artefact.parameters.get("instructions", "auto")
        path: Any = "" if wanted == "auto" else wanted
        ensemble = read_trees(artefact.path)
        try:
            model = FastModel(ensemble, layout=layout, threads=platform.threads, path=path)
        except BuildError as error:
            raise LoadError(error.text, error.hint) from error
        except ValueError as error:
            raise LoadError(str(error)) from error
        return TreePredictor(model, artefact.input_type or artefact.facts.input_type, artefact.facts)

    def boundary_rows(self, predictor: Predictor, data: DataSet, limit: int, seed: int) -> BoundaryRows | None:
        """Rows on and next to split thresholds, or None where the model has none."""
        from carelabel_fastinference.boundaries import rows_on_thresholds  # noqa: PLC0415 - for originals only

        model: Any = predictor.native
        return rows_on_thresholds(model.ensemble, predictor.input_type, data, limit, seed)


def read_trees(path: Path) -> TreeEnsemble:
    """Read a saved model.

    Raises:
        LoadError: If it is none, or cannot be read.
    """
    try:
        return read_model(path)
    except (ValueError, OSError) as error:
        raise LoadError(str(error), "save the model again") from error
