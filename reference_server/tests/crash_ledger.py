"""What was promised about messages before a crash, to be held against what is there afterwards."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Kept by whoever talks to the store or the server; each entry is made before, or after, the answer came."""

    tried: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    deleting: list[frozenset[str]] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    """Every unique-id ever seen, and the message that it stood for."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, word: str, messages: Collection[str]) -> None:
        """Take an entry: `try`, `stored`, `deleting` or `deleted`."""
        with self.lock:
            match word:
                case "try":
                    self.tried.update(messages)
                case "stored":
                    self.stored.update(messages)
                case "deleting":
                    self.deleting.append(frozenset(messages))
                case "deleted":
                    self.deleted.update(messages)
                case _:
                    raise ValueError(word)

    def check(self, present: Iterable[tuple[str, str]]) -> None:
        """Hold the promises against (unique-id, message) pairs of a maildrop. Raises AssertionError."""
        pairs = list(present)
        there = Counter(message for _, message in pairs)
        assert [message for message, count in there.items() if count > 1] == [], "doubled"
        perhaps_gone = frozenset[str]().union(*self.deleting)
        assert self.stored - perhaps_gone - there.keys() == set(), "acknowledged and lost"
        assert self.deleted & there.keys() == set(), "deleted and back again"
        assert there.keys() - self.tried == set(), "never sent"
        for batch in self.deleting:  # one that was not acknowledged may have been done, and must then stay done
            if batch.isdisjoint(there):
                self.deleted |= batch
        for batch in self.deleting:
            assert batch.isdisjoint(there) or batch <= there.keys() | self.deleted, "deleted in part"
        for unique_id, message in pairs:
            assert self.names.setdefault(unique_id, message) == message, "a unique-id was used again"
        assert len({unique_id for unique_id, _ in pairs}) == len(pairs)
