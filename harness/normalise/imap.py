"""IMAP answers in canonical form: what a client acts on, by facet and part, with what each server chooses left out.

Tags, case, quoting, the order of untagged data and how FETCH responses are split do not count (RFC 3501 §5.2, §7, §9).
Numbers that lose their value keep their law elsewhere: UIDs, UIDVALIDITY, UIDNEXT and MODSEQ are judged by the strict
validator, dates and sizes by expectations. A UID that the case knows becomes its message.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from harness.clients.imap_reply import ImapReply
from harness.corpus import CorpusMessage
from harness.normalise.pop3 import identity
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse, first_numbers, numbers_of
from harness.wire.imap_values import Items, Scalar, Value, label

#: Canonical form of one reply: what is left of it, by facet; data by part.
Canonical = dict[str, object]

#: Items and codes whose values are each server's own.
_OWN = frozenset(
    {"UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ", "MODSEQ", "INTERNALDATE", "RFC822.SIZE", "SIZE", "MAILBOXID"}
    | {"APPENDUID", "COPYUID", "MODIFIED"}
)
#: Attributes of LIST that any server may add (RFC 3501 §7.2.2, RFC 3348 §2, RFC 6154 §2).
_ATTRIBUTES = frozenset({"\\NOSELECT", "\\NONEXISTENT", "\\SUBSCRIBED", "\\REMOTE"})
_VIEW = frozenset({"EXISTS", "RECENT", "EXPUNGE", "VANISHED"})
_HEADER = re.compile(r"(?:BODY|BINARY)\[HEADER|RFC822\.HEADER|.*<[0-9]+>$")
_WHOLE = frozenset({"BODY[]", "RFC822", "BINARY[]"})


def canonical(
    command: bytes | None, reply: ImapReply, messages: Sequence[CorpusMessage], uids: Mapping[int, str] | None = None
) -> Canonical:
    """The canonical form of a reply to a command (None: the greeting). `uids` are messages' names by UID."""
    verb = verb_of(command)
    form: Canonical = {
        "verb": verb,
        Facet.STATUS.value: reply.condition,
        Facet.CODE.value: reply.code.name if reply.code else "",
    }
    collector = _Collector(messages, uids or {}, verb)
    for response in reply.untagged:
        collector.take(response)
    collector.finish()
    form[Facet.DATA.value] = collector.data
    form[Facet.VIEW.value] = collector.view
    form[Facet.CONTENT.value] = collector.content
    return form


def verb_of(command: bytes | None) -> str:
    """A command's name in upper case, with UID before it where it has that; `greeting` without a command."""
    if command is None:
        return "greeting"
    words = command[:200].decode("latin-1").upper().split()
    return " ".join(words[1:3]) if words[1:2] == ["UID"] else "".join(words[1:2])


class _Collector:
    """Puts the responses' canonical forms together."""

    def __init__(self, messages: Sequence[CorpusMessage], uids: Mapping[int, str], verb: str) -> None:
        self.data: dict[str, object] = {}
        self.view: dict[str, object] = {}
        self.content: dict[str, object] = {}
        self._expunged: list[int] = []
        self._messages = messages
        self._uids = uids
        self._verb = verb

    def take(self, response: UntaggedResponse) -> None:
        """Add one response."""
        name = response.name
        if response.condition:
            self._status(response)
        elif name in _VIEW:
            self._seen(response)
        elif name == "FETCH":
            for item, value in response.items():
                self._item(response.number or 0, item, value)
        elif name in ("LIST", "LSUB"):
            self._append(name, _listing(response))
        elif name == "STATUS":
            self._mailbox_status(response)
        elif name in ("SEARCH", "SORT", "THREAD", "ESEARCH"):
            self._found(name, response)
        elif name == "FLAGS":
            self.data[name] = _system_flags(response.arguments)
        elif name in ("CAPABILITY", "ENABLED"):
            self.data[name] = _flags(response.arguments)
        else:
            self._append(name, [plain(value) for value in response.arguments])

    def _append(self, part: str, value: object) -> None:
        values = self.data.setdefault(part, [])
        assert isinstance(values, list)
        values.append(value)
        values.sort(key=repr)

    def _status(self, response: UntaggedResponse) -> None:
        if response.name != "OK":
            self.data[response.name] = True
        code = response.code
        if code is not None and code.name not in ("HIGHESTMODSEQ", "NOMODSEQ"):  # RFC 7162: told by who keeps them
            values = [plain(value) for value in code.arguments]
            if code.name == "PERMANENTFLAGS":
                values = [*_system_flags(code.arguments)]
            self.data[f"[{code.name}]"] = [] if code.name in _OWN else values

    def _seen(self, response: UntaggedResponse) -> None:
        if response.name == "EXPUNGE":
            self._expunged.append(response.number or 0)
        elif response.name == "VANISHED":
            self.view["VANISHED"] = True
        else:
            self.view[response.name] = response.number  # the last one counts

    def finish(self) -> None:
        """What was expunged, in whatever order, by the numbers that the messages had before."""
        if self._expunged:
            self.view["EXPUNGE"] = sorted(first_numbers(self._expunged))

    def _named(self, number: int) -> str:
        if not self._verb.startswith("UID "):
            return f"{number:010d}"
        return self._uids.get(number, "a UID")

    def _found(self, name: str, response: UntaggedResponse) -> None:
        """What a search found, in whatever form."""
        if name == "THREAD":
            self.data[name] = [self._threads(value) for value in response.arguments]
        elif name == "ESEARCH":
            self._append(name, self._extended(response.arguments))
        else:
            found = [self._named(number) for number in numbers_of(response.arguments)]
            self.data[name] = sorted(found) if name == "SEARCH" else found

    def _threads(self, value: Value) -> object:
        """Threads of numbers, or of messages where UIDs were asked for."""
        if isinstance(value, Items):
            return [self._threads(each) for each in value.items]
        number = value.number if isinstance(value, Scalar) else None
        return plain(value) if number is None else self._named(number)

    def _extended(self, arguments: Sequence[Value]) -> list[object]:
        """The data of ESEARCH without its correlator, which is the client's own; UIDs as given (RFC 4731 §3.1)."""
        given = [value for value in arguments if not isinstance(value, Items)]
        by_uid = label(given[0]) == "UID" if given else False
        given = given[1:] if by_uid else given
        pairs = zip(map(label, given[::2]), map(plain, given[1::2]), strict=False)
        own = frozenset({"MIN", "MAX", "ALL"}) if by_uid else frozenset()
        return [by_uid, *sorted([name, "given" if name in own | _OWN else value] for name, value in pairs)]

    def _item(self, number: int, item: str, value: Value) -> None:
        """An item of FETCH: a part of its own, by message."""
        if item in _OWN or item == "UID":
            form: object = self._uid(value) if item == "UID" else "given"
        elif item == "FLAGS":
            form = [flag for flag in _flags((value,)) if flag != "\\RECENT"]
        elif isinstance(value, Scalar) and (item.endswith("]") or item.startswith("RFC822") or "<" in item):
            self._part(self.content, item)[number] = self._text(item, value)
            return
        else:
            form = plain(value)
        self._part(self.data, f"FETCH {item}")[number] = form

    def _uid(self, value: Value) -> str:
        number = value.number if isinstance(value, Scalar) else None
        return self._uids.get(number or 0, "a UID")

    def _part(self, parts: dict[str, object], name: str) -> dict[int, object]:
        part = parts.setdefault(name, {})
        assert isinstance(part, dict)
        return part

    def _text(self, item: str, value: Scalar) -> str:
        """Which octets these are: a whole message by its identity, a header only as one: trace fields may be in it."""
        if value.is_nil:
            return "NIL"
        if item in _WHOLE:
            return identity(value.data, self._messages)
        return "given" if _HEADER.match(item) else hashlib.sha256(value.data).hexdigest()

    def _mailbox_status(self, response: UntaggedResponse) -> None:
        given = response.arguments[0] if response.arguments else Scalar(b"")  # an atom or a string, either delimiter
        name = given.data.decode("latin-1").replace(".", "/") if isinstance(given, Scalar) else ""
        name = "INBOX" if name.upper() == "INBOX" else name
        for item, value in response.items():
            self._append(f"STATUS {item}", [name, "given" if item in _OWN else plain(value)])


def _listing(response: UntaggedResponse) -> list[object]:
    """A mailbox as LIST shows it, with / for whatever delimiter the server has."""
    attributes, delimiter, mailbox, *rest = (*response.arguments, Scalar(b""), Scalar(b""), Scalar(b""))[:3]
    mark = delimiter.data if isinstance(delimiter, Scalar) and not delimiter.is_nil else b""
    name = mailbox.data if isinstance(mailbox, Scalar) else b""
    shown = (name.replace(mark, b"/") if mark else name).decode("latin-1")
    kept = [flag for flag in _flags((attributes,)) if flag in _ATTRIBUTES]
    return [kept, "INBOX" if shown.upper() == "INBOX" else shown, *rest]


def _flags(values: Sequence[Value]) -> list[str]:
    """Flags, attributes or capabilities: sorted, in upper case."""
    inner = values[0].items if len(values) == 1 and isinstance(values[0], Items) else values
    return sorted({label(value) for value in inner})


def _system_flags(values: Sequence[Value]) -> list[str]:
    r"""The flags that begin with \\, `\\*` too: which keywords a mailbox knows is its own history (RFC 3501 §7.2.6)."""
    return [flag for flag in _flags(values) if flag.startswith("\\")]


def plain(value: Value) -> object:
    """A value as lists and text; a string is told from an atom by a quote before it, NIL is None."""
    match value:
        case Items(items):
            return [plain(item) for item in items]
        case Scalar() if value.is_nil:
            return None
        case Scalar(data):
            text = data.decode("latin-1")
            return f'"{text}' if value.is_string else text.upper()
    return label(value)
