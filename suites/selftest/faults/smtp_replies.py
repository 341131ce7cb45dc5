"""How replies are written: lines, codes, enhanced status codes. What the strict validator of SMTP judges.

RFC 5321 §2.3.8, §4.2, §4.3.2, §4.5.3.1.5; RFC 2034 §3, §4; RFC 3463 §2, §3.
"""

from __future__ import annotations

import re

from reference_server.conversation import Steps
from reference_server.smtp import commands as handlers
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import altered, fault, handled, relisted, replying, says, sends, smtp_variant, swap

_STATUS = rb"(?m)^(\d{3}[ -])\d\.\d{1,3}\.\d{1,3} "


def _writes(slug: str, title: str, requirements: str, verb: bytes, pattern: bytes, replacement: bytes) -> Fault:
    """A reply to a verb is written in another way."""
    build = replying(rb"^%s" % verb, swap(pattern, replacement))
    return fault(f"reply/{slug}", title, requirements, build, verb.decode())


def _says(slug: str, title: str, requirements: str, pattern: bytes, replacement: bytes) -> Fault:
    """Any reply is written in another way."""
    return fault(f"reply/{slug}", title, requirements, says(swap(pattern, replacement)))


def _after_helo() -> Build:
    """No status after HELO."""

    class Plain(SmtpSession):
        def converse(self) -> Steps:
            change = sends(lambda data: data if self.extended else re.sub(_STATUS, rb"\1", data))
            yield from altered(super().converse(), change)

    return smtp_variant(Plain)


FAULTS = (
    # ---- lines
    _says("lf", "Lines but the last end in LF alone", "2.3.8-c", rb"\r\n(?=.)", b"\n"),
    _writes("lone-cr", "A text has a lone CR", "2.3.8-c 4.2-e", b"NOOP", rb"done", b"well\rdone"),
    _writes("control-characters", "A text has a colour", "4.2-e", b"HELP", rb"Commands", b"\x1b[1mCommands"),
    _writes("not-ascii", "A text has an umlaut", "2.4-k", b"RSET", rb"done", "erledigt für heute".encode()),
    _writes("long-line", "A line has 700 octets", "4.5.3.1.5-a", b"NOOP", rb"done", b"done " + b"x" * 700),
    _writes("bare-code", "354 stands alone, without a space", "4.2.1-f", b"DATA", rb"^354 .*\r\n", b"354\r\n"),
    _writes("colon", "A colon stands behind the code", "4.2-b", b"NOOP", rb"^250 ", b"250: "),
    _writes("four-digits", "A code has four digits", "4.3.2-b 4.2-b", b"RSET", rb"^250 ", b"2500 "),
    _writes("first-digit", "A code begins with 6", "4.2-k 4.3.2-b 4.2-d", b"NOOP", rb"^250 2", b"650 5"),
    _writes("second-digit", "A code has 6 as its second digit", "4.2-d 4.2-f", b"NOOP", rb"^250", b"260"),
    _writes("unlisted", "A code is one that nothing lists", "4.2-f", b"RSET", rb"^250", b"259"),
    _writes("other-command", "RSET is answered by the code of HELP", "4.3.1-d", b"RSET", rb"^250", b"211"),
    _writes("codes-differ", "The lines of a reply have two codes", "4.2.1-e", b"HELP", rb"^214-", b"211-"),
    _writes("codes-of-ehlo", "The last line of EHLO has another code", "4.2.1-e", b"EHLO", rb"(?m)^250 ", b"251 "),
    _writes("spaces", "EHLO has a space behind each code", "4.2.1-d", b"EHLO", rb"(?m)^250-", b"250 "),
    fault("reply/helo-is-ehlo", "HELO is answered as EHLO is", "3.2-a", handled(handlers.ehlo, "HELO"), "HELO"),
    # ---- enhanced status codes
    fault(
        "reply/statuses-with-a-parameter",
        "ENHANCEDSTATUSCODES is listed with a version",
        "RFC2034-3-a",
        relisted("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES 1.0"),
        "EHLO",
    ),
    _writes("no-status", "Positive replies have no status", "RFC2034-4-a", b"(NOOP|RSET)", _STATUS, rb"\1"),
    _writes("class", "The class of a status is not that of the code", "RFC2034-4-b", b"RCPT", rb"^550 5", b"550 4"),
    _writes("two-statuses", "The lines have two statuses", "RFC2034-4-c", b"HELP", rb"^214-2\.0\.0", b"214-2.1.0"),
    fault("reply/statuses-after-helo", "After HELO nothing has a status", "RFC2034-4-d", _after_helo(), "HELO"),
    _writes("status-and-colon", "A colon stands behind the status", "RFC2034-4-e", b"NOOP", rb"(\.0\.0) ", rb"\1: "),
    _writes("status-of-354", "354 has a status", "RFC2034-4-f", b"DATA", rb"^354 ", b"354 3.0.0 "),
    _writes("long-status", "A status has four digits", "RFC3463-2-a", b"RCPT", rb"5\.1\.1 ", b"5.1.1001 "),
    _writes("leading-zero", "A status has a leading zero", "RFC3463-2-b", b"NOOP", rb"2\.0\.0 ", b"2.00.0 "),
    _writes(
        "unknown-status", "A status is one that is not registered", "RFC3463-2-c", b"NOOP", rb"2\.0\.0 ", b"2.9.1 "
    ),
    _says(
        "status-of-syntax",
        "Wrong commands have the status of a mailbox",
        "RFC3463-3.6-a",
        rb"^(50\d[ -])5\.\d\.\d",
        rb"\g<1>5.2.1",
    ),
    _says(
        "status-of-paths", "Wrong paths have the status of a host", "RFC3463-3.2-b", rb"^501 5\.1\.[37]", b"501 5.3.2"
    ),
)
