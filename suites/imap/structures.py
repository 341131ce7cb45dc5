"""ENVELOPE and body structures of a response, compared with what the message says (RFC 3501 §7.4.2, §9).

Where the RFC or docs/decisions.md leave a choice, every choice is right: case of names, the default charset, extension
data that is left out from some point on, how folding is undone. Each difference carries the requirement it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from harness.stage import shown
from harness.wire.imap_values import Items, Scalar, Value
from suites.corpus.mime_tree import Address, Either, Enclosed, Envelope, Leaf, Multipart, Part, Says, Text

_SPACE = re.compile(rb"[ \t\r\n]+")
_GRAMMAR = "RFC3501-9-p"


@dataclass(frozen=True, slots=True)
class Difference:
    """What a requirement asks for, and what came in its place."""

    requirement: str
    expected: str
    observed: str


#: Members of an envelope in their order: attribute of the facts, requirement, and for the addresses a second one.
_TEXTS = (("date", 0), ("subject", 1), ("in_reply_to", 8), ("message_id", 9))
_LISTS = (("from_", 2), ("sender", 3), ("reply_to", 4), ("to", 5), ("cc", 6), ("bcc", 7))

#: Requirements that a comparison of envelopes can cite.
ENVELOPE_IDS = (
    *(f"RFC3501-9-{each}" for each in ("aj", "g", "h", "i", "j", "k")),
    *(f"RFC3501-7.4.2-{each}" for each in ("aa", "ac", "ad", "ae", "af", "ag", "ah", "ai", "aj")),
)
#: Requirements that a comparison of structures can cite, but for those of envelopes.
BODY_IDS = (
    *(_GRAMMAR, "RFC3501-9-s", "RFC3501-9-y"),
    *(f"RFC3501-7.4.2-{each}" for each in "ghijklmnpqrstuvwx"),
)


def told(value: object) -> str:
    """A value, or what is expected of one, for a sentence."""
    match value:
        case Scalar(data):
            text = "NIL" if value.is_nil else shown(data)
        case Items(items):
            text = f"({' '.join(map(told, items))})"[:400]
        case Either(choices):
            text = " or ".join(map(told, choices))
        case bytes():
            text = shown(value)
        case _:
            text = "NIL" if value is None else f"{value}"
    return text


def text_is(value: Value | None, wanted: Text) -> bool:
    """Whether an nstring is this text; runs of white space count as one space, and none at the edges."""
    if isinstance(wanted, Either):
        return any(text_is(value, choice) for choice in wanted.choices)
    if not isinstance(value, Scalar):
        return False
    if wanted is None or value.is_nil:
        return wanted is None and value.is_nil
    return value.is_string and _unfolded(value.data) == _unfolded(wanted)


def _unfolded(data: bytes) -> bytes:
    return _SPACE.sub(b" ", data).strip(b" ")


# Envelopes -----------------------------------------------------------------------------------------------------------


def envelope_differences(value: Value | None, says: Envelope) -> Iterator[Difference]:
    """Where an ENVELOPE is not what the header says."""
    if not isinstance(value, Items) or len(value.items) != 10:
        yield Difference("RFC3501-9-aj", "ten members in parentheses", told(value))
        return
    for name, index in _TEXTS:
        wanted: Text = getattr(says, name)
        if not text_is(value.items[index], wanted):
            requirement = _text_requirement(name, wanted)
            yield Difference(requirement, f"{name} {told(wanted)}", told(value.items[index]))
    for name, index in _LISTS:
        yield from _list_differences(name, value.items[index], getattr(says, name), says)


def _text_requirement(name: str, wanted: Text) -> str:
    if wanted is None:
        return "RFC3501-7.4.2-af"
    return "RFC3501-7.4.2-ag" if name == "subject" and isinstance(wanted, Either) else "RFC3501-7.4.2-aa"


def _list_differences(name: str, value: Value, wanted: Sequence[Address], says: Envelope) -> Iterator[Difference]:
    """Sender and Reply-To that stand for From are another clause than those that were sent."""
    whole = "RFC3501-7.4.2-ac" if wanted else "RFC3501-7.4.2-ah"
    if name in ("sender", "reply_to") and wanted == says.from_:
        whole = "RFC3501-7.4.2-ai" if name == "sender" else "RFC3501-7.4.2-aj"
    given = value.items if isinstance(value, Items) else ()
    nil = isinstance(value, Scalar) and value.is_nil
    if (not wanted and not nil) or (wanted and len(given) != len(wanted)):
        yield Difference(whole, f"{name} with {len(wanted)} addresses" if wanted else f"{name} NIL", told(value))
        return
    if _in_another_order(given, wanted):
        yield Difference("RFC3501-7.4.2-ac", f"{name}: in the order of the field", told(value))
        return
    for address, want in zip(given, wanted, strict=True):
        yield from _address_differences(name, address, want, whole)


def _in_another_order(given: Sequence[Value], wanted: Sequence[Address]) -> bool:
    """Whether these are the right addresses in a wrong order."""
    if all(_is_address(one, want) for one, want in zip(given, wanted, strict=True)):
        return False
    left = list(given)
    for want in wanted:
        found = next((one for one in left if _is_address(one, want)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _is_address(value: Value, wanted: Address) -> bool:
    return not any(_address_differences("", value, wanted, ""))


def _address_differences(name: str, value: Value, wanted: Address, whole: str) -> Iterator[Difference]:
    parts = value.items if isinstance(value, Items) else ()
    if len(parts) != 4:
        yield Difference("RFC3501-9-g", f"{name}: four members in parentheses", told(value))
        return
    if wanted.host is None:
        requirement = "RFC3501-7.4.2-ae" if wanted.mailbox is None else "RFC3501-7.4.2-ad"
        if not (text_is(parts[2], wanted.mailbox) and text_is(parts[3], None)):
            yield Difference(requirement, f"{name}: (NIL NIL {told(wanted.mailbox)} NIL)", told(value))
        return
    members = (
        ("name", wanted.name, "RFC3501-9-k"),
        ("route", wanted.route, "RFC3501-9-h"),
        ("mailbox", wanted.mailbox, "RFC3501-9-j"),
        ("host", wanted.host, "RFC3501-9-i"),
    )
    for (member, want, requirement), given in zip(members, parts, strict=True):
        if not text_is(given, want):
            inherited = whole in ("RFC3501-7.4.2-ai", "RFC3501-7.4.2-aj")
            yield Difference(whole if inherited else requirement, f"{name}: {member} {told(want)}", told(given))


# Structures ----------------------------------------------------------------------------------------------------------


def body_differences(value: Value | None, part: Part, *, extended: bool, where: str = "") -> Iterator[Difference]:
    """Where a BODY, or a BODYSTRUCTURE where `extended`, is not what the part says. `where` is its number."""
    if not isinstance(value, Items) or not value.items:
        yield Difference(_GRAMMAR, f"{where or 'the message'}: a list", told(value))
    elif isinstance(part, Multipart):
        yield from _multipart_differences(value.items, part, extended, where)
    else:
        yield from _single_differences(value.items, part, extended, where)


def _multipart_differences(items: Sequence[Value], part: Multipart, extended: bool, where: str) -> Iterator[Difference]:
    parts = [each for index, each in enumerate(items) if all(isinstance(one, Items) for one in items[: index + 1])]
    rest = items[len(parts) :]
    label = where or "the message"
    if len(parts) != len(part.parts) or not rest:
        expected = f"{label}: {len(part.parts)} parts and the subtype"
        yield Difference("RFC3501-7.4.2-g", expected, told(Items(tuple(items))))
        return
    for index, (given, inner) in enumerate(zip(parts, part.parts, strict=True), 1):
        yield from body_differences(given, inner, extended=extended, where=f"{where}.{index}".strip("."))
    if not _same_name(rest[0], part.says.subtype):
        yield Difference("RFC3501-7.4.2-g", f"{label}: subtype {part.says.subtype}", told(rest[0]))
    yield from _extension_differences(rest[1:], part.says, extended, label, multipart=True)


def _single_differences(
    items: Sequence[Value], part: Leaf | Enclosed, extended: bool, where: str
) -> Iterator[Difference]:
    says, label = part.says, where or "the message"
    if len(items) < 7 or isinstance(items[0], Items):
        expected = f"{label}: type, subtype, parameters, id, description, encoding and octets"
        yield Difference(_GRAMMAR, expected, told(Items(tuple(items))))
        return
    if not (_same_name(items[0], says.media) and _same_name(items[1], says.subtype)):
        requirement = (
            "RFC3501-7.4.2-p" if any(f.lower().startswith(b"content-type") for f in part.fields) else "RFC3501-7.4.2-q"
        )
        yield Difference(requirement, f"{label}: {says.media} {says.subtype}", f"{told(items[0])} {told(items[1])}")
        return
    yield from _parameter_differences(items[2], says, label, "RFC3501-7.4.2-j")
    for index, wanted, requirement in ((3, says.id, "r"), (4, says.description, "s")):
        if not text_is(items[index], wanted):
            yield Difference(f"RFC3501-7.4.2-{requirement}", f"{label}: {told(wanted)}", told(items[index]))
    if not _same_name(items[5], says.encoding.decode()):
        yield Difference("RFC3501-7.4.2-t", f"{label}: encoding {told(says.encoding)}", told(items[5]))
    if _number(items[6]) != len(part.content):
        yield Difference("RFC3501-7.4.2-u", f"{label}: {len(part.content)} octets", told(items[6]))
    yield from _special_differences(items[7:], part, extended, where)


def _special_differences(
    rest: Sequence[Value], part: Leaf | Enclosed, extended: bool, where: str
) -> Iterator[Difference]:
    """What follows the basic fields: of a message its envelope, body and lines, of a text its lines."""
    label = where or "the message"
    if isinstance(part, Enclosed):
        if len(rest) < 3:
            yield Difference("RFC3501-9-y", f"{label}: envelope, body and lines", told(Items(tuple(rest))))
            return
        for each in envelope_differences(rest[0], part.mail.envelope):
            yield Difference("RFC3501-7.4.2-v", f"{label}: {each.expected}", each.observed)
        inner = part.mail.body
        below = where if isinstance(inner, Multipart) else f"{where}.1".strip(".")
        yield from body_differences(rest[1], inner, extended=extended, where=below)
        rest = rest[2:]
    if isinstance(part, Enclosed) or part.says.media == "TEXT":
        lines = part.content.count(b"\r\n")
        right = {lines, lines + (not part.content.endswith(b"\r\n") and part.content != b"")}
        if not rest or _number(rest[0]) not in right:
            requirement = "RFC3501-7.4.2-v" if isinstance(part, Enclosed) else "RFC3501-7.4.2-w"
            yield Difference(requirement, f"{label}: {lines} lines", told(rest[0]) if rest else "none")
        rest = rest[1:]
    yield from _extension_differences(rest, part.says, extended, label, multipart=False)


def _extension_differences(
    rest: Sequence[Value], says: Says, extended: bool, label: str, *, multipart: bool
) -> Iterator[Difference]:
    """Extension data: none in BODY; in BODYSTRUCTURE as far as it is given, for each of it is optional."""
    if not extended:
        if rest:
            yield Difference("RFC3501-7.4.2-x", f"{label}: no extension data", told(Items(tuple(rest))))
        return
    given = list(rest)
    if not multipart and _out_of_order(given):
        expected = f"{label}: MD5, disposition, language, location"
        yield Difference("RFC3501-7.4.2-i", expected, told(Items(tuple(given))))
        return
    if given and multipart:
        yield from _parameter_differences(given[0], says, label, "RFC3501-7.4.2-h")
    elif given and not text_is(given[0], says.md5):
        yield Difference("RFC3501-7.4.2-n", f"{label}: MD5 {told(says.md5)}", told(given[0]))
    if len(given) > 1:
        yield from _disposition_differences(given[1], says, label)
    if len(given) > 2 and not _is_language(given[2], says.language):
        wanted = says.language and b", ".join(says.language)
        yield Difference("RFC3501-7.4.2-l", f"{label}: language {told(wanted or None)}", told(given[2]))
    if len(given) > 3 and not text_is(given[3], says.location):
        yield Difference("RFC3501-7.4.2-m", f"{label}: location {told(says.location)}", told(given[3]))


def _out_of_order(given: Sequence[Value]) -> bool:
    """Whether MD5 is no string, or the disposition is one: then they stand in other places than theirs."""
    disposition = given[1] if len(given) > 1 else None
    is_string = isinstance(disposition, Scalar) and not disposition.is_nil
    return is_string or any(isinstance(each, Items) for each in given[:1])


def _disposition_differences(value: Value, says: Says, label: str) -> Iterator[Difference]:
    if says.disposition is None:
        if not (isinstance(value, Scalar) and value.is_nil):
            yield Difference("RFC3501-7.4.2-k", f"{label}: disposition NIL", told(value))
        return
    name, parameters = says.disposition
    if not isinstance(value, Items) or len(value.items) != 2 or not _same_name(value.items[0], name.decode()):
        yield Difference("RFC3501-7.4.2-k", f"{label}: disposition {told(name)}", told(value))
        return
    pairs = _pairs(value.items[1])
    if parameters is not None and (pairs is None or not _same_pairs(pairs, parameters)):
        yield Difference("RFC3501-7.4.2-k", f"{label}: disposition with {_listed(parameters)}", told(value))


def _parameter_differences(value: Value, says: Says, label: str, requirement: str) -> Iterator[Difference]:
    """Parameters in any order; the charset that a text has by default may be there (RFC 2045 §5.2)."""
    pairs = _pairs(value)
    if pairs is None:
        yield Difference("RFC3501-9-s", f"{label}: pairs of strings, or NIL", told(value))
        return
    if says.parameters is None:
        return
    if says.media == "TEXT" and "CHARSET" not in says.parameters and pairs.get("CHARSET", b"").upper() == b"US-ASCII":
        del pairs["CHARSET"]
    if not _same_pairs(pairs, says.parameters):
        yield Difference(requirement, f"{label}: parameters {_listed(says.parameters)}", told(value))


def _pairs(value: Value) -> dict[str, bytes] | None:
    """Body parameters by name in upper case; None where they are not in the grammar."""
    if isinstance(value, Scalar):
        return {} if value.is_nil else None
    given = value.items if isinstance(value, Items) else ()
    strings = [each.data for each in given if isinstance(each, Scalar) and each.is_string]
    if not given or len(strings) != len(given) or len(given) % 2:
        return None
    return {name.decode("latin-1").upper(): text for name, text in zip(strings[::2], strings[1::2], strict=True)}


def _same_pairs(given: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> bool:
    """Values as they are; a charset is a name without case."""
    if given.keys() != wanted.keys():
        return False
    plain = [name for name in wanted if name != "CHARSET"]
    same_charset = given.get("CHARSET", b"").upper() == wanted.get("CHARSET", b"").upper()
    return same_charset and all(_unfolded(given[name]) == _unfolded(wanted[name]) for name in plain)


def _listed(parameters: Mapping[str, bytes]) -> str:
    return " ".join(f"{name}={told(value)}" for name, value in parameters.items()) or "none"


def _is_language(value: Value, wanted: tuple[bytes, ...]) -> bool:
    given = value.items if isinstance(value, Items) else (value,)
    if not wanted:
        return len(given) == 1 and isinstance(given[0], Scalar) and given[0].is_nil
    if len(given) == 1 and _is_tag(given[0], b", ".join(wanted)):
        return True
    return all(_is_tag(one, want) for one, want in zip_longest(given, wanted))


def _is_tag(value: Value | None, wanted: bytes | None) -> bool:
    """A language tag has no case (RFC 5646 §2.1.1)."""
    return isinstance(value, Scalar) and wanted is not None and value.is_string and value.data.lower() == wanted.lower()


def _same_name(value: Value, wanted: str) -> bool:
    return isinstance(value, Scalar) and value.is_string and value.upper == wanted.upper()


def _number(value: Value) -> int | None:
    return value.number if isinstance(value, Scalar) else None


# BODY beside BODYSTRUCTURE -------------------------------------------------------------------------------------------

#: Members of a part before its extension data (RFC 3501 §9, body-type-1part): others, of a text, of a message.
_BASIC, _TEXT, _MESSAGE = 7, 8, 10


def without_extension_data(value: Value) -> Value:
    """A BODYSTRUCTURE as BODY gives it: each part without its extension data."""
    if not isinstance(value, Items) or not value.items:
        return value
    items = value.items
    if isinstance(items[0], Items):
        count = next((index for index, each in enumerate(items) if not isinstance(each, Items)), len(items))
        return Items((*map(without_extension_data, items[:count]), *items[count : count + 1]))
    if _same_name(items[0], "MESSAGE") and len(items) >= _MESSAGE and isinstance(items[_BASIC], Items):
        inner = without_extension_data(items[_TEXT])
        return Items((*items[:_TEXT], inner, *items[_TEXT + 1 : _MESSAGE]))
    return Items(items[: _TEXT if _same_name(items[0], "TEXT") else _BASIC])


def same(one: Value | None, other: Value | None) -> bool:
    """Whether two values are the same, however they are written; words are compared without case."""
    match one, other:
        case Items(first), Items(second):
            return len(first) == len(second) and all(map(same, first, second))
        case Scalar(), Scalar():
            return one.is_nil == other.is_nil and (one.is_nil or one.upper == other.upper)
    return one is None and other is None
