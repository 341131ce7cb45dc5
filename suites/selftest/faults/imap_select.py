"""Faults of SELECT, EXAMINE and of what ends them (RFC 3501 §6.3.1, §6.3.2, §7.1, §7.3), and of UIDs and \\Recent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.flags import RECENT
from reference_server.imap.names import INBOX, MailboxName
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import Code, PermanentFlags, UidNext, UidValidity, Unseen
from reference_server.imap.selection import select
from reference_server.imap.session import ImapSession
from reference_server.store.open_mailbox import Mail, Opened
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    coded,
    doing,
    ending,
    fault,
    fetched,
    meaning,
    refusing,
    said,
    storing,
    succeeding,
)

#: What SELECT must send: name, kind, requirement for SELECT, whether EXAMINE sends it too.
_UNTAGGED = (
    ("flags", r.FlagsData, "6.3.1-a"),
    ("exists", r.Exists, "6.3.1-b"),
    ("recent", r.Recent, "6.3.1-c"),
)
_CODES = (
    ("unseen", Unseen, "6.3.1-d"),
    ("permanentflags", PermanentFlags, "6.3.1-e"),
    ("uidnext", UidNext, "6.3.1-f"),
    ("uidvalidity", UidValidity, "6.3.1-g"),
)


def _keeps_selected(session: ImapSession, command: c.Select) -> Handling:
    """A SELECT that fails leaves the mailbox before selected."""
    view = session.view
    try:
        return (yield from select(session, command))
    except Refused:
        if view is not None:
            session.select(view)
        raise


def _selects_inbox(session: ImapSession, command: c.Select) -> Handling:
    """A mailbox that is not there is INBOX."""
    try:
        return (yield from select(session, command))
    except Refused:
        return (yield from select(session, replace(command, mailbox=MailboxName(INBOX))))


def _keeps_first(session: ImapSession, command: c.Select) -> Handling:
    """The mailbox that was selected first stays so."""
    view = session.view
    if view is None:
        return (yield from select(session, command))
    done = yield from select(session, command)
    session.select(view)
    return done


def _expunges(session: ImapSession, command: c.Select) -> Handling:
    """Selecting another mailbox expunges the first."""
    if session.view is not None:
        session.store.mail.expunge(session.view.id, [(1, 0xFFFF_FFFF)])
    return (yield from select(session, command))


def _logout_expunges(session: ImapSession, command: c.Logout) -> Handling:
    """LOGOUT expunges as CLOSE does."""
    if session.view is not None:
        session.store.mail.expunge(session.view.id, [(1, 0xFFFF_FFFF)])
    session.deselect()
    yield session.send(r.StatusResponse(r.Condition.BYE, "Signing off"))
    session.state = type(session.state).LOGOUT
    return Completion("Until next time")


def _opened(change: Any) -> Any:
    """`Mail.open` that shows another mailbox than it has opened."""

    def opening(self: Mail, owner: str, name: str, *, claim_recent: bool) -> Opened:
        return change(Mail.open(self, owner, name, claim_recent=claim_recent))  # type: ignore[no-any-return]

    return opening


def _claiming(always: bool) -> Any:
    """`Mail.open` that takes, or leaves, the \\Recent messages whoever asks."""

    def opening(self: Mail, owner: str, name: str, *, claim_recent: bool) -> Opened:
        return Mail.open(self, owner, name, claim_recent=always)

    return opening


def _unsaid(what: str, kind: type, requirement: str) -> Fault:
    return fault(
        f"select/no-{what}",
        f"SELECT and EXAMINE do not send {what.upper()}",
        f"{requirement} 6.3.2-a" if what != "unseen" else requirement,
        said(kind, lambda _: None),
        "SELECT",
        seen_in="servers that send what they think is of use",
    )


def _uncoded(what: str, kind: type, requirement: str) -> Fault:
    return fault(
        f"select/no-{what}",
        f"SELECT and EXAMINE do not send {what.upper()}",
        f"{requirement} 6.3.2-a",
        coded(kind, lambda _: None),
        "SELECT",
    )


def _ended_with(code: Code | None, slug: str, requirements: str, *names: str) -> Fault:
    return fault(
        f"select/{slug}",
        f"{' and '.join(names)} end with {code.value if code else 'no code'}",
        requirements,
        ending(
            lambda _, __, outcome: replace(outcome, code=code) if isinstance(outcome, Completion) else outcome, *names
        ),
        *names,
    )


FAULTS: tuple[Fault, ...] = (
    *(_unsaid(*row) for row in _UNTAGGED),
    *(_uncoded(*row) for row in _CODES),
    fault(
        "select/exists-off-by-one",
        "EXISTS counts one message more",
        "6.3.1-h",
        said(r.Exists, lambda exists: replace(exists, messages=exists.messages + 1)),
        "SELECT",
    ),
    fault(
        "select/unseen-is-a-count",
        "UNSEEN gives how many messages are unseen, not which is the first",
        "6.3.1-j",
        coded(Unseen, lambda code: replace(code, number=code.number + 1)),
        "SELECT",
        seen_in="servers that take UNSEEN of SELECT for that of STATUS",
    ),
    fault(
        "select/recent-off-by-one",
        "RECENT counts one message more",
        "2.3.2-b 7.3.2-a",
        said(r.Recent, lambda recent: replace(recent, messages=recent.messages + 1)),
        "SELECT",
    ),
    fault(
        "select/uidnext-is-the-last",
        "UIDNEXT is the last UID",
        "6.3.10-i",
        coded(UidNext, lambda code: replace(code, uid=code.uid - 1)),
        "SELECT",
    ),
    fault(
        "select/uidvalidity-differs",
        "UIDVALIDITY of SELECT is not that of STATUS",
        "6.3.10-j",
        coded(UidValidity, lambda code: replace(code, value=code.value + 1)),
        "SELECT",
    ),
    fault(
        "select/missing-is-ok",
        "A mailbox that does not exist can be selected",
        "6.3.1-k 6.3.1-l",
        succeeding("SELECT"),
        "SELECT",
    ),
    fault(
        "select/missing-can-be-examined",
        "A mailbox that does not exist can be examined",
        "6.3.2-f",
        succeeding("EXAMINE"),
        "EXAMINE",
    ),
    fault(
        "select/missing-is-inbox",
        "SELECT of a mailbox that does not exist selects INBOX",
        "6.3.1-k",
        doing("SELECT", _selects_inbox),
        "SELECT",
    ),
    fault(
        "select/failure-keeps-selected",
        "A SELECT that fails leaves the mailbox before selected",
        "6.3.1-n",
        doing("SELECT", _keeps_selected),
        "SELECT",
        seen_in="servers that open the new mailbox first",
    ),
    fault(
        "select/failed-examine-keeps-selected",
        "An EXAMINE that fails leaves the mailbox before selected",
        "6.3.2-g",
        doing("EXAMINE", _keeps_selected),
        "EXAMINE",
    ),
    fault(
        "select/second-is-ignored",
        "A second SELECT changes nothing",
        "6.3.1-m",
        doing("SELECT", _keeps_first),
        "SELECT",
    ),
    fault(
        "select/second-examine-is-ignored",
        "EXAMINE of another mailbox changes nothing",
        "6.3.2-g",
        doing("EXAMINE", _keeps_first),
        "EXAMINE",
    ),
    fault(
        "select/expunges",
        "SELECT of another mailbox expunges the first",
        "6.4.2-e",
        doing("SELECT", _expunges),
        "SELECT",
        seen_in="servers that close a mailbox as CLOSE does",
    ),
    fault("select/logout-expunges", "LOGOUT expunges", "6.4.2-e", doing("LOGOUT", _logout_expunges), "LOGOUT"),
    _ended_with(None, "no-read-write", "6.3.1-o", "SELECT"),
    _ended_with(None, "no-read-only", "6.3.2-e", "EXAMINE"),
    _ended_with(Code.READ_ONLY, "select-is-read-only", "6.3.1-o", "SELECT"),
    _ended_with(Code.READ_WRITE, "examine-is-read-write", "6.3.2-e", "EXAMINE"),
    fault(
        "select/examine-is-select",
        "EXAMINE selects as SELECT does, and says READ-WRITE",
        "6.3.2-b 6.3.2-c 6.3.2-d 6.3.2-e 6.4.2-d",
        meaning(c.Select, lambda command: replace(command, read_only=False)),
        "EXAMINE",
        seen_in="servers for which EXAMINE is another word for SELECT",
    ),
    fault(
        "select/select-is-examine",
        "SELECT selects as EXAMINE does, and does not say so",
        "6.3.1-o",
        meaning(c.Select, lambda command: replace(command, read_only=True)),
        "SELECT",
    ),
    fault(
        "select/read-write-in-vain",
        "STORE is refused in a mailbox that was selected READ-WRITE",
        "7.1-g",
        doing("STORE", refusing),
        "SELECT",
        "STORE",
    ),
    fault(
        "select/examine-takes-recent",
        "EXAMINE takes the \\Recent messages from the next session",
        "6.3.2-d",
        storing(open=_claiming(True)),
        "EXAMINE",
    ),
    fault(
        "select/recent-for-ever",
        "Messages stay recent in each session",
        "2.3.2-b",
        storing(open=_claiming(False)),
        "SELECT",
        seen_in="servers that never clear \\Recent",
    ),
    fault(
        "select/never-recent",
        "No message is ever recent",
        "2.3.2-a 6.3.11-h 6.4.7-d",
        storing(open=_opened(lambda opened: replace(opened, state=replace(opened.state, first_recent=2**31)))),
        "SELECT",
        seen_in="servers that do not keep \\Recent",
    ),
    fault(
        "select/recent-is-not-shown",
        "FETCH shows no \\Recent",
        "2.3.2-a",
        fetched(r.FlagsItem, lambda item: replace(item, flags=tuple(each for each in item.flags if each != RECENT))),
        "FETCH",
    ),
    fault(
        "select/keywords-cannot-be-made",
        "Keywords that STORE made are not kept, though PERMANENTFLAGS has \\*",
        "7.1-f",
        meaning(c.Store, lambda command: replace(command, flags=tuple(x for x in command.flags if x.startswith("\\")))),
        "STORE",
    ),
    fault(
        "select/flags-without-draft",
        "FLAGS lacks \\Draft",
        "7.2.6-a",
        said(r.FlagsData, lambda data: replace(data, flags=tuple(each for each in data.flags if each != "\\Draft"))),
        "SELECT",
    ),
    fault(
        "select/flags-without-keywords",
        "FLAGS does not tell of keywords",
        "7.2.6-b",
        said(r.FlagsData, lambda data: replace(data, flags=tuple(x for x in data.flags if x.startswith("\\")))),
        "STORE",
    ),
)
