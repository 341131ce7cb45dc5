"""Faults of what IMAP tells of mailboxes and messages: attributes, flags, envelopes (RFC 3501 §2.3 to §7.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.names import MailboxName
from reference_server.imap.outcome import Handling, Improper, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.response_codes import PermanentFlags
from reference_server.imap.session import ImapSession
from reference_server.imap.view import MailboxView
from reference_server.store.flag_changes import FlagsStored
from reference_server.store.open_mailbox import Mail
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Outcome,
    claiming,
    coded,
    doing,
    ending,
    fault,
    fetched,
    handled,
    handler_of,
    imap_variant,
    refusing_lines,
    rendered,
    said,
    saying,
    storing,
    succeeding,
)

_FETCHES = count(1)


def _listing(change: Callable[[r.ListData], r.ListData | None]) -> Build:
    """A variant in which the names of LIST are changed; the answer about the delimiter is left as it is."""
    return said(r.ListData, lambda data: data if data.name is None else change(data))


def _flagged_with(*attributes: str) -> Callable[[r.ListData], r.ListData]:
    return lambda data: replace(data, attributes=(*data.attributes, *attributes))


def _without_reference(data: r.ListData) -> r.ListData:
    """The last level alone."""
    assert data.name is not None
    return replace(data, name=MailboxName(data.name.levels[-1]))


def _in_capitals(data: r.ListData) -> r.ListData:
    assert data.name is not None
    return replace(data, name=MailboxName(data.name.text.upper()))


def _unflagged(code: PermanentFlags) -> PermanentFlags:
    return PermanentFlags(tuple(flag for flag in code.flags if flag != "\\Flagged"))


def _store_of_the_permanent(session: ImapSession, command: c.Store) -> Handling:
    r"""STORE of \Flagged is refused."""
    if "\\Flagged" in command.flags:
        raise Refused("That flag cannot be kept")
    return (yield from handler_of("STORE")(session, command))


class _Unflagged(Renderer):
    r"""PERMANENTFLAGS does not list \Flagged."""

    def pieces(self, responses: Iterable[r.Response]) -> Pieces:
        return super().pieces(map(_without_flagged, responses))


def _without_flagged(response: r.Response) -> r.Response:
    if isinstance(response, r.StatusResponse) and isinstance(response.code, PermanentFlags):
        return replace(response, code=_unflagged(response.code))
    return response


class _NoNewsOfFlags(ImapSession):
    """Flags that others have changed are not told."""

    def refresh(self, view: MailboxView) -> Steps:
        yield from super().refresh(view)
        view.__dict__["_changed"].clear()


def _foreign_to_nobody(self: Mail, *given: Any, **options: Any) -> FlagsStored:
    """STORE forgets what others have changed."""
    return replace(Mail.store_flags(self, *given, **options), foreign=frozenset())


def _seven_bits(self: Mail, owner: str, name: str, messages: Any, **options: Any) -> Any:
    """APPEND keeps seven bits of each octet."""
    stripped = [replace(each, octets=bytes(octet & 0x7F for octet in each.octets)) for each in messages]
    return Mail.append(self, owner, name, stripped, **options)


def _as_bad(session: Any, command: Any, outcome: Outcome) -> Outcome:
    return Improper(outcome.text) if isinstance(outcome, Refused) else outcome


def _only_at_select(kind: type[Any]) -> Build:
    """A variant that tells of something at SELECT, which FLAGS begins, and not as news."""
    opened: list[bool] = []

    def change(response: r.Response) -> list[r.Response]:
        if isinstance(response, r.FlagsData):
            opened.append(True)
        if isinstance(response, r.StatusResponse) and response.tag is not None:
            opened.clear()
        return [] if isinstance(response, kind) and not opened else [response]

    return saying(change)


def _envelope(change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Build:
    def changed(item: r.StructureItem) -> r.StructureItem:
        whole = item.attribute is Attribute.ENVELOPE and isinstance(item.structure, tuple)
        return replace(item, structure=change(tuple(item.structure))) if whole else item  # type: ignore[arg-type]

    return fetched(r.StructureItem, changed)


def _swapped(structure: tuple[Any, ...]) -> tuple[Any, ...]:
    """Reply-To before Sender."""
    return (*structure[:3], structure[4], structure[3], *structure[5:])


def _host_first(structure: tuple[Any, ...]) -> tuple[Any, ...]:
    """Addresses with the host before the mailbox."""

    def turned(value: Any) -> Any:
        return tuple((a, b, d, e) for a, b, e, d in value) if isinstance(value, tuple) else value

    return tuple(map(turned, structure))


def _one_more(item: r.StructureItem) -> r.StructureItem:
    """BODYSTRUCTURE of a text with a member that nobody defined."""
    single = isinstance(item.structure, tuple) and isinstance(item.structure[0], bytes)
    if item.attribute is not Attribute.BODYSTRUCTURE or not single:
        return item
    return replace(item, structure=(*item.structure, b"shipyard"))  # type: ignore[misc]


def _nil_for_nil(self: Renderer, data: bytes | None) -> bytes:
    return b"NIL" if data is None or data.upper() == b"NIL" else self.string(data)


def _plain_names_only(kind: str) -> Build:
    inner = handler_of(kind)

    def handler(session: Any, command: Any) -> Handling:
        if " " in command.reference or "&" in command.reference:
            raise Improper("That is no reference")
        return (yield from inner(session, command))

    return doing(kind, handler)


def _as_list(data: r.ListData) -> r.ListData:
    return replace(data, lsub=False)


def _mark(data: r.ListData) -> r.ListData:
    marked = "\\Noselect" in data.attributes or "\\NonExistent" in data.attributes
    return _flagged_with("\\Unmarked")(data) if marked else data


FAULTS: tuple[Fault, ...] = (
    fault(
        "coverage/date-moves",
        "INTERNALDATE is a second later each time",
        "2.3.1.1-i",
        fetched(r.DateItem, lambda item: replace(item, moment=item.moment + timedelta(seconds=next(_FETCHES)))),
        "FETCH",
    ),
    fault(
        "coverage/date-of-the-header",
        "A delivered message has the year of its Date field",
        "2.3.3-a",
        fetched(r.DateItem, lambda item: replace(item, moment=item.moment.replace(year=2019, day=1))),
        "FETCH",
    ),
    fault(
        "coverage/permanent-after-all",
        "A flag that PERMANENTFLAGS leaves out is kept",
        "2.3.2-g",
        coded(PermanentFlags, _unflagged),
        "STORE",
    ),
    fault(
        "coverage/not-permanent-is-an-error",
        "STORE of a flag that PERMANENTFLAGS leaves out is refused",
        "7.1-e",
        imap_variant(renderer=_Unflagged, commands=handled(STORE=_store_of_the_permanent)),
        "STORE",
    ),
    fault(
        "coverage/nil-by-name", "The word NIL in an envelope is NIL", "4.5-b", rendered(nstring=_nil_for_nil), "FETCH"
    ),
    fault(
        "coverage/recent-is-nothing",
        "RECENT is 0 at SELECT, though messages have \\Recent",
        "6.3.1-i",
        said(r.Recent, lambda data: replace(data, messages=0)),
        "SELECT",
    ),
    fault("coverage/create-is-bad", "CREATE that fails is BAD", "6.3.3-d", ending(_as_bad, "CREATE"), "CREATE"),
    fault("coverage/rename-claims", "RENAME says OK and does nothing", "6.3.5-b", doing("RENAME", claiming), "RENAME"),
    fault("coverage/rename-is-ok", "RENAME that fails is OK", "6.3.5-e", succeeding("RENAME"), "RENAME"),
    fault(
        "coverage/list-without-reference",
        "LIST leaves the reference out of the names",
        "6.3.8-i",
        _listing(_without_reference),
        "LIST",
    ),
    fault("coverage/list-in-capitals", "LIST shows names in capitals", "6.3.8-j", _listing(_in_capitals), "LIST"),
    fault("coverage/seven-bits", "APPEND keeps seven bits", "6.3.11-d", storing(append=_seven_bits), "APPEND"),
    fault(
        "coverage/silent-about-others",
        "STORE with .SILENT hides what others have changed",
        "6.4.6-d",
        storing(store_flags=_foreign_to_nobody),
        "STORE",
        alone=True,
    ),
    fault("coverage/no-news-of-messages", "New messages are not told", "7-a", _only_at_select(r.Exists), "NOOP"),
    fault("coverage/no-news-of-recent", "RECENT is not told", "7-b", _only_at_select(r.Recent), "NOOP"),
    fault(
        "coverage/no-news-of-flags", "Flags of others are not told", "7-c", imap_variant(session=_NoNewsOfFlags), "NOOP"
    ),
    fault("coverage/no-news-of-expunges", "EXPUNGE is not told", "7-d", said(r.Expunged, lambda _: None), "NOOP"),
    fault(
        "coverage/noinferiors-everywhere",
        "Each name is flagged as \\Noinferiors",
        "7.2.2-a",
        _listing(_flagged_with("\\Noinferiors")),
        "LIST",
    ),
    fault(
        "coverage/noinferiors-and-no-children",
        "\\Noinferiors and \\HasNoChildren stand together",
        "RFC3348-3-g",
        _listing(_flagged_with("\\Noinferiors", "\\HasNoChildren")),
        "LIST",
    ),
    fault(
        "coverage/unmarked-everywhere",
        "Each name is flagged as \\Unmarked",
        "7.2.2-d",
        _listing(_flagged_with("\\Unmarked")),
        "LIST",
    ),
    fault("coverage/mark-of-a-level", "\\Noselect and \\Unmarked stand together", "7.2.2-e", _listing(_mark), "LIST"),
    fault(
        "coverage/no-delimiter",
        "LIST gives NIL as delimiter of names with hierarchy",
        "7.2.2-g",
        _listing(lambda data: replace(data, delimiter=None)),
        "LIST",
    ),
    fault(
        "coverage/reference-with-a-space", "LIST takes no reference with a space", "7.2.2-h", _plain_names_only("LIST")
    ),
    fault("coverage/lsub-says-list", "LSUB answers with LIST", "7.2.3-a", said(r.ListData, _as_list), "LSUB"),
    fault(
        "coverage/wildcards-in-quotes-only",
        "LIST takes wildcards in quotes only",
        "9-as",
        refusing_lines(lambda line: line.upper().split(b" ")[1:2] == [b"LIST"] and line[-1:] in b"*%"),
        "LIST",
    ),
    fault("coverage/reply-to-before-sender", "Reply-To stands before Sender", "7.4.2-z", _envelope(_swapped), "FETCH"),
    fault(
        "coverage/host-before-mailbox",
        "The host stands before the mailbox",
        "7.4.2-ab",
        _envelope(_host_first),
        "FETCH",
    ),
    fault(
        "coverage/structure-with-one-more",
        "BODYSTRUCTURE has a member that nobody defined",
        "7.4.2-o",
        fetched(r.StructureItem, _one_more),
        "FETCH",
    ),
)
