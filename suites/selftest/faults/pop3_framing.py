"""The form of responses: status indicators, line ends, terminators, response codes, greeting (RFC 1939 §3 to §5,
RFC 2449 §3, §4, §6.4 and §8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from reference_server.actions import Send
from reference_server.conversation import Await, Steps
from reference_server.pop3.responses import Renderer, ResponseCode
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from suites.selftest.fault import Fault
from suites.selftest.variants import answering, found, handled, variant

#: Commands whose answers show every kind of response.
_SAMPLE = ("STAT", "LIST", "RETR", "NOOP")


def _rendered(
    slug: str,
    title: str,
    requirements: tuple[str, ...],
    renderer: Callable[[], Renderer],
    seen_in: str = "",
    touches: tuple[str, ...] = _SAMPLE,
) -> Fault:
    return Fault(f"pop3/framing/{slug}", title, requirements, variant(renderer=renderer), seen_in, touches=touches)


class _Lines(Renderer):
    """Status lines and whole responses are changed at their end."""

    def __init__(
        self,
        *,
        status: Callable[[bytes], bytes] = lambda line: line,
        body: Callable[[bytes], bytes] = lambda lines: lines,
        final: bytes = b".\r\n",
        refusal: Callable[[bytes], bytes] = lambda line: line,
    ) -> None:
        self._status = status
        self._body = body
        self._final = final
        self._refusal = refusal

    def status_line(self, indicator: str, text: str, code: ResponseCode | None) -> bytes:
        line = self._status(super().status_line(indicator, text, code))
        return self._refusal(line) if indicator == self.negative_indicator else line

    def stuffed(self, lines: bytes) -> bytes:
        return self._body(super().stuffed(lines))

    def final_line(self) -> bytes:
        return self._final


def _lines(**changes: Any) -> Callable[[], Renderer]:
    return lambda: _Lines(**changes)


def _coded(form: Callable[[str, str], str]) -> type[Renderer]:
    """Response codes are written in another form, made of code and text."""

    class Coded(Renderer):
        def status_line(self, indicator: str, text: str, code: ResponseCode | None) -> bytes:
            if code is None:
                return super().status_line(indicator, text, None)
            return super().status_line(indicator, form(code.value, text), None)

    return Coded


class _Indicators(Renderer):
    """Other words for +OK and -ERR."""

    def __init__(self, positive: str, negative: str) -> None:
        self.positive_indicator = positive
        self.negative_indicator = negative


class _LongLines(Renderer):
    def status_line(self, indicator: str, text: str, code: ResponseCode | None) -> bytes:
        return super().status_line(indicator, text, code).removesuffix(b"\r\n").ljust(598, b".") + b"\r\n"


class _SizeInBody(Renderer):
    """The body of listings ends in an empty line."""

    def listing(self, text: str, lines: Iterable[str]) -> bytes:
        return super().listing(text, [*lines, ""])


def _greeting(change: Callable[[Pop3Session], list[Send]]) -> type[Pop3Session]:
    """A session that greets in another way."""

    class Greeting(Pop3Session):
        def converse(self) -> Steps:
            steps = super().converse()
            next(steps)
            yield from change(self)
            yield from _rest(steps)

    return Greeting


def _rest(steps: Steps) -> Steps:
    """What is left of a conversation after its greeting."""
    wanted = next(steps)
    while True:
        try:
            answer = yield wanted
            wanted = steps.send(answer)
        except StopIteration:
            return
        except Exception as error:
            wanted = steps.throw(error)


def _said(session: Pop3Session, *lines: bytes) -> list[Send]:
    return [Send(line.replace(b"{timestamp}", session.timestamp.encode())) for line in lines]


class _SilentUntilSpokenTo(Pop3Session):
    def converse(self) -> Steps:
        steps = super().converse()
        greeting = next(steps)
        yield Await(_peeked)
        yield greeting
        yield from _rest(steps)


def _peeked(buffer: Any) -> bytes | None:
    """What has come so far, left where it is."""
    taken: bytes = buffer.take_all()
    buffer.give_back(taken)
    return taken or None


def _twice(session: Pop3Session, _: None) -> Steps:
    yield session.positive(Text.NOTHING_DONE)
    yield session.positive(Text.NOTHING_DONE)


def _never(session: Pop3Session, _: None) -> Steps:
    yield from ()


def _stat_once(session: Pop3Session, _: None) -> Steps:
    if not session.__dict__.get("told"):
        session.__dict__["told"] = True
        yield from found("STAT").handler(session, None)


class _Echo(Pop3Session):
    """A refusal repeats the line that it refuses."""

    def shown(self, keyword: str, line: bytes) -> bytes:
        self.line = line
        return super().shown(keyword, line)

    def negative(self, text: Text, code: ResponseCode | None = None, **values: object) -> Send:
        return Send(super().negative(text, code, **values).data.removesuffix(b"\r\n") + b": " + self.line + b"\r\n")


FAULTS: tuple[Fault, ...] = (
    _rendered(
        "status-lines-end-in-lf",
        "Status lines end in LF",
        ("RFC1939-3-i",),
        _lines(status=lambda line: line.replace(b"\r\n", b"\n")),
    ),
    _rendered(
        "status-lines-end-in-cr-cr-lf",
        "Status lines end in CR CR LF",
        ("RFC1939-3-i",),
        _lines(status=lambda line: line.replace(b"\r\n", b"\r\r\n")),
    ),
    _rendered(
        "refusals-end-in-lf",
        "Refusals end in LF",
        ("RFC1939-3-i",),
        _lines(refusal=lambda line: line.replace(b"\r\n", b"\n")),
    ),
    _rendered(
        "lower-case", "Status indicators are in lower case", ("RFC1939-3-k",), lambda: _Indicators("+ok", "-err")
    ),
    _rendered("mixed-case", "Refusals begin with -Err", ("RFC1939-3-k",), lambda: _Indicators("+OK", "-Err")),
    _rendered("another-indicator", "Refusals begin with -NO", ("RFC1939-3-h",), lambda: _Indicators("+OK", "-NO")),
    _rendered("no-sign", "Positive responses begin with OK", ("RFC1939-3-h",), lambda: _Indicators("OK", "-ERR")),
    _rendered(
        "indicator-runs-into-text",
        "A colon follows the indicator of refusals",
        ("RFC2449-3-a", "RFC1939-3-h"),
        lambda: _Indicators("+OK", "-ERR:"),
    ),
    _rendered(
        "tab-after-indicator",
        "A tab follows the indicator",
        ("RFC2449-3-a",),
        _lines(status=lambda line: line.replace(b" ", b"\t", 1)),
    ),
    _rendered("long-status-lines", "Status lines have 600 octets", ("RFC1939-3-j", "RFC2449-4-c"), _LongLines),
    _rendered(
        "eight-bit-text",
        "Texts hold octets above 127",
        ("RFC2449-3-b",),
        _lines(refusal=lambda line: line.replace(b"\r\n", b" caf\xe9\r\n")),
    ),
    _rendered(
        "nul-in-text",
        "Texts end in a NUL",
        ("RFC2449-3-b",),
        _lines(refusal=lambda line: line.replace(b"\r\n", b"\0\r\n")),
    ),
    _rendered(
        "body-lines-end-in-lf",
        "Lines of multi-line responses end in LF",
        ("RFC1939-3-l",),
        _lines(body=lambda lines: lines.replace(b"\r\n", b"\n")),
        "stores that keep LF",
    ),
    _rendered(
        "body-lines-end-in-cr-cr-lf",
        "Lines of multi-line responses end in CR CR LF",
        ("RFC1939-3-l",),
        _lines(body=lambda lines: lines.replace(b"\r\n", b"\r\r\n")),
    ),
    _rendered("terminator-ends-in-lf", "The final dot is followed by LF alone", ("RFC1939-3-m",), _lines(final=b".\n")),
    _rendered(
        "terminator-ends-in-cr",
        "The final dot is followed by CR alone",
        ("RFC1939-3-m",),
        _lines(final=b".\r"),
        "Cyrus #4717",
    ),
    _rendered("terminator-is-missing", "The final dot is not sent", ("RFC1939-3-m",), _lines(final=b"")),
    _rendered(
        "terminator-comes-twice",
        "The final dot is sent twice",
        ("RFC1939-5-b", "RFC2449-6.6-a"),
        _lines(final=b".\r\n.\r\n"),
        "aiosmtpd #561",
    ),
    _rendered(
        "terminator-is-glued",
        "The final dot stands at the end of the last line",
        ("RFC1939-3-m",),
        _lines(body=lambda lines: lines.removesuffix(b"\r\n")),
        "Exchange 2000",
    ),
    _rendered(
        "terminator-after-empty-line",
        "An empty line comes before the final dot",
        ("RFC1939-5.LIST-d", "RFC1939-5.LIST-e", "RFC1939-7.UIDL-d", "RFC1939-5.RETR-e"),
        _SizeInBody,
    ),
    _rendered(
        "terminator-has-a-space", "The final dot is followed by a space", ("RFC1939-3-m",), _lines(final=b". \r\n")
    ),
    _rendered(
        "codes-in-parentheses",
        "Response codes stand in parentheses after the text",
        ("RFC3206-6-a",),
        _coded(lambda code, text: f"{text} ({code})"),
        touches=("PASS",),
    ),
    _rendered(
        "codes-after-the-text",
        "Response codes stand at the end",
        ("RFC3206-6-a",),
        _coded(lambda code, text: f"{text} [{code}]"),
        touches=("PASS",),
    ),
    _rendered(
        "codes-with-spaces",
        "Response codes have spaces inside their brackets",
        ("RFC2449-3-f", "RFC2449-6.4-a"),
        _coded(lambda code, text: f"[ {code} ] {text}"),
        touches=("PASS",),
    ),
    _rendered(
        "codes-with-empty-levels",
        "Response codes end in a slash",
        ("RFC2449-3-f",),
        _coded(lambda code, text: f"[{code}/] {text}"),
        touches=("PASS",),
    ),
    _rendered(
        "codes-without-an-end",
        "Response codes lack their closing bracket",
        ("RFC2449-6.4-a", "RFC2449-3-f"),
        _coded(lambda code, text: f"[{code} {text}"),
        touches=("PASS",),
    ),
    _rendered(
        "texts-in-brackets",
        "Texts of refusals stand in brackets",
        ("RFC2449-6.4-a",),
        _lines(refusal=lambda line: b"-ERR [" + line[5:].strip() + b"\r\n"),
    ),
    Fault(
        "pop3/framing/greeting-has-two-lines",
        "The greeting has two lines",
        ("RFC1939-4-a",),
        variant(
            session=_greeting(
                lambda session: _said(session, b"+OK ready {timestamp}\r\n", b"+OK this is for members only\r\n")
            )
        ),
    ),
    Fault(
        "pop3/framing/greeting-is-a-refusal",
        "The greeting is -ERR",
        ("RFC1939-4-b",),
        variant(session=_greeting(lambda session: _said(session, b"-ERR ready {timestamp}\r\n"))),
    ),
    Fault(
        "pop3/framing/greeting-waits",
        "The greeting waits for the client to speak",
        ("RFC1939-3-b", "RFC1939-4-b"),
        variant(session=_SilentUntilSpokenTo),
    ),
    Fault(
        "pop3/framing/greeting-ends-in-lf",
        "The greeting ends in LF",
        ("RFC1939-3-i",),
        variant(session=_greeting(lambda session: _said(session, b"+OK ready {timestamp}\n"))),
    ),
    Fault(
        "pop3/framing/greeting-has-two-timestamps",
        "The greeting has another less-than sign",
        ("RFC2449-3-c",),
        variant(session=_greeting(lambda session: _said(session, b"+OK <ready> {timestamp}\r\n"))),
    ),
    Fault(
        "pop3/framing/noop-answers-twice",
        "NOOP is answered twice",
        ("RFC1939-5-b",),
        variant(commands=handled(NOOP=_twice)),
        touches=("NOOP",),
    ),
    Fault(
        "pop3/framing/noop-is-not-answered",
        "NOOP is not answered",
        ("RFC1939-5-b", "RFC1939-5.NOOP-b"),
        variant(commands=handled(NOOP=_never)),
        touches=("NOOP",),
    ),
    Fault(
        "pop3/framing/stat-is-answered-once",
        "STAT is answered once in a session",
        ("RFC1939-5-b", "RFC1939-5-a"),
        variant(commands=handled(STAT=_stat_once)),
        touches=("STAT",),
    ),
    Fault(
        "pop3/framing/quit-says-nothing",
        "QUIT closes without a word",
        ("RFC1939-6.QUIT-b", "RFC1939-3-o"),
        answering("QUIT", lambda data: b""),
        touches=("QUIT",),
    ),
    Fault(
        "pop3/framing/refusals-echo-the-line",
        "A refusal repeats the line that it refuses",
        ("POSTEL-line-h",),
        variant(session=_Echo),
    ),
)
