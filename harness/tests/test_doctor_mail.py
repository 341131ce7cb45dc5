"""What the doctor tries where mail is submitted and where it arrives, against a scripted server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from harness.doctor_mail import try_recipient, try_submission
from harness.errors import TargetProtocolError
from harness.targets.model import Account, Endpoint, Target
from harness.tests.peers import Peer, tls_contexts
from harness.tests.smtp_peer import Server

pytestmark = pytest.mark.asyncio

ACCOUNT = Account("ann", "secret", "ann@mx.test")
TARGET = cast(Target, SimpleNamespace(tls_context=lambda: tls_contexts()[1]))


@pytest.mark.parametrize("inside", [False, True])
async def test_a_login_for_submission(inside: bool) -> None:
    server = Server(auth_inside_tls=inside)
    async with Peer(server.play) as (host, port):
        saw = await try_submission(TARGET, Endpoint("submission", "smtp", host, port), ACCOUNT, 5.0)
    assert saw == f"logged in{', after STARTTLS' if inside else ''}; mechanisms: PLAIN"
    assert server.heard[-1] == b"QUIT"


async def test_a_login_that_is_refused() -> None:
    async with Peer(Server(refuses=b"AUTH").play) as (host, port):
        with pytest.raises(TargetProtocolError, match=r"answered `550 5\.7\.1 no`; mechanisms: PLAIN"):
            await try_submission(TARGET, Endpoint("submission", "smtp", host, port), ACCOUNT, 5.0)


@pytest.mark.parametrize(("name", "hello"), [("smtp", b"EHLO"), ("lmtp", b"LHLO")])
async def test_a_recipient(name: str, hello: bytes) -> None:
    server = Server()
    async with Peer(server.play) as (host, port):
        assert await try_recipient(TARGET, Endpoint(name, name, host, port), ACCOUNT, 5.0) == "ann@mx.test is accepted"
    assert [line.split()[0] for line in server.heard] == [hello, b"MAIL", b"RCPT", b"RSET", b"QUIT"]


@pytest.mark.parametrize("refused", [b"MAIL", b"RCPT"])
async def test_a_recipient_that_is_refused(refused: bytes) -> None:
    async with Peer(Server(refuses=refused).play) as (host, port):
        with pytest.raises(TargetProtocolError, match="550"):
            await try_recipient(TARGET, Endpoint("smtp", "smtp", host, port), ACCOUNT, 5.0)
