"""Faults of ENABLE, ID and NAMESPACE (RFC 5161, 2971, 2342)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from reference_server.actions import Action
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.names import MailboxName
from reference_server.imap.responses import Condition
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import fault, imap_variant, said, wired


class _EnablesOne(ImapSession):
    """A later ENABLE switches off what an earlier one had switched on."""

    def enable(self, enabled: frozenset[str]) -> None:
        before: frozenset[str] = vars(self).get("enabled", frozenset())
        super().enable(enabled - before if enabled > before else enabled)


class _OneAtATime(ImapSession):
    """ENABLE that came together with other commands is BAD."""

    together = False

    def receive(self, data: bytes) -> list[Action]:
        self.together = data.count(b"\r\n") > 1
        return super().receive(data)

    def carry_out(self, command: c.Command) -> Steps:
        if isinstance(command, c.Enable) and self.together:
            yield self.tagged(Condition.BAD, command.tag, "One at a time")
            return
        yield from super().carry_out(command)


class _EnablesForAll(ImapSession):
    """What one connection of a user enabled is enabled in all."""

    common: ClassVar[dict[str, frozenset[str]]] = {}

    def enter_authenticated(self, account: str) -> None:
        super().enter_authenticated(account)
        super().enable(self.common.get(account, frozenset()))

    def enable(self, enabled: frozenset[str]) -> None:
        super().enable(enabled)
        if enabled:
            self.common[self.account] = enabled


def _identified(*pairs: tuple[bytes, bytes]) -> Build:
    """A variant that says more of itself."""
    return said(r.IdData, lambda data: replace(data, parameters=(*(data.parameters or ()), *pairs)))


def _namespaces(change: Callable[[r.NamespaceData], r.NamespaceData]) -> Build:
    return said(r.NamespaceData, change)


_OTHERS = (r.NamespaceDescription("~", "/"),)


class _Telltale(ImapSession):
    """There is a namespace of other users, and LIST shows everybody in it."""

    def carry_out(self, command: c.Command) -> Steps:
        if isinstance(command, c.List) and command.patterns[0].startswith("~"):
            yield self.send(r.ListData((), "/", MailboxName("~fred")))
        yield from super().carry_out(command)

    def send(self, *responses: r.Response) -> Any:
        return super().send(
            *(replace(each, other_users=_OTHERS) if isinstance(each, r.NamespaceData) else each for each in responses)
        )


FAULTS: tuple[Fault, ...] = (
    fault(
        "enabling/later-enable-replaces",
        "A later ENABLE switches off what was on",
        "RFC5161-3.1-g",
        imap_variant(session=_EnablesOne),
        "ENABLE",
    ),
    fault(
        "enabling/enabled-lists-all",
        "ENABLED lists what was enabled before",
        "RFC5161-3.1-h",
        said(r.Enabled, lambda data: replace(data, names=(*{*data.names, "CONDSTORE"},))),
        "ENABLE",
    ),
    fault(
        "enabling/enable-in-a-batch",
        "ENABLE in a batch is BAD",
        "RFC5161-3.1-i",
        imap_variant(session=_OneAtATime),
        "ENABLE",
    ),
    fault(
        "enabling/enabled-for-all",
        "ENABLE holds for all connections of a user",
        "RFC5161-3.1-k",
        imap_variant(session=_EnablesForAll),
        "ENABLE",
        alone=True,
    ),
    fault("enabling/id-long-name", "ID has a long name", "RFC2971-3.3-b", _identified((b"n" * 31, b"1")), "ID"),
    fault("enabling/id-long-value", "ID has a long value", "RFC2971-3.3-c", _identified((b"os", b"v" * 1025)), "ID"),
    fault(
        "enabling/id-many-pairs",
        "ID has many pairs",
        "RFC2971-3.3-d",
        _identified(*((b"x%d" % number, b"1") for number in range(31))),
        "ID",
    ),
    fault(
        "enabling/id-name-twice",
        "ID has a name twice",
        "RFC2971-3.3-e",
        _identified((b"os", b"1"), (b"OS", b"2")),
        "ID",
    ),
    fault(
        "enabling/two-personal-namespaces",
        "There are two personal namespaces",
        "RFC2342-2-b",
        _namespaces(lambda data: replace(data, personal=(*data.personal, r.NamespaceDescription("More/", "/")))),
        "NAMESPACE",
    ),
    fault(
        "enabling/two-namespaces-of-others",
        "There are two namespaces of other users",
        "RFC2342-2-c",
        _namespaces(lambda data: replace(data, other_users=(*_OTHERS, r.NamespaceDescription("Users/", "/")))),
        "NAMESPACE",
    ),
    fault(
        "enabling/namespace-that-is-empty",
        "A class of namespaces that is not there is an empty list",
        "RFC2342-5-b",
        wired(lambda data: data.replace(b" NIL NIL\r\n", b" () NIL\r\n") if b"* NAMESPACE" in data else data),
        "NAMESPACE",
    ),
    fault(
        "enabling/namespace-with-an-extension",
        "A namespace has an extension without X-",
        "RFC2342-5-d",
        wired(lambda data: data.replace(b'"/"))', b'"/" "SHIPYARD" ("1")))') if b"* NAMESPACE" in data else data),
        "NAMESPACE",
    ),
    fault(
        "enabling/namespace-lists-users",
        "LIST shows the users below their namespace",
        "RFC2342-5-i RFC9051-11.5-a",
        imap_variant(session=_Telltale),
        "NAMESPACE",
    ),
    fault(
        "enabling/namespace-in-8-bit",
        "A prefix is in UTF-8",
        "RFC2342-6-b",
        wired(lambda data: data.replace(b'(("" ', b'(("\xc3\xa4" ') if b"* NAMESPACE" in data else data),
        "NAMESPACE",
    ),
)
