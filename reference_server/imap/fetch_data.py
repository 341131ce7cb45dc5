"""The data items of FETCH, each made out of a message's row or, only where that is needed, of its octets.

RFC 3501 §6.4.5 and §7.4.2, RFC 3516 §4, RFC 7162 §3.1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from reference_server.backend import Rejected
from reference_server.imap.fetchitems import (
    Attribute,
    BinarySection,
    BinarySize,
    BodySection,
    FetchItem,
    Section,
    SectionText,
)
from reference_server.imap.reader import MessageReader
from reference_server.imap.responses import (
    BinaryItem,
    BinarySizeItem,
    DateItem,
    FetchData,
    FlagsItem,
    NumberItem,
    StructureItem,
    TextItem,
)
from reference_server.imap.view import MailboxView, flag_names
from reference_server.mime.bodystructure import body
from reference_server.mime.envelope import envelope
from reference_server.mime.section import binary, section
from reference_server.mime.transfer import UnknownEncoding
from reference_server.store.records import MessageRow

Maker = Callable[[MessageRow], FetchData]


class UnknownTransferEncoding(Rejected):
    """A part cannot be decoded (RFC 3516 §4.3, UNKNOWN-CTE)."""


class FetchPlan:
    """What to make of each message of one FETCH."""

    def __init__(
        self,
        items: tuple[FetchItem, ...],
        view: MailboxView,
        reader: MessageReader,
        *,
        uid: bool,
        mod_sequence: bool,
        recent: bool,
        flags_of: frozenset[int],
    ) -> None:
        """`uid` and `mod_sequence` add these items where they are not asked for, `flags_of` adds FLAGS for these."""
        self.view = view
        self.reader = reader
        self._recent = recent
        self._flags_of = frozenset() if Attribute.FLAGS in items else flags_of
        added = [Attribute.UID] * (uid and Attribute.UID not in items)
        added += [Attribute.MODSEQ] * (mod_sequence and Attribute.MODSEQ not in items)
        self._makers = [self._maker(item) for item in (*added, *items)]

    def data(self, row: MessageRow) -> tuple[FetchData, ...]:
        """All items of one message; may block. Raises StoreFailure or UnknownTransferEncoding."""
        made = [make(row) for make in self._makers]
        if row.uid in self._flags_of:
            made.append(self.flags(row))
        return tuple(made)

    def _maker(self, item: FetchItem) -> Maker:
        match item:
            case Attribute():
                return partial(_ATTRIBUTES[item], self)
            case BodySection():
                return partial(self._body, item)
            case BinarySection():
                return partial(self._binary, item)
            case BinarySize():
                return partial(self._binary_size, item)

    def flags(self, row: MessageRow) -> FlagsItem:
        """FLAGS."""
        return FlagsItem(flag_names(row.system, row.keywords, self._recent and self.view.is_recent(row.uid)))

    def _body(self, item: BodySection, row: MessageRow) -> TextItem:
        octets = self._section(item.section, row)
        if octets is not None and item.partial is not None:
            octets = item.partial.of(octets)
        return TextItem(item, octets)

    def _section(self, wanted: Section, row: MessageRow) -> bytes | None:
        if not wanted.part and wanted.text is None:
            return self.reader.octets(row)
        of_header = not wanted.part and wanted.text is not SectionText.TEXT
        entity = self.reader.header(row) if of_header else self.reader.entity(row)
        return section(entity, wanted.part, wanted.text and wanted.text.value, wanted.fields)

    def _binary(self, item: BinarySection, row: MessageRow) -> BinaryItem:
        octets = self._decoded(item.part, row)
        if octets is not None and item.partial is not None:
            octets = item.partial.of(octets)
        return BinaryItem(item, octets)

    def _binary_size(self, item: BinarySize, row: MessageRow) -> BinarySizeItem:
        return BinarySizeItem(item, len(self._decoded(item.part, row) or b""))

    def _decoded(self, part: tuple[int, ...], row: MessageRow) -> bytes | None:
        try:
            return binary(self.reader.entity(row), part)
        except UnknownEncoding as error:
            raise UnknownTransferEncoding from error


_ATTRIBUTES: Mapping[Attribute, Callable[[FetchPlan, MessageRow], FetchData]] = {
    Attribute.UID: lambda _, row: NumberItem(Attribute.UID, row.uid),
    Attribute.FLAGS: FetchPlan.flags,
    Attribute.MODSEQ: lambda _, row: NumberItem(Attribute.MODSEQ, row.mod_sequence),
    Attribute.INTERNALDATE: lambda _, row: DateItem(row.internal_date),
    Attribute.RFC822_SIZE: lambda _, row: NumberItem(Attribute.RFC822_SIZE, row.length),
    Attribute.ENVELOPE: lambda plan, row: StructureItem(Attribute.ENVELOPE, envelope(plan.reader.header(row))),
    Attribute.BODY: lambda plan, row: StructureItem(Attribute.BODY, body(plan.reader.entity(row), extended=False)),
    Attribute.BODYSTRUCTURE: lambda plan, row: StructureItem(
        Attribute.BODYSTRUCTURE, body(plan.reader.entity(row), extended=True)
    ),
    Attribute.RFC822: lambda plan, row: TextItem(Attribute.RFC822, plan.reader.octets(row)),
    Attribute.RFC822_HEADER: lambda plan, row: TextItem(
        Attribute.RFC822_HEADER, section(plan.reader.header(row), (), SectionText.HEADER.value)
    ),
    Attribute.RFC822_TEXT: lambda plan, row: TextItem(
        Attribute.RFC822_TEXT, section(plan.reader.entity(row), (), SectionText.TEXT.value)
    ),
}
"""Items without arguments, each from the plan and the message's row."""
