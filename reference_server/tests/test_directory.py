"""The data directory: made privately, held by one process, refused with a reason."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reference_server.store import DataDirectory, DataDirectoryError, directory


def test_makes_missing_directories_for_the_owner_only(tmp_path: Path) -> None:
    held = DataDirectory(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    held.release()
    held.release()


def test_every_new_name_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(directory, "flush_directory", flushed.append)
    DataDirectory(tmp_path / "a" / "b").release()
    assert flushed == [tmp_path, tmp_path / "a"]


def test_flushing_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    directory.flush_directory(tmp_path)
    assert flushed == [tmp_path.stat().st_ino]


def test_one_server_at_a_time(tmp_path: Path) -> None:
    """Also between processes, and a process that is gone holds nothing."""
    attempt = [
        sys.executable,
        "-c",
        "import sys; from pathlib import Path; from reference_server.store import DataDirectory;"
        "DataDirectory(Path(sys.argv[1]))",
        str(tmp_path),
    ]
    held = DataDirectory(tmp_path)
    with pytest.raises(DataDirectoryError, match="in use by another server"):
        DataDirectory(tmp_path)
    refused = subprocess.run(attempt, capture_output=True, text=True, timeout=30, check=False)
    assert "in use by another server" in refused.stderr
    held.release()
    subprocess.run(attempt, timeout=30, check=True)
    DataDirectory(tmp_path).release()


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirectoryError, match=r"cannot use the data directory .*file: "):
        DataDirectory(tmp_path / "file")
