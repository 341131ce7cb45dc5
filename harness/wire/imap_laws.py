"""Laws over the responses of IMAP sessions: message numbers, UIDs, sizes and when EXPUNGE may come.

What a session was told must fit together: numbers within EXISTS, UIDs ascending with them, static data the same each
time. RFC 3501 §2.3, §5.2, §7.3, §7.4; RFC 5256 §3, RFC 7162 §3.2.10. A law that several responses only together could
break is judged where the later one came.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.verdicts import Facet
from harness.wire.findings import Findings
from harness.wire.imap import UntaggedResponse, numbers_of
from harness.wire.imap_answer import ImapAnswer
from harness.wire.imap_values import Items, Scalar, Section, Value, label

_NO_DECREASE = "RFC3501-5.2-c"
_KNOWN_NUMBER = "RFC3501-7.3.1-b"
_EXPUNGE_RANGE = "RFC3501-7.4.1-c"
_EXPUNGE_IDLE = "RFC3501-7.4.1-d"
_SAME_UID = "RFC3501-2.3.1.1-c"
_ASCENDING = "RFC3501-2.3.1.2-a"
_UIDNEXT = "RFC3501-2.3.1.1-h"
_UIDVALIDITY = "RFC3501-2.3.1.1-e"
_STATIC = "RFC3501-6.4.5-c"
_SIZE = "RFC3501-2.3.4-a"
_RECENT = "RFC3501-7.3.2-a"
_ORIGIN = "RFC3501-7.4.2-b"
_UID_FETCH = "RFC3501-6.4.8-j"
_VANISHED_IDLE = "RFC7162-3.2.10.2-d"
_VANISHED_BUSY = "RFC7162-3.2.10.2-e"

#: Commands during which no EXPUNGE may come, and by which clause.
_NO_EXPUNGE = {
    "FETCH": "RFC3501-7.4.1-e",
    "STORE": "RFC3501-7.4.1-f",
    "SEARCH": "RFC3501-7.4.1-g",
    "SORT": "RFC5256-3.SORT-g",
    "THREAD": "RFC5256-3.THREAD-e",
    "CLOSE": "RFC3501-6.4.2-c",
    "UNSELECT": "RFC3691-2-c",
}

#: Requirements that these laws judge.
REQUIREMENTS = (
    _NO_DECREASE,
    _KNOWN_NUMBER,
    _EXPUNGE_RANGE,
    _EXPUNGE_IDLE,
    _SAME_UID,
    _ASCENDING,
    _UIDNEXT,
    _UIDVALIDITY,
    _STATIC,
    _SIZE,
    _RECENT,
    _ORIGIN,
    _UID_FETCH,
    _VANISHED_IDLE,
    _VANISHED_BUSY,
    *_NO_EXPUNGE.values(),
)

#: Messages beyond which a count is not followed: no case loads so many, and a hostile count must not cost memory.
MOST_MESSAGES = 200_000
#: Items that do not change for a message (RFC 3501 §9, msg-att-static).
_STATIC_ITEMS = frozenset({"RFC822.SIZE", "INTERNALDATE", "ENVELOPE", "BODYSTRUCTURE"})
_WHOLE = frozenset({"BODY[]", "RFC822"})


#: A mailbox: who is logged in, and its name. The same name, INBOX above all, is another mailbox for another user.
Mailbox = tuple[bytes, bytes]


@dataclass(slots=True)
class Mailboxes:
    """What a transcript's sessions were told of mailboxes. A name that anybody changed is no longer followed."""

    validity: dict[Mailbox, int] = field(default_factory=dict)
    static: dict[tuple[Mailbox, int, int, str], Value] = field(default_factory=dict)
    sizes: dict[tuple[Mailbox, int, int], tuple[int | None, int | None]] = field(default_factory=dict)
    changed: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class View:
    """One session's selected mailbox as its responses tell. `exists` is None while that is not known."""

    findings: Findings
    mailboxes: Mailboxes
    account: bytes  # who is logged in; something of the session's own while that is not known
    name: bytes = b""
    exists: int | None = None
    recent: int | None = None
    validity: int = 0
    uidnext: int | None = None
    settled: int = 0  # messages that were there when UIDNEXT was told
    uids: dict[int, int] = field(default_factory=dict)

    @property
    def mailbox(self) -> Mailbox:
        """The mailbox that is selected."""
        return self.account, self.name

    def open(self, name: bytes) -> None:
        """A mailbox is being selected: nothing is known of it yet."""
        self.name = name.strip(b'"').upper() if name.strip(b'"').upper() == b"INBOX" else name
        self.exists = self.recent = self.uidnext = None
        self.validity = self.settled = 0
        self.uids.clear()

    def follow(self, answer: ImapAnswer, response: UntaggedResponse) -> None:
        """Judge one response against what was said before, and remember it."""
        code = response.code
        if code is not None:
            self._code(answer, response, code.name, numbers_of(code.arguments))
            return
        match response.name, response.number:
            case "EXISTS", int(number):
                self._exists(answer, response, number)
            case "RECENT", int(number):
                self.recent = number
            case "EXPUNGE", int(number):
                self._expunge(answer, response, number)
            case "VANISHED", None:
                self._vanished(answer, response)
            case "FETCH", int(number):
                self._fetch(answer, response, number)
            case "SEARCH", None if answer.name == "SEARCH" and answer.alone:
                for number in numbers_of(response.arguments):
                    self._known(answer, response, number)

    def _law(
        self, requirement: str, holds: bool, answer: ImapAnswer, response: UntaggedResponse, expected: str, kind: str
    ) -> bool:
        if holds:
            self.findings.passed(requirement)
            return True
        event = response.event if response.event >= 0 else None
        self.findings.check(
            requirement,
            False,
            answer.place,
            expected=expected,
            observed=response.raw,
            kind=kind,
            facet=Facet.VIEW,
            event=event,
        )
        return False

    # -- numbers ----------------------------------------------------------------------------------------------------

    def _exists(self, answer: ImapAnswer, response: UntaggedResponse, number: int) -> None:
        before = self.exists
        if before is not None and answer.name not in ("SELECT", "EXAMINE"):
            self._law(_NO_DECREASE, number >= before, answer, response, f"at least {before}", "exists:fewer")
        self.exists = number if number <= MOST_MESSAGES else None

    def _known(self, answer: ImapAnswer, response: UntaggedResponse, number: int) -> bool:
        if self.exists is None:
            return True
        expected = f"a message number up to {self.exists}"
        return self._law(_KNOWN_NUMBER, number <= self.exists, answer, response, expected, "number:unknown")

    def _expunge(self, answer: ImapAnswer, response: UntaggedResponse, number: int) -> None:
        if answer.exchange.command is None:
            self._law(_EXPUNGE_IDLE, False, answer, response, "no EXPUNGE while no command is in progress", "expunge")
        elif answer.alone and answer.knowable:
            requirement = _NO_EXPUNGE.get(answer.name)
            if requirement is not None:
                expected = f"no EXPUNGE in the answer to {answer.name}"
                self._law(requirement, False, answer, response, expected, "expunge")
        if self.exists is None:
            return
        expected = f"a message number up to {self.exists}"
        if self._law(_EXPUNGE_RANGE, number <= self.exists, answer, response, expected, "number:unknown"):
            self.exists -= 1
            self.settled -= number <= self.settled
            self.uids = {at - (at > number): uid for at, uid in self.uids.items() if at != number}

    def _vanished(self, answer: ImapAnswer, response: UntaggedResponse) -> None:
        """Messages are gone by UID (RFC 7162 §3.2.10): numbers are not followed any more."""
        if isinstance(response.arguments[0] if response.arguments else None, Items):
            return  # EARLIER: not of this session's numbers
        if answer.exchange.command is None:
            self._law(
                _VANISHED_IDLE, False, answer, response, "no VANISHED while no command is in progress", "vanished"
            )
        elif answer.alone and answer.knowable and answer.name in ("FETCH", "STORE", "SEARCH"):
            expected = f"no VANISHED in the answer to {answer.name}"
            self._law(_VANISHED_BUSY, False, answer, response, expected, "vanished")
        self.exists = None
        self.uids.clear()

    # -- messages ---------------------------------------------------------------------------------------------------

    def _fetch(self, answer: ImapAnswer, response: UntaggedResponse, number: int) -> None:
        if not self._known(answer, response, number):
            return
        items = dict(response.items())
        uid = items.get("UID")
        if isinstance(uid, Scalar) and uid.number:
            self._uid(answer, response, number, uid.number)
        self._origins(answer, response)
        asked = items.keys() - {"FLAGS", "UID", "MODSEQ"}
        if answer.name == "UID FETCH" and answer.alone and asked:
            self._law(_UID_FETCH, "UID" in items, answer, response, "UID in the response", "uid:missing")
        known = self.uids.get(number)
        if known is not None and self.validity and self.name not in self.mailboxes.changed:
            self._same(answer, response, known, items)

    def _uid(self, answer: ImapAnswer, response: UntaggedResponse, number: int, uid: int) -> None:
        known = self.uids.get(number)
        if known is not None:
            self._law(_SAME_UID, known == uid, answer, response, f"UID {known}, as before", "uid:changed")
        below = max((each for at, each in self.uids.items() if at < number), default=0)
        above = min((each for at, each in self.uids.items() if at > number), default=uid + 1)
        expected = "UIDs that ascend with the message numbers"
        self._law(_ASCENDING, below < uid < above, answer, response, expected, "uid:order")
        if self.uidnext is not None and number > self.settled and answer.name not in ("SELECT", "EXAMINE"):
            expected = f"a UID from {self.uidnext} on, which was announced as the next"
            self._law(_UIDNEXT, uid >= self.uidnext, answer, response, expected, "uid:below-uidnext")
        self.uids[number] = uid

    def _origins(self, answer: ImapAnswer, response: UntaggedResponse) -> None:
        """An origin octet only where a part was asked for (RFC 3501 §7.4.2)."""
        given = response.arguments[-1] if response.arguments else None
        labels = [each for each in (given.items[::2] if isinstance(given, Items) else ()) if isinstance(each, Section)]
        if labels and answer.alone and answer.name in ("FETCH", "UID FETCH") and b"<" not in answer.arguments:
            without = all(each.origin is None for each in labels)
            self._law(_ORIGIN, without, answer, response, "no origin octet, as the whole was asked for", "origin")

    def _same(self, answer: ImapAnswer, response: UntaggedResponse, uid: int, items: dict[str, Value]) -> None:
        """Static data is the same each time, and the size is that of the text (RFC 3501 §2.3.4, §6.4.5)."""
        place = (self.mailbox, self.validity, uid)
        for item in items.keys() & _STATIC_ITEMS:
            before = self.mailboxes.static.setdefault((*place, item), items[item])
            same = _alike(before, items[item])
            self._law(_STATIC, same, answer, response, f"the same {item} as before", f"static:{item}")
        size, octets = self.mailboxes.sizes.get(place, (None, None))
        given = items.get("RFC822.SIZE")
        size = given.number if isinstance(given, Scalar) else size
        for item in items.keys() & _WHOLE:
            whole = items[item]
            octets = len(whole.data) if isinstance(whole, Scalar) and whole.is_string else octets
        self.mailboxes.sizes[place] = (size, octets)
        if size is not None and octets is not None:
            self._law(_SIZE, size == octets, answer, response, f"RFC822.SIZE of {octets}, as BODY[] has", "size")

    # -- codes ------------------------------------------------------------------------------------------------------

    def _code(self, answer: ImapAnswer, response: UntaggedResponse, name: str, numbers: tuple[int, ...]) -> None:
        if len(numbers) != 1:
            return
        if name == "UIDVALIDITY":
            self.validity = numbers[0]
            before = self.mailboxes.validity.get(self.mailbox, 0)
            if self.name not in self.mailboxes.changed and before and before != numbers[0]:
                expected = f"UIDVALIDITY {before}, or a greater one"
                self._law(_UIDVALIDITY, numbers[0] > before, answer, response, expected, "uidvalidity:smaller")
            elif before:
                self.findings.passed(_UIDVALIDITY)
            self.mailboxes.validity[self.mailbox] = numbers[0]
        elif name == "UIDNEXT":
            self.uidnext = numbers[0]

    def kept_numbers(self, answer: ImapAnswer) -> None:
        """Count an answer in which no message could vanish, and none did."""
        gone = {each.name for each in answer.responses if isinstance(each, UntaggedResponse)} & {"EXPUNGE", "VANISHED"}
        if gone or self.exists is None:
            return
        if answer.exchange.command is None:
            self.findings.passed_all({_EXPUNGE_IDLE: 1, _VANISHED_IDLE: 1})
        elif answer.alone and answer.name in _NO_EXPUNGE:
            self.findings.passed(_NO_EXPUNGE[answer.name])
            if answer.name in ("FETCH", "STORE", "SEARCH"):
                self.findings.passed(_VANISHED_BUSY)

    def selected(self, answer: ImapAnswer, last: UntaggedResponse | None) -> None:
        """The mailbox is selected: what is there now is not new."""
        self.settled = self.exists or 0
        if self.exists is None:
            self.uidnext = None  # VANISHED came with the selection: which of the messages are new is not known
        if last is not None and self.exists is not None and self.recent is not None:
            expected = f"at most {self.exists} recent messages"
            self._law(_RECENT, self.recent <= self.exists, answer, last, expected, "recent:more-than-exists")


def _alike(one: Value, other: Value) -> bool:
    """Whether two values are the same, however they are written."""
    match one, other:
        case Scalar(), Scalar():
            return (one.is_nil, one.is_string, one.data) == (other.is_nil, other.is_string, other.data)
        case Items(first), Items(second):
            return len(first) == len(second) and all(_alike(a, b) for a, b in zip(first, second, strict=True))
    return label(one) == label(other)
