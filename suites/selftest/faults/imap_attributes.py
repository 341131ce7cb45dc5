"""Faults of LIST and LSUB responses: attributes, delimiters and the form of names (RFC 3501 §6.3.8, §7.2.2, §7.2.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.names import DELIMITER, MailboxName
from reference_server.imap.outcome import Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import Outcome, ending, fault, imap_variant, said

_CLOSED = frozenset({r"\Noselect", r"\NonExistent"})


def _with_attribute(attribute: str, *, closed: bool) -> Build:
    """LIST gives an attribute to every name that can be selected, or to every other one."""

    def changed(data: r.ListData) -> r.ListData:
        mine = data.name is not None and not data.lsub and bool(_CLOSED & set(data.attributes)) is closed
        return replace(data, attributes=(*data.attributes, attribute)) if mine else data

    return said(r.ListData, changed)


def _delimiter(change: Callable[[str], str | None]) -> Build:
    """LIST and LSUB give a name another delimiter."""
    return said(
        r.ListData, lambda data: replace(data, delimiter=change(data.name.text)) if data.name is not None else data
    )


def _below_reference(change: Callable[[str], str]) -> Build:
    """LIST changes the part of a name that was the reference."""

    class Changing(Renderer):
        reference = ""

        def list_data(self, response: r.ListData) -> bytes:
            name, before = response.name, self.reference
            if name is not None and before and name.text.startswith(before):
                changed = MailboxName(change(before) + name.text[len(before) :])
                return super().list_data(replace(response, name=changed))
            return super().list_data(response)

    class Session(ImapSession):
        def understood(self, text: CommandText) -> c.Command:
            command = super().understood(text)
            if isinstance(command, c.List) and isinstance(self.renderer, Changing):
                self.renderer.reference = command.reference
            return command

    return imap_variant(session=Session, renderer=Changing)


def _no_references(session: ImapSession, command: c.List | c.Lsub, outcome: Outcome) -> Outcome:
    """A reference is refused."""
    return Refused("There are no references here") if command.reference else outcome


FAULTS: tuple[Fault, ...] = (
    fault(
        "attributes/noinferiors-everywhere",
        "Every mailbox is flagged as \\Noinferiors",
        "7.2.2-a",
        _with_attribute(r"\Noinferiors", closed=False),
        "LIST",
    ),
    fault(
        "attributes/noselect-everywhere",
        "Every mailbox is flagged as \\Noselect",
        "7.2.2-b",
        _with_attribute(r"\Noselect", closed=False),
        "LIST",
    ),
    fault(
        "attributes/unmarked-everywhere",
        "Every mailbox is flagged as \\Unmarked",
        "7.2.2-d",
        _with_attribute(r"\Unmarked", closed=False),
        "LIST",
        seen_in="servers that look at the time of a directory",
    ),
    fault(
        "attributes/levels-are-marked",
        "Names that cannot be selected are flagged as \\Marked",
        "7.2.2-e",
        _with_attribute(r"\Marked", closed=True),
        "LIST",
    ),
    fault(
        "attributes/delimiter-by-level",
        "Names below the first level have another delimiter",
        "7.2.2-f",
        _delimiter(lambda name: "." if DELIMITER in name else DELIMITER),
        "LIST",
    ),
    fault(
        "attributes/no-delimiter",
        "Names have NIL for a delimiter",
        "7.2.2-g",
        _delimiter(lambda _: None),
        "LIST",
    ),
    fault(
        "attributes/no-references",
        "LIST and LSUB take no reference",
        "7.2.2-h",
        ending(_no_references, "LIST", "LSUB"),
        "LIST",
        "LSUB",
        seen_in="servers that know no references",
    ),
    fault(
        "attributes/reference-is-left-out",
        "LIST leaves the reference out of the names",
        "6.3.8-i",
        _below_reference(lambda _: ""),
        "LIST",
    ),
    fault(
        "attributes/reference-in-capitals",
        "LIST gives the reference in capitals",
        "6.3.8-j",
        _below_reference(str.upper),
        "LIST",
    ),
    fault(
        "attributes/lsub-says-list",
        "LSUB is answered with LIST responses",
        "7.2.3-a",
        said(r.ListData, lambda data: replace(data, lsub=False)),
        "LSUB",
        seen_in="servers that have one routine for both",
    ),
)
