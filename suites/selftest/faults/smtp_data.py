"""Mail data: transparency, where they end, and what is hidden behind a false end.

RFC 5321 §4.1.1.4, §4.5.2, §2.3.8. False ends are the servers' side of SMTP smuggling (CVE-2023-51764, CVE-2023-51765,
CVE-2023-51766).
"""

from __future__ import annotations

import re

from reference_server.lines import LineBuffer
from reference_server.smtp.mail_data import DataEnd, MailData
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import Change, fault, keeping, reading, replying, smtp_variant, swap

_SMUGGLING = "POSTEL-smtp_smuggling-b POSTEL-smtp_smuggling-a"


def _ends_at(slug: str, requirements: str, end: bytes, seen_in: str = "") -> Fault:
    """Mail data end at this expression too."""
    title = f"Mail data end at {slug.replace('-', ' ')} too"
    build = reading(end=rb"\r\n\.\r\n|" + end)
    return fault(f"data/ends-at-{slug}", title, f"{requirements} {_SMUGGLING}", build, "DATA", seen_in=seen_in)


def _keeps(slug: str, title: str, requirements: str, change: Change, seen_in: str = "") -> Fault:
    """Something else is kept of messages."""
    return fault(f"data/{slug}", title, requirements, keeping(change), "DATA", seen_in=seen_in)


def _body(change: Change) -> Change:
    """A change of what is behind the header."""

    def changed(message: bytes) -> bytes:
        head, blank, body = message.partition(b"\r\n\r\n")
        return head + blank + change(body)

    return changed


def _is_odd(message: bytes) -> bool:
    return not re.match(rb"[!-9;-~]+:", message)


def _sorted(message: bytes) -> bytes:
    head, blank, body = message.partition(b"\r\n\r\n")
    return b"\r\n".join(reversed(re.split(rb"\r\n(?![ \t])", head))) + blank + body


class _WaitsForMore(MailData):
    """The end of nothing is no end."""

    def take(self, buffer: LineBuffer) -> bytes | DataEnd | None:
        return super().take(buffer) or None


class _BySegment(MailData):
    """Looks for the end in what has come at once."""

    def take(self, buffer: LineBuffer) -> bytes | DataEnd | None:
        segment = buffer.take_all()
        buffer.give_back(segment)
        if b"\r\n.\r\n" not in segment and segment != b".\r\n" and segment:
            self._octets += buffer.take_all()
            return None
        return super().take(buffer)


FAULTS = (
    # ---- false ends
    _ends_at("lf-dot-lf", "4.1.1.4-f 4.1.1.4-e", rb"(?<!\r)\n\.(?:\r?\n)", "Postfix, Exim, Sendmail until 2023"),
    _ends_at("lf-lf-dot-lf-lf", "4.1.1.4-f", rb"\n\n\.\n\n"),
    _ends_at("lf-dot-crlf", "2.3.8-b 4.1.1.4-e", rb"(?<!\r)\n\.\r\n", "Exim 4.97 (CVE-2023-51766)"),
    _ends_at("crlf-dot-lf", "2.3.8-b 4.1.1.4-e", rb"\r\n\.\n"),
    _ends_at("lf-dot-cr", "2.3.8-b", rb"(?<!\r)\n\.\r(?!\n)"),
    _ends_at("cr-dot-cr", "2.3.8-b", rb"\r\.\r(?!\n)", "Cisco Secure Email Gateway"),
    _ends_at("cr-dot-lf", "2.3.8-b", rb"\r\.\n"),
    _ends_at("cr-dot-crlf", "2.3.8-b", rb"\r\.\r\n", "Cisco Secure Email Gateway"),
    _ends_at("crlf-dot-cr", "2.3.8-b", rb"\r\n\.\r(?![\r\n])"),
    _ends_at("crlf-dot-crcrlf", "2.3.8-b", rb"(?<!\r)\r\n\.\r\r\n", "Sendmail until 2023 (CVE-2023-51765)"),
    _ends_at("crcrlf-dot-crcrlf", "2.3.8-b", rb"\r\r\n\.\r\r\n"),
    _ends_at("crlf-dot-space-crlf", "2.3.8-b", rb"\r\n\. \r\n"),
    _ends_at("crlf-dot-tab-crlf", "2.3.8-b", rb"\r\n\.\t\r\n"),
    _ends_at("crlf-space-dot-crlf", "2.3.8-b", rb"\r\n \.\r\n"),
    _ends_at("crlf-two-dots-crlf", "2.3.8-b 4.5.2-c", rb"\r\n\.\.\r\n"),
    _ends_at("crlf-nul-dot-crlf", "2.3.8-b", rb"\r\n\0\.\r\n"),
    _ends_at("crlf-dot-nul-crlf", "2.3.8-b", rb"\r\n\.\0\r\n", "Cisco Secure Email Gateway"),
    _ends_at("crlf-dot-high-crlf", "2.3.8-b", rb"\r\n\.\x8d\x8a\r\n"),
    # ---- the end, and dots
    fault(
        "data/end-in-one-segment",
        "The end of data is looked for in each segment by itself",
        "POSTEL-smtp_smuggling-d 4.1.1.4-b",
        smtp_variant(mail_data=_BySegment),
        "DATA",
    ),
    fault(
        "data/end-is-a-line",
        "The line end before the final dot is taken twice: into the message, and as an empty line",
        "4.1.1.4-b",
        keeping(lambda message: message + b"\r\n"),
        "DATA",
    ),
    fault(
        "data/dots-stay-doubled",
        "Dots that were doubled stay doubled",
        "4.5.2-b",
        reading(unstuffed=lambda octets: octets),
        "DATA",
    ),
    fault(
        "data/all-dots-go",
        "All dots at the beginning of a line are taken away",
        "4.5.2-b 4.5.2-c",
        reading(unstuffed=lambda octets: re.sub(rb"\r\n\.+", b"\r\n", octets)),
        "DATA",
    ),
    fault(
        "data/only-doubled-dots-go",
        "A dot is taken away only where a second one follows",
        "4.5.2-b",
        reading(unstuffed=lambda octets: octets.replace(b"\r\n..", b"\r\n.")),
        "DATA",
    ),
    _keeps(
        "dots-inside-lines",
        "Two dots become one anywhere",
        "4.5.2-d",
        lambda message: message.replace(b"..", b"."),
        "a mail filter",
    ),
    # ---- octets
    _keeps(
        "control-characters",
        "Control characters are taken out",
        "4.1.1.4-a 4.5.2-d",
        swap(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]", b""),
    ),
    _keeps(
        "seven-bits",
        "The eighth bit is taken away",
        "RFC6152-3-b RFC6152-3-c RFC3030-3-c",
        lambda message: bytes(octet & 127 for octet in message),
    ),
    _keeps(
        "white-space",
        "White space at the end of a line is taken away",
        "4.5.2-e 4.5.2-d",
        swap(rb"[ \t]+\r\n", b"\r\n"),
    ),
    _keeps(
        "blank-lines-behind", "Blank lines at the end are taken away", "4.5.2-e 4.5.2-d", swap(rb"(?:\r\n)+$", b"\r\n")
    ),
    _keeps(
        "blank-lines-before",
        "Blank lines at the beginning of the body are taken away",
        "4.5.2-e",
        _body(lambda body: body.lstrip(b"\r\n")),
    ),
    _keeps("long-lines", "Lines are folded after 500 characters", "4.5.3.1.6-a", swap(rb"([^\r\n]{500})", rb"\1\r\n ")),
    _keeps(
        "long-lines-are-cut",
        "Lines are cut after 998 octets",
        "POSTEL-smtp_mime-d",
        swap(rb"(?m)^([^\n]{998})[^\r\n]*", rb"\1"),
        "servers with a fixed line buffer",
    ),
    _keeps("unfolded", "Folded header fields are unfolded", "4.5.2-d 6.4-b", swap(rb"\r\n[ \t]+(?=\S)", b" ")),
    _keeps("sorted-fields", "Fields that were added last come first", "6.4-b", _sorted),
    _keeps(
        "boundaries",
        "Parts are given other boundaries",
        "4.5.2-e",
        swap(rb"(?i)boundary=\"?[^\"\r\n]*\"?", b'boundary="xyz"'),
        "gateways that rewrite MIME",
    ),
    _keeps(
        "cut",
        "A message is cut after 300 octets of its body",
        "4.5.2-d 4.5.2-e 4.5.3.1.7-a POSTEL-smtp_load-e RFC3030-2-c RFC3030-2-d RFC3030-3-c",
        _body(lambda body: body[:300]),
    ),
    _keeps(
        "empty-body",
        "An empty body gets a line",
        "4.5.2-d",
        lambda message: message + b"(no text)\r\n" if message.endswith(b"\r\n\r\n") else message,
    ),
    _keeps(
        "one-line",
        "The last line loses its end",
        "4.5.2-d 4.1.1.4-b 3.3-j 4.1.1.4-g",
        lambda message: message.removesuffix(b"\r\n"),
    ),
    _keeps(
        "footer",
        "Every message gets a footer",
        "3.3-j 4.1.1.4-g 4.5.2-d RFC6531-3.4-d RFC1870-6-d RFC1870-5-a",
        lambda message: message + b"-- \r\nsent with pleasure\r\n",
        "mailing lists and free mailers",
    ),
    _keeps(
        "nul-ends",
        "A message ends at the first NUL",
        "POSTEL-smtp_mime-a RFC3030-3-c",
        lambda message: message.partition(b"\0")[0],
        "servers in C",
    ),
    _keeps(
        "lone-cr-ends-a-line",
        "What is before a lone CR in a line is overwritten",
        "POSTEL-smtp_mime-b RFC3030-3-c",
        swap(rb"[^\r\n]*\r(?!\n)", b""),
    ),
    _keeps(
        "lone-lf-ends-a-message",
        "A message ends at the first lone LF",
        "POSTEL-smtp_mime-b RFC3030-3-c",
        lambda message: re.split(rb"(?<!\r)\n", message)[0],
    ),
    _keeps(
        "no-header",
        "A message without a header becomes an empty one",
        "POSTEL-smtp_mime-c",
        lambda message: b"Subject: (none)\r\n\r\n" if _is_odd(message) else message,
    ),
    _keeps("dot-field", "A first line with a dot in front is lost", "POSTEL-smtp_mime-c", swap(rb"^\.[^\n]*\n", b"")),
    fault(
        "data/empty",
        "An empty message is not answered",
        "POSTEL-smtp_mime-c",
        smtp_variant(mail_data=_WaitsForMore),
        "DATA",
    ),
    _keeps(
        "header-only",
        "A message without a body is taken for a body without a header",
        "POSTEL-smtp_mime-c",
        lambda message: message if b"\r\n\r\n" in message else b"\r\n" + message,
    ),
    _keeps(
        "commands-go",
        "Lines of a message that look like commands are taken out",
        "POSTEL-smtp_smuggling-e RFC3030-2-c",
        swap(rb"(?m)^(?:QUIT|RSET|DATA|NOOP|MAIL FROM:.*|BDAT .*)\r\n", b""),
        "firewalls that inspect SMTP",
    ),
    # ---- replies
    fault(
        "data/no-354", "DATA is answered by 250", "3.3-j 4.1.1.4-g", replying(rb"^DATA", swap(rb"^354", b"250")), "DATA"
    ),
    fault(
        "data/end-is-251",
        "The end of data is answered by 251",
        "3.3-k 4.1.1.4-h 4.5.2-d",
        replying(rb"^DATA", swap(rb"^250", b"251")),
        "DATA",
    ),
    fault(
        "data/end-is-refused",
        "Every message is refused",
        "3.3-k 4.1.1.4-h RFC2033-4.2-b RFC3030-2-h 3.3-p 3.3-q 3.7.2-b 4.5.3.1.8-b RFC3030-3-i RFC3207-4-e RFC1870-6-d",
        replying(rb"^(DATA|BDAT)", swap(rb"^250", b"554")),
        "DATA",
    ),
)
