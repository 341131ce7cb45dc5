"""Replies that are written almost rightly: separators, line ends, codes that change. RFC 5321 §2.3.8, §4.2, §4.2.1."""

from __future__ import annotations

from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import fault, replying, swap


def _writes(slug: str, title: str, requirements: str, verb: str, pattern: bytes, replacement: bytes) -> Fault:
    """The reply to a verb is written in another way."""
    build = replying(b"^" + verb.encode(), swap(pattern, replacement))
    return fault(f"reply/{slug}", title, requirements, build, verb)


FAULTS = (
    _writes("lone-cr", "A text has a lone CR", "2.3.8-c 4.2-e", "NOOP", rb"done", b"well\rdone"),
    _writes("colon", "A colon stands behind the code", "4.2-b", "NOOP", rb"^250 ", b"250: "),
    _writes("bare-354", "354 stands alone, without a space", "4.2.1-f", "DATA", rb"^354 .*\r\n", b"354\r\n"),
    _writes("spaces", "EHLO has a space behind each code", "4.2.1-d", "EHLO", rb"(?m)^250-", b"250 "),
    _writes("first-code", "The first line of HELP has another code", "4.2.1-e", "HELP", rb"^214-", b"211-"),
)
