"""Consent to files that execute code when they are loaded: a list of sha256 sums in ``CARELABEL_HOME``.

Consent is for content, not for a name: a file that changes by one byte is a stranger again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.base.home import Home, find_home, locked, read_json, replace_json
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_PREFIX = re.compile(r"[0-9a-f]{8,64}\Z")
_WHAT = 'a list of trusted files, {"trusted": {sha256: {path, since}}}'


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedFile:
    """One consent.

    Attributes:
        path: Where the file lay when it was trusted; it may have moved since.
        since: UTC, ISO 8601.
    """

    sha256: str
    path: str
    since: str


def is_trusted(sha256: str, home: Home | None = None) -> bool:
    """Whether the user has consented to this content.

    Raises:
        UsageError: If the list cannot be read.
    """
    return sha256 in _read(home or find_home())


def trusted_files(home: Home | None = None) -> tuple[TrustedFile, ...]:
    """All consents, oldest first.

    Raises:
        UsageError: If the list cannot be read.
    """
    entries = _read(home or find_home())
    files = (TrustedFile(sha256=sha256, path=entry["path"], since=entry["since"]) for sha256, entry in entries.items())
    return tuple(sorted(files, key=lambda file: (file.since, file.path)))


def trust(path: Path, home: Home | None = None) -> TrustedFile:
    """Consent to the content that a file has now.

    Raises:
        UsageError: If the file cannot be read or the list cannot be written.
    """
    home = home or find_home()
    since = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    file = TrustedFile(sha256=_hash(path), path=str(path.absolute()), since=since)
    with locked(home.trusted):
        _write(home, {**_read(home), file.sha256: file})
    return file


def distrust(word: str, home: Home | None = None) -> TrustedFile:
    """Take a consent back.

    Args:
        word: The sha256, its first 8 characters or more, the path that was trusted, or a file with that content.

    Raises:
        UsageError: If no trusted file goes by that word, or more than one.
    """
    home = home or find_home()
    with locked(home.trusted):
        entries = _read(home)
        sha256 = _find(word, entries)
        _write(home, {key: entry for key, entry in entries.items() if key != sha256})
    return TrustedFile(sha256=sha256, path=entries[sha256]["path"], since=entries[sha256]["since"])


def _find(word: str, entries: Mapping[str, Mapping[str, str]]) -> str:
    if _PREFIX.match(word.lower()):
        found = [sha256 for sha256 in entries if sha256.startswith(word.lower())]
    else:
        path = Path(word)
        content = _hash(path) if path.is_file() else ""
        found = [key for key, entry in entries.items() if key == content or entry["path"] == str(path.absolute())]
    if len(found) == 1:
        return found[0]
    number = len(found) or "no"
    msg = f"--remove must name one trusted file, but {number} trusted file{'s' * (number != 1)} match {word!r}"
    raise UsageError(msg, "carelabel trust --list shows them with their sha256")


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        msg = f"{path} must be a readable file, but: {error.strerror or error}"
        raise UsageError(msg) from error


def _read(home: Home) -> dict[str, dict[str, str]]:
    document = read_json(home.trusted, what=_WHAT)
    if document is None:
        return {}
    entries = document.get("trusted")
    if not isinstance(entries, dict) or not all(_is_entry(*item) for item in entries.items()):
        msg = f"{home.trusted} must be {_WHAT}, found something else"
        raise UsageError(msg, "nothing was changed; bring back a copy, or move the file away and trust again")
    return entries


def _is_entry(sha256: str, entry: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    fields = isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in ("path", "since"))
    return fields and _SHA256.match(sha256) is not None


def _write(home: Home, entries: Mapping[str, TrustedFile | dict[str, str]]) -> None:
    plain = {key: asdict(entry) if isinstance(entry, TrustedFile) else entry for key, entry in entries.items()}
    fields = {key: {"path": entry["path"], "since": entry["since"]} for key, entry in plain.items()}
    replace_json(home.trusted, {"trusted": fields})
