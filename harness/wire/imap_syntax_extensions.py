"""The strict grammar of what IMAP's extensions send: ENABLED, ID, NAMESPACE, QUOTA.

RFC 5161 §4, RFC 2971 §4, RFC 2342 §6, RFC 9208 §7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.wire.imap_scan import Scan
from harness.wire.imap_syntax_words import mailbox

_ENABLED = "RFC5161-4-b"
_ID = "RFC2971-4-a"
_NAMESPACE = "RFC2342-6-a"
_QUOTA = "RFC9208-4.2.1-a"
_QUOTAROOT = "RFC9208-4.2.2-a"

#: Requirements that these rules judge.
REQUIREMENTS = (_ENABLED, _ID, _NAMESPACE, _QUOTA, _QUOTAROOT)


def _enabled(scan: Scan) -> None:
    while scan.peek() == b" ":
        scan.space()
        scan.atom(_ENABLED)
    scan.finish(_ENABLED)


def _id(scan: Scan) -> None:
    scan.space()
    if not scan.nil():
        count = scan.listed(lambda: scan.nstring(_ID), _ID)
        if count % 2:
            raise scan.fail(_ID, "pairs of field and value", "id:odd")
    scan.finish(_ID)


def _namespace(scan: Scan) -> None:
    for _ in range(3):
        scan.space()
        if scan.nil():
            continue
        scan.need(b"(", _NAMESPACE, "namespace:not-a-list")
        while not scan.token(b")"):
            _one_namespace(scan)
    scan.finish(_NAMESPACE)


def _one_namespace(scan: Scan) -> None:
    scan.need(b"(", _NAMESPACE, "namespace:not-a-list")
    scan.string(_NAMESPACE)
    scan.space()
    scan.nstring(_NAMESPACE)
    while scan.peek() == b" ":
        scan.space()
        scan.string(_NAMESPACE)
        scan.space()
        scan.listed(lambda: scan.string(_NAMESPACE), _NAMESPACE)
    scan.need(b")", _NAMESPACE, "namespace:not-closed")


def _quota(scan: Scan) -> None:
    scan.space()
    scan.astring(_QUOTA)
    scan.space()
    members = 0

    def member() -> None:
        nonlocal members
        if members % 3:
            scan.number(_QUOTA, bits=63)
        else:
            scan.atom(_QUOTA)
        members += 1

    scan.listed(member, _QUOTA)
    if members % 3:
        raise scan.fail(_QUOTA, "resource, usage and limit", "quota:not-triplets")
    scan.finish(_QUOTA)


def _quotaroot(scan: Scan) -> None:
    scan.space()
    mailbox(scan, _QUOTAROOT)
    while scan.peek() == b" ":
        scan.space()
        scan.astring(_QUOTAROOT)
    scan.finish(_QUOTAROOT)


#: The rules by the response's name.
EXTENSIONS: Mapping[str, Callable[[Scan], None]] = {
    "ENABLED": _enabled,
    "ID": _id,
    "NAMESPACE": _namespace,
    "QUOTA": _quota,
    "QUOTAROOT": _quotaroot,
}
