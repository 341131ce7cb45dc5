"""Faults of how IMAP commands are completed, and of names that nobody registered (RFC 3501 §2.2, §7.1, §7.2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.actions import Action
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.outcome import Improper, Refused
from reference_server.imap.response_codes import BadCharset, Code
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    Outcome,
    around,
    claiming,
    coded,
    doing,
    ending,
    failing,
    fault,
    imap_variant,
    said,
    succeeding,
    wired,
)


class _ForgetsToInvite(ImapSession):
    """Asks for a literal only where its command was the first of what came at once."""

    busy = False

    def receive(self, data: bytes) -> list[Action]:
        self.busy = False
        return super().receive(data)

    def carry_out(self, command: c.Command) -> Steps:
        self.busy = True
        yield from super().carry_out(command)

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        for action in super().admit(event):
            if not (self.busy and event.synchronizing):
                yield action


class _InvitesOnce(ImapSession):
    """Asks for the first literal of a command only."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        for action in super().admit(event):
            if not event.text.literals:
                yield action


def _as_trycreate(session: ImapSession, command: c.Command, outcome: Outcome) -> Outcome:
    return Refused(outcome.text, Code.TRYCREATE) if isinstance(outcome, Refused) else outcome


def _as_bad(session: Any, command: Any, outcome: Outcome) -> Outcome:
    return Improper(outcome.text) if isinstance(outcome, Refused) else outcome


FAULTS: tuple[Fault, ...] = (
    fault(
        "completions/continuation-forgotten",
        "The second of two commands that came at once is not asked for its literal",
        "2.2.1-c",
        imap_variant(session=_ForgetsToInvite),
        "STATUS",
    ),
    fault(
        "completions/second-literal-not-asked-for",
        "Only the first literal of a command is asked for",
        "5.5-d",
        imap_variant(session=_InvitesOnce),
        "RENAME",
    ),
    fault(
        "completions/select-selects-nothing",
        "SELECT says OK and selects nothing",
        "3.3-a",
        around("SELECT", after=lambda session, _: session.deselect()),
        "SELECT",
    ),
    fault(
        "completions/success-is-no",
        "NOOP and STATUS that succeed are completed with NO",
        "7.1.1-a",
        failing("NOOP", "STATUS"),
        "NOOP",
    ),
    fault(
        "completions/failure-is-ok",
        "STATUS and DELETE that fail are completed with OK",
        "7.1.2-a",
        succeeding("STATUS", "DELETE"),
        "STATUS",
    ),
    fault(
        "completions/unregistered-capability",
        "A capability has a name that nobody registered",
        "7.2.1-d 9-ab RFC9051-7.2.2-c",
        said(r.CapabilityData, lambda data: replace(data, names=(*data.names, "SHIPYARD"))),
        "CAPABILITY",
    ),
    fault(
        "completions/unregistered-code",
        "SELECT is completed with a code that nobody defined",
        "7.1-i",
        wired(lambda octets: octets.replace(b" OK [READ-WRITE] ", b" OK [SHIPYARD] ")),
        "SELECT",
    ),
    fault(
        "completions/experiment-unasked",
        "CHECK brings a response of an experiment",
        "6.5.1-b",
        wired(lambda octets: octets.replace(b" OK Everything is kept", b" OK Kept\r\n* XSHIPYARD 1\r\n* OK Kept")),
        "CHECK",
    ),
    fault(
        "completions/mod-sequence-unasked",
        "FETCH holds MODSEQ that nobody asked for",
        "7.2.1-c",
        wired(lambda octets: octets.replace(b" FETCH (FLAGS (", b" FETCH (MODSEQ (12) FLAGS (")),
        "FETCH",
    ),
    fault("completions/trycreate-anywhere", "Each NO has the code TRYCREATE", "7.1-h", ending(_as_trycreate), "DELETE"),
    fault(
        "completions/badcharset-lists-what-it-refuses",
        "BADCHARSET lists a charset that is refused",
        "7.1-b",
        coded(BadCharset, lambda code: BadCharset(("US-ASCII", "X-SHIPYARD"))),
        "SEARCH",
    ),
    fault("completions/create-is-bad", "CREATE that fails is BAD", "6.3.3-d", ending(_as_bad, "CREATE"), "CREATE"),
    fault(
        "completions/rename-claims", "RENAME says OK and does nothing", "6.3.5-b", doing("RENAME", claiming), "RENAME"
    ),
    fault("completions/rename-is-ok", "RENAME that fails is OK", "6.3.5-e", succeeding("RENAME"), "RENAME"),
)
