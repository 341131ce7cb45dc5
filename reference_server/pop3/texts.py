"""The human-readable half of every POP3 response, in each language that LANG offers (RFC 6856 §3).

All of it is ASCII, also the German: text outside ASCII must not be sent before the client has asked for UTF-8 mode
(RFC 6856 §2.1), while what follows LANG is UTF-8 whether it has or not (§3.2). ASCII is right by both. No text begins
with `[`, which would make it a response code (RFC 2449 §6.4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Text(Enum):
    """What a response can say."""

    READY = auto()
    SIGNING_OFF = auto()
    MAILDROP_READY = auto()
    NAME_ACCEPTED = auto()
    MESSAGES = auto()
    OCTETS = auto()
    TOP_FOLLOWS = auto()
    UNIQUE_IDS_FOLLOW = auto()
    MARKED = auto()
    NOTHING_DONE = auto()
    CAPABILITIES_FOLLOW = auto()
    LANGUAGES_FOLLOW = auto()
    LANGUAGE_CHANGED = auto()
    UTF8_MODE = auto()
    BEGIN_TLS = auto()
    UNKNOWN_COMMAND = auto()
    WRONG_STATE = auto()
    BAD_ARGUMENTS = auto()
    LINE_TOO_LONG = auto()
    NO_SUCH_MESSAGE = auto()
    ALREADY_MARKED = auto()
    NEEDS_UTF8 = auto()
    NOT_AUTHENTICATED = auto()
    TOO_MANY_FAILURES = auto()
    MAILDROP_IN_USE = auto()
    NEEDS_TLS = auto()
    NO_TLS = auto()
    NO_APOP = auto()
    UNKNOWN_MECHANISM = auto()
    BAD_BASE64 = auto()
    CANCELLED = auto()
    BAD_EXCHANGE = auto()
    UNKNOWN_LANGUAGE = auto()
    NOT_REMOVED = auto()
    TEMPORARY_FAILURE = auto()
    PERMANENT_FAILURE = auto()
    TOO_MANY_SESSIONS = auto()


_ENGLISH: Mapping[Text, str] = {
    Text.READY: "POP3 server ready",
    Text.SIGNING_OFF: "signing off",
    Text.MAILDROP_READY: "maildrop locked and ready, messages: {count} ({octets} octets)",
    Text.NAME_ACCEPTED: "send the password",
    Text.MESSAGES: "messages: {count} ({octets} octets)",
    Text.OCTETS: "{octets} octets",
    Text.TOP_FOLLOWS: "top of the message follows",
    Text.UNIQUE_IDS_FOLLOW: "unique-ids follow",
    Text.MARKED: "message {number} marked as deleted",
    Text.NOTHING_DONE: "done nothing",
    Text.CAPABILITIES_FOLLOW: "capabilities follow",
    Text.LANGUAGES_FOLLOW: "languages follow",
    Text.LANGUAGE_CHANGED: "language changed",
    Text.UTF8_MODE: "UTF-8 mode",
    Text.BEGIN_TLS: "begin TLS now",
    Text.UNKNOWN_COMMAND: "unknown command",
    Text.WRONG_STATE: "not in this state",
    Text.BAD_ARGUMENTS: "the arguments are not what this command takes",
    Text.LINE_TOO_LONG: "line too long",
    Text.NO_SUCH_MESSAGE: "no such message",
    Text.ALREADY_MARKED: "message {number} is marked as deleted",
    Text.NEEDS_UTF8: "the message needs UTF-8 mode",
    Text.NOT_AUTHENTICATED: "authentication failed",
    Text.TOO_MANY_FAILURES: "authentication failed too often",
    Text.MAILDROP_IN_USE: "another session holds the maildrop",
    Text.NEEDS_TLS: "no plaintext password without TLS",
    Text.NO_TLS: "TLS cannot be started here",
    Text.NO_APOP: "APOP is not offered",
    Text.UNKNOWN_MECHANISM: "mechanism not offered",
    Text.BAD_BASE64: "not base64",
    Text.CANCELLED: "authentication cancelled",
    Text.BAD_EXCHANGE: "not a message of this mechanism",
    Text.UNKNOWN_LANGUAGE: "language not offered",
    Text.NOT_REMOVED: "some deleted messages not removed",
    Text.TEMPORARY_FAILURE: "temporary failure",
    Text.PERMANENT_FAILURE: "permanent failure",
    Text.TOO_MANY_SESSIONS: "too many connections, try later",
}

_GERMAN: Mapping[Text, str] = {
    Text.READY: "POP3-Server bereit",
    Text.SIGNING_OFF: "Auf Wiedersehen",
    Text.MAILDROP_READY: "Postfach gesperrt und bereit, Nachrichten: {count} ({octets} Oktette)",
    Text.NAME_ACCEPTED: "Passwort bitte",
    Text.MESSAGES: "Nachrichten: {count} ({octets} Oktette)",
    Text.OCTETS: "{octets} Oktette",
    Text.TOP_FOLLOWS: "Anfang der Nachricht folgt",
    Text.UNIQUE_IDS_FOLLOW: "Kennungen folgen",
    Text.MARKED: "Nachricht {number} zum Entfernen vorgemerkt",
    Text.NOTHING_DONE: "nichts getan",
    Text.CAPABILITIES_FOLLOW: "Liste folgt",
    Text.LANGUAGES_FOLLOW: "Sprachen folgen",
    Text.LANGUAGE_CHANGED: "Sprache gewechselt",
    Text.UTF8_MODE: "UTF-8-Modus",
    Text.BEGIN_TLS: "TLS jetzt beginnen",
    Text.UNKNOWN_COMMAND: "unbekannter Befehl",
    Text.WRONG_STATE: "nicht in diesem Zustand",
    Text.BAD_ARGUMENTS: "diese Argumente nimmt der Befehl nicht",
    Text.LINE_TOO_LONG: "Zeile zu lang",
    Text.NO_SUCH_MESSAGE: "keine solche Nachricht",
    Text.ALREADY_MARKED: "Nachricht {number} ist zum Entfernen vorgemerkt",
    Text.NEEDS_UTF8: "die Nachricht braucht den UTF-8-Modus",
    Text.NOT_AUTHENTICATED: "Anmeldung gescheitert",
    Text.TOO_MANY_FAILURES: "Anmeldung zu oft gescheitert",
    Text.MAILDROP_IN_USE: "eine andere Sitzung hat das Postfach",
    Text.NEEDS_TLS: "kein Passwort im Klartext ohne TLS",
    Text.NO_TLS: "TLS kann hier nicht beginnen",
    Text.NO_APOP: "APOP wird nicht angeboten",
    Text.UNKNOWN_MECHANISM: "Verfahren wird nicht angeboten",
    Text.BAD_BASE64: "kein base64",
    Text.CANCELLED: "Anmeldung abgebrochen",
    Text.BAD_EXCHANGE: "keine Meldung dieses Verfahrens",
    Text.UNKNOWN_LANGUAGE: "Sprache wird nicht angeboten",
    Text.NOT_REMOVED: "nicht alle vorgemerkten Nachrichten entfernt",
    Text.TEMPORARY_FAILURE: "Fehler, bitte noch einmal versuchen",
    Text.PERMANENT_FAILURE: "dauerhafter Fehler",
    Text.TOO_MANY_SESSIONS: "zu viele Verbindungen, bitte noch einmal versuchen",
}


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its tag (RFC 5646), its name in itself, and what the responses say in it."""

    tag: str
    name: str
    texts: Mapping[Text, str]


LANGUAGES: tuple[Language, ...] = (Language("en", "English", _ENGLISH), Language("de", "Deutsch", _GERMAN))
"""What LANG offers; the first one is the server's preference, used until the client asks for another."""

# basic language range = 1*8ALPHA *( "-" 1*8( ALPHA / DIGIT ) ) / "*"        (RFC 4647 §2.1)
_LANGUAGE_RANGE = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")


def matching_language(language_range: str, languages: tuple[Language, ...] = LANGUAGES) -> Language | None:
    """The first language that the range matches by basic filtering (RFC 4647 §3.3.1), or None.

    A range matches a tag that is equal to it or continues it with a hyphen; `*` matches the preferred language.
    """
    if not _LANGUAGE_RANGE.fullmatch(language_range):
        return None
    wanted = language_range.lower()
    for language in languages:
        tag = language.tag.lower()
        if wanted in ("*", tag) or tag.startswith(wanted + "-"):
            return language
    return None
