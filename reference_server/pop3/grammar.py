"""The grammar of POP3 commands: octets of a line in, typed arguments out.

Knows RFC 1939 §3 and RFC 2449 §3 for the form of a command, and each command's arguments. Knows no state, no maildrop
and no account. Every rule raises BadArguments for what it does not match [RFC1939-3-q] [POSTEL-line-i].
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from reference_server.sasl import SaslprepError, saslprep


class BadArguments(Exception):
    """The arguments are not what the command takes."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command's keyword, in upper case, and what follows its first SPACE; None where there is no SPACE."""

    keyword: str
    rest: bytes | None


@dataclass(frozen=True, slots=True)
class TopArguments:
    """Arguments of TOP (RFC 1939 §7)."""

    number: int
    lines: int


@dataclass(frozen=True, slots=True)
class ApopArguments:
    """Arguments of APOP (RFC 1939 §7)."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class AuthArguments:
    """Arguments of AUTH (RFC 5034 §4). An initial response that is absent is None, an empty one, written `=`, is b""
    [RFC5034-4.AUTH-b]."""

    mechanism: str
    initial_response: bytes | None


# command = keyword *( SP param ) CRLF
# A keyword is taken in any case [RFC1939-3-c]. One that is not ASCII is still a keyword, an unknown one.
def command_line(line: bytes) -> CommandLine:
    """Split a line at its first SPACE [RFC1939-3-f]."""
    keyword, space, rest = line.partition(b" ")
    return CommandLine(keyword.decode("ascii", "replace").upper(), rest if space else None)


# param = 1*VCHAR                       VCHAR = %x21-7E
_PARAMETER = re.compile(rb"[\x21-\x7e]+")

# A name may also hold the octets of UTF-8 characters, since CAPA says `UTF8 USER` (RFC 6856 §2.2).
_NAME = re.compile(rb"[\x21-\x7e\x80-\xff]+")

# msg = 1*DIGIT
# RFC 1939 §4 says decimal and no more, so leading zeros are permitted. 0 is well-formed and names no message.
_NUMBER = re.compile(rb"[0-9]+")

# sasl-mech = 1*20( ALPHA / DIGIT / "-" / "_" )           (RFC 4422 §3.1; any case, RFC 5034 §5)
_MECHANISM = re.compile(rb"[A-Za-z0-9_-]{1,20}")

# base64 = base64-terminal / ( 1*( 4base64-char ) [ base64-terminal ] )
# base64-terminal = ( 2base64-char "==" ) / ( 3base64-char "=" )
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def _parameters(rest: bytes | None, least: int, most: int) -> list[bytes]:
    """The arguments between single SPACEs, so many of them."""
    parameters = [] if rest is None else rest.split(b" ")
    if not least <= len(parameters) <= most:
        raise BadArguments
    return parameters


def _number(parameter: bytes) -> int:
    if not _NUMBER.fullmatch(parameter):
        raise BadArguments
    return int(parameter)


def no_arguments(rest: bytes | None) -> None:
    """For commands that take none."""
    _parameters(rest, 0, 0)


def message_number(rest: bytes | None) -> int:
    """`msg`, required."""
    (parameter,) = _parameters(rest, 1, 1)
    return _number(parameter)


def optional_message_number(rest: bytes | None) -> int | None:
    """`[msg]`."""
    parameters = _parameters(rest, 0, 1)
    return _number(parameters[0]) if parameters else None


def top(rest: bytes | None) -> TopArguments:
    """`msg n`, both required; n is a count, so 0 is one and -1 is not [RFC1939-7.TOP-a]."""
    number, lines = _parameters(rest, 2, 2)
    return TopArguments(_number(number), _number(lines))


def name(rest: bytes | None) -> str:
    """`name`, prepared by SASLprep as a query string [RFC6856-2.2-b] [RFC6856-2.2-e]."""
    (parameter,) = _parameters(rest, 1, 1)
    return _prepared_name(parameter)


def _prepared_name(parameter: bytes) -> str:
    if not _NAME.fullmatch(parameter):
        raise BadArguments
    try:
        prepared = saslprep(parameter.decode(), query=True)
    except (UnicodeDecodeError, SaslprepError) as error:
        raise BadArguments from error
    if not prepared:
        raise BadArguments
    return prepared


def password(rest: bytes | None) -> bytes:
    """`string`: everything after the first SPACE, further SPACEs included [RFC1939-7.PASS-d].

    Only its absence is an error of syntax: a password with octets that no password can have is a wrong password.
    """
    if not rest:
        raise BadArguments
    return rest


def prepared_password(octets: bytes) -> str | None:
    """The password prepared by SASLprep as a query string, or None where that fails [RFC6856-2.2-d] [RFC6856-2.2-g]."""
    try:
        return saslprep(octets.decode(), query=True) or None
    except (UnicodeDecodeError, SaslprepError):
        return None


def apop(rest: bytes | None) -> ApopArguments:
    """`name digest`. A digest of another form than 32 hexadecimal digits is a wrong one, not an error of syntax."""
    account, digest = _parameters(rest, 2, 2)
    if not _PARAMETER.fullmatch(digest):
        raise BadArguments
    return ApopArguments(_prepared_name(account), digest.decode("ascii"))


# auth-command = "AUTH" SP sasl-mech [ SP initial-response ]         initial-response = base64 / "="
def auth(rest: bytes | None) -> AuthArguments:
    """`mechanism [initial-response]`. AUTH without a mechanism, which some servers answer with a list, is no command
    of RFC 5034 nor of RFC 1734: CAPA lists the mechanisms."""
    mechanism, *response = _parameters(rest, 1, 2)
    if not _MECHANISM.fullmatch(mechanism):
        raise BadArguments
    return AuthArguments(mechanism.decode("ascii").upper(), _initial_response(response[0]) if response else None)


def _initial_response(parameter: bytes) -> bytes:
    if parameter == b"=":
        return b""
    decoded = from_base64(parameter)
    if not decoded:
        raise BadArguments
    return decoded


def from_base64(octets: bytes) -> bytes | None:
    """Decode what a client sent in an exchange, or None where it is not base64 to the letter [RFC5034-4.AUTH-l]
    [RFC5034-4.AUTH-m]."""
    return base64.b64decode(octets) if _BASE64.fullmatch(octets) else None


def language_range(rest: bytes | None) -> str | None:
    """`[range]` of LANG (RFC 6856 §3.2); whether it is one, and is offered, is decided where languages are known."""
    parameters = _parameters(rest, 0, 1)
    if not parameters:
        return None
    if not _PARAMETER.fullmatch(parameters[0]):
        raise BadArguments
    return parameters[0].decode("ascii")
