"""Running commands in a container: one by one, or through a shell that stays. Everything here blocks.

To start a command in a container costs the engine some 0.1 s; a shell that stays takes the next one in a tenth of
that, which is what makes loading fast. Both need nothing of the image but, for the shell, sh, head and mktemp.
"""

from __future__ import annotations

import contextlib
import secrets
import shlex
import socket
import struct
from collections.abc import Sequence
from typing import Any

import docker
from docker.models.containers import Container

from harness.errors import SetupError
from harness.targets.engine import EngineErrors, brief
from harness.targets.reach import CommandResult

#: Seconds without any output after which a command in a container counts as hung.
SILENCE_BUDGET = 60.0
_FRAME = struct.Struct(">BxxxL")


class ExecStream:
    """Standard input and output of a command that runs in a container. Raises what `EngineErrors` lists."""

    def __init__(self, client: docker.DockerClient, container: Container, command: Sequence[str]) -> None:
        self._api = client.api
        created = self._api.exec_create(container.id, list(command), stdin=True, stdout=True, stderr=True)
        self._id = created["Id"]
        self._stream: Any = self._api.exec_start(self._id, socket=True)
        self._socket: Any = getattr(self._stream, "_sock", self._stream)
        self._socket.settimeout(SILENCE_BUDGET)

    def send(self, data: bytes) -> None:
        """Write to its standard input."""
        self._socket.sendall(data)

    def end_input(self) -> None:
        """Let it read the end of its standard input."""
        self._socket.shutdown(socket.SHUT_WR)

    def read(self) -> bytes:
        """The next piece of its output, b"" at the end. The engine sends frames: a head of eight octets, then data."""
        head = self._exactly(_FRAME.size)
        return self._exactly(_FRAME.unpack(head)[1]) if len(head) == _FRAME.size else b""

    def status(self) -> int:
        """Its exit status, once its output has ended."""
        status = self._api.exec_inspect(self._id)["ExitCode"]
        return -1 if status is None else int(status)

    def close(self) -> None:
        """Let go of it. Never raises."""
        with contextlib.suppress(OSError):
            self._socket.close()
        with contextlib.suppress(OSError):
            self._stream.close()

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                break
            data += more
        return bytes(data)


def run_once(client: docker.DockerClient, container: Container, command: Sequence[str], stdin: bytes) -> CommandResult:
    """Run one command to its end. Raises SetupError when the engine refuses or the command hangs."""
    try:
        stream = ExecStream(client, container, command)
        try:
            stream.send(stdin)
            stream.end_input()
            output = bytearray()
            while data := stream.read():
                output += data
            return CommandResult(stream.status(), bytes(output))
        finally:
            stream.close()
    except EngineErrors as error:
        raise SetupError(f"`{command[0]}` could not be run in the container: {brief(error)}") from error


#: Reads a length, a command and that many octets of input; runs the command with them; says how it ended. Input goes
#: through a file, so that a command that does not read all of it leaves nothing behind.
_LOOP = (
    'f=$(mktemp) && echo ready && while IFS= read -r n && IFS= read -r c; do head -c "$n" >"$f"; '
    '(eval "$c") <"$f" 2>&1; printf \'\\n%s %s\\n\' "$1" "$?"; done'
)


class StayingShell:
    """A shell in a container that runs one command after another."""

    def __init__(self, client: docker.DockerClient, container: Container) -> None:
        self._token = f"postel-{secrets.token_hex(8)}".encode()
        self._stream = ExecStream(client, container, ["sh", "-c", _LOOP, "sh", self._token.decode()])
        if self._stream.read() != b"ready\n":
            self._stream.close()
            raise OSError("the container has no shell that can stay")

    def run(self, command: Sequence[str], stdin: bytes) -> CommandResult:
        """Run a command whose words hold no line end. Raises OSError when the shell is gone or the command hangs."""
        line = shlex.join(command).encode()
        self._stream.send(b"%d\n%s\n" % (len(stdin), line) + stdin)
        output = bytearray()
        while True:
            data = self._stream.read()
            if not data:
                raise OSError("the shell in the container has ended")
            output += data
            head, found, tail = bytes(output).rpartition(b"\n" + self._token + b" ")
            if found and tail.endswith(b"\n"):
                return CommandResult(int(tail), head)

    def close(self) -> None:
        """End it. Never raises."""
        self._stream.close()


class Shells:
    """The shells of one container that wait for work; as many as commands have run at once."""

    def __init__(self, client: docker.DockerClient, container: Container) -> None:
        self._client = client
        self._container = container
        self._idle: list[StayingShell] = []
        self._usable = True

    def run(self, command: Sequence[str], stdin: bytes) -> CommandResult:
        """Run a command by a waiting shell, a new one, or, where the image has none, on its own. Raises SetupError."""
        shell = None if any("\n" in word for word in command) else self._take()
        if shell is None:
            return run_once(self._client, self._container, command, stdin)
        try:
            result = shell.run(command, stdin)
        except EngineErrors as error:
            shell.close()
            raise SetupError(f"`{command[0]}` could not be run in the container: {brief(error)}") from error
        self._idle.append(shell)
        return result

    def close(self) -> None:
        """End all that wait, as before a restart of the container. Never raises."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> StayingShell | None:
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        if self._usable:
            try:
                return StayingShell(self._client, self._container)
            except EngineErrors:
                self._usable = False
        return None
