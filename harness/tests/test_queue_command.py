"""`postel queue` beside a server whose queue holds something."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from reference_server.backend import Envelope, Recipient
from reference_server.clock import VirtualClock
from reference_server.queue.control import ControlSocket
from reference_server.server import MailServer
from reference_server.settings import TEST_COST, Ports, Relay, Route, Settings

pytestmark = pytest.mark.asyncio

NO_PORTS = Ports(*[None] * 8)
MESSAGE = b"Subject: hello\x1b[2J\r\n\r\nhello\r\n"


async def postel(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    command = [sys.executable, "-m", "harness.cli.main", "queue", *arguments]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


async def output(*arguments: str) -> str:
    """What a command that succeeds prints."""
    status, printed, complaint = await postel(*arguments)
    assert (status, complaint) == (0, "")
    return printed


async def test_a_queue_is_listed_shown_and_flushed(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path, cost=TEST_COST, ports=NO_PORTS, relay=Relay(routes=(Route("b.test", "127.0.0.1", 1),))
    )
    data = f"--data={tmp_path}"
    async with MailServer(settings, clock=VirtualClock()) as server:
        control = ControlSocket(tmp_path, server.queue)
        await control.open()
        assert await output("list", data) == "the queue is empty\n"
        envelope = Envelope("alice@a.test", (Recipient("bob@b.test"), Recipient("eve@b.test")))
        await asyncio.to_thread(server.queue.delivery.deliver, envelope, MESSAGE)
        await server.queue.idle()

        first, bob, refused, *_ = (await output("list", data)).splitlines()
        assert first == "Q1  2026-01-01 00:00:00 UTC  29 octets  from <alice@a.test>"
        assert bob == "  <bob@b.test>  waiting, 1 attempt, next 2026-01-01 00:30:00 UTC"
        assert refused.startswith("    4.4.1  cannot connect to 127.0.0.1")
        as_json = json.loads(await output("list", data, "--json"))
        assert [each["address"] for each in as_json[0]["recipients"]] == ["bob@b.test", "eve@b.test"]

        assert "Subject: hello\\x1b[2J\n\nhello\n" in await output("show", data, "Q1")
        assert json.loads(await output("show", data, "Q1", "--json"))["message"] == MESSAGE.decode()

        assert await output("flush", data) == "2 recipients to be tried now\n"
        await server.queue.idle()
        assert "waiting, 2 attempts" in await output("list", data)

        assert await postel("show", data, "Q9") == (2, "", "error: there is no Q9 in the queue\n")
        await control.close()
    complaint = f"error: no server runs on {tmp_path}; start one with `postel serve --data {tmp_path}`\n"
    assert await postel("list", data) == (2, "", complaint)
