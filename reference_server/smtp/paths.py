"""The grammar of mailboxes and paths: RFC 5321 §4.1.2 and §4.1.3, lengths of §4.5.3.1, characters of RFC 6531 §3.3.

Knows no state and no mailbox that exists. Whether characters outside ASCII are permitted is for the command to say.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from reference_server.domains import a_label

LOCAL_PART_LIMIT = 64
DOMAIN_LIMIT = 255
PATH_LIMIT = 256
"""Octets, a path's with its punctuation (RFC 5321 §4.5.3.1.1 to §4.5.3.1.3)."""

# UTF8-non-ascii; octets that are no UTF-8 were decoded to lone surrogates, which no rule matches
_UTF8 = r"\u0080-\ud7ff\ue000-\U0010ffff"

# Atom = 1*atext;  Dot-string = Atom *( "." Atom );  atext =/ UTF8-non-ascii
_ATEXT = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_UTF8}-]"
DOT_STRING = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"

# Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE;  qtextSMTP =/ UTF8-non-ascii
_QUOTED_STRING = rf'"(?:[\x20\x21\x23-\x5b\x5d-\x7e{_UTF8}]|\\[\x20-\x7e])*"'

# sub-domain = Let-dig [ Ldh-str ];  Domain = sub-domain *( "." sub-domain );  sub-domain =/ U-label
_LET_DIG = rf"[A-Za-z0-9{_UTF8}]"
_SUB_DOMAIN = rf"{_LET_DIG}+(?:-+{_LET_DIG}+)*"
_DOMAIN = rf"{_SUB_DOMAIN}(?:\.{_SUB_DOMAIN})*"
_ASCII_DOMAIN = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*(?:\.[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*)*"

# address-literal = "[" ( IPv4 / "IPv6:" IPv6 ) "]"       No other tag is registered.
_ADDRESS_LITERAL = r"\[[A-Za-z0-9.:]+\]"

# Mailbox = Local-part "@" ( Domain / address-literal )
_MAILBOX = rf"(?P<local>{DOT_STRING}|{_QUOTED_STRING})@(?P<domain>{_DOMAIN}|{_ADDRESS_LITERAL})"

# Path = "<" [ A-d-l ":" ] Mailbox ">";  A-d-l = At-domain *( "," At-domain );  At-domain = "@" Domain
_PATH = re.compile(rf"<(?P<route>@{_DOMAIN}(?:,@{_DOMAIN})*:)?{_MAILBOX}>")
_MAILBOX_ALONE = re.compile(_MAILBOX)

HELLO = re.compile(rf"(?P<name>{_ASCII_DOMAIN})|(?P<literal>{_ADDRESS_LITERAL})(?: [\x20-\x7e]*)?")


class PathTooLong(ValueError):
    """A path that fits the grammar and is longer than RFC 5321 §4.5.3.1 asks to accept."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was read: its address, in the shortest spelling and without a source route, and its end."""

    address: str
    end: int


def read_path(text: str) -> Path | None:
    """The path that `text` begins with, or None. Raises PathTooLong.

    A source route must be understood and is ignored (RFC 5321 §4.1.1.3, Appendix C).
    """
    match = _PATH.match(text)
    if match is None or not _is_domain(match["domain"]):
        return None
    route = (match["route"] or "").rstrip(":")
    if not all(_is_domain(hop.removeprefix("@")) for hop in route.split(",") if hop):
        return None
    if len(match[0].encode()) > PATH_LIMIT or len(match["local"].encode()) > LOCAL_PART_LIMIT:
        raise PathTooLong  # no longer domain fits into a path
    return Path(f"{shortest_local_part(match['local'])}@{match['domain']}", match.end())


def read_mailbox(text: str) -> str | None:
    """The address that `text` is, without angle brackets, in its shortest spelling; None where it is none."""
    match = _MAILBOX_ALONE.fullmatch(text)
    if match is None or not _is_domain(match["domain"]) or len(text.encode()) > PATH_LIMIT - 2:
        return None
    return f"{shortest_local_part(match['local'])}@{match['domain']}"


def shortest_local_part(local: str) -> str:
    """The spelling that quotes the least; all quoted forms of a local part are equivalent (RFC 5321 §4.1.2)."""
    if not local.startswith('"'):
        return local
    text = re.sub(r"\\(.)", r"\1", local[1:-1])
    if re.fullmatch(DOT_STRING, text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _is_domain(domain: str) -> bool:
    """What the expressions leave open: numbers of a literal, and whether a label may be one (RFC 6531 §3.3)."""
    if domain.startswith("["):
        return is_address_literal(domain)
    if domain.isascii():
        return True
    try:
        return all(map(a_label, domain.split(".")))
    except ValueError:
        return False


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
