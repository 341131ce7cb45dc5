"""The order of SORT (RFC 5256 §3): one comparison for each sort key, ties by message number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reference_server.imap.commands import SortCriterion, SortKey
from reference_server.imap.reader import MessageReader
from reference_server.mime.charsets import text
from reference_server.mime.collation import fold
from reference_server.mime.dates import sent_date
from reference_server.mime.envelope import envelope
from reference_server.mime.parse import Entity
from reference_server.mime.subject import base_subject
from reference_server.store.records import MessageRow

_Key = Callable[[MessageRow, MessageReader], Any]


def sorted_uids(rows: Sequence[MessageRow], criteria: Sequence[SortCriterion], reader: MessageReader) -> list[int]:
    """The UIDs of the messages in the wanted order; `rows` are in ascending order. May block.

    A reversed criterion turns only its own comparison around, so ties stay in the order of the mailbox.
    """
    ordered = list(rows)
    for criterion in reversed(criteria):
        key = KEYS[criterion.key]
        ordered.sort(key=lambda row, key=key: key(row, reader), reverse=criterion.reverse)  # type: ignore[misc]
    return [row.uid for row in ordered]


def _sent(row: MessageRow, reader: MessageReader) -> object:
    sent = sent_date(reader.header(row).header.first(b"date"))
    return row.internal_date if sent is None else sent.instant


def _subject(row: MessageRow, reader: MessageReader) -> object:
    return fold(base_subject(reader.header(row).header.first(b"subject")).text)


def _first_mailbox(choose: Callable[[Any], Any]) -> _Key:
    """The mailbox of the first address; a field that is not there counts as an empty one."""

    def key(row: MessageRow, reader: MessageReader) -> object:
        message: Entity = reader.header(row)
        addresses = choose(envelope(message))
        return fold(text(addresses[0][2] or b"")) if addresses else ""

    return key


KEYS: Mapping[SortKey, _Key] = {
    SortKey.ARRIVAL: lambda row, _: row.received,
    SortKey.CC: _first_mailbox(lambda found: found.cc),
    SortKey.DATE: _sent,
    SortKey.FROM: _first_mailbox(lambda found: found.from_),
    SortKey.SIZE: lambda row, _: row.length,
    SortKey.SUBJECT: _subject,
    SortKey.TO: _first_mailbox(lambda found: found.to),
}
"""By the name that a client gives it."""
