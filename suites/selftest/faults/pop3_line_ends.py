"""Where a line ends in the stream of octets, whatever segments it comes in (RFC 1939 §3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference_server.lines import CRLF, Framing, LineBuffer
from reference_server.pop3.session import Pop3Session
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import variant

CUT = "RFC1939-3-d"
WAIT = "RFC1939-3-e"


def _fault(
    slug: str, title: str, requirements: tuple[str, ...], build: Build, seen_in: str = "", touches: tuple[str, ...] = ()
) -> Fault:
    return Fault(f"pop3/input/{slug}", title, requirements, build, seen_in, touches=touches)


def _buffered(buffer: Callable[[], LineBuffer]) -> Build:
    """Lines are found in the stream in another way."""

    class Buffered(Pop3Session):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._buffer = buffer()

    return variant(session=Buffered)


class _EndsAt(LineBuffer):
    """A lone octet ends a line as well."""

    ending = b"\n"

    def feed(self, data: bytes) -> None:
        super().feed(data.replace(CRLF, b"\0crlf\0").replace(self.ending, CRLF).replace(b"\0crlf\0", CRLF))


class _EndsAtCr(_EndsAt):
    ending = b"\r"


class _EndsTwice(LineBuffer):
    """A lone LF ends a line, and the CRLF after it another."""

    def feed(self, data: bytes) -> None:
        super().feed(data.replace(b"NOOP\n", b"NOOP\r\nNOOP\r\n"))


class _WholeSegments(LineBuffer):
    """Each segment that arrives is taken for a line."""

    def feed(self, data: bytes) -> None:
        super().feed(data if data.endswith(CRLF) else data.rstrip(b"\r\n") + CRLF)


class _ForgetsHalves(LineBuffer):
    """What of a segment is not a whole line is lost."""

    def feed(self, data: bytes) -> None:
        whole, end, _ = data.rpartition(CRLF)
        super().feed(whole + end)


class _CrIsEnough(LineBuffer):
    """A line ends at its CR; the LF after it is skipped when it comes."""

    def feed(self, data: bytes) -> None:
        super().feed(data.replace(b"\n", b"").replace(b"\r", CRLF))


class _WaitsForNextSegment(LineBuffer):
    """CR and LF must come in the same segment."""

    def feed(self, data: bytes) -> None:
        super().feed(data if data != b"\n" else b"")


class _CutsLongLines(LineBuffer):
    """What does not fit the buffer is the next line."""

    def take_line(self, limit: int) -> bytes | Framing | None:
        everything = self.take_all()
        if len(everything) >= limit and b"\r\n" not in everything[:limit]:
            self.give_back(everything[limit:])
            return everything[:limit]
        self.give_back(everything)
        return super().take_line(limit)


FAULTS: tuple[Fault, ...] = (
    _fault("segments-are-lines", "Each segment is taken for a line", (CUT, WAIT), _buffered(_WholeSegments)),
    _fault("halves-are-lost", "What is not a whole line when it arrives is lost", (CUT,), _buffered(_ForgetsHalves)),
    _fault("cr-and-lf-together", "CR and LF must come in one segment", (CUT,), _buffered(_WaitsForNextSegment)),
    _fault("cr-ends-a-line", "A line ends at its CR", (WAIT, "POSTEL-line-e"), _buffered(_CrIsEnough)),
    _fault("lone-cr-ends-a-line", "A lone CR ends a line", ("POSTEL-line-e",), _buffered(_EndsAtCr)),
    _fault(
        "lone-lf-ends-a-line-twice",
        "A line that ends in a lone LF is run twice",
        ("POSTEL-line-f",),
        _buffered(_EndsTwice),
    ),
    _fault(
        "long-lines-are-cut",
        "What does not fit the buffer is the next line",
        ("POSTEL-line-b", "POSTEL-line-a"),
        _buffered(_CutsLongLines),
    ),
)
