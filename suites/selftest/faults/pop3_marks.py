"""DELE, RSET, NOOP and what marks mean to other commands (RFC 1939 §4, §5, §7)."""

from __future__ import annotations

from typing import Any

from reference_server.conversation import Steps, blocking
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from suites.selftest.fault import Fault
from suites.selftest.maildrops import View, leniently, viewing
from suites.selftest.variants import Handler, found, handled, variant

NAMED = "RFC1939-5.DELE-e"

#: Commands that name a message, and what forbids it for a marked one.
_NAMING = (
    ("LIST", "RFC1939-5.LIST-a", "Mailpit #518"),
    ("RETR", "RFC1939-5.RETR-b", "inbucket"),
    ("DELE", "RFC1939-5.DELE-b", ""),
    ("TOP", "RFC1939-7.TOP-b", "inbucket"),
    ("UIDL", "RFC1939-7.UIDL-a", "Twisted #9094"),
)


def _unconcerned(keyword: str, *, only_alone: bool = False) -> Handler:
    """The command does not look at marks, or not when all messages are marked."""

    def handler(session: Pop3Session, arguments: Any) -> Steps:
        if arguments is None or (only_alone and session.maildrop.remaining()):
            yield from found(keyword).handler(session, arguments)
            return
        with leniently(session):
            yield from found(keyword).handler(session, arguments)

    return handler


def _naming() -> list[Fault]:
    return [
        Fault(
            f"pop3/marks/{keyword.lower()}-names-marked-messages",
            f"{keyword} takes the number of a marked message",
            (requirement, NAMED),
            variant(session=viewing(View), commands=handled(**{keyword: _unconcerned(keyword)})),
            seen_in,
            touches=(keyword,),
        )
        for keyword, requirement, seen_in in _NAMING
    ]


def _fault(slug: str, title: str, requirements: tuple[str, ...], seen_in: str = "", **handlers: Handler) -> Fault:
    build = variant(session=viewing(View), commands=handled(**handlers))
    return Fault(f"pop3/marks/{slug}", title, requirements, build, seen_in, touches=tuple(handlers))


def _dele_ignored(session: Pop3Session, number: int) -> Steps:
    session.maildrop.message(number)
    yield session.positive(Text.MARKED, number=number)


def _dele_of_neighbour(session: Pop3Session, number: int) -> Steps:
    session.maildrop.mark(number)
    if number + 1 in session.maildrop.remaining():
        session.maildrop.mark(number + 1)
    yield session.positive(Text.MARKED, number=number)


def _dele_of_first(session: Pop3Session, number: int) -> Steps:
    session.maildrop.message(number)
    session.maildrop.mark(min(session.maildrop.remaining()))
    yield session.positive(Text.MARKED, number=number)


def _dele_of_nothing(session: Pop3Session, number: int) -> Steps:
    """A number that no message has is answered +OK, and nothing is marked."""
    if number in session.maildrop.remaining():
        session.maildrop.mark(number)
    yield session.positive(Text.MARKED, number=number)


def _dele_marks_and_refuses(session: Pop3Session, number: int) -> Steps:
    """A number that no message has is refused, and the last message is marked."""
    if number not in session.maildrop.remaining() and session.maildrop.remaining():
        session.maildrop.mark(max(session.maildrop.remaining()))
        raise CommandRefused(Text.NO_SUCH_MESSAGE)
    yield from found("DELE").handler(session, number)


def _dele_refused(session: Pop3Session, number: int) -> Steps:
    session.maildrop.mark(number)
    raise CommandRefused(Text.NO_SUCH_MESSAGE)
    yield


def _dele_closes_up(session: Pop3Session, number: int) -> Steps:
    """Removes at once, and the numbers of the messages behind move up."""
    yield from _dele_at_once(session, number)
    yield from blocking(session.maildrop.release)
    session.enter_transaction((yield from session.open_maildrop(session.user_name)))


def _dele_at_once(session: Pop3Session, number: int) -> Steps:
    """Removes the message from the store, without waiting for QUIT."""
    message = session.maildrop.message(number)
    session.maildrop.mark(number)
    stored = _store_of(session)
    yield from blocking(lambda: stored([message]))
    yield session.positive(Text.MARKED, number=number)


def _store_of(session: Pop3Session) -> Any:
    """What removes messages from the store at once; the reference has no such thing to offer, so it is taken."""
    view = session.maildrop
    assert isinstance(view, View)
    return view.inner._maildrop.commit


def _noop_unmarks(session: Pop3Session, _: None) -> Steps:
    session.maildrop.unmark_all()
    yield session.positive(Text.NOTHING_DONE)


def _noop_marks(session: Pop3Session, _: None) -> Steps:
    for number in list(session.maildrop.remaining())[:1]:
        session.maildrop.mark(number)
    yield session.positive(Text.NOTHING_DONE)


def _refused(session: Pop3Session, _: Any) -> Steps:
    raise CommandRefused(Text.NO_SUCH_MESSAGE)
    yield


def _rset_ignored(session: Pop3Session, _: None) -> Steps:
    yield session.positive(Text.MESSAGES, count=0, octets=0)


def _rset_of_last(session: Pop3Session, _: None) -> Steps:
    """Only the mark that was made first is taken away."""
    view = session.maildrop
    assert isinstance(view, View)
    marked = [number for number in view.everything if number not in view.remaining()]
    view.unmark_all()
    for number in marked[1:]:
        view.mark(number)
    yield session.positive(Text.MESSAGES, count=0, octets=0)


def _rset_refused_without_marks(session: Pop3Session, _: None) -> Steps:
    view = session.maildrop
    assert isinstance(view, View)
    if view.remaining() == view.everything:
        raise CommandRefused(Text.NO_SUCH_MESSAGE)
    yield from found("RSET").handler(session, None)


def _logged_out(session: Pop3Session, _: None) -> Steps:
    """Taken for SMTP's RSET: the session is reset to the AUTHORIZATION state."""
    yield from blocking(session.maildrop.release)
    session.forget_client()
    yield session.positive(Text.NOTHING_DONE)


FAULTS: tuple[Fault, ...] = (
    *_naming(),
    _fault("dele-does-nothing", "DELE says +OK and marks nothing", ("RFC1939-5.DELE-d",), DELE=_dele_ignored),
    _fault(
        "dele-marks-the-next-too", "DELE marks the next message too", ("RFC1939-5.DELE-d",), DELE=_dele_of_neighbour
    ),
    _fault("dele-marks-the-first", "DELE marks the first message", ("RFC1939-5.DELE-d",), DELE=_dele_of_first),
    _fault("dele-marks-and-refuses", "DELE marks and says -ERR", ("RFC1939-5.DELE-d",), DELE=_dele_refused),
    _fault(
        "dele-of-nothing-is-fine",
        "DELE of a number that no message has is answered +OK",
        ("RFC1939-5.DELE-g",),
        DELE=_dele_of_nothing,
    ),
    _fault(
        "dele-of-nothing-marks-the-last",
        "DELE of a number that no message has marks the last",
        ("RFC1939-5.DELE-g",),
        DELE=_dele_marks_and_refuses,
    ),
    _fault("dele-removes-at-once", "DELE removes at once", ("RFC1939-5.DELE-f", "RFC1939-6-b"), DELE=_dele_at_once),
    _fault(
        "dele-closes-up-numbers",
        "DELE removes at once and closes up the numbers",
        ("RFC1939-4-l", "RFC1939-5.DELE-e", "RFC1939-5.DELE-f"),
        DELE=_dele_closes_up,
    ),
    _fault("noop-unmarks", "NOOP takes marks away", ("RFC1939-5.NOOP-b",), NOOP=_noop_unmarks),
    _fault("noop-marks", "NOOP marks the first message", ("RFC1939-5.NOOP-b",), NOOP=_noop_marks),
    _fault("noop-is-refused", "NOOP is refused", ("RFC1939-5.NOOP-b", "RFC1939-7-a"), NOOP=_refused),
    _fault("rset-does-nothing", "RSET says +OK and unmarks nothing", ("RFC1939-5.RSET-b",), RSET=_rset_ignored),
    _fault("rset-unmarks-one", "RSET takes only the first mark away", ("RFC1939-5.RSET-b",), RSET=_rset_of_last),
    _fault("rset-is-refused", "RSET is refused", ("RFC1939-5.RSET-c",), RSET=_refused),
    _fault(
        "rset-is-refused-without-marks",
        "RSET is refused where no message is marked",
        ("RFC1939-5.RSET-c",),
        RSET=_rset_refused_without_marks,
    ),
    _fault("rset-logs-out", "RSET ends the login", ("RFC1939-5.RSET-b",), RSET=_logged_out),
)
