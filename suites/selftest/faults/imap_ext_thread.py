"""Faults of THREAD (RFC 5256 §3): whose ids are whose, the steps of REFERENCES, ORDEREDSUBJECT, and the form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from reference_server.conversation import blocking
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap import searchkeys as k
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.search import Search
from reference_server.imap.searching import ALGORITHMS
from reference_server.imap.session import ImapSession
from reference_server.mime.message_ids import message_ids, references
from reference_server.mime.parse import Entity
from reference_server.mime.threading import ThreadedMessage, ThreadNode, by_references, threaded_message
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import doing, fault, hearing, meaning, refusing_lines, said

_Messages = Sequence[ThreadedMessage]
_Threads = tuple[ThreadNode, ...]
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _threading(
    seen: Callable[[Entity, ThreadedMessage], ThreadedMessage] = lambda _, message: message,
    algorithms: Mapping[str, Callable[[_Messages], _Threads]] = ALGORITHMS,
) -> Build:
    """A variant that sees something else in messages, or has another algorithm."""

    def thread(session: ImapSession, command: c.Thread) -> Handling:
        view = session.required_view()
        job = Search(session.store.mail, session.reader, view, session.context.clock.now())

        def found() -> _Threads:
            messages = []
            for row in job.rows(job.run(command.key)):
                number = view.number(row.uid)
                if number is not None:
                    entity = session.reader.header(row)
                    messages.append(seen(entity, threaded_message(entity, number, row.internal_date)))
            return algorithms[command.algorithm](messages)

        threads = yield from blocking(found)
        yield session.send(r.ThreadData(threads))
        return Completion("Threaded")

    return doing("THREAD", thread)


def _seeing(change: Callable[[ThreadedMessage], ThreadedMessage]) -> Build:
    return _threading(lambda _, message: change(message))


def _among(change: Callable[[_Messages], _Messages]) -> Build:
    """A variant whose REFERENCES works on other messages."""
    return _threading(algorithms={**ALGORITHMS, "REFERENCES": lambda messages: by_references(change(messages))})


def _answered(entity: Entity, message: ThreadedMessage) -> ThreadedMessage:
    """In-Reply-To weighs more than References."""
    ids = message_ids(entity.header.first(b"in-reply-to") or b"")[:1]
    return replace(message, references=ids or message.references)


def _without_in_reply_to(entity: Entity, message: ThreadedMessage) -> ThreadedMessage:
    return replace(message, references=message_ids(entity.header.first(b"references") or b""))


def _as_written(entity: Entity, message: ThreadedMessage) -> ThreadedMessage:
    """Ids with their quotes."""
    found = re.findall(rb"<([^>]+)>", entity.header.first(b"references") or b"")
    return replace(message, references=tuple(found) or references(entity))


def _lower(message: ThreadedMessage) -> ThreadedMessage:
    own = message.message_id and message.message_id.lower()
    return replace(message, message_id=own, references=tuple(each.lower() for each in message.references))


def _with_ids_of_their_own(messages: _Messages) -> _Messages:
    """Messages without an id, or with that of another, fall out."""
    found = {message.message_id: message for message in reversed(messages)}
    return [message for message in messages if message.message_id and found[message.message_id] is message]


def _without_loops(messages: _Messages) -> _Messages:
    """Messages that are above themselves fall out."""
    parents: dict[bytes | None, set[bytes]] = {message.message_id: set(message.references) for message in messages}
    return [
        message
        for message in messages
        if not any(
            each == message.message_id or message.message_id in parents.get(each, ()) for each in message.references
        )
    ]


def _with_parents(messages: _Messages) -> _Messages:
    """Messages whose parent is missing fall out."""
    ids = {message.message_id for message in messages}
    return [message for message in messages if not message.references or message.references[-1] in ids]


def _overwritten(messages: _Messages) -> _Messages:
    """What a later message says of its ancestors replaces what they say themselves."""
    parents = {
        child: parent
        for message in messages
        for parent, child in zip(message.references, message.references[1:], strict=False)
    }
    return [
        replace(message, references=(parents[message.message_id],)) if message.message_id in parents else message
        for message in messages
    ]


def _in_one(data: r.ThreadData) -> r.ThreadData:
    """All threads in one."""
    return r.ThreadData((ThreadNode(None, data.threads),)) if len(data.threads) > 1 else data


FAULTS: tuple[Fault, ...] = (
    fault(
        "thread/keys-are-ignored",
        "THREAD threads all messages, whatever is searched for",
        "RFC5256-3.THREAD-a",
        meaning(c.Thread, lambda command: replace(command, key=k.Everything())),
        "THREAD",
    ),
    fault("thread/all-in-one", "All threads are one", "RFC5256-3.THREAD-a", said(r.ThreadData, _in_one), "THREAD"),
    fault(
        "thread/charset-is-optional",
        "THREAD without a charset is carried out",
        "RFC5256-3.THREAD-b",
        hearing(lambda line: line.replace(b"REFERENCES ALL", b"REFERENCES UTF-8 ALL")),
        "THREAD",
    ),
    fault(
        "thread/no-ascii",
        "US-ASCII is no charset of THREAD",
        "RFC5256-3.THREAD-c",
        refusing_lines(lambda line: b"THREAD" in line and b"US-ASCII" in line),
        "THREAD",
    ),
    fault(
        "thread/uid-thread-by-number",
        "UID THREAD gives message numbers",
        "RFC5256-3.THREAD-d",
        meaning(c.Thread, lambda command: replace(command, uid=False)),
        "THREAD",
    ),
    fault(
        "thread/whole-subjects",
        "ORDEREDSUBJECT tells replies from what they answer",
        "RFC5256-3.THREAD-g",
        _seeing(lambda message: replace(message, subject=f"{message.subject}{message.is_reply}")),
        "THREAD",
    ),
    fault(
        "thread/one-algorithm",
        "ORDEREDSUBJECT is REFERENCES",
        "RFC5256-3.THREAD-g",
        meaning(c.Thread, lambda command: replace(command, algorithm="REFERENCES")),
        "THREAD",
    ),
    fault(
        "thread/by-number",
        "Threads and their messages come in the order of the mailbox",
        "RFC5256-3.THREAD-h RFC5256-3.THREAD-s",
        _seeing(lambda message: replace(message, sent=_LONG_AGO)),
        "THREAD",
    ),
    fault(
        "thread/ids-with-quotes",
        "Quotes in an id make another id",
        "RFC5256-3.THREAD-i",
        _threading(_as_written),
        "THREAD",
    ),
    fault("thread/ids-without-case", "Ids are compared without case", "RFC5256-3.THREAD-j", _seeing(_lower), "THREAD"),
    fault(
        "thread/no-references",
        "REFERENCES knows subjects alone",
        "RFC5256-3.THREAD-k",
        _seeing(lambda message: replace(message, references=())),
        "THREAD",
    ),
    fault(
        "thread/no-in-reply-to",
        "In-Reply-To is not read",
        "RFC5256-3.THREAD-l",
        _threading(_without_in_reply_to),
        "THREAD",
    ),
    fault(
        "thread/in-reply-to-first",
        "In-Reply-To weighs more than References",
        "RFC5256-3.THREAD-l",
        _threading(_answered),
        "THREAD",
    ),
    fault(
        "thread/ids-that-are-none",
        "Messages without an id of their own are left out",
        "RFC5256-3.THREAD-m",
        _among(_with_ids_of_their_own),
        "THREAD",
    ),
    fault(
        "thread/loops-are-lost",
        "Messages that refer to each other are left out",
        "RFC5256-3.THREAD-n",
        _among(_without_loops),
        "THREAD",
    ),
    fault(
        "thread/later-word-counts",
        "A parent that is known is replaced by what a later message says",
        "RFC5256-3.THREAD-o",
        _among(_overwritten),
        "THREAD",
    ),
    fault(
        "thread/orphans-are-lost",
        "Messages whose parent is missing are left out",
        "RFC5256-3.THREAD-p",
        _among(_with_parents),
        "THREAD",
    ),
    fault(
        "thread/no-subjects",
        "REFERENCES does not gather threads by subject",
        "RFC5256-3.THREAD-q RFC5256-3.THREAD-r",
        _seeing(lambda message: replace(message, subject="")),
        "THREAD",
    ),
    fault(
        "thread/any-algorithm",
        "An unknown algorithm is taken for REFERENCES",
        "RFC5256-3.THREAD.algorithm-a",
        hearing(lambda line: line.replace(b"THREAD ZEPPELIN", b"THREAD REFERENCES")),
        "THREAD",
    ),
)
