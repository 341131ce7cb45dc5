"""A session's numbers, and what its client has yet to be told (RFC 3501 §7.3, §7.4.1)."""

from __future__ import annotations

from reference_server.imap.fetchitems import Attribute
from reference_server.imap.responses import Exists, Expunged, FetchResponse, FlagsItem, NumberItem, Recent, Vanished
from reference_server.imap.sets import parse_sequence_set
from reference_server.imap.view import MailboxView, Telling, flag_names
from reference_server.store.flag_changes import FlagsRow, FlagsStored
from reference_server.store.hub import MailboxHub
from reference_server.store.mailbox_state import MailboxState
from reference_server.store.open_mailbox import Changes, Opened

PLAIN = Telling(expunges=True, uids=False, mod_sequences=False, vanished=False, recent=True)
SAME_NUMBERS = Telling(expunges=False, uids=False, mod_sequences=False, vanished=False, recent=True)
QUICK = Telling(expunges=True, uids=True, mod_sequences=True, vanished=True, recent=True)


def state(uidnext: int, mod_sequence: int, first_recent: int = 100) -> MailboxState:
    return MailboxState(1, "INBOX", 7, uidnext, mod_sequence, first_recent, 0, 0, "")


def view(*uids: int) -> MailboxView:
    opened = Opened(state(uids[-1] + 1, 10), list(uids), None, ())
    return MailboxView(opened, read_only=False, subscription=MailboxHub().subscribe(1, lambda: None))


def test_numbers_and_uids() -> None:
    box = view(3, 5, 9, 12)
    assert [box.number(uid) for uid in (3, 4, 12, 13)] == [1, None, 4, None]
    assert box.numbers([5, 6, 12]) == [2, 4]
    assert box.uid_ranges(parse_sequence_set(b"2:3,*"), uid=False) == ((5, 12),)
    assert box.uid_ranges(parse_sequence_set(b"4:4294967295"), uid=True) == ((4, 12),)
    assert box.count([(4, 10)]) == 2


def test_expunges_wait_until_they_may_be_told() -> None:
    box = view(3, 5, 9, 12)
    box.absorb(Changes(state(13, 12), [], [3, 9], ()))
    assert box.news(SAME_NUMBERS) == []
    assert (len(box), box.told_up_to) == (4, 10)
    assert box.news(PLAIN) == [Expunged(1), Expunged(2)]
    assert (box.uids, box.told_up_to) == ([5, 12], 12)
    box.absorb(Changes(state(13, 13), [], [12], ()))
    assert box.news(QUICK) == [Vanished((12,))]


def test_arrivals_come_before_what_is_said_of_them() -> None:
    box = view(3)
    box.absorb(Changes(state(6, 11, first_recent=5), [FlagsRow(4, 0, "", 11), FlagsRow(5, 0, "", 11)], [], ()))
    box.absorb(Changes(state(6, 12), [FlagsRow(4, 8, "", 12)], [], ()))
    assert box.news(SAME_NUMBERS) == [
        Exists(3),
        Recent(1),
        FetchResponse(2, (FlagsItem((r"\Seen",)),)),
    ]
    assert box.news(PLAIN) == []


def test_ones_own_changes_are_not_told_again() -> None:
    box = view(3, 5)
    mine = FlagsRow(3, 8, "", 12)
    box.took(FlagsStored([mine], frozenset({3}), [], frozenset(), complete=False, mod_sequence=12), [3])
    assert box.mod_sequence == 10
    box.absorb(Changes(state(6, 12), [mine, FlagsRow(5, 1, " Work ", 11)], [], ("Work",)))
    *_, fetch = box.news(QUICK)
    data = (NumberItem(Attribute.UID, 5), FlagsItem((r"\Answered", "Work")), NumberItem(Attribute.MODSEQ, 11))
    assert fetch == FetchResponse(2, data)
    box.took(FlagsStored([mine], frozenset({3}), [], frozenset(), complete=True, mod_sequence=13), [3])
    assert box.mod_sequence == 13


def test_names_of_flags() -> None:
    assert flag_names(0b11111, " a b ", True) == (
        r"\Answered", r"\Flagged", r"\Deleted", r"\Seen", r"\Draft", "a", "b", r"\Recent",
    )  # fmt: skip
    assert flag_names(0, "", False) == ()


def test_a_saved_result_loses_nothing_but_what_is_gone() -> None:
    box = view(3, 5, 9)
    box.save([3, 5])
    assert box.uid_ranges(parse_sequence_set(b"$", saved_result=True), uid=False) == ((3, 3), (5, 5))
