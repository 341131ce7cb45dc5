"""The lowest rules of the grammar (RFC 3501 §9): a cursor over a command that takes one token after the other.

Every rule either moves the cursor behind what it took or raises SyntaxFault. A literal that was announced and has not
come raises LiteralPending, so the same rules judge a command of which only the beginning is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import Refusal, SyntaxFault
from reference_server.imap.fragmenter import CommandText, Literal
from reference_server.imap.limits import GrammarLimits
from reference_server.imap.names import INBOX, MailboxName, UnusableName
from reference_server.imap.response_codes import Code, ResponseCode
from reference_server.imap.sets import LARGEST, SequenceSet, parse_sequence_set

T = TypeVar("T")

NUMBER_64 = (1 << 63) - 1
"""The largest number64 and mod-sequence (RFC 9051 §9, RFC 7162 §7)."""


class LiteralPending(Exception):
    """The command is right as far as it goes, which is up to a literal that has not come."""


# ATOM-CHAR = <any CHAR except atom-specials>
# atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
# list-wildcards = "%" / "*"       quoted-specials = DQUOTE / "\"       resp-specials = "]"
_ATOM_CHAR = rb"[\x21\x23\x24\x26\x27\x2b-\x5b\x5e-\x7a\x7c-\x7e]"
_ATOM = re.compile(_ATOM_CHAR + rb"+")

# ASTRING-CHAR = ATOM-CHAR / resp-specials
_ASTRING_ATOM = re.compile(rb"[\x21\x23\x24\x26\x27\x2b-\x5b\x5d-\x7a\x7c-\x7e]+")

# list-char = ATOM-CHAR / list-wildcards / resp-specials
_LIST_ATOM = re.compile(rb"[\x21\x23-\x27\x2a-\x5b\x5d-\x7a\x7c-\x7e]+")

# quoted = DQUOTE *QUOTED-CHAR DQUOTE
# QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
# TEXT-CHAR = <any CHAR except CR and LF>
_QUOTED = re.compile(rb'"((?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]++|\\["\\])*+)"')

# quoted =/ DQUOTE *uQUOTED-CHAR DQUOTE       uQUOTED-CHAR = QUOTED-CHAR / UTF8-2 / UTF8-3 / UTF8-4     (RFC 6855 §3)
_QUOTED_8BIT = re.compile(rb'"((?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\xff]++|\\["\\])*+)"')
_ESCAPE = re.compile(rb'\\(["\\])')

_LITERAL = re.compile(rb"(~?)\{[0-9]+\+?\}\r\n")

# number = 1*DIGIT              Leading zeros are permitted; nineteen digits after them are the most that is read.
_NUMBER = re.compile(rb"0*([0-9]{1,19})(?![0-9])")

# tagged-ext-label = tagged-label-fchar *tagged-label-char, and all keywords of commands and items
_LABEL = re.compile(rb"[A-Za-z0-9._+=-]+")

# flag = "\Answered" / ... / flag-keyword / flag-extension       flag-keyword = atom      flag-extension = "\" atom
_FLAG = re.compile(rb"\\?" + _ATOM_CHAR + rb"+")

_SET = re.compile(rb"[0-9:*,]+|\$")


class Cursor:
    """A position in a command. `dialect` and `limits` say which of the grammar's alternatives there are."""

    def __init__(self, command: CommandText, dialect: Dialect, limits: GrammarLimits) -> None:
        self.lines = command.lines
        self.literals = command.literals
        self.dialect = dialect
        self.limits = limits
        self.position = 0
        self.destination: MailboxName | None = None
        """The mailbox of APPEND, as soon as it is known."""
        self.refusal: Refusal | None = None
        """The first argument that can never succeed. It counts only once the whole command is known to be right: BAD
        goes before NO."""

    # --- what is next

    def match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Take what the pattern matches here, if it does."""
        match = pattern.match(self.lines, self.position)
        if match is not None:
            self.position = match.end()
        return match

    def expect(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        """Take what the pattern matches; it is called `what` where it does not."""
        match = self.match(pattern)
        if match is None:
            raise SyntaxFault(f"{what} expected")
        return match[0]

    def next_is(self, octet: bytes) -> bool:
        """Whether this octet is next, which is not taken."""
        return self.lines.startswith(octet, self.position)

    def accept(self, octet: bytes) -> bool:
        """Take this octet if it is next."""
        if not self.next_is(octet):
            return False
        self.position += len(octet)
        return True

    def require(self, octet: bytes) -> None:
        """Take this octet."""
        if not self.accept(octet):
            raise SyntaxFault("unexpected end" if self.at_end else f'"{octet.decode("ascii")}" expected')

    # SP is exactly one space (RFC 3501 §9, note 2).
    def space(self) -> None:
        """SP."""
        if not self.accept(b" "):
            raise SyntaxFault("argument missing" if self.at_end else "space expected")

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position == len(self.lines)

    def end(self) -> None:
        """Nothing may be left."""
        if not self.at_end:
            raise SyntaxFault("too many arguments" if self.next_is(b" ") else "unexpected characters after an argument")

    def parenthesized(self, rule: Callable[[], T], *, least: int = 1) -> list[T]:
        """`"(" rule *(SP rule) ")"`; with `least` 0 also `()`."""
        self.require(b"(")
        if not least and self.accept(b")"):
            return []
        found = [rule()]
        while self.accept(b" "):
            found.append(rule())
        self.require(b")")
        return found

    # --- tokens

    def label(self) -> str:
        """A keyword, in upper case; keywords are case-insensitive (RFC 3501 §9, note 1)."""
        return self.expect(_LABEL, "keyword").decode("ascii").upper()

    def atom(self) -> str:
        """`atom`."""
        return self.expect(_ATOM, "atom").decode("ascii")

    # astring = 1*ASTRING-CHAR / string
    def astring(self) -> bytes:
        """`astring`."""
        match = self.match(_ASTRING_ATOM)
        return match[0] if match is not None else self.string()

    # list-mailbox = 1*list-char / string
    def list_mailbox(self) -> bytes:
        """`list-mailbox`: a pattern of LIST."""
        match = self.match(_LIST_ATOM)
        return match[0] if match is not None else self.string()

    # string = quoted / literal
    def string(self) -> bytes:
        """`string`."""
        return self.quoted() if self.next_is(b'"') else self.literal().data

    # nstring = string / nil
    def nstring(self) -> bytes | None:
        """`nstring`."""
        if self.lines[self.position : self.position + 3].upper() == b"NIL":
            self.position += 3
            return None
        return self.string()

    def quoted(self) -> bytes:
        """`quoted`, its escapes undone."""
        match = self.match(_QUOTED_8BIT if self.dialect.utf8 else _QUOTED)
        if match is None:
            raise SyntaxFault("malformed quoted string")
        content: bytes = match[1]
        if not content.isascii():
            self._require_utf8(content)
        return _ESCAPE.sub(rb"\1", content) if b"\\" in content else content

    def _require_utf8(self, content: bytes) -> None:
        try:
            content.decode()
        except UnicodeDecodeError:
            raise SyntaxFault("a quoted string is not UTF-8") from None

    def literal(self, *, binary: bool = False) -> Literal:
        """`literal`; `literal8` too where `binary` permits it. CHAR8 excludes NUL."""
        match = self.match(_LITERAL)
        if match is None:
            raise SyntaxFault("argument missing" if self.at_end else "string expected")
        if match[1] and not binary:
            raise SyntaxFault("no literal8 is permitted here")
        if match[0].endswith(b"+}\r\n") and not self.dialect.non_synchronizing_literals:
            raise SyntaxFault("non-synchronizing literals are not supported")
        literal = self.literals.get(self.position)
        if literal is None:
            raise LiteralPending
        if not literal.binary and b"\x00" in literal.data:
            raise SyntaxFault("a literal holds NUL")
        return literal

    def number(self, largest: int = LARGEST) -> int:
        """`number`, or with another `largest` number64 or mod-sequence-valzer."""
        match = self.match(_NUMBER)
        value = -1 if match is None else int(match[1])
        if not 0 <= value <= largest:
            raise SyntaxFault("number expected" if match is None else "number too large")
        return value

    # nz-number = digit-nz *DIGIT
    def nz_number(self, largest: int = LARGEST) -> int:
        """`nz-number`, without leading zeros."""
        if self.next_is(b"0"):
            raise SyntaxFault("number other than zero expected")
        return self.number(largest)

    def number64(self) -> int:
        """`number64` once IMAP4rev2 is spoken, `number` before."""
        return self.number(NUMBER_64 if self.dialect.knows("IMAP4rev2") else LARGEST)

    def mod_sequence(self, *, zero: bool = False) -> int:
        """`mod-sequence-value`, or with `zero` `mod-sequence-valzer` (RFC 7162 §7)."""
        value = self.number(NUMBER_64)
        if not value and not zero:
            raise SyntaxFault("mod-sequence other than zero expected")
        return value

    def flag(self) -> bytes:
        """`flag`, or a use-attr of RFC 6154 §6."""
        return self.expect(_FLAG, "flag")

    def sequence_set(self, *, saved_result: bool = True, star: bool = True) -> SequenceSet:
        """`sequence-set`; `$` where SEARCHRES is there and it may stand, `*` where that may."""
        octets = self.expect(_SET, "sequence set")
        found = parse_sequence_set(octets, saved_result=saved_result and self.dialect.knows("SEARCHRES"))
        if not star and found.has_star:
            raise SyntaxFault("no * is permitted here")
        return found

    # mailbox = "INBOX" / astring
    def mailbox(self) -> MailboxName:
        """`mailbox`. For a name that no mailbox can have, INBOX and a refusal."""
        return self.mailbox_of(self.astring())

    def mailbox_of(self, octets: bytes) -> MailboxName:
        """The same, of octets that were taken before."""
        try:
            name = MailboxName.of_octets(octets, utf8=self.dialect.utf8)
        except UnusableName as error:
            self.refuse(str(error), Code.CANNOT)
            return MailboxName(INBOX)
        if len(name.text.encode()) > self.limits.mailbox_name:
            self.refuse("the name is too long", Code.LIMIT)
        return name

    def refuse(self, text: str, code: ResponseCode) -> None:
        """Note that the command is to be refused, and go on."""
        self.refusal = self.refusal or Refusal(text, code)
