"""Address lists of a header field, as IMAP's address structures.

Knows RFC 5322 §3.4 with §4.4 (routes, empty members, white space and quoted words in a local part) and RFC 3501 §7.4.2
(how groups are shown). Reads anything: what is no address becomes one as far as it goes, and nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from reference_server.mime.content_type import unquote


class Address(NamedTuple):
    """An address structure: name, source route, mailbox, host; quoting removed, encoded-words kept (RFC 3501 §7.4.2).

    `host` is None only in group markers: the start holds the group's name as mailbox, the end holds None there too.
    An address without a domain has the empty host, for None would make it a group.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


GROUP_END = Address(None, None, None, None)

# The common forms: [phrase] "<" dot-atom "@" dot-atom ">"    "quoted phrase" <...>    dot-atom "@" dot-atom
_ATOM = rb"[^\x00-\x20()<>\[\]:;@\\,.\"]"
_COMMON = re.compile(
    rb"[ \t]*+(?:(?:\"([^\"\\]*+)\"[ \t]*+|("
    + _ATOM
    + rb"++(?: "
    + _ATOM
    + rb"++)*+) ?)?<((?:"
    + _ATOM
    + rb"|\.)++)@((?:"
    + _ATOM
    + rb"|\.)++)>|((?:"
    + _ATOM
    + rb"|\.)++)@((?:"
    + _ATOM
    + rb"|\.)++))[ \t]*+(?:,|\Z)"
)

_TOKEN = re.compile(
    rb"([ \t\r\n\x00]++)"  # white space
    rb"|\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\"?"  # quoted-string
    rb"|(\[[^\[\]\\]*+(?:\\.[^\[\]\\]*+)*+\]?)"  # domain-literal
    rb"|([<>@,:;.(])"  # specials
    rb"|([^ \t\r\n\x00\"\[<>@,:;.(]++)",  # atom, leniently
    re.DOTALL,
)
_COMMENT_STEP = re.compile(rb"\\.|[()]", re.DOTALL)


class _Token(NamedTuple):
    """A special is its own text and not quoted; `spaced` says that white space or a comment comes before it."""

    text: bytes
    special: bool
    spaced: bool


def addresses(value: bytes) -> tuple[Address, ...]:
    """The addresses of an unfolded field value, groups with their markers; empty where there are none."""
    found: list[Address] = []
    position = 0
    while match := _COMMON.match(value, position):
        quoted, phrase, mailbox, host, bare_mailbox, bare_host = match.groups()
        if mailbox is not None:
            found.append(Address(quoted or phrase, None, mailbox, host))
        else:
            found.append(Address(None, None, bare_mailbox, bare_host))
        position = match.end()
        if position == len(value):
            return tuple(found)
    _ListParser(found).read(value, position)
    return tuple(found)


class _ListParser:
    """Reads an address-list of any form, token by token."""

    def __init__(self, found: list[Address]) -> None:
        self._found = found
        self._in_group = False
        self._start_member()

    def _start_member(self) -> None:
        self._phrase: list[_Token] = []
        self._angle: list[_Token] | None = None
        self._angle_closed = False
        self._comment: bytes | None = None

    def read(self, value: bytes, position: int) -> None:
        """Read the list that begins at `position`."""
        spaced = False
        while match := _TOKEN.match(value, position):
            position = match.end()
            space, quoted, literal, special, atom = match.groups()
            if special == b"(":
                position = self._read_comment(value, position)
                spaced = True
            elif space is not None:
                spaced = True
            else:
                if special is not None:
                    self._special(_Token(special, True, spaced))
                else:
                    text = unquote(quoted) if quoted is not None else literal or atom
                    self._word(_Token(text, False, spaced))
                spaced = False
        self._end_member()
        self._end_group()

    def _read_comment(self, value: bytes, position: int) -> int:
        start = position
        depth = 1
        end = position = len(value)
        for match in _COMMENT_STEP.finditer(value, start):
            depth += {b"(": 1, b")": -1}.get(match[0], 0)
            if depth == 0:
                end, position = match.span()
                break
        if self._angle is None or self._angle_closed:
            self._comment = b" ".join(unquote(value[start:end]).split()) or self._comment
        return position

    def _word(self, token: _Token) -> None:
        if self._angle is not None and not self._angle_closed:
            self._angle.append(token)
        elif self._angle is None:
            self._phrase.append(token)

    def _special(self, token: _Token) -> None:
        inside = self._angle is not None and not self._angle_closed
        if inside and (token.text in b".@:" or (token.text == b"," and self._in_route())):
            self._word(token)
        elif token.text == b">":
            self._angle_closed = self._angle is not None
        elif token.text == b",":
            self._end_member()
        elif token.text == b";":
            self._end_member()
            self._end_group()
        elif token.text == b"<":
            self._open_angle()
        elif token.text == b":" and not self._in_group and self._angle is None:
            self._start_group()
        else:
            self._word(token)

    def _in_route(self) -> bool:
        """Whether the angle brackets begin with a route that no colon has ended yet (RFC 5322 §4.4, obs-route)."""
        angle = self._angle or []
        return not angle or (angle[0].special and angle[0].text in b"@," and angle[-1].text != b":")

    def _open_angle(self) -> None:
        if self._angle is not None:
            self._end_member()
        self._angle = []

    def _start_group(self) -> None:
        self._found.append(Address(None, None, _phrase(self._phrase), None))
        self._in_group = True
        self._start_member()

    def _end_group(self) -> None:
        if self._in_group:
            self._found.append(GROUP_END)
            self._in_group = False

    def _end_member(self) -> None:
        if self._angle is not None:
            route, specification = _split_route(self._angle)
            name = _phrase(self._phrase) or self._comment
            self._found.append(Address(name, route, *_mailbox_and_host(specification)))
        elif self._phrase:
            self._found.append(Address(self._comment, None, *_mailbox_and_host(self._phrase)))
        self._start_member()


def _phrase(tokens: Sequence[_Token]) -> bytes:
    """The words with one space where there is white space between them (RFC 5322 §3.2.5, §4.1 obs-phrase)."""
    return b"".join(
        [b" " + token.text if token.spaced and number else token.text for number, token in enumerate(tokens)]
    )


def _split_route(tokens: list[_Token]) -> tuple[bytes | None, list[_Token]]:
    """The route, without the colon that ends it, and the addr-spec (RFC 5322 §4.4, obs-angle-addr)."""
    if tokens and tokens[0].special and tokens[0].text in b"@,":
        for number, token in enumerate(tokens):
            if token.special and token.text == b":":
                route = b"".join([t.text for t in tokens[:number]]).strip(b",")
                return route or None, tokens[number + 1 :]
    return None, tokens


def _mailbox_and_host(tokens: list[_Token]) -> tuple[bytes, bytes]:
    """Local part and domain, divided at the last `@`; white space around dots is none (RFC 5322 §4.4)."""
    for number in range(len(tokens) - 1, -1, -1):
        if tokens[number].special and tokens[number].text == b"@":
            return _joined(tokens[:number]), _joined(tokens[number + 1 :])
    return _joined(tokens), b""


def _joined(tokens: Sequence[_Token]) -> bytes:
    """The tokens without the white space around specials; between words, which only malformed ones have, one space."""
    text = []
    word_before = False
    for token in tokens:
        text.append(b" " + token.text if token.spaced and word_before and not token.special else token.text)
        word_before = not token.special
    return b"".join(text)
