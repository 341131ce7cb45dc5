"""The directory that keeps a server's files: made, flushed, and held by one server process at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_LOCK_NAME = "server.lock"


class DataDirectoryError(Exception):
    """The data directory cannot be used; the message says why and what to do."""


def flush_directory(path: Path) -> None:
    """Make the names in a directory durable (fsync). Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DataDirectory:
    """A directory that this process alone uses, readable by its owner only: it holds mail and secrets.

    Maildrop locks live in memory, so two servers on one directory would hand the same maildrop out twice.
    """

    def __init__(self, path: Path) -> None:
        """Make the directory where it is missing, and take it. Raises DataDirectoryError."""
        self.path = path
        self._descriptor = -1
        try:
            _make(path)
            self._descriptor = os.open(path / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirectoryError(f"cannot use the data directory {path}: {error.strerror or error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            raise DataDirectoryError(f"the data directory {path} is in use by another server; stop that one") from error

    def release(self) -> None:
        """Let another process have the directory; harmless when done twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _make(path: Path) -> None:
    """Make the directory and its parents, each name flushed, so that a power cut cannot lose the way to the mail."""
    missing = [parent for parent in (path, *path.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)
        flush_directory(parent.parent)
