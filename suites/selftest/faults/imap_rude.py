"""Faults that rude clients, crowds and big mailboxes bring out (postel's own checks): one client stops the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from reference_server.actions import Action
from reference_server.conversation import Await, Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fragmenter import CommandText, LiteralAnnounced
from reference_server.imap.session import ImapSession
from reference_server.store.flag_changes import FlagChange
from reference_server.store.records import Flags
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import claiming, doing, fault, imap_variant, meaning, said

_EVERY_UID = ((1, 0xFFFF_FFFF),)
_DELETED = 1 << 2
#: Connections, commands, messages and octets beyond which a careless server stops.
_CONNECTIONS = 50
_COMMANDS = 1000
_MESSAGES = 5000
_OCTETS = 1 << 20
#: Commands that come at once, and more than a client reads the answers of.
_UNREAD = 10


def _one_at_a_time(busy: Callable[[bytes], bool]) -> Build:
    """A variant that greets nobody while a client is in the middle of something: `busy` is given what comes."""

    class Alone(ImapSession):
        served: ClassVar[set[int]] = set()

        def converse(self) -> Steps:
            if self.served:
                yield Await(lambda buffer: None)
            yield from super().converse()

        def receive(self, data: bytes) -> list[Action]:
            change = self.served.add if busy(data) else self.served.discard
            change(id(self))
            return super().receive(data)

        def connection_lost(self) -> None:
            self.served.discard(id(self))
            super().connection_lost()

    return imap_variant(session=Alone)


class _Crowded(ImapSession):
    """Beyond some connections nobody is greeted."""

    connected: ClassVar[set[int]] = set()

    def converse(self) -> Steps:
        self.connected.add(id(self))
        if len(self.connected) > _CONNECTIONS:
            yield Await(lambda buffer: None)
        yield from super().converse()

    def connection_lost(self) -> None:
        self.connected.discard(id(self))
        super().connection_lost()


class _Tired(ImapSession):
    """After some commands there are no more answers."""

    done = 0

    def carry_out(self, command: c.Command) -> Steps:
        self.done += 1
        if self.done > _COMMANDS:
            yield Await(lambda buffer: None)
        yield from super().carry_out(command)


class _Common(ImapSession):
    """All users have one set of mailboxes."""

    def enter_authenticated(self, account: str) -> None:
        super().enter_authenticated("everybody")


class _EmptiesWhenLost(ImapSession):
    """A mailbox whose client goes without LOGOUT is emptied."""

    def connection_lost(self) -> None:
        view = self.view
        if view is not None:
            deleted = Flags(system=_DELETED)
            self.store.mail.store_flags(view.id, _EVERY_UID, FlagChange.ADD, deleted, since=view.mod_sequence)
            self.store.mail.expunge(view.id, _EVERY_UID)
        super().connection_lost()


class _AsksStrangers(ImapSession):
    """A literal of any size is asked for, also before a login."""

    def admit(self, event: LiteralAnnounced) -> Steps:
        self._fragmenter.accept()
        if event.synchronizing:
            yield self.send(r.Continue("Go on"))


class _NeverTired(ImapSession):
    """Failed logins are not counted."""

    def understood(self, text: CommandText) -> c.Command:
        self.failed_logins = 0
        return super().understood(text)


def _cut(message: c.AppendMessage) -> c.AppendMessage:
    return replace(message, data=message.data[:_OCTETS])


def _rude(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "", alone: bool = False) -> Fault:
    return fault(f"rude/{slug}", title, requirements, build, seen_in=seen_in, alone=alone)


FAULTS: tuple[Fault, ...] = (
    _rude(
        "literals-block",
        "Nobody is greeted while a client owes a literal",
        "POSTEL-imap_literal-b POSTEL-imap_literal-c",
        _one_at_a_time(lambda data: b" APPEND " in data and data.endswith(b"}\r\n")),
        seen_in="servers that wait for a literal's octets in their only loop",
        alone=True,
    ),
    _rude(
        "slow-lines-block",
        "Nobody is greeted while a client is in the middle of a line",
        "POSTEL-imap_load-a",
        _one_at_a_time(lambda data: not data.endswith(b"\n")),
        alone=True,
    ),
    _rude(
        "unread-answers-block",
        "Nobody is greeted while a client does not read its answers",
        "POSTEL-imap_load-b",
        _one_at_a_time(lambda data: data.count(b" FETCH ") > _UNREAD),
        alone=True,
    ),
    _rude(
        "floods-are-lost",
        "After a thousand commands there are no answers",
        "POSTEL-imap_load-c",
        imap_variant(session=_Tired),
    ),
    _rude(
        "crowds-are-lost",
        "Beyond fifty connections nobody is greeted",
        "POSTEL-imap_load-d",
        imap_variant(session=_Crowded),
    ),
    _rude(
        "big-mailboxes-cut",
        "FETCH gives five thousand messages at most",
        "POSTEL-imap_load-e",
        said(r.FetchResponse, lambda response: response if response.number <= _MESSAGES else None),
    ),
    _rude(
        "users-share-mailboxes",
        "All users have one set of mailboxes",
        "POSTEL-imap_load-f POSTEL-imap_names-f",
        imap_variant(session=_Common),
    ),
    _rude(
        "big-messages-cut",
        "Of a message the first MiB is kept",
        "POSTEL-imap_load-g",
        meaning(c.Append, lambda command: replace(command, messages=tuple(map(_cut, command.messages)))),
    ),
    _rude(
        "strangers-are-asked",
        "A stranger is asked for a literal of any size",
        "POSTEL-imap_literal-d",
        imap_variant(session=_AsksStrangers),
    ),
    _rude(
        "emptied-when-lost",
        "A mailbox whose client goes without LOGOUT is emptied",
        "POSTEL-imap_session-f",
        imap_variant(session=_EmptiesWhenLost),
    ),
    _rude(
        "subscriptions-lost",
        "SUBSCRIBE says OK and keeps nothing",
        "POSTEL-imap_session-g",
        doing("SUBSCRIBE", claiming),
    ),
    _rude(
        "guessing-unhindered", "Failed logins are not counted", "POSTEL-imap_auth-a", imap_variant(session=_NeverTired)
    ),
)
