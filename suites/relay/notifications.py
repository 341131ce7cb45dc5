"""The notification of a failure, field by field: who gets it, what it is made of, what it says.

RFC 5321 §3.6.3, §4.4, §4.5.5 and §6.1; RFC 3461 §6; RFC 3464 §2; RFC 6522 §3 and §4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import parseaddr, parsedate_to_datetime

from harness.cases import case
from harness.stage import Stage, shown
from harness.testbed.plan import GOOD, Point, refusing
from harness.verdicts import Facet
from suites.relay.exchange import (
    Alice,
    alice,
    declare,
    ended,
    expect_no_report,
    expect_that,
    letter,
    send,
)
from suites.relay.report import Report, report_of, type_of, value_of

REPLY = "550 5.1.1 no such user"
_STATUS = re.compile(r"[245]\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})")
_ZONE = re.compile(r"[+-][0-9]{4}\b")
#: RFC 3464 §2.2 and §2.3, RFC 3886, RFC 6533; beside them only those that begin with X-.
_FIELDS = frozenset(
    (
        *("original-envelope-id", "reporting-mta", "dsn-gateway", "received-from-mta", "arrival-date"),
        *("original-recipient", "final-recipient", "action", "status", "remote-mta", "diagnostic-code"),
        *("last-attempt-date", "final-log-id", "will-retry-until", "localized-diagnostic"),
    )
)

Seen = tuple[bool, str]
Look = Callable[[Report, Alice, str, bytes], Seen]


def _group(report: Report, name: str) -> str:
    """A field of the one recipient's group; empty where it is missing."""
    return (report.groups[0][name] or "") if report.groups else ""


def _header(report: Report, name: str) -> str:
    return report.whole[name] or ""


def _dated(value: str) -> bool:
    try:
        parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return False
    return _ZONE.search(value) is not None


def _whole_type(report: Report, *_: object) -> Seen:
    kind, of = report.whole.get_content_type(), str(report.whole.get_param("report-type", "")).lower()
    return kind == "multipart/report" and of == "delivery-status", f"{kind}, report-type {of}"


def _part_types(report: Report) -> list[str]:
    return [part.get_content_type() for part in report.parts]


def _registered(report: Report, *_: object) -> Seen:
    names = {name.lower() for block in (report.fields, *report.groups) for name in block.keys()}  # noqa: SIM118
    odd = sorted(name for name in names if name not in _FIELDS and not name.startswith("x-"))
    return bool(names) and not odd, ", ".join(odd) or "none else"


def _encoding(report: Report, *_: object) -> Seen:
    said = (report.parts[1]["Content-Transfer-Encoding"] or "7bit").lower() if len(report.parts) > 1 else "no part"
    return said.strip() == "7bit", said


def _last_attempt(report: Report, *_: object) -> Seen:
    said = [_group(report, "Last-Attempt-Date")]
    return all(not each or _dated(each) for each in said), said[0]


def _arrival(report: Report, *_: object) -> Seen:
    said = report.fields["Arrival-Date"] or ""
    return not said or _dated(said), said


def _original(report: Report, _alice: object, _to: object, message: bytes) -> Seen:
    """The header of the original at least, under its right label."""
    kind, octets = report.returned
    head = message.partition(b"\r\n\r\n")[0]
    last = head.rsplit(b"\r\n", 1)[1]
    fits = kind in ("message/rfc822", "text/rfc822-headers") and last in octets
    return fits, kind or "no third part"


#: What is looked at in the notification of one failure: the title, the requirements, and the look.
LOOKS: Mapping[str, tuple[str, tuple[str, ...], Look]] = {
    "null-reverse-path": (
        "A notification of failure has the null reverse-path",
        (
            *("RFC5321-6.1-c", "RFC5321-3.6.3-d", "RFC5321-4.5.5-a", "RFC3461-6.1-a"),
            *("RFC3464-2-f", "RFC3464-2-e"),
        ),
        lambda report, *_: (report.sent.reverse_path == "", f"<{report.sent.reverse_path}>"),
    ),
    "to-the-reverse-path": (
        "A notification of failure goes to the reverse-path of the message",
        ("RFC5321-6.1-d", "RFC5321-4.4-o", "RFC3461-6.1-d"),
        lambda report, sender, *_: (report.sent.to == (sender.address,), ", ".join(report.sent.to)),
    ),
    "to-in-the-header": (
        "A notification of failure names the sender in To",
        ("RFC3464-2-c",),
        lambda report, sender, *_: (parseaddr(_header(report, "To"))[1] == sender.address, _header(report, "To")),
    ),
    "from-somebody": (
        "A notification of failure has an address in From that can be written to",
        ("RFC3464-2-d",),
        lambda report, *_: ("@" in parseaddr(_header(report, "From"))[1], _header(report, "From")),
    ),
    "without-ret": (
        "A notification of failure is sent without RET",
        ("RFC3461-6.1-b",),
        lambda report, *_: (
            not any(each.upper().startswith("RET=") for each in report.sent.parameters),
            " ".join(report.sent.parameters),
        ),
    ),
    "without-notify": (
        "A notification of failure is sent without NOTIFY, or with NEVER",
        ("RFC3461-6.1-c",),
        lambda report, *_: (
            all(
                each.upper() == "NOTIFY=NEVER"
                for each in report.sent.recipients[0].parameters
                if each.upper().startswith("NOTIFY")
            ),
            " ".join(report.sent.recipients[0].parameters),
        ),
    ),
    "multipart-report": (
        "A notification of failure is a multipart/report for delivery-status at the top",
        ("RFC5321-3.6.3-b", "RFC3461-6.2-a", "RFC6522-3-c", "RFC6522-3-a"),
        _whole_type,
    ),
    "text-first": (
        "The first part of a notification is text for humans",
        ("RFC3464-2-b", "RFC6522-3-d"),
        lambda report, *_: (
            _part_types(report)[:1] == ["text/plain"] and len(str(report.parts[0].get_payload())) > 20,
            ", ".join(_part_types(report)),
        ),
    ),
    "status-second": (
        "The second part of a notification is message/delivery-status",
        ("RFC3464-2-a", "RFC6522-3-b", "RFC6522-3-e"),
        lambda report, *_: (_part_types(report)[1:2] == ["message/delivery-status"], ", ".join(_part_types(report))),
    ),
    "two-or-three-parts": (
        "A notification has two or three parts",
        ("RFC6522-3-i",),
        lambda report, *_: (len(report.parts) in (2, 3), f"{len(report.parts)} parts"),
    ),
    "original-third": (
        "The third part of a notification is the message or its header",
        ("RFC3461-6.2-f",),
        _original,
    ),
    "status-in-seven-bits": ("The status part has no transfer encoding but 7bit", ("RFC3464-2.1-a",), _encoding),
    "registered-fields": ("The status part has registered fields only", ("RFC3464-2.4-a",), _registered),
    "reporting-mta": (
        "Reporting-MTA names the target by its full name",
        ("RFC3464-2.2.2-a", "RFC3461-6.3-c", "RFC3461-6.3-d", "RFC3461-9.3-a"),
        lambda report, *_: (
            type_of(report.fields["Reporting-MTA"]) == "dns" and "." in value_of(report.fields["Reporting-MTA"]),
            report.fields["Reporting-MTA"] or "none",
        ),
    ),
    "arrival-date": ("Arrival-Date, if there is one, is a date with a zone", ("RFC3464-2.2.5-a",), _arrival),
    "one-group": (
        "The status part has a group for the recipient",
        ("RFC3464-2.1.1-a",),
        lambda report, *_: (len(report.groups) == 1, f"{len(report.groups)} groups"),
    ),
    "final-recipient": (
        "Final-Recipient is the recipient as the envelope had him, case included",
        ("RFC3464-2.3.2-a", "RFC3464-2.3.2-b", "RFC3464-2.3.2-c", "RFC3461-6.3-g", "RFC3464-2.1.1-b"),
        lambda report, _sender, to, _m: (
            type_of(_group(report, "Final-Recipient")) == "rfc822"
            and value_of(_group(report, "Final-Recipient")) == to,
            _group(report, "Final-Recipient"),
        ),
    ),
    "action": (
        "Action is failed",
        ("RFC3464-2.3.3-a", "RFC3464-2.3.3-b", "RFC3464-2.3.3-c", "RFC3461-6.3-h"),
        lambda report, *_: (_group(report, "Action").lower() == "failed", _group(report, "Action")),
    ),
    "status": (
        "Status is three numbers in their proper spelling",
        ("RFC3464-2.3.4-a", "RFC3464-2.3.4-b", "RFC3464-2.3.4-c", "RFC3461-6.3-i"),
        lambda report, *_: (_STATUS.fullmatch(_group(report, "Status")) is not None, _group(report, "Status")),
    ),
    "status-of-failure": (
        "Status fits Action: a permanent failure",
        ("RFC3464-2.3.4-d",),
        lambda report, *_: (_group(report, "Status")[:2] == "5.", _group(report, "Status")),
    ),
    "remote-mta": (
        "Remote-MTA names the next hop",
        ("RFC3461-6.3-k",),
        lambda report, *_: (
            type_of(_group(report, "Remote-MTA")) == "dns" and "hops.test" in _group(report, "Remote-MTA"),
            _group(report, "Remote-MTA") or "none",
        ),
    ),
    "diagnostic-code": (
        "Diagnostic-Code is the next hop's reply, with the type smtp",
        ("RFC3461-6.3-l", "RFC3464-2.3.6-a", "RFC3464-2.3.6-b", "RFC3461-9.2-a"),
        lambda report, *_: (
            type_of(_group(report, "Diagnostic-Code")) == "smtp"
            and " ".join(value_of(_group(report, "Diagnostic-Code")).split()) == REPLY,
            _group(report, "Diagnostic-Code") or "none",
        ),
    ),
    "last-attempt-date": (
        "Last-Attempt-Date, if there is one, is a date with a zone",
        ("RFC3464-2.3.7-a",),
        _last_attempt,
    ),
    "no-will-retry-until": (
        "A notification of failure has no Will-Retry-Until",
        ("RFC3464-2.3.9-a",),
        lambda report, *_: (not _group(report, "Will-Retry-Until"), _group(report, "Will-Retry-Until")),
    ),
    "no-envelope-id": (
        "Without ENVID there is no Original-Envelope-Id",
        ("RFC3464-2.2.1-b", "RFC3461-6.3-b"),
        lambda report, *_: ("Original-Envelope-Id" not in report.fields, report.fields["Original-Envelope-Id"] or "-"),
    ),
    "no-original-recipient": (
        "Without ORCPT there is no Original-Recipient",
        ("RFC3464-2.3.1-a", "RFC3461-6.3-f", "RFC3464-3-b"),
        lambda report, *_: (not _group(report, "Original-Recipient"), _group(report, "Original-Recipient")),
    ),
}


def _declare_look(slug: str, title: str, requirements: tuple[str, ...], look: Look) -> None:
    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(GOOD.at(Point.RCPT, REPLY))
        to = f"Bob.MiXeD@{hop.domain}"
        message = letter("failing")
        await send(stage, sender, [to], message)
        report = await report_of(stage, sender, *requirements)
        holds, said = look(report, sender, to, message)
        expect_that(stage, holds, title[0].lower() + title[1:], shown(said.encode()), *requirements)

    section = requirements[0][3:].rpartition("-")[0]
    declare(f"relay/rfc{section}/notification-{slug}", title, list(requirements), script)


for _slug, (_title, _requirements, _look) in LOOKS.items():
    _declare_look(_slug, _title, _requirements, _look)


async def _no_report_about_null(stage: Stage, *requirements: str) -> None:
    """A message from nobody fails, and the person in its From hears nothing."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    fields = (f"Reply-To: {sender.address}".encode(), f"Errors-To: {sender.address}".encode())
    message = letter("from-nobody", fields=fields).replace(b"sender@client.test", sender.address.encode())
    await send(stage, "", [f"bob@{hop.domain}"], message)
    await ended(stage, hop, 1, *requirements)
    await expect_no_report(stage, sender, "from-nobody", *requirements)


@case(
    "relay/rfc5321-6.1/no-notification-about-a-null-reverse-path",
    *("RFC5321-6.1-e", "RFC5321-3.6.3-c", "RFC5321-4.5.4-b", "RFC3461-5.2-a", "RFC5321-4.5.5-c"),
)
async def no_notification_about_null(stage: Stage) -> None:
    """Nobody is told that a message with the null reverse-path has failed."""
    await _no_report_about_null(
        stage, *("RFC5321-6.1-e", "RFC5321-3.6.3-c", "RFC5321-4.5.4-b", "RFC3461-5.2-a", "RFC5321-4.5.5-c")
    )


@case("relay/rfc5321-6.1/a-refused-notification-ends-there", "RFC5321-4.5.4-b", "RFC5321-3.6.3-c")
async def a_refused_notification(stage: Stage) -> None:
    """A notification that the sender's server refuses is not followed by another one."""
    sender = await alice(stage, refusing(Point.DOT))
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    await send(stage, sender, [f"bob@{hop.domain}"], letter("doubly"))
    await ended(stage, sender.hop, 1, "RFC5321-4.5.4-b")
    await sender.hop.follow(GOOD)
    await expect_no_report(stage, sender, "doubly", "RFC5321-4.5.4-b", "RFC5321-3.6.3-c")


@case("relay/rfc3464-2/one-message-in-a-notification", "RFC3464-2-h", "RFC3464-3-c")
async def one_message_in_a_notification(stage: Stage) -> None:
    """Two messages that fail are reported in two notifications."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing(Point.RCPT))
    for name in ("first-failure", "second-failure"):
        await send(stage, sender, [f"{name}@{hop.domain}"], letter(name))
    reports = [await report_of(stage, sender, "RFC3464-2-h", number=number) for number in (1, 2)]
    failed = sorted(each for report in reports for each in report.failed)
    wanted = [f"first-failure@{hop.domain}", f"second-failure@{hop.domain}"]
    holds = failed == wanted and all(len(report.groups) == 1 for report in reports)
    expect_that(stage, holds, "one each", ", ".join(failed), "RFC3464-2-h", "RFC3464-3-c", facet=Facet.EFFECT)


@case("relay/rfc5321-6.1/no-source-route-to-the-sender", "RFC5321-6.1-f")
async def no_source_route_to_the_sender(stage: Stage) -> None:
    """A notification goes to the mailbox of a reverse-path with a source route, without the route."""
    sender = await alice(stage)
    hop, way = await stage.testbed.hop(refusing(Point.RCPT)), await stage.testbed.hop()
    async with await stage.outgoing() as session:
        if not (await session.mail(f"@{way.domain}:{sender.address}")).ok:
            stage.not_applicable("the target takes no source route in the reverse-path")
        stage.require((await session.rcpt(f"bob@{hop.domain}")).ok, "its recipient to be taken")
        stage.require((await session.data(letter("routed-back")))[-1].ok, "its message to be taken")
    report = await report_of(stage, sender, "RFC5321-6.1-f")
    said = ", ".join(report.sent.to)
    expect_that(stage, said == sender.address, sender.address, said, "RFC5321-6.1-f", facet=Facet.EFFECT)


@case("relay/rfc3464-2.1.1/a-group-for-each", "RFC3464-2.1.1-a", "RFC3464-2.3.2-a", "RFC5321-4.4-r")
async def a_group_for_each(stage: Stage) -> None:
    """Five recipients that fail alike are in one notification, a group for each."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(refusing(Point.DOT))
    to = [f"bob{number}@{hop.domain}" for number in range(5)]
    await send(stage, sender, to, letter("five"))
    report = await report_of(stage, sender, "RFC5321-4.4-r", "RFC3464-2.1.1-a")
    said = f"{len(report.groups)} groups"
    requirements = ("RFC5321-4.4-r", "RFC3464-2.1.1-a", "RFC3464-2.3.2-a")
    expect_that(stage, report.failed == to, "5 groups", said, *requirements, facet=Facet.EFFECT)
