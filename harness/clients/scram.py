"""SCRAM-SHA-256 as the client speaks it, without I/O (RFC 5802, RFC 7677). Shares no code with the reference's."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import stringprep
import unicodedata

from harness.errors import TargetProtocolError

#: A server may ask for this many rounds; more would let a hostile one keep the harness busy for long.
MOST_ITERATIONS = 1_000_000
#: base64 of the GS2 header `n,,`: no channel binding, no authorization identity (RFC 5802 §6).
_GS2_HEADER = b"n,,"


class ScramSha256Client:
    """One exchange: `first_message`, then `final_message`, then `verify`. Raises TargetProtocolError for bad input."""

    def __init__(self, user: str, password: str, *, nonce: str | None = None) -> None:
        self._nonce = nonce or secrets.token_urlsafe(18)
        name = prepared(user).replace("=", "=3D").replace(",", "=2C")
        self._password = prepared(password).encode()
        self._first_bare = f"n={name},r={self._nonce}".encode()
        self._server_signature = b""

    def first_message(self) -> bytes:
        """client-first-message (RFC 5802 §7)."""
        return _GS2_HEADER + self._first_bare

    def final_message(self, server_first: bytes) -> bytes:
        """client-final-message, with the proof that the client knows the password."""
        fields = _fields(server_first)
        nonce, salt, rounds = fields.get("r", ""), _base64(fields.get("s", "")), fields.get("i", "")
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise TargetProtocolError("SCRAM: the server's nonce does not extend the client's")
        if not rounds.isdecimal() or not 0 < int(rounds) <= MOST_ITERATIONS:
            raise TargetProtocolError(f"SCRAM: an iteration count of {rounds!r}")
        without_proof = b"c=" + base64.b64encode(_GS2_HEADER) + b",r=" + nonce.encode()
        message = b",".join((self._first_bare, server_first, without_proof))
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, int(rounds))
        client_key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._server_signature = _hmac(_hmac(salted, b"Server Key"), message)
        return without_proof + b",p=" + base64.b64encode(proof)

    def verify(self, server_final: bytes) -> None:
        """Raises TargetProtocolError unless the server, too, knows the password."""
        signature = _base64(_fields(server_final).get("v", ""))
        if not hmac.compare_digest(signature, self._server_signature):
            raise TargetProtocolError("SCRAM: the server's signature is wrong")


def prepared(text: str) -> str:
    """The mapping part of SASLprep (RFC 4013 §2.1 and §2.2); a client need not refuse what a case wants to send."""
    mapped = ("" if stringprep.in_table_b1(c) else " " if stringprep.in_table_c12(c) else c for c in text)
    return unicodedata.normalize("NFKC", "".join(mapped))


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _fields(message: bytes) -> dict[str, str]:
    pairs = (field.partition("=") for field in message.decode("utf-8", "replace").split(","))
    return {key: value for key, _, value in pairs}


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise TargetProtocolError(f"SCRAM: {text[:40]!r} is not base64") from error
