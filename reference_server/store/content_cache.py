"""What was made of messages' octets lately: octets never change, so neither does what was made of them.

Bounded by the octets of the messages. Callable from any thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class ContentCache(Generic[V]):
    """Values by the number of a content; the least recently used go first."""

    def __init__(self, most_octets: int) -> None:
        self._most = most_octets
        self._held = 0
        self._values: OrderedDict[int, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, content: int) -> V | None:
        """What is kept of it, if it is."""
        with self._lock:
            found = self._values.get(content)
            if found is None:
                return None
            self._values.move_to_end(content)
            return found[0]

    def obtain(self, content: int, octets: int, make: Callable[[], V]) -> V:
        """What is kept, or what `make` makes, which is kept then; `octets` is the size of the message."""
        found = self.get(content)
        if found is not None:
            return found
        made = make()
        with self._lock:
            if content not in self._values and octets <= self._most:
                self._values[content] = (made, octets)
                self._held += octets
                while self._held > self._most:
                    _, (_, dropped) = self._values.popitem(last=False)
                    self._held -= dropped
        return made
