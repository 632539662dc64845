"""The backends behind the records: one class a file format, one way to inspect and load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import torch

from carelabel.errors import LoadError
from carelabel_torch import files
from carelabel_torch.content import kind_of
from carelabel_torch.facts import facts_of
from carelabel_torch.predictor import TorchPredictor

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, PlatformSpec, Predictor
    from carelabel_torch.network import Network


class _TorchBackend(ABC):
    """What the formats share."""

    file_format: ClassVar[str]

    @abstractmethod
    def owns(self, path: Path) -> bool:
        """Whether the file is of this backend's format, judged by its name and bytes."""

    @abstractmethod
    def read(self, path: Path, device: str) -> Network:
        """Load what the file holds onto a device."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file, or None when another backend's format fits its bytes.

        Raises:
            LoadError: If it cannot be loaded, or the data does not fit what it takes and gives.
        """
        if not self.owns(path):
            return None
        return facts_of(path.name, self.read(path, "cpu"), self.file_format, data)

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        """Load a network for a platform, with as many threads as that grants.

        Raises:
            LoadError: If it cannot be loaded, or the platform's device cannot be used.
        """
        torch.set_num_threads(platform.threads)
        device = _device(platform)
        network = self.read(artefact.path, device)
        input_type = artefact.input_type or artefact.facts.input_type
        return TorchPredictor(network, input_type, artefact.facts, device)


class ExportBackend(_TorchBackend):
    """Programs saved by torch.export."""

    file_format = "torch-export"

    def owns(self, path: Path) -> bool:
        """Everything called .pt2, and what torch.export saved under another name."""
        return path.suffix.lower() == ".pt2" or kind_of(path) == "export"

    def read(self, path: Path, device: str) -> Network:
        """Load what the file holds; see `carelabel_torch.files.read_export`."""
        return files.read_export(path, device)


class ScriptBackend(_TorchBackend):
    """TorchScript."""

    file_format = "torch-script"

    def owns(self, path: Path) -> bool:
        """Everything under its suffixes that torch.export did not write; what is no TorchScript is told so."""
        return kind_of(path) != "export"

    def read(self, path: Path, device: str) -> Network:
        """Load what the file holds; see `carelabel_torch.files.read_script`."""
        return files.read_script(path, device)


class CodeBackend(_TorchBackend):
    """Code and weights in one archive."""

    file_format = "torch-code"

    def owns(self, path: Path) -> bool:
        """Everything under its suffix."""
        return path.name.lower().endswith(".torch.zip")

    def read(self, path: Path, device: str) -> Network:
        """Load what the file holds; see `carelabel_torch.files.read_code`."""
        return files.read_code(path, device)


def _device(platform: PlatformSpec) -> str:
    if "cuda" not in platform.tags:
        return "cpu"
    if not torch.cuda.is_available():
        msg = f"the platform {platform.id} needs a torch that can use its device; torch {torch.__version__} cannot"
        raise LoadError(msg, "install a torch built for CUDA, in place of this one")
    return "cuda"
