"""Faults of what IMAP servers announce beside what they do, and of what they count and send for that (RFC 3516 §4.3,
RFC 6154, RFC 6855 §6, RFC 9208); and of what becomes of a client that is always wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.actions import Send
from reference_server.imap import responses as r
from reference_server.imap.capabilities import CAPABILITIES, Capability
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.response_codes import Code
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import around, fault, imap_variant, rendered, said

#: Wrong commands after which a faulty server is tired of refusing.
_PATIENCE = 100


def _announcing(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Build:
    """A variant that announces other capabilities than it has."""

    class Announcing(ImapSession):
        def capability_names(self) -> tuple[str, ...]:
            return change(super().capability_names())

    return imap_variant(session=Announcing)


def _without(name: str) -> Build:
    return _announcing(lambda names: tuple(each for each in names if each != name))


def _literal_with_a_plus(self: Renderer, data: bytes) -> Pieces:
    """A literal as only a client may send it."""
    return [b"{%d+}\r\n" % len(data), *Renderer.literal(self, data)[1:]]


def _always_literal8(self: Renderer, octets: bytes | None) -> Pieces:
    return Renderer.binary(self, octets) if octets is None else self.literal8(octets)


def _never_literal8(self: Renderer, octets: bytes | None) -> Pieces:
    return self.message_text(octets)


def _resources(change: Callable[[r.QuotaData], tuple[r.QuotaResource, ...]]) -> Callable[[r.QuotaData], r.QuotaData]:
    return lambda data: replace(data, resources=change(data))


def _in_octets(data: r.QuotaData) -> tuple[r.QuotaResource, ...]:
    """The usage of STORAGE in octets."""
    return tuple(replace(each, usage=each.usage * 1024) if each.name == "STORAGE" else each for each in data.resources)


class _OneMailbox(Renderer):
    """Says that there is one mailbox, whatever there is."""

    def quota(self, response: r.QuotaData) -> bytes:
        more = (*response.resources, r.QuotaResource("MAILBOX", 1, 1000))
        return super().quota(replace(response, resources=more))


def _warns(session: ImapSession, _: Any) -> tuple[r.Response, ...]:
    """A warning of the quota, with a mailbox or without."""
    return (r.StatusResponse(r.Condition.NO, "The quota is exceeded", Code.OVERQUOTA),)


class _Tired(ImapSession):
    """Is tired of wrong commands, and takes them for right in the end."""

    refused = 0

    def tagged(self, condition: r.Condition, tag: str | None, text: str, code: Any = None) -> Send:
        self.refused += condition is r.Condition.BAD
        tired = condition is r.Condition.BAD and self.refused > _PATIENCE
        return super().tagged(r.Condition.OK if tired else condition, tag, text, code)


FAULTS: tuple[Fault, ...] = (
    fault(
        "announcements/literals-with-a-plus",
        "Literals to the client are non-synchronizing",
        "RFC9051-4.3-a",
        rendered(literal=_literal_with_a_plus),
        "FETCH",
    ),
    fault(
        "announcements/literal8-always",
        "BINARY sends all data as a literal8",
        "RFC3516-4.3-a",
        rendered(binary=_always_literal8),
        "FETCH",
    ),
    fault(
        "announcements/literal8-never",
        "BINARY sends a NUL in a literal, as another octet",
        "RFC3516-4.3-b",
        rendered(binary=_never_literal8),
        "FETCH",
    ),
    fault(
        "announcements/no-create-special-use",
        "CREATE gives special uses, and CREATE-SPECIAL-USE is not announced",
        "RFC6154-3-f",
        _without("CREATE-SPECIAL-USE"),
        "CREATE",
    ),
    fault(
        "announcements/use-of-its-own",
        "LIST shows an attribute that nobody registered",
        "RFC6154-6-b",
        said(r.ListData, lambda data: replace(data, attributes=(*data.attributes, "\\Shipyard"))),
        "LIST",
    ),
    fault(
        "announcements/utf8-twice",
        "UTF8=ACCEPT and UTF8=ONLY are announced together",
        "RFC6855-6-b",
        _announcing(lambda names: (*names, "UTF8=ONLY")),
        "CAPABILITY",
    ),
    fault(
        "announcements/utf8-only-in-name",
        "UTF8=ONLY is announced, and nobody is refused",
        "RFC6855-6-a",
        _announcing(lambda names: tuple("UTF8=ONLY" if name == "UTF8=ACCEPT" else name for name in names)),
        "SELECT",
    ),
    fault(
        "announcements/no-quotaset",
        "SETQUOTA is there, and QUOTASET is not announced",
        "RFC9208-1-b",
        _without("QUOTASET"),
        "SETQUOTA",
    ),
    fault(
        "announcements/warning-without-a-mailbox",
        "NOOP brings NO [OVERQUOTA] with no mailbox selected",
        "RFC9208-4.3.1-c",
        around("NOOP", before=_warns),
        "NOOP",
    ),
    fault(
        "announcements/storage-in-octets",
        "The usage of STORAGE is in octets",
        "RFC9208-5.1-a",
        said(r.QuotaData, _resources(_in_octets)),
        "GETQUOTAROOT",
    ),
    fault(
        "announcements/one-mailbox",
        "The usage of MAILBOX is 1, whatever there is",
        "RFC9208-5.3-a",
        imap_variant(capabilities=(*CAPABILITIES, Capability("QUOTA=RES-MAILBOX")), renderer=_OneMailbox),
        "GETQUOTAROOT",
    ),
    fault(
        "announcements/tired-of-errors",
        "After a hundred wrong commands each is OK",
        "POSTEL-imap_line-h",
        imap_variant(session=_Tired),
    ),
)
