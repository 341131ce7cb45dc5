"""Faults of numbers in ESEARCH, COPYUID and QUOTA, and of big literals (RFC 4315, 4466, 4731, 7888, 9208)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from reference_server.actions import Action
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.errors import BadCommand
from reference_server.imap.response_codes import CopyUid, UidValidity
from reference_server.imap.session import ImapSession
from reference_server.server import MailServer, Tls
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import coded, fault, imap_variant, said, wired

_SMALL = 4096
_SELECTIONS = count(1000)


def _rewritten(pattern: bytes, replacement: bytes) -> Build:
    """A variant in which octets of the responses are others."""
    return wired(lambda octets: re.sub(pattern, replacement, octets))


def _resources(change: Callable[[r.QuotaResource], r.QuotaResource]) -> Build:
    return said(r.QuotaData, lambda data: replace(data, resources=tuple(map(change, data.resources))))


def _announcing(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Build:
    """A variant that announces other capabilities than it has."""

    class Announcing(ImapSession):
        def capability_names(self) -> tuple[str, ...]:
            return change(super().capability_names())

    return imap_variant(session=Announcing)


class _LiteralMinus(ImapSession):
    """Announces LITERAL- in place of LITERAL+."""

    def capability_names(self) -> tuple[str, ...]:
        return tuple("LITERAL-" if name == "LITERAL+" else name for name in super().capability_names())


class _SaysNotWhy(_LiteralMinus):
    """Refuses what is more than LITERAL- takes, without TOOBIG."""

    def understood(self, text: f.CommandText) -> c.Command:
        command = super().understood(text)
        if any(len(each.data) > _SMALL and not each.synchronizing for each in text.literals.values()):
            raise BadCommand(command.tag, "No")
        return command


class _EndsWithoutWhy(_LiteralMinus):
    """Ends at what is more than LITERAL- takes, without TOOBIG."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        if event.size > _SMALL and not event.synchronizing:
            yield from self.hang_up("No")
            return
        yield from super().admit(event)


class _SmallOnly(_LiteralMinus):
    """Takes no literal of more than 4096 octets at all."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        if event.size > _SMALL:
            self._fragmenter.refuse()
            raise BadCommand(event.text.lines.partition(b" ")[0].decode(), "Too big")
        yield from super().admit(event)


class _RunsLiterals(ImapSession):
    """Takes a literal of more than 100,000 octets for lines of commands."""

    def receive(self, data: bytes) -> list[Action]:
        return super().receive(re.sub(rb"\{\d{6,}\+\}", b"x", data))


class _PlainPort(MailServer):
    """The port for TLS from the start speaks in the clear."""

    def _listeners(self, *args: Any) -> Any:
        return tuple(
            replace(each, tls=Tls.NONE) if each.tls is Tls.IMPLICIT else each for each in super()._listeners(*args)
        )


FAULTS: tuple[Fault, ...] = (
    fault(
        "coverage/plain-port", "The port for TLS speaks in the clear", "RFC8314-3.2-a", imap_variant(server=_PlainPort)
    ),
    fault("coverage/count-in-words", "COUNT is no number", "RFC4731-4-b", _rewritten(rb"COUNT \d+", b"COUNT none")),
    fault(
        "coverage/correlator-without-quotes",
        "The tag of ESEARCH is no string",
        "RFC4466-2.6.2-b",
        _rewritten(rb'\(TAG "(\w+)"\)', rb"(TAG \1)"),
        "SEARCH",
    ),
    fault("coverage/min-twice", "MIN comes twice", "RFC4466-2.6.2-d", _rewritten(rb"(MIN \d+)", rb"\1 \1"), "SEARCH"),
    fault(
        "coverage/copyuid-names-others",
        "COPYUID names a UID more",
        "RFC4315-3-j",
        coded(CopyUid, lambda code: replace(code, source=(*code.source, 99), destination=(*code.destination, 99))),
        "COPY",
    ),
    fault(
        "coverage/uidvalidity-anew",
        "UIDVALIDITY is another at each SELECT",
        "RFC4315-3-l",
        coded(UidValidity, lambda code: replace(code, value=next(_SELECTIONS))),
        "SELECT",
    ),
    fault(
        "coverage/resource-of-its-own",
        "A resource has a name that nobody registered",
        "RFC9208-3.1.1-a",
        _resources(lambda resource: replace(resource, name="TONNAGE")),
        "GETQUOTAROOT",
    ),
    fault(
        "coverage/resource-not-announced",
        "A resource is not announced",
        "RFC9208-3.1.1-b",
        _announcing(lambda names: tuple(name for name in names if name != "QUOTA=RES-STORAGE")),
        "GETQUOTAROOT",
    ),
    fault(
        "coverage/limit-of-64-bits",
        "A limit has 64 bits",
        "RFC9208-3.1.2-a",
        _resources(lambda resource: replace(resource, limit=1 << 63)),
        "GETQUOTAROOT",
    ),
    fault(
        "coverage/both-literals",
        "LITERAL+ and LITERAL- are announced",
        "RFC7888-5-c",
        _announcing(lambda names: (*names, "LITERAL-")),
        "CAPABILITY",
    ),
    fault("coverage/too-big-is-bad", "BAD without TOOBIG", "RFC7888-5-a", imap_variant(session=_SaysNotWhy), "APPEND"),
    fault(
        "coverage/too-big-is-bye", "BYE without TOOBIG", "RFC7888-5-b", imap_variant(session=_EndsWithoutWhy), "APPEND"
    ),
    fault("coverage/small-ones-only", "No big literals", "RFC7888-5-d", imap_variant(session=_SmallOnly), "APPEND"),
    fault(
        "coverage/literal-is-run", "A big literal is run", "RFC7888-4-a", imap_variant(session=_RunsLiterals), "LIST"
    ),
)
