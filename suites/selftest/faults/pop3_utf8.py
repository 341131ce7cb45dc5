"""UTF8 and LANG (RFC 6856)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.actions import Send
from reference_server.backend import StoredMessage
from reference_server.conversation import Steps, blocking
from reference_server.pop3 import grammar
from reference_server.pop3 import message as message_parts
from reference_server.pop3.responses import CommandRefused, ResponseCode
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import LANGUAGES, Text
from suites.selftest.credentials import judging
from suites.selftest.fault import Build, Fault
from suites.selftest.maildrops import AlteredMaildrop, opening
from suites.selftest.variants import Handler, accepted_in, found, handled, parsed, variant


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build, *touches: str) -> Fault:
    return Fault(f"pop3/utf8/{slug}", title, requirements, build, touches=touches or ("UTF8",))


def _language(slug: str, title: str, requirements: tuple[str, ...], handler: Handler) -> Fault:
    """LANG does something else."""
    return _fault(f"lang-{slug}", title, requirements, variant(commands=handled(LANG=handler)), "LANG")


# ---- messages -------------------------------------------------------------------------------------------------------


class _AlwaysRaw(Pop3Session):
    """Sends UTF-8 headers in every mode: the mode is on, whatever the client says."""

    def enter_transaction(self, maildrop: Any) -> None:
        self.utf8_mode = True
        super().enter_transaction(maildrop)


class _NeverRaw(Pop3Session):
    """Answers +OK to UTF8 and stays out of the mode."""

    def enter_transaction(self, maildrop: Any) -> None:
        self.utf8_mode = False
        super().enter_transaction(maildrop)


def _closes(session: Pop3Session, number: int) -> Steps:
    """A message that needs the mode hangs."""
    try:
        yield from found("RETR").handler(session, number)
    except CommandRefused as refused:
        if refused.code is not ResponseCode.UTF8:
            raise


def _sending(change: Callable[[Pop3Session, bytes], bytes]) -> Build:
    """Messages are changed, as the session's mode has it."""

    class Sending(Pop3Session):
        def message(self, text: Text, message: bytes, **values: object) -> Send:
            return super().message(text, change(self, message), **values)

    return variant(session=Sending)


def _encoded_in_mode(session: Pop3Session, message: bytes) -> bytes:
    """In UTF-8 mode headers are sent as a surrogate all the same."""
    end = message_parts.header_length(message)
    return message[:end].decode("utf-8", "replace").encode("ascii", "replace") + message[end:]


def _field_in_mode(session: Pop3Session, message: bytes) -> bytes:
    return b"X-Mode: UTF-8\r\n" + message if session.utf8_mode else message


def _refuses_all_in_mode(session: Pop3Session, number: int) -> Steps:
    if session.utf8_mode:
        raise CommandRefused(Text.NEEDS_UTF8, ResponseCode.UTF8)
    yield from found("RETR").handler(session, number)


def _surrogate(session: Pop3Session, number: int) -> Steps:
    """Without the mode a message is sent with its header made ASCII; LIST gives the size of the original."""
    message = session.maildrop.message(number)
    content = yield from blocking(lambda: session.maildrop.read(message))
    if not session.utf8_mode:
        content = _encoded_in_mode(session, content)
    yield session.message(Text.OCTETS, content, octets=message.size)


class _SizedWithoutMode(AlteredMaildrop):
    """Sizes are those of the surrogate, in UTF-8 mode too."""

    def shown(self, message: StoredMessage) -> StoredMessage:
        data = self.inner.read(message)
        surplus = len(data) - len(data.decode("utf-8", "ignore"))
        return replace(message, size=message.size + surplus)


def _coded_list(session: Pop3Session, number: int | None) -> Steps:
    """LIST of any single message gets the UTF8 code."""
    if number is not None:
        raise CommandRefused(Text.NEEDS_UTF8, ResponseCode.UTF8)
    yield from found("LIST").handler(session, None)


def _coded_dele(session: Pop3Session, number: int) -> Steps:
    """A message that needs the mode cannot be marked either."""
    message = session.maildrop.message(number)
    content = yield from blocking(lambda: session.maildrop.read(message))
    if not session.utf8_mode and message_parts.needs_utf8_mode(content):
        raise CommandRefused(Text.NEEDS_UTF8, ResponseCode.UTF8)
    yield from found("DELE").handler(session, number)


# ---- names and passwords --------------------------------------------------------------------------------------------


def _ascii_name(rest: bytes | None) -> str:
    if rest is not None and not rest.isascii():
        raise grammar.BadArguments
    return grammar.name(rest)


def _unprepared_name(rest: bytes | None) -> str:
    """Names are compared as they come."""
    name = grammar.name(rest)
    return name if (rest or b"").isascii() else f"?{name}"


def _unprepared_apop(rest: bytes | None) -> grammar.ApopArguments:
    arguments = grammar.apop(rest)
    return arguments if (rest or b"").isascii() else replace(arguments, name="?")


def _repaired_name(rest: bytes | None) -> str:
    """What is not UTF-8, or is prohibited, is dropped, and with it the check: the first account is meant."""
    try:
        return grammar.name(rest)
    except grammar.BadArguments:
        if not rest or b" " in rest:
            raise
        return "user1"


def _dropped(rest: bytes | None) -> str:
    """Octets above 127 are dropped before anything else."""
    return grammar.name(bytes(octet for octet in rest if octet < 128) if rest else rest)


def _malformed_lets_in(session: Pop3Session, octets: bytes) -> Steps:
    """A password that is not UTF-8 is taken for the right one."""
    if grammar.prepared_password(octets) is None:
        octets = b"correct horse"
    yield from found("PASS").handler(session, octets)


# ---- languages ------------------------------------------------------------------------------------------------------


def _lang(answer: Callable[[str, str], str]) -> Handler:
    """LANG's answer, made of tag and text, is another."""

    def lang(session: Pop3Session, wanted: str | None) -> Steps:
        for wished in found("LANG").handler(session, wanted):
            if wanted is None or not isinstance(wished, Send) or not wished.data.startswith(b"+OK"):
                yield wished
            else:
                yield session.figures(answer(session.language.tag, session.language.texts[Text.LANGUAGE_CHANGED]))

    return lang


def _unknown_is_default(session: Pop3Session, wanted: str | None) -> Steps:
    """An unknown tag means the preferred language."""
    try:
        yield from found("LANG").handler(session, wanted)
    except CommandRefused:
        yield from found("LANG").handler(session, "*")


def _asterisk_named(session: Pop3Session, wanted: str | None) -> Steps:
    if wanted == "*":
        yield session.figures("* language changed")
        return
    yield from found("LANG").handler(session, wanted)


def _asterisk_refused(session: Pop3Session, wanted: str | None) -> Steps:
    if wanted == "*":
        raise CommandRefused(Text.UNKNOWN_LANGUAGE)
    yield from found("LANG").handler(session, wanted)


def _lists(lines: list[str]) -> Handler:
    def lang(session: Pop3Session, wanted: str | None) -> Steps:
        if wanted is None:
            yield session.listing(Text.LANGUAGES_FOLLOW, lines)
        else:
            yield from found("LANG").handler(session, wanted)

    return lang


class _Latin1(Pop3Session):
    """Once LANG has succeeded, texts are in ISO 8859-1."""

    def negative(self, text: Text, code: ResponseCode | None = None, **values: object) -> Send:
        sent = super().negative(text, code, **values)
        return Send(sent.data.replace(b"\r\n", b" \xfc\r\n")) if self.__dict__.get("chosen") else sent


def _choosing(session: Pop3Session, wanted: str | None) -> Steps:
    yield from found("LANG").handler(session, wanted)
    session.__dict__["chosen"] = wanted is not None


_LISTED = [f"{each.tag} {each.name}" for each in LANGUAGES]

FAULTS: tuple[Fault, ...] = (
    _fault(
        "utf8-after-login",
        "UTF8 after a login is answered +OK",
        ("RFC6856-2.1-b",),
        variant(commands=accepted_in("UTF8", State.TRANSACTION)),
    ),
    _fault(
        "headers-raw-in-any-mode",
        "UTF-8 in headers is sent in any mode",
        ("RFC6856-2.1-f", "RFC6856-2.1-g"),
        variant(session=_AlwaysRaw),
        "RETR",
    ),
    _fault(
        "mode-has-no-effect",
        "UTF8 is answered +OK and nothing changes",
        ("RFC6856-2.1-d", "RFC6856-5-b"),
        variant(session=_NeverRaw),
        "UTF8",
    ),
    _fault(
        "needing-the-mode-hangs",
        "RETR of a message that needs the mode is not answered",
        ("RFC6856-2.1-g",),
        variant(commands=handled(RETR=_closes)),
        "RETR",
    ),
    _fault(
        "surrogate-in-the-mode",
        "In UTF-8 mode headers are made ASCII",
        ("RFC6856-2.1-d",),
        _sending(_encoded_in_mode),
        "UTF8",
    ),
    _fault(
        "field-in-the-mode",
        "In UTF-8 mode messages get another field",
        ("RFC6856-2.1-c", "RFC6856-2.1-d"),
        _sending(_field_in_mode),
        "UTF8",
    ),
    _fault(
        "refusals-in-the-mode",
        "In UTF-8 mode messages are refused",
        ("RFC6856-2.1-c", "RFC6856-2.1-d"),
        variant(commands=handled(RETR=_refuses_all_in_mode)),
        "UTF8",
    ),
    _fault(
        "sizes-of-surrogates",
        "Sizes in UTF-8 mode are not those of what is sent",
        ("RFC6856-2.1-j",),
        variant(maildrops=opening(_SizedWithoutMode)),
        "UTF8",
    ),
    _fault(
        "sizes-of-originals",
        "Without the mode a surrogate is sent, and LIST has the size of the original",
        ("RFC6856-2.1-j",),
        variant(commands=handled(RETR=_surrogate)),
        "RETR",
    ),
    _fault(
        "code-for-any-list",
        "LIST n always gets the UTF8 code",
        ("RFC6856-5-b",),
        variant(commands=handled(LIST=_coded_list)),
        "LIST",
    ),
    _fault(
        "code-for-dele",
        "DELE gets the UTF8 code",
        ("RFC6856-5-a",),
        variant(commands=handled(DELE=_coded_dele)),
        "DELE",
    ),
    _fault(
        "names-are-ascii",
        "USER is announced for UTF8, and names in UTF-8 are refused",
        ("RFC6856-2.2-a",),
        variant(commands=parsed(USER=_ascii_name)),
        "USER",
    ),
    _fault(
        "names-are-not-prepared",
        "USER's names are compared as they come",
        ("RFC6856-2.2-b",),
        variant(commands=parsed(USER=_unprepared_name)),
        "USER",
    ),
    _fault(
        "apop-names-are-not-prepared",
        "APOP's names are compared as they come",
        ("RFC6856-2.2-c",),
        variant(commands=parsed(APOP=_unprepared_apop)),
        "APOP",
    ),
    _fault(
        "prohibited-characters-are-dropped",
        "Characters that SASLprep prohibits are dropped from names",
        ("RFC6856-2.2-d",),
        variant(commands=parsed(USER=_dropped)),
        "USER",
    ),
    _fault(
        "malformed-names-are-repaired",
        "Names that are not UTF-8 mean another account",
        ("RFC6856-2.2-g",),
        variant(
            commands=parsed(USER=_repaired_name),
            credentials=judging(lambda own, account, password: own.exists(account)),
        ),
        "USER",
    ),
    _fault(
        "malformed-passwords-let-in",
        "Passwords that are not UTF-8 let in",
        ("RFC6856-2.2-g",),
        variant(commands=handled(PASS=_malformed_lets_in)),
        "PASS",
    ),
    _language(
        "answers-without-tag", "LANG's answer does not name the tag", ("RFC6856-3.2-a",), _lang(lambda tag, text: text)
    ),
    _language("answers-nothing", "LANG is answered with a bare +OK", ("RFC6856-3.2-a",), _lang(lambda tag, text: "")),
    _language(
        "answers-with-tag-last",
        "LANG's answer names the tag at its end",
        ("RFC6856-3.2-a",),
        _lang(lambda tag, text: f"{text} {tag}"),
    ),
    _language(
        "takes-unknown-tags", "An unknown tag means the preferred language", ("RFC6856-3.2-d",), _unknown_is_default
    ),
    _language("names-an-asterisk", "LANG * is answered with an asterisk", ("RFC6856-3.2-e",), _asterisk_named),
    _language("refuses-an-asterisk", "LANG * is refused", ("RFC6856-3.2-e",), _asterisk_refused),
    _language(
        "lists-what-is-not-there",
        "LANG lists a language that cannot be chosen",
        ("RFC6856-3.2-g",),
        _lists([*_LISTED, "fr Français"]),
    ),
    _language("lists-nothing", "LANG lists no language", ("RFC6856-3.2-g",), _lists([])),
    _language(
        "lists-with-two-spaces",
        "Language listings have two spaces",
        ("RFC6856-3.2-h",),
        _lists([line.replace(" ", "  ") for line in _LISTED]),
    ),
    _fault(
        "lang-leads-to-latin-1",
        "Texts after LANG are in ISO 8859-1",
        ("RFC6856-3.2-c",),
        variant(session=_Latin1, commands=handled(LANG=_choosing)),
        "LANG",
    ),
)
