"""What every sans-IO session of the server has in common: a conversation written as one generator.

A generator yields what it wants of the world, in order, and is resumed with the answer: an `Action` for the shell, or
an `Await` for what the client has yet to send. So a command that needs a password check, a client's answer and another
check reads from top to bottom. Knows no protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from reference_server.actions import Action, Close, Send, SessionContext, StartTls, Work
from reference_server.backend import MaildropLocked, Rejected, StoreFailure
from reference_server.lines import Framing, LineBuffer

T = TypeVar("T")

_OUTPUT_AT_ONCE = 64 * 1024
"""Octets of responses in one list of actions, after which the session waits until they are written. Else a batch of
short commands with long responses would be answered into memory, however slowly the client reads."""


@dataclass(frozen=True, slots=True)
class Await:
    """Go on when `take` gets something out of the buffer; None says that more must come first."""

    take: Callable[[LineBuffer], object | None]


Steps = Generator[Action | Await, object, None]
"""A conversation, or a part of one."""


def blocking(call: Callable[[], T]) -> Generator[Action | Await, object, T]:
    """Have the shell run `call` where it may block; its result is the result of this.

    Raises what `call` raises of the seam's own exceptions; anything else means that the store or the accounts are
    broken in a way that nobody foresaw, and becomes a temporary StoreFailure.
    """
    try:
        return cast(T, (yield Work(call)))
    except (MaildropLocked, Rejected, StoreFailure):
        raise
    except Exception as error:
        raise StoreFailure(f"unexpected {error!r}") from error


def with_cause(response: Send, failure: StoreFailure) -> Send:
    """The response to a failure of the server's own; the cause is for the log, not for the client."""
    return replace(response, logged=f"{response.data.decode('ascii', 'replace').rstrip()}  (cause: {str(failure)!r})")


def next_line(limit: int) -> Generator[Action | Await, object, bytes | Framing]:
    """The client's next line without its CRLF; `limit` octets with it."""
    return cast(bytes | Framing, (yield Await(lambda buffer: buffer.take_line(limit))))


def _nothing() -> None:
    """A Work that is done at once: what was sent before it has been written by then."""


class Conversation(ABC):
    """A session whose behaviour is the generator that `converse` makes. Subclasses are the protocols."""

    def __init__(self, context: SessionContext) -> None:
        self.context = context
        self.encrypted = context.encrypted
        self._buffer = LineBuffer()
        self._steps = self.converse()
        self._waiting: Action | Await | None = None
        self._over = False
        self._pausing = False

    @abstractmethod
    def converse(self) -> Steps:
        """The whole session, greeting first. It ends by yielding Close."""

    def greeting(self) -> list[Action]:
        """See `Session`."""
        return self._go_on(None)

    def receive(self, data: bytes) -> list[Action]:
        """See `Session`."""
        if self._over or isinstance(self._waiting, StartTls):
            return []
        self._buffer.feed(data)
        return [] if self._pausing else self._take_input()

    def resume(self, result: object) -> list[Action]:
        """See `Session`."""
        if self._over:
            return []
        if self._pausing:
            self._pausing = False
            return self._take_input()
        return self._go_on(result)

    def tls_started(self) -> list[Action]:
        """See `Session`."""
        self.encrypted = True
        return self._go_on(None)

    def connection_lost(self) -> None:
        """See `Session`. Subclasses release what they hold, then call this."""
        self._over = True
        self._steps.close()

    def _take_input(self) -> list[Action]:
        found = self._taken()
        return [] if found is None else self._go_on(found)

    def _taken(self) -> object | None:
        return self._waiting.take(self._buffer) if isinstance(self._waiting, Await) else None

    def _go_on(self, answer: object) -> list[Action]:
        """Run the generator until it waits for something that is not there."""
        actions: list[Action] = []
        octets = 0
        while (wanted := self._advance(answer)) is not None:
            self._waiting = wanted
            if isinstance(wanted, Await):
                if octets > _OUTPUT_AT_ONCE:
                    self._pausing = True
                    actions.append(Work(_nothing))
                    break
                if (answer := self._taken()) is None:
                    break
                continue
            actions.append(wanted)
            answer = None
            octets += len(wanted.data) if isinstance(wanted, Send) else 0
            if isinstance(wanted, Close):
                self._over = True
            if isinstance(wanted, StartTls):
                # Sent in the clear, by whoever was able to: it must not be acted on under TLS.
                self._buffer.clear()
            if isinstance(wanted, (Work, StartTls, Close)):
                break
        return actions

    def _advance(self, answer: object) -> Action | Await | None:
        try:
            if isinstance(answer, BaseException):
                return self._steps.throw(answer)
            return self._steps.send(answer)
        except StopIteration:
            self._over = True
            return None
