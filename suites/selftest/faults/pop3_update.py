"""QUIT, the UPDATE state, and sessions that end otherwise (RFC 1939 §3 to §6 and §8)."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import ClassVar

from reference_server.actions import Action, Close, Send
from reference_server.backend import StoredMessage, StoreFailure
from reference_server.conversation import Steps, blocking
from reference_server.pop3.extensions import Capability
from reference_server.pop3.open_maildrop import OpenMaildrop
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from suites.selftest.fault import Fault
from suites.selftest.maildrops import AlteredMaildrop, opening
from suites.selftest.variants import Handler, accepted_in, found, handled, offering, variant


def _removing(
    slug: str, title: str, requirements: tuple[str, ...], kind: type[AlteredMaildrop], seen: str = ""
) -> Fault:
    build = variant(maildrops=opening(kind))
    return Fault(f"pop3/update/{slug}", title, requirements, build, seen, touches=("QUIT", "DELE"))


def _quitting(slug: str, title: str, requirements: tuple[str, ...], handler: Handler, seen: str = "") -> Fault:
    """QUIT in the TRANSACTION state does something else."""
    build = variant(commands=accepted_in("QUIT", State.TRANSACTION, handler=handler))
    return Fault(f"pop3/update/{slug}", title, requirements, build, seen, touches=("QUIT",))


def _ending(slug: str, title: str, requirements: tuple[str, ...], session: type[Pop3Session]) -> Fault:
    return Fault(f"pop3/update/{slug}", title, requirements, variant(session=session), touches=("DELE", "RETR"))


# ---- what is removed ------------------------------------------------------------------------------------------------


class _RemovesNothing(AlteredMaildrop):
    def commit(self, deleted: Collection[StoredMessage]) -> None:
        del deleted


class _ForgetsOne(AlteredMaildrop):
    """A loop that ends one too early."""

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        super().commit(list(deleted)[:-1])


class _RemovesNeighbour(AlteredMaildrop):
    """The message behind the last one marked goes as well."""

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        last = max((self.messages.index(message) for message in deleted), default=None)
        more = self.messages[last + 1 : last + 2] if last is not None else []
        super().commit([*deleted, *more])


class _RemovesWhatWasRead(AlteredMaildrop):
    """Download and delete, though nobody asked for it."""

    def read(self, message: StoredMessage) -> bytes:
        self.__dict__.setdefault("was_read", {})[message.uid] = message
        return super().read(message)

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        super().commit(
            {message.uid: message for message in [*deleted, *self.__dict__.get("was_read", {}).values()]}.values()
        )


class _RemovesAll(AlteredMaildrop):
    def commit(self, deleted: Collection[StoredMessage]) -> None:
        super().commit(self.messages if deleted else [])


class _RemovesEvenFresh(AlteredMaildrop):
    """Where every message is marked the mailbox is emptied, with what has arrived meanwhile."""

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        super().commit(deleted)
        if len(deleted) == len(self.messages) and deleted:
            self.release()
            fresh = self.maildrops.open(self.account)
            fresh.commit(fresh.messages)
            fresh.release()


class _RemovesOneAtMost(AlteredMaildrop):
    def commit(self, deleted: Collection[StoredMessage]) -> None:
        super().commit(list(deleted)[:1])


class _Resurrected(AlteredMaildrop):
    """Removed messages are hidden from the next session only."""

    _hidden: ClassVar[dict[str, list[int]]] = {}

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        hidden = self._hidden.pop(self.account, [])
        return [message for message in messages if message.uid not in hidden]

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        if deleted:
            self._hidden[self.account] = [message.uid for message in deleted]


class _KeepsLock(AlteredMaildrop):
    def release(self) -> None:
        pass


# ---- QUIT -----------------------------------------------------------------------------------------------------------


def _quit_and_stay(session: Pop3Session, _: None) -> Steps:
    """The connection is left for the client to close."""
    yield from blocking(session.maildrop.update)
    session.state = State.AUTHORIZATION
    yield session.positive(Text.SIGNING_OFF)


def _quit_refused(session: Pop3Session, _: None) -> Steps:
    raise CommandRefused(Text.TEMPORARY_FAILURE)
    yield


def _quit_claims_failure(session: Pop3Session, _: None) -> Steps:
    yield from blocking(session.enter_update().update)
    yield session.negative(Text.NOT_REMOVED)
    yield Close()


def _quit_before_login_updates(session: Pop3Session, _: None) -> Steps:
    """QUIT after USER and before PASS empties the maildrop of that name."""
    with suppress(StoreFailure):
        maildrop = session.context.maildrops.open(session.user_name)
        yield from blocking(lambda: maildrop.commit(maildrop.messages))
        maildrop.release()
    yield from found("QUIT").handler(session, None)


# ---- sessions that end otherwise ------------------------------------------------------------------------------------


class _UpdatesWhenLost(Pop3Session):
    """A lost connection is taken for QUIT."""

    def connection_lost(self) -> None:
        if self.state is State.TRANSACTION:
            self.maildrop.update()
        super().connection_lost()


class _UpdatesAtTimeout(Pop3Session):
    """Autologout is taken for QUIT."""

    def timed_out(self) -> list[Action]:
        if self.state is State.TRANSACTION:
            self.maildrop.update()
        return super().timed_out()


class _HalfAQuit(Pop3Session):
    """What is left in the buffer when the connection ends is a line like any other."""

    def connection_lost(self) -> None:
        if self.state is State.TRANSACTION and self._buffer.take_all() == b"QUIT":
            self.maildrop.update()
        super().connection_lost()


class _RemovesWhatWasDownloaded(Pop3Session):
    """Messages that were sent are removed when the connection is lost."""

    def message(self, text: Text, message: bytes, **values: object) -> Send:
        if text is Text.OCTETS:
            self.__dict__["downloaded"] = True
        return super().message(text, message, **values)

    def connection_lost(self) -> None:
        if self.state is State.TRANSACTION and self.__dict__.get("downloaded"):
            for number in self.maildrop.remaining():
                self.maildrop.mark(number)
            self.maildrop.update()
        super().connection_lost()


class _KeepsMarks(Pop3Session):
    """Marks of a session without QUIT are there in the next."""

    _marks: ClassVar[dict[str, set[int]]] = {}

    def connection_lost(self) -> None:
        if self.state is State.TRANSACTION:
            remaining = self.maildrop.remaining()
            self._marks[self._account()] = {n for n in range(1, max(remaining, default=0) + 2) if n not in remaining}
        super().connection_lost()

    def _account(self) -> str:
        return self.user_name

    def enter_transaction(self, maildrop: OpenMaildrop) -> None:
        super().enter_transaction(maildrop)
        for number in self._marks.pop(self._account(), ()):
            with suppress(CommandRefused):
                self.maildrop.mark(number)


class _RemembersMarks(Pop3Session):
    """Whatever was marked, and unmarked, is marked in the next session."""

    ever_marked: ClassVar[dict[str, set[int]]] = {}

    def enter_transaction(self, maildrop: OpenMaildrop) -> None:
        super().enter_transaction(maildrop)
        for number in self.ever_marked.pop(self.user_name, ()):
            with suppress(CommandRefused):
                self.maildrop.mark(number)


def _remembered_dele(session: Pop3Session, number: int) -> Steps:
    yield from found("DELE").handler(session, number)
    _RemembersMarks.ever_marked.setdefault(session.user_name, set()).add(number)


FAULTS: tuple[Fault, ...] = (
    _removing("nothing", "QUIT removes nothing", ("RFC1939-6.QUIT-a", "RFC1939-6.QUIT-b"), _RemovesNothing),
    _removing(
        "one-too-few",
        "QUIT forgets the last of the marked messages",
        ("RFC1939-6.QUIT-a", "RFC1939-6.QUIT-b"),
        _ForgetsOne,
    ),
    _removing(
        "one-at-most", "QUIT removes one message at most", ("RFC1939-6.QUIT-a", "RFC1939-6.QUIT-b"), _RemovesOneAtMost
    ),
    _removing(
        "neighbour", "QUIT removes the message after the last marked one", ("RFC1939-6.QUIT-d",), _RemovesNeighbour
    ),
    _removing("everything", "QUIT removes all where one is marked", ("RFC1939-6.QUIT-d",), _RemovesAll),
    _removing(
        "what-was-read",
        "QUIT removes what was read",
        ("RFC1939-6.QUIT-d", "RFC2449-6.7-c"),
        _RemovesWhatWasRead,
        "download-and-delete policies",
    ),
    _removing(
        "what-has-arrived",
        "QUIT removes mail that arrived meanwhile where all is marked",
        ("RFC1939-6.QUIT-d",),
        _RemovesEvenFresh,
    ),
    _removing(
        "for-a-while", "Removed messages are back in the session after the next", ("RFC1939-6.QUIT-b",), _Resurrected
    ),
    _removing("lock-stays", "QUIT does not release the maildrop", ("RFC1939-6.QUIT-e",), _KeepsLock),
    _quitting(
        "connection-stays-open",
        "QUIT does not close the connection",
        ("RFC1939-6.QUIT-f", "RFC1939-3-o"),
        _quit_and_stay,
    ),
    _quitting("quit-is-refused", "QUIT is refused", ("RFC1939-6.QUIT-b", "RFC1939-7-a"), _quit_refused),
    _quitting(
        "quit-claims-failure",
        "QUIT says -ERR though all is removed",
        ("RFC1939-6.QUIT-b", "RFC1939-7-a"),
        _quit_claims_failure,
    ),
    Fault(
        "pop3/update/quit-before-login-removes",
        "QUIT between USER and PASS removes all mail",
        ("RFC1939-6-a",),
        variant(
            commands=accepted_in(
                "QUIT", State.AUTHORIZATION, State.PASSWORD_EXPECTED, handler=_quit_before_login_updates
            )
        ),
        touches=("QUIT",),
    ),
    _ending(
        "lost-connection-removes",
        "A lost connection removes what is marked",
        ("RFC1939-6-b", "RFC1939-5.DELE-f", "POSTEL-session-b"),
        _UpdatesWhenLost,
    ),
    _ending(
        "autologout-removes", "Autologout removes what is marked", ("RFC1939-3-w", "RFC1939-6-b"), _UpdatesAtTimeout
    ),
    _ending(
        "half-a-quit-removes",
        "QUIT without its line end counts when the connection is lost",
        ("RFC1939-6-b",),
        _HalfAQuit,
    ),
    _ending(
        "download-removes",
        "What was downloaded is removed when the connection is lost",
        ("RFC1939-8-b", "RFC1939-6-b"),
        _RemovesWhatWasDownloaded,
    ),
    _ending(
        "marks-stay",
        "Marks of a session without QUIT are there in the next",
        ("RFC1939-4-f", "RFC1939-5.DELE-f", "RFC1939-6-b"),
        _KeepsMarks,
    ),
    Fault(
        "pop3/update/marks-are-remembered",
        "What was marked once is marked in the next session, RSET or not",
        ("RFC1939-4-f",),
        variant(session=_RemembersMarks, commands=handled(DELE=_remembered_dele)),
        touches=("DELE",),
    ),
    Fault(
        "pop3/update/days-promised-and-not-kept",
        "EXPIRE promises 30 days, and QUIT removes what was read",
        ("RFC2449-6.7-i",),
        variant(
            maildrops=opening(_RemovesWhatWasRead),
            capabilities=offering(EXPIRE=Capability("EXPIRE", arguments=lambda session: "30")),
        ),
        touches=("CAPA", "RETR"),
    ),
)
