"""The domain of an address as routes, DNS and the queue compare it."""

from __future__ import annotations

import ipaddress

from reference_server.domains import canonical_domain


def domain_key(address: str) -> str:
    """What follows the last `@`, in its one canonical spelling; empty for an address without a domain."""
    return canonical_domain(address.rpartition("@")[2]) if "@" in address else ""


def literal_address(domain: str) -> str | None:
    """The IP address in an address literal (RFC 5321 §4.1.3); None for a domain name, and for a wrong one."""
    if not (domain.startswith("[") and domain.endswith("]")):
        return None
    inside = domain[1:-1]
    if inside[:5].lower() == "ipv6:":
        inside = inside[5:]
    try:
        return str(ipaddress.ip_address(inside))
    except ValueError:
        return None
