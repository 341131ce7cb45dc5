"""Accounts and how each proves who it is.

Kept of a password: an argon2id hash (RFC 9106) for USER/PASS and PLAIN, RFC 5802 keys for SCRAM, and the password
itself only for accounts that opted in to APOP, which cannot do without it (RFC 1939 §13). An account that does not
exist costs as much time as one that does.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from reference_server.backend import ScramKeys
from reference_server.sasl.saslprep import SaslprepError, saslprep
from reference_server.sasl.scram import derive_keys
from reference_server.settings import PasswordCost
from reference_server.store.database import Database

_SALT_OCTETS = 16
_DECOY_KEY = "decoy_key"
_LONGEST_NAME = 64  # octets; a local part may not be longer (RFC 5321 §4.5.3.1.1)


class AccountError(ValueError):
    """An account that cannot be added; the message says why."""


@dataclass(frozen=True, slots=True, repr=False)
class StoredCredentials:
    """What the server keeps of one account's password."""

    password_hash: str
    scram: ScramKeys
    apop_secret: bytes | None


def derive(password: str, cost: PasswordCost, *, apop: bool = False) -> StoredCredentials:
    """What to keep of a password. Slow, as `cost` says. Raises AccountError for one that SASLprep refuses."""
    try:
        prepared = saslprep(password)
    except SaslprepError as error:
        raise AccountError(f"the password {error}") from error
    if not prepared:
        raise AccountError("the password is empty")
    return StoredCredentials(
        password_hash=_hasher(cost).hash(prepared),
        scram=derive_keys(prepared, secrets.token_bytes(_SALT_OCTETS), cost.scram_iterations),
        apop_secret=prepared.encode() if apop else None,
    )


class AccountBook:
    """All accounts of a server; checks credentials from any thread. Its tables are the store's."""

    def __init__(self, database: Database, cost: PasswordCost) -> None:
        """Load the accounts of a prepared database. Raises StoreFailure."""
        self._database = database
        self._cost = cost
        self._hasher = _hasher(cost)
        self._decoy_hash = self._hasher.hash(secrets.token_urlsafe())
        self._decoy_key = self._load_decoy_key()
        self._accounts: Mapping[str, StoredCredentials] = database.read(_load)
        self._writing = threading.Lock()

    def __contains__(self, name: object) -> bool:
        return name in self._accounts

    def names(self) -> tuple[str, ...]:
        """Every account's name, sorted."""
        return tuple(sorted(self._accounts))

    def add(self, name: str, password: str, apop: bool = False) -> None:
        """Add an account, durably. Raises AccountError where it exists or cannot, and StoreFailure."""
        if name in self._accounts:
            raise AccountError(f"the account {name!r} exists already")
        self.put({name: derive(password, self._cost, apop=apop)})

    def put(self, accounts: Mapping[str, StoredCredentials]) -> None:
        """Add or replace accounts with credentials derived before, all or none. Raises AccountError, StoreFailure."""
        checked = {_checked_name(name): credentials for name, credentials in accounts.items()}
        with self._writing:
            self._database.write(lambda connection: _save(connection, checked))
            self._accounts = {**self._accounts, **checked}

    def verify_password(self, account: str, password: str) -> bool:
        """True for the right password of an existing account; as slow for an account that does not exist."""
        known = self._accounts.get(_query(account) or "")
        prepared = _query(password)
        try:
            self._hasher.verify(known.password_hash if known else self._decoy_hash, prepared or "")
        except (Argon2Error, InvalidHashError):
            return False
        return known is not None and bool(prepared)

    def verify_apop(self, account: str, timestamp: str, digest: str) -> bool:
        """True when `digest` is the hex MD5 of timestamp and secret, in lower case (RFC 1939 §7, APOP)."""
        known = self._accounts.get(_query(account) or "")
        secret = known.apop_secret if known else None
        keyed = timestamp.encode() + (secret or self._decoy_key)
        expected = hashlib.md5(keyed, usedforsecurity=False).hexdigest()
        right = hmac.compare_digest(expected.encode(), digest.encode("utf-8", "surrogateescape"))
        return right and secret is not None

    def scram_keys(self, account: str) -> ScramKeys:
        """The account's keys; for an unknown account the same plausible ones every time, which nobody can match."""
        known = self._accounts.get(_query(account) or "")
        if known is not None:
            return known.scram
        return ScramKeys(
            salt=self._decoy("salt", account)[:_SALT_OCTETS],
            iterations=self._cost.scram_iterations,
            stored_key=self._decoy("stored", account),
            server_key=self._decoy("server", account),
        )

    def _decoy(self, use: str, account: str) -> bytes:
        text = f"{use}:{account}".encode("utf-8", "surrogateescape")
        return hmac.digest(self._decoy_key, text, "sha256")

    def _load_decoy_key(self) -> bytes:
        """The key behind made-up SCRAM salts, kept so that they do not change when the server starts again."""

        def operation(connection: sqlite3.Connection) -> bytes:
            connection.execute(
                "INSERT INTO properties (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (_DECOY_KEY, secrets.token_bytes(32)),
            )
            (key,) = connection.execute("SELECT value FROM properties WHERE name = ?", (_DECOY_KEY,)).fetchone()
            return bytes(key)

        return self._database.write(operation)


def _hasher(cost: PasswordCost) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)


def _query(text: str) -> str | None:
    """What a client presents, prepared (harmless where it already is); None where that is impossible."""
    try:
        return saslprep(text, query=True)
    except SaslprepError:
        return None


def _checked_name(name: str) -> str:
    """A name that POP3 can carry as an argument and SMTP as a local part. Raises AccountError."""
    try:
        prepared = saslprep(name)
    except SaslprepError as error:
        raise AccountError(f"the account name {name!r} {error}") from error
    if not prepared or " " in prepared or "@" in prepared:
        raise AccountError(f"the account name {name!r} must be one word without '@'")
    if len(prepared.encode()) > _LONGEST_NAME:
        raise AccountError(f"the account name {name!r} is longer than {_LONGEST_NAME} octets (RFC 5321 §4.5.3.1.1)")
    if prepared != name:
        raise AccountError(f"the account name {name!r} must be written {prepared!r} (SASLprep, RFC 4013)")
    return prepared


def _load(connection: sqlite3.Connection) -> dict[str, StoredCredentials]:
    rows = connection.execute(
        "SELECT name, password_hash, scram_salt, scram_iterations, scram_stored_key, scram_server_key, apop_secret"
        " FROM accounts"
    )
    return {
        name: StoredCredentials(password_hash, ScramKeys(salt, iterations, stored, server), apop)
        for name, password_hash, salt, iterations, stored, server, apop in rows
    }


def _save(connection: sqlite3.Connection, accounts: Mapping[str, StoredCredentials]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO accounts (name, password_hash, scram_salt, scram_iterations, scram_stored_key,"
        " scram_server_key, apop_secret) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                name,
                kept.password_hash,
                kept.scram.salt,
                kept.scram.iterations,
                kept.scram.stored_key,
                kept.scram.server_key,
                kept.apop_secret,
            )
            for name, kept in accounts.items()
        ],
    )
