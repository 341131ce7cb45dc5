"""The form of responses on the wire, looked at octet by octet (RFC 1939 §3)."""

from __future__ import annotations

import re

from harness.cases import case
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.pop3.acts import expect, expect_that

#: CR without LF, or LF without CR.
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


@case("pop3/rfc1939-3/status-indicators-in-upper-case", "RFC1939-3-k", "RFC1939-3-h", messages=("plain",))
async def status_indicators_in_upper_case(stage: Stage) -> None:
    """Responses begin with +OK or -ERR, in upper case."""
    session = await stage.pop3()
    for line in ("STAT", "LIST 1", "NOOP", "LIST 99", "XYZZ", "RETR 1", "DELE 1", "RSET", "QUIT"):
        reply = await session.command(line)
        indicator = re.match(rb"[+-]?[A-Za-z]*", reply.raw)
        found = indicator.group() if indicator else b""
        proper = found in (b"+OK", b"-ERR")
        expect_that(stage, proper, "+OK or -ERR", shown(found), "RFC1939-3-k", "RFC1939-3-h", facet=Facet.GRAMMAR)


@case("pop3/rfc1939-3/status-lines-end-in-crlf", "RFC1939-3-i", "RFC1939-3-j", messages=("plain",))
async def status_lines_end_in_crlf(stage: Stage) -> None:
    """One-line responses end in CRLF and have at most 512 octets."""
    session = await stage.pop3()
    long_name = "y" * 40
    for line in ("STAT", "LIST 1", "NOOP", f"LIST {long_name}", f"XYZZ {long_name}", "DELE 1", "RSET"):
        reply = await session.command(line)
        ended = reply.raw.endswith(b"\r\n") and not _BARE.search(reply.raw)
        expect_that(stage, ended, "CRLF at the end", shown(reply.raw), "RFC1939-3-i", facet=Facet.GRAMMAR)
        short = len(reply.raw) <= 512
        expect_that(stage, short, "512 octets at most", f"{len(reply.raw)}", "RFC1939-3-j", facet=Facet.GRAMMAR)


@case(
    "pop3/rfc1939-3/multi-line-responses-end-in-a-dot",
    "RFC1939-3-l",
    "RFC1939-3-m",
    messages=("plain", "dotty-end"),
)
async def multi_line_responses_end_in_a_dot(stage: Stage) -> None:
    """Lines of a multi-line response end in CRLF, and the last one is a lone dot."""
    session = await stage.pop3()
    for line in ("LIST", "RETR 1", "RETR 2"):
        reply = await expect(stage, session, line, "+OK", "RFC1939-3-m")
        ended = reply.raw.endswith(b"\r\n.\r\n")
        expect_that(stage, ended, "CRLF, dot, CRLF at the end", shown(reply.raw[-12:]), "RFC1939-3-m")
        bare = _BARE.search(reply.raw)
        observed = "CRLF only" if bare is None else f"octet {bare.start()}: {shown(bare.group())}"
        expect_that(stage, bare is None, "no line end but CRLF", observed, "RFC1939-3-l", facet=Facet.GRAMMAR)


@case("pop3/rfc1939-3/dots-are-stuffed-on-the-wire", "RFC1939-3-n", "RFC1939-5.RETR-f", messages=("dot-runs",))
async def dots_are_stuffed_on_the_wire(stage: Stage) -> None:
    """Each line that begins with a dot has one dot more on the wire, and no other line has."""
    session = await stage.pop3()
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC1939-5.RETR-f")
    body = stage.messages[0].data.partition(b"\r\n\r\n")[2]
    stuffed = b"".join((b"." if line[:1] == b"." else b"") + line for line in body.splitlines(keepends=True))
    holds = reply.raw.endswith(b"\r\n\r\n" + stuffed + b".\r\n")
    expect_that(stage, holds, shown(stuffed), shown(reply.raw[-len(stuffed) - 3 :]), "RFC1939-3-n", "RFC1939-5.RETR-f")
