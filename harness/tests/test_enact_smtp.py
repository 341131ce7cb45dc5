"""Dialogues of SMTP, submission and LMTP against a scripted server: starts, names, message lines, endings."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from harness.cases import Observation
from harness.corpus import CorpusMessage, Trait
from harness.dialogue import parse_dialogue
from harness.enact import dialogue_case
from harness.errors import UsageError
from harness.stage import Blocked, Enough, Stage
from harness.targets.model import Account, Endpoint, Target
from harness.targets.profile import Profile
from harness.tests.peers import Peer, tls_contexts
from harness.tests.smtp_peer import Server

pytestmark = pytest.mark.asyncio

ACCOUNT = Account("ann", "secret", "ann@mx.test")
OTHER = Account("bob", "secret", "bob@mx.test")
PLAIN = base64.b64encode(b"\0ann\0secret")
MESSAGE = b"Subject: x\r\n\r\n.dot\r\n"


async def play(
    header: str, steps: str, server: Server, neighbours: Sequence[Account] = ()
) -> tuple[list[Observation], str]:
    """Play a dialogue's steps: what was observed, and how it ended."""
    case = dialogue_case(parse_dialogue(f"title: t\n{header}\n\n{steps}\n", "t.dialogue"))
    async with Peer(server.play) as (host, port):
        names = ("smtp", "submission", "lmtp")
        target = SimpleNamespace(
            autologout_seconds=None,
            imap_autologout_seconds=None,
            can_restart=False,
            profile=Profile.bare("scripted"),
            loader=SimpleNamespace(carries=frozenset(Trait)),
            endpoints={name: Endpoint(name, "lmtp" if name == "lmtp" else "smtp", host, port) for name in names},
            tls_context=lambda: tls_contexts()[1],
        )
        stage = Stage(
            case,
            cast(Target, target),
            ACCOUNT,
            corpus=lambda kind, number: CorpusMessage(kind, MESSAGE),
            capabilities={},
            timeout=2.0,
            neighbours=neighbours,
        )
        ending = "finished"
        try:
            await case.script(stage)
        except Enough:
            ending = "enough"
        except Blocked as blocked:
            ending = str(blocked)
        finally:
            await stage.close()
        return stage.observations, ending


MAIL, RCPT = b"MAIL FROM:<sender@client.test>", b"RCPT TO:<ann@mx.test>"
EHLO, LHLO, AUTH = b"EHLO client.postel.test", b"LHLO client.postel.test", b"AUTH PLAIN " + PLAIN


@pytest.mark.parametrize(
    ("protocol", "start", "heard"),
    [
        ("smtp", "connected", []),
        ("smtp", "greeted", [EHLO]),
        ("smtp", "mail", [EHLO, MAIL]),
        ("smtp", "recipient", [EHLO, MAIL, RCPT]),
        ("smtp", "data", [EHLO, MAIL, RCPT, b"DATA"]),
        ("lmtp", "recipient", [LHLO, MAIL, RCPT]),
        ("submission", "connected", []),
        ("submission", "greeted", [EHLO]),
        ("submission", "authenticated", [EHLO, AUTH]),
        ("submission", "recipient", [EHLO, AUTH, b"MAIL FROM:<ann@mx.test>", RCPT]),
    ],
)
async def test_where_a_session_starts(protocol: str, start: str, heard: list[bytes]) -> None:
    server = Server()
    steps = {"connected": "S: 220", "data": "C: .\nS: 250"}.get(start, "C: NOOP\nS: 250")
    assert (await play(f"protocol: {protocol}\nstart: {start}", steps, server))[1] == "finished"
    assert server.heard == heard + {"connected": [], "data": []}.get(start, [b"NOOP"])


async def test_login_inside_tls_where_auth_is_announced_only_there() -> None:
    server = Server(auth_inside_tls=True)
    assert (await play("protocol: submission", "C: NOOP\nS: 250", server))[1] == "finished"
    assert server.heard == [EHLO, b"STARTTLS", EHLO, AUTH, b"NOOP"]


@pytest.mark.parametrize(
    ("refuses", "start", "says"),
    [(b"EHLO", "greeted", "an answer to EHLO"), (b"RCPT", "recipient", "a session at recipient")],
)
async def test_a_start_that_cannot_be_reached_blocks(refuses: bytes, start: str, says: str) -> None:
    ending = (await play(f"protocol: smtp\nstart: {start}", "C: NOOP\nS: 250", Server(refuses=refuses)))[1]
    assert says in ending
    assert "550 5.7.1 no" in ending


async def test_a_message_goes_out_as_data_carries_it() -> None:
    server = Server()
    steps = "C: {data $m1}\nS: 250 2.6.0 [[RFC5321-4.5.2-a]]\nC: NOOP\nS: 250"
    observed, ending = await play("protocol: smtp\nstart: data\nmessages: 1 plain", steps, server)
    assert ending == "finished"
    assert server.heard[-4:] == [b"| Subject: x", b"| ", b"| ..dot", b"NOOP"]
    assert observed[0].canonical == {"verb": "message", "status": "250"}


async def test_lines_of_a_message_have_no_replies() -> None:
    server = Server()
    steps = "C: DATA\nS: 354\nC: Subject: x\nC:\nC: NOOP\nC: .\nS: 250 2.6.0\nC: QUIT\nS: 221\nS: <eof>"
    assert (await play("protocol: smtp\nstart: recipient", steps, server))[1] == "finished"
    assert server.heard[-4:] == [b"| Subject: x", b"| ", b"| NOOP", b"QUIT"]


async def test_counted_octets_and_base64() -> None:
    server = Server()
    steps = 'C: MAIL FROM:<$sender> SIZE={octets $m1}\nS: 250\nC: AUTH PLAIN {base64 "\\0$user\\0$password"}\nS: 235'
    assert (await play("protocol: smtp\nmessages: 1 plain", steps, server))[1] == "finished"
    assert server.heard[1:] == [MAIL + b" SIZE=%d" % len(MESSAGE), AUTH]


async def test_names() -> None:
    server = Server()
    steps = "C: VRFY $local $domain $stranger $client $other\nS: 250"
    assert (await play("protocol: smtp", steps, server, [OTHER]))[1] == "finished"
    assert server.heard[1] == b"VRFY ann mx.test stranger@elsewhere.test client.postel.test bob@mx.test"


async def test_a_second_account_is_leased_for_its_name_alone() -> None:
    header = "title: t\nprotocol: smtp\n\n"
    assert dialogue_case(parse_dialogue(header + "C: VRFY $other\nS: 250\n", "x")).users == 2
    assert dialogue_case(parse_dialogue(header + "C: VRFY $address\nS: 250\n", "x")).users == 1


async def test_a_case_is_played_at_its_own_endpoint_and_loads_nothing() -> None:
    text = "title: t\nprotocol: submission\nmessages: 2 plain\n\nC: NOOP\nS: 250\n"
    case = dialogue_case(parse_dialogue(text, "x"))
    assert (case.protocol, case.endpoint, case.messages) == ("smtp", "submission", ())


async def test_a_reply_that_deviates_ends_the_dialogue() -> None:
    steps = "C: RCPT TO:<$address>\nS: 250 [[RFC5321-3.3-a]]\nC: NOOP\nS: 250"
    observed, ending = await play("protocol: smtp", steps, Server(refuses=b"RCPT"))
    assert (ending, [each.kind for each in observed]) == ("enough", ["code:550"])


async def test_lines_of_a_reply() -> None:
    steps = "C: EHLO x\nS: 250\nS: - SIZE $limit\nC: NOOP $limit\nS: 250"
    server = Server()
    assert (await play("protocol: smtp", steps, server))[1] == "finished"
    assert server.heard[-1] == b"NOOP 99"


@pytest.mark.parametrize("line", ["C: x {data $m1}", "C: {data $m1} x", "C: {data $m2}", "C: {octets $m1"])
async def test_lines_that_cannot_be_sent_are_refused(line: str) -> None:
    with pytest.raises(UsageError):
        parse_dialogue(f"title: t\nprotocol: smtp\nmessages: 1 plain\n\n{line}\nS: 250\n", "x")
