"""Charsets: octets to text.

Knows the charset names that mail uses (IANA's registry, RFC 2046 §4.1.2), and no others: the codecs of the language
that are no charsets are out of a message's reach. Octets that are in no known charset, or not valid in theirs, keep
their identity: they are read as UTF-8 with a lone surrogate for each octet that is none, so that two texts of which one
holds the other's octets still compare as octets do (RFC 5255 §4.6 c).
"""

from __future__ import annotations

_CODECS = {
    "us-ascii": "ascii",
    "ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "iso646-us": "ascii",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-7": "utf-7",
    "unicode-1-1-utf-7": "utf-7",
    "utf-16": "utf-16",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
    "utf-32": "utf-32",
    "utf-32be": "utf-32-be",
    "utf-32le": "utf-32-le",
    "latin1": "iso8859-1",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "koi8-t": "koi8-t",
    "iso-2022-jp": "iso2022-jp",
    "iso-2022-jp-2": "iso2022-jp-2",
    "iso-2022-kr": "iso2022-kr",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "cp932": "cp932",
    "euc-jp": "euc-jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "cp949": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "cp950": "cp950",
    "big5-hkscs": "big5hkscs",
    "tis-620": "tis-620",
    "windows-874": "cp874",
    "macintosh": "mac-roman",
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in range(1, 17) if number != 12},
    **{f"iso8859-{number}": f"iso8859-{number}" for number in range(1, 17) if number != 12},
    **{f"iso_8859-{number}": f"iso8859-{number}" for number in range(1, 17) if number != 12},
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"cp{number}": f"cp{number}" for number in (*range(1250, 1259), 437, 850, 852, 855, 858, 866)},
    **{f"ibm{number}": f"cp{number}" for number in (437, 850, 852, 855, 858, 866)},
}

NAMES = tuple(name.upper() for name in _CODECS)
"""The names of all charsets that are understood, in upper case; US-ASCII is the first."""


def is_known(charset: str) -> bool:
    """Whether text in a charset, named in any case, can be read."""
    return charset.lower() in _CODECS


def decode(octets: bytes, charset: str) -> str | None:
    """The text, or None where the charset is unknown or the octets are not valid in it."""
    codec = _CODECS.get(charset.lower())
    if codec is None:
        return None
    try:
        return octets.decode(codec)
    except UnicodeError:
        return None


def text(octets: bytes, charset: str | None = None) -> str:
    """The text, whatever the octets: those that the charset does not explain are kept as this module's head says."""
    decoded = decode(octets, charset) if charset else None
    return octets.decode("utf-8", "surrogateescape") if decoded is None else decoded
