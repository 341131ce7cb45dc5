"""Faults of EXISTS: when a session is told of new messages, and of how many (RFC 3501 §7.3.1)."""

from __future__ import annotations

from typing import Any

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.outcome import Handling
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import Handler, around, fault, handled, handler_of, imap_variant


def _too_late(name: str) -> Handler:
    """A command works on messages of which EXISTS tells only behind its data."""
    inner = handler_of(name)

    def handler(session: ImapSession, command: Any) -> Handling:
        view = session.required_view()
        yield from session.refresh(view)
        late = view.news(session.telling(expunges=False, uids=False))
        done = yield from inner(session, command)
        if late:
            yield session.send(*late)
        return done

    return handler


def _of_all_mailboxes(session: ImapSession, _: c.Noop) -> tuple[r.Response, ...]:
    """EXISTS counts the messages of all mailboxes."""
    if session.view is None:
        return ()
    return (r.Exists(sum(state.message_count for state in session.store.folders.all(session.account))),)


FAULTS: tuple[Fault, ...] = (
    *(
        fault(
            f"news/{name.lower().replace(' ', '-')}-before-exists",
            f"{name} reaches messages that EXISTS has not told of",
            "7.3.1-b",
            imap_variant(commands=handled(**{name.replace(" ", "__"): _too_late(name)})),
            name.split(" ")[-1],
            "EXISTS",
            seen_in="servers whose numbers are those of their files",
        )
        for name in ("FETCH", "UID FETCH", "SEARCH", "STORE")
    ),
    fault(
        "news/exists-of-all-mailboxes",
        "EXISTS counts the messages of all mailboxes",
        "7.3.1-a",
        around("NOOP", after=_of_all_mailboxes),
        "NOOP",
    ),
)
