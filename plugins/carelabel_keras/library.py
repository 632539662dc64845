"""Importing Keras with its torch back end, on the device that the platform offers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from carelabel.errors import LoadError

if TYPE_CHECKING:
    from carelabel.plugin.interfaces import PlatformSpec


def import_keras(platform: PlatformSpec | None) -> Any:  # noqa: ANN401 - the module
    """Keras on torch; it reads back end and device from the environment when it is first imported.

    Args:
        platform: None to look at a model, on the processor.

    Raises:
        LoadError: If this process has imported Keras with another back end.
    """
    device = "cuda" if platform is not None and "cuda" in platform.tags else "cpu"
    if "keras" not in sys.modules:
        os.environ.update({"KERAS_BACKEND": "torch", "KERAS_TORCH_DEVICE": device})
    import keras  # noqa: PLC0415 - after its environment is set

    if keras.backend.backend() != "torch":
        msg = f"Keras must run on its torch back end here, found {keras.backend.backend()}"
        raise LoadError(msg, "start a process of its own for each model")
    if platform is not None:
        import torch  # noqa: PLC0415 - as above

        torch.set_num_threads(platform.threads)
    return keras
