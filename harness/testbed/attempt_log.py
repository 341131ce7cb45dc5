"""AttemptLog: an Attempt while it is written, and the news of it for those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.testbed.attempt import Attempt, Fate, HopRecipient, Said, Side, Transaction


class News:
    """Wakes everybody who waits for something to change."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def tell(self) -> None:
        """Something has changed."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, holds: Callable[[], bool], within: float) -> bool:
        """Wait until it holds, at most so many seconds; whether it does."""
        try:
            async with asyncio.timeout(within):
                while not holds():
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.append(future)
                    await future
        except TimeoutError:
            return holds()
        return True


@dataclass(slots=True)
class _Open:
    """The transaction that is under way."""

    reverse_path: str
    parameters: tuple[str, ...]
    mail_code: int
    recipients: list[HopRecipient] = field(default_factory=list)


class AttemptLog:
    """One connection's record."""

    def __init__(self, number: int, hop: str, peer: str, clock: Callable[[], float], news: News) -> None:
        self._clock = clock
        self._news = news
        self._said: list[Said] = []
        self._transactions: list[Transaction] = []
        self._reached: list[str] = []
        self._ahead: list[str] = []
        self._open: _Open | None = None
        self._refusal = 0
        self._dropped = False
        self._attempt = Attempt(number, hop, peer, clock(), None, "", Fate.OPEN, (), (), ())

    @property
    def ended(self) -> bool:
        """Whether the connection has ended."""
        return self._attempt.ended is not None

    @property
    def accepted(self) -> int:
        """How many messages were accepted."""
        return sum(1 for each in self._transactions if each.accepted)

    def has_reached(self, point: str) -> bool:
        """Whether the session came to a point."""
        return point in self._reached

    def snapshot(self) -> Attempt:
        """The attempt as it stands."""
        transactions = (*self._transactions, *self._unfinished())
        return replace(
            self._attempt,
            fate=self._fate(),
            said=tuple(self._said),
            transactions=transactions,
            reached=tuple(self._reached),
            ahead=tuple(self._ahead),
        )

    def heard(self, octets: bytes, secure: bool) -> None:
        """The target said this."""
        self._said.append(Said(Side.TARGET, octets, self._clock(), secure))

    def said(self, octets: bytes, secure: bool) -> None:
        """The hop said this."""
        self._said.append(Said(Side.HOP, octets, self._clock(), secure))

    def reach(self, point: str) -> None:
        """The session comes to a point."""
        self._reached.append(point)
        self._news.tell()

    def go_ahead(self, point: str) -> None:
        """The target has sent more before it was answered at a point."""
        self._ahead.append(point)

    def mail(self, reverse_path: str, parameters: tuple[str, ...], code: int) -> None:
        """MAIL was answered; the transaction before it is over."""
        self.abandon()
        self._open = _Open(reverse_path, parameters, code)
        self._judged(code)

    def recipient(self, recipient: HopRecipient) -> None:
        """RCPT was answered."""
        if self._open is not None:
            self._open.recipients.append(recipient)
        self._judged(recipient.code)

    def content(self, message: bytes, raw: bytes, code: int, *, chunked: bool) -> None:
        """The message, or what came of it, and the reply to it."""
        if self._open is not None:
            self._transactions.append(self._closed(self._open, message, raw, code, chunked))
            self._open = None
        self._judged(code)
        self._news.tell()

    def refused(self, code: int) -> None:
        """Another command was answered with this code."""
        self._judged(code)

    def abandon(self) -> None:
        """The transaction under way will get no message."""
        self._transactions.extend(self._unfinished())
        self._open = None

    def secured(self, version: str) -> None:
        """TLS has begun."""
        self._attempt = replace(self._attempt, tls=version)

    def dropped(self) -> None:
        """The hop ends the connection as its plan says."""
        self._dropped = True

    def end(self) -> None:
        """The connection is over."""
        self.abandon()
        self._attempt = replace(self._attempt, ended=self._clock())
        self._news.tell()

    def _judged(self, code: int) -> None:
        if code >= 400:
            self._refusal = code

    def _unfinished(self) -> tuple[Transaction, ...]:
        return (self._closed(self._open, b"", b"", 0, False),) if self._open is not None else ()

    @staticmethod
    def _closed(under_way: _Open, message: bytes, raw: bytes, code: int, chunked: bool) -> Transaction:
        return Transaction(
            under_way.reverse_path,
            under_way.parameters,
            under_way.mail_code,
            tuple(under_way.recipients),
            message,
            raw,
            code,
            chunked,
        )

    def _fate(self) -> Fate:
        if self.accepted:
            return Fate.DELIVERED
        if self._refusal:
            return Fate.DEFERRED if self._refusal < 500 else Fate.REFUSED
        if self._dropped:
            return Fate.DROPPED
        return Fate.LEFT if self.ended else Fate.OPEN
