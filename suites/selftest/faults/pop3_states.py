"""Commands that are taken, or refused, in the wrong state (RFC 1939 §3 to §7, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4,
RFC 6856 §2 and §3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.actions import Close
from reference_server.conversation import Steps
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from suites.selftest.fault import Fault
from suites.selftest.variants import (
    BEFORE_LOGIN,
    accepted_in,
    table,
    variant,
    without,
    without_in,
)

WRONG_STATE = "RFC1939-3-s"


def _one_line(session: Pop3Session, _: Any) -> Steps:
    yield session.figures("0 0")


def _many_lines(session: Pop3Session, _: Any) -> Steps:
    yield session.listing(Text.MESSAGES, [], count=0, octets=0)


def _one_or_many(session: Pop3Session, argument: object) -> Steps:
    """LIST and UIDL answer with one line where they have an argument."""
    yield from (_many_lines if argument is None else _one_line)(session, argument)


#: Keyword, the requirement that confines it to the TRANSACTION state, and what a server without a maildrop says.
_TRANSACTION_ONLY = (
    ("STAT", "RFC1939-5.STAT-a", _one_line),
    ("LIST", "RFC1939-5.LIST-b", _one_or_many),
    ("RETR", "RFC1939-5.RETR-c", _many_lines),
    ("DELE", "RFC1939-5.DELE-c", _one_line),
    ("NOOP", "RFC1939-5.NOOP-a", _one_line),
    ("RSET", "RFC1939-5.RSET-a", _one_line),
    ("TOP", "RFC1939-7.TOP-c", _many_lines),
    ("UIDL", "RFC1939-7.UIDL-b", _one_or_many),
)

#: Keyword and the requirement that confines it to the AUTHORIZATION state.
_AUTHORIZATION_ONLY = (
    ("USER", "RFC1939-7.USER-b"),
    ("PASS", "RFC1939-7.PASS-f"),
    ("APOP", "RFC1939-7.APOP-b"),
    ("AUTH", "RFC5034-4.AUTH-d"),
    ("STLS", "RFC2595-4.STLS-c"),
    ("UTF8", "RFC6856-2.1-b"),
)


def _before_login() -> list[Fault]:
    return [
        Fault(
            f"pop3/states/{keyword.lower()}-{slug}",
            f"{keyword} is taken {where}",
            (requirement, WRONG_STATE),
            variant(commands=accepted_in(keyword, state, handler=handler)),
            touches=(keyword,),
        )
        for keyword, requirement, handler in _TRANSACTION_ONLY
        for state, slug, where in (
            (State.AUTHORIZATION, "before-login", "before a login"),
            (State.PASSWORD_EXPECTED, "between-user-and-pass", "between USER and PASS"),
        )
    ]


def _after_login() -> list[Fault]:
    def ignored(session: Pop3Session, _: Any) -> Steps:
        yield session.positive(Text.NOTHING_DONE)

    return [
        Fault(
            f"pop3/states/{keyword.lower()}-after-login",
            f"{keyword} is taken after a login, and ignored",
            (requirement, WRONG_STATE),
            variant(commands=accepted_in(keyword, State.TRANSACTION, handler=ignored)),
            touches=(keyword,),
        )
        for keyword, requirement in _AUTHORIZATION_ONLY
    ]


def _user_starts_over(session: Pop3Session, _: str) -> Steps:
    session.state = State.AUTHORIZATION
    yield session.negative(Text.WRONG_STATE)


def _refused_by_closing(session: Pop3Session, _: Any) -> Steps:
    yield Close()


def _quit_without_a_word(session: Pop3Session, _: None) -> Steps:
    yield Close()


def _missing(keyword: str, *requirements: str) -> Fault:
    return Fault(
        f"pop3/states/{keyword.lower()}-is-not-there",
        f"{keyword} is not implemented",
        requirements,
        variant(commands=without(keyword)),
        touches=(keyword,),
    )


def _unavailable(keyword: str, state: State, slug: str, *requirements: str) -> Fault:
    return Fault(
        f"pop3/states/{keyword.lower()}-refused-{slug}",
        f"{keyword} is refused {slug.replace('-', ' ')}",
        requirements,
        variant(commands=without_in(state, keyword)),
        touches=(keyword,),
    )


FAULTS: tuple[Fault, ...] = (
    *_before_login(),
    *_after_login(),
    *(_missing(keyword, "RFC1939-7-a") for keyword in ("STAT", "LIST", "RETR", "DELE", "NOOP", "RSET")),
    _missing("QUIT", "RFC1939-7-a", "RFC1939-4.QUIT-a", "RFC1939-3-o"),
    _missing("TOP", "RFC1939-7-b"),
    _missing("UIDL", "RFC1939-7-b"),
    _unavailable("CAPA", State.AUTHORIZATION, "before-login", "RFC2449-5-a"),
    _unavailable("CAPA", State.TRANSACTION, "after-login", "RFC2449-5-a"),
    _unavailable("LANG", State.AUTHORIZATION, "before-login", "RFC6856-3.1-b"),
    _unavailable("LANG", State.TRANSACTION, "after-login", "RFC6856-3.1-b"),
    _unavailable("QUIT", State.AUTHORIZATION, "before-login", "RFC1939-4.QUIT-a"),
    _unavailable("QUIT", State.PASSWORD_EXPECTED, "after-user", "RFC1939-7.USER-d"),
    _unavailable("UTF8", State.AUTHORIZATION, "before-login", "RFC6856-2.1-a"),
    Fault(
        "pop3/states/user-after-login-starts-over",
        "USER after a login gets -ERR and ends the TRANSACTION state",
        (WRONG_STATE,),
        variant(commands=accepted_in("USER", State.TRANSACTION, handler=_user_starts_over)),
        touches=("USER",),
    ),
    Fault(
        "pop3/states/misplaced-command-closes",
        "RETR before a login closes the connection without an answer",
        ("RFC1939-5.RETR-c", WRONG_STATE),
        variant(commands=accepted_in("RETR", *BEFORE_LOGIN, handler=_refused_by_closing)),
        touches=("RETR",),
    ),
    Fault(
        "pop3/states/quit-before-login-is-silent",
        "QUIT before a login closes without a word",
        ("RFC1939-4.QUIT-a", "RFC1939-3-o"),
        variant(
            commands=table(
                lambda state, keyword, command: (
                    replace(command, handler=_quit_without_a_word)
                    if keyword == "QUIT" and state in BEFORE_LOGIN
                    else command
                )
            )
        ),
        touches=("QUIT",),
    ),
)
