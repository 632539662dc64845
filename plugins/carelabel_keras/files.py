"""Reading .keras files; every way in which that fails becomes one line."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from carelabel.errors import LoadError

if TYPE_CHECKING:
    from pathlib import Path

_NEEDED = frozenset({"config.json", "model.weights.h5"})


def read_model(path: Path, keras: Any) -> Any:  # noqa: ANN401 - the module, and the model
    """Load a model without what it was trained with; code in the file is never run.

    Raises:
        LoadError: If the file is no .keras archive, is damaged, or needs code to be loaded.
    """
    _check_archive(path)
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # layers raise anything from their configurations
        said = " ".join(str(error).split())
        if "lambda" in said.lower() or "unsafe" in said.lower() or "safe_mode" in said:
            msg = f"{path.name} must hold layers alone, and it holds Python code (a Lambda layer), which is not run"
            raise LoadError(msg, "replace Lambda layers by layers of Keras, or submit an ONNX export") from error
        msg = f"{path.name} must hold a model that Keras {keras.__version__} can load; it says: {said[:300]}"
        raise LoadError(msg, "custom layers are not known here: submit an ONNX export") from error


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError) as error:
        msg = f"{path.name} must be a .keras archive as Keras 3 saves it, found: {error}"
        raise LoadError(msg, "save it again with model.save('model.keras')") from error
    if damaged is not None or not names >= _NEEDED:
        found = f"{damaged} in it is damaged" if damaged else f"no {', '.join(sorted(_NEEDED - names))} in it"
        msg = f"{path.name} must be a .keras archive as Keras 3 saves it, found: {found}"
        raise LoadError(msg, "save it again with model.save('model.keras')")
