"""Faults in what each state permits (RFC 3501 §3, §6): commands taken or refused in the wrong one."""

from __future__ import annotations

from reference_server.actions import Send
from reference_server.imap.command_table import COMMANDS
from reference_server.imap.commands import Command
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.response_codes import ResponseCode
from reference_server.imap.responses import Condition
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    ANY_STATE,
    AUTHENTICATED,
    LOGINS,
    SELECTED,
    accepted_in,
    claiming,
    doing,
    fault,
    imap_variant,
    refusing_lines,
    without_in,
)

#: The commands of RFC 3501 §6.3.
_BASE = (
    *("SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE"),
    *("LIST", "LSUB", "STATUS", "APPEND"),
)
#: Those of §6.4.
_MESSAGES = (
    *("CHECK", "CLOSE", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY"),
    *("UID SEARCH", "UID FETCH", "UID STORE", "UID COPY"),
)
#: Commands that no case asks for in a wrong state.
_UNASKED = frozenset({"GETQUOTA", "ID", "IDLE", "SETQUOTA", "UID SORT", "UID THREAD"})


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def _before_login(name: str) -> Fault:
    return fault(
        f"states/{_slug(name)}-before-login",
        f"{name} is accepted before a login",
        "3.1-a 3-a",
        accepted_in([State.NOT_AUTHENTICATED], name, claiming),
        *name.split(),
        seen_in="state machines that check the login in some commands only",
    )


def _without_mailbox(name: str) -> Fault:
    return fault(
        f"states/{_slug(name)}-without-mailbox",
        f"{name} is accepted without a selected mailbox",
        "3.2-a 3-a",
        accepted_in([State.AUTHENTICATED], name, claiming),
        *name.split(),
        seen_in="servers that forget to test for a selected mailbox",
    )


def _after_close(name: str) -> Fault:
    return fault(
        f"states/{_slug(name)}-after-close",
        f"{name} is accepted after CLOSE",
        "6.4.2-b",
        accepted_in([State.AUTHENTICATED], name, claiming),
        *name.split(),
        "CLOSE",
    )


def _again(name: str, state: State) -> Fault:
    return fault(
        f"states/{_slug(name)}-again-{_slug(state.name)}",
        f"{name} is accepted by somebody who is logged in",
        "6.2-b",
        accepted_in([state], name, claiming),
        name,
        seen_in="servers that let a client change who it is",
    )


def _refused(name: str, state: State, requirement: str) -> Fault:
    return fault(
        f"states/{_slug(name)}-refused-{_slug(state.name).replace('_', '-')}",
        f"{name} is refused in the state {state.name}",
        requirement,
        without_in(state, name),
        *name.split(),
    )


class _BadDeselects(ImapSession):
    """A command that is answered with BAD also closes the mailbox."""

    def tagged(self, condition: Condition, tag: str | None, text: str, code: ResponseCode | None = None) -> Send:
        if condition is Condition.BAD:
            self.deselect()
        return super().tagged(condition, tag, text, code)


def _still_selected(session: ImapSession, command: Command) -> Handling:
    """CLOSE that leaves the mailbox selected."""
    view = session.required_view()
    yield from ()
    session.store.mail.expunge(view.id, [(1, 0xFFFF_FFFF)])
    return Completion("Closed")


FAULTS: tuple[Fault, ...] = (
    *(_before_login(name) for name in (*AUTHENTICATED, *SELECTED) if name not in _UNASKED),
    *(_without_mailbox(name) for name in SELECTED if name not in _UNASKED),
    *(_after_close(name) for name in _MESSAGES),
    *(_again(name, state) for name in LOGINS for state in (State.AUTHENTICATED, State.SELECTED)),
    *(_refused(name, state, "6.1-a") for name in ANY_STATE for state in COMMANDS if state is not State.LOGOUT),
    *(_refused(name, State.AUTHENTICATED, "6.3-a") for name in _BASE),
    *(_refused(name, State.SELECTED, "6.4-b") for name in _BASE),
    *(_refused(name, State.SELECTED, "6.4-a") for name in _MESSAGES if name != "FETCH"),
    fault(
        "states/fetch-refused-selected",
        "FETCH of flags is refused in the state SELECTED",
        "6.4-a",
        refusing_lines(lambda line: line.endswith(b"FETCH 1 FLAGS")),
        "FETCH",
    ),
    fault(
        "states/bad-deselects",
        "BAD closes the selected mailbox",
        "6-a",
        imap_variant(session=_BadDeselects),
    ),
    fault(
        "states/close-leaves-selected",
        "CLOSE expunges and leaves the mailbox selected",
        "6.4.2-b",
        doing("CLOSE", _still_selected),
        "CLOSE",
    ),
)
