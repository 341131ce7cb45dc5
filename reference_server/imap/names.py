"""Mailbox names (RFC 3501 §5.1, RFC 6855 §3, RFC 9051 §5.1) and modified UTF-7 (RFC 3501 §5.1.3).

Inside the server a name is text. On the wire it is modified UTF-7, or UTF-8 once the client enabled that.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass

DELIMITER = "/"
"""Separates the levels of the hierarchy."""

INBOX = "INBOX"


class UnusableName(ValueError):
    """Octets or text that are no mailbox's name; str() says why."""


# A shift holds the octets of UTF-16 in base64 with "," for "/", without padding; "&-" is "&" itself.
_TO_SHIFT = re.compile(r"&|[^\x20-\x7e]+")
_SHIFT = re.compile(rb"&([A-Za-z0-9+,]*)-")


def encode_utf7(text: str) -> bytes:
    """Modified UTF-7. The text must hold no lone surrogates."""
    return _TO_SHIFT.sub(lambda match: _shifted(match[0]), text).encode("ascii")


def _shifted(text: str) -> str:
    if text == "&":
        return "&-"
    encoded = base64.b64encode(text.encode("utf-16-be"), b"+,").decode("ascii")
    return f"&{encoded.rstrip('=')}-"


def decode_utf7(octets: bytes) -> str:
    """The text. Raises UnusableName for anything but the one spelling that the rules of RFC 3501 §5.1.3 leave: no
    shift for printable ASCII, none that ends where the next begins, nothing left over."""
    pieces: list[str] = []
    position = 0
    try:
        for match in _SHIFT.finditer(octets):
            pieces += [octets[position : match.start()].decode("ascii"), _unshifted(match[1])]
            position = match.end()
        text = "".join([*pieces, octets[position:].decode("ascii")])
        canonical = encode_utf7(text)
    except ValueError as error:
        raise UnusableName("the name is not modified UTF-7") from error
    if canonical != octets:
        raise UnusableName("the name is not in the canonical form of modified UTF-7")
    return text


def _unshifted(encoded: bytes) -> str:
    if not encoded:
        return "&"
    return base64.b64decode(encoded + b"=" * (-len(encoded) % 4), b"+,").decode("utf-16-be")


@dataclass(frozen=True, slots=True)
class MailboxName:
    """The name of a mailbox that may exist, in canonical form: INBOX, alone or as first level, is in upper case.

    Build it with `of_text` or `of_octets`, which check it.
    """

    text: str

    @property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels, outermost first."""
        return tuple(self.text.split(DELIMITER))

    @property
    def parent(self) -> MailboxName | None:
        """The name one level up; None at the top."""
        above, _, _ = self.text.rpartition(DELIMITER)
        return MailboxName(above) if above else None

    @property
    def is_inbox(self) -> bool:
        """Whether this is INBOX itself."""
        return self.text == INBOX

    def is_inferior_to(self, other: MailboxName) -> bool:
        """Whether this name is anywhere below the other."""
        return self.text.startswith(other.text + DELIMITER)

    def octets(self, *, utf8: bool) -> bytes:
        """The name as it stands on the wire, before quoting."""
        return self.text.encode() if utf8 else encode_utf7(self.text)

    @staticmethod
    def of_text(text: str) -> MailboxName:
        """Check a name. Raises UnusableName."""
        problem = _problem(text)
        if problem:
            raise UnusableName(problem)
        return MailboxName(_canonical(text))

    @staticmethod
    def of_octets(octets: bytes, *, utf8: bool) -> MailboxName:
        """What a client sent. Raises UnusableName."""
        return MailboxName.of_text(decoded(octets, utf8=utf8))


def decoded(octets: bytes, *, utf8: bool) -> str:
    """A name, a reference or a pattern as text. Raises UnusableName."""
    if not utf8:
        return decode_utf7(octets)
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise UnusableName("the name is not UTF-8") from error


def canonical_pattern(text: str) -> str:
    """A pattern of LIST, whose first level is INBOX in upper case if it is INBOX in another."""
    return _canonical(text)


def _canonical(text: str) -> str:
    first, delimiter, rest = text.partition(DELIMITER)
    return INBOX + delimiter + rest if first.isascii() and first.upper() == INBOX else text


def _problem(text: str) -> str | None:
    """Why no mailbox can have this name. Line and paragraph separators and controls: RFC 6855 §3."""
    if not text:
        return "the name is empty"
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        return "the name holds a control character or a line separator"
    if not all(text.split(DELIMITER)):
        return "a level of the name is empty"
    return None
