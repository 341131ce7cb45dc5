"""POP3 as a client reads it, without I/O: which replies are multi-line, and a parser of one reply.

The parser is lenient so that a session with a bad server can go on: it takes lines that end in a bare LF and status
indicators in lower case. `raw` stays exact, and the strict validator judges that. RFC 1939 §3, RFC 2449 §3 and §8,
RFC 5034 §4 (the `+ ` of a SASL challenge).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.errors import TargetFlooded

#: Octets of a status line after which the harness stops reading. RFC 1939 §3 allows 512.
LINE_LIMIT = 64 * 1024
#: Octets of a whole reply after which the harness stops reading.
REPLY_LIMIT = 64 * 1024 * 1024
#: Octets of a flood that are kept as proof.
FLOOD_KEPT = 4 * 1024

_CRLF_END, _LF_END = b"\r\n", b"\n"

#: Commands whose positive reply is multi-line, by the number of arguments with which it is (RFC 1939 §5 and §7,
#: RFC 2449 §5, RFC 6856 §3). AUTH alone is no command of RFC 5034; servers that take it list their mechanisms.
_ALWAYS = frozenset({b"RETR", b"TOP", b"CAPA"})
_WITHOUT_ARGUMENT = frozenset({b"LIST", b"UIDL", b"LANG", b"AUTH"})


def is_multiline(command: bytes) -> bool:
    """True when a positive reply to this command line is multi-line."""
    words = command.split()
    if not words:
        return False
    keyword = words[0].upper()
    return keyword in _ALWAYS or (keyword in _WITHOUT_ARGUMENT and len(words) == 1)


@dataclass(frozen=True, slots=True)
class Pop3Reply:
    """One reply.

    `status` is the first word as it came: `+OK`, `-ERR`, `+` (a SASL challenge), or whatever a bad server sent.
    `code` is a response code without its brackets (RFC 2449 §8), `text` what follows it, `words` the text's words.
    `lines` and `body` are None for a single-line reply; else the lines without their ends and the octets with them,
    both with byte-stuffing undone. `raw` is exact. `event` is the index of the transcript's event, -1 without one.
    """

    status: str
    code: str | None
    text: bytes
    words: tuple[str, ...]
    lines: tuple[bytes, ...] | None
    body: bytes | None
    raw: bytes
    event: int = -1

    @property
    def ok(self) -> bool:
        """True for a positive reply, whatever its case."""
        return self.status.upper() == "+OK"

    @property
    def challenge(self) -> bool:
        """True for a SASL challenge (RFC 5034 §4)."""
        return self.status == "+"


class Pop3ReplyParser:
    """Reads one reply, fed in any segmentation. `multiline` says whether a positive reply has a body."""

    def __init__(self, multiline: bool, *, line_limit: int = LINE_LIMIT, reply_limit: int = REPLY_LIMIT) -> None:
        self._multiline = multiline
        self._line_limit = line_limit
        self._reply_limit = reply_limit
        self._data = bytearray()
        self._line_end = -1  # where the body begins
        self._head: Pop3Reply | None = None
        self._searched = 0
        self._newline = _CRLF_END
        self._end: int | None = None

    @property
    def raw(self) -> bytes:
        """The reply's bytes; before it is whole, all that was fed."""
        return bytes(self._data[: self._end])

    @property
    def unused(self) -> bytes:
        """What was fed beyond the reply."""
        return b"" if self._end is None else bytes(self._data[self._end :])

    @property
    def in_body(self) -> bool:
        """True once the status line is whole."""
        return self._head is not None

    def feed(self, data: bytes) -> Pop3Reply | None:
        """Take more bytes; the reply when it is whole, else None. Raises TargetFlooded past the limits."""
        self._data += data
        head = self._head or self._find_status_line()
        if head is None:
            return None
        if not (self._multiline and head.ok):
            return self._finish(head, self._line_end, None)
        return self._find_terminator(head)

    def loose_end(self) -> Pop3Reply | None:
        """The reply, if what came ends in a terminator that only bare LFs make one: `LF.LF` or `LF.CRLF`.

        Only a pause after it tells it from a message's own bytes, which is why `feed` does not take it.
        """
        if self._head is None or self._end is not None:
            return None
        tail = bytes(self._data[max(self._line_end - 1, len(self._data) - 4) :])
        for terminator in (b".\r\n", b".\n"):
            if tail.endswith(b"\n" + terminator):
                self._newline = _LF_END
                return self._finish(self._head, len(self._data), len(self._data) - len(terminator))
        return None

    def _find_status_line(self) -> Pop3Reply | None:
        end = self._data.find(b"\n", self._searched)
        self._searched = len(self._data)
        length = len(self._data) if end < 0 else end + 1
        if length > self._line_limit:
            kept = bytes(self._data[:FLOOD_KEPT])
            raise TargetFlooded(f"no line end within {self._line_limit} octets of a status line", received=kept)
        if end < 0:
            return None
        self._line_end = end + 1
        self._newline = _CRLF_END if self._data[end - 1 : end] == b"\r" else _LF_END
        self._searched = self._line_end - len(self._newline)
        self._head = parse_status_line(bytes(self._data[: self._line_end]))
        return self._head

    def _find_terminator(self, head: Pop3Reply) -> Pop3Reply | None:
        """Where the status line ended in CRLF, only CRLF.CRLF ends the reply: message bytes may hold LF.CRLF."""
        terminator = self._newline + b"." + self._newline
        at = self._data.find(terminator, self._searched)
        if at >= 0:
            return self._finish(head, at + len(terminator), at + len(self._newline))
        if len(self._data) > self._reply_limit:
            kept = bytes(self._data[:FLOOD_KEPT])
            raise TargetFlooded(f"no end of a reply within {self._reply_limit} octets", received=kept)
        self._searched = max(len(self._data) - len(terminator), self._searched)
        return None

    def _finish(self, head: Pop3Reply, end: int, body_end: int | None) -> Pop3Reply:
        self._end = end
        body = lines = None
        if body_end is not None:
            body = unstuff(bytes(self._data[self._line_end : body_end]), self._newline)
            lines = tuple(split_lines(body, self._newline))
        return replace(head, lines=lines, body=body, raw=self.raw)


def parse_status_line(line: bytes) -> Pop3Reply:
    """A status line, with or without its line end, as a reply without a body."""
    bare = line.removesuffix(b"\n").removesuffix(b"\r")
    status, _, text = bare.partition(b" ")
    code = None
    if text.startswith(b"[") and b"]" in text:
        inside, _, text = text[1:].partition(b"]")
        code = _text(inside)
        text = text.removeprefix(b" ")
    words = tuple(_text(word) for word in text.split(b" ") if word)
    return Pop3Reply(_text(status), code, text, words, None, None, line)


def unstuff(body: bytes, newline: bytes = _CRLF_END) -> bytes:
    """Undo byte-stuffing (RFC 1939 §3): the first dot of each line that begins with one goes."""
    return body.removeprefix(b".").replace(newline + b".", newline)


def split_lines(body: bytes, newline: bytes = _CRLF_END) -> list[bytes]:
    """The lines of a body without their ends; a last line without an end counts."""
    lines = body.split(newline)
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines] if newline == _LF_END else lines


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
