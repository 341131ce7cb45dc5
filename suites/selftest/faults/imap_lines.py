"""Faults in how lines, tags and literals are taken from the network (RFC 3501 §2.2, §4.3, §5.5, §7.5; RFC 7888)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

from reference_server.actions import Action, Send
from reference_server.conversation import Await, Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.errors import BadCommand, RefusedCommand
from reference_server.imap.fragmenter import CommandText, Fragment, LiteralAnnounced, TooLong
from reference_server.imap.names import INBOX
from reference_server.imap.renderer import Renderer
from reference_server.imap.response_codes import ResponseCode
from reference_server.imap.session import ImapSession
from reference_server.lines import LineBuffer
from reference_server.store.records import Flags, NewMessage
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import fault, hearing, imap_variant, refusing_lines, said, saying

_CRLF = b"\r\n"
#: Octets of a line that a careless server reads at once, and of a tag that it keeps.
_PIECE = 8192
_TAG = 64

# ---- lines ----------------------------------------------------------------------------------------------------------


def received(change: Callable[[bytes], bytes]) -> Build:
    """A variant that takes other octets for those that come."""

    class Received(ImapSession):
        def receive(self, data: bytes) -> list[Action]:
            return super().receive(change(data))

    return imap_variant(session=Received)


def _ended(data: bytes) -> bytes:
    return data if data.endswith(b"\n") else data + _CRLF


def _lf_is_a_line_twice(data: bytes) -> bytes:
    return re.sub(rb"(?m)^([^\r\n]+)(?<!\r)\n", rb"\1\r\n\1\r\n", data)


def _lines_of(data: bytes) -> list[bytes]:
    """The lines that came at once; none where one is not whole, or has a literal."""
    return data.splitlines(keepends=True) if data.endswith(_CRLF) and b"{" not in data else []


def _first_only(data: bytes) -> bytes:
    return (_lines_of(data) or [data])[0]


def _backwards(data: bytes) -> bytes:
    return b"".join(reversed(_lines_of(data))) or data


class _Pieces(ImapSession):
    """A line that is too long is taken for several."""

    run = 0

    def receive(self, data: bytes) -> list[Action]:
        self.run = 0 if b"\n" in data else self.run + len(data)
        if self.run > _PIECE:
            self.run = 0
            data += _CRLF
        return super().receive(data)


class _Silent(ImapSession):
    """A line that is too long is not answered."""

    def answer(self, fragment: Fragment) -> Steps:
        if not isinstance(fragment, TooLong):
            yield from super().answer(fragment)


class _Echo(ImapSession):
    """What is not understood comes back."""

    def understood(self, text: CommandText) -> c.Command:
        try:
            return super().understood(text)
        except BadCommand as bad:
            raise BadCommand(bad.tag, f"not known: {text.lines.decode('latin-1')}") from None


def _raw_text(self: Renderer, text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _twice(response: r.Response) -> list[r.Response]:
    doubtful = isinstance(response, r.StatusResponse) and response.tag is None and response.condition is r.Condition.BAD
    return [response, response] if doubtful else [response]


def _tagged_anyway(response: r.StatusResponse) -> r.StatusResponse:
    unknown = response.tag is None and response.condition is r.Condition.BAD
    return replace(response, tag="A0") if unknown else response


class _ShortTags(ImapSession):
    """Tags are cut."""

    def tagged(self, condition: r.Condition, tag: str | None, text: str, code: ResponseCode | None = None) -> Send:
        return super().tagged(condition, tag and tag[:_TAG], text, code)


# ---- literals -------------------------------------------------------------------------------------------------------


def _inviting(change: Callable[[LiteralAnnounced, list[Action | Await]], Iterator[Action | Await]]) -> Build:
    """A variant that asks for literals in another way: `change` is given what would be sent."""

    class Inviting(ImapSession):
        def admit(self, event: LiteralAnnounced) -> Steps:
            yield from change(event, list(super().admit(event)))

    return imap_variant(session=Inviting)


def _not_asked(wanted: Callable[[LiteralAnnounced], bool]) -> Build:
    def change(event: LiteralAnnounced, steps: list[Action | Await]) -> Iterator[Action | Await]:
        yield from () if wanted(event) else steps

    return _inviting(change)


def _always_asked(event: LiteralAnnounced, steps: list[Action | Await]) -> Iterator[Action | Await]:
    """Non-synchronizing literals are asked for too."""
    yield from steps
    if not event.synchronizing:
        yield Send(b"+ Go on\r\n")


class _Greedy(ImapSession):
    """A literal of any size is asked for."""

    def admit(self, event: LiteralAnnounced) -> Steps:
        self._fragmenter.accept()
        if event.synchronizing:
            yield self.send(r.Continue("Go on"))


def _some(most: int) -> Callable[[LineBuffer], bytes | None]:
    return lambda buffer: buffer.take_octets(most) or None


class _RefusesAndWaits(ImapSession):
    """A command that is refused before its literal still swallows it, and APPEND to a missing mailbox is refused so."""

    refused = False

    def answer(self, fragment: Fragment) -> Steps:
        self.refused = False
        yield from super().answer(fragment)
        if isinstance(fragment, LiteralAnnounced) and fragment.synchronizing and self.refused:
            missing = fragment.size + len(_CRLF)
            while missing:
                missing -= len(cast(bytes, (yield Await(_some(missing)))))

    def admit(self, event: LiteralAnnounced) -> Steps:
        try:
            if b" APPEND no-such" in event.text.lines:
                self._fragmenter.refuse()
                raise BadCommand(event.text.lines.split()[0].decode(), "There is no such mailbox")
            yield from super().admit(event)
        except (BadCommand, RefusedCommand):
            self.refused = True
            raise


class _RunsLiterals(ImapSession):
    """The literal of a command that is refused is taken for commands."""

    def admit(self, event: LiteralAnnounced) -> Steps:
        try:
            yield from super().admit(event)
        except (BadCommand, RefusedCommand):
            self._fragmenter = type(self._fragmenter)(self.limits)
            raise


class _KeepsHalf(ImapSession):
    """What came of a message is kept where the connection is lost."""

    appending = False
    last = b""

    def receive(self, data: bytes) -> list[Action]:
        self.last = data
        return super().receive(data)

    def admit(self, event: LiteralAnnounced) -> Steps:
        self.appending = b" APPEND " in event.text.lines
        yield from super().admit(event)

    def connection_lost(self) -> None:
        if self.appending and not self.last.endswith(_CRLF):
            half = NewMessage(self.last, self.context.clock.now(), Flags())
            self.store.mail.append(self.account, INBOX, [half])
        super().connection_lost()


def _lines(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "") -> Fault:
    return fault(f"lines/{slug}", title, requirements, build, seen_in=seen_in)


FAULTS: tuple[Fault, ...] = (
    _lines(
        "segments-are-lines",
        "What comes at once is taken for a line",
        "2.2-c 2.2-d 2.2-e",
        received(_ended),
        seen_in="servers that read once for each command",
    ),
    _lines(
        "cr-ends-a-segment",
        "A line that is cut between CR and LF has ended",
        "2.2-c",
        received(lambda data: data + b"\n" if data.endswith(b"\r") else data),
    ),
    _lines(
        "first-of-several",
        "Of commands that come at once the first is answered",
        "5.5-c",
        received(_first_only),
        seen_in="servers that throw away what is behind a command",
    ),
    _lines("backwards", "Commands that come at once run backwards", "5.5-b", received(_backwards)),
    _lines("tags-cut", "Tags are cut", "2.2.2-d", imap_variant(session=_ShortTags)),
    _lines(
        "tags-of-letters",
        "Tags begin with a letter or a digit",
        "9-bx 9-m",
        refusing_lines(lambda line: re.match(rb"[A-Za-z0-9]+ ", line) is None),
    ),
    _lines(
        "doubtful-lines-get-a-tag",
        "A line without a tag is given one",
        "7.1.3-a",
        said(r.StatusResponse, _tagged_anyway),
    ),
    _lines(
        "long-lines-get-no-answer",
        "A line that is too long is not answered",
        "POSTEL-imap_line-a",
        imap_variant(session=_Silent),
    ),
    _lines(
        "long-lines-in-pieces",
        "A line that is too long is taken for several",
        "POSTEL-imap_line-b",
        imap_variant(session=_Pieces),
        seen_in="servers with a line buffer of a fixed size",
    ),
    _lines(
        "nul-is-nothing",
        "NUL in a command is passed over",
        "POSTEL-imap_line-c",
        hearing(lambda x: x.replace(b"\0", b"")),
    ),
    _lines(
        "cr-is-a-line-end", "CR ends a line", "POSTEL-imap_line-d", received(lambda x: re.sub(rb"\r(?!\n)", _CRLF, x))
    ),
    _lines(
        "lf-lines-run-twice", "A line that ends in LF is run twice", "POSTEL-imap_line-e", received(_lf_is_a_line_twice)
    ),
    _lines(
        "doubtful-lines-answered-twice",
        "A line without a command is answered twice",
        "POSTEL-imap_line-f",
        saying(_twice),
    ),
    _lines(
        "echo",
        "What is not understood comes back as it is",
        "POSTEL-imap_line-g",
        imap_variant(session=_Echo, renderer=type("RawText", (Renderer,), {"text": _raw_text})),
    ),
    # ---- literals
    _lines(
        "literals-not-asked-for",
        "Literals are not asked for",
        "2.2.1-a 7.5-a",
        _not_asked(lambda event: event.synchronizing),
    ),
    _lines("empty-literals-not-asked-for", "{0} is not asked for", "4.3-d", _not_asked(lambda event: event.size == 0)),
    _lines("empty-literals-refused", "A literal {0} gets BAD", "4.3-c", refusing_lines(lambda line: b"{0}" in line)),
    _lines(
        "nothing-behind-literals",
        "A literal must be the last argument",
        "7.5-b",
        refusing_lines(lambda line: re.search(rb"\d\}\r\n ", line) is not None),
    ),
    _lines(
        "nothing-behind-non-synchronizing-literals",
        "A non-synchronizing literal must be the last argument",
        "RFC7888-3-f",
        refusing_lines(lambda line: re.search(rb"\+\}\r\n ", line) is not None),
    ),
    _lines(
        "all-literals-asked-for", "Non-synchronizing literals are asked for", "RFC7888-3-c", _inviting(_always_asked)
    ),
    _lines(
        "refused-literals-swallowed",
        "After a refusal in place of a continuation request, the literal is waited for",
        "2.2.1-b",
        imap_variant(session=_RefusesAndWaits),
    ),
    _lines(
        "refused-literals-run",
        "The non-synchronizing literal of a command that is refused is taken for commands",
        "RFC7888-3-d RFC7888-3-e",
        imap_variant(session=_RunsLiterals),
        seen_in="servers that look for literals in commands that they know",
    ),
    _lines("any-size", "A literal of any size is asked for", "POSTEL-imap_literal-a", imap_variant(session=_Greedy)),
    _lines(
        "half-a-message",
        "Half a message is kept where the connection is lost",
        "POSTEL-imap_literal-e 6.3.11-k",
        imap_variant(session=_KeepsHalf),
    ),
)
