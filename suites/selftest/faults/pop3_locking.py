"""The exclusive lock of a maildrop, message numbers, new mail (RFC 1939 §4)."""

from __future__ import annotations

from reference_server.backend import Maildrop, MaildropLocked, Maildrops, StoredMessage
from reference_server.conversation import Steps, blocking
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from reference_server.store import LockingMaildrops
from suites.selftest.fault import Build, Fault
from suites.selftest.maildrops import AlteredMaildrop, opening
from suites.selftest.variants import Handler, found, handled, variant


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build, seen_in: str = "") -> Fault:
    return Fault(f"pop3/locking/{slug}", title, requirements, build, seen_in, touches=("PASS",))


class _Shared:
    """Opens maildrops without a lock."""

    def __init__(self, inner: Maildrops) -> None:
        assert isinstance(inner, LockingMaildrops)
        self._store = inner._store

    def open(self, account: str) -> Maildrop:
        return LockingMaildrops(self._store).open(account)


class _NeverUnlockedOnRefusal:
    """A login that found the maildrop locked leaves a lock of its own."""

    def __init__(self, inner: Maildrops) -> None:
        self._inner = inner
        self._stuck: set[str] = set()

    def open(self, account: str) -> Maildrop:
        if account in self._stuck:
            raise MaildropLocked(account)
        try:
            return self._inner.open(account)
        except MaildropLocked:
            self._stuck.add(account)
            raise


class _FirstTwice(AlteredMaildrop):
    """The first message has the second number too."""

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        return [messages[0], *messages[:1], *messages[2:]] if len(messages) > 1 else messages


class _OldestForgotten(AlteredMaildrop):
    """Only messages from the newest ten are numbered."""

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        return messages[-5:]


class _AnothersMail(AlteredMaildrop):
    """Sizes are those of the account's messages, and the octets another account's."""

    def read(self, message: StoredMessage) -> bytes:
        size = len(super().read(message))
        return (b"From: otto@sender.test\r\n\r\n" + b"This is for somebody else.\r\n" * size)[: size - 2] + b"\r\n"


class _KeptForEver(Pop3Session):
    """A lost connection leaves the lock."""

    def connection_lost(self) -> None:
        self._held = None
        super().connection_lost()


def _told(text: bytes) -> Handler:
    """A login that finds the maildrop locked is told so in another way."""

    def password(session: Pop3Session, octets: bytes) -> Steps:
        try:
            yield from found("PASS").handler(session, octets)
        except CommandRefused as refused:
            if refused.text is not Text.MAILDROP_IN_USE:
                raise
            yield session.challenge(text)

    return password


def _reopened(keyword: str) -> Handler:
    """Each such command looks at the mailbox anew."""

    def handler(session: Pop3Session, arguments: object) -> Steps:
        yield from blocking(session.maildrop.release)
        session.enter_transaction((yield from session.open_maildrop(session.user_name)))
        yield from found(keyword).handler(session, arguments)

    return handler


class _NewestFirst(AlteredMaildrop):
    """Numbers the newest message 1."""

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        return sorted(messages, key=lambda message: -message.uid)


FAULTS: tuple[Fault, ...] = (
    _fault("no-lock", "Sessions share a maildrop and its deletions", ("RFC1939-4-d",), variant(maildrops=_Shared)),
    _fault(
        "refusal-is-no-refusal",
        "A login that finds the maildrop locked gets a challenge",
        ("RFC1939-4-g",),
        variant(commands=handled(PASS=_told(b"wait"))),
    ),
    _fault(
        "refused-login-locks",
        "A login that was refused for the lock leaves one",
        ("RFC1939-4-h",),
        variant(maildrops=_NeverUnlockedOnRefusal),
    ),
    _fault(
        "lost-connection-keeps-lock",
        "A lost connection keeps the maildrop locked",
        ("POSTEL-session-a",),
        variant(session=_KeptForEver),
    ),
    _fault(
        "new-mail-comes-first",
        "New mail takes the first number at the next STAT or LIST",
        ("RFC1939-4-l",),
        variant(maildrops=opening(_NewestFirst), commands=handled(LIST=_reopened("LIST"), RETR=_reopened("RETR"))),
    ),
    _fault(
        "first-message-twice",
        "The first message has the second number too",
        ("RFC1939-4-k", "RFC1939-5.RETR-e"),
        variant(maildrops=opening(_FirstTwice)),
    ),
    _fault(
        "old-messages-are-hidden",
        "Only the last five messages are numbered",
        ("RFC1939-5.STAT-c",),
        variant(maildrops=opening(_OldestForgotten)),
        "providers with a window of recent mail",
    ),
    _fault(
        "anothers-mail",
        "RETR sends another account's mail",
        ("RFC1939-7.PASS-e", "RFC1939-7.APOP-i", "RFC1939-5.RETR-e"),
        variant(maildrops=opening(_AnothersMail)),
    ),
)
