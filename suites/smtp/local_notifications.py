"""Notifications of success: a message to one local mailbox, from another, and the report that comes back.

RFC 3461 §5.2.3 (when), §6 (what is in it); RFC 3464 (fields); RFC 6522 (multipart/report). Such reports need no
relaying; those about failure and delay are in the relay suite. A server that hands over to a delivery agent without DSN
says "relayed" in place of "delivered" (RFC 3461 §5.2.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime

from harness.cases import case
from harness.stage import Stage, shown
from suites.smtp.exchange import expect_names, expect_that, finish, greeted, letter, need, settle, values_of

DSN = ("DSN",)
SENT = "RFC3461-5.2.3-a"
ENVELOPE = "QQ+2B314159"
SUCCEEDED = ("delivered", "relayed", "expanded")


@dataclass(frozen=True, slots=True)
class Report:
    """A notification as it arrived: its octets, its parts, and the fields of its second part, by group."""

    raw: bytes
    whole: Message
    parts: tuple[Message, ...]
    about: Message
    recipients: tuple[Message, ...]


async def _sent(stage: Stage, *, mail: str = "", rcpt: str = "NOTIFY=SUCCESS", name: str = "noted") -> None:
    """Send a message from the second account to the first, with these parameters, and see it arrive."""
    own, other = stage.lease(2)
    session = await greeted(stage)
    await need(
        stage, session, f"MAIL FROM:<{other.address}> {mail}".rstrip(), f"RCPT TO:<{own.address}> {rcpt}".rstrip()
    )
    replies = await session.data(letter(name, b"The body of it."))
    stage.require(replies[-1].ok, f"250 to the message; the answer was {shown(replies[-1].raw)}")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "the message in the recipient's mailbox")


async def _report(
    stage: Stage, *requirements: str, mail: str = "", rcpt: str = "NOTIFY=SUCCESS", grouped: bool = True
) -> Report:
    """The one notification that comes back: required, or judged by the requirements where there are any; `grouped`
    where its status must be groups of fields for the case to mean anything."""
    await _sent(stage, mail=mail, rcpt=rcpt)
    found = await stage.delivered(1, account=stage.lease(2)[1])
    if requirements:
        settle(expect_that(stage, len(found) == 1, "one notification", f"{len(found)} messages", *requirements))
    stage.require(len(found) == 1, f"one notification; there are {len(found)}")
    return _taken_apart(stage, found[0], grouped=grouped)


def _taken_apart(stage: Stage, raw: bytes, *, grouped: bool = True) -> Report:
    whole = message_from_bytes(raw)
    parts = tuple(part for part in whole.get_payload() if isinstance(part, Message)) if whole.is_multipart() else ()
    stage.require(len(parts) >= 2, "a notification in parts")
    payload = parts[1].get_payload()
    groups = [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []
    stage.require(len(groups) >= 2 or not grouped, "a part of type message/delivery-status with two groups")
    about, *recipients = groups or [Message()]
    return Report(raw, whole, parts, about, tuple(group for group in recipients if group.keys()))


def _said(group: Message, field: str) -> str:
    """A field's value without its folds and comments (RFC 3464 §2.1); empty where it is missing."""
    return re.sub(r"\s+", " ", re.sub(r"\([^()]*\)", "", str(group.get(field, "")))).strip()


@case("smtp/rfc3461-5.2.3/notified-of-delivery", SENT, "RFC3461-6.1-d", "RFC3464-2-c", requires=DSN, users=2)
async def notified_of_delivery(stage: Stage) -> None:
    """A recipient with NOTIFY=SUCCESS has a notification sent to the reverse-path."""
    report = await _report(stage, SENT)
    to = str(report.whole.get("To", ""))
    right = stage.lease(2)[1].address in to
    expect_that(stage, right, "To: the sender", to, "RFC3464-2-c", "RFC3461-6.1-d")


@case(
    "smtp/rfc3461-6.1/sent-from-nobody",
    *("RFC3461-6.1-a", "RFC3464-2-f", "RFC3464-2-e", "RFC5321-4.5.5-a", "RFC3464-2-d"),
    requires=DSN,
    users=2,
)
async def sent_from_nobody(stage: Stage) -> None:
    """A notification has the null reverse-path, and somebody in From."""
    report = await _report(stage)
    path = values_of(report.raw, "Return-Path")
    rules = ("RFC3461-6.1-a", "RFC3464-2-f", "RFC3464-2-e", "RFC5321-4.5.5-a")
    expect_that(stage, path == [b"<>"], "Return-Path: <>", shown(b" | ".join(path)), *rules)
    author = str(report.whole.get("From", ""))
    expect_that(stage, "@" in author, "an address in From", author, "RFC3464-2-d")


@case(
    "smtp/rfc6522-3/parts-of-a-notification",
    *("RFC3461-6.2-a", "RFC3464-2-a", "RFC6522-3-a", "RFC6522-3-b", "RFC6522-3-c"),
    *("RFC6522-3-d", "RFC3464-2-b", "RFC6522-3-e", "RFC6522-3-i", "RFC3464-2.1-a"),
    requires=DSN,
    users=2,
)
async def parts_of_a_notification(stage: Stage) -> None:
    """A notification is a multipart/report of a text, a delivery-status part and what is returned."""
    report = await _report(stage, grouped=False)
    whole = report.whole
    kind, status = whole.get_content_type(), report.parts[1].get_content_type()
    expect_that(stage, kind == "multipart/report", "multipart/report", kind, "RFC3461-6.2-a", "RFC6522-3-c")
    named = str(whole.get_param("report-type", "")).lower()
    bounded = whole.get_boundary() is not None
    rules = ("RFC3464-2-a", "RFC6522-3-a", "RFC6522-3-b")
    expect_that(stage, named == "delivery-status" and bounded, "report-type=delivery-status", named, *rules)
    first = report.parts[0].get_content_maintype()
    expect_that(stage, first in ("text", "multipart"), "a text first", first, "RFC6522-3-d", "RFC3464-2-b")
    expect_that(stage, status == "message/delivery-status", "message/delivery-status", status, "RFC6522-3-e")
    count = len(report.parts)
    expect_that(stage, count in (2, 3), "two or three parts", f"{count} parts", "RFC6522-3-i")
    encoding = str(report.parts[1].get("Content-Transfer-Encoding", "7bit")).lower()
    expect_that(stage, encoding == "7bit", "7bit", encoding, "RFC3464-2.1-a")


@case(
    "smtp/rfc3461-6.3/fields-about-the-message",
    *("RFC3461-6.3-a", "RFC3464-2.2.1-a", "RFC3464-2.2.1-c", "RFC3464-2.2.1-d"),
    *("RFC3461-6.3-c", "RFC3464-2.2.2-a", "RFC3464-3-a", "RFC3461-6.3-d", "RFC3461-9.3-a", "RFC3464-2.1.1-b"),
    *("RFC3464-2.2.5-a", "RFC3464-2.2.3-a", "RFC3464-2.2.4-a"),
    requires=DSN,
    users=2,
)
async def fields_about_the_message(stage: Stage) -> None:
    """A notification gives the ENVID, decoded, and its reporting MTA."""
    about = (await _report(stage, mail=f"RET=HDRS ENVID={ENVELOPE}")).about
    given = about.get_all("Original-Envelope-Id", [])
    rules = ("RFC3461-6.3-a", "RFC3464-2.2.1-a", "RFC3464-2.2.1-d", "RFC3464-2.2.1-c")
    expect_that(stage, [str(each).strip() for each in given] == ["QQ+314159"], "QQ+314159", f"{given}", *rules)
    reporting = _said(about, "Reporting-MTA")
    expect_that(stage, bool(reporting), "Reporting-MTA", "none", "RFC3461-6.3-c", "RFC3464-2.2.2-a", "RFC3464-3-a")
    typed = re.fullmatch(r"(?i)dns ?; ?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", reporting) is not None
    typing = ("RFC3461-6.3-d", "RFC3461-9.3-a", "RFC3464-2.1.1-b")
    expect_that(stage, typed, "dns; and a full domain name", reporting, *typing)
    expect_that(stage, "DSN-Gateway" not in about, "no DSN-Gateway", _said(about, "DSN-Gateway"), "RFC3464-2.2.3-a")
    arrived = _said(about, "Arrival-Date")
    expect_that(stage, not arrived or _dated(arrived), "a date with an offset", arrived, "RFC3464-2.2.5-a")
    source = _said(about, "Received-From-MTA")
    named = not source or "client.postel.test" in source
    expect_that(stage, named, "the name from EHLO", source, "RFC3464-2.2.4-a")


def _dated(text: str) -> bool:
    """Whether it is a date with a numeric offset."""
    try:
        parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return False
    return re.search(r"[+-][0-9]{4}( \(.*\))?$", text) is not None


@case(
    "smtp/rfc3461-6.3/fields-about-the-recipient",
    *("RFC3461-6.3-e", "RFC3464-2.3.1-b", "RFC3461-6.3-g", "RFC3464-2.3.2-a", "RFC3464-2.3.2-b", "RFC3464-2.3.2-c"),
    *("RFC3461-6.3-h", "RFC3464-2.3.3-a", "RFC3464-2.3.3-b", "RFC3461-6.3-i", "RFC3464-2.3.4-a", "RFC3464-2.3.4-b"),
    *("RFC3464-2.3.4-c", "RFC3464-2.3.4-d", "RFC3464-2.3.7-a", "RFC3464-2.3.9-a", "RFC3464-2.1.1-a"),
    requires=DSN,
    users=2,
)
async def fields_about_the_recipient(stage: Stage) -> None:
    """A notification gives the recipient, what was asked of, what became of it, and a status that fits."""
    report = await _report(stage, rcpt="NOTIFY=SUCCESS ORCPT=rfc822;Reader+2BHere@postel.test")
    settle(expect_that(stage, len(report.recipients) == 1, "one group", f"{len(report.recipients)}", "RFC3464-2.1.1-a"))
    group, own = report.recipients[0], stage.account
    original = _said(group, "Original-Recipient")
    asked = re.fullmatch(r"(?i:rfc822) ?; ?Reader\+(2B)?Here@postel\.test", original) is not None
    expect_that(stage, asked, "rfc822; Reader+Here@postel.test", original, "RFC3461-6.3-e", "RFC3464-2.3.1-b")
    final = _said(group, "Final-Recipient")
    same = final.partition(";")[2].strip() == own.address
    rules = ("RFC3461-6.3-g", "RFC3464-2.3.2-a", "RFC3464-2.3.2-b", "RFC3464-2.3.2-c")
    expect_that(stage, same, f"rfc822; {own.address}", final, *rules)
    action = _said(group, "Action").lower()
    expect_that(stage, bool(action), "Action", "none", "RFC3461-6.3-h", "RFC3464-2.3.3-a")
    expect_that(stage, action in SUCCEEDED, "delivered", action, "RFC3464-2.3.3-b")
    status = _said(group, "Status").partition(" ")[0]
    expect_that(stage, bool(status), "Status", "none", "RFC3461-6.3-i", "RFC3464-2.3.4-a")
    fits = re.fullmatch(r"[245]\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})", status) is not None
    expect_that(stage, fits, "three numbers", status, "RFC3464-2.3.4-b", "RFC3464-2.3.4-c")
    expect_that(stage, status.startswith("2."), "a status of success", status, "RFC3464-2.3.4-d")
    tried = _said(group, "Last-Attempt-Date")
    expect_that(stage, not tried or _dated(tried), "a date with an offset", tried, "RFC3464-2.3.7-a")
    until = _said(group, "Will-Retry-Until")
    expect_that(stage, not until, "no Will-Retry-Until", until, "RFC3464-2.3.9-a")


@case(
    "smtp/rfc3461-6.3/nothing-that-was-not-given",
    *("RFC3461-6.3-b", "RFC3464-2.2.1-b", "RFC3461-6.3-f", "RFC3464-2.3.1-a", "RFC3464-3-b"),
    requires=DSN,
    users=2,
)
async def nothing_that_was_not_given(stage: Stage) -> None:
    """Without ENVID and ORCPT a notification has neither Original-Envelope-Id nor Original-Recipient."""
    report = await _report(stage)
    envelope = _said(report.about, "Original-Envelope-Id")
    expect_that(stage, not envelope, "no Original-Envelope-Id", envelope, "RFC3461-6.3-b", "RFC3464-2.2.1-b")
    original = "; ".join(_said(group, "Original-Recipient") for group in report.recipients)
    rules = ("RFC3461-6.3-f", "RFC3464-2.3.1-a", "RFC3464-3-b")
    expect_that(stage, not original, "no Original-Recipient", original, *rules)


def _declare_returned(slug: str, mail: str) -> None:
    rules = ("RFC3461-6.2-e", "RFC3461-4.3-d")

    async def script(stage: Stage) -> None:
        report = await _report(stage, mail=mail)
        returned = b"The body of it." in report.raw
        expect_that(stage, not returned, "the header alone", "the body too", *rules)
        if len(report.parts) < 3:
            return
        third = report.parts[2]
        kind = third.get_content_type()
        labelled = ("RFC6522-4-a", "RFC3461-6.2-f")
        expect_that(stage, kind == "text/rfc822-headers", "text/rfc822-headers", kind, *labelled)
        text = third.get_payload(decode=True)
        there = isinstance(text, bytes) and b"<noted@client.test>" in text and b"Subject: noted" in text
        expect_that(stage, there, "all header fields", "others", "RFC6522-4-b")

    script.__doc__ = f"A notification of success returns the header alone{', whatever RET says' if mail else ''}"
    case(f"smtp/rfc3461-6.2/{slug}", *rules, "RFC6522-4-a", "RFC3461-6.2-f", "RFC6522-4-b", requires=DSN, users=2)(
        script
    )


_declare_returned("header-alone", "")
_declare_returned("header-alone-with-ret-full", "RET=FULL")


#: Parameters with which success is told to nobody.
SILENT: dict[str, tuple[str, str]] = {
    "never": ("NOTIFY=NEVER", "RFC3461-5.2.3-b"),
    "failure": ("NOTIFY=FAILURE", "RFC3461-5.2.3-b"),
    "failure-and-delay": ("NOTIFY=FAILURE,DELAY", "RFC3461-5.2.3-b"),
    "nothing": ("", "RFC3461-5.2.3-c"),
}


def _declare_silent(slug: str, parameters: str, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        await _sent(stage, rcpt=parameters)
        found = await stage.settled(account=stage.lease(2)[1])
        expect_that(stage, not found, "no notification", f"{len(found)} messages", requirement)

    script.__doc__ = f"Delivery is told to nobody with {parameters or 'no NOTIFY'}"
    case(f"smtp/rfc3461-5.2.3/silent-with-{slug}", requirement, requires=DSN, users=2)(script)


for _slug, (_parameters, _requirement) in SILENT.items():
    _declare_silent(_slug, _parameters, _requirement)


@case("smtp/rfc3461-5.2.8/only-who-asked", "RFC3461-5.2.8-a", requires=DSN, users=3)
async def only_who_asked(stage: Stage) -> None:
    """A notification names the recipient with SUCCESS, and not the one with NEVER."""
    own, sender, third = stage.lease(3)
    session = await greeted(stage)
    await need(stage, session, f"MAIL FROM:<{sender.address}>", f"RCPT TO:<{own.address}> NOTIFY=SUCCESS")
    await need(stage, session, f"RCPT TO:<{third.address}> NOTIFY=NEVER")
    await finish(stage, session, letter("two-wishes"), "RFC3461-5.2.8-a")
    found = await stage.delivered(1, account=sender)
    stage.require(len(found) == 1, "one notification")
    named = third.address.encode() in found[0]
    expect_that(stage, not named, "nothing about the other", "his address", "RFC3461-5.2.8-a")


@case("smtp/rfc3464-3/one-notification-each", "RFC3464-3-c", "RFC3464-2-h", requires=DSN, users=2)
async def one_notification_each(stage: Stage) -> None:
    """Two messages have two notifications, one about each."""
    for envelope in ("first", "second"):
        own, other = stage.lease(2)
        session = await greeted(stage)
        await need(
            stage, session, f"MAIL FROM:<{other.address}> ENVID={envelope}", f"RCPT TO:<{own.address}> NOTIFY=SUCCESS"
        )
        await finish(stage, session, letter(envelope), "RFC3464-3-c")
    expect_names(stage, await stage.delivered(2), ["first", "second"], "RFC3464-3-c")
    await stage.delivered(2, account=stage.lease(2)[1])
    found = await stage.settled(account=stage.lease(2)[1])
    ids = sorted(_said(_taken_apart(stage, each).about, "Original-Envelope-Id") for each in found)
    expect_that(stage, ids == ["first", "second"], "one about each", f"{ids}", "RFC3464-3-c", "RFC3464-2-h")
