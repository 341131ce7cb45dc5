"""Faults of LIST and LSUB responses: attributes, delimiters and the form of names (RFC 3501 §6.3.8, §7.2.2, §7.2.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.names import DELIMITER, MailboxName
from reference_server.imap.outcome import Handling, Improper, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import Outcome, doing, ending, fault, handler_of, imap_variant, refusing_lines, said

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


def _listing(change: Callable[[r.ListData], r.ListData | None]) -> Build:
    """A variant in which the names of LIST are changed; the answer about the delimiter is left as it is."""
    return said(r.ListData, lambda data: data if data.name is None else change(data))


def _flagged_with(*attributes: str) -> Callable[[r.ListData], r.ListData]:
    return lambda data: replace(data, attributes=(*data.attributes, *attributes))


def _mark(data: r.ListData) -> r.ListData:
    marked = "\\Noselect" in data.attributes or "\\NonExistent" in data.attributes
    return _flagged_with("\\Unmarked")(data) if marked else data


def _plain_names_only(kind: str) -> Build:
    inner = handler_of(kind)

    def handler(session: Any, command: Any) -> Handling:
        if " " in command.reference or "&" in command.reference:
            raise Improper("That is no reference")
        return (yield from inner(session, command))

    return doing(kind, handler)


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
    fault(
        "attributes/noinferiors-and-no-children",
        "\\Noinferiors and \\HasNoChildren stand together",
        "RFC3348-3-g",
        _listing(_flagged_with("\\Noinferiors", "\\HasNoChildren")),
        "LIST",
    ),
    fault("attributes/mark-of-a-level", "\\Noselect and \\Unmarked stand together", "7.2.2-e", _listing(_mark), "LIST"),
    fault(
        "attributes/reference-with-a-space",
        "LIST takes no reference with a space",
        "7.2.2-h",
        _plain_names_only("LIST"),
    ),
    fault(
        "attributes/wildcards-in-quotes-only",
        "LIST takes wildcards in quotes only",
        "9-as",
        refusing_lines(lambda line: line.upper().split(b" ")[1:2] == [b"LIST"] and line[-1:] in b"*%"),
        "LIST",
    ),
)
