"""Faults of LOGIN and AUTHENTICATE (RFC 3501 §6.2.2, §6.2.3, §11; RFC 4959, RFC 4616)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from reference_server.imap import commands as c
from reference_server.imap.capabilities import CAPABILITIES, Capability
from reference_server.imap.errors import BadCommand
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.outcome import Handling, Improper, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.session import ImapSession
from reference_server.sasl import MECHANISMS, Success
from reference_server.sasl.plain import Plain
from suites.selftest.credentials import AlteredCredentials, judging
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Outcome,
    claiming,
    doing,
    ending,
    fault,
    handled,
    handler_of,
    hearing,
    imap_variant,
    meaning,
    refusing,
    refusing_lines,
    tolerating,
)

_BOTH = ("LOGIN", "AUTHENTICATE")
#: Octets of an initial response that a line of the faulty server holds.
_SHORT = 1000


def _password(right: Callable[[AlteredCredentials, str, str], bool]) -> Build:
    """A variant that judges passwords in another way."""
    return imap_variant(credentials=judging(right))


def _verified(credentials: AlteredCredentials, account: str, password: str) -> bool:
    return credentials.inner.verify_password(account, password)


def _as_bad(*names: str) -> Build:
    """A variant in which these commands are refused with BAD."""

    def change(_session: ImapSession, _command: Any, outcome: Outcome) -> Outcome:
        return Improper(outcome.text) if isinstance(outcome, Refused) else outcome

    return ending(change, *names)


def _as_no(text: str) -> Build:
    """A variant in which AUTHENTICATE is refused with NO, where it should be BAD for this reason."""

    def change(_session: ImapSession, _command: Any, outcome: Outcome) -> Outcome:
        wanted = isinstance(outcome, Improper) and text in outcome.text
        return Refused(outcome.text) if wanted else outcome

    return ending(change, "AUTHENTICATE")


def _telling_apart(text: str, code: Code | None) -> Build:
    """A variant that says where it knows no such name."""

    def handler(session: ImapSession, command: c.Login) -> Handling:
        try:
            return (yield from handler_of("LOGIN")(session, command))
        except Refused:
            credentials = session.context.credentials
            assert isinstance(credentials, AlteredCredentials)
            if credentials.exists(command.user.decode()):
                raise
            raise Refused(text, code) from None

    return imap_variant(credentials=AlteredCredentials, commands=handled(LOGIN=handler))


class _OnceOnly(ImapSession):
    """After a login that failed none is taken."""

    def understood(self, text: CommandText) -> c.Command:
        command = super().understood(text)
        if self.failed_logins and isinstance(command, c.Login | c.Authenticate):
            raise BadCommand(command.tag, "You have had your chance")
        return command


class _ActsAsItself(Plain):
    """PLAIN that does not look at the authorization identity."""

    def respond(self, data: bytes) -> Any:
        return super().respond(b"\0" + data.partition(b"\0")[2])


def _announcing(name: str) -> Build:
    """A variant that announces something, and does not act on it."""
    return imap_variant(capabilities=(*CAPABILITIES, Capability(name)))


class _AdmitsNobody(Plain):
    """PLAIN that takes an empty response for a login."""

    def respond(self, data: bytes) -> Any:
        return super().respond(data) if data else Success("nobody")


class _Remembering(Plain):
    """PLAIN that remembers what it was sent."""

    last: ClassVar[bytes] = b""

    def respond(self, data: bytes) -> Any:
        _Remembering.last = data
        return super().respond(data)


def _name_sent() -> str:
    return [*_Remembering.last.split(b"\0"), b"", b""][1].decode("latin-1")


def _tells_who(session: ImapSession, command: c.Authenticate) -> Handling:
    """AUTHENTICATE that says where it knows no such name."""
    try:
        return (yield from handler_of("AUTHENTICATE")(session, command))
    except Refused as refused:
        credentials = session.context.credentials
        assert isinstance(credentials, AlteredCredentials)
        text = refused.text if credentials.exists(_name_sent()) else "There is no such user"
        raise Refused(text, refused.code) from None


def _repeats(session: ImapSession, command: c.Authenticate) -> Handling:
    """AUTHENTICATE that sends back what came."""
    try:
        return (yield from handler_of("AUTHENTICATE")(session, command))
    except Refused:
        yield session.send(StatusResponse(Condition.NO, f"I do not know {_Remembering.last.decode('latin-1')}"))
        raise


def _raw_text(self: Renderer, text: str) -> bytes:
    return text.encode("latin-1", "replace")


class _WithoutPlain(ImapSession):
    """PLAIN is not announced."""

    def capability_names(self) -> tuple[str, ...]:
        return tuple(name for name in super().capability_names() if name != "AUTH=PLAIN")


def _without_response(command: c.Authenticate) -> c.Authenticate:
    return replace(command, initial_response=None)


def _login(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "") -> Fault:
    return fault(f"logins/{slug}", title, requirements, build, "LOGIN", seen_in=seen_in)


def _auth(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "") -> Fault:
    return fault(f"logins/{slug}", title, requirements, build, "AUTHENTICATE", "PLAIN", seen_in=seen_in)


FAULTS: tuple[Fault, ...] = (
    _login("any-password", "Any password is right", "6.2.3-b 6.2.2-c", _password(lambda *_: True)),
    _login(
        "password-cut",
        "What follows the password does not matter",
        "6.2.3-b",
        _password(lambda book, name, given: _verified(book, name, given) or _verified(book, name, given[:-1])),
        seen_in="servers with passwords of a fixed length",
    ),
    _login(
        "password-in-any-case",
        "The case of passwords does not matter",
        "6.2.3-b",
        _password(lambda book, name, given: _verified(book, name, given) or _verified(book, name, given.swapcase())),
    ),
    _login(
        "empty-password",
        "An empty password is right",
        "6.2.3-b",
        _password(lambda book, name, given: not given or _verified(book, name, given)),
        seen_in="servers that bind to a directory anonymously",
    ),
    _login(
        "unknown-name",
        "A name that nobody has is let in",
        "6.2.3-b 6.2.2-c",
        _password(lambda book, name, given: not book.exists(name) or _verified(book, name, given)),
    ),
    _login("no-password-is-right", "No password is right", "6.2.3-a", _password(lambda *_: False)),
    _login("wrong-is-bad", "Wrong credentials get BAD", "6.2.3-b 6.2.2-c", _as_bad(*_BOTH)),
    _login("login-does-nothing", "LOGIN says OK and does nothing", "3.2-b", doing("LOGIN", claiming)),
    _login(
        "login-without-literals",
        "LOGIN takes no literals",
        "6.2.3-a",
        refusing_lines(lambda line: b" LOGIN {" in line.upper() or b'" {' in line),
        seen_in="servers that read credentials from one line",
    ),
    _login(
        "login-without-quotes",
        "LOGIN takes no quotes",
        "6.2.3-a",
        refusing_lines(lambda line: b' LOGIN "' in line.upper()),
    ),
    _login(
        "login-in-upper-case",
        "LOGIN is known in upper case only",
        "9-b 6.2.3-a",
        refusing_lines(lambda line: b" LOGIN " in line.upper() and b" LOGIN " not in line),
    ),
    _login("once-only", "After a refusal there is no login", "6-b 6.2.2-o", imap_variant(session=_OnceOnly)),
    _login(
        "unknown-names-are-told",
        "LOGIN says that the name is unknown",
        "11.2-d POSTEL-imap_auth-b",
        _telling_apart("There is no such user", Code.AUTHENTICATIONFAILED),
        seen_in="servers that mean to be helpful",
    ),
    _login(
        "unknown-names-have-a-code",
        "LOGIN has another code where the name is unknown",
        "RFC5530-3-b",
        _telling_apart("The credentials are wrong", Code.NONEXISTENT),
    ),
    _login("logindisabled-is-not", "LOGIN works under LOGINDISABLED", "7.2.1-b", _announcing("LOGINDISABLED")),
    # ---- AUTHENTICATE
    _auth("plain-is-refused", "AUTHENTICATE is always refused", "6.2.2-a", doing("AUTHENTICATE", refusing)),
    _auth("plain-does-nothing", "AUTHENTICATE says OK at once", "3.2-b 6.2.2-a", doing("AUTHENTICATE", claiming)),
    _auth(
        "mechanisms-in-upper-case",
        "Mechanisms are known in upper case only",
        "9-n",
        refusing_lines(lambda line: b"plAIn" in line),
    ),
    _auth(
        "acts-as-anybody",
        "The authorization identity is passed over",
        "6.2.2-p",
        imap_variant(mechanisms={**MECHANISMS, "PLAIN": _ActsAsItself}),
    ),
    _auth(
        "empty-response-logs-in",
        "An empty response logs in",
        "6.2.2-c",
        imap_variant(mechanisms={**MECHANISMS, "PLAIN": _AdmitsNobody}),
    ),
    _auth(
        "authenticate-tells-names",
        "AUTHENTICATE says that the name is unknown",
        "11.2-a POSTEL-imap_auth-c",
        imap_variant(
            credentials=AlteredCredentials,
            mechanisms={**MECHANISMS, "PLAIN": _Remembering},
            commands=handled(AUTHENTICATE=_tells_who),
        ),
    ),
    _auth(
        "names-come-back",
        "AUTHENTICATE sends a name back as it came",
        "POSTEL-imap_auth-d",
        imap_variant(
            mechanisms={**MECHANISMS, "PLAIN": _Remembering},
            commands=handled(AUTHENTICATE=_repeats),
            renderer=type("RawText", (Renderer,), {"text": _raw_text}),
        ),
        seen_in="servers that log and answer with one text",
    ),
    _auth("cancelled-is-no", "A cancelled exchange gets NO", "6.2.2-e", _as_no("cancelled")),
    _auth("no-base64-is-no", "A response that is not BASE64 gets NO", "6.2.2-f", _as_no("base64")),
    _auth(
        "unknown-mechanism-is-bad",
        "An unknown mechanism gets BAD",
        "6.2.2-b",
        _as_bad("AUTHENTICATE"),
        seen_in="servers that take the mechanism for syntax",
    ),
    _auth("announced-unknown", "CRAM-MD5 is announced, and not known", "6.1.1-b", _announcing("AUTH=CRAM-MD5")),
    _auth("plain-is-hidden", "PLAIN is not announced", "6.1.1-e", imap_variant(session=_WithoutPlain)),
    # ---- SASL-IR
    _auth(
        "initial-response-lost",
        "An initial response is passed over",
        "RFC4959-3-a",
        meaning(c.Authenticate, _without_response),
        seen_in="servers that announce SASL-IR by mistake",
    ),
    _auth(
        "empty-initial-response-lost",
        "= is no initial response",
        "RFC4959-3-b",
        meaning(c.Authenticate, lambda given: given if given.initial_response else _without_response(given)),
    ),
    _auth(
        "initial-response-unchecked",
        "An initial response that is not BASE64 logs in",
        "RFC4959-3-c",
        tolerating(lambda text, line: line.endswith(b" !!!!")),
    ),
    _auth(
        "padding-anywhere",
        "= inside an initial response is passed over",
        "RFC4959-3-d",
        hearing(lambda line: re.sub(rb"(?<=\w)=(?=\w)", b"", line) if b" PLAIN " in line else line),
        seen_in="decoders that skip what they do not know",
    ),
    _auth(
        "initial-response-needed",
        "AUTHENTICATE without an initial response gets BAD",
        "RFC4959-3-f",
        refusing_lines(lambda line: line.upper().endswith(b" PLAIN")),
    ),
    _auth(
        "initial-response-short",
        "A long initial response is passed over",
        "RFC4959-6-b",
        meaning(
            c.Authenticate,
            lambda given: given if len(given.initial_response or b"") < _SHORT else _without_response(given),
        ),
    ),
)
