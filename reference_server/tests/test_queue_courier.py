"""Messages of one domain on their way to scripted next hops."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from dataclasses import replace

import pytest

from reference_server.backend import Recipient
from reference_server.clock import SystemClock
from reference_server.queue.client import SmtpClient
from reference_server.queue.courier import ClientFactory, Line, Unreachable
from reference_server.queue.entries import Outcome
from reference_server.queue.hops import Hops
from reference_server.queue.resolver import MailExchanger
from reference_server.settings import Relay
from reference_server.tests.queue_peer import Peer, addresses, but, peer, taking
from reference_server.tests.queue_script import PLAIN

pytestmark = pytest.mark.asyncio


class Exchangers:
    """mx1, mx2 and so on of b.test, all on loopback."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def mail_exchangers(self, domain: str) -> Sequence[MailExchanger]:
        return [MailExchanger(number, f"mx{number}") for number in range(1, self._count + 1)]

    async def addresses(self, host: str) -> Sequence[str]:
        return ["127.0.0.1"]


def line(*peers: Peer | int, **settings: object) -> Line:
    """A line to b.test, whose exchangers are these, best first; a number is a port where nobody listens."""
    ports = tuple((f"mx{n + 1}", each if isinstance(each, int) else each.port) for n, each in enumerate(peers))
    relay = Relay(ports=ports, **settings)  # type: ignore[arg-type]
    hops = Hops(relay, Exchangers(len(peers)), own_names=(), randomness=random.Random(0))
    clients, clock = ClientFactory(SmtpClient, "mail.a.test", relay.timeouts), SystemClock()
    return Line("b.test", hops, clients, Unreachable(clock, 1800), clock, relay)


def nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def kinds(outcomes: Sequence[Outcome]) -> str:
    """One letter each: Sent, Temporary, Permanent."""
    return "".join(each.kind.value[0].upper() for each in outcomes)


async def test_one_connection_serves_many_messages() -> None:
    async with peer(taking()) as mx:
        way = line(mx)
        for _ in range(3):
            assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()
    assert mx.verbs() == ["EHLO MAIL RCPT RCPT DATA MAIL RCPT RCPT DATA MAIL RCPT RCPT DATA QUIT"]
    assert mx.messages == [b"Subject: x\r\n\r\n..dot\r\n"] * 3


async def test_a_connection_is_given_up_after_so_many() -> None:
    async with peer(taking("PIPELINING")) as mx:
        way = line(mx, messages_per_connection=2)
        for _ in range(3):
            assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()
    assert mx.verbs() == ["EHLO MAIL RCPT RCPT DATA MAIL RCPT RCPT DATA QUIT", "EHLO MAIL RCPT RCPT DATA QUIT"]


async def test_a_hundred_recipients_at_once_and_the_rest_after_them() -> None:
    many = replace(PLAIN, recipients=tuple(Recipient(each) for each in addresses(250)))
    async with peer(taking("PIPELINING")) as mx:
        way = line(mx)
        assert kinds(await way.send(many)) == "S" * 250
        await way.close()
    (said,) = mx.commands
    assert len(mx.messages) == 3
    assert [each for each in said if each.startswith("RCPT")] == [f"RCPT TO:<{each}>" for each in addresses(250)]


async def test_who_was_one_too_many_goes_next() -> None:
    five = replace(PLAIN, recipients=tuple(Recipient(each) for each in addresses(5)))
    limited = but(taking(), RCPT="250 ok|250 ok|452 4.5.3 too many|452 4.5.3 too many|452 4.5.3 too many|250 ok")
    async with peer(limited) as mx:
        way = line(mx)
        assert kinds(await way.send(five)) == "SSSSS"
        await way.close()
    assert mx.verbs() == ["EHLO MAIL RCPT RCPT RCPT RCPT RCPT DATA MAIL RCPT RCPT RCPT DATA QUIT"]


async def test_the_next_exchanger_when_the_first_cannot_be_reached() -> None:
    async with peer(taking()) as mx2:
        way = line(nobody(), mx2)
        assert kinds(await way.send(PLAIN)) == "SS"
        assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()
    assert len(mx2.messages) == 2


@pytest.mark.parametrize("reply", ["554 no mail here", "421 busy", None])
async def test_the_next_exchanger_when_the_first_takes_no_mail(reply: str | None) -> None:
    async with peer(but(taking(), GREETING=reply)) as mx1, peer(taking()) as mx2:
        way = line(mx1, mx2)
        for _ in range(2):
            assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()
    assert len(mx1.commands) == 1  # it is remembered, for this run
    assert len(mx2.messages) == 2


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("451 later", "250 ok", "SS"),
        ("451 later", "450 later", "TT"),
        ("451 later", "550 never", "PP"),
        ("550 never", "250 ok", "PP"),
    ],
)
async def test_what_two_exchangers_say_of_a_recipient(first: str, second: str, expected: str) -> None:
    async with peer(but(taking(), RCPT=first)) as mx1, peer(but(taking(), RCPT=second)) as mx2:
        way = line(mx1, mx2)
        assert kinds(await way.send(PLAIN)) == expected
        await way.close()


@pytest.mark.parametrize(("first", "second"), [(None, "554 closed"), ("554 closed", None)])
async def test_one_that_may_come_back_outweighs_one_that_never_takes_mail(
    first: str | None, second: str | None
) -> None:
    async with peer(but(taking(), GREETING=first)) as mx1, peer(but(taking(), GREETING=second)) as mx2:
        assert kinds(await line(mx1, mx2).send(PLAIN)) == "TT"


async def test_hosts_that_all_take_no_mail() -> None:
    async with peer(but(taking(), GREETING="554 closed")) as mx1, peer(but(taking(), GREETING="554 closed")) as mx2:
        assert kinds(await line(mx1, mx2).send(PLAIN)) == "PP"


async def test_another_exchanger_may_have_the_extension() -> None:
    utf8 = replace(PLAIN, reverse_path="älice@a.test", utf8=True)
    async with peer(taking()) as mx1, peer(taking("SMTPUTF8", "8BITMIME")) as mx2:
        way = line(mx1, mx2)
        assert kinds(await way.send(utf8)) == "SS"
        assert [each.status for each in await line(mx1).send(utf8)] == ["5.6.7", "5.6.7"]
        await way.close()


async def test_after_the_final_dot_no_other_host_is_asked() -> None:
    async with peer(but(taking(), DOT=None)) as mx1, peer(taking()) as mx2:
        way = line(mx1, mx2)
        assert kinds(await way.send(PLAIN)) == "TT"
        await way.close()
    assert len(mx1.messages) == 1
    assert mx2.commands == []


async def test_a_tired_connection_is_replaced_at_once() -> None:
    async with peer(but(taking(), MAIL="250 ok|421 that was enough|250 ok")) as mx:
        way = line(mx)
        assert kinds(await way.send(PLAIN)) == "SS"
        assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()
    assert mx.verbs() == ["EHLO MAIL RCPT RCPT DATA MAIL", "EHLO MAIL RCPT RCPT DATA QUIT"]


async def test_after_a_failure_the_transaction_is_reset() -> None:
    async with peer(but(taking(), RCPT="550 no|550 no|250 ok")) as mx:
        way = line(mx)
        assert kinds(await way.send(PLAIN)) == "PP"
        assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()
    assert mx.verbs() == ["EHLO MAIL RCPT RCPT RSET MAIL RCPT RCPT DATA QUIT"]


async def test_broken_tls_is_done_without() -> None:
    async with peer(but(taking("STARTTLS"), STARTTLS="220 go")) as mx:  # and then it does not speak TLS
        way = line(mx)
        assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()
    assert mx.commands[1][:2] == ["EHLO mail.a.test", "MAIL FROM:<alice@a.test>"]


async def test_what_is_said_in_the_clear_behind_the_220_is_not_believed() -> None:
    injected = "220 go\r\n250-mx\r\n250 SIZE 1"
    async with peer(but(taking("STARTTLS"), STARTTLS=injected)) as mx:
        way = line(mx)
        assert kinds(await way.send(PLAIN)) == "SS"
        await way.close()


async def test_nonsense_in_place_of_replies() -> None:
    for verb in ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"):
        async with peer(but(taking(), **{verb: "hello there"})) as mx:
            outcomes = await line(mx).send(PLAIN)
        assert kinds(outcomes) == "TT"
        assert {each.status for each in outcomes} == {"4.5.0"}
