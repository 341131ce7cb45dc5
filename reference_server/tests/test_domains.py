"""Which domains are the same, and which are ours."""

from __future__ import annotations

import pytest

from reference_server.domains import LocalDomains, address_literal, canonical_domain
from reference_server.settings import Settings


@pytest.mark.parametrize(
    ("address", "literal"),
    [("192.0.2.1", "[192.0.2.1]"), ("2001:db8::1", "[IPv6:2001:db8::1]"), ("fe80::1%eth0", "[IPv6:fe80::1]")],
)
def test_address_literals(address: str, literal: str) -> None:
    assert address_literal(address) == literal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Example.TEST", "example.test"),
        ("b\u00fccher.test", "xn--bcher-kva.test"),
        ("B\u00dcCHER.test", "XN--BCHER-KVA.Test"),
        ("[IPv6:2001:db8:0:0::1]", "[ipv6:2001:DB8::1]"),
    ],
)
def test_equivalent_spellings(one: str, other: str) -> None:
    assert canonical_domain(one) == canonical_domain(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a.test", "b.test"), ("a.test", "a.test."), ("k.test", "\u212a.test"), ("[1.2.3.4]", "1.2.3.4")]
)
def test_different_domains(one: str, other: str) -> None:
    assert canonical_domain(one) != canonical_domain(other)


def test_what_is_no_domain_stays_as_it_is() -> None:
    assert canonical_domain("\u2028") == "\u2028"
    assert canonical_domain("[x]") == "[x]"


def test_ours() -> None:
    ours = LocalDomains(Settings(domains=("a.test", "b\u00fccher.test"), host="127.0.0.1"))
    for address in ("x@A.test", "x@xn--bcher-kva.test", "x@[127.0.0.1]", "postmaster", '"x@elsewhere.test"@a.test'):
        assert ours.serves(address)
    for address in ("x@b.test", "x@sub.a.test", "x@[127.0.0.2]", "x@", "x%a.test@elsewhere.test"):
        assert not ours.serves(address)
    assert LocalDomains(Settings(host="localhost")).serves("x@postel.test")
