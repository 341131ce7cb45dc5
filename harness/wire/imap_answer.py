"""ImapAnswer: an exchange taken apart for the validator: the command, the responses, and what else was under way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import TargetFlooded
from harness.transcript import Exchange
from harness.wire.imap import ImapResponse, ImapResponseParser, TaggedResponse

#: A command's line as RFC 3501 §9 has it begin: whoever sends anything else cannot know what the server makes of it.
_WELL_FORMED = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\+]+ [A-Za-z0-9-]+(?: [^\x00]*)?\Z', re.DOTALL)
_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_LITERAL = re.compile(rb"\{([0-9]+)\+?\}\r\n")
_LONGEST_COMMAND = 8000
#: The first argument of LOGIN: a quoted string or an atom; of a literal the octets are cut out by its count.
_QUOTED_OR_ATOM = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^ "{]+)')


@dataclass(frozen=True, slots=True)
class ImapAnswer:
    """One complete exchange.

    `name` is the command's name in upper case (`UID FETCH`), empty without a command; `arguments` what follows it.
    `alone`: no other command was under way while the responses came.
    """

    index: int
    exchange: Exchange
    tag: str
    name: str
    arguments: bytes
    responses: tuple[ImapResponse, ...]
    alone: bool

    @property
    def place(self) -> tuple[int, Exchange]:
        """Where it is in the transcript."""
        return self.index, self.exchange

    @property
    def tagged(self) -> TaggedResponse | None:
        """The response that ends the command."""
        last = self.responses[-1] if self.responses else None
        return last if isinstance(last, TaggedResponse) and last.tag == self.tag and self.tag else None

    @property
    def ok(self) -> bool:
        """Whether the command ended in OK."""
        return self.tagged is not None and self.tagged.condition == "OK"

    @property
    def knowable(self) -> bool:
        """False where the server may have read other commands out of the octets than the harness did."""
        command = self.exchange.command
        if command is None:
            return True
        bare = _LITERAL.sub(b"", command)
        return (
            len(command) <= _LONGEST_COMMAND
            and _WELL_FORMED.match(command) is not None
            and (len(_LITERAL.findall(command)) > 0 or _BARE_LINE_END.search(bare) is None)
        )


def take_apart(index: int, exchange: Exchange, *, alone: bool) -> ImapAnswer:
    """Take a complete exchange apart."""
    command = exchange.command or b""
    tag, _, rest = command.partition(b" ")
    name, _, arguments = rest.partition(b" ")
    if name.upper() == b"UID":
        second, _, arguments = arguments.partition(b" ")
        name = b"UID " + second
    return ImapAnswer(
        index,
        exchange,
        tag.decode("latin-1"),
        name.decode("latin-1").upper(),
        arguments,
        tuple(split_responses(exchange.reply)),
        alone,
    )


def login_name(answer: ImapAnswer) -> bytes:
    """The user name of a LOGIN, however it is written (RFC 3501 §6.2.3); empty where it cannot be told."""
    literal = _LITERAL.match(answer.arguments)
    if literal is not None:
        return answer.arguments[literal.end() : literal.end() + int(literal[1])]
    plain = _QUOTED_OR_ATOM.match(answer.arguments)
    if plain is None:
        return b""
    quoted: bytes | None = plain[1]
    return plain[2] if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted)


def split_responses(reply: bytes) -> list[ImapResponse]:
    """The responses of a reply, in order; an unfinished one at the end is left out."""
    responses: list[ImapResponse] = []
    while reply:
        parser = ImapResponseParser()
        try:
            response = parser.feed(reply)
        except TargetFlooded:
            break
        if response is None:
            break
        responses.append(response)
        reply = parser.unused
    return responses


def alone(exchanges: Sequence[Exchange]) -> list[bool]:
    """For each exchange of one session, whether no other command was under way between its first and last event."""
    found: list[bool] = []
    for index, exchange in enumerate(exchanges):
        others = (other for at, other in enumerate(exchanges) if at != index and other.command is not None)
        found.append(not any(other.first <= exchange.last and other.last >= exchange.first for other in others))
    return found
