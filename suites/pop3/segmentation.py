"""How the network cuts a command line must not matter, and a line that has not ended is no command (RFC 1939 §3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.cases import case
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.pop3.acts import expect_count, expect_identity, expect_that, read, settle

CUT = "RFC1939-3-d"
WAIT = "RFC1939-3-e"
#: Seconds between two segments, so that they reach the server one by one; and in which an early answer would come.
GAP = 0.05
QUIET = 0.3

#: How a line is cut, by slug: what is said of it, and the function that cuts.
CUTS: dict[str, tuple[str, Callable[[bytes], Sequence[bytes]]]] = {
    "byte-by-byte": ("octet by octet", lambda line: [line[at : at + 1] for at in range(len(line))]),
    "between-cr-and-lf": ("between CR and LF", lambda line: [line[:-1], line[-1:]]),
    "before-the-line-end": ("before its CRLF", lambda line: [line[:-2], line[-2:]]),
    "inside-the-keyword": ("inside the keyword", lambda line: [line[:2], line[2:]]),
    "around-the-space": ("before and after the space", lambda line: [line[:4], line[4:5], line[5:]]),
}


async def _cut(stage: Stage, cut: Callable[[bytes], Sequence[bytes]]) -> None:
    """Log in and read a message with every line cut so."""
    session = await stage.pop3(login=False)
    own = stage.account
    lines = [f"USER {own.name}", f"PASS {own.password}", "STAT", "LIST 1", "RETR 1", "NOOP", "QUIT"]
    for line in lines:
        for segment in cut(f"{line}\r\n".encode()):
            if segment:
                await session.send_raw(segment)
                await stage.idle(GAP / len(line), "so that the segments go out one by one")
        reply = await read(stage, session, line.partition(" ")[0], CUT)
        settle(stage.expect_status(reply, "+OK", CUT))
        if line == "STAT":
            settle(expect_count(stage, reply, 1, CUT))
        if line == "RETR 1":
            settle(expect_identity(stage, reply, stage.messages[0], CUT))


def _declare(slug: str, about: str, cut: Callable[[bytes], Sequence[bytes]]) -> None:
    async def script(stage: Stage) -> None:
        await _cut(stage, cut)

    script.__doc__ = f"Commands that arrive cut {about} are understood"
    case(f"pop3/rfc1939-3/commands-cut-{slug}", CUT, messages=("lone-dot",))(script)


for _slug, (_about, _function) in CUTS.items():
    _declare(_slug, _about, _function)


@case("pop3/rfc1939-3/no-answer-before-the-line-ends", WAIT, messages=("plain",))
async def no_answer_before_the_line_ends(stage: Stage) -> None:
    """A command without its line end is not acted upon, and a CR alone does not end it."""
    session = await stage.pop3()
    for part in (b"DELE 1", b"\r"):
        await session.send_raw(part)
        early = await session.connection.hears_within(QUIET)
        said = shown(session.connection.unread) if early else "nothing"
        settle(expect_that(stage, not early, "no answer yet", said, WAIT, facet=Facet.ORDER))
    await session.send_raw(b"\n")
    settle(stage.expect_status(await read(stage, session, "DELE", WAIT), "+OK", WAIT))


@case("pop3/rfc1939-3/beginning-of-a-line-is-no-command", WAIT, messages=("plain",))
async def beginning_of_a_line_is_no_command(stage: Stage) -> None:
    """DELE 11 that arrives as `DELE 1` and `1` marks nothing, since there is no message 11."""
    session = await stage.pop3()
    await session.send_raw(b"DELE 1")
    await stage.idle(GAP, "so that the segments go out one by one")
    await session.send_raw(b"1\r\n")
    settle(stage.expect_status(await read(stage, session, "DELE", WAIT), "-ERR", WAIT))
    await session.send("STAT")
    expect_count(stage, await read(stage, session, "STAT", WAIT), 1, WAIT)
