"""SMTPUTF8 and octets beyond ASCII: what is taken, refused, and told in which letters (RFC 6531)."""

from __future__ import annotations

import re

from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import (
    fault,
    filing,
    hearing,
    instead,
    keeping,
    lacking,
    relisted,
    replying,
    stamping,
    swap,
)

_BEYOND = rb"[\x80-\xff]"


def _refuses(
    slug: str, title: str, requirements: str, pattern: bytes, reply: bytes = b"501 5.1.7 no", seen_in: str = ""
) -> Fault:
    return fault(f"utf8/{slug}", title, requirements, instead(pattern, reply), "MAIL", "SMTPUTF8", seen_in=seen_in)


def _ascii_head(message: bytes) -> bytes:
    head, blank, body = message.partition(b"\r\n\r\n")
    return re.sub(_BEYOND, b"?", head) + blank + body


FAULTS = (
    _refuses(
        "no-local-part", "Local-parts must be ASCII", "RFC6531-3.2-a", rb"^MAIL FROM:<[^@>]*" + _BEYOND + rb".*SMTPUTF8"
    ),
    _refuses(
        "no-domain",
        "Domains must be ASCII",
        "RFC6531-3.2-a",
        rb"^MAIL FROM:<[^>]*@[^>]*" + _BEYOND,
        seen_in="servers that look names up as they come",
    ),
    _refuses(
        "recipient-is-syntax", "A recipient in UTF-8 is a syntax error", "RFC6531-3.2-a", rb"^RCPT TO:<[^>]*" + _BEYOND
    ),
    fault(
        "utf8/path-in-ascii",
        "Letters beyond ASCII become question marks in Return-Path",
        "RFC6531-3.2-a",
        filing(lambda _, message: _ascii_head(message)),
        "MAIL",
    ),
    fault(
        "utf8/header-in-ascii",
        "Letters beyond ASCII become question marks in headers",
        "RFC6531-3.2-a RFC6152-3-c",
        keeping(_ascii_head),
        "DATA",
    ),
    fault(
        "utf8/with-esmtp",
        "Received says ESMTP after SMTPUTF8",
        "RFC6531-3.7.3-c",
        stamping(swap(rb"UTF8SMTP", b"ESMTP")),
        "DATA",
    ),
    fault(
        "utf8/ill-formed",
        "Octets that are no UTF-8 are taken for letters",
        "RFC6531-3.3-a",
        hearing(rb"^MAIL FROM:<b(?:\xf6|\xc3@|\xc0|\xed\xa0).*$", b"MAIL FROM:<b@client.test>"),
        "MAIL",
    ),
    fault(
        "utf8/without-smtputf8",
        "Paths in UTF-8 are taken without SMTPUTF8",
        "RFC6531-3.3-b 2.4-j",
        instead(rb"^(MAIL|RCPT)(?!.*SMTPUTF8).*" + _BEYOND, b"250 2.1.0 ok"),
        "MAIL",
        "RCPT",
        seen_in="servers that are eight-bit clean",
    ),
    fault(
        "utf8/sender-code",
        "A reverse-path in UTF-8 without SMTPUTF8 is refused by 501",
        "RFC6531-3.5-b",
        replying(rb"^MAIL.*" + _BEYOND, swap(rb"^550", b"501")),
        "MAIL",
    ),
    fault(
        "utf8/recipient-code",
        "A recipient in UTF-8 without SMTPUTF8 is refused by 501",
        "RFC6531-3.5-c",
        replying(rb"^RCPT.*" + _BEYOND, swap(rb"^553", b"501")),
        "RCPT",
    ),
    fault(
        "utf8/status",
        "Paths in UTF-8 without SMTPUTF8 are refused with another status",
        "RFC6531-3.5-d",
        replying(_BEYOND, swap(rb"5\.6\.7", b"5.1.3")),
        "MAIL",
        "RCPT",
    ),
    fault(
        "utf8/taken-elsewhere",
        "Octets beyond ASCII are taken in NOOP, EHLO and parameters",
        "2.4-j",
        instead(rb"^(NOOP|EHLO|FR|MAIL.*POSTEL=).*" + _BEYOND, b"250 2.0.0 ok"),
        "NOOP",
        "EHLO",
    ),
    fault(
        "utf8/echoed",
        "Refusals repeat octets beyond ASCII",
        "2.4-k RFC6531-3.7.4.2-c RFC6531-3.7.4.2-a",
        replying(_BEYOND, lambda data: data[:-2] + " (ö)\r\n".encode()),
        "NOOP",
    ),
    fault(
        "utf8/moved",
        "A recipient who has moved is told by 551 in UTF-8",
        "RFC6531-3.7.4.1-a",
        instead(rb"^RCPT.*" + _BEYOND, "551 5.1.6 please try <börje@postel.test>".encode()),
        "RCPT",
    ),
    fault(
        "utf8/name-in-utf8",
        "The reply to EHLO has letters beyond ASCII",
        "RFC6531-3.7.1-b 2.4-k",
        replying(rb"^EHLO", lambda data: data.replace(b" greets", " grüßt".encode())),
        "EHLO",
    ),
    fault(
        "utf8/vrfy-takes-no-smtputf8",
        "VRFY takes no SMTPUTF8",
        "RFC6531-3.1-f",
        instead(rb"^VRFY .* SMTPUTF8$", b"501 5.5.4 no parameters"),
        "VRFY",
    ),
    fault(
        "utf8/vrfy-confirms",
        "VRFY without SMTPUTF8 confirms a name by 250",
        "RFC6531-3.7.4.2-b",
        instead(rb"^VRFY .*" + _BEYOND, b"250 2.1.5 ok"),
        "VRFY",
    ),
    fault(
        "utf8/with-a-parameter",
        "SMTPUTF8 is listed with a parameter",
        "RFC6531-3.1-b RFC6531-3.1-a",
        relisted("SMTPUTF8", "SMTPUTF8 NFC"),
        "EHLO",
    ),
    fault("utf8/without-8bitmime", "SMTPUTF8 is listed without 8BITMIME", "RFC6531-3.1-g", lacking("8BITMIME"), "EHLO"),
    fault(
        "utf8/not-with-8bitmime",
        "SMTPUTF8 and BODY are not taken together",
        "RFC6531-3.6-b",
        instead(rb"SMTPUTF8 BODY=", b"501 5.5.4 one of them"),
        "MAIL",
    ),
    fault(
        "utf8/ascii-is-refused",
        "A message that needs no SMTPUTF8 is refused with it",
        "RFC6531-3.4-d",
        replying(rb"^MAIL FROM:<sender@client\.test> SMTPUTF8$", lambda data: b"550 5.6.7 no need\r\n"),
        "MAIL",
    ),
)
