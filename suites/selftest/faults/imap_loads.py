"""Faults under load, by postel's own checks: what is long, deep or many is not answered; names of all kinds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from reference_server.conversation import Await, Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fragmenter import CommandText, Fragment
from reference_server.imap.names import MailboxName
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import fault, hearing, imap_variant, saying

#: Keys of SEARCH or numbers of a set, wildcards of a pattern, and mailboxes that are too many.
_MANY = 500
_SOME = 20
_LISTED = 200


def hanging(stuck: Callable[[bytes], bool]) -> Build:
    """A variant that never answers such lines; the octets have the announcements of literals in them."""

    class Hanging(ImapSession):
        def answer(self, fragment: Fragment) -> Steps:
            if isinstance(fragment, CommandText) and stuck(fragment.lines):
                yield Await(lambda buffer: None)
            yield from super().answer(fragment)

    return imap_variant(session=Hanging)


class _ShortLists(Renderer):
    """LIST ends after some mailboxes."""

    listed = 0

    def pieces(self, responses: Iterable[r.Response]) -> Pieces:
        return super().pieces([each for each in responses if self._wanted(each)])

    def _wanted(self, response: r.Response) -> bool:
        if isinstance(response, r.StatusResponse):
            self.listed = 0
        self.listed += isinstance(response, r.ListData)
        return not isinstance(response, r.ListData) or self.listed <= _LISTED


#: Stands in the store for a line end in a mailbox name.
_LINE_END = b"--line-end--"


class _LineEndsInNames(ImapSession):
    """A mailbox name may have a line end."""

    def understood(self, text: CommandText) -> c.Command:
        literals = {
            at: replace(each, data=each.data.replace(b"\r\n", _LINE_END)) if b" CREATE " in text.lines else each
            for at, each in text.literals.items()
        }
        return super().understood(replace(text, literals=literals))


def _with_line_end(self: Renderer, name: MailboxName) -> bytes:
    return Renderer.mailbox(self, name).replace(_LINE_END, b"\r\n")


#: Begins in the store a keyword that was given in quotes.
_QUOTED = b"quoted--"


class _QuotedKeywords(ImapSession):
    """STORE takes a keyword in quotes."""

    def understood(self, text: CommandText) -> c.Command:
        lines = re.sub(rb'FLAGS \("(\w+)"\)', rb"FLAGS (" + _QUOTED + rb"\1)", text.lines)
        return super().understood(replace(text, lines=lines))


def _in_quotes(self: Renderer, flags: tuple[str, ...]) -> bytes:
    return re.sub(_QUOTED + rb"(\w+)", rb'"\1"', Renderer.flags_item(self, flags))


def _renderer(name: str, **methods: Callable[..., object]) -> type[Renderer]:
    return type(name, (Renderer,), methods)


#: Octets beyond which a faulty server is lost.
_LONG_LINE = 4096


def _stuck(slug: str, title: str, requirements: str, stuck: Callable[[bytes], bool], *touches: str) -> Fault:
    return fault(f"loads/{slug}", title, requirements, hanging(stuck), *touches, seen_in="parsers without bounds")


FAULTS: tuple[Fault, ...] = (
    _stuck(
        "empty-message",
        "APPEND of no octets is not answered",
        "POSTEL-imap_literal-f",
        lambda line: b" APPEND " in line and b"{0}" in line,
        "APPEND",
    ),
    _stuck(
        "deep-search",
        "SEARCH with keys many levels deep is not answered",
        "POSTEL-imap_parse-a",
        lambda line: b"(" * _MANY in line or b"NOT " * _MANY in line or b"OR SEEN " * _MANY in line,
        "SEARCH",
    ),
    _stuck(
        "many-keys",
        "SEARCH with many keys is not answered",
        "POSTEL-imap_parse-b",
        lambda line: line.count(b"UNDELETED") >= _MANY,
        "SEARCH",
    ),
    _stuck(
        "long-line", "A long command line is not answered", "2.2.2-c", lambda line: len(line) > _LONG_LINE, "STATUS"
    ),
    _stuck("long-set", "A long set is not answered", "POSTEL-imap_parse-c", lambda line: line.count(b",") > _MANY),
    _stuck(
        "all-uids",
        "The range of all UIDs is counted through",
        "POSTEL-imap_parse-d",
        lambda line: b"1:4294967295" in line,
        "UID",
    ),
    _stuck(
        "many-wildcards",
        "A pattern with many wildcards is not answered",
        "POSTEL-imap_parse-e",
        lambda line: line.count(b"*") > _SOME,
        "LIST",
    ),
    _stuck(
        "long-name",
        "CREATE of a long name is not answered",
        "POSTEL-imap_names-b",
        lambda line: b" CREATE " in line and len(line) > _MANY,
        "CREATE",
    ),
    fault(
        "loads/list-cut",
        "LIST ends after two hundred mailboxes",
        "POSTEL-imap_load-h",
        imap_variant(renderer=_ShortLists),
        "LIST",
    ),
    fault(
        "loads/list-twice",
        "LIST gives each mailbox twice",
        "POSTEL-imap_names-d",
        saying(lambda response: [response, response] if isinstance(response, r.ListData) else [response]),
        "LIST",
    ),
    fault(
        "loads/paths-resolved",
        "Names are taken for paths",
        "POSTEL-imap_names-a",
        hearing(lambda line: line.replace(b"../", b"") if b" CREATE " in line else line),
        "CREATE",
        seen_in="servers whose mailboxes are files",
    ),
    fault(
        "loads/line-ends-in-names",
        "A mailbox name may have a line end, and LIST gives it",
        "POSTEL-imap_names-c",
        imap_variant(session=_LineEndsInNames, renderer=_renderer("WithLineEnds", mailbox=_with_line_end)),
        "CREATE",
    ),
    fault(
        "loads/keywords-in-quotes",
        "Keywords may be in quotes, and come so",
        "POSTEL-imap_names-e",
        imap_variant(session=_QuotedKeywords, renderer=_renderer("WithQuotes", flags_item=_in_quotes)),
        "STORE",
    ),
)
