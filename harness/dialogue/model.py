"""Dialogue: a case as data. Steps, templates of what is sent, patterns of what must come.

The language is described in `docs/dialogues.md`. Nothing here reads text, talks to a server or judges. Where a value
came from (positions, source, digest, id) does not count when two dialogues are compared: equal means that they play
alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness.cases import Isolation
from harness.errors import Position

#: Protocols whose sessions send mail; all three speak SMTP's language.
MAIL_PROTOCOLS = ("smtp", "submission", "lmtp")

#: Where each session can be brought before its first step, by protocol.
START_STATES: dict[str, tuple[str, ...]] = {
    "pop3": ("connected", "greeted", "transaction"),
    "smtp": ("connected", "greeted", "mail", "recipient", "data"),
    "lmtp": ("connected", "greeted", "mail", "recipient", "data"),
    "submission": ("connected", "greeted", "authenticated", "mail", "recipient", "data"),
    "imap": ("connected", "greeted", "authenticated", "selected"),
}
#: Where a session starts when the header does not say.
USUAL_STARTS: dict[str, str] = {
    "pop3": "transaction",
    "smtp": "greeted",
    "lmtp": "greeted",
    "submission": "authenticated",
    "imap": "selected",
}

#: Names that are bound before the first step, beside `m1`, `m2` … for the loaded messages.
START_NAMES = ("user", "password", "address")
#: Those that mail protocols have beside them. `other` is the address of a second account.
MAIL_NAMES = ("other", "sender", "stranger", "local", "domain", "client")


class Role(StrEnum):
    """What a step expects: a reply (or the end of the connection in its place), part of a reply's body, or the end.

    IMAP: a tagged response is a reply, an untagged one is data, and `+` invites the next line.
    """

    REPLY = "reply"
    BODY = "body"
    EOF = "eof"
    DATA = "data"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`: in a pattern it binds when unbound and must agree when bound; in a template it is replaced."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A word as it stands; how case counts is the protocol's business."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """`<text "…">`: exactly these octets; as the last word, all that is left."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Any:
    """`<any>`: one word; as the last word, whatever is left, also nothing."""


@dataclass(frozen=True, slots=True)
class Number:
    """`<number …>`: a decimal number from `low` to `high` (None: no upper bound), both included."""

    low: int = 0
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Date:
    """`<date>`: a date-time of RFC 5322 §3.3, which takes several words; in IMAP one of RFC 3501 §9 in quotes.

    `instant`: a date-time of RFC 3501, which must be the same moment, in whatever zone.
    """

    instant: bytes = b""


@dataclass(frozen=True, slots=True)
class UniqueId:
    """`<unique-id>`: POP3's unique-id (RFC 1939 §7)."""


@dataclass(frozen=True, slots=True)
class Octets:
    """`<octets $m1>`: the size of the message, the same wherever the target gives it."""

    message: str


@dataclass(frozen=True, slots=True)
class Message:
    """`<message $m1>`: the whole body is the message."""

    message: str


@dataclass(frozen=True, slots=True)
class Top:
    """`<top $m1 N>`: the whole body is the message's header, the empty line and `lines` lines of its body."""

    message: str
    lines: int


@dataclass(frozen=True, slots=True)
class Lines:
    """`<lines>`: any number of body lines, also none."""


@dataclass(frozen=True, slots=True)
class Eof:
    """`<eof>`: the server closes the connection."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """`<oracle>`: whatever the reference answers, after the rules."""


@dataclass(frozen=True, slots=True)
class BodyEnd:
    """`.`: the body ends here."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """`"…"` in an IMAP pattern: these octets as a string, however it is written, or as an atom but NIL."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """`(…)` in an IMAP pattern: a parenthesized list."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """`[…]` in an IMAP pattern: a response code."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """`BODY[…]<0>` in an IMAP pattern: what names a FETCH item."""

    name: str
    words: tuple[Word, ...]
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """`<header $m1>`: the message's header with the empty line that ends it."""

    message: str


@dataclass(frozen=True, slots=True)
class MessageBody:
    """`<body $m1>`: what follows the message's header."""

    message: str


Word = (
    Literal
    | Text
    | Variable
    | Any
    | Number
    | Date
    | UniqueId
    | Octets
    | Message
    | Top
    | Lines
    | Eof
    | Oracle
    | BodyEnd
    | Quoted
    | Listed
    | Code
    | Label
    | MessageHeader
    | MessageBody
)

#: Words that name a loaded message, which must be there.
MESSAGE_WORDS = (Octets, Message, Top, MessageHeader, MessageBody)

#: Words that stand alone in a pattern.
LONE_WORDS = (Message, Top, Lines, Eof, Oracle, BodyEnd)
#: Words that stand for a whole body, so that its reply has no other body step.
WHOLE_BODY_WORDS = (Message, Top, Oracle)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words that a reply, or a line of its body, is matched against."""

    words: tuple[Word, ...]

    @property
    def first(self) -> Word:
        """The first word; a pattern has at least one."""
        return self.words[0]

    def all_words(self) -> Iterator[Word]:
        """Every word, those inside brackets too."""
        return _inner(self.words)


def _inner(words: Sequence[Word]) -> Iterator[Word]:
    for word in words:
        yield word
        if isinstance(word, Listed | Code | Label):
            yield from _inner(word.words)


class ChunkForm(StrEnum):
    """How a chunk is sent: as it is, in Base64, as an IMAP literal, synchronizing or not (RFC 7888), as SMTP's DATA
    carries a message (RFC 5321 §4.5.2), or only how many octets it has."""

    PLAIN = ""
    BASE64 = "base64"
    LITERAL = "literal"
    LITERAL_PLUS = "literal+"
    DATA = "data"
    OCTETS = "octets"


#: Forms in which a message's name stands for all of its octets.
WHOLE_FORMS = (ChunkForm.LITERAL, ChunkForm.LITERAL_PLUS, ChunkForm.DATA, ChunkForm.OCTETS)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Octets and names, sent `times` over."""

    pieces: tuple[bytes | Variable, ...]
    times: int = 1
    form: ChunkForm = ChunkForm.PLAIN


#: What a step sends, before names are replaced.
Template = tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Send:
    """`C:` send the template as a line; whoever plays it adds the CRLF."""

    session: int
    template: Template
    position: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class SendRaw:
    """`C!` send exactly the template's bytes."""

    session: int
    template: Template
    position: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Expect:
    """`S:` one of the alternatives must come, `S?` may come. `by_oracle`: the reference's answer is required."""

    session: int
    optional: bool
    alternatives: tuple[Pattern, ...]
    requirements: tuple[str, ...]
    role: Role
    position: Position = field(compare=False)

    @property
    def by_oracle(self) -> bool:
        """True for `S: <oracle>`."""
        return isinstance(self.alternatives[0].first, Oracle)


Step = Send | SendRaw | Expect


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One case as data. `messages` holds one kind for each message that is loaded first, in order.

    `id` is set by the loader. `source` is the text with LF line ends, `digest` its SHA-256.
    """

    title: str
    protocol: str
    start: str
    steps: tuple[Step, ...]
    messages: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    isolation: Isolation = Isolation.ACCOUNT
    path: Path | str = field(default="", compare=False)
    source: str = field(default="", compare=False, repr=False)
    digest: str = field(default="", compare=False)
    id: str = field(default="", compare=False)

    @property
    def names(self) -> frozenset[str]:
        """Every name that a step sends or matches, the loaded messages' among them."""
        sent = (
            piece
            for step in self.steps
            if not isinstance(step, Expect)
            for chunk in step.template
            for piece in chunk.pieces
        )
        matched = (
            word
            for step in self.steps
            if isinstance(step, Expect)
            for pattern in step.alternatives
            for word in pattern.all_words()
        )
        return frozenset(each.name for each in (*sent, *matched) if isinstance(each, Variable))

    @property
    def position(self) -> Position:
        """Where the dialogue begins."""
        return Position(self.path, 1)

    @property
    def requirements(self) -> tuple[str, ...]:
        """Every requirement that a step judges, once, in order of first use."""
        expects = (step for step in self.steps if isinstance(step, Expect))
        return tuple(dict.fromkeys(each for step in expects for each in step.requirements))


def body_steps(steps: Sequence[Step], index: int) -> list[int]:
    """Indices of the steps that match the body of the reply that the step at `index` expects."""
    return list(_body_after(steps, index))


def _body_after(steps: Sequence[Step], index: int) -> Iterator[int]:
    session = steps[index].session
    for later in range(index + 1, len(steps)):
        step = steps[later]
        if step.session != session:
            continue
        if not isinstance(step, Expect) or step.role is not Role.BODY:
            return
        yield later
