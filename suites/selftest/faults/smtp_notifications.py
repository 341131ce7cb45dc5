"""Delivery status notifications of deliveries here: who gets one, and what is in it (RFC 3461 §5.2, §6; RFC 3464;
RFC 6522)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from reference_server.backend import Envelope, Notify
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import Change, enveloping, fault, filing, notifying, swap


def _noted(slug: str, title: str, requirements: str, change: Change, seen_in: str = "") -> Fault:
    """Notifications hold something else."""
    build = notifying(lambda octets, report: change(octets))
    return fault(f"notification/{slug}", title, requirements, build, "NOTIFY", "DSN", seen_in=seen_in)


def _field(slug: str, title: str, requirements: str, name: bytes, value: bytes, seen_in: str = "") -> Fault:
    """A field of a notification has another value."""
    return _noted(slug, title, requirements, swap(rb"(?m)^" + name + rb": [^\r\n]*", name + b": " + value), seen_in)


def _without(slug: str, title: str, requirements: str, name: bytes, seen_in: str = "") -> Fault:
    """A field of a notification is missing."""
    return _noted(slug, title, requirements, swap(rb"(?m)^" + name + rb": [^\r\n]*\r\n", b""), seen_in)


def _behind(name: bytes, line: bytes) -> Change:
    """A further field behind one."""
    return swap(rb"(?m)^(" + name + rb": [^\r\n]*\r\n)", rb"\1" + line + b"\r\n")


def _wished(notify: frozenset[Notify] | None) -> Build:
    """Every recipient has this wish, whatever was asked for."""
    return enveloping(
        lambda envelope: (
            replace(envelope, recipients=tuple(replace(each, notify=notify) for each in envelope.recipients))
            if envelope.reverse_path
            else envelope
        )
    )


def _all_alike(envelope: Envelope) -> Envelope:
    """All recipients have the wish of the first."""
    first = envelope.recipients[0].notify
    return replace(envelope, recipients=tuple(replace(each, notify=first) for each in envelope.recipients))


def _returns(octets: bytes, report: Any) -> bytes:
    """The whole original is returned, under the name that it then has."""
    boundary = b"--report-" + report.token.encode() + b"--"
    head, mark, _ = octets.partition(b"Content-Type: text/rfc822-headers")
    return (
        head + b"Content-Type: message/rfc822\r\n\r\n" + report.octets + b"\r\n" + boundary + b"\r\n"
        if mark
        else octets
    )


def _short_headers(octets: bytes) -> bytes:
    head, mark, rest = octets.partition(b"Content-Type: text/rfc822-headers\r\n\r\n")
    return head + mark + re.sub(rb"(?im)^message-id:[^\n]*\n", b"", rest)


FAULTS = (
    # ---- who gets one
    fault("notification/never", "Deliveries are told to nobody", "RFC3461-5.2.3-a", _wished(frozenset()), "NOTIFY"),
    fault(
        "notification/always",
        "Every delivery is told",
        "RFC3461-5.2.3-b RFC3461-5.2.3-c RFC3461-5.2.8-a",
        _wished(frozenset({Notify.SUCCESS})),
        "NOTIFY",
        seen_in="read receipts of groupware",
    ),
    fault(
        "notification/all-alike",
        "What one recipient asks for, all get",
        "RFC3461-5.2.8-a",
        enveloping(_all_alike),
        "NOTIFY",
    ),
    fault(
        "notification/from-postmaster",
        "Notifications have a reverse-path",
        "RFC3461-6.1-a RFC3464-2-f RFC3464-2-e 4.5.5-a",
        filing(
            lambda envelope, message: message.replace(b"Return-Path: <>", b"Return-Path: <postmaster@postel.test>", 1)
        ),
        "NOTIFY",
        seen_in="servers whose bounces bounce",
    ),
    _without("not-to-the-sender", "To is missing", "RFC3464-2-c RFC3461-6.1-d", b"To"),
    _field("from-nobody", "From is a name without an address", "RFC3464-2-d", b"From", b"Mail System"),
    # ---- its parts
    _noted(
        "mixed",
        "A notification is multipart/mixed",
        "RFC3461-6.2-a RFC6522-3-c",
        swap(rb"multipart/report", b"multipart/mixed"),
        "qmail, whose bounces are plain text",
    ),
    _noted(
        "no-report-type",
        "report-type is missing",
        "RFC3464-2-a RFC6522-3-a RFC6522-3-b",
        swap(rb" report-type=delivery-status;", b""),
    ),
    _noted(
        "no-text",
        "The first part is no text",
        "RFC6522-3-d RFC3464-2-b",
        swap(rb"text/plain; charset=us-ascii", b"application/octet-stream"),
    ),
    _noted(
        "status-is-text",
        "The status is in a part of text",
        "RFC6522-3-e",
        swap(rb"message/delivery-status\r\n", b"text/plain\r\n"),
    ),
    _noted(
        "four-parts",
        "There are four parts",
        "RFC6522-3-i",
        swap(rb"(?m)^(--report-[^\r\n-]*)--\r\n", rb"\1\r\nContent-Type: text/plain\r\n\r\nx\r\n\1--\r\n"),
    ),
    _noted(
        "encoded-status",
        "The status is labelled quoted-printable",
        "RFC3464-2.1-a",
        swap(rb"(message/delivery-status\r\n)", rb"\1Content-Transfer-Encoding: quoted-printable\r\n"),
    ),
    # ---- about the message
    _without(
        "no-envelope-id",
        "ENVID is not told",
        "RFC3461-6.3-a RFC3464-2.2.1-a RFC3464-2.2.1-d RFC3464-2.2.1-c",
        b"Original-Envelope-Id",
    ),
    _field(
        "envelope-id-in-xtext",
        "ENVID is told as it was encoded",
        "RFC3461-6.3-a RFC3464-2.2.1-d RFC3464-2.2.1-c",
        b"Original-Envelope-Id",
        b"QQ+2B314159",
    ),
    _noted(
        "envelope-id-of-its-own",
        "An ENVID is told that nobody gave",
        "RFC3461-6.3-b RFC3464-2.2.1-b",
        lambda octets: (
            octets
            if b"Original-Envelope" in octets
            else octets.replace(b"Reporting-MTA", b"Original-Envelope-Id: x1\r\nReporting-MTA")
        ),
    ),
    _without(
        "no-reporting-mta", "Reporting-MTA is missing", "RFC3461-6.3-c RFC3464-2.2.2-a RFC3464-3-a", b"Reporting-MTA"
    ),
    _field(
        "reporting-mta-without-a-type",
        "Reporting-MTA has no type",
        "RFC3461-6.3-d RFC3461-9.3-a RFC3464-2.1.1-b",
        b"Reporting-MTA",
        b"mail.postel.test",
    ),
    _noted(
        "gateway",
        "DSN-Gateway is told, and there is none",
        "RFC3464-2.2.3-a",
        _behind(rb"Reporting-MTA", b"DSN-Gateway: dns; mail.postel.test"),
    ),
    _field("arrival", "Arrival-Date is no date of mail", "RFC3464-2.2.5-a", b"Arrival-Date", b"2024-06-03T07:00:00Z"),
    _noted(
        "received-from",
        "Received-From-MTA is another than the client's name",
        "RFC3464-2.2.4-a",
        _behind(rb"Reporting-MTA", b"Received-From-MTA: dns; localhost"),
    ),
    # ---- about the recipient
    _noted(
        "twice",
        "A recipient has two groups",
        "RFC3464-2.1.1-a",
        swap(rb"(?s)(\r\n(?:Original|Final)-Recipient: .*?)(?=\r\n--report)", rb"\1\1"),
    ),
    _without("no-original", "ORCPT is not told", "RFC3461-6.3-e RFC3464-2.3.1-b", b"Original-Recipient"),
    _noted(
        "original-of-its-own",
        "An Original-Recipient is told where none was given",
        "RFC3461-6.3-f RFC3464-2.3.1-a RFC3464-3-b",
        lambda octets: (
            octets
            if b"Original-Recipient" in octets
            else octets.replace(b"Final-Recipient", b"Original-Recipient: rfc822; x@postel.test\r\nFinal-Recipient")
        ),
    ),
    _without(
        "no-final",
        "Final-Recipient is missing",
        "RFC3461-6.3-g RFC3464-2.3.2-a RFC3464-2.3.2-b RFC3464-2.3.2-c",
        b"Final-Recipient",
    ),
    _without("no-action", "Action is missing", "RFC3461-6.3-h RFC3464-2.3.3-a RFC3464-2.3.3-b", b"Action"),
    _field("action", "Action is a word of its own", "RFC3464-2.3.3-b", b"Action", b"success"),
    _without("no-status", "Status is missing", "RFC3461-6.3-i RFC3464-2.3.4-a RFC3464-2.3.4-b", b"Status"),
    _field("status", "Status has letters", "RFC3464-2.3.4-b RFC3464-2.3.4-c", b"Status", b"2.x.y"),
    _field("status-class", "Status is one of failure", "RFC3464-2.3.4-d", b"Status", b"5.1.5"),
    _noted(
        "last-attempt",
        "Last-Attempt-Date is no date of mail",
        "RFC3464-2.3.7-a",
        _behind(rb"Status", b"Last-Attempt-Date: yesterday"),
    ),
    _noted(
        "retry",
        "A notification of success tells until when it is tried",
        "RFC3464-2.3.9-a",
        _behind(rb"Status", b"Will-Retry-Until: Mon, 3 Jun 2024 07:00:00 +0000"),
    ),
    # ---- what is returned
    fault(
        "notification/whole",
        "A notification of success returns the whole message",
        "RFC3461-6.2-e RFC3461-4.3-d RFC6522-4-a RFC3461-6.2-f",
        notifying(_returns),
        "NOTIFY",
    ),
    _noted("some-headers", "Some of the header's fields are returned", "RFC6522-4-b", _short_headers),
    _noted(
        "returned-kind",
        "The header is returned as a message",
        "RFC6522-4-a RFC3461-6.2-f",
        swap(rb"text/rfc822-headers", b"message/rfc822"),
    ),
    _noted(
        "about-the-first",
        "Every notification is about the first message",
        "RFC3464-3-c RFC3464-2-h",
        swap(rb"Envelope-Id: second", b"Envelope-Id: first"),
    ),
)
