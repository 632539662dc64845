"""What goes wrong, by name; it runs in workers only."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.model.facts import InputType
from carelabel.plugin.interfaces import Artefact, Measurement

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from carelabel.data.rows import Rows
    from carelabel.plugin.interfaces import ConvertContext, PlatformSpec

FOREVER_S = 3600
FLOOD_LINES = 4000
RIGHT = Measurement(quantity="figure", value=1, method="made up")


def segfault(*_: Any, **__: Any) -> None:
    ctypes.string_at(0)


def leave(*_: Any, **__: Any) -> None:
    os._exit(0)


def hang(*_: Any, **__: Any) -> None:
    time.sleep(FOREVER_S)


def fail(*_: Any, **__: Any) -> None:
    msg = "the plugin's\nown words"
    raise ValueError(msg)


def flood() -> None:
    line = "x" * 4096
    for _ in range(FLOOD_LINES):
        sys.stdout.write(f"{line}\n")


def writing_ends() -> list[int]:
    """Descriptors above stderr that can be written on."""
    found = []
    for entry in list(Path("/proc/self/fdinfo").iterdir()):
        try:
            flags = next(line.split()[1] for line in entry.read_text().splitlines() if line.startswith("flags"))
        except OSError:
            continue  # that of the listing
        if int(entry.name) > 2 and int(flags, 8) & 3:
            found.append(int(entry.name))
    return found


class Panic(BaseException):
    """As extension modules raise."""


class once:  # noqa: N801 - a word of the table
    segfault = staticmethod(segfault)
    exit = staticmethod(leave)
    hang = staticmethod(hang)

    @staticmethod
    def sys_exit(_: Any) -> None:
        sys.exit("enough")

    @staticmethod
    def noise(_: Any) -> list[Measurement]:
        sys.stdout.write('{"id": 1, "ok": true, "result": {}}\n')
        subprocess.run(["/bin/echo", "hello from a child"], check=True)
        return [RIGHT]

    @staticmethod
    def flood(_: Any) -> list[Measurement]:
        flood()
        return [RIGHT]

    @staticmethod
    def base_exception(_: Any) -> None:
        raise Panic

    @staticmethod
    def undeclared(_: Any) -> list[Measurement]:
        return [RIGHT, Measurement(quantity="invented", value=1)]

    @staticmethod
    def no_measurement(_: Any) -> list[float]:
        return [1.0]

    @staticmethod
    def nothing(_: Any) -> None:
        return None

    @staticmethod
    def no_number(_: Any) -> list[Measurement]:
        return [Measurement(quantity="figure", value="much")]  # type: ignore[arg-type]  # which is the misdeed

    @staticmethod
    def hungry(_: Any) -> None:
        bytearray(1 << 60)

    @staticmethod
    def stray_bytes(_: Any) -> None:
        for number in writing_ends():
            os.write(number, b"no JSON\n")

    @staticmethod
    def closed_pipe(_: Any) -> None:
        for number in writing_ends():
            os.close(number)
        time.sleep(FOREVER_S)

    @staticmethod
    def grandchild(_: Any) -> list[Measurement]:
        """A process in a session of its own, which is still there when the worker closes."""
        sleeper = [sys.executable, "-c", f"import time; time.sleep({FOREVER_S})", os.environ["CARELABEL_HOME"]]
        subprocess.Popen(sleeper, start_new_session=True)
        return [RIGHT]


setattr(once, "raise", staticmethod(fail))


class _Paired:
    def setup(self, _: Any) -> Sequence[dict[str, int]]:
        self.turns = 0
        return [{"point": 0}]

    def turn(self, _: int) -> dict[str, Any]:
        self.turns += 1
        return {"seconds": 1.0}

    def statistic(self, samples: dict[str, Any]) -> float:
        return float(samples["seconds"])

    def summarise(self, _: Any) -> list[Measurement]:
        return [RIGHT]


class paired:  # noqa: N801 - a word of the table
    class setup_raises(_Paired):  # noqa: N801 - a word of the table
        setup = fail

    class turn_segfaults(_Paired):  # noqa: N801 - a word of the table
        def turn(self, point: int) -> dict[str, Any]:
            return segfault() or {} if self.turns else super().turn(point)

    class turn_hangs(_Paired):  # noqa: N801 - a word of the table
        turn = hang

    class statistic_raises(_Paired):  # noqa: N801 - a word of the table
        statistic = fail

    class summarise_exits(_Paired):  # noqa: N801 - a word of the table
        summarise = leave

    class no_points(_Paired):  # noqa: N801 - a word of the table
        def setup(self, _: Any) -> Sequence[dict[str, int]]:
            return []


metric_raises = fail
metric_segfaults = segfault


def metric_nan(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    return float("nan")


def metric_text(y_true: np.ndarray, y_pred: np.ndarray) -> str:
    return "very good"


def _write(artefact: Artefact, out: Path, form: str = "witness-copy", **changes: Any) -> Artefact:
    path = out / "model.json"
    path.write_text(json.dumps({**json.loads(artefact.path.read_text()), **changes}))
    return Artefact(path=path, format=form, facts=artefact.facts, input_type=artefact.input_type)


class convert:  # noqa: N801 - a word of the table
    segfault = staticmethod(segfault)
    exit = staticmethod(leave)
    hang = staticmethod(hang)

    @staticmethod
    def nothing(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
        return Artefact(path=out / "nothing", format="witness-copy", facts=artefact.facts)

    @staticmethod
    def elsewhere(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
        return _write(artefact, context.scratch)

    @staticmethod
    def other_format(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
        return _write(artefact, out, "stone")

    @staticmethod
    def flood(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
        flood()
        return _write(artefact, out)

    @staticmethod
    def different(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
        return _write(artefact, out, weights=[-1.0, 1.0], bias=0.3)


setattr(convert, "raise", staticmethod(fail))


class models:  # noqa: N801 - a word of the table
    pass


class _Predictor:
    input_type = InputType(container="array", dtype="float64", shape=(2,))
    native = None
    predict_proba = None
    decision_function = None

    def __init__(self, kind: str) -> None:
        self.predict = getattr(self, kind.replace("-", "_"), self.right)

    def prepare(self, rows: Rows) -> np.ndarray:
        return rows.array("float64")

    def right(self, x: np.ndarray) -> np.ndarray:
        return (x[:, 0] > 0).astype(int)

    def predict_segfaults(self, x: np.ndarray) -> None:
        segfault()

    def wrong_shape(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(-1)

    def wrong_type(self, x: np.ndarray) -> list[object]:
        return [None] * len(x)

    def prints(self, x: np.ndarray) -> np.ndarray:
        flood()
        return self.right(x)

    def random(self, x: np.ndarray) -> np.ndarray:
        import numpy as np  # noqa: PLC0415 - only where it is needed

        return np.random.default_rng().integers(0, 2, len(x))

    def close(self) -> None:
        pass


class _Backend:
    kind = ""

    def inspect(self, path: Path, data: Any) -> None:
        return None

    def load(self, artefact: Artefact, platform: PlatformSpec) -> _Predictor:
        if self.kind == "load-segfaults":
            segfault()
        if self.kind == "load-raises":
            fail()
        return _Predictor(self.kind)


class backends:  # noqa: N801 - a word of the table
    pass


for _kind in ("load-segfaults", "load-raises", "predict-segfaults", "wrong-shape", "wrong-type", "prints", "random"):
    _name = _kind.replace("-", "_")
    setattr(backends, _name, type(_name, (_Backend,), {"kind": _kind}))
    setattr(
        models,
        _name,
        staticmethod(lambda artefact, out, context, kind=_kind: _write(artefact, out, f"faulty-{kind}")),
    )
