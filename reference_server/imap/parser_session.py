"""Rules of the commands that concern the connection: RFC 3501 §6.1 and §6.2, ID, ENABLE, IDLE."""

from __future__ import annotations

import base64
import re

from reference_server.imap import commands
from reference_server.imap.errors import SyntaxFault
from reference_server.imap.tokens import Cursor

ID_FIELDS = 30
ID_FIELD_LENGTH = 30
ID_VALUE_LENGTH = 1024
"""How many fields an ID has at most, and the octets of a name and of a value (RFC 2971 §3.3)."""


def capability(cursor: Cursor, tag: str) -> commands.Capability:
    """`"CAPABILITY"`."""
    return commands.Capability(tag)


def noop(cursor: Cursor, tag: str) -> commands.Noop:
    """`"NOOP"`."""
    return commands.Noop(tag)


def logout(cursor: Cursor, tag: str) -> commands.Logout:
    """`"LOGOUT"`."""
    return commands.Logout(tag)


def starttls(cursor: Cursor, tag: str) -> commands.StartTls:
    """`"STARTTLS"`."""
    return commands.StartTls(tag)


def idle(cursor: Cursor, tag: str) -> commands.Idle:
    """`"IDLE"`."""
    return commands.Idle(tag)


# id = "ID" SP id_params_list        id_params_list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil
def identify(cursor: Cursor, tag: str) -> commands.Id:
    """ID, with the limits that RFC 2971 §3.3 puts on clients; no field may occur twice."""
    cursor.space()
    if not cursor.next_is(b"("):
        if cursor.nstring() is not None:
            raise SyntaxFault("list of parameters or NIL expected")
        return commands.Id(tag, None)
    fields = cursor.parenthesized(lambda: _id_field(cursor), least=0)
    if len(fields) > ID_FIELDS:
        raise SyntaxFault("too many parameters")
    if len({name.lower() for name, _ in fields}) != len(fields):
        raise SyntaxFault("a parameter occurs twice")
    return commands.Id(tag, tuple(fields))


def _id_field(cursor: Cursor) -> tuple[bytes, bytes | None]:
    name = cursor.string()
    cursor.space()
    value = cursor.nstring()
    if len(name) > ID_FIELD_LENGTH or len(value or b"") > ID_VALUE_LENGTH:
        raise SyntaxFault("a parameter is too long")
    return name, value


# authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")] *(CRLF base64)               (RFC 4959 §7)
def authenticate(cursor: Cursor, tag: str) -> commands.Authenticate:
    """AUTHENTICATE; the lines that follow it are no part of the command here."""
    cursor.space()
    mechanism = cursor.atom().upper()
    if cursor.at_end or not cursor.dialect.knows("SASL-IR"):
        return commands.Authenticate(tag, mechanism, None)
    cursor.space()
    return commands.Authenticate(tag, mechanism, _initial_response(cursor))


_WORD = re.compile(rb"[A-Za-z0-9+/=]+")


def _initial_response(cursor: Cursor) -> bytes:
    word = cursor.expect(_WORD, "base64")
    response = b"" if word == b"=" else from_base64(word)
    if response is None:
        raise SyntaxFault("malformed base64")
    return response


# base64 = *(4base64-char) [base64-terminal]        base64-terminal = (2base64-char "==") / (3base64-char "=")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def from_base64(octets: bytes) -> bytes | None:
    """What a client sent in an exchange, decoded; None where it is not base64 to the letter."""
    return base64.b64decode(octets) if _BASE64.fullmatch(octets) else None


# login = "LOGIN" SP userid SP password       userid = astring       password = astring
def login(cursor: Cursor, tag: str) -> commands.Login:
    """LOGIN."""
    cursor.space()
    user = cursor.astring()
    cursor.space()
    return commands.Login(tag, user, cursor.astring())


# enable = "ENABLE" 1*(SP capability)         capability = ("AUTH=" auth-type) / atom           (RFC 5161 §4)
def enable(cursor: Cursor, tag: str) -> commands.Enable:
    """ENABLE."""
    names: list[str] = []
    while not names or not cursor.at_end:
        cursor.space()
        name = cursor.atom().upper()
        names.append("IMAP4rev2" if name == "IMAP4REV2" else name)
    return commands.Enable(tag, tuple(dict.fromkeys(names)))
