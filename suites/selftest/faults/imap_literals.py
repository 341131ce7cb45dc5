"""Faults of non-synchronizing literals, big ones above all (RFC 7888)."""

from __future__ import annotations

import re
from collections.abc import Callable

from reference_server.actions import Action
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap.errors import BadCommand
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import fault, imap_variant


def _announcing(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Build:
    """A variant that announces other capabilities than it has."""

    class Announcing(ImapSession):
        def capability_names(self) -> tuple[str, ...]:
            return change(super().capability_names())

    return imap_variant(session=Announcing)


_SMALL = 4096


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


FAULTS: tuple[Fault, ...] = (
    fault(
        "literals/both-literals",
        "LITERAL+ and LITERAL- are announced",
        "RFC7888-5-c",
        _announcing(lambda names: (*names, "LITERAL-")),
        "CAPABILITY",
    ),
    fault("literals/too-big-is-bad", "BAD without TOOBIG", "RFC7888-5-a", imap_variant(session=_SaysNotWhy), "APPEND"),
    fault(
        "literals/too-big-is-bye", "BYE without TOOBIG", "RFC7888-5-b", imap_variant(session=_EndsWithoutWhy), "APPEND"
    ),
    fault("literals/small-ones-only", "No big literals", "RFC7888-5-d", imap_variant(session=_SmallOnly), "APPEND"),
    fault(
        "literals/literal-is-run", "A big literal is run", "RFC7888-4-a", imap_variant(session=_RunsLiterals), "LIST"
    ),
)
