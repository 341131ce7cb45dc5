"""Faults in what senders are told: to whom, about whom, in which form (RFC 3461 §5.2 and §6, RFC 3464, RFC 6522)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.backend import Envelope, Notify, Recipient
from reference_server.queue.entries import Fate, QueueEntry, needs_report
from reference_server.queue.notification import Report, notification
from reference_server.queue.reporter import Reporter
from reference_server.queue.spool import Spool
from suites.selftest.fault import Fault
from suites.selftest.relay_variants import relay_fault, reporting

_NULL = "RFC5321-6.1-c RFC5321-3.6.3-d RFC5321-4.5.5-a RFC3461-6.1-a RFC3464-2-f RFC3464-2-e"
_OF_NULL = "RFC5321-6.1-e RFC5321-3.6.3-c RFC5321-4.5.4-b RFC3461-5.2-a RFC5321-4.5.5-c"


class _Altered(Reporter):
    """A reporter whose notifications travel in another envelope."""

    envelope: Callable[[Envelope], Envelope] = staticmethod(lambda given: given)
    copies = 1

    def report(self, number: int) -> None:
        """As ever, through a delivery that alters envelopes."""
        held = self._delivery
        change, copies = self.envelope, self.copies

        class Through:
            """What the reporter delivers to."""

            def deliver(self, envelope: Envelope, message: bytes, **more: Any) -> Any:
                """Another envelope, maybe more than once."""
                for _ in range(copies - 1):
                    held.deliver(change(envelope), message)
                return held.deliver(change(envelope), message, **more)

        self._delivery = Through()  # type: ignore[assignment]
        try:
            super().report(number)
        finally:
            self._delivery = held


def _reporter(change: Callable[[Envelope], Envelope] = lambda given: given, copies: int = 1) -> type[Reporter]:
    return type("FaultyReporter", (_Altered,), {"envelope": staticmethod(change), "copies": copies})


class _Mute(Reporter):
    """Nobody is told anything."""

    def report(self, number: int) -> None:
        """The entry is noted as told."""
        entry = self._spool.entry(number)
        if entry is not None:
            positions = [each.position for each in entry.recipients]
            self._spool.note(self._spool.reporting(number, positions, positions))


class _OneEach(Reporter):
    """A notification for each recipient."""

    def report(self, number: int) -> None:
        """All but the last in addition."""
        entry = self._spool.entry(number)
        whole = self._build
        told = entry.unreported if entry is not None else ()

        def one(report: Report) -> bytes:
            for each in told[:-1]:
                octets = whole(replace(report, settled=[each], token=f"{report.token}{each.position}"))
                to = (Recipient(report.entry.envelope.reverse_path),)
                self._delivery.deliver(Envelope("", to), octets)
            return whole(replace(report, settled=told[-1:]))

        self._build = one
        try:
            super().report(number)
        finally:
            self._build = whole


class _AnswersNobody(Spool):
    """Failures of mail from nobody are told to whom its header names."""

    @staticmethod
    def needs_report(envelope: Envelope, recipient: Recipient, fate: Fate, *, informed: bool = False) -> bool:
        """Whatever the reverse-path is."""
        return fate is Fate.FAILED or needs_report(envelope, recipient, fate, informed=informed)

    def entry(self, number: int) -> QueueEntry | None:
        """With a reverse-path out of the header where there is none."""
        entry = super().entry(number)
        if entry is None or entry.envelope.reverse_path:
            return entry
        found = re.search(rb"(?im)^From: [^<\r]*<([^>\r]+)>", self.octets(number))
        path = found[1].decode() if found else ""
        return replace(entry, envelope=replace(entry.envelope, reverse_path=path))


def _needing(change: Callable[[frozenset[Notify] | None], frozenset[Notify] | None], told: bool = False) -> type[Spool]:
    """A spool that takes NOTIFY for another one, as far as notifications go; `told`: also where others will tell."""

    def needs(envelope: Envelope, recipient: Recipient, fate: Fate, *, informed: bool = False) -> bool:
        wish = change(recipient.notify)
        return needs_report(envelope, replace(recipient, notify=wish), fate, informed=informed and not told)

    return type("FaultySpool", (Spool,), {"needs_report": staticmethod(needs)})


class _TellsOfDelays(Spool):
    """Everybody is told of a delay."""

    def entry(self, number: int) -> QueueEntry | None:
        """With DELAY for all."""
        entry = super().entry(number)
        if entry is None:
            return None
        wanting = tuple(
            replace(
                each, recipient=replace(each.recipient, notify=(each.recipient.notify or frozenset()) | {Notify.DELAY})
            )
            for each in entry.recipients
        )
        return replace(entry, recipients=wanting)


class _NamesAll(Reporter):
    """A notification names all recipients."""

    def report(self, number: int) -> None:
        """With those that nothing is to be told of."""
        whole = self._build
        self._build = lambda report: whole(replace(report, settled=report.entry.recipients))
        try:
            super().report(number)
        finally:
            self._build = whole


def _swap(pattern: bytes, by: bytes, count: int = 1) -> Callable[[Report], bytes]:
    """A notification with this replaced."""
    return reporting(lambda octets: re.sub(pattern, by, octets, count=count))


def _without(name: bytes) -> Callable[[Report], bytes]:
    return _swap(rb"(?m)^" + name + rb":[^\n]*\n(?:[ \t][^\n]*\n)*", b"", 0)


def _returning(returns: Any, *, failed: bool = False) -> Callable[[Report], bytes]:
    """A notification as if RET had been this; with `failed` as if it told of a failure."""

    def build(report: Report) -> bytes:
        envelope = replace(report.entry.envelope, returns=returns)
        built = replace(report, entry=replace(report.entry, envelope=envelope))
        if not failed:
            return notification(built)
        pretended = [replace(each, fate=Fate.FAILED) for each in (*report.settled, *report.late)]
        whole = notification(replace(built, settled=pretended, late=()))
        action = b"delayed" if report.late else report.settled[0].fate.value.encode()
        return whole.replace(b"Action: failed", b"Action: " + action)

    return build


def _part_again(octets: bytes) -> bytes:
    """The last part twice over, and once more."""
    boundary = re.search(rb'boundary="([^"]+)"', octets)
    assert boundary is not None
    end = b"--" + boundary[1] + b"--"
    return octets.replace(end, b"--" + boundary[1] + b"\r\n\r\nmore\r\n" + end)


def _parts_swapped(octets: bytes) -> bytes:
    """The machine's part before the human's."""
    boundary = re.search(rb'boundary="([^"]+)"', octets)
    assert boundary is not None
    pieces = octets.split(b"--" + boundary[1])
    if len(pieces) > 3:
        pieces[1], pieces[2] = pieces[2], pieces[1]
    return (b"--" + boundary[1]).join(pieces)


def _fields(name: bytes, value: bytes) -> Callable[[Report], bytes]:
    """One more field in each recipient's group."""
    return _swap(rb"(?m)^(Action: [^\n]*\n)", rb"\1" + name + b": " + value + rb"\r\n", 0)


FAULTS: tuple[Fault, ...] = (
    relay_fault(
        "reports/mute",
        "nobody is told anything",
        "RFC5321-6.1-b RFC5321-3.6.3-a RFC5321-4.4-q RFC5321-4.4-r RFC5321-6.2-a RFC5321-5.1-d RFC5321-5.1-g"
        " RFC5321-5.1-q RFC3461-5.2.2-b RFC3461-5.2.2-c RFC3461-5.2.2-g RFC3461-5.2.6-a RFC3461-5.2.6-c RFC3461-4.1-e"
        " RFC6531-3.2-f RFC7505-4.1-a RFC1870-6.2-b",
        reporter=_Mute,
    ),
    relay_fault(
        "reports/from-the-sender",
        "a notification has the sender as its reverse-path",
        f"{_NULL} RFC5321-4.5.4-b RFC5321-3.6.3-c",
        reporter=_reporter(lambda given: replace(given, reverse_path=given.recipients[0].address)),
    ),
    relay_fault("reports/about-nobody", "failures of mail from nobody are told", _OF_NULL, spool=_AnswersNobody),
    relay_fault(
        "reports/elsewhere",
        "notifications go to another mailbox of the sender's domain",
        "RFC5321-6.1-d RFC5321-4.4-o RFC3461-6.1-d",
        reporter=_reporter(
            lambda given: replace(given, recipients=tuple(Recipient("x-" + each.address) for each in given.recipients))
        ),
    ),
    relay_fault(
        "reports/routed",
        "notifications go along a source route",
        "RFC5321-6.1-f RFC5321-6.1-d RFC5321-4.4-o RFC3461-6.1-d",
        reporter=_reporter(
            lambda given: replace(
                given, recipients=tuple(Recipient(f"@mail.postel.test:{each.address}") for each in given.recipients)
            )
        ),
    ),
    relay_fault(
        "reports/twice", "each notification is sent twice", "RFC3464-2-h RFC3464-3-c", reporter=_reporter(copies=2)
    ),
    relay_fault(
        "reports/one-each",
        "each recipient has a notification of his own",
        "RFC5321-4.4-r RFC3464-2.1.1-a RFC3464-2.3.2-a",
        reporter=_OneEach,
    ),
    relay_fault(
        "reports/names-all",
        "recipients are named who are not to be",
        "RFC3461-5.2.8-a RFC5321-4.4-q RFC5321-6.1-b",
        reporter=_NamesAll,
    ),
    relay_fault(
        "reports/with-ret",
        "notifications are sent with RET",
        "RFC3461-6.1-b",
        reporter=_reporter(lambda given: replace(given, returns="HDRS")),
    ),
    relay_fault(
        "reports/with-notify",
        "notifications are sent with NOTIFY",
        "RFC3461-6.1-c",
        reporter=_reporter(
            lambda given: replace(
                given, recipients=tuple(replace(each, notify=frozenset({Notify.FAILURE})) for each in given.recipients)
            )
        ),
    ),
    relay_fault(
        "notify/failure-always",
        "failure is told whatever was wished",
        "RFC3461-5.2.6-b RFC3461-5.2.2-d RFC3461-5.2.8-a",
        spool=_needing(lambda wish: (wish or frozenset()) | {Notify.FAILURE}),
    ),
    relay_fault(
        "notify/failure-never",
        "failure is told only where success was wished too",
        "RFC3461-5.2.6-a RFC3461-5.2.6-c RFC3461-4.1-e RFC3461-5.2.2-c RFC3461-5.2.2-g",
        spool=_needing(lambda wish: wish if wish and Notify.SUCCESS in wish else frozenset()),
    ),
    relay_fault(
        "notify/success-always",
        "success is told whatever was wished",
        "RFC3461-5.2.2-f RFC3461-5.2.2-d RFC3461-5.2.1-j RFC5321-4.2.5-e RFC5321-4.2-i RFC5321-4.2-h",
        spool=_needing(
            lambda wish: (frozenset({Notify.FAILURE}) if wish is None else wish) | {Notify.SUCCESS}, told=True
        ),
    ),
    relay_fault(
        "notify/success-never",
        "success is never told",
        "RFC3461-5.2.2-b RFC3461-4.3-d RFC3461-6.2-e",
        spool=_needing(lambda wish: wish if wish is None else wish - {Notify.SUCCESS}),
    ),
    relay_fault(
        "notify/success-twice",
        "success is told where the next hop will tell it",
        "RFC3461-5.2.1-j",
        spool=_needing(lambda wish: wish, told=True),
    ),
    relay_fault("notify/delay-always", "a delay is told whatever was wished", "RFC3461-5.2.5-b", spool=_TellsOfDelays),
    relay_fault(
        "form/to",
        "To names nobody",
        "RFC3464-2-c",
        notification=_swap(rb"(?m)^To: [^\r]*", b"To: undisclosed-recipients:;"),
    ),
    relay_fault("form/from", "From is nobody", "RFC3464-2-d", notification=_swap(rb"(?m)^From: [^\r]*", b"From: <>")),
    relay_fault(
        "form/mixed",
        "a notification is multipart/mixed",
        "RFC5321-3.6.3-b RFC3461-6.2-a RFC6522-3-c RFC6522-3-a",
        notification=_swap(rb"multipart/report; report-type=delivery-status", b"multipart/mixed"),
    ),
    relay_fault(
        "form/parts-swapped",
        "the part for machines comes first",
        "RFC3464-2-b RFC6522-3-d RFC3464-2-a RFC6522-3-b RFC6522-3-e",
        notification=reporting(_parts_swapped),
    ),
    relay_fault("form/more-parts", "there is a fourth part", "RFC6522-3-i", notification=reporting(_part_again)),
    relay_fault(
        "form/original-unlabelled",
        "the original is text/plain",
        "RFC3461-6.2-f RFC3461-6.2-b RFC6522-4-a",
        notification=_swap(rb"Content-Type: (?:message/rfc822|text/rfc822-headers)", b"Content-Type: text/plain"),
    ),
    relay_fault(
        "form/status-in-8bit",
        "the status part is labelled 8bit",
        "RFC3464-2.1-a",
        notification=_swap(
            rb"Content-Type: message/delivery-status\r\n",
            b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n",
        ),
    ),
    relay_fault(
        "form/odd-fields",
        "there are fields that are not registered",
        "RFC3464-2.4-a",
        notification=_fields(b"Reason", b"bad luck"),
    ),
    relay_fault(
        "form/no-reporting-mta",
        "Reporting-MTA is missing",
        "RFC3464-2.2.2-a RFC3461-6.3-c RFC3461-6.3-d RFC3461-9.3-a",
        notification=_without(b"Reporting-MTA"),
    ),
    relay_fault(
        "form/dates",
        "dates are ISO dates",
        "RFC3464-2.2.5-a RFC3464-2.3.7-a RFC3464-2.3.9-b",
        notification=_swap(
            rb"(?m)^((?:Arrival-Date|Last-Attempt-Date|Will-Retry-Until):) [^\r]*", rb"\1 2024-06-03T07:00:00Z", 0
        ),
    ),
    relay_fault(
        "form/one-block",
        "the groups are not parted",
        "RFC3464-2.1.1-a RFC3464-2.3.2-a",
        notification=_swap(rb"\r\n\r\n((?:Original|Final)-Recipient:)", rb"\r\n\1", 0),
    ),
    relay_fault(
        "form/final-in-lower-case",
        "Final-Recipient is put in lower case",
        "RFC3464-2.3.2-c RFC3464-2.3.2-b RFC3464-2.3.2-a RFC3461-6.3-g RFC3464-2.1.1-b",
        notification=reporting(
            lambda octets: re.sub(
                rb"(?m)^Final-Recipient:[^\r]*", lambda match: b"Final-Recipient:" + match[0][16:].lower(), octets
            )
        ),
    ),
    relay_fault(
        "form/no-action",
        "Action is missing",
        "RFC3464-2.3.3-a RFC3464-2.3.3-b RFC3464-2.3.3-c RFC3461-6.3-h",
        notification=_swap(rb"(?m)^Action: failed", b"X-Action: bounced", 0),
    ),
    relay_fault(
        "form/status",
        "Status has leading zeros",
        "RFC3464-2.3.4-a RFC3464-2.3.4-b RFC3464-2.3.4-c RFC3461-6.3-i",
        notification=_swap(rb"(?m)^Status: (.)\.", rb"Status: \1.0", 0),
    ),
    relay_fault(
        "form/status-class",
        "Status does not fit Action",
        "RFC3464-2.3.4-d",
        notification=reporting(
            lambda octets: octets.replace(b"Status: 5.", b"Status: 2.").replace(b"Status: 4.", b"Status: 5.")
        ),
    ),
    relay_fault("form/no-remote-mta", "Remote-MTA is missing", "RFC3461-6.3-k", notification=_without(b"Remote-MTA")),
    relay_fault(
        "form/no-diagnostic",
        "Diagnostic-Code is missing",
        "RFC3461-6.3-l RFC3464-2.3.6-a RFC3464-2.3.6-b RFC3461-9.2-a",
        notification=_without(b"Diagnostic-Code"),
    ),
    relay_fault(
        "form/will-retry",
        "a failure has Will-Retry-Until",
        "RFC3464-2.3.9-a",
        notification=_fields(b"Will-Retry-Until", b"Mon, 3 Jun 2030 07:00:00 +0000"),
    ),
    relay_fault(
        "form/envelope-id-invented",
        "an Original-Envelope-Id is invented",
        "RFC3464-2.2.1-b RFC3461-6.3-b RFC3464-2.2.1-c RFC3461-6.3-a",
        notification=_swap(rb"(?m)^Reporting-MTA:", b"Original-Envelope-Id: x\r\nReporting-MTA:"),
    ),
    relay_fault(
        "form/envelope-id-lost",
        "Original-Envelope-Id is missing",
        "RFC3461-6.3-a RFC3464-2.2.1-a RFC3464-2.2.1-c RFC3464-2.2.1-d",
        notification=_without(b"Original-Envelope-Id"),
    ),
    relay_fault(
        "form/original-recipient-invented",
        "an Original-Recipient is invented",
        "RFC3464-2.3.1-a RFC3461-6.3-f RFC3464-3-b",
        notification=_fields(b"Original-Recipient", b"rfc822; x@y.test"),
    ),
    relay_fault(
        "form/original-recipient-lost",
        "Original-Recipient is missing",
        "RFC3461-6.3-e RFC3464-2.3.1-b",
        notification=_without(b"Original-Recipient"),
    ),
    relay_fault("form/always-header", "the header only is returned", "RFC3461-6.2-b", notification=_returning("HDRS")),
    relay_fault(
        "form/always-whole",
        "the whole message is returned",
        "RFC3461-6.2-d RFC6522-4-a RFC3461-4.3-d RFC3461-6.2-e",
        notification=_returning("FULL", failed=True),
    ),
    relay_fault(
        "form/header-cut",
        "of the header a few fields are returned",
        "RFC6522-4-b RFC3461-6.2-f",
        notification=_swap(rb"(?m)^(?:Message-ID: <returned|Subject: (?:returned|failing))[^\n]*\n", b"", 0),
    ),
)
