"""SEARCH, SORT and THREAD, with UID or without (RFC 3501 §6.4.4; RFC 4731, RFC 5182, RFC 5256, RFC 7162 §3.1.5)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING

from reference_server.actions import Action
from reference_server.conversation import Await, blocking
from reference_server.imap import commands
from reference_server.imap.commands import SearchReturn
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.responses import EsearchData, Response, SearchData, SortData, ThreadData
from reference_server.imap.search import Search
from reference_server.imap.searchkeys import SearchKey, uses_mod_sequences
from reference_server.imap.sets import merged, runs
from reference_server.imap.sorting import sorted_uids
from reference_server.imap.view import MailboxView
from reference_server.mime.threading import (
    ThreadedMessage,
    ThreadNode,
    by_references,
    ordered_subject,
    threaded_message,
)

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

ALGORITHMS: Mapping[str, Callable[[Sequence[ThreadedMessage]], tuple[ThreadNode, ...]]] = {
    "ORDEREDSUBJECT": ordered_subject,
    "REFERENCES": by_references,
}
"""By the name that follows THREAD= in the capabilities."""


def _search_of(session: ImapSession, view: MailboxView) -> Search:
    return Search(session.store.mail, session.reader, view, session.context.clock.now())


def _enable_if_used(session: ImapSession, key: SearchKey) -> Generator[Action | Await, object, bool]:
    """MODSEQ is a CONDSTORE enabling key (RFC 7162 §3.1)."""
    used = uses_mod_sequences(key)
    if used:
        yield from session.use_mod_sequences()
    return used


def _highest(
    session: ImapSession, view: MailboxView, uids: Sequence[int]
) -> Generator[Action | Await, object, int | None]:
    """The highest mod-sequence of these messages."""
    if not uids:
        return None
    ranges = merged(runs(uids))
    return (yield from blocking(lambda: session.store.mail.highest_mod_sequence(view.id, ranges)))


def search(session: ImapSession, command: commands.Search) -> Handling:
    """SEARCH; its answer is ESEARCH where result options were given, and always in IMAP4rev2 (RFC 9051 §6.4.4)."""
    view = session.required_view()
    with_mod_sequence = yield from _enable_if_used(session, command.key)
    returns = command.returns
    if returns is None and session.dialect.rev2:
        returns = frozenset({SearchReturn.ALL})
    saves = returns is not None and SearchReturn.SAVE in returns
    job = _search_of(session, view)
    try:
        uids = yield from blocking(lambda: job.run(command.key))
    except BaseException:
        if saves:
            view.save(())  # RFC 5182 §2.1: a SEARCH that fails leaves an empty result
        raise
    numbers = uids if command.uid else view.numbers(uids)
    shown = _shown(uids, returns)
    highest = (yield from _highest(session, view, shown)) if with_mod_sequence else None
    if saves:
        view.save(shown)
    if returns is None:
        yield session.send(SearchData(tuple(numbers), highest))
    elif returns != {SearchReturn.SAVE}:
        yield session.send(_esearch(command, returns, numbers, highest))
    return Completion("Searched")


def _shown(uids: Sequence[int], returns: frozenset[SearchReturn] | None) -> list[int]:
    """What a result says of single messages: only the first or last where only these were asked for; that is also what
    is saved (RFC 5182 §2.1) and whose mod-sequence counts (RFC 4731 §3.2)."""
    if returns is None or returns.isdisjoint({SearchReturn.MIN, SearchReturn.MAX}):
        return list(uids)
    if not returns.isdisjoint({SearchReturn.ALL, SearchReturn.COUNT}):
        return list(uids)
    ends = [uids[0]] * (SearchReturn.MIN in returns) + [uids[-1]] * (SearchReturn.MAX in returns) if uids else []
    return sorted(set(ends))


def _esearch(
    command: commands.Search, returns: frozenset[SearchReturn], numbers: Sequence[int], highest: int | None
) -> Response:
    return EsearchData(
        command.tag,
        uid=command.uid,
        minimum=numbers[0] if numbers and SearchReturn.MIN in returns else None,
        maximum=numbers[-1] if numbers and SearchReturn.MAX in returns else None,
        found=tuple(numbers) if SearchReturn.ALL in returns else (),
        count=len(numbers) if SearchReturn.COUNT in returns else None,
        mod_sequence=highest,
    )


def sort(session: ImapSession, command: commands.Sort) -> Handling:
    """SORT (RFC 5256 §3)."""
    view = session.required_view()
    with_mod_sequence = yield from _enable_if_used(session, command.key)
    job = _search_of(session, view)

    def found() -> list[int]:
        return sorted_uids(job.rows(job.run(command.key)), command.criteria, session.reader)

    uids = yield from blocking(found)
    highest = (yield from _highest(session, view, sorted(uids))) if with_mod_sequence else None
    numbers = uids if command.uid else [number for uid in uids if (number := view.number(uid)) is not None]
    yield session.send(SortData(tuple(numbers), highest))
    return Completion("Sorted")


def thread(session: ImapSession, command: commands.Thread) -> Handling:
    """THREAD (RFC 5256 §3)."""
    view = session.required_view()
    yield from _enable_if_used(session, command.key)
    job = _search_of(session, view)

    def found() -> tuple[ThreadNode, ...]:
        messages = []
        for row in job.rows(job.run(command.key)):
            number = row.uid if command.uid else view.number(row.uid)
            if number is not None:
                messages.append(threaded_message(session.reader.header(row), number, row.internal_date))
        return ALGORITHMS[command.algorithm](messages)

    threads = yield from blocking(found)
    yield session.send(ThreadData(threads))
    return Completion("Threaded")
