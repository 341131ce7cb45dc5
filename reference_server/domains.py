"""Mail domains: when two spellings are the same one, and which are ours.

RFC 5321 §2.4 (case), §4.1.3 (address literals); RFC 5890 and RFC 5891 (U-labels and A-labels), by the library `idna`.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address, ip_address

import idna

from reference_server.settings import Settings


def address_literal(address: str) -> str:
    """An IP address as RFC 5321 §4.1.3 writes it, without a zone. Raises ValueError where it is none."""
    parsed = ip_address(address.partition("%")[0])
    return f"[IPv6:{parsed}]" if isinstance(parsed, IPv6Address) else f"[{parsed}]"


def a_label(label: str) -> str:
    """The label as DNS has it, in lower case. Raises ValueError for one that IDNA does not permit."""
    lower = label.lower()
    if label.isascii():
        return lower
    if lower.isascii():
        raise ValueError(f"{label!r} is no label of a domain")  # the Kelvin sign is no K
    try:
        return idna.alabel(lower).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{label!r} is no label of a domain: {error}") from error


def canonical_domain(domain: str) -> str:
    """The one spelling of a domain or address literal that all equivalent ones share; other text stays as it is."""
    try:
        if domain.startswith("["):
            inside = domain[1:-1]
            return address_literal(inside[5:] if inside[:5].lower() == "ipv6:" else inside).lower()
        return ".".join(map(a_label, domain.split(".")))
    except ValueError:
        return domain


class LocalDomains:
    """The domains whose mailboxes are here: those of the settings, and the address literal of the server's own address
    where it listens on one only (RFC 1123 §5.2.17)."""

    def __init__(self, settings: Settings) -> None:
        names = [*settings.domains]
        with suppress(ValueError):  # a host name
            names.append(address_literal(settings.host))
        self._names = frozenset(map(canonical_domain, names))

    def __contains__(self, domain: object) -> bool:
        return isinstance(domain, str) and canonical_domain(domain) in self._names

    def serves(self, address: str) -> bool:
        """Whether the address is in one of these domains, or has none, as only `postmaster` may."""
        _, at, domain = address.rpartition("@")
        return not at or domain in self
