"""What the relay asks of DNS: mail exchangers of a domain and addresses of a host. Anything may answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MailExchanger:
    """One MX record (RFC 1035 §3.3.9). `host` has no dot at its end; it is empty in a null MX (RFC 7505 §3)."""

    preference: int
    host: str


class NoSuchName(Exception):
    """The name does not exist (NXDOMAIN): permanent."""


class LookupFailed(Exception):
    """No answer, or SERVFAIL, or one that makes no sense: another time it may be different."""


class Resolver(Protocol):
    """Answers from DNS. Aliases (CNAME) are followed."""

    async def mail_exchangers(self, domain: str) -> Sequence[MailExchanger]:
        """The MX records, in any order; none where the name has none. Raises NoSuchName or LookupFailed."""

    async def addresses(self, host: str) -> Sequence[str]:
        """IPv4 and IPv6 addresses in the order to try them in. Raises NoSuchName or LookupFailed."""
