"""What clients do that are cut off, too fast, too early, or always wrong (POSTEL requirements, RFC 5321 §2.3.7)."""

from __future__ import annotations

from collections.abc import Callable

from reference_server.actions import Action
from reference_server.backend import Envelope
from reference_server.conversation import Await, Steps
from reference_server.lines import Framing
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Build
from suites.selftest.smtp_variants import fault, smtp_variant

#: Lines of one segment that are too many.
_MANY = 50
#: Wrong commands of one client that are enough.
_ENOUGH = 100


def _hearing(change: Callable[[bytes], bytes]) -> Build:
    """A variant that hears other octets in each segment."""

    class Hearing(SmtpSession):
        def receive(self, data: bytes) -> list[Action]:
            return super().receive(change(data))

    return smtp_variant(Hearing)


class _TwiceWhereUnsure(SmtpSession):
    """A message whose client is gone without QUIT is delivered once more."""

    last: tuple[Envelope, bytes] | None = None

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        self.last = envelope, super().prepared(envelope, message)
        return self.last[1]

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and line.upper() == b"QUIT":
            self.last = None
        yield from super().answer(line)

    def connection_lost(self) -> None:
        super().connection_lost()
        if self.last is not None:
            self.context.delivery.deliver(*self.last)


class _Tires(SmtpSession):
    """After a hundred wrong commands nothing is answered any more, and the connection stays open."""

    errors = 0

    def answer(self, line: bytes | Framing) -> Steps:
        try:
            yield from super().answer(line)
        except CommandRefused:
            self.errors += 1
            if self.errors > _ENOUGH:
                yield Await(lambda buffer: None)
            raise


class _GreetsAgain(SmtpSession):
    """Whoever speaks first is greeted once more, instead of an answer."""

    answered = False

    def answer(self, line: bytes | Framing) -> Steps:
        if not self.answered:
            self.answered = True
            yield self.reply(replies.READY)
        else:
            yield from super().answer(line)


FAULTS = (
    fault(
        "rude/flood-is-cut",
        "Of a segment only the first fifty lines are read",
        "POSTEL-smtp_load-c",
        _hearing(lambda data: b"".join(data.splitlines(keepends=True)[:_MANY])),
        "RSET",
    ),
    fault(
        "rude/whole-segments",
        "What does not end in LF is thrown away",
        "2.3.7-a POSTEL-smtp_load-a",
        _hearing(lambda data: data if data.endswith(b"\n") else b""),
        "RSET",
    ),
    fault(
        "rude/errors",
        "After a hundred wrong commands a client waits for ever",
        "POSTEL-smtp_line-h",
        smtp_variant(_Tires),
        "FROBNICATE",
    ),
    fault(
        "rude/greets-again",
        "The first command is answered by another greeting",
        "POSTEL-smtp_session-d",
        smtp_variant(_GreetsAgain),
        "EHLO",
    ),
    fault(
        "rude/twice-where-unsure",
        "A message whose client is gone is delivered twice",
        "POSTEL-smtp_session-c",
        smtp_variant(_TwiceWhereUnsure),
        "DATA",
    ),
)
