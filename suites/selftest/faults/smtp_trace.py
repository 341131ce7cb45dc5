"""Trace fields: Received and Return-Path, loops, and what a client can smuggle into a header.

RFC 5321 §4.4, §6.3, §7.2, §7.6; RFC 3848.
"""

from __future__ import annotations

import re
from dataclasses import replace

from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.settings import Settings
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import (
    Change,
    fault,
    filing,
    greeting,
    keeping,
    replying,
    smtp_variant,
    stamping,
    swap,
)

_RECEIVED = rb"(?im)^received:[^\n]*\n(?:[ \t][^\n]*\n)*"


def _stamps(slug: str, title: str, requirements: str, change: Change, seen_in: str = "") -> Fault:
    return fault(f"trace/{slug}", title, requirements, stamping(change), "DATA", seen_in=seen_in)


def _files(slug: str, title: str, requirements: str, change: Change, seen_in: str = "") -> Fault:
    return fault(
        f"trace/{slug}", title, requirements, filing(lambda _, message: change(message)), "DATA", seen_in=seen_in
    )


def _limited(given: Settings, hops: int) -> Settings:
    return replace(given, limits=replace(given.limits, hops=hops))


class _TellsAll(SmtpSession):
    """Received names every recipient."""

    def stamp(self, envelope: Envelope) -> bytes:
        names = b", ".join(f"<{each.address}>".encode() for each in envelope.recipients)
        stamp = re.sub(rb"\r\n\tfor <[^>]*>", b"", super().stamp(envelope))
        return stamp.replace(b";", b"\r\n\tfor " + names + b";", 1)


class _With(SmtpSession):
    """Received says ESMTP, whatever was spoken."""

    def with_protocol(self, envelope: Envelope) -> str:
        return "ESMTP"


class _WithSmtp(SmtpSession):
    """Received says SMTP, whatever was spoken."""

    def with_protocol(self, envelope: Envelope) -> str:
        return "SMTP"


def _apparently(envelope: Envelope, message: bytes) -> bytes:
    if re.search(rb"(?im)^to:", message.partition(b"\r\n\r\n")[0]):
        return message
    return b"".join(b"Apparently-To: " + each.address.encode() + b"\r\n" for each in envelope.recipients) + message


class _Apparently(SmtpSession):
    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        return super().prepared(envelope, _apparently(envelope, message))


class _TakesHeaderRecipients(SmtpSession):
    """Cc and Bcc are recipients too."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        stamped = super().prepared(envelope, message)
        found = re.findall(rb"(?im)^b?cc: ([^\r\n<>,]+@postel\.test)\r", message.partition(b"\r\n\r\n")[0])
        known = {each.address for each in envelope.recipients}
        others = [each.decode() for each in found if each.decode() not in known]
        for each in dict.fromkeys(others):
            self.context.delivery.deliver(
                replace(envelope, recipients=(replace(envelope.recipients[0], address=each),)), stamped
            )
        return stamped


def _at_the_end(message: bytes) -> bytes:
    """The topmost Received field, moved behind all other fields."""
    stamp = re.search(_RECEIVED, message)
    assert stamp is not None
    head, blank, body = (message[: stamp.start()] + message[stamp.end() :]).partition(b"\r\n\r\n")
    return head + b"\r\n" + stamp[0].removesuffix(b"\r\n") + blank + body


def _below(message: bytes) -> bytes:
    """Return-Path behind the first Received field."""
    path, rest = message.split(b"\n", 1)
    stamp = re.match(_RECEIVED, rest)
    assert stamp is not None
    return stamp[0] + path + b"\n" + rest[stamp.end() :]


class _ShowsAll(SmtpSession):
    """A Bcc field names the recipients."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        names = ", ".join(each.address for each in envelope.recipients)
        return f"Bcc: {names}\r\n".encode() + super().prepared(envelope, message)


class _Careless(SmtpSession):
    """What has control characters in it is taken as it is, and written into the message."""

    injected = b""
    pattern = b""

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and re.search(rb"[\r\n\0]", line) and line.startswith(self.pattern):
            type(self).injected = b"X-Note: " + line + b"\r\n"
            line = re.split(rb"[\r\n\0]", line)[0]
            line = b"MAIL FROM:<a@client.test>" if line.startswith(b"MAIL FROM:<") and b">" not in line else line
        yield from super().answer(line)

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        return self.injected + super().prepared(envelope, message)


class _CarelessEhlo(_Careless):
    pattern = b"EHLO"


class _CarelessMail(_Careless):
    pattern = b"MAIL"


FAULTS = (
    # ---- Received
    _stamps("none", "No Received field is added", "4.4-a 4.1.1.4-l RFC4954-7-a", lambda stamp: b""),
    fault(
        "trace/at-the-end",
        "Received is added behind the other fields",
        "4.4-a 4.1.1.4-l",
        filing(lambda _, message: _at_the_end(message)),
        "DATA",
    ),
    fault(
        "trace/old-ones-go",
        "Received fields that came along are removed",
        "4.4-g 4.4-f",
        keeping(swap(_RECEIVED, b"")),
        "DATA",
        seen_in="servers that hide their inside",
    ),
    fault(
        "trace/old-ones-are-mended",
        "Received fields that came along are folded anew",
        "4.4-f",
        keeping(swap(rb"\r\n\tby", b" by")),
        "DATA",
    ),
    _stamps("no-from", "Received has no from clause", "4.4-b 4.4-s", swap(rb"(?s)from .*?(?=by)", b"")),
    _stamps("no-address", "Received does not tell the client's address", "4.4-c", swap(rb" \(\[[^)]*\)", b"")),
    _stamps(
        "no-name",
        "Received does not tell the client's name",
        "4.4-c RFC3207-4.2-b",
        swap(rb"from [^ ]+ ", b"from unknown "),
    ),
    _stamps(
        "order",
        "Received has its clauses in another order",
        "4.4-s",
        swap(rb"(?s)^Received: (from .*?)\r\n\t(by .*?) (with .*?)(?=;|\r\n)", rb"Received: \2 \1 \3"),
    ),
    _stamps(
        "short-name",
        "Received gives the server's name without its domain",
        "2.3.5-a",
        swap(rb"by mail\.[^ ]+", b"by mail"),
    ),
    _stamps(
        "two-digits",
        "The year in Received has two digits",
        "4.4-t",
        swap(rb"(?<= )20(?=\d\d \d\d:)", b""),
        "servers before 2000",
    ),
    _stamps(
        "zone-by-name", "The time zone in Received is a name", "4.4-h 4.4-t", swap(rb"[+-]\d{4}\r\n$", b"CEST\r\n")
    ),
    _stamps(
        "not-ascii", "Received holds letters beyond ASCII", "2.3.1-a RFC6531-3.7.3-a", swap(rb";", " (Büro);".encode())
    ),
    _stamps("lf", "Lines of Received end in LF", "2.3.1-a", swap(rb"\r\n\t", b"\n\t")),
    fault("trace/for-all", "Received names all recipients", "4.4-e 7.2-a 7.6-a", smtp_variant(_TellsAll), "DATA"),
    fault(
        "trace/with-esmtp",
        "Received always says ESMTP",
        "RFC3848-1-a 4.4-u RFC3848-1-b RFC3848-1-c RFC3848-1-d RFC3848-1-e RFC4954-7-b RFC6531-3.7.3-c",
        smtp_variant(_With),
        "HELO",
    ),
    fault("trace/with-smtp", "Received always says SMTP", "RFC3848-1-a 4.4-u", smtp_variant(_WithSmtp), "EHLO"),
    # ---- Return-Path
    _files("no-return-path", "No Return-Path is added", "4.4-j 4.4-v", swap(rb"(?i)^return-path:[^\n]*\n", b"")),
    _files("return-path-below", "Return-Path is put below Received", "4.4-j", _below),
    _files(
        "return-path-without-brackets",
        "Return-Path has no brackets",
        "4.4-v",
        swap(rb"(?i)^(return-path:) <([^>]*)>", rb"\1 \2"),
    ),
    _files(
        "return-path-in-lower-case",
        "Return-Path is in lower case",
        "2.4-d 4.4-v",
        lambda message: re.sub(rb"(?i)^return-path:[^\n]*", lambda found: found[0].lower(), message),
    ),
    fault(
        "trace/kept-route",
        "A source route is kept in Return-Path",
        "4.1.1.3-c C-c",
        filing(
            lambda _, message: message.replace(b"Return-Path: <sender", b"Return-Path: <@relay.client.test:sender", 1)
        ),
        "DATA",
    ),
    # ---- what is not for a server to write
    fault(
        "trace/apparently-to",
        "A message without To gets Apparently-To",
        "7.2-c",
        smtp_variant(_Apparently),
        "DATA",
        seen_in="Sendmail 8.8",
    ),
    fault(
        "trace/bcc-is-told",
        "Recipients who are not in the header are put into it",
        "7.2-b 7.2-a 7.6-a",
        smtp_variant(_ShowsAll),
        "DATA",
    ),
    fault(
        "trace/header-recipients",
        "Addresses in Cc and Bcc get the message too",
        "C-b",
        smtp_variant(_TakesHeaderRecipients),
        "DATA",
    ),
    # ---- loops
    fault(
        "trace/few-hops",
        "A message with 50 Received fields is in a loop",
        "6.3-a",
        smtp_variant(settings=lambda given: _limited(given, 50)),
        "DATA",
    ),
    fault(
        "trace/no-hops",
        "Received fields are not counted",
        "6.3-b",
        smtp_variant(settings=lambda given: _limited(given, 100_000)),
        "DATA",
    ),
    fault(
        "trace/loop-by-another-status",
        "A message in a loop gets another status",
        "RFC3463-3.5-b",
        replying(rb"^DATA", swap(rb"5\.4\.6", b"5.0.0")),
        "DATA",
    ),
    # ---- names
    fault(
        "trace/short-name-in-the-greeting",
        "The greeting has the server's name without its domain",
        "4.3.1-c 4.1.1.1-b 3.2-c",
        greeting(swap(rb"mail\.[^ ]+", b"mail")),
        "EHLO",
    ),
    fault(
        "trace/underscore-in-the-name",
        "The server's name has an underscore",
        "4.1.2-h 4.2-c",
        greeting(swap(rb"mail\.", b"mail_1.")),
        "EHLO",
    ),
    fault(
        "trace/literal-in-the-greeting",
        "The greeting has an address in place of the name",
        "2.3.4-a",
        greeting(swap(rb"mail\.[^ ]+", b"[127.0.0.1]")),
        "EHLO",
    ),
    fault(
        "trace/another-name-in-ehlo",
        "EHLO and HELO give another name than the greeting",
        "4.1.1.1-b 3.2-c",
        replying(rb"^(EHLO|HELO)", swap(rb"mail\.postel", b"inside.postel")),
        "EHLO",
    ),
    fault("trace/greets-by-250", "The greeting is 250", "3.1-a", greeting(swap(rb"^220", b"250")), "EHLO"),
    # ---- injected header fields
    fault(
        "trace/injected-by-ehlo",
        "Control characters in the name of EHLO are put into Received",
        "POSTEL-smtp_inject-a",
        smtp_variant(_CarelessEhlo),
        "EHLO",
    ),
    fault(
        "trace/injected-by-mail",
        "Control characters in the reverse-path are put into the header",
        "POSTEL-smtp_inject-b POSTEL-smtp_inject-c",
        smtp_variant(_CarelessMail),
        "MAIL",
    ),
)
