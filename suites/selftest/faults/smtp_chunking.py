"""CHUNKING and BINARYMIME: chunks that are counted, kept, refused and ended in another way (RFC 3030)."""

from __future__ import annotations

from dataclasses import replace

from reference_server.actions import Action, Send
from reference_server.backend import BodyType, Envelope
from reference_server.conversation import Await, Steps
from reference_server.lines import Framing
from reference_server.smtp import replies, transaction
from reference_server.smtp.grammar import Chunk
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import State
from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import (
    accepted_in,
    altered,
    fault,
    handled,
    hearing,
    instead,
    relisted,
    replying,
    sessions,
    smtp_variant,
    swap,
    table,
    unconditional,
)


def _chunk(slug: str, title: str, requirements: str, build: Build, seen_in: str = "") -> Fault:
    return fault(f"chunk/{slug}", title, requirements, build, "BDAT", seen_in=seen_in)


def _forgets_chunks(session: SmtpSession, octets: bytes) -> None:
    session.chunks = bytearray(octets)
    session.state = State.CHUNKS_GIVEN


def _undots(session: SmtpSession, octets: bytes) -> None:
    session.chunks += octets.replace(b"\r\n.", b"\r\n")
    session.state = State.CHUNKS_GIVEN


def _keeps_chunks(session: SmtpSession) -> None:
    """The transaction ends, and its chunks stay."""
    session.envelope = Envelope("", ())
    if session.state is not State.CONNECTED:
        session.state = State.READY


def _delivers_at_once(session: SmtpSession, chunk: Chunk) -> Steps:
    """Every chunk is a message."""
    envelope, state = session.envelope, session.state
    yield from transaction.bdat(session, Chunk(chunk.size, last=True))
    if not chunk.last:
        session.envelope, session.state = envelope, state


def _not_discarded(session: SmtpSession, chunk: Chunk) -> Steps:
    raise CommandRefused(replies.BAD_SEQUENCE)
    yield


def _waits_for_the_last(session: SmtpSession, chunk: Chunk) -> Steps:
    """Only the last chunk is answered."""
    steps = transaction.bdat(session, chunk)
    answer: object = None
    while True:
        try:
            wanted = steps.throw(answer) if isinstance(answer, BaseException) else steps.send(answer)
        except StopIteration:
            return
        if isinstance(wanted, Send) and not chunk.last:
            answer = None
            continue
        try:
            answer = yield wanted
        except Exception as error:
            answer = error


class _DeliversHalf(SmtpSession):
    """What has come of a message is delivered when the connection is lost."""

    def connection_lost(self) -> None:
        if self.envelope.recipients:
            octets = bytes(self.chunks) or b"Subject: half\r\n\r\n"
            self.context.delivery.deliver(self.envelope, self.prepared(self.envelope, octets))
        super().connection_lost()


class _ChunksOnly(SmtpSession):
    """After the first chunk DATA is refused."""

    chunked = False

    def answer(self, line: bytes | Framing) -> Steps:
        verb = line.upper() if isinstance(line, bytes) else b""
        self.chunked = self.chunked or verb.startswith(b"BDAT")
        if self.chunked and verb == b"DATA":
            raise CommandRefused(replies.BAD_SEQUENCE)
        yield from super().answer(line)


class _AnswersOnce(SmtpSession):
    """A chunk is answered once, for however many recipients."""

    def answer(self, line: bytes | Framing) -> Steps:
        answered = not (isinstance(line, bytes) and line.upper().startswith(b"BDAT"))
        told = False

        def once(wanted: Action | Await) -> list[Action | Await]:
            nonlocal told
            again, told = told and isinstance(wanted, Send), told or isinstance(wanted, Send)
            return [] if again else [wanted]

        yield from super().answer(line) if answered else altered(super().answer(line), once)


class _RefusesBinary(SmtpSession):
    """Messages are read for what they say of their encoding."""

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        if envelope.body is not BodyType.BINARY and b"Content-Transfer-Encoding: binary" in message:
            raise CommandRefused(replies.FAILED)
        return super().prepared(envelope, message)


_UNDISCARDED = table(
    lambda state, verb, command: (
        replace(command, handler=_not_discarded)
        if verb == "BDAT" and command.handler is transaction.bdat_out_of_sequence
        else command
    )
)


FAULTS = (
    _chunk(
        "dots-are-undone",
        "Dots are undone in chunks too",
        "RFC3030-2-c RFC3030-2-d",
        sessions(add_chunk=_undots),
        "servers that share the reader of DATA",
    ),
    _chunk(
        "last-chunk-alone",
        "Only the last chunk is kept",
        "RFC3030-2-d RFC3030-2-f RFC3030-2-h",
        sessions(add_chunk=_forgets_chunks),
    ),
    _chunk(
        "each-a-message",
        "Every chunk is a message of its own",
        "RFC3030-2-d RFC3030-2-f",
        handled(_delivers_at_once, "BDAT"),
    ),
    _chunk(
        "one-reply", "Only the last chunk is answered", "RFC3030-2-h RFC3030-2-d", handled(_waits_for_the_last, "BDAT")
    ),
    _chunk(
        "no-empty-chunk",
        "A chunk must have octets",
        "RFC3030-2-f RFC3030-2-h",
        instead(rb"^BDAT 0", b"501 5.5.4 nothing to take"),
    ),
    _chunk("no-data", "After a message in chunks DATA is refused", "RFC3030-2-b", smtp_variant(_ChunksOnly)),
    _chunk(
        "refused-octets-are-commands",
        "The octets of a chunk out of order are read as commands",
        "RFC3030-2-i RFC3030-2-g",
        smtp_variant(commands=_UNDISCARDED),
        "Exim before 4.89",
    ),
    _chunk("after-last", "A chunk behind the last one is taken", "RFC3030-2-g", accepted_in((State.READY,), "BDAT")),
    _chunk(
        "without-a-transaction",
        "A chunk without recipients is taken",
        "RFC3030-2-o RFC3030-2-i RFC3030-2-k",
        accepted_in((State.READY, State.SENDER_GIVEN), "BDAT"),
    ),
    _chunk(
        "failed-silently",
        "Of chunks that are refused in a group only the first is answered",
        "RFC3030-2-k",
        replying(rb"^BDAT \d+ LAST", lambda data: b"" if data.startswith(b"503") else data),
    ),
    _chunk(
        "data-behind-chunks", "DATA is taken behind chunks", "RFC3030-2-m", accepted_in((State.CHUNKS_GIVEN,), "DATA")
    ),
    _chunk("rset-keeps-chunks", "RSET keeps chunks", "RFC3030-2-p", sessions(end_transaction=_keeps_chunks)),
    _chunk(
        "loose-syntax",
        "BDAT takes what it does not understand for nothing",
        "RFC3030-2-q",
        instead(rb"^BDAT(?! \d+(?: LAST)?$)", b"250 2.0.0 0 octets"),
    ),
    _chunk(
        "syntax-is-500",
        "Wrong arguments of BDAT are refused by 500",
        "RFC3030-2-q",
        replying(rb"^BDAT", swap(rb"^501", b"500")),
    ),
    _chunk(
        "half-is-delivered",
        "A message whose connection was lost is delivered as far as it came",
        "RFC3030-2-r 4.1.1.10-d 3.8-d 4.1.1.5-e POSTEL-smtp_session-a",
        smtp_variant(_DeliversHalf),
    ),
    _chunk("lower-case", "LAST must be in upper case", "2.4-a", hearing(rb"^(bdat \d+) (?-i:last)$", rb"\1 X")),
    _chunk("binary-by-data", "DATA is taken behind BODY=BINARYMIME", "RFC3030-3-d", unconditional("DATA")),
    _chunk(
        "binarymime-is-unknown",
        "BINARYMIME is listed, and refused",
        "RFC3030-3-b 4.2.4-c",
        instead(rb"^MAIL.*BINARYMIME", b"501 5.5.4 7BIT or 8BITMIME"),
        "servers that list what their proxy takes",
    ),
    _chunk(
        "binary-encoding",
        "A message whose encoding is binary is refused behind DATA",
        "RFC3030-3-i",
        smtp_variant(_RefusesBinary),
    ),
    _chunk(
        "chunking-with-a-parameter",
        "CHUNKING is listed with a parameter",
        "RFC3030-2-a",
        relisted("CHUNKING", "CHUNKING 1048576"),
    ),
    _chunk("binarymime-without-chunking", "BINARYMIME is listed without CHUNKING", "RFC3030-3-a", relisted("CHUNKING")),
    _chunk(
        "not-really",
        "CHUNKING is listed, and BDAT is not implemented",
        "4.2.4-c",
        instead(rb"^BDAT", b"502 5.5.1 not implemented"),
    ),
    _chunk(
        "lmtp-answers-once",
        "LMTP answers the last chunk once for all recipients",
        "RFC2033-4.3-a",
        smtp_variant(_AnswersOnce),
    ),
)
