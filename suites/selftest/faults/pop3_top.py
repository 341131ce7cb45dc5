"""What TOP sends: header, blank line, so many lines (RFC 1939 §7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.actions import Action
from reference_server.conversation import Await, Steps
from reference_server.pop3 import message as message_parts
from reference_server.pop3.grammar import TopArguments
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from suites.selftest.fault import Fault
from suites.selftest.faults.pop3_content import cut_lines
from suites.selftest.variants import altered, found, handled, sends, variant

HEADER = "RFC1939-7.TOP-d"
LINES = "RFC1939-7.TOP-e"
ALL_LINES = "RFC1939-7.TOP-g"


def _top(slug: str, title: str, requirement: str, change: Callable[[bytes, int], bytes], seen_in: str = "") -> Fault:
    """TOP with another idea of what to send, made of message and number of lines."""

    def top(session: Pop3Session, arguments: TopArguments) -> Steps:
        sent: list[bytes] = []
        whole = replace(arguments, lines=1 << 40)
        yield from altered(found("TOP").handler, _keeping(sent))(session, whole)
        yield session.message(Text.TOP_FOLLOWS, change(sent[0], arguments.lines))

    build = variant(commands=handled(TOP=top))
    return Fault(f"pop3/content/top-{slug}", f"TOP {title}", (requirement,), build, seen_in, touches=("TOP",))


def _keeping(sent: list[bytes]) -> Callable[[Action | Await], list[Action | Await]]:
    """Keeps a message that would be sent, unstuffed, in place of sending it."""

    def keep(data: bytes) -> bytes:
        _, _, body = data.partition(b"\r\n")
        lines = body.removesuffix(b".\r\n").split(b"\r\n")
        sent.append(b"\r\n".join(line.removeprefix(b".") if line[:2] == b".." else line for line in lines))
        return b""

    return sends(keep)


def _top_counting_header(data: bytes, lines: int) -> bytes:
    """n counts all lines, those of the header too."""
    head = data[: message_parts.header_length(data)]
    return message_parts.top(data, max(0, lines - head.count(b"\r\n")))


def _first_part(data: bytes, lines: int) -> bytes:
    return message_parts.top(data, lines)


def _top_marking(session: Pop3Session, arguments: TopArguments) -> Steps:
    yield from found("TOP").handler(session, arguments)
    session.maildrop.mark(arguments.number)


def _top_twice(session: Pop3Session, arguments: TopArguments) -> Steps:
    yield session.positive(Text.TOP_FOLLOWS)
    yield from found("TOP").handler(session, arguments)


FAULTS: tuple[Fault, ...] = (
    _top("sends-everything", "sends the whole message whatever is asked", LINES, lambda data, lines: data),
    _top(
        "sends-everything-for-none",
        "sends the whole message for 0 lines",
        LINES,
        lambda data, lines: _first_part(data, lines) if lines else data,
        "Stalwart",
    ),
    _top(
        "sends-ten-lines",
        "sends ten lines whatever is asked",
        LINES,
        lambda data, lines: _first_part(data, 10),
        "usa.net",
    ),
    _top(
        "sends-one-line",
        "sends one line whatever is asked",
        LINES,
        lambda data, lines: _first_part(data, 1),
        "OpenMail",
    ),
    _top("sends-one-line-too-many", "sends one line too many", LINES, lambda data, lines: _first_part(data, lines + 1)),
    _top(
        "sends-one-line-too-few",
        "sends one line too few",
        LINES,
        lambda data, lines: _first_part(data, max(0, lines - 1)),
    ),
    _top("counts-the-header", "counts the lines of the header", LINES, _top_counting_header, "Stalwart #3165"),
    _top(
        "forgets-the-header",
        "sends the body's lines without the header",
        HEADER,
        lambda data, lines: _first_part(data, lines)[message_parts.header_length(data) :] or b"\r\n",
    ),
    _top(
        "forgets-the-blank-line",
        "leaves the blank line out",
        HEADER,
        lambda data, lines: _first_part(data, lines).replace(b"\r\n\r\n", b"\r\n", 1),
    ),
    _top(
        "shortens-the-header",
        "sends the main header fields only",
        HEADER,
        lambda data, lines: re.sub(rb"(?ms)^X-.*?\r\n(?=\S|\r\n)", b"", _first_part(data, lines)),
    ),
    _top(
        "unfolds-the-header",
        "unfolds header fields",
        HEADER,
        lambda data, lines: re.sub(rb"\r\n[ \t]+", b" ", _first_part(data, lines)),
    ),
    _top(
        "cuts-the-header",
        "cuts header lines at 512 octets",
        HEADER,
        lambda data, lines: cut_lines(_first_part(data, lines), 512),
    ),
    _top(
        "cuts-at-64k",
        "ends at 65536 octets",
        LINES,
        lambda data, lines: (
            _first_part(data, lines)[:65_000] + (b"\r\n" if len(_first_part(data, lines)) > 65_000 else b"")
        ),
        "Maillennium",
    ),
    _top("cuts-lines", "cuts lines at 512 octets", LINES, lambda data, lines: cut_lines(_first_part(data, lines), 512)),
    _top(
        "skips-blank-lines",
        "does not count empty lines",
        LINES,
        lambda data, lines: _first_part(data, lines).rstrip(b"\r\n") + b"\r\n",
    ),
    _top(
        "ends-with-a-line-more",
        "adds an empty line where everything is asked for",
        ALL_LINES,
        lambda data, lines: data + b"\r\n" if _first_part(data, lines) == data else _first_part(data, lines),
    ),
    _top(
        "stops-before-the-end",
        "leaves the last line out where more lines are asked for",
        ALL_LINES,
        lambda data, lines: (
            data[: data[:-2].rfind(b"\r\n") + 2] if lines > data.count(b"\r\n") else (_first_part(data, lines))
        ),
    ),
    _top(
        "stops-at-the-last-line",
        "leaves the last line out where all are asked for",
        ALL_LINES,
        lambda data, lines: (
            data[: data[:-2].rfind(b"\r\n") + 2] if _first_part(data, lines) == data else (_first_part(data, lines))
        ),
    ),
    Fault(
        "pop3/content/top-marks",
        "TOP marks the message as deleted",
        ("RFC1939-5.RETR-d", "RFC1939-6.QUIT-d"),
        variant(commands=handled(TOP=_top_marking)),
        "SpryNet (marks as read)",
        touches=("TOP",),
    ),
    Fault(
        "pop3/content/top-answers-twice",
        "TOP says +OK twice",
        (HEADER, "RFC1939-5-b"),
        variant(commands=handled(TOP=_top_twice)),
        "FTGate",
        touches=("TOP",),
    ),
)
