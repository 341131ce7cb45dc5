"""Asks a running server about its queue, over the socket in its data directory (`control`)."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from reference_server.queue.control import SOCKET_NAME, reachable

_SECONDS = 30.0


class NoServer(Exception):
    """No server answers in that directory; the message says what to do."""


class Refused(Exception):
    """The server will not; the message says why."""


def ask(directory: Path, request: dict[str, object]) -> dict[str, Any]:
    """The server's answer. Raises NoServer or Refused."""
    if not directory.is_dir():
        raise NoServer(f"there is no directory {directory}; name the one that `postel serve` was given with --data")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(_SECONDS)
            with reachable(directory / SOCKET_NAME) as name:
                peer.connect(name)
            peer.sendall(json.dumps(request).encode() + b"\n")
            with peer.makefile("rb") as stream:
                line = stream.readline()
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NoServer(f"no server runs on {directory}; start one with `postel serve --data {directory}`") from error
    except OSError as error:
        raise NoServer(f"the server on {directory} cannot be asked: {error.strerror or error}") from error
    if not line:
        raise NoServer(f"the server on {directory} has stopped")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise Refused(answer["error"])
    return answer
