"""The form of replies, their codes and their enhanced status codes (RFC 5321 §4.2, RFC 2034, RFC 3463)."""

from __future__ import annotations

from collections.abc import Callable

from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import (
    altered,
    as_replies,
    fault,
    greeting,
    relisted,
    replying,
    says,
    sends,
    smtp_variant,
    swap,
    with_texts,
)


def _line(slug: str, title: str, requirements: str, change: Callable[[str], str], seen_in: str = "") -> Fault:
    """Each line of a reply has another form."""
    return fault(f"reply/{slug}", title, requirements, with_texts(change), seen_in=seen_in)


class _Echoes(SmtpSession):
    """A refusal repeats the line."""

    def answer(self, line: bytes | Framing) -> Steps:
        said = line if isinstance(line, bytes) else b""
        yield from altered(
            as_replies(self, super().answer(line)),
            sends(lambda data: data[:-2] + b": " + said[:80] + b"\r\n" if data[:1] == b"5" else data),
        )


class _NoStatusesAfterHelo(SmtpSession):
    """A client that knows no extensions gets no statuses."""

    def begin(self, client: str, *, extended: bool) -> None:
        super().begin(client, extended=extended)
        self.renderer.enhanced_status_codes = extended


FAULTS = (
    # ---- lines
    fault("reply/lf", "Lines end in LF", "2.3.8-c", says(swap(rb"\r\n", b"\n")), "NOOP"),
    _line(
        "no-space", "A reply without text has no space", "4.2.1-f", lambda line: line[:3] if "done" in line else line
    ),
    _line(
        "no-code",
        "The second line of a reply has no code",
        "4.2-b 4.3.2-b",
        lambda line: line[4:] if line[3] == "-" and "SIZE" in line else line,
    ),
    _line(
        "four-digits",
        "Codes have four digits",
        "4.3.2-b 4.2-b",
        lambda line: f"2{line}" if line.startswith("250") and "done" in line else line,
    ),
    _line(
        "first-digit",
        "A first digit is beyond 5",
        "4.2-k 4.3.2-b 4.2-d",
        lambda line: f"6{line[1:]}" if line.startswith("500 ") else line,
    ),
    _line(
        "second-digit",
        "A second digit is beyond 5",
        "4.2-d 4.2-f",
        lambda line: f"599{line[3:]}" if line.startswith("500 ") else line,
    ),
    _line(
        "unlisted",
        "A code is one of nobody's",
        "4.2-f",
        lambda line: f"559{line[3:]}" if line.startswith("500 ") else line,
    ),
    _line("control-characters", "Replies hold control characters", "4.2-e", lambda line: f"{line}\x1b[0m"),
    _line(
        "not-ascii",
        "Replies hold letters beyond ASCII",
        "2.4-k RFC6531-3.7.4.2-c RFC6531-3.7.4.1-a RFC6531-3.7.1-b RFC6531-3.7.4.2-a",
        lambda line: f"{line} ü",
    ),
    fault(
        "reply/too-long",
        "A line of a reply has 600 octets",
        "4.5.3.1.5-a",
        says(swap(rb"^(250 2\.0\.0 done)", rb"\1" + b" x" * 300)),
        "NOOP",
    ),
    fault(
        "reply/code-changes",
        "The last line of a reply to EHLO has another code",
        "4.2.1-e",
        replying(rb"^EHLO", swap(rb"\r\n250 ", b"\r\n251 ")),
        "EHLO",
    ),
    fault(
        "reply/hyphen-last",
        "The last line of a reply to EHLO has a hyphen, too",
        "4.2.1-d",
        replying(rb"^EHLO", lambda data: data + b"250-\r\n"),
        "EHLO",
    ),
    fault(
        "reply/code-alone",
        "Lines between the first and the last have a space behind the code",
        "4.2.1-d 4.2-a",
        replying(rb"^EHLO", swap(rb"\r\n250-(8BIT)", rb"\r\n250 \1")),
        "EHLO",
    ),
    fault(
        "reply/unasked",
        "More is said than was asked",
        "4.2-a",
        replying(rb"^NOOP", lambda data: data + b"250 2.0.0 anything else?\r\n"),
        "NOOP",
    ),
    fault(
        "reply/echo",
        "Commands are repeated in replies",
        "POSTEL-smtp_line-g 4.2-e",
        smtp_variant(_Echoes),
        "NOOP",
        seen_in="Sendmail 8",
    ),
    # ---- codes
    fault(
        "reply/wrong-code",
        "RSET is answered by 252",
        "4.3.1-d 4.1.1.5-c 4.1.1.5-b",
        replying(rb"^RSET", swap(rb"^250", b"252")),
        "RSET",
    ),
    fault(
        "reply/name-in-the-greeting",
        "The greeting has no name",
        "4.2-c 4.3.1-c",
        greeting(swap(rb"^220 .*?ESMTP", b"220 *** ESMTP")),
        "EHLO",
        seen_in="firewalls that hide the banner",
    ),
    fault(
        "reply/name-in-ehlo",
        "The reply to EHLO begins with a word of welcome",
        "4.1.1.1-b",
        replying(rb"^EHLO", swap(rb"^250-", b"250-<hello> ")),
        "EHLO",
    ),
    fault(
        "reply/helo-with-extensions",
        "HELO is answered like EHLO",
        "3.2-a",
        replying(rb"^HELO", lambda data: b"250-" + data[4:] + b"250 HELP\r\n" if data.startswith(b"250 ") else data),
        "HELO",
    ),
    # ---- statuses
    _line(
        "no-status",
        "2yz has no status",
        "RFC2034-4-a RFC2034-4-d",
        lambda line: line[:4] + line[10:] if line[4:6] == "2." else line,
    ),
    _line(
        "class",
        "The class of a status is not that of its code",
        "RFC2034-4-b",
        lambda line: line.replace(" 5.", " 4.", 1) if line[4:6] == "5." else line,
    ),
    _line(
        "no-space-behind-status",
        "A status has a colon behind it",
        "RFC2034-4-e",
        lambda line: line[:9] + ":" + line[9:] if line[5:6] == "." else line,
    ),
    _line(
        "leading-zero",
        "Numbers of a status have leading zeros",
        "RFC3463-2-b RFC2034-4-a RFC2034-4-e",
        lambda line: line.replace(".0.0 ", ".00.0 ", 1),
    ),
    _line(
        "class-3",
        "A status has the class 3",
        "RFC3463-2-a RFC2034-4-b",
        lambda line: line.replace("2.", "3.", 1) if line[4:6] == "2." else line,
    ),
    _line(
        "four-digits-of-status",
        "A number of a status has four digits",
        "RFC3463-2-a",
        lambda line: line.replace("2.0.0", "2.0.1000", 1),
    ),
    _line(
        "unregistered", "A status is registered nowhere", "RFC3463-2-c", lambda line: line.replace("5.5.", "5.8.", 1)
    ),
    _line(
        "status-on-354",
        "354 and 220 have a status",
        "RFC2034-4-f",
        lambda line: f"{line[:4]}2.0.0 {line[4:]}" if line[:4] in ("354 ", "220 ") and line[5:6] != "." else line,
    ),
    fault(
        "reply/statuses-differ",
        "Lines of a reply have different statuses",
        "RFC2034-4-c",
        replying(rb"^HELP", swap(rb"\r\n214 2\.0\.0", b"\r\n214 2.1.0")),
        "HELP",
    ),
    fault(
        "reply/after-helo",
        "After HELO replies have no status",
        "RFC2034-4-d RFC2034-4-a",
        smtp_variant(_NoStatusesAfterHelo),
        "HELO",
    ),
    fault(
        "reply/statuses-with-a-parameter",
        "ENHANCEDSTATUSCODES is listed with a parameter",
        "RFC2034-3-a",
        relisted("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES 2"),
        "EHLO",
    ),
    _line(
        "one-status",
        "All refusals have the status 5.3.0",
        "RFC3463-3.6-a RFC3463-3.2-b RFC3463-3.8-a RFC3463-3.2-a RFC3463-3.4-a "
        "RFC3463-3.5-b RFC6531-3.5-d "
        "RFC4954-4-n RFC4954-4-f RFC4954-6-a RFC4954-6-f",
        lambda line: f"{line[:4]}5.3.0 {line[10:]}" if line[4:6] == "5." else line,
    ),
)
