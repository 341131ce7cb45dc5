"""BDAT and BINARYMIME (RFC 3030): every octet, order, refusals that still take the chunk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reference_server.settings import Limits, Settings
from reference_server.tests.smtp_client import Client

TRANSACTION = ("EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>")
HOSTILE = b".\r\n.\r\nQUIT\r\n\x00\xff\n.\n"


def client(limit: int = 10_000) -> Client:
    made = Client(settings=Settings(limits=Limits(message=limit)))
    assert made.codes(*TRANSACTION) == [250] * 3
    return made


def delivered(talker: Client) -> bytes:
    """The only message that was delivered, without the trace field."""
    ((_, message),) = talker.delivery.delivered
    return message.partition(b" +0000\r\n")[2]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_octets_arrive_as_they_were_sent(size: int) -> None:
    talker = client()
    stream = b"BDAT %d\r\n%sbdat 0\r\nBDAT 3 last\r\nabcNOOP\r\n" % (len(HOSTILE), HOSTILE)
    sent = b"".join(talker.send(stream[start : start + size]) for start in range(0, len(stream), size))
    assert [line[:9] for line in sent.splitlines()] == [b"250 2.0.0"] * 2 + [b"250 2.6.0", b"250 2.0.0"]
    assert delivered(talker) == HOSTILE + b"abc"


def test_binarymime_is_for_chunks_only() -> None:
    talker = client()
    assert talker.codes("RSET", "MAIL FROM:<> BODY=BINARYMIME", "RCPT TO:<bob@postel.test>") == [250] * 3
    assert talker.codes("DATA") == [503]
    assert talker.send(b"BDAT 2 LAST\r\n\x00\r").startswith(b"250 2.6.0")
    assert delivered(talker) == b"\x00\r"


def test_data_and_bdat_do_not_mix() -> None:
    talker = client()
    assert talker.send(b"BDAT 1\r\nx").startswith(b"250")
    assert talker.codes("DATA", "RCPT TO:<eve@postel.test>", "MAIL FROM:<>") == [503] * 3
    assert talker.send(b"BDAT 1 LAST\r\ny").startswith(b"250 2.6.0")
    assert delivered(talker) == b"xy"


def test_after_the_last_chunk_there_is_none() -> None:
    talker = client()
    talker.send(b"BDAT 1 LAST\r\nx")
    assert talker.send(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n").split(b"\r\n")[:-1] == [
        b"503 5.5.1 bad sequence of commands",
        b"250 2.0.0 done",
    ]
    assert len(talker.delivery.delivered) == 1


@pytest.mark.parametrize("before", [(), ("HELO c",), ("EHLO c",), ("EHLO c", "MAIL FROM:<>")])
def test_a_refused_chunk_is_no_command(before: tuple[str, ...]) -> None:
    talker = Client()
    talker.say(*before)
    assert talker.send(b"BDAT 6\r\nQUIT\r\nNOOP\r\n") == b"503 5.5.1 bad sequence of commands\r\n250 2.0.0 done\r\n"


@pytest.mark.parametrize("abort", ["RSET", "EHLO c"])
def test_chunks_can_be_given_up(abort: str) -> None:
    talker = client()
    talker.send(b"BDAT 3\r\nabc")
    assert talker.codes(abort, *TRANSACTION[1:]) == [250] * 3
    talker.send(b"BDAT 1 LAST\r\nx")
    assert delivered(talker) == b"x"


def test_the_limit_is_the_whole_messages() -> None:
    talker = client(limit=10)
    assert talker.send(b"BDAT 10\r\n0123456789").startswith(b"250")
    assert talker.send(b"BDAT 1\r\nxBDAT 1 LAST\r\ny").split(b"\r\n")[:-1] == [
        b"552 5.3.4 too much mail data",
        b"503 5.5.1 bad sequence of commands",
    ]
    assert talker.codes("MAIL FROM:<>", "RCPT TO:<bob@postel.test>", "DATA", "NOOP", "RSET") == [
        503,
        503,
        503,
        250,
        250,
    ]
    assert talker.codes(*TRANSACTION) == [250] * 3
    assert talker.send(b"BDAT 11 LAST\r\n0123456789x").startswith(b"552 5.3.4")
    assert talker.codes(*TRANSACTION) == [250] * 3
    assert talker.send(b"BDAT 10 LAST\r\n0123456789").startswith(b"250 2.6.0")


def test_a_chunk_beyond_all_limits_takes_no_memory() -> None:
    talker = client(limit=10)
    assert talker.send(b"BDAT 99999999999999999999 LAST\r\n" + b"x" * 100_000) == b""
    assert len(talker.session._buffer.take_all()) == 0


def test_an_unfinished_chunk_is_not_delivered() -> None:
    talker = client()
    assert talker.send(b"BDAT 3 LAST\r\nab") == b""
    talker.session.connection_lost()
    assert talker.delivery.delivered == []


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.integers(1, 30))
def test_whatever_the_chunks_hold_their_octets_are_the_message(chunks: list[bytes], size: int) -> None:
    talker = client()
    stream = b"".join(b"BDAT %d\r\n%s" % (len(chunk), chunk) for chunk in chunks) + b"BDAT 0 LAST\r\n"
    sent = b"".join(talker.send(stream[start : start + size]) for start in range(0, len(stream), size))
    assert sent.count(b"\r\n") == len(chunks) + 1
    assert delivered(talker) == b"".join(chunks)
