"""Faults of quick resynchronization (RFC 7162 §3.2): ENABLE, what SELECT and UID FETCH tell, VANISHED, CLOSED."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reference_server.conversation import blocking
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.capabilities import CAPABILITIES
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.response_codes import Code, HighestModSeq
from reference_server.imap.session import ImapSession
from reference_server.imap.view import Telling
from reference_server.store.open_mailbox import Mail, Opened
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Outcome,
    coded,
    doing,
    ending,
    fault,
    handler_of,
    imap_variant,
    meaning,
    refusing_lines,
    said,
    storing,
    tolerating,
)


def _without(capability: str) -> Build:
    return imap_variant(capabilities=tuple(each for each in CAPABILITIES if each.name != capability))


def _without_code(*names: str) -> Build:
    """A variant in which these commands end without HIGHESTMODSEQ."""

    def change(session: ImapSession, command: c.Command, outcome: Outcome) -> Outcome:
        return replace(outcome, code=None) if isinstance(outcome, Completion) else outcome

    return ending(change, *names)


def _opened(self: Mail, owner: str, name: str, *, claim_recent: bool) -> Opened:
    """The mailbox's mod-sequence is the highest of the messages that are there."""
    opened = Mail.open(self, owner, name, claim_recent=claim_recent)
    highest = self.highest_mod_sequence(opened.state.id, ((1, 0xFFFF_FFFF),))
    return replace(opened, state=replace(opened.state, mod_sequence=highest))


def _any_validity(session: ImapSession, command: c.Select) -> Handling:
    """What the client missed is told whatever UIDVALIDITY it names."""
    known = command.quick_resync
    if known is not None:
        name = command.mailbox.text
        state = yield from blocking(lambda: session.store.folders.find(session.account, name))
        command = replace(command, quick_resync=replace(known, validity=state.uidvalidity))
    return (yield from handler_of("SELECT")(session, command))


def _vanished_last(session: ImapSession, command: c.Fetch) -> Handling:
    """VANISHED comes behind FETCH."""
    inner = handler_of("UID FETCH")
    if not command.vanished:
        return (yield from inner(session, command))
    done = yield from inner(session, replace(command, vanished=False))
    view = session.required_view()
    gone = yield from blocking(lambda: session.store.mail.expunged_since(view.id, command.changed_since or 0))
    if gone:
        yield session.send(r.Vanished(tuple(gone), earlier=True))
    return done


class _NumbersStay(ImapSession):
    """Removals are told by number, QRESYNC or not."""

    def telling(self, *, expunges: bool, uids: bool) -> Telling:
        return replace(super().telling(expunges=expunges, uids=uids), vanished=False)


class _ClosedLast(Renderer):
    """CLOSED comes just before the end of SELECT."""

    closed: r.Response | None = None

    def pieces(self, responses: Iterable[r.Response]) -> Pieces:
        given: list[r.Response] = []
        for response in responses:
            if isinstance(response, r.StatusResponse) and response.code is Code.CLOSED:
                self.closed = response
                continue
            if isinstance(response, r.StatusResponse) and response.tag is not None and self.closed is not None:
                given.append(self.closed)
                self.closed = None
            given.append(response)
        return super().pieces(given)


def _closed_gap(data: r.Vanished) -> r.Vanished:
    """What went earlier is told as one range."""
    return replace(data, uids=tuple(range(min(data.uids), max(data.uids) + 1))) if data.earlier else data


FAULTS: tuple[Fault, ...] = (
    fault(
        "qresync/highest-of-what-is-there",
        "HIGHESTMODSEQ forgets messages that are removed",
        "RFC7162-3.2-a",
        storing(open=_opened),
        "SELECT",
    ),
    fault("qresync/without-condstore", "QRESYNC without CONDSTORE", "RFC7162-3.2.2-a", _without("CONDSTORE")),
    fault("qresync/without-enable", "QRESYNC without ENABLE", "RFC7162-3.2.3-a", _without("ENABLE")),
    fault(
        "qresync/enabled-in-silence",
        "ENABLED does not name QRESYNC",
        "RFC7162-3.2.3-b",
        said(r.Enabled, lambda data: replace(data, names=tuple(each for each in data.names if each != "QRESYNC"))),
        "ENABLE",
    ),
    fault(
        "qresync/expunge-by-number",
        "Removals are told by EXPUNGE",
        "RFC7162-3.2.3-c RFC7162-3.2.10.2-a",
        imap_variant(session=_NumbersStay),
        "EXPUNGE",
    ),
    fault(
        "qresync/not-enabled",
        "SELECT with QRESYNC needs no ENABLE",
        "RFC7162-3.2.3-d",
        tolerating(lambda reason, line: b"(QRESYNC (1 1))" in line),
        "SELECT",
    ),
    fault(
        "qresync/wrong-parameters",
        "Parameters of QRESYNC that are wrong are OK",
        "RFC7162-3.2.5-a",
        tolerating(lambda _, line: b"(QRESYNC" in line),
        "SELECT",
    ),
    fault(
        "qresync/select-refused",
        "SELECT with QRESYNC is BAD",
        "RFC7162-3.2.5-b",
        refusing_lines(lambda line: b"(QRESYNC (" in line),
        "SELECT",
    ),
    fault(
        "qresync/select-tells-nothing",
        "SELECT with QRESYNC tells nothing of what was missed",
        "RFC7162-3.2.5.1-a RFC7162-3.2.5.1-b RFC7162-3.2.5.1-c RFC7162-3.2.5.1-d",
        meaning(c.Select, lambda command: replace(command, quick_resync=None)),
        "SELECT",
    ),
    fault(
        "qresync/any-validity",
        "SELECT with QRESYNC takes any UIDVALIDITY",
        "RFC7162-3.2.5-c",
        doing("SELECT", _any_validity),
        "SELECT",
    ),
    fault(
        "qresync/vanished-anywhere",
        "FETCH takes VANISHED without UID and without CHANGEDSINCE",
        "RFC7162-3.2.6-a RFC7162-3.2.6-b",
        tolerating(lambda _, line: b"VANISHED" in line),
        "FETCH",
    ),
    fault(
        "qresync/vanished-is-ignored",
        "UID FETCH tells nothing of what went",
        "RFC7162-3.2.6-c",
        meaning(c.Fetch, lambda command: replace(command, vanished=False)),
        "FETCH",
    ),
    fault(
        "qresync/vanished-last",
        "VANISHED comes behind FETCH",
        "RFC7162-3.2.6-d",
        doing("UID FETCH", _vanished_last),
        "FETCH",
    ),
    fault(
        "qresync/forgotten",
        "What was removed is not remembered",
        "RFC7162-3.2.7-a RFC7162-3.2.8-a RFC7162-3.2.9-a",
        storing(expunged_since=lambda self, mailbox, mod_sequence: []),
        "SELECT",
    ),
    fault(
        "qresync/expunge-without-highest",
        "EXPUNGE ends without HIGHESTMODSEQ",
        "RFC7162-3.2.7-b RFC7162-3.2.9-b",
        _without_code("EXPUNGE", "UID EXPUNGE"),
        "EXPUNGE",
    ),
    fault(
        "qresync/close-with-highest",
        "CLOSE ends with HIGHESTMODSEQ",
        "RFC7162-3.2.8-b",
        ending(lambda _, __, outcome: Completion(outcome.text, HighestModSeq(9)), "CLOSE"),
        "CLOSE",
    ),
    fault(
        "qresync/earlier-without-gaps",
        "VANISHED (EARLIER) names what lies between, too",
        "RFC7162-3.2.10.1-b",
        said(r.Vanished, _closed_gap),
        "SELECT",
    ),
    fault(
        "qresync/not-closed",
        "SELECT does not say that the mailbox before is closed",
        "RFC7162-3.2.11-a RFC9051-6.3.2-d",
        coded(Code, lambda code: None if code is Code.CLOSED else code),
        "SELECT",
    ),
    fault(
        "qresync/closed-last",
        "CLOSED comes behind what SELECT says",
        "RFC7162-3.2.11-b",
        imap_variant(renderer=_ClosedLast),
        "SELECT",
    ),
)
