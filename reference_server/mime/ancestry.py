"""Who answers whom: the parents that references give to messages, before any pruning.

Knows step (1) of REFERENCES (RFC 5256 §3). A message is its index; a message that is only referred to gets an index
after those. Nearly linear: two messages that nothing ever connected cannot be ancestors of each other, so only links
inside of one connected set are walked.
"""

from __future__ import annotations

from collections.abc import Sequence

NONE = -1


class Ancestry:
    """A forest over messages, grown link by link, in which no link ever closes a loop."""

    def __init__(self, messages: int) -> None:
        self.parents = [NONE] * messages
        self._leaders = list(range(messages))

    def add(self) -> int:
        """One more message, without a parent."""
        self.parents.append(NONE)
        self._leaders.append(len(self._leaders))
        return len(self._leaders) - 1

    def link(self, parent: int, child: int) -> None:
        """Make one message the parent of another, unless that would introduce a loop."""
        if self._is_above(child, parent):
            return
        self.parents[child] = parent
        self._leaders[self._leader(child)] = self._leader(parent)

    def unlink(self, child: int) -> None:
        """Take away the parent, if there is one."""
        self.parents[child] = NONE

    def _is_above(self, ancestor: int, message: int) -> bool:
        """Whether one message is the other, or above it."""
        if self._leader(ancestor) != self._leader(message):
            return False
        while message not in (ancestor, NONE):
            message = self.parents[message]
        return message == ancestor

    def _leader(self, message: int) -> int:
        leaders = self._leaders
        while leaders[message] != message:
            leaders[message] = leaders[leaders[message]]
            message = leaders[message]
        return message


def ancestry(ids: Sequence[bytes | None], references: Sequence[Sequence[bytes]]) -> Ancestry:
    """The parents of messages, each with its id (None where it has none) and its references, oldest first."""
    by_id: dict[bytes, int] = {}
    for index, message_id in enumerate(ids):
        if message_id is not None:
            by_id.setdefault(message_id, index)  # a later message with the same id is found by nobody
    forest = Ancestry(len(ids))
    for index, ancestors in enumerate(references):
        previous = NONE
        for reference in ancestors:  # (A)
            current = by_id.get(reference, NONE)
            if current == NONE:
                current = by_id[reference] = forest.add()
            if previous != NONE and forest.parents[current] == NONE:
                forest.link(previous, current)
            previous = current
        forest.unlink(index)  # (B)
        if previous != NONE:
            forest.link(previous, index)
    return forest
