"""The SCRAM-SHA-256 mechanism (RFC 5802, RFC 7677), server side, without channel binding.

    client-first-message = gs2-header "n=" saslname ",r=" c-nonce ["," extensions]
    server-first-message = "r=" c-nonce s-nonce ",s=" base64 ",i=" posit-number
    client-final-message = "c=" base64 ",r=" c-nonce s-nonce ["," extensions] ",p=" base64
    server-final-message = "v=" base64

An account that does not exist takes the same way and fails at the proof (the store makes up plausible keys).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from enum import Enum, auto

from reference_server.backend import Credentials, ScramKeys
from reference_server.sasl.mechanism import (
    Challenge,
    Check,
    Failure,
    FailureReason,
    SaslStep,
    Success,
)
from reference_server.sasl.saslprep import SaslprepError, saslprep

_MALFORMED = Failure(FailureReason.MALFORMED)
_NOT_AUTHENTICATED = Failure(FailureReason.NOT_AUTHENTICATED)

NONCE_OCTETS = 18
"""Unpredictable octets in the server's part of the nonce; base64 makes 24 printable characters of them."""

# RFC 5802 §7. `p=` asks for channel binding, which this mechanism name cannot give, and a mandatory extension (`m=`)
# in the place before `n=` must be refused: neither is matched.
_CLIENT_FIRST = re.compile(
    r"(?P<gs2>[ny],(?:a=(?P<authzid>[^,\0]+))?,)"
    r"(?P<bare>n=(?P<name>[^,\0]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\0]+)*)"
)
_CLIENT_FINAL = re.compile(
    r"(?P<without_proof>c=(?P<binding>[A-Za-z0-9+/]+={0,2}),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\0]+)*)"
    r",p=(?P<proof>[A-Za-z0-9+/]+={0,2})"
)


class _Stage(Enum):
    FIRST = auto()
    KEYS = auto()
    FINAL = auto()
    CONFIRM = auto()
    OVER = auto()


def derive_keys(password: str, salt: bytes, iterations: int) -> ScramKeys:
    """What the server keeps of a password (RFC 5802 §3). `password` is already prepared. Slow on purpose."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return ScramKeys(
        salt=salt,
        iterations=iterations,
        stored_key=hashlib.sha256(client_key).digest(),
        server_key=hmac.digest(salted, b"Server Key", "sha256"),
    )


class ScramSha256:
    """One SCRAM-SHA-256 exchange. An account may act as itself only."""

    def __init__(self, credentials: Credentials, random_bytes: Callable[[int], bytes]) -> None:
        self._credentials = credentials
        self._nonce_tail = base64.b64encode(random_bytes(NONCE_OCTETS)).decode("ascii")
        self._stage = _Stage.FIRST
        self._account = ""
        self._gs2 = ""
        self._first_bare = ""
        self._nonce = ""
        self._server_first = ""
        self._keys: ScramKeys | None = None

    def start(self, initial_response: bytes | None) -> SaslStep:
        """Begin; the client speaks first, so without an initial response the challenge is empty (RFC 5802 §5)."""
        return Challenge(b"") if initial_response is None else self.respond(initial_response)

    def respond(self, data: bytes) -> SaslStep:
        """Take the client's first or final message, or its empty confirmation of the server's signature."""
        stage, self._stage = self._stage, _Stage.OVER
        if stage is _Stage.CONFIRM:
            return Success(self._account) if not data else _MALFORMED
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return _MALFORMED
        if stage is _Stage.FIRST:
            return self._client_first(text)
        if stage is _Stage.FINAL:
            return self._client_final(text)
        raise RuntimeError("no message of the client is due")

    def checked(self, result: object) -> SaslStep:
        """Take the account's keys and send the server's first message."""
        if self._stage is not _Stage.KEYS or not isinstance(result, ScramKeys):
            raise RuntimeError("no keys are due")
        self._keys = result
        self._stage = _Stage.FINAL
        salt = base64.b64encode(result.salt).decode("ascii")
        self._server_first = f"r={self._nonce},s={salt},i={result.iterations}"
        return Challenge(self._server_first.encode())

    def _client_first(self, text: str) -> SaslStep:
        message = _CLIENT_FIRST.fullmatch(text)
        if message is None:
            return _MALFORMED
        try:
            name = _decode_saslname(message["name"])
            authzid = _decode_saslname(message["authzid"] or "")
        except ValueError:
            return _MALFORMED
        try:
            account = saslprep(name, query=True)
            acting_as = saslprep(authzid, query=True) if authzid else account
        except SaslprepError:
            return _NOT_AUTHENTICATED
        if not account or acting_as != account:
            return _NOT_AUTHENTICATED
        self._account = account
        self._gs2 = message["gs2"]
        self._first_bare = message["bare"]
        self._nonce = message["nonce"] + self._nonce_tail
        self._stage = _Stage.KEYS
        return Check(lambda: self._credentials.scram_keys(account))

    def _client_final(self, text: str) -> SaslStep:
        message = _CLIENT_FINAL.fullmatch(text)
        if message is None:
            return _MALFORMED
        try:
            binding = base64.b64decode(message["binding"], validate=True)
            proof = base64.b64decode(message["proof"], validate=True)
        except binascii.Error:
            return _MALFORMED
        # RFC 5802 §6: the header comes again under the proof, so that nobody between can have changed it.
        same_header = hmac.compare_digest(binding, self._gs2.encode())
        same_nonce = hmac.compare_digest(message["nonce"].encode(), self._nonce.encode())
        return self._prove(message["without_proof"], proof, honest=same_header and same_nonce)

    def _prove(self, without_proof: str, proof: bytes, *, honest: bool) -> SaslStep:
        """RFC 5802 §3: recover ClientKey from the proof and compare its hash with StoredKey."""
        assert self._keys is not None
        auth_message = f"{self._first_bare},{self._server_first},{without_proof}".encode()
        signature = hmac.digest(self._keys.stored_key, auth_message, "sha256")
        if len(proof) != len(signature):
            return _NOT_AUTHENTICATED
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        right = hmac.compare_digest(hashlib.sha256(client_key).digest(), self._keys.stored_key)
        if not (right and honest):
            return _NOT_AUTHENTICATED
        self._stage = _Stage.CONFIRM
        verifier = base64.b64encode(hmac.digest(self._keys.server_key, auth_message, "sha256"))
        return Challenge(b"v=" + verifier)


def _decode_saslname(text: str) -> str:
    """Undo `=2C` and `=3D` (RFC 5802 §5.1). Raises ValueError for any other `=`."""
    if re.search(r"=(?!2C|3D)", text):
        raise ValueError("an equals sign that encodes nothing")
    return text.replace("=2C", ",").replace("=3D", "=")
