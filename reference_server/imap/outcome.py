"""How a command ends: OK with a text, or NO or BAD, which handlers raise (RFC 3501 §7.1)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from reference_server.actions import Action
from reference_server.conversation import Await
from reference_server.imap.response_codes import ResponseCode


@dataclass(frozen=True, slots=True)
class Completion:
    """The tagged OK."""

    text: str
    code: ResponseCode | None = None


class Refused(Exception):
    """The tagged NO: the command was understood and cannot be carried out (RFC 3501 §7.1.2)."""

    def __init__(self, text: str, code: ResponseCode | None = None) -> None:
        self.text = text
        self.code = code
        super().__init__(text)


class Improper(Exception):
    """The tagged BAD: the command must not be given like this, or here (RFC 3501 §7.1.3)."""

    def __init__(self, text: str, code: ResponseCode | None = None) -> None:
        self.text = text
        self.code = code
        super().__init__(text)


class AlreadyAnswered(Exception):
    """The handler has said everything itself: after it the session is another one, or over."""


Handling = Generator[Action | Await, object, Completion]
"""What a command's handler is: a part of the conversation that ends in a Completion."""
