"""Kept performances: what the oracle showed in an earlier run, so that it need not play the same case again.

They are kept in the user's cache folder, under a signature of every source that could change what the reference shows:
its own, the harness's, the suites'. A file that cannot be read, or is not this user's own, counts as not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from harness.cases import Case, Performance
from harness.transcript import Transcript

#: The packages whose sources make the signature.
PACKAGES = ("harness", "reference_server", "suites")
#: Signatures whose files are kept; older ones are removed.
MOST_FILES = 3


class KeptPerformances:
    """The oracle's performances, by case and digest; `save` writes what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._performances: dict[str, Performance] = _read(path)
        self._fresh = False

    @classmethod
    def of_this_user(cls) -> KeptPerformances:
        """Those in the user's cache folder (XDG_CACHE_HOME), under the signature of the sources as they are."""
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postel"
        return cls(folder / f"oracle-{signature()}.pickle")

    def __len__(self) -> int:
        return len(self._performances)

    def get(self, case: Case) -> Performance | None:
        """The performance of this very case, if it is kept."""
        return self._performances.get(_key(case))

    def put(self, case: Case, performance: Performance) -> None:
        """Keep a performance, without the exchanges, which only validators read."""
        light = replace(performance, transcript=Transcript(events=performance.transcript.events))
        self._performances[_key(case)] = light
        self._fresh = True

    def save(self) -> None:
        """Write what is new, all or nothing; a cache that cannot be written is no loss."""
        if not self._fresh:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._path.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(pickle.dumps(self._performances, protocol=5))
            fresh.chmod(0o600)
            fresh.replace(self._path)
            _prune(self._path.parent)


def signature() -> str:
    """The same for the same sources, whatever they are called and wherever they lie."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        spec = find_spec(package)
        root = Path(next(iter(spec.submodule_search_locations or ()))) if spec else Path()
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".dialogue", ".toml") and "tests" not in path.parts:
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _key(case: Case) -> str:
    return f"{case.id} {case.digest}"


def _read(path: Path) -> dict[str, Performance]:
    """What a file holds. It is only unpickled when nobody but this user can have written it."""
    try:
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & 0o022 or path.parent.stat().st_mode & 0o022:
            return {}
        kept = pickle.loads(path.read_bytes())
    except Exception:  # a damaged file can raise anything; the reference plays the cases again
        return {}
    return kept if isinstance(kept, dict) else {}


def _prune(folder: Path) -> None:
    files = sorted(folder.glob("oracle-*.pickle"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[MOST_FILES:]:
        path.unlink(missing_ok=True)
