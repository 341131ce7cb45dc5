from __future__ import annotations

import pytest

from reference_server.smtp import replies
from reference_server.smtp.replies import Renderer, Reply

ALL = [reply for reply in vars(replies).values() if isinstance(reply, Reply)]


def test_one_line_and_more() -> None:
    assert Renderer().reply(Reply(250, "0.0", ("done",))) == b"250 done\r\n"
    assert Renderer().reply(Reply(214, "0.0", ("a", "b", "c"))) == b"214-a\r\n214-b\r\n214 c\r\n"


def test_status_codes_on_every_line() -> None:
    render = Renderer(enhanced_status_codes=True)
    assert render.reply(Reply(550, "1.1", ("a", "b"))) == b"550-5.1.1 a\r\n550 5.1.1 b\r\n"
    assert render.reply(Reply(250, None, ("a",))) == b"250 a\r\n"


def test_a_line_stays_within_512_octets() -> None:
    line = Renderer().reply(Reply(250, "0.0", ("x" * 1000,)))
    assert len(line) == 512
    assert line.endswith(b"x\r\n")


def test_no_character_is_cut_in_two() -> None:
    line = Renderer().reply(Reply(250, "0.0", ("x" + "\u00fc" * 300,)))
    assert len(line) == 511
    assert line.decode().endswith("\u00fc\r\n")


def test_values_are_told_in_ascii() -> None:
    assert replies.escaped("b\u00fccher \U0001f600") == "b\\x{FC}cher \\x{1F600}"


def test_a_challenge_is_base64_and_nothing_else() -> None:
    assert Renderer(enhanced_status_codes=True).challenge(b"") == b"334 \r\n"
    assert Renderer(enhanced_status_codes=True).challenge(b"abc") == b"334 YWJj\r\n"


def test_a_value_is_not_a_place() -> None:
    assert Reply(550, "1.1", ("no <{path}>",)).with_values({"path": "{code}"}).lines == ("no <{code}>",)


@pytest.mark.parametrize("reply", ALL, ids=lambda reply: f"{reply.code}-{reply.lines[0][:20]}")
def test_status_codes_where_rfc_2034_wants_them(reply: Reply) -> None:
    without = {replies.READY, replies.HELLO, replies.START_MAIL}
    assert (reply.status is None) is (reply in without)
    assert all(line.isascii() and line.isprintable() for line in reply.lines)
