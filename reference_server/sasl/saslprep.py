"""SASLprep (RFC 4013): the stringprep profile (RFC 3454) for user names and passwords.

Works on Unicode 3.2, as RFC 3454 fixes it; Python keeps that version's tables.
"""

from __future__ import annotations

import stringprep
from collections.abc import Callable
from unicodedata import ucd_3_2_0

_PROHIBITED: tuple[Callable[[str], bool], ...] = (
    stringprep.in_table_c12,  # spaces that are not ASCII
    stringprep.in_table_c21_c22,  # control characters
    stringprep.in_table_c3,  # private use
    stringprep.in_table_c4,  # non-characters
    stringprep.in_table_c5,  # surrogates
    stringprep.in_table_c6,  # inappropriate for plain text
    stringprep.in_table_c7,  # inappropriate for canonical representation
    stringprep.in_table_c8,  # change display properties
    stringprep.in_table_c9,  # tagging
)
"""RFC 4013 §2.3, by table of RFC 3454."""


class SaslprepError(ValueError):
    """A string that SASLprep does not let through; the message says why, without quoting it."""


def saslprep(text: str, *, query: bool = False) -> str:
    """Prepare a user name or password. Raises SaslprepError.

    A query (what a client presents) may hold code points that Unicode 3.2 left unassigned, a stored string may not
    (RFC 4013 §2.5, RFC 3454 §7).
    """
    prepared = ucd_3_2_0.normalize("NFKC", _map(text))
    if any(prohibited(char) for char in prepared for prohibited in _PROHIBITED):
        raise SaslprepError("holds a prohibited character (RFC 4013 §2.3)")
    if not query and any(map(stringprep.in_table_a1, prepared)):
        raise SaslprepError("holds an unassigned code point (RFC 4013 §2.5)")
    _check_direction(prepared)
    return prepared


def _map(text: str) -> str:
    """RFC 4013 §2.1: other spaces become SPACE, what is commonly mapped to nothing goes."""
    spaced = (" " if stringprep.in_table_c12(char) else char for char in text)
    return "".join(char for char in spaced if not stringprep.in_table_b1(char))


def _check_direction(text: str) -> None:
    """RFC 3454 §6: right-to-left text holds no left-to-right letters, and begins and ends right-to-left."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)):
        raise SaslprepError("mixes right-to-left and left-to-right letters (RFC 3454 §6)")
    if not (stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise SaslprepError("right-to-left text must begin and end with such a letter (RFC 3454 §6)")
