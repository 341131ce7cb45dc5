"""Writing steps from what a transcript of IMAP shows: tags are left out, literals put back into their commands.

RFC 3501 §2.2.1 (tags, continuation requests), §4.3 (literals), RFC 7888. A tagged response that came before an older
command's is written behind it, as dialogues await them in the order of the commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.dialogue.model import Chunk, ChunkForm, Code, Literal, Role, Send, Word
from harness.dialogue.transcript_writer import NOWHERE, Writer
from harness.errors import UsageError
from harness.transcript import MASK, Event, Exchange

_COMMAND = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+\]]+) ([!-~].*)", re.DOTALL)
_LITERAL = re.compile(rb"\{([0-9]{1,9})(\+?)\}\Z")
_TAGGED = re.compile(rb"([^ \r\n*+]+) (OK|NO|BAD)(?: \[([A-Za-z0-9-]+)[^\r\n]*\])?(?=[ \r\n])", re.IGNORECASE)
_UNTAGGED = re.compile(rb"\* (OK|BYE|PREAUTH)\b", re.IGNORECASE)
_TEXT = re.compile(rb"[ -~]*")


@dataclass(slots=True)
class _Command:
    """A command whose octets are still being sent: its parts so far, and how many octets its literal lacks."""

    tag: bytes
    parts: list[Chunk]
    form: ChunkForm
    missing: int
    literal: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class _Session:
    """What is known of one session."""

    tags: list[bytes] = field(default_factory=list)  # of commands whose end has not been written, the oldest first
    ends: dict[bytes, tuple[Word, ...]] = field(default_factory=dict)  # what ended others before the oldest
    sending: _Command | None = None
    invited: bool = False  # a continuation request came, which the next line answers
    greeted: bool = False


@dataclass(slots=True)
class ImapWriter(Writer):
    """Collects the steps of IMAP sessions."""

    _known: dict[int, _Session] = field(default_factory=dict)

    def exchange(self, exchange: Exchange) -> None:
        """Nothing: each response is written as it came. Other protocols are refused."""
        if exchange.protocol != "imap":
            raise UsageError(f"a session speaks {exchange.protocol}, which no dialogue of imap can", mend="use a @case")

    # -- sent -----------------------------------------------------------------------------------

    def sent(self, event: Event, session: int) -> None:
        """A command, or what belongs to the one before."""
        known = self._known.setdefault(session, _Session())
        if event.omitted:
            super(ImapWriter, self).sent(event, session)  # which refuses it
        if known.sending is not None and MASK in event.data:
            raise UsageError("a secret that was sent in a literal is masked", mend="use a @case")
        if known.sending is not None:
            self._go_on(known.sending, event.data, session, known)
        elif known.invited or not self._begin(event.data, session, known):
            known.tags += [] if known.invited else _tags(event.data)
            known.invited = False
            super(ImapWriter, self).sent(event, session)

    def _begin(self, data: bytes, session: int, known: _Session) -> bool:
        """A command that can be written as `C:`; False for anything else."""
        line, end, rest = data.partition(b"\r\n")
        found = _COMMAND.fullmatch(line)
        if found is None or not end or b"\r\n" in (rest if not _LITERAL.search(line) else b""):
            return False
        announced = _LITERAL.search(found[2])
        if announced is None:
            chunks = self.line(line)
            if chunks is None or rest:
                return False
            known.tags.append(found[1])
            self.steps.append(Send(session, _without_tag(chunks, len(found[1]) + 1), NOWHERE))
            return True
        text = found[2][: announced.start()]
        if not _TEXT.fullmatch(text):
            return False
        known.tags.append(found[1])
        form = ChunkForm.LITERAL_PLUS if announced[2] else ChunkForm.LITERAL
        known.sending = _Command(found[1], [Chunk(self.pieces(text))], form, int(announced[1]))
        if rest:
            self._go_on(known.sending, rest, session, known)
        return True

    def _go_on(self, command: _Command, data: bytes, session: int, known: _Session) -> None:
        """More of a command: the rest of a literal, and what stands behind it."""
        taken, data = data[: command.missing], data[command.missing :]
        command.literal += taken
        command.missing -= len(taken)
        if command.missing or not data:
            return
        command.parts.append(Chunk(self.pieces(bytes(command.literal)), form=command.form))
        line, end, rest = data.partition(b"\r\n")
        announced = _LITERAL.search(line)
        text = line[: announced.start()] if announced else line
        if not end or not _TEXT.fullmatch(text) or (rest and not announced):
            raise UsageError("a command with a literal that no dialogue can say", mend="use a @case")
        command.parts += [Chunk(self.pieces(text))] if text else []
        if announced is None:
            self._done(command, session, known)
            return
        command.form = ChunkForm.LITERAL_PLUS if announced[2] else ChunkForm.LITERAL
        command.missing, command.literal = int(announced[1]), bytearray()
        if rest:
            self._go_on(command, rest, session, known)

    def _done(self, command: _Command, session: int, known: _Session) -> None:
        known.sending = None
        self.steps.append(Send(session, tuple(command.parts), NOWHERE))

    # -- received -------------------------------------------------------------------------------

    def received(self, event: Event, session: int) -> None:
        """One response, of which its kind, condition and code's name are kept."""
        known = self._known.setdefault(session, _Session())
        tagged = _TAGGED.match(event.data)
        if event.data.startswith(b"+"):
            self._invitation(session, known)
        elif tagged is not None:
            self._tagged(tagged, session, known)
        elif not known.greeted:
            condition = _UNTAGGED.match(event.data)
            said = condition[1].decode().upper() if condition else "OK"
            self.expect(session, Role.DATA, (Literal("*"), Literal(said)))
        known.greeted = True

    def _invitation(self, session: int, known: _Session) -> None:
        """A continuation request; one for a literal is awaited by whoever sends the literal."""
        if known.sending is None and known.tags:
            self.expect(session, Role.INVITATION, (Literal("+"),))
            known.invited = True

    def _tagged(self, found: re.Match[bytes], session: int, known: _Session) -> None:
        tag, code = found[1], found[3]
        words: tuple[Word, ...] = (Literal(found[2].decode().upper()),)
        if code is not None:
            words = (*words, Code((Literal(code.decode().upper()),)))
        if known.sending is not None and known.sending.tag == tag:
            self._cut_short(known.sending, session, known)
        if tag not in known.tags:
            return
        known.invited = False
        known.ends[tag] = words
        while known.tags and known.tags[0] in known.ends:
            self.expect(session, Role.REPLY, known.ends.pop(known.tags.pop(0)))

    def _cut_short(self, command: _Command, session: int, known: _Session) -> None:
        """A command that was refused before its literal was sent: of that only the size is known."""
        command.parts.append(Chunk((b"x",), max(command.missing, 1), command.form))
        self._done(command, session, known)


def _without_tag(chunks: tuple[Chunk, ...], octets: int) -> tuple[Chunk, ...]:
    """A command's template without its first octets, which are its tag and a space."""
    first = chunks[0]
    head = first.pieces[0]
    rest = head[octets:] if isinstance(head, bytes) else b""
    pieces = (*((rest,) if rest else ()), *first.pieces[1:])
    return (Chunk(pieces, first.times, first.form), *chunks[1:]) if pieces else chunks[1:]


def _tags(data: bytes) -> list[bytes]:
    """The tags of the commands in raw octets that are whole lines."""
    return [found[1] for line in data.split(b"\r\n")[:-1] if (found := _COMMAND.fullmatch(line))]
