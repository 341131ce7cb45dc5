"""Why a command was not understood, or was refused by what its arguments say alone."""

from __future__ import annotations

from dataclasses import dataclass

from reference_server.imap.response_codes import ResponseCode


class SyntaxFault(Exception):
    """A rule of the grammar does not match. `parser.py` turns it into BadCommand, with the tag."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An argument fits the grammar and can never succeed. `parser.py` makes RefusedCommand of it, with the tag."""

    text: str
    code: ResponseCode


class CommandError(Exception):
    """A command that is not carried out. `tag` is None where it could not be read, `name` where that could not be."""

    def __init__(
        self, tag: str | None, text: str, *, name: str | None = None, code: ResponseCode | None = None
    ) -> None:
        self.tag = tag
        self.text = text
        self.name = name
        self.code = code
        super().__init__(f"{tag or '*'} {text}")


class BadCommand(CommandError):
    """To be answered with BAD: tagged, or untagged where there is no tag (RFC 3501 §7.1.3)."""


class RefusedCommand(CommandError):
    """To be answered with a tagged NO and `code`, where the command is permitted in this state (RFC 3501 §7.1.2)."""
