"""The grammar of SMTP commands: text of a line in, typed arguments out.

RFC 5321 §4.1.1 to §4.1.3 and the lengths of §4.5.3.1. Knows no state and no mailbox. Every rule raises CommandRefused
with the reply that its mistake gets.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from reference_server.smtp.replies import (
    BAD_RECIPIENT,
    BAD_SENDER,
    PATH_TOO_LONG,
    SYNTAX,
    CommandRefused,
    Reply,
)

LOCAL_PART_LIMIT = 64
DOMAIN_LIMIT = 255
PATH_LIMIT = 256
"""Octets, a path's with its punctuation (RFC 5321 §4.5.3.1.1 to §4.5.3.1.3)."""


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


# White space at the end of a line is forgiven (RFC 5321 §4.1.1).
def command_line(line: bytes) -> CommandLine:
    """Split a line at its first SPACE. Octets outside ASCII become characters that no rule matches."""
    verb, space, rest = line.rstrip(b" \t").decode("latin-1").partition(" ")
    return CommandLine(verb.upper() if verb.isascii() else verb, rest if space else None)


# What a command may be made of (RFC 5321 §4.1.2, last paragraph): %x20-7E.
_PRINTABLE = re.compile(r"[\x20-\x7e]*")

# Atom = 1*atext;  Dot-string = Atom *( "." Atom )
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_DOT_STRING = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"

# Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE
_QUOTED_STRING = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'

# sub-domain = Let-dig [ Ldh-str ];  Domain = sub-domain *( "." sub-domain )
_SUB_DOMAIN = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_DOMAIN = rf"{_SUB_DOMAIN}(?:\.{_SUB_DOMAIN})*"

# address-literal = "[" ( IPv4 / "IPv6:" IPv6 ) "]"       No other tag is registered.
_ADDRESS_LITERAL = r"\[[A-Za-z0-9.:]+\]"

# Path = "<" [ A-d-l ":" ] Mailbox ">";  A-d-l = At-domain *( "," At-domain );  At-domain = "@" Domain
# Mailbox = Local-part "@" ( Domain / address-literal )
_PATH = re.compile(
    rf"<(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?"
    rf"(?P<local>{_DOT_STRING}|{_QUOTED_STRING})@(?P<domain>{_DOMAIN}|{_ADDRESS_LITERAL})>"
)

# In RCPT only, and in any case (RFC 5321 §4.1.1.3)
_POSTMASTER = re.compile(r"<(?P<local>postmaster)>", re.IGNORECASE)

# esmtp-param = esmtp-keyword [ "=" esmtp-value ];  esmtp-keyword = ( ALPHA / DIGIT ) *( ALPHA / DIGIT / "-" )
# esmtp-value = 1*( %d33-60 / %d62-126 )
_PARAMETER = re.compile(r"(?P<keyword>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[\x21-\x3c\x3e-\x7e]+))?")

_HELLO = re.compile(rf"(?P<name>{_DOMAIN})|(?P<literal>{_ADDRESS_LITERAL})(?: [\x20-\x7e]*)?")


def no_arguments(rest: str | None) -> None:
    """For DATA, RSET and QUIT, which take none (RFC 5321 §4.1.1, §4.3.2)."""
    if rest is not None:
        raise CommandRefused(SYNTAX)


def optional_string(rest: str | None) -> str:
    """For NOOP and HELP: anything printable."""
    if rest is not None and not _PRINTABLE.fullmatch(rest):
        raise CommandRefused(SYNTAX)
    return rest or ""


def string(rest: str | None) -> str:
    """For VRFY: anything printable, since user names take many forms (RFC 5321 §3.5.1), but something."""
    if not optional_string(rest):
        raise CommandRefused(SYNTAX)
    return rest or ""


def ignored(rest: str | None) -> None:
    """For commands that are not carried out, whatever follows them."""


# ehlo = "EHLO" SP ( Domain / address-literal ) CRLF;  helo = "HELO" SP Domain CRLF
# HELO's client may be of RFC 821's time, which had literals too. What RFC 2821 let follow a literal is ignored
# (RFC 5321 §4.1.1.1).
def hello(rest: str | None) -> str:
    """The client's name: a domain or an address literal."""
    match = _HELLO.fullmatch(rest or "")
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
    return _path_arguments(_PATH.match(text), text, BAD_SENDER)


# rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Path ) [ SP Rcpt-parameters ] CRLF
def rcpt(rest: str | None) -> PathArguments:
    """Arguments of RCPT. `Postmaster` may stand without a domain."""
    text = _after_keyword(rest, "TO:")
    postmaster = _POSTMASTER.match(text)
    if postmaster:
        return PathArguments(postmaster["local"], _parameters(text[postmaster.end() :]))
    return _path_arguments(_PATH.match(text), text, BAD_RECIPIENT)


def _after_keyword(rest: str | None, keyword: str) -> str:
    if rest is None or rest[: len(keyword)].upper() != keyword:
        raise CommandRefused(SYNTAX)
    return rest[len(keyword) :]


def _path_arguments(path: re.Match[str] | None, text: str, otherwise: Reply) -> PathArguments:
    if path is None or (path["domain"].startswith("[") and not is_address_literal(path["domain"])):
        raise CommandRefused(otherwise)
    if len(path[0]) > PATH_LIMIT or len(path["local"]) > LOCAL_PART_LIMIT:  # no longer domain fits into a path
        raise CommandRefused(PATH_TOO_LONG)
    # The source route must be understood and is ignored (RFC 5321 §4.1.1.3, Appendix C).
    address = f"{shortest_local_part(path['local'])}@{path['domain']}"
    return PathArguments(address, _parameters(text[path.end() :]))


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


def shortest_local_part(local: str) -> str:
    """The spelling that quotes the least; all quoted forms of a local part are equivalent (RFC 5321 §4.1.2)."""
    if not local.startswith('"'):
        return local
    text = re.sub(r"\\(.)", r"\1", local[1:-1])
    if re.fullmatch(_DOT_STRING, text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


# Snum = 1*3DIGIT, 0 to 255;  IPv4-address-literal = Snum 3( "." Snum )
# IPv6-comp: "::" stands for two groups at least, so six others at most; four, beside an IPv4 address in the end.
def is_address_literal(literal: str) -> bool:
    """Whether `[...]` holds an IPv4 address, or an IPv6 address with its tag (RFC 5321 §4.1.3)."""
    inside = literal[1:-1]
    if inside[:5].lower() != "ipv6:":
        numbers = inside.split(".")
        return len(numbers) == 4 and all(re.fullmatch("[0-9]{1,3}", each) and int(each) <= 255 for each in numbers)
    address = inside[5:]
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    groups = [group for group in address.split(":") if group]
    return "::" not in address or len(groups) + ("." in address) <= 6
