"""Building faulty variants of the reference's sending side: what is replaced, with everything else left as it is.

A variant exchanges one of `QueueParts` (client, line, hops, resolver, schedule, notification, delivery, reporter,
spool), the session that takes submissions, or settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.queue.client import SmtpClient, Transaction
from reference_server.queue.content import Content
from reference_server.queue.mail_queue import QueueParts
from reference_server.queue.notification import Report, notification
from reference_server.queue.parcel import Parcel
from reference_server.server import MailServer, SessionFactories
from reference_server.settings import Relay, Settings
from suites.selftest.fault import Build, Fault


def relay_variant(settings: Callable[[Settings], Settings] = lambda given: given, **parts: Any) -> Build:
    """The reference with these parts of its queue exchanged (`submission` and `smtp`: sessions)."""
    sessions = {name: parts.pop(name) for name in ("submission", "smtp") if name in parts}

    def build(given: Settings) -> MailServer:
        return MailServer(settings(given), sessions=SessionFactories(queue=QueueParts(**parts), **sessions))

    return build


def relay_fault(
    slug: str, title: str, requirements: str, seen_in: str = "", *, build: Build | None = None, **parts: Any
) -> Fault:
    """A fault `relay/SLUG`; `requirements` are ids with blanks between them."""
    return Fault(
        id=f"relay/{slug}",
        title=title,
        requirements=tuple(requirements.split()),
        build=build or relay_variant(**parts),
        seen_in=seen_in,
        protocol="relay",
    )


def transacting(**methods: Callable[..., Any]) -> type[SmtpClient]:
    """A client whose transactions have these methods."""
    made = type("FaultyTransaction", (Transaction,), methods)
    return type("FaultyClient", (SmtpClient,), {"transaction": made})


def client(**methods: Callable[..., Any]) -> type[SmtpClient]:
    """A client with these methods."""
    return type("FaultyClient", (SmtpClient,), methods)


def sending(change: Callable[[bytes], bytes]) -> type[SmtpClient]:
    """A client that changes the octets of each message."""

    def prepared(self: SmtpClient, parcel: Parcel) -> Content:
        content = SmtpClient.prepared(self, parcel)
        return replace(content, octets=change(content.octets))

    return client(prepared=prepared)


def enveloped(mail: Callable[[str], str] = str, rcpt: Callable[[str], str] = str) -> type[SmtpClient]:
    """A client that changes the lines of MAIL and RCPT."""

    def envelope(self: SmtpClient, parcel: Parcel, content: Content) -> tuple[str, list[str]]:
        line, lines = SmtpClient.envelope(self, parcel, content)
        return mail(line), [rcpt(each) for each in lines]

    return client(envelope=envelope)


def offered(change: Callable[[dict[str, str]], dict[str, str]]) -> type[SmtpClient]:
    """A client that takes a next hop's extensions for others."""

    def introduce(self: SmtpClient) -> Any:
        yield from SmtpClient.introduce(self)
        self.extensions = change(self.extensions)

    return client(introduce=introduce)


def reporting(change: Callable[[bytes], bytes]) -> Callable[[Report], bytes]:
    """Notifications with other octets."""
    return lambda report: change(notification(report))


def relaying(change: Callable[[Relay], Relay]) -> Callable[[Settings], Settings]:
    """Other settings of the sending side."""
    return lambda given: replace(given, relay=change(given.relay))
