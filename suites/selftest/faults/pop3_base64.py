"""The form of challenges and responses in a SASL exchange (RFC 5034 §4)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from reference_server.actions import Close
from reference_server.conversation import Steps, next_line
from reference_server.pop3 import grammar
from reference_server.pop3.grammar import AuthArguments
from reference_server.pop3.responses import CommandRefused, Renderer
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import found, handled, variant

AUTH = "RFC5034-4.AUTH-"


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build) -> Fault:
    return Fault(f"pop3/sasl/{slug}", title, requirements, build, touches=("AUTH",))


def _auth_with(decoded: Callable[[bytes], bytes | None], *, limit: int | None = None) -> Build:
    """PLAIN's response after a challenge is decoded in another way; `limit` octets at most."""

    def auth(session: Pop3Session, arguments: AuthArguments) -> Steps:
        if arguments.mechanism != "PLAIN" or arguments.initial_response is not None:
            yield from found("AUTH").handler(session, arguments)
            return
        yield session.challenge(b"")
        line = yield from next_line(limit or session.context.settings.limits.sasl_line)
        if not isinstance(line, bytes):
            yield Close()
            return
        if line == b"*":
            raise CommandRefused(Text.CANCELLED)
        data = decoded(line)
        if data is None:
            raise CommandRefused(Text.BAD_BASE64)
        yield from found("AUTH").handler(session, AuthArguments("PLAIN", data))

    return variant(commands=handled(AUTH=auth))


def _strict(line: bytes) -> bytes | None:
    return grammar.from_base64(line)


def _believed(octets: bytes) -> Callable[[bytes], bytes | None]:
    """Lenient decoders take what is not base64 for something; here, for this account's right message."""
    return lambda line: _strict(line) if _strict(line) is not None else octets


_RIGHT = b"\0user1\0correct horse"


def _skipping(characters: bytes) -> Callable[[bytes], bytes | None]:
    """Characters outside the alphabet are skipped, and what is left is believed."""

    def decoded(line: bytes) -> bytes | None:
        known = _strict(line)
        return known if known is not None or not re.search(characters, line) else _RIGHT

    return decoded


def _pads(line: bytes) -> bytes | None:
    """What comes after a pad character is ignored, and a pad character at the front too."""
    known = _strict(line)
    return known if known is not None or b"=" not in line.rstrip(b"=") else _RIGHT


def _short(line: bytes) -> bytes | None:
    known = _strict(line)
    return known if known is not None or len(line) % 4 == 0 else _RIGHT


class _Challenges(Renderer):
    """Challenges in another form."""

    def __init__(self, form: Callable[[bytes], bytes]) -> None:
        self._form = form

    def challenge(self, data: bytes) -> bytes:
        return self._form(data)


def _challenging(form: Callable[[bytes], bytes]) -> Build:
    return variant(renderer=lambda: _Challenges(form))


def _text_in_challenge(data: bytes) -> bytes:
    return b"+ go ahead\r\n" if not data else b"+ " + base64.b64encode(data) + b"\r\n"


def _comment_in_challenge(data: bytes) -> bytes:
    return b"+ " + base64.b64encode(data) + (b" please\r\n" if data else b"\r\n")


def _continued(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """The asterisk is a response like any other, and another try is waited for."""
    if arguments.mechanism == "PLAIN" and arguments.initial_response is None:
        yield session.challenge(b"")
        line = yield from next_line(session.context.settings.limits.sasl_line)
        while line == b"*":
            yield session.challenge(b"")
            line = yield from next_line(session.context.settings.limits.sasl_line)
        data = grammar.from_base64(line) if isinstance(line, bytes) else None
        if data is None:
            raise CommandRefused(Text.BAD_BASE64)
        arguments = AuthArguments("PLAIN", data)
    yield from found("AUTH").handler(session, arguments)


FAULTS: tuple[Fault, ...] = (
    _fault(
        "challenge-with-comment",
        "Challenges have a text after the base64",
        (f"{AUTH}f",),
        _challenging(_comment_in_challenge),
    ),
    _fault(
        "challenge-in-the-clear",
        "Challenges are not base64",
        (f"{AUTH}f",),
        _challenging(lambda data: b"+ " + data + b"\r\n"),
    ),
    _fault(
        "empty-challenge-with-text",
        "An empty challenge says something",
        (f"{AUTH}i", f"{AUTH}f"),
        _challenging(_text_in_challenge),
    ),
    _fault(
        "empty-challenge-without-space",
        "An empty challenge is a plus sign without a space",
        (f"{AUTH}i",),
        _challenging(lambda data: b"+\r\n" if not data else b"+ " + base64.b64encode(data) + b"\r\n"),
    ),
    _fault(
        "asterisk-is-a-response",
        "A lone asterisk is answered with another challenge",
        (f"{AUTH}g",),
        variant(commands=handled(AUTH=_continued)),
    ),
    _fault(
        "bad-base64-is-believed",
        "A response that is not base64 lets in",
        (f"{AUTH}k", f"{AUTH}l", f"{AUTH}m"),
        _auth_with(_believed(_RIGHT)),
    ),
    _fault(
        "other-characters-are-skipped",
        "Characters that are not base64 are skipped",
        (f"{AUTH}l",),
        _auth_with(_skipping(rb"[^A-Za-z0-9+/=]")),
    ),
    _fault("pads-anywhere", "Pad characters may stand anywhere", (f"{AUTH}m",), _auth_with(_pads)),
    _fault("base64-cut-short", "Base64 of any length will do", (f"{AUTH}k",), _auth_with(_short)),
    _fault(
        "long-responses-close",
        "A response of more than 255 octets closes the connection",
        (f"{AUTH}n",),
        _auth_with(_strict, limit=255),
    ),
)
