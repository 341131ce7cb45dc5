"""Names: which are bound where a step stands, so that a name that is used before it is bound is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.dialogue.header import Header
from harness.dialogue.model import (
    MAIL_NAMES,
    MAIL_PROTOCOLS,
    MESSAGE_WORDS,
    START_NAMES,
    WHOLE_FORMS,
    Pattern,
    Template,
    Variable,
)
from harness.dialogue.patterns import PlacedPattern
from harness.dialogue.source import Line

_MESSAGE_NAME = re.compile(r"m[0-9]+")


@dataclass(slots=True)
class Names:
    """The names of one dialogue. Methods raise UsageError.

    `as_uid`: a message's name stands for its UID too (IMAP), which is bound from the start or by a step.
    """

    header: Header
    as_uid: bool = False
    _messages: set[str] = field(init=False)
    _certain: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._messages = {f"m{number}" for number in range(1, len(self.header.messages) + 1)}
        known = not self.as_uid or self.header.start == "selected"
        more = MAIL_NAMES if self.header.protocol in MAIL_PROTOCOLS else ()
        self._certain = {*START_NAMES, *more, *(self._messages if known else ())}

    def sent(self, line: Line, template: Template, *, raw: bool) -> None:
        """Names in a template: each must be bound by now."""
        for chunk in template:
            whole = chunk.form in WHOLE_FORMS
            for piece in chunk.pieces:
                if isinstance(piece, Variable):
                    self._check_sent(line, piece.name, whole=whole or (raw and not self.as_uid))

    def _check_sent(self, line: Line, name: str, *, whole: bool) -> None:
        offset = max(line.text.find(f"${name}"), line.text.find(f"${{{name}}}"), 0)
        self._check_message(line, offset, name)
        if name in self._messages and (whole or not self.as_uid):
            if not whole:
                raise line.error(offset, f"${name} is a whole message", 'send it with C! "$m1"')
            return
        if name not in self._certain:
            raise line.error(offset, f"${name} is not bound here", "bind it in an S: step above that must come")

    def expected(self, line: Line, placed: tuple[PlacedPattern, ...], *, optional: bool) -> None:
        """Names in patterns: those that a step binds for certain are bound from here on."""
        bound: list[set[str]] = []
        for one in placed:
            bound.append(set())
            for top, offset in zip(one.pattern.words, one.offsets, strict=True):
                for word in Pattern((top,)).all_words():
                    if isinstance(word, Variable):
                        self._check_matched(line, offset, word.name)
                        bound[-1].add(word.name)
                    elif isinstance(word, MESSAGE_WORDS):
                        self._check_message(line, offset, word.message, must=True)
        if not optional:
            self._certain |= set.intersection(*bound)

    def _check_matched(self, line: Line, offset: int, name: str) -> None:
        self._check_message(line, offset, name)
        if name in self._messages and not self.as_uid:
            mend = f"write <message ${name}> or <octets ${name}>"
            raise line.error(offset, f"${name} is a whole message", mend)

    def _check_message(self, line: Line, offset: int, name: str, *, must: bool = False) -> None:
        if name in self._messages:
            return
        if must or _MESSAGE_NAME.fullmatch(name):
            loaded = len(self.header.messages)
            known = f"$m1 to $m{loaded}" if loaded else "none: add `messages: 1 plain` to the header"
            raise line.error(offset, f"${name} is not a loaded message", f"loaded are {known}")
