"""Faults in how responses are written (RFC 3501 §2.2, §4, §7 and §9): lines, texts, codes, lists, numbers, strings.

The validators see them, whatever a case asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.imap import responses as r
from reference_server.imap.commands import Command
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.response_codes import (
    AppendUid,
    Code,
    PermanentFlags,
    ResponseCode,
    UidNext,
    UidValidity,
)
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import coded, fault, fetched, imap_variant, rendered, said, wired

_HAS_CHILDREN = r"\HasChildren"
#: Stands in the store for NUL.
_NUL = b"--nul--"
_ESCAPED_ANYWAY = re.compile(rb"([^A-Za-z0-9])")


# ---- lines, texts and codes -----------------------------------------------------------------------------------------


def _lf_alone(octets: bytes) -> bytes:
    return re.sub(rb"(?m)^(\* [0-9]+ (?:EXISTS|RECENT))\r\n", rb"\1\n", octets)


def _two_stars(octets: bytes) -> bytes:
    return re.sub(rb"(?m)^\*( [0-9]+ (?:EXISTS|RECENT)\r\n)", rb"**\1", octets)


def _done(response: r.StatusResponse) -> r.StatusResponse:
    """PREAUTH in place of OK to the command."""
    completed = response.tag is not None and response.condition is r.Condition.OK
    return replace(response, condition=r.Condition.PREAUTH) if completed else response


def _code_alone(self: Renderer, response: r.StatusResponse) -> bytes:
    """A code, and no text behind it."""
    line = Renderer.status_response(self, response)
    numbered = isinstance(response.code, UidNext | UidValidity)
    return line[: line.index(b"]") + 1] if numbered else line


def _in_german(self: Renderer, text: str) -> bytes:
    return "Das genügt.".encode()


def _with_nul(self: Renderer, text: str) -> bytes:
    return Renderer.text(self, text) + b"\0"


def _quoted_code(self: Renderer, code: ResponseCode) -> str:
    text = Renderer.code(self, code)
    return f'"{text}"' if code in (Code.READ_ONLY, Code.READ_WRITE) else text


def _code_of(kind: type[Any], text: Callable[[Any], str]) -> Callable[[Renderer, ResponseCode], str]:
    """A renderer's `code` that writes one kind in another way."""

    def code(self: Renderer, given: ResponseCode) -> str:
        return text(given) if isinstance(given, kind) else Renderer.code(self, given)

    return code


def _bare_plus(self: Renderer, response: r.Continue) -> bytes:
    return b"+"


def _plain_challenge(self: Renderer, response: r.Challenge) -> bytes:
    """A challenge as it is."""
    return b"+ " + response.data


# ---- strings and numbers --------------------------------------------------------------------------------------------


def _quoted_anyway(self: Renderer, data: bytes) -> bytes:
    """Only a line end makes a literal."""
    escaped = re.sub(rb'(["\\])', rb"\\\1", data)
    return Renderer.string(self, data) if re.search(rb"[\r\n\0]", data) else b'"' + escaped + b'"'


def _escaped_anyway(self: Renderer, data: bytes) -> bytes:
    """Whatever is no letter and no digit has a backslash in front."""
    written = Renderer.string(self, data)
    return b'"' + _ESCAPED_ANYWAY.sub(rb"\\\1", data) + b'"' if written.startswith(b'"') else written


def _literal(announced: Callable[[bytes], bytes]) -> Callable[[Renderer, bytes], Pieces]:
    """A renderer's `literal` with another announcement."""
    return lambda self, data: [announced(data), data.replace(b"\0", b"\x80")]


def _literal_with_nul(self: Renderer, data: bytes) -> Pieces:
    sent = data.replace(_NUL, b"\0")
    return [b"{%d}\r\n" % len(sent), sent]


def _signed(self: Renderer, attribute: Attribute, value: int) -> bytes:
    text = Renderer.number_item(self, attribute, value)
    return text.replace(b" ", b" +") if attribute is Attribute.RFC822_SIZE else text


def _wide(item: r.NumberItem) -> r.NumberItem:
    """The size in bits beyond the thirty-second."""
    return replace(item, value=item.value + (1 << 32)) if item.attribute is Attribute.RFC822_SIZE else item


def _bare_mod_sequence(self: Renderer, attribute: Attribute, value: int) -> bytes:
    text = Renderer.number_item(self, attribute, value)
    return text.replace(b"(", b"").replace(b")", b"") if attribute is Attribute.MODSEQ else text


# ---- mailboxes ------------------------------------------------------------------------------------------------------


def _bare_delimiter(self: Renderer, delimiter: str | None) -> bytes:
    return b"NIL" if delimiter is None else delimiter.encode("ascii")


def _raw_name(self: Renderer, name: Any) -> bytes:
    """Names in UTF-8, whatever the client knows."""
    octets: bytes = name.octets(utf8=True)
    return self.astring(octets) if octets.isascii() else b"".join(self.literal(octets))


class _TakesNul(ImapSession):
    """A literal may hold NUL."""

    def understood(self, text: CommandText) -> Command:
        literals = {at: replace(each, data=each.data.replace(b"\0", _NUL)) for at, each in text.literals.items()}
        return super().understood(replace(text, literals=literals))


def _list_attributes(*added: str, beside: str = "") -> Callable[[r.ListData], r.ListData]:
    """LIST with further attributes, where it has a certain one."""

    def changed(data: r.ListData) -> r.ListData:
        if data.lsub or (beside and beside not in data.attributes):
            return data
        return replace(data, attributes=(*data.attributes, *added))

    return changed


def _edited(kind: str, pattern: bytes, replacement: bytes) -> dict[str, Callable[[Renderer, Any], bytes]]:
    """A method of the renderer whose octets are edited."""

    def method(self: Renderer, response: Any) -> bytes:
        octets: bytes = getattr(Renderer, kind)(self, response)
        return re.sub(pattern, replacement, octets)

    return {kind: method}


def _written(
    slug: str, title: str, requirements: str, kind: str, pattern: bytes, replacement: bytes, *touches: str
) -> Fault:
    """One kind of response is written in another way."""
    return fault(f"grammar/{slug}", title, requirements, rendered(**_edited(kind, pattern, replacement)), *touches)


_LINES = (
    fault("grammar/lf-alone", "EXISTS and RECENT end in LF", "2.2-b", wired(_lf_alone), "SELECT"),
    fault("grammar/two-stars", "EXISTS and RECENT begin with two stars", "2.2.2-a", wired(_two_stars), "SELECT"),
    fault("grammar/preauth-completes", "Commands end in PREAUTH", "2.2.2-e", said(r.StatusResponse, _done)),
    fault(
        "grammar/codes-without-text",
        "UIDNEXT and UIDVALIDITY have no text behind the code",
        "9-bg",
        rendered(status_response=_code_alone),
        "SELECT",
        seen_in="servers that take the text for optional, as IMAP4rev2 has it",
    ),
    fault("grammar/texts-in-latin", "Texts have umlauts", "9-bh", rendered(text=_in_german), "NOOP"),
    fault("grammar/nul-in-texts", "Texts end in NUL", "9-f", rendered(text=_with_nul), "NOOP"),
    fault("grammar/codes-in-quotes", "READ-WRITE is in quotes", "9-bi", rendered(code=_quoted_code), "SELECT"),
    fault(
        "grammar/permanentflags-without-list",
        "PERMANENTFLAGS has no parentheses",
        "9-bi",
        rendered(code=_code_of(PermanentFlags, lambda code: f"PERMANENTFLAGS {' '.join(code.flags)}")),
        "SELECT",
    ),
    fault(
        "grammar/appenduid-in-parentheses",
        "APPENDUID has its UID in parentheses",
        "RFC4315-4-b",
        rendered(code=_code_of(AppendUid, lambda code: f"APPENDUID {code.validity} ({code.uids[0]})")),
        "APPEND",
    ),
    fault(
        "grammar/uidvalidity-zero", "UIDVALIDITY is 0", "9-bd", coded(UidValidity, lambda _: UidValidity(0)), "SELECT"
    ),
    fault(
        "grammar/continuation-without-space",
        "A continuation request is a plus sign alone",
        "9-ae",
        rendered(continuation=_bare_plus),
        "APPEND",
        seen_in="servers that leave out what no client reads",
    ),
    fault(
        "grammar/challenges-as-they-are",
        "Challenges are not encoded",
        "9-o",
        rendered(challenge=_plain_challenge),
        "SCRAM",
        "AUTHENTICATE",
    ),
)

_STRINGS = (
    fault(
        "grammar/quoted-8-bit",
        "Strings with 8-bit characters are quoted",
        "4.3-f",
        rendered(string=_quoted_anyway),
        "ENVELOPE",
        seen_in="servers that pass headers in UTF-8 through",
    ),
    fault(
        "grammar/escapes-everything",
        "What is no letter is escaped in quoted strings",
        "9-be",
        rendered(string=_escaped_anyway),
        "BODYSTRUCTURE",
    ),
    fault(
        "grammar/literal-one-short",
        "Literals announce an octet less than they have",
        "4.3-e",
        rendered(literal=_literal(lambda data: b"{%d}\r\n" % max(len(data) - 1, 0))),
        "BODY",
        "FETCH",
        seen_in="servers that count before they convert",
    ),
    fault(
        "grammar/literal-without-waiting",
        "Literals to the client are non-synchronizing",
        "RFC7888-3-a",
        rendered(literal=_literal(lambda data: b"{%d+}\r\n" % len(data))),
        "BODY",
        "FETCH",
    ),
    fault(
        "grammar/nul-in-literals",
        "NUL is taken and sent as it is",
        "4.3.1-c",
        imap_variant(session=_TakesNul, renderer=type("WithNul", (Renderer,), {"literal": _literal_with_nul})),
        "NUL",
    ),
    fault("grammar/signed-sizes", "Sizes have a plus sign", "4.2-a", rendered(number_item=_signed), "FETCH", "SIZE"),
    fault("grammar/wide-sizes", "Sizes are beyond 32 bits", "9-bc", fetched(r.NumberItem, _wide), "FETCH", "SIZE"),
    fault(
        "grammar/modseq-without-parentheses",
        "MODSEQ is a bare number",
        "RFC7162-7-c",
        rendered(number_item=_bare_mod_sequence),
        "MODSEQ",
        "FETCH",
    ),
)

_MAILBOXES = (
    fault("grammar/delimiter-bare", "The delimiter is not quoted", "9-au", rendered(delimiter=_bare_delimiter), "LIST"),
    fault(
        "grammar/names-in-utf8",
        "LIST gives names in UTF-8",
        "5.1-b",
        rendered(mailbox=_raw_name),
        "LIST",
        seen_in="servers that know modified UTF-7 on the way in only",
    ),
    fault(
        "grammar/marked-and-unmarked",
        "LIST says \\Marked and \\Unmarked",
        "9-av",
        said(r.ListData, _list_attributes(r"\Marked", r"\Unmarked")),
        "LIST",
    ),
    fault(
        "grammar/children-and-none",
        "LIST says \\HasChildren and \\HasNoChildren",
        "RFC3348-3-i",
        said(r.ListData, _list_attributes(r"\HasNoChildren", beside=_HAS_CHILDREN)),
        "LIST",
    ),
    fault(
        "grammar/children-without-inferiors",
        "LIST says \\HasChildren and \\NoInferiors",
        "RFC3348-3-j",
        said(r.ListData, _list_attributes(r"\Noinferiors", beside=_HAS_CHILDREN)),
        "LIST",
    ),
    _written("spaces-in-list", "LIST has two spaces", "9-d", "list_data", rb"\) ", b")  ", "LIST"),
    _written("status-bare", "STATUS has no parentheses", "9-ax", "status_data", rb"[()]", b"", "STATUS"),
    _written("namespace-flat", "A namespace is no list", "RFC2342-6-a", "namespaces", rb"\(\(|\)\)", b"", "NAMESPACE"),
    _written("quota-bare", "QUOTA has no parentheses", "RFC9208-4.2.1-a", "quota", rb"[()]", b"", "GETQUOTA"),
    _written(
        "quotaroot-list",
        "QUOTAROOT lists its roots in parentheses",
        "RFC9208-4.2.2-a",
        "quota_roots",
        rb" (\"\")$",
        rb" (\1)",
        "GETQUOTAROOT",
    ),
)

_OTHER_DATA = (
    _written("exists-with-more", "EXISTS says of what", "9-ay", "exists", rb"$", b" messages", "SELECT"),
    _written("expunge-with-more", "EXPUNGE says more", "9-az", "expunged", rb"$", b" done", "EXPUNGE"),
    _written("search-ends-in-space", "SEARCH ends in a space", "9-aw", "search_data", rb"$", b" ", "SEARCH"),
    _written("sort-with-commas", "SORT has commas", "RFC5256-4.SORT-a", "sort_data", rb"(\d) (?=\d)", rb"\1,", "SORT"),
    _written(
        "esearch-tag-bare",
        "ESEARCH has a bare tag",
        "RFC4466-3-b",
        "esearch_data",
        rb'TAG "([^"]*)"',
        rb"TAG \1",
        "SEARCH",
    ),
    _written("enabled-in-quotes", "ENABLED has quotes", "RFC5161-4-b", "enabled", rb" (\w+)$", rb' "\1"', "ENABLE"),
    _written(
        "id-without-value", "ID has a field without a value", "RFC2971-4-a", "identification", rb"\)$", b' "os")', "ID"
    ),
    _written(
        "capability-in-quotes", "A capability is in quotes", "9-ac", "capability", rb" IDLE\b", b' "IDLE"', "CAPABILITY"
    ),
    _written("recent-in-flags", "FLAGS lists \\Recent", "9-ao", "flags_data", rb"\)$", rb" \\Recent)", "SELECT"),
    _written("undefined-flags", "FLAGS lists \\Junk", "9-am", "flags_data", rb"\)$", rb" \\Junk)", "SELECT"),
    _written(
        "keywords-in-quotes", "FLAGS has keywords in quotes", "9-an", "flags_data", rb"\)$", rb' "Old")', "SELECT"
    ),
)

FAULTS: tuple[Fault, ...] = (*_LINES, *_STRINGS, *_MAILBOXES, *_OTHER_DATA)
