"""The PLAIN mechanism (RFC 4616), server side.

message = [authzid] UTF8NUL authcid UTF8NUL passwd
"""

from __future__ import annotations

from collections.abc import Callable

from reference_server.backend import Credentials
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


class Plain:
    """One PLAIN exchange. An account may act as itself only."""

    def __init__(self, credentials: Credentials, random_bytes: Callable[[int], bytes]) -> None:
        del random_bytes  # PLAIN has no nonce
        self._credentials = credentials
        self._account: str | None = None

    def start(self, initial_response: bytes | None) -> SaslStep:
        """Begin; without an initial response the server's challenge is empty (RFC 4422 §5, 2b)."""
        return Challenge(b"") if initial_response is None else self.respond(initial_response)

    def respond(self, data: bytes) -> SaslStep:
        """Take the one message that the client sends."""
        if self._account is not None:
            raise RuntimeError("PLAIN has only one message")
        try:
            authzid, authcid, password = data.decode("utf-8").split("\0")
        except ValueError:  # not UTF-8, or not two NULs
            return _MALFORMED
        if not authcid or not password:
            return _MALFORMED
        return self._check(authzid, authcid, password)

    def checked(self, result: object) -> SaslStep:
        """Take the answer of `verify_password`."""
        if self._account is None:
            raise RuntimeError("nothing was checked")
        return Success(self._account) if result is True else _NOT_AUTHENTICATED

    def _check(self, authzid: str, authcid: str, password: str) -> SaslStep:
        """RFC 4616 §2: what cannot be prepared, or is empty then, fails; so does acting as somebody else."""
        try:
            account = saslprep(authcid, query=True)
            prepared = saslprep(password, query=True)
            acting_as = saslprep(authzid, query=True) if authzid else account
        except SaslprepError:
            return _NOT_AUTHENTICATED
        if not account or not prepared or acting_as != account:
            return _NOT_AUTHENTICATED
        self._account = account
        return Check(lambda: self._credentials.verify_password(account, prepared))
