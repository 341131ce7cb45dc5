"""Faults of EXISTS: when a session is told of new messages, and of how many (RFC 3501 §7.3.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.outcome import Handling
from reference_server.imap.session import ImapSession
from reference_server.imap.view import MailboxView
from reference_server.store.flag_changes import FlagsStored
from reference_server.store.open_mailbox import Mail
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Handler,
    around,
    fault,
    handled,
    handler_of,
    imap_variant,
    said,
    saying,
    storing,
)


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


def _foreign_to_nobody(self: Mail, *given: Any, **options: Any) -> FlagsStored:
    """STORE forgets what others have changed."""
    return replace(Mail.store_flags(self, *given, **options), foreign=frozenset())


def _only_at_select(kind: type[Any]) -> Build:
    """A variant that tells of something at SELECT, which FLAGS begins, and not as news."""
    opened: list[bool] = []

    def change(response: r.Response) -> list[r.Response]:
        if isinstance(response, r.FlagsData):
            opened.append(True)
        if isinstance(response, r.StatusResponse) and response.tag is not None:
            opened.clear()
        return [] if isinstance(response, kind) and not opened else [response]

    return saying(change)


class _NoNewsOfFlags(ImapSession):
    """Flags that others have changed are not told."""

    def refresh(self, view: MailboxView) -> Steps:
        yield from super().refresh(view)
        view.__dict__["_changed"].clear()


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
    fault(
        "news/silent-about-others",
        "STORE with .SILENT hides what others have changed",
        "6.4.6-d",
        storing(store_flags=_foreign_to_nobody),
        "STORE",
        alone=True,
    ),
    fault("news/no-news-of-messages", "New messages are not told", "7-a", _only_at_select(r.Exists), "NOOP"),
    fault("news/no-news-of-recent", "RECENT is not told", "7-b", _only_at_select(r.Recent), "NOOP"),
    fault("news/no-news-of-flags", "Flags of others are not told", "7-c", imap_variant(session=_NoNewsOfFlags), "NOOP"),
    fault("news/no-news-of-expunges", "EXPUNGE is not told", "7-d", said(r.Expunged, lambda _: None), "NOOP"),
)
