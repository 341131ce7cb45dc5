"""Makes every character that could mislead a reader, a terminal or a parser visible as plain text.

Octets come from servers that nobody trusts: they may hold markup, terminal escapes or half a character. Text comes
from our own messages, which may quote those octets. Neither ever reaches a report raw.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Stands where our own messages have cut something; no octet can look like it.
CUT = "\u2026"

#: The four controls that a mail transcript is full of have symbols of their own.
SYMBOLS = {"\r": "\u240d", "\n": "\u240a", "\0": "\u2400", "\x1b": "\u241b"}

_OURS = frozenset({*SYMBOLS.values(), CUT})
_OCTETS = {
    code: SYMBOLS.get(chr(code), f"\\x{code:02x}")
    for code in range(256)
    if not 0x20 <= code < 0x7F or chr(code) in SYMBOLS
}
_CONTROL_RUN = re.compile("[^ -~]+")
_BEYOND_OCTETS = re.compile("[^\x00-\xff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A run of characters to show; `control` is true for symbols and escapes that stand for unprintable octets."""

    text: str
    control: bool = False


def visible_octets(data: str) -> str:
    """Octets, one character each, as printable text.

    CR, LF, NUL and ESC become symbols, other octets outside of printable ASCII become `\\xHH`. A backslash before an
    `x` becomes `\\x5c`, so that what a server spelt out is never taken for an escape.
    """
    safe = data.replace("\\x", "\\x5cx").translate(_OCTETS)
    return _BEYOND_OCTETS.sub(_escaped_unless_symbol, safe)


def visible_quote(text: str) -> str:
    """Text that quotes octets, perhaps escaped already, as printable ASCII and the four symbols."""
    return _BEYOND_OCTETS.sub(_escaped_unless_symbol, text.translate(_OCTETS))


def visible_text(text: str, *, lines: bool = False) -> str:
    """Text in any script with everything unprintable escaped: controls, bidi marks, surrogates, odd spaces.

    With `lines`, line feeds stay what they are, and a carriage return before one is dropped.
    """
    if text.isprintable():
        return text
    if lines and "\n" in text:
        return "\n".join(visible_text(line) for line in text.replace("\r\n", "\n").split("\n"))
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def tokens(data: str) -> list[Token]:
    """Octets as runs of plain and of escaped characters, in order."""
    found: list[Token] = []
    plain_from = 0
    for run in _CONTROL_RUN.finditer(data):
        if run.start() > plain_from:
            found.append(Token(data[plain_from : run.start()]))
        found.append(Token(visible_octets(run.group()), control=True))
        plain_from = run.end()
    if plain_from < len(data):
        found.append(Token(data[plain_from:]))
    return found


def shortened(text: str, limit: int) -> str:
    """Text of at most `limit` characters; what was cut is counted."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"


def _escaped(char: str) -> str:
    return SYMBOLS.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{{{ord(char):x}}}")


def _escaped_unless_symbol(match: re.Match[str]) -> str:
    char = match.group()
    return char if char in _OURS else _escaped(char)
