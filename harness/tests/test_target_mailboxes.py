"""Mailboxes and subscriptions that a case left are removed, those that are usual stay."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from harness.errors import SetupError
from harness.targets.mailboxes import names_of_mailboxes, remove_mailboxes
from harness.targets.model import Account, Endpoint
from harness.targets.reach import Reaching
from harness.tests.imap_stage import LOGIN, Turn, scripted
from harness.tests.peers import Peer

pytestmark = pytest.mark.asyncio

ANN = Account("ann", "secret", "ann@example.test")
LOGOUT: Turn = (b"LOGOUT", b"* BYE\r\n{tag} OK\r\n")
NOTHING = (b'LSUB "" *', b"{tag} OK\r\n"), (b'LIST "" *', b'* LIST () "/" INBOX\r\n{tag} OK\r\n')


def reach(host: str, port: int) -> Reaching:
    endpoints = {"imap": Endpoint("imap", "imap", host, port)}
    return cast(Reaching, SimpleNamespace(endpoints=endpoints, tls_context=lambda: None))


async def removing(*turns: Turn) -> None:
    """The script asserts what is sent, and the connection is lost where it is something else."""
    async with Peer(scripted(*turns)) as (host, port):
        await remove_mailboxes(reach(host, port), ANN)


async def test_nothing_to_remove() -> None:
    await removing(LOGIN, *NOTHING, LOGOUT)


async def test_subscriptions_and_mailboxes_go_the_deepest_first() -> None:
    listed = b'* LIST () "/" quay\r\n* LIST () "/" "quay/crane"\r\n* LIST () "/" INBOX\r\n* LIST () "/" Sent\r\n'
    await removing(
        LOGIN,
        (b'LSUB "" *', b'* LSUB () "/" quay\r\n{tag} OK\r\n'),
        (b'UNSUBSCRIBE "quay"', b"{tag} OK\r\n"),
        (b'LIST "" *', listed + b"{tag} OK\r\n"),
        (b'DELETE "quay/crane"', b"{tag} OK\r\n"),
        (b'DELETE "quay"', b"{tag} NO it stays\r\n"),
        LOGOUT,
    )


async def test_usual_names_below_a_prefix_stay() -> None:
    listed = b'* LIST () "." "INBOX.Trash"\r\n* LIST () "." "INBOX.Deleted Items"\r\n* LIST () "." "INBOX.quay"\r\n'
    await removing(
        LOGIN,
        (b'LSUB "" *', b"{tag} OK\r\n"),
        (b'LIST "" *', listed + b"{tag} OK\r\n"),
        (b'DELETE "INBOX.quay"', b"{tag} OK\r\n"),
        LOGOUT,
    )


async def test_a_login_that_fails_is_said() -> None:
    with pytest.raises(SetupError, match="no IMAP login as ann"):
        await removing((LOGIN[0], b"{tag} NO\r\n"))


async def test_a_lost_connection_is_said() -> None:
    with pytest.raises(SetupError, match="mailboxes of ann could not be removed"):
        await removing(LOGIN)


async def test_the_prefix_is_asked_for() -> None:
    told = b'* NAMESPACE (("INBOX." ".")) NIL NIL\r\n{tag} OK\r\n'
    async with Peer(scripted(LOGIN, (b"NAMESPACE", told), LOGOUT)) as (host, port):
        names = await names_of_mailboxes(reach(host, port), ANN)
    assert names is not None
    assert names.prefix == "INBOX."


async def test_no_prefix_and_no_answer_are_the_same() -> None:
    for turns in ([LOGIN, (b"NAMESPACE", b"{tag} BAD what\r\n"), LOGOUT], [LOGIN]):
        async with Peer(scripted(*turns)) as (host, port):
            assert await names_of_mailboxes(reach(host, port), ANN) is None
