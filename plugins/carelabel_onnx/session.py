"""Opening a session of ONNX Runtime for a platform; every way in which that fails becomes one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnxruntime as ort

from carelabel.errors import LoadError
from carelabel_onnx.content import describe

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import PlatformSpec

_ERRORS_ONLY = 3


def open_session(path: Path, platform: PlatformSpec | None) -> ort.InferenceSession:
    """Open a file on the devices that the platform offers.

    As many threads inside an operator as the platform grants, operators one after the other. Spinning of idle threads
    stays at ONNX Runtime's default, on, since that is what gets deployed; idle workers are stopped from outside.

    Args:
        platform: None for the default settings on one thread, to look at a graph.

    Raises:
        LoadError: If the file is no ONNX graph that this version can run, or the device cannot be used.
    """
    if path.stat().st_size == 0:
        msg = f"{path.name} must hold an ONNX graph; it is empty (0 bytes)"
        raise LoadError(msg, "export the model again")
    options = ort.SessionOptions()
    options.intra_op_num_threads = platform.threads if platform else 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _ERRORS_ONLY
    wanted = _providers(platform)
    _check_available(wanted[0], ort.get_available_providers())
    try:
        session = ort.InferenceSession(str(path), options, providers=wanted)
    except Exception as error:
        raise _explain(path, error) from error
    _check_available(wanted[0], session.get_providers())
    return session


def _providers(platform: PlatformSpec | None) -> list[Any]:
    if platform is None or "cuda" not in platform.tags:
        return ["CPUExecutionProvider"]
    # The platform shows the process its one device, which is number 0 here whatever its number on the machine.
    # Operators without a CUDA implementation, such as tree ensembles, run on the processor.
    return [("CUDAExecutionProvider", {"device_id": 0}), "CPUExecutionProvider"]


def _check_available(wanted: Any, available: list[str]) -> None:  # noqa: ANN401 - a name, or a name with options
    name = wanted if isinstance(wanted, str) else wanted[0]
    if name not in available:
        msg = f"the platform needs ONNX Runtime's {name}; it offers {', '.join(available)}"
        raise LoadError(msg, "pip install onnxruntime-gpu, in place of onnxruntime")


def _explain(path: Path, error: Exception) -> LoadError:
    found = describe(path)
    said = " ".join(str(error).split())
    # Its messages begin with "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load model from /a/b.onnx failed:".
    said = said.rpartition(f"{path} failed:")[2].strip() or said
    if found:
        return LoadError(f"{path.name} must hold an ONNX graph; it holds {found}", "check that this is the model file")
    if "parsing failed" in said.lower():
        msg = f"{path.name} must hold an ONNX graph; its bytes cannot be parsed, so it is cut off or of another format"
        return LoadError(msg, "copy or export the file again")
    msg = f"{path.name} must hold an ONNX graph that ONNX Runtime can run; it says: {said}"
    return LoadError(msg, "export the model for another opset, or upgrade onnxruntime")
