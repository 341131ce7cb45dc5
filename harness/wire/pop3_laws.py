"""Laws over the replies of one POP3 session: counts, sums, numbers and sizes must agree with one another.

A session's maildrop does not change but by DELE and RSET (RFC 1939 §4), so what STAT, LIST, UIDL and RETR say of it
must fit together. Where two replies disagree, the one that came later is shown, with what the earlier one had said.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.verdicts import Facet
from harness.wire.findings import Findings, quoted
from harness.wire.pop3_answer import Pop3Answer
from harness.wire.pop3_listings import scan_listings, unique_id_listings

#: Requirements that these laws judge.
REQUIREMENTS = (
    "RFC1939-4-k",
    "RFC1939-4-l",
    "RFC1939-5.LIST-g",
    "RFC1939-5.LIST-j",
    "RFC1939-5.STAT-c",
    "RFC1939-5.STAT-d",
    "RFC1939-5.STAT-g",
    "RFC1939-7.UIDL-d",
    "RFC1939-7.UIDL-i",
    "RFC1939-7.UIDL-l",
    "RFC1939-11-a",
    "RFC1939-11-b",
    "RFC6856-2.1-j",
)

#: Messages beyond which a count is not believed: no case loads so many, and a hostile count must not cost memory.
MOST_MESSAGES = 100_000


@dataclass(frozen=True, slots=True)
class _Sent:
    """What RETR sent: octets with byte-stuffing undone, lines, and lines that were stuffed."""

    octets: int
    lines: int
    stuffed: int


@dataclass(slots=True)
class Maildrop:
    """What one session has said of its maildrop so far.

    `surrogates`: the target announces UTF8, so it may send another message in place of one whose header holds UTF-8
    (RFC 6856 §2.1). `everything` holds the sizes by number of all messages, once a LIST has told them before any DELE.
    `listed` and `counted` are what LIST and STAT said since the last DELE or RSET.
    """

    findings: Findings
    surrogates: bool = False
    utf8: bool = False
    deleted: set[int] = field(default_factory=set)
    sizes: dict[int, int] = field(default_factory=dict)
    sent: dict[int, _Sent] = field(default_factory=dict)
    unique_ids: dict[int, bytes] = field(default_factory=dict)
    everything: dict[int, int] | None = None
    listed: dict[int, int] | None = None
    counted: tuple[int, int] | None = None

    def follow(self, answer: Pop3Answer) -> None:
        """Judge a positive reply against what was said before, and remember it."""
        if not answer.positive or answer.in_sasl:
            return
        match answer.keyword, answer.number:
            case "STAT", _:
                self._stat(answer)
            case "LIST", None:
                self._list(answer)
            case "LIST", int():
                for number, size in scan_listings(answer):
                    self._size(answer, number, size)
            case "UIDL", _:
                self._uidl(answer)
            case "RETR", int(number):
                self._retr(answer, number)
            case (("DELE" | "RSET"), number):
                self._mark(number)
            case "UTF8", _:
                self.utf8 = True

    def _mark(self, number: int | None) -> None:
        """DELE marks a message, RSET (no number) unmarks all; what STAT and LIST said of them before is over."""
        if number is None:
            self.deleted.clear()
        else:
            self.deleted.add(number)
        self.listed = self.counted = None

    def _present(self) -> dict[int, int] | None:
        """The messages that STAT, LIST and UIDL must now speak of, with their sizes, if that is known."""
        if self.everything is not None:
            return {number: size for number, size in self.everything.items() if number not in self.deleted}
        return self.listed

    def _law(self, requirement: str, holds: bool, answer: Pop3Answer, expected: str, observed: str, kind: str) -> None:
        self.findings.check(
            requirement, holds, answer.place, expected=expected, observed=observed, kind=kind, facet=Facet.DATA
        )

    def _stat(self, answer: Pop3Answer) -> None:
        said = scan_listings(answer)
        if not said:
            return
        self.counted = said[0]
        present = self._present()
        if present is not None:
            self._drop_against_list(answer, present, self.counted)

    def _drop_against_list(self, answer: Pop3Answer, present: dict[int, int], counted: tuple[int, int]) -> None:
        """STAT's number and size are those of LIST's messages (RFC 1939 §5)."""
        count, size = len(present), sum(present.values())
        exact = self.utf8 or counted[1] == size  # RFC 6856 §2.1 lets STAT's size be inexact
        if self.deleted:
            expected = f"{count} messages and {size} octets without those marked as deleted"
            observed = f"STAT says {counted[0]} and {counted[1]}"
            self._law("RFC1939-5.STAT-g", counted[0] == count and exact, answer, expected, observed, "deleted:counted")
            return
        expected, observed = f"{count} messages, as in LIST", f"STAT says {counted[0]}"
        self._law("RFC1939-5.STAT-c", counted[0] == count, answer, expected, observed, "count")
        expected, observed = f"{size} octets, as in LIST", f"STAT says {counted[1]}"
        self._law("RFC1939-5.STAT-d", exact, answer, expected, observed, "octets")

    def _list(self, answer: Pop3Answer) -> None:
        if answer.body is None:
            return
        listings = scan_listings(answer)
        if len(listings) != len(answer.lines):
            return  # a listing of bad form was judged as such; the others alone prove nothing
        numbers = [number for number, _ in listings]
        self._numbers(answer, numbers)
        for number, size in listings:
            self._size(answer, number, size)
        if len(set(numbers)) != len(numbers):
            return
        self.listed = dict(listings)
        if not self.deleted:
            self.everything = dict(listings)
        if self.counted is not None:
            self._drop_against_list(answer, self.listed, self.counted)

    def _numbers(self, answer: Pop3Answer, numbers: list[int]) -> None:
        present = self._present()
        shown = f"LIST has {_shown(numbers)}"
        if not self.deleted:
            whole = sorted(numbers) == list(range(1, len(numbers) + 1))
            self._law("RFC1939-4-k", whole, answer, "the numbers 1, 2, 3 and so on", shown, "numbers:gap")
        else:
            gone = self.deleted.isdisjoint(numbers) and (present is None or sorted(numbers) == sorted(present))
            expected = f"all messages but {_shown(sorted(self.deleted))}, under their old numbers"
            self._law("RFC1939-5.LIST-j", gone, answer, expected, shown, "numbers:deleted")

    def _size(self, answer: Pop3Answer, number: int, size: int) -> None:
        before = self.sizes.setdefault(number, size)
        expected, observed = f"{before} octets as before", f"{size} octets for message {number}"
        self._law("RFC1939-4-l", size == before or self.utf8, answer, expected, observed, "size:changed")
        if number in self.sent:
            self._exact(answer, number, size, self.sent[number])

    def _retr(self, answer: Pop3Answer, number: int) -> None:
        if answer.body is None or not answer.strict:
            return
        content = answer.content
        sent = _Sent(len(content), content.count(b"\r\n"), len(answer.body) - len(content))
        first = number not in self.sent
        self.sent[number] = sent
        if number in self.sizes and first:
            self._exact(answer, number, self.sizes[number], sent)

    def _exact(self, answer: Pop3Answer, number: int, size: int, sent: _Sent) -> None:
        """LIST's size is what RETR sends (RFC 1939 §5, §11).

        Two octets less are let pass: a message that does not end in CRLF must be sent with one (RFC 1939 §3).
        """
        exact = size in (sent.octets, sent.octets - 2)
        expected = f"{sent.octets} octets, as RETR sent of message {number}"
        observed = f"{size} octets in LIST"
        if self.utf8 or (self.surrogates and not exact):
            self._law("RFC6856-2.1-j", exact, answer, expected, observed, "size:inexact")
            return
        self._law("RFC1939-5.LIST-g", exact, answer, expected, observed, "size:inexact")
        if sent.lines > 2:
            lone = size == sent.octets - sent.lines
            self._law("RFC1939-11-a", not lone, answer, expected, observed, "size:lf-counted")
        if sent.stuffed:
            dots = size == sent.octets + sent.stuffed
            self._law("RFC1939-11-b", not dots, answer, expected, observed, "size:dots-counted")

    def _uidl(self, answer: Pop3Answer) -> None:
        listings = unique_id_listings(answer)
        for number, unique_id in listings:
            before = self.unique_ids.setdefault(number, unique_id)
            expected, observed = f"{quoted(before)} as before", f"{quoted(unique_id)} for message {number}"
            self._law("RFC1939-7.UIDL-i", unique_id == before, answer, expected, observed, "unique-id:changed")
        if answer.body is None or len(listings) != len(answer.lines):
            return
        numbers = sorted(number for number, _ in listings)
        shown = f"UIDL has {_shown(numbers)}"
        if self.deleted:
            gone = self.deleted.isdisjoint(numbers)
            expected = f"no listing of {_shown(sorted(self.deleted))}, marked as deleted"
            self._law("RFC1939-7.UIDL-l", gone, answer, expected, shown, "numbers:deleted")
        present = self._expected_numbers(len(numbers))
        if present is not None and self.deleted.isdisjoint(numbers):
            expected = f"a listing for each of {_shown(present)}"
            self._law("RFC1939-7.UIDL-d", numbers == present, answer, expected, shown, "numbers:other")

    def _expected_numbers(self, listed: int) -> list[int] | None:
        """The numbers that UIDL must list: LIST's, else as many as STAT counts, else as many as it lists itself.

        After DELE only LIST can tell.
        """
        present = self._present()
        if present is not None:
            return sorted(present)
        count = listed if self.counted is None else min(self.counted[0], MOST_MESSAGES)
        return None if self.deleted else list(range(1, count + 1))


def _shown(numbers: list[int]) -> str:
    """Message numbers for a sentence, cut where there are many."""
    head = ", ".join(str(number) for number in numbers[:12]) or "no message"
    return head + (f" … ({len(numbers)} messages)" if len(numbers) > 12 else "")
