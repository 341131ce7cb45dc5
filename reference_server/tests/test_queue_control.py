"""The queue of a running server, looked at and flushed from outside; two servers in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import poplib
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reference_server.queue.control import SOCKET_NAME, reachable
from reference_server.queue.control_client import NoServer, Refused, ask

DEADLINE = 30.0
MESSAGE = b"Subject: hello\r\n\r\n.dot\r\n"
PASSWORD = "tanstaaf"


@contextlib.contextmanager
def serving(*options: str) -> Iterator[dict[str, Any]]:
    """A server in a process of its own, and what it announces."""
    command = [sys.executable, "-m", "reference_server", "--json", "--quiet", "--test-run", f"--password={PASSWORD}"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            announced: dict[str, Any] = json.loads(process.stdout.readline())
            yield announced
            process.terminate()
            assert process.wait(DEADLINE) == 0
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def send(announced: dict[str, Any], recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", announced["endpoints"]["smtp"]["port"], timeout=DEADLINE) as peer:
        peer.sendmail("user1@alice.test", recipient, MESSAGE)


def mailbox(announced: dict[str, Any]) -> list[bytes]:
    peer = poplib.POP3("127.0.0.1", announced["endpoints"]["pop3"]["port"], timeout=DEADLINE)
    peer.user("user1")
    peer.pass_(PASSWORD)
    messages = [b"".join(line + b"\r\n" for line in peer.retr(number + 1)[1]) for number in range(peer.stat()[0])]
    peer.quit()
    return messages


def until_tried(directory: Path) -> dict[str, Any]:
    """The only entry of a queue, once it has been tried."""
    pause = threading.Event()
    for _ in range(600):
        (entry,) = ask(directory, {"command": "list"})["entries"]
        if entry["recipients"][0]["attempts"]:
            return dict(entry)
        pause.wait(0.05)
    raise AssertionError("nothing was tried")


def test_what_waits_is_listed_shown_and_flushed(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    alices = ("--domain=alice.test", "--relay-from=127.0.0.0/8", f"--route=bob.test=127.0.0.1:{ports[1]}")
    with serving(f"--data={tmp_path}", f"--smtp-port={ports[0]}", *alices) as alice:
        assert ask(tmp_path, {"command": "list"}) == {"entries": []}
        assert (tmp_path / SOCKET_NAME).stat().st_mode & 0o777 == 0o600
        send(alice, "user1@bob.test")
        entry = until_tried(tmp_path)
        (recipient,) = entry["recipients"]
        assert (recipient["address"], recipient["fate"], recipient["status"]) == ("user1@bob.test", "waiting", "4.4.1")
        shown = ask(tmp_path, {"command": "show", "entry": entry["name"]})
        assert shown["message"].encode("latin-1").endswith(b"\r\n" + MESSAGE)
        with pytest.raises(Refused, match="there is no Q99 in the queue"):
            ask(tmp_path, {"command": "show", "entry": "Q99"})
        with pytest.raises(Refused, match="no command"):
            ask(tmp_path, {"command": "empty"})
        bobs = ("--domain=bob.test", "--relay-from=127.0.0.0/8", f"--route=*=127.0.0.1:{ports[0]}")
        with serving(f"--smtp-port={ports[1]}", *bobs) as bob:
            assert ask(tmp_path, {"command": "flush", "entries": [entry["name"]]}) == {"recipients": 1}
            _wait_for_mail(bob, 1)
            send(bob, "user1@alice.test")  # and back
            _wait_for_mail(alice, 1)
            assert ask(tmp_path, {"command": "list"}) == {"entries": []}
    with pytest.raises(NoServer, match="no server runs"):
        ask(tmp_path, {"command": "list"})
    with pytest.raises(NoServer, match="there is no directory"):
        ask(tmp_path / "elsewhere", {"command": "list"})


def _wait_for_mail(announced: dict[str, Any], count: int) -> None:
    pause = threading.Event()
    for _ in range(600):
        if len(messages := mailbox(announced)) == count:
            assert all(message.endswith(b"\r\n" + MESSAGE) for message in messages)
            return
        pause.wait(0.05)
    raise AssertionError("the mail did not arrive")


@pytest.mark.asyncio
async def test_a_long_directory_is_reached_by_a_short_name(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with reachable(deep / SOCKET_NAME) as name:
        server = await asyncio.start_unix_server(lambda _, writer: writer.close(), path=name)
    assert (deep / SOCKET_NAME).is_socket()
    with reachable(deep / SOCKET_NAME) as name:
        reader, writer = await asyncio.open_unix_connection(name)
    assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
    writer.close()
    server.close()
