"""The account book: each credential, accounts that do not exist, and what is kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.accounts import AccountBook, AccountError, derive
from reference_server.clock import VirtualClock
from reference_server.sasl.scram import derive_keys
from reference_server.settings import TEST_COST, PasswordCost
from reference_server.store import Database, MessageStore

STAMP = "<1896.697170952@dbc.mtview.ca.us>"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "mail.sqlite3", durable=False)
    MessageStore(opened, VirtualClock())
    yield opened
    opened.close()


@pytest.fixture
def book(base: Database) -> AccountBook:
    accounts = AccountBook(base, TEST_COST)
    accounts.add("mrose", "tanstaaf", apop=True)
    accounts.add("alice", "a pass wörd")
    return accounts


def test_passwords(book: AccountBook) -> None:
    assert book.verify_password("mrose", "tanstaaf")
    assert book.verify_password("alice", "a\u00a0pass wo\u0308rd")  # the same once prepared
    assert not book.verify_password("mrose", "Tanstaaf")
    assert not book.verify_password("Mrose", "tanstaaf")
    assert not book.verify_password("eve", "tanstaaf")
    assert not book.verify_password("mrose", "")
    assert not book.verify_password("mrose", "\x07")
    assert not book.verify_password("\x07", "tanstaaf")


def test_apop_example_of_rfc_1939(book: AccountBook) -> None:
    digest = "c4c9334bac560ecc979e58001b3e22fb"
    assert book.verify_apop("mrose", STAMP, digest)
    assert not book.verify_apop("mrose", STAMP, digest.upper())
    assert not book.verify_apop("mrose", STAMP.replace("1896", "1897"), digest)
    assert not book.verify_apop("eve", STAMP, digest)
    assert not book.verify_apop("mrose", STAMP, "\udcff")


def test_apop_only_for_those_who_opted_in(book: AccountBook, base: Database) -> None:
    digest = hashlib.md5((STAMP + "a pass wörd").encode()).hexdigest()
    assert not book.verify_apop("alice", STAMP, digest)
    kept = base.read(lambda c: c.execute("SELECT * FROM accounts WHERE name = 'alice'").fetchone())
    assert not any("a pass" in str(column) for column in kept)


def test_scram_keys(book: AccountBook) -> None:
    keys = book.scram_keys("mrose")
    assert keys == derive_keys("tanstaaf", keys.salt, keys.iterations)
    assert keys.iterations >= 4096  # RFC 7677 §4
    assert book.scram_keys("alice").salt != keys.salt


def test_unknown_accounts_look_like_known_ones(book: AccountBook, base: Database) -> None:
    known, unknown = book.scram_keys("mrose"), book.scram_keys("eve")
    assert (len(known.salt), known.iterations) == (len(unknown.salt), unknown.iterations)
    assert unknown == book.scram_keys("eve")
    assert unknown.salt != book.scram_keys("mallory").salt
    assert AccountBook(base, TEST_COST).scram_keys("eve") == unknown


def test_an_unknown_account_costs_as_much_time(base: Database) -> None:
    book = AccountBook(base, PasswordCost(memory_kib=4096, passes=2))
    book.add("alice", "secret")

    def fastest(account: str) -> float:
        times = []
        for _ in range(5):
            start = time.thread_time()
            assert not book.verify_password(account, "wrong")
            times.append(time.thread_time() - start)
        return min(times)

    assert fastest("eve") > fastest("alice") / 3  # without the decoy it is some hundred times less


def test_accounts_are_kept(book: AccountBook, base: Database) -> None:
    again = AccountBook(base, TEST_COST)
    assert again.names() == ("alice", "mrose")
    assert again.verify_password("mrose", "tanstaaf")
    assert again.verify_apop("mrose", STAMP, "c4c9334bac560ecc979e58001b3e22fb")
    assert again.scram_keys("mrose") == book.scram_keys("mrose")
    assert "alice" in again
    assert "eve" not in again


def test_credentials_derived_before_replace_what_was(book: AccountBook) -> None:
    ready = derive("new", TEST_COST)
    book.put({"alice": ready, "carol": ready})
    assert book.verify_password("alice", "new")
    assert book.verify_password("carol", "new")
    assert not book.verify_password("alice", "a pass wörd")
    assert "hash" not in repr(ready)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("mrose", "exists already"),
        ("", "one word"),
        ("two words", "one word"),
        ("a@b", "one word"),
        ("\x07", "prohibited"),
        ("\u2168", "must be written 'IX'"),
        ("x" * 65, "longer than 64"),
    ],
)
def test_names_that_cannot_be(book: AccountBook, name: str, complaint: str) -> None:
    with pytest.raises(AccountError, match=complaint):
        book.add(name, "secret")


@pytest.mark.parametrize("password", ["", "\x07"])
def test_passwords_that_cannot_be(book: AccountBook, password: str) -> None:
    with pytest.raises(AccountError, match="the password"):
        book.add("dora", password)


def test_all_names_are_checked_before_any_is_added(book: AccountBook) -> None:
    with pytest.raises(AccountError):
        book.put({"dora": derive("x", TEST_COST), "a b": derive("x", TEST_COST)})
    assert "dora" not in book
