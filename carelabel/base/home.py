"""The folder where carelabel keeps its things, and how a JSON file in it is read and replaced without loss."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_WAIT_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """Paths under ``CARELABEL_HOME``. None of them is made before something is written to it.

    Attributes:
        root: Absolute.
    """

    root: Path

    @property
    def data(self) -> Path:
        """Rows as the inspector laid them down, by key."""
        return self.root / "cache" / "data"

    @property
    def facts(self) -> Path:
        """What inspections have found, by content."""
        return self.root / "cache" / "facts"

    @property
    def artefacts(self) -> Path:
        """Converted models, by content."""
        return self.root / "cache" / "artefacts"

    @property
    def runs(self) -> Path:
        """One folder a run: plan, journal, logs, predictions, samples, label."""
        return self.root / "runs"

    @property
    def store(self) -> Path:
        """Where labels are kept."""
        return self.root / "store"

    @property
    def trusted(self) -> Path:
        """Files that the user has consented to."""
        return self.root / "trusted.json"

    @property
    def importing(self) -> Path:
        """Notes of plugins that are being imported, and of those that took the program down then."""
        return self.root / "importing"

    @property
    def errors(self) -> Path:
        """Tracebacks of unexpected errors."""
        return self.root / "errors"


def find_home() -> Home:
    """``CARELABEL_HOME``, or the place that this system keeps an application's data in.

    Raises:
        UsageError: If the variable names the folder of a user that is not known.
    """
    named = os.environ.get("CARELABEL_HOME")
    if named:
        try:
            return Home(root=Path(named).expanduser().absolute())
        except RuntimeError as error:
            msg = f"CARELABEL_HOME must be a folder, got {named!r}, and nobody knows whose home that is"
            raise UsageError(msg, "write the whole path") from error
    import platformdirs  # noqa: PLC0415 - not needed when the variable is set

    return Home(root=Path(platformdirs.user_data_dir("carelabel")))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that guards the changing of a file; its folder is made when it is missing.

    Raises:
        UsageError: If the folder is not writable, or another process holds the lock for a minute.
    """
    import filelock  # noqa: PLC0415 - readers do without

    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        guard = filelock.FileLock(lock, timeout=LOCK_WAIT_S)
        guard.acquire()
    except filelock.Timeout as error:
        msg = f"{path} must be free to be changed, but another process has held {lock} for {LOCK_WAIT_S:g} s"
        raise UsageError(msg, "wait for it, or end it") from error
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        yield
    finally:
        guard.release()


def read_json(path: Path, *, what: str) -> dict[str, Any] | None:
    """The object in a JSON file, or None when there is no such file. Needs no lock: files are replaced as a whole.

    Args:
        what: What the file should be, for the error.

    Raises:
        UsageError: If the file cannot be read or holds something else. It is left as it is.
    """
    import json  # noqa: PLC0415 - here and below: whoever needs a path goes without

    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path, what, " ".join(str(error).split())) from error
    if not isinstance(found, dict):
        raise _unreadable(path, what, f"a JSON {type(found).__name__}")
    return found


def replace_json(path: Path, document: dict[str, Any]) -> None:
    """Replace a JSON file as a whole: a crash leaves the old file or the new one, never a part. Hold the lock.

    Raises:
        UsageError: If it cannot be written.
    """
    import json  # noqa: PLC0415

    replace_file(path, json.dumps(document, allow_nan=False).encode())


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside it, force it to the disk, and put it in its place in one step.

    Raises:
        UsageError: If it cannot be written.
    """
    beside = path.with_name(f".{path.name}.new")  # one name, so that killed writers leave one file and no heap of them
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> UsageError:
    """The error for a file that cannot be written."""
    msg = f"{path} must be writable, but: {error.strerror or error}"
    return UsageError(msg, "free the place, or set CARELABEL_HOME to a folder of yours")


def _unreadable(path: Path, what: str, found: str) -> UsageError:
    msg = f"{path} must be {what}, found: {found}"
    return UsageError(msg, "nothing was changed; bring back a copy, or move the file away")
