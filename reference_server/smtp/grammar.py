"""The grammar of SMTP commands: text of a line in, typed arguments out.

RFC 5321 §4.1.1; RFC 4954 §4 (AUTH), RFC 3030 §2 (BDAT), RFC 6531 §3.7.4.2 (VRFY, EXPN). Knows no state and no mailbox;
paths are in paths.py. Every rule raises CommandRefused with the reply that its mistake gets.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from reference_server.smtp.paths import DOMAIN_LIMIT, HELLO, PathTooLong, is_address_literal, read_path
from reference_server.smtp.replies import (
    BAD_BASE64,
    BAD_RECIPIENT,
    BAD_SENDER,
    PATH_TOO_LONG,
    SYNTAX,
    CommandRefused,
    Reply,
)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A verb, in upper case, and what follows its first SPACE; None where there is no SPACE."""

    verb: str
    rest: str | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ESMTP parameter, its keyword in upper case; `value` is None where there is no `=`."""

    keyword: str
    value: str | None


@dataclass(frozen=True, slots=True)
class PathArguments:
    """What MAIL and RCPT take: an address, empty for `<>`, in its shortest spelling, and parameters."""

    address: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class NameArguments:
    """What VRFY and EXPN take; `utf8` says that the reply may hold UTF-8."""

    name: str
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class AuthArguments:
    """What AUTH takes: a mechanism's name in upper case and the initial response, None where there is none."""

    mechanism: str
    initial_response: bytes | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What BDAT takes."""

    size: int
    last: bool


def upper(text: str) -> str:
    """A keyword in upper case. Outside ASCII case means nothing here: `\u017f` is no S (RFC 5321 §2.4)."""
    return text.upper() if text.isascii() else text


# White space at the end of a line is forgiven (RFC 5321 §4.1.1).
def command_line(line: bytes) -> CommandLine:
    """Split a line at its first SPACE. Octets that are no UTF-8 become characters that no rule matches."""
    verb, space, rest = line.rstrip(b" \t").decode("utf-8", "surrogateescape").partition(" ")
    return CommandLine(upper(verb), rest if space else None)


# What a command may be made of (RFC 5321 §4.1.2, last paragraph): %x20-7E.
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_PRINTABLE_UTF8 = re.compile(r"[\x20-\x7e\u0080-\ud7ff\ue000-\U0010ffff]*")

# In RCPT only, and in any case (RFC 5321 §4.1.1.3)
_POSTMASTER = re.compile(r"<(?P<local>postmaster)>", re.IGNORECASE | re.ASCII)

# esmtp-param = esmtp-keyword [ "=" esmtp-value ];  esmtp-keyword = ( ALPHA / DIGIT ) *( ALPHA / DIGIT / "-" )
# esmtp-value = 1*( %d33-60 / %d62-126 / UTF8-non-ascii )
_PARAMETER = re.compile(
    r"(?P<keyword>[A-Za-z0-9][A-Za-z0-9-]*)"
    r"(?:=(?P<value>[\x21-\x3c\x3e-\x7e\u0080-\ud7ff\ue000-\U0010ffff]+))?"
)


def no_arguments(rest: str | None) -> None:
    """For DATA, RSET, QUIT and STARTTLS, which take none (RFC 5321 §4.1.1, §4.3.2; RFC 3207 §4)."""
    if rest is not None:
        raise CommandRefused(SYNTAX)


def optional_string(rest: str | None) -> str:
    """For NOOP and HELP: anything printable."""
    if rest is not None and not _PRINTABLE.fullmatch(rest):
        raise CommandRefused(SYNTAX)
    return rest or ""


# vrfy = "VRFY" SP String [ SP "SMTPUTF8" ] CRLF;  expn alike
def name(rest: str | None) -> NameArguments:
    """For VRFY and EXPN: anything printable, since user names take many forms (RFC 5321 §3.5.1), but something."""
    if not rest or not _PRINTABLE_UTF8.fullmatch(rest):
        raise CommandRefused(SYNTAX)
    text, space, parameter = rest.rpartition(" ")
    if space and text and upper(parameter) == "SMTPUTF8":
        return NameArguments(text, utf8=True)
    return NameArguments(rest)


def ignored(rest: str | None) -> None:
    """For commands that are not carried out, whatever follows them."""


# ehlo = "EHLO" SP ( Domain / address-literal ) CRLF;  helo = "HELO" SP Domain CRLF
# HELO's client may be of RFC 821's time, which had literals too. What RFC 2821 let follow a literal is ignored
# (RFC 5321 §4.1.1.1). A name is in ASCII, SMTPUTF8 or not (RFC 6531 §3.7.1).
def hello(rest: str | None) -> str:
    """The client's name: a domain or an address literal."""
    match = HELLO.fullmatch(rest or "")
    if match is None or len(match["name"] or match["literal"]) > DOMAIN_LIMIT:
        raise CommandRefused(SYNTAX)
    if match["literal"] and not is_address_literal(match["literal"]):
        raise CommandRefused(SYNTAX)
    return match["name"] or match["literal"]


# mail = "MAIL FROM:" ( Path / "<>" ) [ SP Mail-parameters ] CRLF      No space around the colon (RFC 5321 §3.3).
def mail(rest: str | None) -> PathArguments:
    """Arguments of MAIL."""
    text = _after_keyword(rest, "FROM:")
    if text.startswith("<>"):
        return PathArguments("", _parameters(text[2:]))
    return _path_arguments(text, BAD_SENDER)


# rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Path ) [ SP Rcpt-parameters ] CRLF
def rcpt(rest: str | None) -> PathArguments:
    """Arguments of RCPT. `Postmaster` may stand without a domain."""
    text = _after_keyword(rest, "TO:")
    postmaster = _POSTMASTER.match(text)
    if postmaster:
        return PathArguments(postmaster["local"], _parameters(text[postmaster.end() :]))
    return _path_arguments(text, BAD_RECIPIENT)


def _after_keyword(rest: str | None, keyword: str) -> str:
    if rest is None or upper(rest[: len(keyword)]) != keyword:
        raise CommandRefused(SYNTAX)
    return rest[len(keyword) :]


def _path_arguments(text: str, otherwise: Reply) -> PathArguments:
    try:
        path = read_path(text)
    except PathTooLong:
        raise CommandRefused(PATH_TOO_LONG) from None
    if path is None:
        raise CommandRefused(otherwise)
    return PathArguments(path.address, _parameters(text[path.end :]))


def _parameters(text: str) -> tuple[Parameter, ...]:
    """`*( SP esmtp-param )`."""
    if not text:
        return ()
    first, *words = text.split(" ")
    matches = [_PARAMETER.fullmatch(word) for word in words]
    if first:
        raise CommandRefused(SYNTAX)
    parameters = tuple(Parameter(match["keyword"].upper(), match["value"]) for match in matches if match)
    if len(parameters) != len(words):
        raise CommandRefused(SYNTAX)
    return parameters


_MECHANISM = re.compile(r"[A-Za-z0-9_-]{1,20}")


# AUTH mechanism [ initial-response ];  initial-response = base64 / "="
def auth(rest: str | None) -> AuthArguments:
    """Arguments of AUTH; a lone `=` is an empty initial response (RFC 4954 §4)."""
    mechanism, space, response = (rest or "").partition(" ")
    if not _MECHANISM.fullmatch(mechanism) or (space and not response):
        raise CommandRefused(SYNTAX)
    if response == "=":
        return AuthArguments(mechanism.upper(), b"")
    return AuthArguments(mechanism.upper(), from_base64(response.encode(errors="replace")) if response else None)


_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def from_base64(text: bytes) -> bytes:
    """Decode, strictly: no other character and no padding but at the end (RFC 4954 §4). Raises CommandRefused."""
    if not _BASE64.fullmatch(text):
        raise CommandRefused(BAD_BASE64)
    return base64.b64decode(text)


# bdat-cmd = "BDAT" SP chunk-size [ SP "LAST" ] CRLF;  chunk-size = 1*DIGIT
_CHUNK = re.compile(r"(?P<size>[0-9]{1,20})(?P<last> LAST)?", re.IGNORECASE | re.ASCII)


def bdat(rest: str | None) -> Chunk:
    """Arguments of BDAT."""
    match = _CHUNK.fullmatch(rest or "")
    if match is None:
        raise CommandRefused(SYNTAX)
    return Chunk(int(match["size"]), match["last"] is not None)
