"""Credentials for the tests of the SASL mechanisms: one account, and a record of what was asked."""

from __future__ import annotations

from reference_server.backend import ScramKeys
from reference_server.sasl.scram import derive_keys


class OneAccount:
    """Knows one account by its password; every other name gets keys of a password that nobody has."""

    def __init__(self, name: str, password: str, salt: bytes = b"salt", iterations: int = 4096) -> None:
        self._name = name
        self._password = password
        self._keys = derive_keys(password, salt, iterations)
        self._decoy = derive_keys("\0", salt, iterations)
        self.asked: list[str] = []

    def verify_password(self, account: str, password: str) -> bool:
        self.asked.append(account)
        return (account, password) == (self._name, self._password)

    def verify_apop(self, account: str, timestamp: str, digest: str) -> bool:
        raise AssertionError("no SASL mechanism uses APOP")

    def scram_keys(self, account: str) -> ScramKeys:
        self.asked.append(account)
        return self._keys if account == self._name else self._decoy
