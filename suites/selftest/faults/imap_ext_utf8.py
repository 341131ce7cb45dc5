"""Faults of UTF8=ACCEPT (RFC 6855) and of IMAP4rev2 (RFC 9051), before they are enabled and after."""

from __future__ import annotations

import re
from dataclasses import replace

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.capabilities import CAPABILITIES
from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import BadCommand, RefusedCommand
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.names import MailboxName
from reference_server.imap.outcome import Handling
from reference_server.imap.renderer import Renderer
from reference_server.imap.responses import Condition
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    doing,
    fault,
    handler_of,
    hearing,
    imap_variant,
    meaning,
    refusing_lines,
    rendered,
    said,
    tolerating,
)


def _naming(*, utf8: bool) -> Build:
    """A variant that sends mailbox names to everybody in one encoding."""

    def mailbox(self: Renderer, name: MailboxName) -> bytes:
        return self.string(name.octets(utf8=utf8))

    return rendered(mailbox=mailbox)


def _as_sent(command: c.Create) -> c.Create:
    """A name in modified UTF-7 is kept as it was sent."""
    return replace(command, mailbox=MailboxName(command.mailbox.octets(utf8=False).decode()))


class _TakesAnyName(ImapSession):
    """Names that cannot be used are used."""

    def turn_down(self, refused: RefusedCommand) -> Steps:
        if refused.name != "CREATE":
            yield from super().turn_down(refused)
            return
        yield self.tagged(Condition.OK, refused.tag, "Created")


class _TakesAnyHeader(ImapSession):
    """APPEND takes a header in UTF-8 from everybody."""

    def carry_out(self, command: c.Command) -> Steps:
        if not isinstance(command, c.Append):
            yield from super().carry_out(command)
            return
        before = self.dialect
        self.dialect = Dialect(before.advertised, before.enabled | {"UTF8=ACCEPT"})
        yield from super().carry_out(command)
        self.dialect = before


def _as_before(session: ImapSession, command: c.Select) -> Handling:
    """SELECT is that of IMAP4rev1, whatever is enabled."""
    now = session.dialect
    session.dialect = Dialect(now.advertised, now.enabled - {"IMAP4rev2"})
    done = yield from handler_of("SELECT")(session, command)
    session.dialect = now
    return done


class _AsciiAlone(ImapSession):
    """SEARCH takes strings for ASCII where no charset is named."""

    def understood(self, text: CommandText) -> c.Command:
        command = super().understood(text)
        if isinstance(command, c.Search) and not all(each.data.isascii() for each in text.literals.values()):
            raise BadCommand(command.tag, "A string is not ASCII")
        return command


class _WithoutOldItems(ImapSession):
    """IMAP4rev2 has no items that begin with RFC822."""

    def understood(self, text: CommandText) -> c.Command:
        command = super().understood(text)
        if self.dialect.rev2 and b"RFC822" in text.lines:
            raise BadCommand(command.tag, "That was IMAP4rev1")
        return command


class _EachTagOnce(ImapSession):
    """A tag that comes again is BAD."""

    tags: frozenset[str] = frozenset()

    def understood(self, text: CommandText) -> c.Command:
        command = super().understood(text)
        if command.tag in self.tags:
            raise BadCommand(command.tag, "I have seen that tag")
        self.tags |= {command.tag}
        return command


_WITHOUT_REV1 = tuple(each for each in CAPABILITIES if each.name != "IMAP4rev1")

FAULTS: tuple[Fault, ...] = (
    fault(
        "utf8/enabled-in-silence",
        "ENABLED names nothing",
        "RFC6855-3-a RFC9051-A-a",
        said(r.Enabled, lambda data: replace(data, names=())),
        "ENABLE",
    ),
    fault(
        "utf8/no-utf8",
        "Quoted strings in UTF-8 are BAD",
        "RFC6855-3-b RFC6855-3-e",
        refusing_lines(lambda line: not line.isascii()),
    ),
    fault(
        "utf8/any-octets",
        "Quoted strings that are no UTF-8 are OK",
        "RFC6855-3-c",
        tolerating(lambda _, line: b"\xc3(" in line),
        "CREATE",
    ),
    fault(
        "utf8/names-in-utf8-for-all",
        "Mailbox names are UTF-8 for everybody",
        "RFC6855-3-d RFC6855-3-f RFC9051-A-b RFC9051-A-c",
        _naming(utf8=True),
        "LIST",
    ),
    fault(
        "utf8/names-in-utf7-for-all",
        "Mailbox names are modified UTF-7 for everybody",
        "RFC6855-3-h RFC9051-5.1-d",
        _naming(utf8=False),
        "LIST",
    ),
    fault(
        "utf8/names-as-sent",
        "A name in modified UTF-7 is another one than that in UTF-8",
        "RFC6855-3-f",
        meaning(c.Create, _as_sent),
        "CREATE",
    ),
    fault(
        "utf8/any-name",
        "Names with control characters are OK",
        "RFC6855-3-g",
        imap_variant(session=_TakesAnyName),
        "CREATE",
    ),
    fault(
        "utf8/charset-is-ignored",
        "SEARCH passes over its charset",
        "RFC6855-3-i",
        hearing(lambda line: re.sub(rb"SEARCH CHARSET \S+ ", b"SEARCH ", line)),
        "SEARCH",
    ),
    fault(
        "utf8/no-headers",
        "APPEND with UTF8 is BAD",
        "RFC6855-4-a",
        refusing_lines(lambda line: b"APPEND INBOX UTF8" in line),
        "APPEND",
    ),
    fault(
        "utf8/any-header",
        "APPEND takes a header in UTF-8 from everybody",
        "RFC6855-4-b",
        imap_variant(session=_TakesAnyHeader),
        "APPEND",
    ),
    fault(
        "imap4rev2/tags-once",
        "A tag that comes again is BAD",
        "RFC9051-2.2.1-a",
        imap_variant(session=_EachTagOnce),
        "NOOP",
    ),
    fault(
        "imap4rev2/select-as-before", "SELECT brings no LIST", "RFC9051-6.3.2-a", doing("SELECT", _as_before), "SELECT"
    ),
    fault(
        "imap4rev2/search-as-before",
        "SEARCH is answered by SEARCH, whatever is enabled",
        "RFC9051-6.4.4-a RFC9051-7.3.4-a",
        said(r.EsearchData, lambda data: r.SearchData(data.found)),
        "SEARCH",
    ),
    fault(
        "imap4rev2/uid-search-without-uid",
        "ESEARCH of a UID SEARCH does not say so",
        "RFC9051-6.4.9-a",
        said(r.EsearchData, lambda data: replace(data, uid=False)),
        "SEARCH",
        "UID",
    ),
    fault(
        "imap4rev2/ascii-alone",
        "SEARCH without a charset takes ASCII alone",
        "RFC9051-6.4.4-c RFC9051-6.4.4-d",
        imap_variant(session=_AsciiAlone),
        "SEARCH",
    ),
    fault(
        "imap4rev2/without-rev1",
        "IMAP4rev2 is announced without IMAP4rev1",
        "RFC9051-9-a RFC9051-7.2.2-a",
        imap_variant(capabilities=_WITHOUT_REV1),
        "CAPABILITY",
    ),
    fault(
        "imap4rev2/without-old-items",
        "What has another name in IMAP4rev2 is gone",
        "RFC9051-A-a",
        imap_variant(session=_WithoutOldItems),
        "FETCH",
    ),
)
