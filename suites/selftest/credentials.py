"""Faulty views of the accounts: who is let in with what (RFC 1939 §7, RFC 5034 §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from reference_server.accounts import AccountBook
from reference_server.backend import Credentials, ScramKeys


class AlteredCredentials:
    """Decides who somebody is, and errs. All accounts of a test run are in an `AccountBook`."""

    def __init__(self, inner: Credentials) -> None:
        self.inner = inner

    def verify_password(self, account: str, password: str) -> bool:
        """See `Credentials`."""
        return self.inner.verify_password(account, password)

    def verify_apop(self, account: str, timestamp: str, digest: str) -> bool:
        """See `Credentials`."""
        return self.inner.verify_apop(account, timestamp, digest)

    def scram_keys(self, account: str) -> ScramKeys:
        """See `Credentials`."""
        return self.inner.scram_keys(account)

    def exists(self, account: str) -> bool:
        """Whether there is such an account."""
        assert isinstance(self.inner, AccountBook)
        return account in self.inner


def judging(
    password: Callable[[AlteredCredentials, str, str], bool] | None = None,
    apop: Callable[[AlteredCredentials, str, str, str], bool] | None = None,
) -> type[AlteredCredentials]:
    """Credentials that judge passwords or APOP's digests in another way."""

    class Judging(AlteredCredentials):
        def verify_password(self, account: str, given: str) -> bool:
            return password(self, account, given) if password else super().verify_password(account, given)

        def verify_apop(self, account: str, timestamp: str, digest: str) -> bool:
            return apop(self, account, timestamp, digest) if apop else super().verify_apop(account, timestamp, digest)

    return Judging


def digest_of(challenge: str, secret: str) -> str:
    """APOP's digest."""
    return hashlib.md5(challenge.encode() + secret.encode(), usedforsecurity=False).hexdigest()
