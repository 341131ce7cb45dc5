"""The Docker engine as postel uses it: connecting, images, leftovers of crashed runs. Everything here blocks.

Each run holds a lock file as long as its process lives, and each of its containers is labelled with that file's path.
A container whose lock is free belongs to a run that is gone, and is removed.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import docker
import docker.errors
import requests
from docker.models.images import Image

from harness.errors import SetupError

RUN_LABEL = "postel.run"
LOCK_LABEL = "postel.lock"

#: Seconds that the engine may take for one answer.
ENGINE_TIMEOUT = 120
#: Lines of a build's output that an error shows.
SHOWN_BUILD_LINES = 15

EngineErrors = (docker.errors.DockerException, requests.exceptions.RequestException, OSError)


def connect() -> docker.DockerClient:
    """A client of the engine. Raises SetupError when none answers."""
    try:
        client = docker.from_env(timeout=ENGINE_TIMEOUT)
        client.ping()
    except EngineErrors as error:
        raise SetupError(
            f"no Docker engine answers: {brief(error)}",
            mend="start one (docker info), or set DOCKER_HOST; the targets reference and host: need none",
        ) from error
    return client


def brief(error: BaseException) -> str:
    """An engine's error in one line."""
    text = getattr(error, "explanation", None) or str(error)
    return " ".join(str(text).split())[:400]


class RunLock:
    """A lock file that is held as long as this process lives; `path` is what containers are labelled with."""

    def __init__(self) -> None:
        self.run_id = secrets.token_hex(6)
        self.path = Path(tempfile.gettempdir()) / f"postel-run-{self.run_id}.lock"
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def labels(self) -> dict[str, str]:
        """For every container of this run."""
        return {RUN_LABEL: self.run_id, LOCK_LABEL: str(self.path)}

    def release(self) -> None:
        """Give the lock up and remove its file. May be called again."""
        if self._descriptor >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def lock_is_free(path: Path) -> bool:
    """Whether no living process holds the lock of a run."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def remove_leftovers(client: docker.DockerClient) -> list[str]:
    """Remove the containers of runs that are gone, and their networks; the containers' names."""
    removed: list[str] = []
    gone: set[Path] = set()
    for container in client.containers.list(all=True, filters={"label": LOCK_LABEL}, ignore_removed=True):
        path = Path(container.labels.get(LOCK_LABEL, ""))
        if not lock_is_free(path):
            continue
        with contextlib.suppress(*EngineErrors):
            container.remove(force=True, v=True)
            removed.append(str(container.name))
            gone.add(path)
    for network in client.networks.list(filters={"label": LOCK_LABEL}):
        path = Path(network.attrs["Labels"].get(LOCK_LABEL, ""))
        if path in gone or lock_is_free(path):
            with contextlib.suppress(*EngineErrors):
                network.remove()
                gone.add(path)
    for path in gone:
        path.unlink(missing_ok=True)
    return removed


def find_image(client: docker.DockerClient, name: str, progress: Callable[[str], None]) -> Image:
    """An image by name, pulled where it is not here. Raises SetupError."""
    try:
        return client.images.get(name)
    except docker.errors.ImageNotFound:
        progress(f"pulling {name}")
    except EngineErrors as error:
        raise SetupError(f"the image {name} cannot be looked up: {brief(error)}") from error
    try:
        pulled = client.images.pull(name, tag=None if ":" in name.rsplit("/", 1)[-1] or "@" in name else "latest")
    except EngineErrors as error:
        raise SetupError(
            f"there is no image {name}: it is not on this machine and cannot be pulled: {brief(error)}",
            mend="check the name with `docker images`, or build it first",
        ) from error
    return pulled[0] if isinstance(pulled, list) else pulled


def build_image(
    client: docker.DockerClient,
    directory: Path,
    name: str,
    progress: Callable[[str], None],
    wanted: Callable[[], bool] = lambda: True,
) -> Image:
    """The image of a directory with a Dockerfile, built only when its content has changed; given up once not `wanted`.

    Raises SetupError, which shows the last lines of a failed build.
    """
    if not (directory / "Dockerfile").is_file():
        raise SetupError(f"{directory} has no Dockerfile", mend="build: takes a directory that holds one")
    tag = f"postel/{name.lower()}:{content_digest(directory)[:12]}"
    with contextlib.suppress(docker.errors.ImageNotFound):
        return client.images.get(tag)
    progress(f"building {tag} (the first time takes a minute or two)")
    said: list[str] = []
    try:
        for entry in client.api.build(path=str(directory), tag=tag, rm=True, forcerm=True, decode=True):
            if not wanted():
                raise SetupError(f"building {name} was given up")
            text = str(entry.get("stream") or entry.get("error") or "")
            for line in text.splitlines():
                if line.strip():
                    said.append(line)
                    if line.startswith("Step "):
                        progress(f"building {name}: {line}")
            if "error" in entry:
                raise _build_failed(name, said)
        return client.images.get(tag)
    except (TypeError, *EngineErrors) as error:
        raise _build_failed(name, [*said, brief(error)]) from error


def _build_failed(name: str, said: Sequence[str]) -> SetupError:
    tail = "\n  ".join(said[-SHOWN_BUILD_LINES:])
    return SetupError(f"the image of {name} could not be built; the build's last lines:\n  {tail}")


def content_digest(directory: Path) -> str:
    """A digest of names, modes and contents of every file below a directory."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            digest.update(
                f"{path.relative_to(directory).as_posix()}\0{path.stat().st_mode & 0o111}\0{len(data)}\0".encode()
            )
            digest.update(data)
    return digest.hexdigest()


@functools.cache
def own_lock() -> RunLock:
    """This process's lock, taken when its first container starts and given up after the last is removed."""
    lock = RunLock()
    atexit.register(lock.release)
    return lock
