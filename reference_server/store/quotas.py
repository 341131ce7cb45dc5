"""How much an account may hold (RFC 9208): one quota root for all of its mailboxes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reference_server.store.database import Database
from reference_server.store.rejections import OverQuota

_UNIT = 1024


class Resource(StrEnum):
    """What is counted (RFC 9208 §5)."""

    STORAGE = "STORAGE"
    """In units of 1024 octets."""
    MESSAGE = "MESSAGE"


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account holds, and its limits; a resource without a limit is not in `limits`."""

    octets: int
    messages: int
    limits: Mapping[Resource, int]

    def of(self, resource: Resource) -> int:
        """In the unit of the resource, rounded up."""
        return self.messages if resource is Resource.MESSAGE else -(-self.octets // _UNIT)


class Quotas:
    """The quotas of all accounts. May be called from any thread; may raise StoreFailure."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def usage(self, owner: str) -> Usage:
        """What the account holds, and may hold."""
        return self._database.snapshot(lambda c: _usage(c, owner))

    def limit(self, owner: str, limits: Mapping[Resource, int]) -> Usage:
        """Replace the account's limits; they may be below what it holds already (RFC 9208 §4.1.3)."""

        def operation(connection: sqlite3.Connection) -> Usage:
            connection.execute("DELETE FROM quotas WHERE owner = ?", (owner,))
            connection.executemany(
                "INSERT INTO quotas VALUES (?, ?, ?)", [(owner, name.value, amount) for name, amount in limits.items()]
            )
            return _usage(connection, owner)

        return self._database.write(operation)


def require(connection: sqlite3.Connection, owner: str, octets: int, messages: int) -> None:
    """Make sure that so much more can be held. Raises OverQuota."""
    if connection.execute("SELECT 1 FROM quotas WHERE owner = ?", (owner,)).fetchone() is None:
        return
    usage = _usage(connection, owner)
    after = Usage(usage.octets + octets, usage.messages + messages, usage.limits)
    for resource, amount in usage.limits.items():
        if after.of(resource) > amount:
            raise OverQuota(resource.value)


def _usage(connection: sqlite3.Connection, owner: str) -> Usage:
    (octets, messages) = connection.execute(
        "SELECT coalesce(sum(octet_count), 0), coalesce(sum(message_count), 0) FROM mailboxes WHERE owner = ?",
        (owner,),
    ).fetchone()
    limits = connection.execute("SELECT resource, amount FROM quotas WHERE owner = ?", (owner,)).fetchall()
    return Usage(octets, messages, {Resource(name): amount for name, amount in limits})
