"""Faults of numbers in ESEARCH, COPYUID, STATUS and QUOTA (RFC 4315, 4466, 4731, 8438, 9208)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from reference_server.imap import responses as r
from reference_server.imap.response_codes import CopyUid, UidValidity
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import coded, fault, imap_variant, said, wired


def _rewritten(pattern: bytes, replacement: bytes) -> Build:
    """A variant in which octets of the responses are others."""
    return wired(lambda octets: re.sub(pattern, replacement, octets))


_SELECTIONS = count(1000)


def _resources(change: Callable[[r.QuotaResource], r.QuotaResource]) -> Build:
    return said(r.QuotaData, lambda data: replace(data, resources=tuple(map(change, data.resources))))


def _announcing(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Build:
    """A variant that announces other capabilities than it has."""

    class Announcing(ImapSession):
        def capability_names(self) -> tuple[str, ...]:
            return change(super().capability_names())

    return imap_variant(session=Announcing)


FAULTS: tuple[Fault, ...] = (
    fault("numbers/count-in-words", "COUNT is no number", "RFC4731-4-b", _rewritten(rb"COUNT \d+", b"COUNT none")),
    fault(
        "numbers/correlator-without-quotes",
        "The tag of ESEARCH is no string",
        "RFC4466-2.6.2-b",
        _rewritten(rb'\(TAG "(\w+)"\)', rb"(TAG \1)"),
        "SEARCH",
    ),
    fault("numbers/min-twice", "MIN comes twice", "RFC4466-2.6.2-d", _rewritten(rb"(MIN \d+)", rb"\1 \1"), "SEARCH"),
    fault(
        "numbers/copyuid-names-others",
        "COPYUID names a UID more",
        "RFC4315-3-j",
        coded(CopyUid, lambda code: replace(code, source=(*code.source, 99), destination=(*code.destination, 99))),
        "COPY",
    ),
    fault(
        "numbers/uidvalidity-anew",
        "UIDVALIDITY is another at each SELECT",
        "RFC4315-3-l",
        coded(UidValidity, lambda code: replace(code, value=next(_SELECTIONS))),
        "SELECT",
    ),
    fault(
        "numbers/resource-of-its-own",
        "A resource has a name that nobody registered",
        "RFC9208-3.1.1-a",
        _resources(lambda resource: replace(resource, name="TONNAGE")),
        "GETQUOTAROOT",
    ),
    fault(
        "numbers/resource-not-announced",
        "A resource is not announced",
        "RFC9208-3.1.1-b",
        _announcing(lambda names: tuple(name for name in names if name != "QUOTA=RES-STORAGE")),
        "GETQUOTAROOT",
    ),
    fault(
        "numbers/limit-of-64-bits",
        "A limit has 64 bits",
        "RFC9208-3.1.2-a",
        _resources(lambda resource: replace(resource, limit=1 << 63)),
        "GETQUOTAROOT",
    ),
    fault(
        "numbers/size-in-words", "SIZE is no number", "RFC8438-4-a", _rewritten(rb"\(SIZE \d+", b"(SIZE NIL"), "STATUS"
    ),
    fault(
        "numbers/quota-without-a-list",
        "QUOTA has no parentheses",
        "RFC9208-7-a",
        _rewritten(rb"(\* QUOTA \S+ )\(([^)]*)\)", rb"\1\2"),
        "GETQUOTAROOT",
    ),
    fault("numbers/no-quota", "GETQUOTAROOT sends no QUOTA", "RFC9208-4.1.2-b", said(r.QuotaData, lambda _: None)),
)
