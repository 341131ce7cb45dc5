"""UIDL and unique-ids: form, difference, permanence (RFC 1939 §7)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from reference_server.backend import StoredMessage
from reference_server.conversation import Steps
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from suites.selftest.fault import Build, Fault
from suites.selftest.maildrops import AlteredMaildrop, View, opening, view_of, viewing
from suites.selftest.variants import Handler, found, handled, variant

Line = Callable[[int, StoredMessage], str]
Chosen = Callable[[Pop3Session], dict[int, StoredMessage]]


def _uidl(
    line: Line, *, alone: Line | None = None, chosen: Chosen = lambda session: session.maildrop.remaining()
) -> Handler:
    """UIDL with other listings; `alone` is that of UIDL n, `chosen` what is listed."""

    def uidl(session: Pop3Session, number: int | None) -> Steps:
        if number is not None:
            yield session.figures((alone or line)(number, session.maildrop.message(number)))
            return
        listings = [line(each, message) for each, message in chosen(session).items()]
        yield session.listing(Text.UNIQUE_IDS_FOLLOW, listings)

    return uidl


def _plain(number: int, message: StoredMessage) -> str:
    return f"{number} {message.unique_id}"


def _fault(slug: str, title: str, requirements: tuple[str, ...], handler: Handler, seen_in: str = "") -> Fault:
    build = variant(session=viewing(View), commands=handled(UIDL=handler))
    return Fault(f"pop3/uidl/{slug}", f"UIDL {title}", requirements, build, seen_in, touches=("UIDL", "LIST", "STAT"))


def _ids(slug: str, title: str, requirements: tuple[str, ...], kind: type[AlteredMaildrop]) -> Fault:
    build: Build = variant(maildrops=opening(kind))
    return Fault(f"pop3/uidl/{slug}", title, requirements, build, touches=("UIDL", "LIST", "STAT"))


def _named(unique_id: Callable[[StoredMessage], str]) -> type[AlteredMaildrop]:
    """A maildrop that gives its messages other unique-ids."""

    class Named(AlteredMaildrop):
        def shown(self, message: StoredMessage) -> StoredMessage:
            return replace(message, unique_id=unique_id(message))

    return Named


class _NumberedAnew(AlteredMaildrop):
    """The message number of the session is the unique-id."""

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        return [replace(message, unique_id=f"{number}") for number, message in enumerate(messages, start=1)]


class _CountedUpFromRemaining(AlteredMaildrop):
    """Unique-ids are counted from how many messages there are."""

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        return [
            replace(message, unique_id=f"{self.account}.{len(messages)}.{number}")
            for number, message in enumerate(messages)
        ]


_SESSIONS = itertools.count()
_ASKED = itertools.count()


class _OfThisSession(AlteredMaildrop):
    """Unique-ids begin with the number of the session."""

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        session = next(_SESSIONS)
        return [replace(message, unique_id=f"{session}.{message.unique_id}") for message in messages]


class _SettledAtQuit(AlteredMaildrop):
    """Unique-ids are kept only when a session ends in UPDATE; they are made up again after a lost connection."""

    _kept: ClassVar[set[str]] = set()
    _made = itertools.count()

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        session = next(self._made)
        return [
            message if message.unique_id in self._kept else replace(message, unique_id=f"{session}.{message.unique_id}")
            for message in messages
        ]

    def commit(self, deleted: object) -> None:
        self._kept.update(self.stored(message).unique_id for message in self.messages)
        super().commit(deleted)  # type: ignore[arg-type]


def _ignoring_number(session: Pop3Session, _: int | None) -> Steps:
    yield from found("UIDL").handler(session, None)


def _one_as_many(session: Pop3Session, number: int | None) -> Steps:
    chosen = session.maildrop.remaining() if number is None else {number: session.maildrop.message(number)}
    yield session.listing(Text.UNIQUE_IDS_FOLLOW, [_plain(each, message) for each, message in chosen.items()])


def _refused_when_empty(session: Pop3Session, number: int | None) -> Steps:
    if not session.maildrop.remaining():
        raise CommandRefused(Text.NO_SUCH_MESSAGE)
    yield from found("UIDL").handler(session, number)


def _but_the_last(session: Pop3Session) -> dict[int, StoredMessage]:
    return dict(list(session.maildrop.remaining().items())[:-1])


def _renumbered(session: Pop3Session) -> dict[int, StoredMessage]:
    return dict(enumerate(session.maildrop.remaining().values(), start=1))


FAULTS: tuple[Fault, ...] = (
    _fault("one-is-multi-line", "n is a multi-line response", ("RFC1939-7.UIDL-c",), _one_as_many),
    _fault("ignores-its-number", "ignores its number", ("RFC1939-7.UIDL-c",), _ignoring_number),
    _fault(
        "one-lacks-its-number",
        "n answers without the message number",
        ("RFC1939-7.UIDL-c", "RFC1939-7.UIDL-e"),
        _uidl(_plain, alone=lambda number, message: message.unique_id),
        "Twisted #9104",
    ),
    _fault(
        "forgets-the-last", "leaves the last message out", ("RFC1939-7.UIDL-d",), _uidl(_plain, chosen=_but_the_last)
    ),
    _fault(
        "forgets-the-first",
        "leaves the first message out",
        ("RFC1939-7.UIDL-d",),
        _uidl(_plain, chosen=lambda session: dict(list(session.maildrop.remaining().items())[1:])),
    ),
    _fault("is-refused-when-empty", "is refused in an empty maildrop", ("RFC1939-7.UIDL-d",), _refused_when_empty),
    _fault(
        "has-three-spaces",
        "puts three spaces before the unique-id",
        ("RFC1939-7.UIDL-e",),
        _uidl(lambda number, message: f"{number}   {message.unique_id}"),
        "K-9 PR #323",
    ),
    _fault(
        "swaps-its-words",
        "writes the unique-id first",
        ("RFC1939-7.UIDL-e",),
        _uidl(lambda number, message: f"{message.unique_id} {number}"),
    ),
    _fault(
        "ends-in-a-space",
        "puts a space after the unique-id",
        ("RFC1939-7.UIDL-f",),
        _uidl(lambda number, message: f"{number} {message.unique_id} "),
    ),
    _fault(
        "says-more",
        "writes the size after the unique-id",
        ("RFC1939-7.UIDL-f",),
        _uidl(lambda number, message: f"{number} {message.unique_id} {message.size}"),
    ),
    _fault(
        "shows-marked-messages",
        "lists marked messages",
        ("RFC1939-7.UIDL-l",),
        _uidl(_plain, chosen=lambda session: view_of(session).everything),
        "Twisted #9094, Stalwart",
    ),
    _fault(
        "renumbers",
        "numbers the messages that are left anew",
        ("RFC1939-7.UIDL-l", "RFC1939-4-l"),
        _uidl(_plain, chosen=_renumbered),
    ),
    _fault(
        "one-is-the-next",
        "n gives the unique-id listing of another number",
        ("RFC1939-7.UIDL-c",),
        _uidl(_plain, alone=lambda number, message: f"{number + 1} {message.unique_id}"),
    ),
    _fault(
        "changes-each-time",
        "gives other unique-ids each time",
        ("RFC1939-7.UIDL-i",),
        _uidl(lambda number, message: f"{number} {message.unique_id}.{next(_ASKED)}"),
    ),
    _ids(
        "too-long",
        "Unique-ids have 71 octets",
        ("RFC1939-7.UIDL-g",),
        _named(lambda message: message.unique_id.ljust(71, "0")),
    ),
    _ids(
        "with-a-space",
        "Unique-ids hold a space",
        ("RFC1939-7.UIDL-g", "RFC1939-7.UIDL-e"),
        _named(lambda message: f"{message.unique_id[:8]} {message.unique_id[8:]}"),
    ),
    _ids("empty", "Unique-ids are empty", ("RFC1939-7.UIDL-g", "RFC1939-7.UIDL-d"), _named(lambda message: "")),
    _ids(
        "not-ascii",
        "Unique-ids hold octets above 127",
        ("RFC1939-7.UIDL-g",),
        _named(lambda message: f"{message.unique_id}é"),
    ),
    _ids(
        "all-alike",
        "All unique-ids of a maildrop are the same",
        ("RFC1939-7.UIDL-h",),
        _named(lambda message: "0000000000000001"),
    ),
    _ids(
        "of-the-second",
        "Unique-ids are the second of arrival",
        ("RFC1939-7.UIDL-h",),
        _named(lambda message: f"{int(message.received.timestamp())}"),
    ),
    _ids(
        "of-the-size",
        "Unique-ids are made of the size",
        ("RFC1939-7.UIDL-h",),
        _named(lambda message: f"{message.size:08x}"),
    ),
    _ids(
        "are-message-numbers",
        "The unique-id is the message number",
        ("RFC1939-7.UIDL-i", "RFC1939-7.UIDL-k"),
        _NumberedAnew,
    ),
    _ids(
        "are-counted-from-the-remaining",
        "Unique-ids depend on how many messages there are",
        ("RFC1939-7.UIDL-i",),
        _CountedUpFromRemaining,
    ),
    _ids(
        "change-with-each-session",
        "Unique-ids change with each session",
        ("RFC1939-7.UIDL-i", "RFC1939-7.UIDL-j"),
        _OfThisSession,
    ),
    _ids(
        "need-an-update", "Unique-ids are lost with a session that did not QUIT", ("RFC1939-7.UIDL-j",), _SettledAtQuit
    ),
)
