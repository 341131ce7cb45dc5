"""Faulty SASL mechanisms (RFC 4616, RFC 5802)."""

from __future__ import annotations

import base64

from reference_server.sasl import Challenge, Check, Failure, FailureReason, SaslStep
from reference_server.sasl.plain import Plain
from reference_server.sasl.scram import ScramSha256


class PlainByStart(Plain):
    """PLAIN that looks at the initial response alone."""

    def start(self, initial_response: bytes | None) -> SaslStep:
        """See `ServerMechanism`."""
        return Failure(FailureReason.MALFORMED) if initial_response is None else super().start(initial_response)


class PlainAsks(Plain):
    """PLAIN that ignores the initial response, and asks again."""

    def start(self, initial_response: bytes | None) -> SaslStep:
        """See `ServerMechanism`."""
        return super().start(None)


class PlainAsksForNothing(Plain):
    """PLAIN that takes an empty initial response for none."""

    def start(self, initial_response: bytes | None) -> SaslStep:
        """See `ServerMechanism`."""
        return super().start(initial_response or None)


class PlainUnprepared(Plain):
    """PLAIN that compares names octet by octet, and looks at no authorization identity."""

    def _check(self, authzid: str, authcid: str, password: str) -> SaslStep:
        self._account = authcid
        return Check(lambda: authcid.isascii() and self._credentials.verify_password(authcid, password))


class ScramWithoutProof(ScramSha256):
    """SCRAM that does not prove the server."""

    def checked(self, result: object) -> SaslStep:
        """See `ServerMechanism`."""
        step = super().checked(result)
        return (
            Challenge(b"v=" + base64.b64encode(bytes(32)))
            if isinstance(step, Challenge) and step.data.startswith(b"v=")
            else step
        )

    def respond(self, data: bytes) -> SaslStep:
        """See `ServerMechanism`."""
        step = super().respond(data)
        return (
            Challenge(b"v=" + base64.b64encode(bytes(32)))
            if isinstance(step, Challenge) and step.data.startswith(b"v=")
            else step
        )
