from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.pop3.responses import Renderer, ResponseCode

render = Renderer()


def test_status_lines() -> None:
    assert render.positive("done") == b"+OK done\r\n"
    assert render.negative("no", ResponseCode.SYS_TEMP) == b"-ERR [SYS/TEMP] no\r\n"
    assert render.greeting("ready", "<1@a>") == b"+OK ready <1@a>\r\n"
    assert render.greeting("ready", None) == b"+OK ready\r\n"


def test_a_status_line_stays_within_512_octets() -> None:
    assert len(render.positive("x" * 1000)) == 512
    assert render.positive("x" * 1000).endswith(b"x\r\n")


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"", b""),
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b".", b"..\r\n"),
        (b".\r\n.\r\n..\r\n", b"..\r\n..\r\n...\r\n"),
        (b"a\n.\r\n", b"a\n.\r\n"),
        (b"a\r.\r\n", b"a\r.\r\n"),
        (b"\r\n.a\r\n", b"\r\n..a\r\n"),
        (b"a\r", b"a\r\r\n"),
        (b"\x00\xff\r\n", b"\x00\xff\r\n"),
    ],
)
def test_messages_are_stuffed_and_ended(message: bytes, sent: bytes) -> None:
    assert render.message("x", message) == b"+OK x\r\n" + sent + b".\r\n"


@given(st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"a"]), max_size=30))
def test_a_client_gets_back_what_was_sent(pieces: list[bytes]) -> None:
    message = b"".join([*pieces, b"\r\n"])
    lines = render.message("x", message).split(b"\r\n")[1:]
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""]
    assert b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end]) == message


def test_listings() -> None:
    assert render.listing("two", ["1 2", ".x"]) == b"+OK two\r\n1 2\r\n..x\r\n.\r\n"
    assert render.listing("none", []) == b"+OK none\r\n.\r\n"


def test_challenges() -> None:
    assert render.challenge(b"") == b"+ \r\n"
    assert render.challenge(b"abc") == b"+ YWJj\r\n"
