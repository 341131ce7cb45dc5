"""Faults of IDLE (RFC 2177): how it begins, what it tells, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from reference_server.conversation import Await, Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.errors import BadCommand
from reference_server.imap.idling import Woken
from reference_server.imap.outcome import Completion, Handling, Improper
from reference_server.imap.renderer import Renderer
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State, Updates
from reference_server.lines import LineBuffer
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    doing,
    failing,
    fault,
    handled,
    handler_of,
    imap_variant,
    refusing,
    refusing_lines,
    said,
    table,
    without_in,
)

_LINE = 1024


def _idling(ends: Callable[[bytes], bool]) -> Build:
    """An IDLE that another line ends."""

    def idle(session: ImapSession, _: c.Command) -> Handling:
        def take(buffer: LineBuffer) -> object | None:
            return Woken.CHANGED if session.mail_changed else buffer.take_line(_LINE)

        yield session.send(r.Continue("Idling"))
        while True:
            yield from session.catch_up(Updates.EVERYTHING)
            line = cast(bytes | Woken, (yield Await(take)))
            if line is Woken.CHANGED:
                continue
            if isinstance(line, bytes) and ends(line):
                return Completion("Idle no more")
            raise Improper("DONE expected")

    return doing("IDLE", idle)


def _over_at_once(session: ImapSession, _: c.Command) -> Handling:
    """IDLE that does not wait."""
    yield session.send(r.Continue("Idling"))
    return Completion("Idle no more")


class _CountingTwice(Renderer):
    """While a client idles EXISTS is twice what it is."""

    idling = False

    def exists(self, response: r.Exists) -> bytes:
        return super().exists(replace(response, messages=response.messages * (1 + self.idling)))


def _counting(session: ImapSession, command: c.Command) -> Handling:
    assert isinstance(session.renderer, _CountingTwice)
    session.renderer.idling = True
    done = yield from handler_of("IDLE")(session, command)
    session.renderer.idling = False
    return done


class _Drowsy(ImapSession):
    """The command behind an IDLE is lost."""

    dozed = False

    def carry_out(self, command: c.Command) -> Steps:
        drowsy, self.dozed = self.dozed, isinstance(command, c.Idle)
        if drowsy:
            raise BadCommand(command.tag, "I was idling")
        yield from super().carry_out(command)


FAULTS: tuple[Fault, ...] = (
    fault("idle/ends-in-no", "IDLE ends in NO", "RFC2177-3-a RFC2177-3-i", failing("IDLE"), "IDLE"),
    fault("idle/refused", "IDLE is refused", "RFC2177-3-c", doing("IDLE", refusing), "IDLE"),
    fault(
        "idle/in-a-mailbox-alone",
        "IDLE needs a selected mailbox",
        "RFC2177-3-b",
        without_in(State.AUTHENTICATED, "IDLE"),
        "IDLE",
    ),
    fault("idle/over-at-once", "IDLE does not wait for DONE", "RFC2177-3-d", doing("IDLE", _over_at_once), "IDLE"),
    fault(
        "idle/arrivals-twice",
        "Each message counts twice while a client idles",
        "RFC2177-3-f",
        imap_variant(renderer=_CountingTwice, commands=handled(IDLE=_counting)),
        "IDLE",
        alone=True,
    ),
    fault(
        "idle/removals-by-another-number",
        "EXPUNGE names the message behind the one that went",
        "RFC2177-3-g",
        said(r.Expunged, lambda data: replace(data, number=data.number + 1)),
        "IDLE",
        alone=True,
    ),
    fault(
        "idle/command-behind-is-lost",
        "The command behind DONE is BAD",
        "RFC2177-3-j",
        imap_variant(session=_Drowsy),
        "IDLE",
    ),
    fault(
        "idle/removals-in-fetch",
        "EXPUNGE comes during a FETCH",
        "RFC2177-3-k",
        imap_variant(
            commands=table(
                lambda _, name, entry: replace(entry, updates=Updates.EVERYTHING) if name == "FETCH" else entry
            )
        ),
        "FETCH",
        alone=True,
    ),
    fault(
        "idle/done-in-capitals", "DONE is known in capitals only", "RFC2177-4-a", _idling(lambda line: line == b"DONE")
    ),
    fault(
        "idle/begun-in-capitals",
        "IDLE is known in capitals only",
        "RFC2177-4-a",
        refusing_lines(lambda line: b"iDlE" in line),
        "IDLE",
    ),
    fault(
        "idle/ends-with-any-line",
        "Any line ends IDLE with OK",
        "RFC2177-4-b",
        _idling(lambda _: True),
        "IDLE",
        seen_in="servers that look for a line end only",
    ),
)
