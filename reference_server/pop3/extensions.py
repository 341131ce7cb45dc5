"""Commands that extensions added: CAPA (RFC 2449 §5), UTF8 and LANG (RFC 6856).

Handlers are called only in the states that state.py lists for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.conversation import Steps
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.texts import LANGUAGES, Text, matching_language

if TYPE_CHECKING:
    from reference_server.pop3.session import Pop3Session


@dataclass(frozen=True, slots=True)
class Capability:
    """One line of CAPA's answer: a tag and its arguments, if `announced` says so at the moment."""

    tag: str
    arguments: Callable[[Pop3Session], str] = lambda session: ""
    announced: Callable[[Pop3Session], bool] = lambda session: True

    def line(self, session: Pop3Session) -> str:
        """The line without its CRLF."""
        return f"{self.tag} {self.arguments(session)}".rstrip()


CAPABILITIES: tuple[Capability, ...] = (
    Capability("TOP"),
    # Hidden where a password may not cross the connection as it is [RFC2595-2.3-a] [RFC5034-4.AUTH-aa].
    Capability("USER", announced=lambda session: session.plaintext_permitted),
    # Kept after AUTH, when it can no longer be used [RFC5034-3-e].
    Capability(
        "SASL",
        arguments=lambda session: " ".join(session.permitted_mechanisms()),
        announced=lambda session: bool(session.permitted_mechanisms()),
    ),
    Capability("RESP-CODES"),
    Capability("AUTH-RESP-CODE"),
    Capability("PIPELINING"),
    Capability("EXPIRE", arguments=lambda session: "NEVER"),
    Capability("UIDL"),
    # Only where it is permitted at this moment [RFC2595-4-b] [RFC2595-8-a].
    Capability("STLS", announced=lambda session: session.permits("STLS")),
    Capability("UTF8", arguments=lambda session: "USER"),
    Capability("LANG"),
    Capability("IMPLEMENTATION", arguments=lambda session: "postel"),
)
"""What the server announces, in this order."""


def capa(session: Pop3Session, _: None) -> Steps:
    """CAPA: what can be used, in both states the same but for STLS [RFC2449-5-a] [RFC2449-5-b]."""
    lines = [each.line(session) for each in session.capabilities if each.announced(session)]
    yield session.listing(Text.CAPABILITIES_FOLLOW, lines)


def utf8(session: Pop3Session, _: None) -> Steps:
    """UTF8: messages may hold UTF-8 in their headers from now on [RFC6856-2.1-a]."""
    session.utf8_mode = True
    yield session.positive(Text.UTF8_MODE)


def lang(session: Pop3Session, language_range: str | None) -> Steps:
    """LANG: changes the language of the responses, beginning with this one [RFC6856-3.2-a], or lists the languages."""
    if language_range is None:
        yield session.listing(Text.LANGUAGES_FOLLOW, [f"{each.tag} {each.name}" for each in LANGUAGES])
        return
    language = matching_language(language_range)
    if language is None:
        raise CommandRefused(Text.UNKNOWN_LANGUAGE)  # in the language used before [RFC6856-3.2-d]
    session.language = language
    yield session.figures(f"{language.tag} {language.texts[Text.LANGUAGE_CHANGED]}")
