"""THREAD: messages gathered into threads.

Knows RFC 5256 §3: ORDEREDSUBJECT whole, and steps (2) to (6) of REFERENCES. No step recurses, so a thread may be as
long as a mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reference_server.mime.ancestry import NONE, ancestry
from reference_server.mime.collation import fold
from reference_server.mime.dates import sent_date
from reference_server.mime.message_ids import message_id, references
from reference_server.mime.parse import Entity
from reference_server.mime.subject import base_subject


@dataclass(frozen=True, slots=True)
class ThreadedMessage:
    """What threading needs of a message.

    `number` is what the answer shows, a sequence number or a UID. `subject` is the base subject, folded. `sent` is the
    sent date, or the internal date where there is none (RFC 5256 §2.2). Ids are normalized.
    """

    number: int
    subject: str
    is_reply: bool
    sent: datetime
    message_id: bytes | None = None
    references: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ThreadNode:
    """A message and its children; `number` is None for a parent that is not among the messages."""

    number: int | None
    children: tuple[ThreadNode, ...] = ()


def threaded_message(message: Entity, number: int, internal_date: datetime) -> ThreadedMessage:
    """What threading needs of a message, read from it. `internal_date` has a time zone."""
    subject = base_subject(message.header.first(b"subject"))
    sent = sent_date(message.header.first(b"date"))
    return ThreadedMessage(
        number=number,
        subject=fold(subject.text),
        is_reply=subject.is_reply,
        sent=sent.instant if sent else internal_date,
        message_id=message_id(message),
        references=references(message),
    )


def ordered_subject(messages: Sequence[ThreadedMessage]) -> tuple[ThreadNode, ...]:
    """Threads of one subject each, whose first message is the parent of all others. Messages are in mailbox order."""
    threads: dict[str, list[ThreadedMessage]] = {}
    for message in sorted(messages, key=lambda message: message.sent):
        threads.setdefault(message.subject, []).append(message)
    return tuple(
        [
            ThreadNode(first.number, tuple([ThreadNode(other.number) for other in others]))
            for first, *others in threads.values()
        ]
    )


def by_references(messages: Sequence[ThreadedMessage]) -> tuple[ThreadNode, ...]:
    """Threads by ancestry, and by subject where ancestry says nothing (REFERENCES). Messages are in mailbox order."""
    forest = ancestry([message.message_id for message in messages], [message.references for message in messages])
    threads = _Threads(messages, forest.parents)
    threads.prune()
    threads.gather_subjects()
    return threads.nodes()


class _Threads:
    """Trees over indices: a message's own, or, from `len(messages)` on, that of a dummy message."""

    def __init__(self, messages: Sequence[ThreadedMessage], parents: Sequence[int]) -> None:
        self._messages = messages
        self._children: list[list[int]] = [[] for _ in parents]
        self._roots: list[int] = []
        for index, parent in enumerate(parents):  # step (2)
            (self._roots if parent == NONE else self._children[parent]).append(index)

    def prune(self) -> None:
        """Step (3): no dummy stays but one at the top with several children."""
        for index in self._upwards():
            self._children[index] = self._spliced(self._children[index])
        roots = []
        for root in self._roots:
            keep = not self._is_dummy(root) or len(self._children[root]) > 1
            roots += [root] if keep else self._children[root]
        self._roots = roots

    def _spliced(self, siblings: list[int]) -> list[int]:
        """Siblings with the children of each dummy in its place. The longest list grows, so that chains stay cheap."""
        lists = [self._children[sibling] for sibling in siblings if self._is_dummy(sibling)]
        if not lists:
            return siblings
        lists.append([sibling for sibling in siblings if not self._is_dummy(sibling)])
        longest = max(lists, key=len)
        for other in lists:
            if other is not longest:
                longest += other
        return longest

    def gather_subjects(self) -> None:
        """Steps (4) and (5): merge threads of one subject."""
        self._roots.sort(key=self._order)
        table: dict[str, int] = {}
        for root in self._roots:
            subject = self._first_message(root).subject
            if subject and (subject not in table or self._represents_better(root, table[subject])):
                table[subject] = root
        merged = set()
        for root in self._roots:
            subject = self._first_message(root).subject
            if subject and table[subject] != root:
                merged |= {root, table[subject]}
                table[subject] = self._merge(table[subject], root)
        kept = [root for root in self._roots if root not in merged]
        self._roots = kept + sorted(set(table.values()) - set(kept))

    def _represents_better(self, root: int, present: int) -> bool:
        if self._is_dummy(present):
            return False
        return self._is_dummy(root) or (self._messages[present].is_reply and not self._messages[root].is_reply)

    def _merge(self, present: int, root: int) -> int:
        """Merge a thread into the one that stands for its subject; what stands for the subject from now on."""
        if self._is_dummy(present):
            self._children[present] += self._children[root] if self._is_dummy(root) else [root]
            return present
        if self._messages[root].is_reply and not self._messages[present].is_reply:
            self._children[present].append(root)
            return present
        self._children.append([present, root])
        return len(self._children) - 1

    def nodes(self) -> tuple[ThreadNode, ...]:
        """Step (6): the trees, siblings by sent date."""
        nodes: dict[int, ThreadNode] = {}
        for index in self._upwards():
            children = tuple([nodes.pop(child) for child in sorted(self._children[index], key=self._order)])
            nodes[index] = ThreadNode(None if self._is_dummy(index) else self._messages[index].number, children)
        return tuple([nodes[root] for root in sorted(self._roots, key=self._order)])

    def _upwards(self) -> list[int]:
        """All indices, children before parents."""
        downwards = list(self._roots)
        for index in downwards:
            downwards.extend(self._children[index])
        downwards.reverse()
        return downwards

    def _is_dummy(self, index: int) -> bool:
        return index >= len(self._messages)

    def _first(self, index: int) -> int:
        """A message, or the first child by sent date of a dummy, which after pruning is a message."""
        return min(self._children[index], key=self._order_of_message) if self._is_dummy(index) else index

    def _first_message(self, index: int) -> ThreadedMessage:
        return self._messages[self._first(index)]

    def _order(self, index: int) -> tuple[datetime, int]:
        return self._order_of_message(self._first(index))

    def _order_of_message(self, index: int) -> tuple[datetime, int]:
        return self._messages[index].sent, index
