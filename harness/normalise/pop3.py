"""POP3 answers in canonical form, and the differences from the oracle that the RFCs permit.

Canonical means: what a client acts on is kept (status, response code, message numbers, which message the bytes are),
what each server chooses for itself is left out, each by a rule that cites its clause.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Protocol

from harness.corpus import CorpusMessage
from harness.normalise.rules import Difference, Rule
from harness.verdicts import Facet

#: Canonical form of one reply: what is left of it, by facet.
Canonical = dict[str, object]


class Reply(Protocol):
    """What canonicalisation reads of a parsed POP3 reply."""

    @property
    def status(self) -> str:
        """The status indicator as it came."""

    @property
    def code(self) -> str | None:
        """The response code, without its brackets."""

    @property
    def words(self) -> Sequence[str]:
        """The words after status and code."""

    @property
    def lines(self) -> Sequence[bytes] | None:
        """The body, unstuffed, without line ends; None for a single-line reply."""

    @property
    def body(self) -> bytes | None:
        """The body's octets, unstuffed."""


def canonical(command: bytes | None, reply: Reply, messages: Sequence[CorpusMessage]) -> Canonical:
    """The canonical form of a reply to a command (None: the greeting)."""
    verb, argument = _split(command)
    form: Canonical = {"verb": verb, Facet.STATUS.value: reply.status, Facet.CODE.value: _code(reply)}
    if reply.status != "+OK":
        return form
    if verb in {"STAT"} or (verb in {"LIST", "UIDL"} and argument):
        form[Facet.DATA.value] = list(reply.words[:1])
    elif verb in {"LIST", "UIDL"}:
        form[Facet.DATA.value] = [_text(line.split(b" ")[0]) for line in reply.lines or ()]
    elif verb in {"CAPA", "AUTH", "LANG"} and reply.lines is not None:
        form[Facet.DATA.value] = sorted(_text(line.split(b" ")[0]).upper() for line in reply.lines)
    elif verb in {"RETR", "TOP"} and reply.body is not None:
        form[Facet.CONTENT.value] = _identity(reply.body, messages, whole=verb == "RETR")
    return form


def _split(command: bytes | None) -> tuple[str, str]:
    if command is None:
        return "greeting", ""
    verb, _, argument = command.decode("latin-1").partition(" ")
    return verb.upper(), argument.strip()


def _code(reply: Reply) -> str:
    """The response code's name: its details (seconds of LOGIN-DELAY, say) are each server's own."""
    return (reply.code or "").split(" ")[0].upper()


def _text(word: bytes) -> str:
    return word.decode("latin-1")


#: What tells corpus messages apart (RFC 5322 §3.6.4).
_MESSAGE_ID = re.compile(rb"(?m)^Message-ID: [^\r\n]+")


def _identity(body: bytes, messages: Sequence[CorpusMessage], *, whole: bool) -> str:
    """Which message the bytes are; else their digest.

    A message is known by its Message-ID where it has one: whether each octet is right is for expectations to judge,
    and a server that adds header fields need not be read about in every case that fetches a message.
    """
    for number, message in enumerate(messages, 1):
        if whole and message.data and (body.endswith(message.data) or _named(message.data, body)):
            return f"message {number}"
    if not whole:
        return "top"
    return hashlib.sha256(body).hexdigest()


def identity(body: bytes, messages: Sequence[CorpusMessage]) -> str:
    """Which of the messages these bytes are, or else their digest."""
    return _identity(body, messages, whole=True)


def _named(message: bytes, body: bytes) -> bool:
    """Whether the message's own Message-ID is the first one of the body."""
    wanted, found = _MESSAGE_ID.search(message), _MESSAGE_ID.search(body)
    return wanted is not None and found is not None and wanted.group() == found.group()


def _is(facet: Facet, *verbs: str) -> _Predicate:
    return _Predicate(facet, frozenset(verbs))


class _Predicate:
    """True for a POP3 difference in one facet, of one of these verbs (none: of any)."""

    def __init__(self, facet: Facet, verbs: frozenset[str]) -> None:
        self._facet, self._verbs = facet, verbs

    def __call__(self, difference: Difference) -> bool:
        return (
            difference.protocol == "pop3"
            and difference.facet is self._facet
            and (not self._verbs or difference.verb in self._verbs)
        )


def _optional_command_refused(difference: Difference) -> bool:
    optional = {"TOP", "UIDL", "USER", "PASS", "APOP", "CAPA", "STLS", "AUTH", "UTF8", "LANG"}
    return (
        difference.protocol == "pop3"
        and difference.facet is Facet.STATUS
        and difference.verb in optional
        and difference.target == "-ERR"
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "pop3-response-code",
        "RFC 2449 §8",
        "A response code may stand in a reply or not, unless a clause asks for a particular one.",
        _is(Facet.CODE),
    ),
    Rule(
        "pop3-capabilities",
        "RFC 2449 §5",
        "Each server announces the capabilities, mechanisms and languages that it has.",
        _is(Facet.DATA, "CAPA", "AUTH", "LANG"),
    ),
    Rule(
        "pop3-user-says-either",
        "RFC 1939 §7",
        "USER may be answered +OK although there is no such mailbox, and -ERR although there is one.",
        _is(Facet.STATUS, "USER"),
    ),
    Rule(
        "pop3-optional-command",
        "RFC 1939 §7",
        "The commands of section 7 and of later documents are optional; a server without one refuses it.",
        _optional_command_refused,
    ),
)
