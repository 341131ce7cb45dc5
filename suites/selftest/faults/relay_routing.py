"""Faults in finding next hops (RFC 5321 §5.1, RFC 7505), and in whom the server relays for (§3.6.2, §7.9)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dns.message
import dns.name
import dns.rdata
import dns.rdatatype

from reference_server.backend import Envelope, StoreFailure
from reference_server.clock import Clock
from reference_server.conversation import Steps
from reference_server.queue.dns_resolver import DnsResolver
from reference_server.queue.entries import Kind
from reference_server.queue.hops import Hops, NextHop, NoRoute
from reference_server.queue.resolver import LookupFailed, MailExchanger, NoSuchName, Resolver
from reference_server.queue.routing import RoutingDelivery
from reference_server.settings import Relay, Settings
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Fault
from suites.selftest.relay_variants import relay_fault


class _Backwards(Hops):
    """The highest number comes first."""

    def hosts(self, domain: str, exchangers: Sequence[MailExchanger]) -> list[str]:
        """Reversed."""
        return super().hosts(domain, exchangers)[::-1]


class _AsListed(random.Random):
    """Nothing is ever shuffled."""

    def shuffle(self, x: Any) -> None:
        """Sorted, so that it does not depend on the answer either."""
        x.sort(key=lambda each: each.host)


class _FirstOnly(Hops):
    """Only the first address is tried."""

    async def find(self, domain: str) -> Sequence[NextHop]:
        """The first."""
        return (await super().find(domain))[:1]


class _FirstOfEach(Hops):
    """Only the first address of each host is tried."""

    async def addresses(self, resolver: Resolver, hosts: Sequence[str], domain: str) -> list[NextHop]:
        """Without the others."""
        found = await super().addresses(resolver, hosts, domain)
        return [hop for at, hop in enumerate(found) if hop.host not in {each.host for each in found[:at]}]


class _NeedsMx(Hops):
    """A domain without MX gets no mail."""

    def hosts(self, domain: str, exchangers: Sequence[MailExchanger]) -> list[str]:
        """Raises NoRoute."""
        if not exchangers:
            raise NoRoute(Kind.PERMANENT, "5.4.4", f"{domain} has no mail exchanger")
        return super().hosts(domain, exchangers)


class _FallsBack(Hops):
    """Where the mail exchangers are of no use, the domain's own address is."""

    def hosts(self, domain: str, exchangers: Sequence[MailExchanger]) -> list[str]:
        """With the domain itself as the last, also where it has a null MX."""
        named = [each for each in exchangers if each.host]
        return [*(super().hosts(domain, named) if named else []), domain]


class _Patient(Hops):
    """What is wrong with a domain's records may be right another time."""

    async def find(self, domain: str) -> Sequence[NextHop]:
        """Raises NoRoute for the time being."""
        try:
            return await super().find(domain)
        except NoRoute as error:
            raise NoRoute(Kind.TEMPORARY, "4.4.3", str(error)) from error


class _Impatient(Hops):
    """What cannot be looked up now does not exist."""

    async def find(self, domain: str) -> Sequence[NextHop]:
        """Raises NoRoute for good."""
        try:
            return await super().find(domain)
        except NoRoute as error:
            raise NoRoute(Kind.PERMANENT, "5.1.2", str(error)) from error


class _OnlyAscii(Hops):
    """A-labels are not looked up."""

    async def find(self, domain: str) -> Sequence[NextHop]:
        """Raises NoRoute for them."""
        if "xn--" in domain:
            raise NoRoute(Kind.PERMANENT, "5.1.2", f"{domain} is no domain")
        return await super().find(domain)


class _Selfless(Hops):
    """It does not know itself among the mail exchangers."""

    def hosts(self, domain: str, exchangers: Sequence[MailExchanger]) -> list[str]:
        """In their order."""
        self._own_names = frozenset()
        return super().hosts(domain, exchangers)


class _OnlyItself(Hops):
    """It leaves itself out of the mail exchangers, and no worse one."""

    def hosts(self, domain: str, exchangers: Sequence[MailExchanger]) -> list[str]:
        """The others."""
        others = [each for each in exchangers if each.host.lower() not in self._own_names]
        return super().hosts(domain, others)


def _other_status(status: str) -> type[Hops]:
    class _Changed(Hops):
        def hosts(self, domain: str, exchangers: Sequence[MailExchanger]) -> list[str]:
            try:
                return super().hosts(domain, exchangers)
            except NoRoute as error:
                raise NoRoute(Kind.PERMANENT, status, str(error)) from error

    return _Changed


class _NoAliases(DnsResolver):
    """A name with a CNAME record has no others."""

    async def _records(self, name: str, kind: dns.rdatatype.RdataType) -> Sequence[dns.rdata.Rdata]:
        response = await self._ask(dns.name.from_text(name), kind)
        if any(rrset.rdtype == dns.rdatatype.CNAME for rrset in response.answer):
            raise NoSuchName(f"{name} is an alias")
        return await super()._records(name, kind)


class _DatagramsOnly(DnsResolver):
    """What does not fit into a datagram is no answer."""

    async def _exchange(self, query: dns.message.Message, transport: Any) -> dns.message.Message:
        if transport.__name__ == "_over_tcp":
            raise LookupFailed("the answer is cut off")
        return await super()._exchange(query, transport)


class _Percent(RoutingDelivery):
    """A percent sign, an exclamation mark and quotes in an address of ours lead on."""

    def accepts(self, recipient: str) -> bool:
        """With what may be sent on."""
        return super().accepts(recipient) or _led_on(recipient) != recipient

    def deliver(self, envelope: Envelope, message: bytes, **more: Any) -> Sequence[StoreFailure | None]:
        """To where they lead."""
        to = tuple(replace(each, address=_led_on(each.address)) for each in envelope.recipients)
        return super().deliver(replace(envelope, recipients=to), message, **more)


def _led_on(address: str) -> str:
    local = address.rpartition("@")[0].strip('"')
    if "!" in local:
        domain, _, rest = local.partition("!")
        return _led_on(f"{rest}@{domain}")
    for sign in "@%":
        if sign in local:
            user, _, domain = local.rpartition(sign)
            return f"{user}@{domain}"
    return address


class _Refuses554(SmtpSession):
    """Relaying is refused by 554."""

    def check_recipient(self, address: str) -> Steps:
        """Raises CommandRefused."""
        try:
            yield from super().check_recipient(address)
        except CommandRefused as error:
            raise CommandRefused(replace(error.reply, code=554), **error.values) from error


def _trusting(given: Settings) -> Settings:
    return replace(given, relay_networks=("127.0.0.0/8",))


def _hops(number: int) -> Any:
    return lambda given: replace(given, limits=replace(given.limits, hops=number))


def _resolving(kind: type[DnsResolver]) -> Any:
    def made(relay: Relay, clock: Clock) -> Resolver | None:
        return None if relay.resolver is None else kind(relay.resolver, clock, relay.timeouts.dns)

    return made


FAULTS: tuple[Fault, ...] = (
    relay_fault("routing/backwards", "the highest number comes first", "RFC5321-5.1-m", hops=_Backwards),
    relay_fault("routing/never-shuffled", "equal numbers are not spread", "RFC5321-5.1-n", randomness=_AsListed),
    relay_fault(
        "routing/first-only",
        "only the first address is tried",
        "RFC5321-5.1-j RFC5321-5.1-l RFC5321-5.1-r",
        hops=_FirstOnly,
    ),
    relay_fault(
        "routing/first-of-each",
        "only the first address of each host is tried",
        "RFC5321-5.1-j RFC5321-5.1-l",
        hops=_FirstOfEach,
    ),
    relay_fault("routing/needs-mx", "a domain without MX gets no mail", "RFC5321-5.1-f", hops=_NeedsMx),
    relay_fault(
        "routing/falls-back",
        "the domain's own address is tried beside its MX, also with a null MX",
        "RFC5321-5.1-h RFC5321-5.1-g RFC7505-3-b RFC7505-4.1-a",
        "Exim, before it knew null MX",
        hops=_FallsBack,
    ),
    relay_fault(
        "routing/null-mx-status", "a null MX is reported as 5.1.2", "RFC7505-4.1-c", hops=_other_status("5.1.2")
    ),
    relay_fault(
        "routing/errors-wait",
        "mail that has nowhere to go waits",
        "RFC5321-5.1-d RFC5321-5.1-g RFC5321-5.1-q RFC7505-4.1-a RFC7505-3-b RFC7505-4.1-c",
        hops=_Patient,
    ),
    relay_fault(
        "routing/trouble-is-final",
        "trouble with DNS returns the mail",
        "RFC5321-5.1-e RFC5321-4.5.4.1-a",
        hops=_Impatient,
    ),
    relay_fault("routing/no-a-labels", "A-labels are not looked up", "RFC6531-3.2-b", hops=_OnlyAscii),
    relay_fault(
        "routing/selfless", "it does not know itself among the MX", "RFC5321-5.1-p RFC5321-5.1-q", hops=_Selfless
    ),
    relay_fault(
        "routing/only-itself",
        "it leaves itself out, and no worse mail exchanger",
        "RFC5321-5.1-p RFC5321-5.1-q",
        hops=_OnlyItself,
    ),
    relay_fault("routing/no-aliases", "a CNAME is not followed", "RFC5321-5.1-b", resolver=_resolving(_NoAliases)),
    relay_fault(
        "routing/datagrams-only", "a long answer is not asked for", "RFC5321-5.1-a", resolver=_resolving(_DatagramsOnly)
    ),
    relay_fault(
        "policy/open-relay",
        "whoever comes may send elsewhere",
        "POSTEL-smtp_relay-a POSTEL-smtp_relay-b RFC5321-7.9-a RFC5321-7.9-b RFC5321-3.6.2-a",
        "every server of 1995",
        settings=_trusting,
        submission=SmtpSession,
    ),
    relay_fault(
        "policy/percent-hack",
        "addresses that hide another are led on",
        "POSTEL-smtp_relay-b",
        "Sendmail, Lotus Domino",
        delivery=_Percent,
    ),
    relay_fault("policy/by-554", "relaying is refused by 554", "RFC5321-3.6.2-a RFC5321-7.9-b", smtp=_Refuses554),
    relay_fault("policy/endless", "a loop is never noticed", "RFC5321-6.3-b", settings=_hops(10**6)),
    relay_fault("policy/fifty-hops", "50 Received fields are a loop", "RFC5321-6.3-a", settings=_hops(50)),
)
