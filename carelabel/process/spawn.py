"""Starting a worker: a fresh interpreter that knows its pipes and its parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.process.pipes import Channel


def check_can_start() -> None:
    """Hold that this system has what workers need, and that this is the thread that may start them.

    Raises:
        UsageError: On systems without POSIX processes.
        RuntimeError: In another thread than the main one.
    """
    if sys.platform == "win32":
        msg = "measuring needs POSIX processes, and this system has none"
        raise UsageError(msg, "run it on Linux; labels can be shown and compared here")
    if threading.current_thread() is not threading.main_thread():
        msg = "workers must be spawned by the main thread: the system kills them when the thread that did so ends"
        raise RuntimeError(msg)


def start(channel: Channel, options: Mapping[str, Any], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a worker with its ends of the channel, which the parent then gives up; it takes no module from the folder.

    Raises:
        OSError: If the system cannot start another process.
    """
    ends = {"requests": channel.child_requests, "answers": channel.child_answers}
    said = json.dumps({**options, **ends, "parent": os.getpid()})
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter with our own module
            [sys.executable, "-P", "-m", "carelabel.worker.main", said],
            stdin=subprocess.DEVNULL,
            stdout=channel.output.writer,
            stderr=channel.output.writer,
            env=environment,
            pass_fds=tuple(ends.values()),
            start_new_session=True,
        )
    finally:
        channel.give_child_ends()
