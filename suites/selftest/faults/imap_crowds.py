"""Faults of servers under load: many clients, commands, users, messages (POSTEL)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from reference_server.actions import Action
from reference_server.conversation import Await, Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.outcome import Refused
from reference_server.imap.session import ImapSession
from reference_server.store.folders import Folders
from reference_server.store.open_mailbox import Mail
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import fault, imap_variant, keeping, said, storing


class _Jealous(ImapSession):
    """Serves nobody else while a client is in the middle of a command, or has many under way."""

    favourite: ClassVar[ImapSession | None] = None

    def receive(self, data: bytes) -> list[Action]:
        busy = not data.endswith(b"\r\n") or data.endswith(b"}\r\n") or data.count(b" FETCH ") > 1
        if busy and _Jealous.favourite is None:
            _Jealous.favourite = self
        return super().receive(data)

    def connection_lost(self) -> None:
        if _Jealous.favourite is self:
            _Jealous.favourite = None
        super().connection_lost()

    def answer(self, fragment: f.Fragment) -> Steps:
        if _Jealous.favourite not in (None, self):
            yield Await(lambda _: None)
        yield from super().answer(fragment)


class _Forgetful(ImapSession):
    """Answers no more than a thousand commands."""

    answered = 0

    def carry_out(self, command: c.Command) -> Steps:
        self.answered += 1
        if self.answered <= 1000:
            yield from super().carry_out(command)


class _Crowded(ImapSession):
    """Greets fifty clients, and leaves further ones without an answer."""

    clients: ClassVar[set[int]] = set()

    def converse(self) -> Steps:
        self.clients.add(id(self))
        if len(self.clients) > 50:
            yield Await(lambda _: None)
        yield from super().converse()

    def connection_lost(self) -> None:
        self.clients.discard(id(self))
        super().connection_lost()


class _FewUsers(ImapSession):
    """Lets ten users in at the same time."""

    users: ClassVar[dict[int, str]] = {}

    def enter_authenticated(self, account: str) -> None:
        super().enter_authenticated(account)
        self.users[id(self)] = account
        if len({*self.users.values()}) > 10:
            raise Refused("Ten users are enough")

    def connection_lost(self) -> None:
        self.users.pop(id(self), None)
        super().connection_lost()


_OWNERS: set[str] = set()


def _of_everybody(self: Folders, owner: str) -> tuple[Any, ...]:
    """The mailboxes of all users."""
    _OWNERS.add(owner)
    return tuple(each for one in sorted(_OWNERS) for each in Folders.all(self, one))


def _cut(self: Mail, owner: str, name: str, messages: Any, **options: Any) -> Any:
    """APPEND keeps a mebioctet."""
    return Mail.append(
        self, owner, name, [replace(each, octets=each.octets[: 1 << 20]) for each in messages], **options
    )


FAULTS: tuple[Fault, ...] = (
    fault(
        "crowds/serves-one",
        "While one client is slow nobody is served",
        "POSTEL-imap_literal-b POSTEL-imap_literal-c POSTEL-imap_load-a POSTEL-imap_load-b",
        imap_variant(session=_Jealous),
        "APPEND",
        alone=True,
    ),
    fault(
        "crowds/a-thousand-commands",
        "After a thousand commands none is answered",
        "POSTEL-imap_load-c",
        imap_variant(session=_Forgetful),
        "NOOP",
    ),
    fault(
        "crowds/fifty-clients",
        "Beyond fifty clients none is greeted",
        "POSTEL-imap_load-d",
        imap_variant(session=_Crowded),
        alone=True,
    ),
    fault(
        "crowds/nine-thousand-messages",
        "FETCH stops behind message 9000",
        "POSTEL-imap_load-e",
        said(r.FetchResponse, lambda data: data if data.number <= 9000 else None),
        "FETCH",
    ),
    fault(
        "crowds/ten-users",
        "The eleventh user is not let in",
        "POSTEL-imap_load-f",
        imap_variant(session=_FewUsers),
        "LOGIN",
        alone=True,
    ),
    fault(
        "crowds/mailboxes-of-everybody",
        "LIST shows everybody's mailboxes",
        "POSTEL-imap_names-f",
        keeping(all=_of_everybody),
        "LIST",
        alone=True,
    ),
    fault("crowds/big-ones-cut", "Big messages are cut", "POSTEL-imap_load-g", storing(append=_cut), "APPEND"),
)
