"""What RETR and TOP send: the message, its lines, its dots (RFC 1939 §3, §5, §7, §11)."""

from __future__ import annotations

import re
from collections.abc import Callable

from reference_server.actions import Send
from reference_server.conversation import Steps
from reference_server.pop3 import message as message_parts
from reference_server.pop3.responses import CommandRefused, Renderer
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import found, handled, variant

Change = Callable[[bytes], bytes]


WHOLE = "RFC1939-5.RETR-e"


RETR_STUFFS = ("RFC1939-5.RETR-f", "RFC1939-3-n")


TOP_STUFFS = ("RFC1939-7.TOP-f", "RFC1939-3-n")


HEADER = "RFC1939-7.TOP-d"


LINES = "RFC1939-7.TOP-e"


ALL_LINES = "RFC1939-7.TOP-g"


def _sending(after: Text, change: Change) -> Build:
    """The messages that follow this text are changed before they are stuffed."""

    class Sending(Pop3Session):
        def message(self, text: Text, message: bytes, **values: object) -> Send:
            return super().message(text, change(message) if text is after else message, **values)

    return variant(session=Sending)


def _rendering(after: Text, renderer: type[Renderer]) -> Build:
    """The messages that follow this text are rendered in another way."""

    class Rendering(Pop3Session):
        def message(self, text: Text, message: bytes, **values: object) -> Send:
            if text is not after:
                return super().message(text, message, **values)
            return Send(renderer().message(self.say(text, values), message))

    return variant(session=Rendering)


def _retr(slug: str, title: str, change: Change, seen_in: str = "", requirements: tuple[str, ...] = (WHOLE,)) -> Fault:
    build = _sending(Text.OCTETS, change)
    return Fault(f"pop3/content/retr-{slug}", f"RETR {title}", requirements, build, seen_in, touches=("RETR",))


def _in_header(data: bytes, field: bytes) -> bytes:
    return field + b"\r\n" + data


def cut_lines(data: bytes, octets: int) -> bytes:
    """Each line cut off behind so many octets."""
    return b"\r\n".join(line[:octets] for line in data.split(b"\r\n"))


def _broken_lines(data: bytes, octets: int) -> bytes:
    lines = [[line[at : at + octets] for at in range(0, len(line), octets)] or [b""] for line in data.split(b"\r\n")]
    return b"\r\n".join(piece for pieces in lines for piece in pieces)


def _without_attachments(data: bytes) -> bytes:
    """The text part alone."""
    head, _, body = data.partition(b"\r\n\r\n")
    boundary = re.search(rb'boundary="(.*?)"', head)
    return data if boundary is None else head + b"\r\n\r\n" + body.split(b"--" + boundary[1])[1].strip() + b"\r\n"


def _unstuffed_once(data: bytes) -> bytes:
    """As a server that undoes stuffing of what was never stuffed when the mail came in."""
    return re.sub(rb"(?m)^\.", b"", data)


class _Unstuffed(Renderer):
    def stuffed(self, lines: bytes) -> bytes:
        return lines


class _LoneDotsStuffed(Renderer):
    """Only lines that are a single dot get another."""

    def stuffed(self, lines: bytes) -> bytes:
        return re.sub(rb"(?m)^\.\r$", b"..\r", lines)


class _FirstLineForgotten(Renderer):
    def stuffed(self, lines: bytes) -> bytes:
        return lines.replace(b"\r\n.", b"\r\n..")


class _AllDotsStuffed(Renderer):
    """Dots after any CRLF or blank are doubled."""

    def stuffed(self, lines: bytes) -> bytes:
        return super().stuffed(lines).replace(b" .", b" ..")


class _StuffedTwice(Renderer):
    def stuffed(self, lines: bytes) -> bytes:
        return super().stuffed(super().stuffed(lines))


#: No case has TOP of a message that begins with a dot, or has dots after spaces.
_WITHOUT_CASE = ("forgets-the-first-line", "stuffs-every-dot-after-a-space")


def _renderings() -> list[Fault]:
    kinds = (
        ("stuffs-nothing", "does not stuff dots", _Unstuffed, "hMailServer before 5.7, GreenMail"),
        ("stuffs-lone-dots-only", "stuffs only lines that are a single dot", _LoneDotsStuffed, ""),
        ("stuffs-every-dot-after-a-space", "stuffs dots after spaces too", _AllDotsStuffed, ""),
        ("stuffs-twice", "stuffs twice", _StuffedTwice, "Cerb #1829"),
        ("forgets-the-first-line", "does not stuff the very first line", _FirstLineForgotten, "GreenMail #1004"),
    )
    return [
        Fault(
            f"pop3/content/{keyword.lower()}-{slug}",
            f"{keyword} {title}",
            requirements,
            _rendering(text, renderer),
            seen_in,
            touches=(keyword,),
        )
        for keyword, text, requirements in (
            ("RETR", Text.OCTETS, (*RETR_STUFFS, WHOLE)),
            ("TOP", Text.TOP_FOLLOWS, TOP_STUFFS),
        )
        for slug, title, renderer, seen_in in kinds
        if keyword == "RETR" or slug not in _WITHOUT_CASE
    ]


def _one_line(session: Pop3Session, number: int) -> Steps:
    """Says +OK and sends nothing after it but the final dot."""
    session.maildrop.message(number)
    yield session.listing(Text.OCTETS, [], octets=0)


def _wrong_message(session: Pop3Session, number: int) -> Steps:
    """Message numbers beyond the first are one too high inside."""
    yield from found("RETR").handler(session, max(1, number - 1))


def _refused(session: Pop3Session, _: object) -> Steps:
    raise CommandRefused(Text.NO_SUCH_MESSAGE)
    yield


def _marking(session: Pop3Session, number: int) -> Steps:
    yield from found("RETR").handler(session, number)
    session.maildrop.mark(number)


FAULTS: tuple[Fault, ...] = (
    *_renderings(),
    _retr("cuts-the-last-line", "leaves the last line out", lambda data: data[: data[:-2].rfind(b"\r\n") + 2]),
    _retr("adds-a-line", "adds a line at the end", lambda data: data + b"\r\n"),
    _retr("trims-trailing-blank-lines", "drops empty lines at the end", lambda data: data.rstrip(b"\r\n") + b"\r\n"),
    _retr("trims-lines", "drops white space at the end of lines", lambda data: re.sub(rb"[ \t]+(?=\r\n)", b"", data)),
    _retr("expands-tabs", "turns tabs into spaces", lambda data: data.replace(b"\t", b"        ")),
    _retr(
        "quotes-from",
        "quotes lines that begin with From",
        lambda data: re.sub(rb"(?m)^From ", b">From ", data),
        "mbox stores",
    ),
    _retr(
        "unquotes-from",
        "unquotes lines that begin with >From",
        lambda data: re.sub(rb"(?m)^>From ", b"From ", data),
        "mbox stores",
    ),
    _retr(
        "ends-at-from",
        "ends the message at a line that an mbox takes for the next",
        lambda data: re.split(rb"(?m)^From \S+ \w{3} ", data)[0],
        "mbox stores",
    ),
    _retr(
        "adds-status",
        "adds a Status field",
        lambda data: _in_header(data, b"Status: RO").replace(b"\r\n\r\n", b"\r\nX-UIDL: 1\r\n\r\n", 1),
        "UW popper",
    ),
    _retr("unfolds-header", "unfolds header fields", lambda data: re.sub(rb"\r\n[ \t]+", b" ", data, count=1)),
    _retr("cuts-lines", "cuts lines at 512 octets", lambda data: cut_lines(data, 512)),
    _retr("breaks-long-lines", "breaks lines of more than 998 octets", lambda data: _broken_lines(data, 998)),
    _retr("breaks-longest-lines", "breaks lines of 998 octets", lambda data: _broken_lines(data, 997)),
    _retr(
        "cuts-at-64k",
        "ends at 65536 octets",
        lambda data: data[:65_536] + b"\r\n" if len(data) > 65_536 else data,
        "Maillennium",
    ),
    _retr(
        "cuts-at-10m",
        "ends at 10000000 octets",
        lambda data: data[:10_000_000] + b"\r\n" if len(data) > 10_000_000 else data,
    ),
    _retr("strips-the-eighth-bit", "sends seven bits of each octet", lambda data: bytes(octet & 127 for octet in data)),
    _retr(
        "recodes-latin-1",
        "turns octets above 127 into UTF-8",
        lambda data: data if data.isascii() else data.decode("latin-1").encode(),
    ),
    _retr("ends-at-nul", "ends at a NUL", lambda data: data.partition(b"\0")[0] + b"\r\n" if b"\0" in data else data),
    _retr(
        "drops-control-octets",
        "drops control octets",
        lambda data: re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", b"", data),
    ),
    _retr("omits-attachments", "leaves attachments out", _without_attachments, "MailMax, InterChange"),
    _retr(
        "undoes-stuffing-of-its-store",
        "drops a dot of lines that begin with one",
        _unstuffed_once,
        "GreenMail #1004",
        (WHOLE, "RFC1939-5.RETR-f"),
    ),
    _retr(
        "sends-the-header-alone",
        "sends the header alone",
        lambda data: data[: message_parts.header_length(data)] or data,
        requirements=(WHOLE, "RFC1939-5.RETR-d"),
    ),
    Fault(
        "pop3/content/retr-sends-no-message",
        "RETR says +OK and sends no message",
        ("RFC1939-5.RETR-d", WHOLE),
        variant(commands=handled(RETR=_one_line)),
        touches=("RETR",),
    ),
    Fault(
        "pop3/content/retr-sends-another-message",
        "RETR n sends message n - 1",
        (WHOLE, "RFC1939-4-k"),
        variant(commands=handled(RETR=_wrong_message)),
        touches=("RETR",),
    ),
    Fault(
        "pop3/content/retr-is-always-refused",
        "RETR is refused for every message",
        ("RFC1939-5.RETR-d",),
        variant(commands=handled(RETR=_refused)),
        touches=("RETR",),
    ),
    Fault(
        "pop3/content/retr-marks",
        "RETR marks the message as deleted",
        ("RFC1939-6.QUIT-d", "RFC1939-5.DELE-d", WHOLE),
        variant(commands=handled(RETR=_marking)),
        touches=("RETR",),
    ),
)
