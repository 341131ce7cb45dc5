"""Faults of BODY and BODYSTRUCTURE (RFC 3501 §7.4.2, §9, body)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.imap.fetchitems import Attribute
from reference_server.imap.responses import StructureItem
from reference_server.mime.bodystructure import Structure
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import fault, fetched

Members = tuple[Structure, ...]
Change = Callable[[Members], Members]

#: Members of a part that is no multipart (RFC 3501 §9, body-type-1part).
TYPE, SUBTYPE, PARAMETERS, ID, DESCRIPTION, ENCODING, OCTETS = range(7)
#: Of the envelope of an enclosed message, its second member.
_SUBJECT = 1


def with_member(members: Members, index: int, value: Structure) -> Members:
    """The same with one member exchanged."""
    return (*members[:index], value, *members[index + 1 :])


def restructured(change: Change, *attributes: Attribute) -> Build:
    """A variant whose structures of these kinds are changed."""

    def changed(item: StructureItem) -> StructureItem:
        if item.attribute not in attributes or not isinstance(item.structure, tuple):
            return item
        return replace(item, structure=change(item.structure))

    return fetched(StructureItem, changed)


def _is_multipart(members: Members) -> bool:
    return bool(members) and isinstance(members[0], tuple)


def parts(leaf: Change | None = None, multipart: Change | None = None, *attributes: Attribute) -> Build:
    """A variant whose body structures are changed, each part and each multipart by itself, those inside first."""

    def changed(members: Members) -> Members:
        if _is_multipart(members):
            inner = tuple(changed(each) if isinstance(each, tuple) and _is_part(each) else each for each in members)
            return multipart(inner) if multipart else inner
        if _holds_message(members):
            enclosed = members[8]
            members = with_member(members, 8, changed(enclosed) if isinstance(enclosed, tuple) else enclosed)
        return leaf(members) if leaf else members

    return restructured(changed, *(attributes or (Attribute.BODYSTRUCTURE, Attribute.BODY)))


def _is_part(members: Members) -> bool:
    """Whether a list is a part, and neither parameters nor extension data."""
    return _is_multipart(members) or (len(members) >= 7 and isinstance(members[OCTETS], int))


def _holds_message(members: Members) -> bool:
    return (members[TYPE], members[SUBTYPE]) == (b"MESSAGE", b"RFC822") and len(members) > 8


def _base(members: Members) -> int:
    """Where the extension data of a part begins."""
    return 10 if _holds_message(members) else 8 if members[TYPE] == b"TEXT" else 7


def _extension(index: int, change: Callable[[Structure], Structure]) -> Build:
    """A variant that changes one member of the extension data: MD5 is 0, then disposition, language, location."""

    def leaf(members: Members) -> Members:
        at = _base(members) + index
        return with_member(members, at, change(members[at])) if at < len(members) else members

    return parts(leaf, None, Attribute.BODYSTRUCTURE)


def _multipart_extension(change: Change) -> Build:
    """A variant that changes the extension data of multiparts, parameters first."""

    def multipart(members: Members) -> Members:
        at = next(index for index, each in enumerate(members) if not isinstance(each, tuple)) + 1
        return (*members[:at], *change(members[at:]))

    return parts(None, multipart, Attribute.BODYSTRUCTURE)


def swapped(first: int, second: int) -> Change:
    """Two members stand in each other's place."""

    def change(members: Members) -> Members:
        if second >= len(members):
            return members
        return with_member(with_member(members, first, members[second]), second, members[first])

    return change


def _leaf(index: int, change: Callable[[Any], Structure]) -> Build:
    return parts(lambda members: with_member(members, index, change(members[index])))


def _lines_off(members: Members) -> Members:
    return with_member(members, 7, members[7] + 1) if isinstance(members[7], int) else members


def _tuple(value: Structure) -> Members:
    assert isinstance(value, tuple)
    return tuple(value)


def _inner(members: Members) -> Members:
    """The parts of a multipart."""
    return members[: next(index for index, each in enumerate(members) if not isinstance(each, tuple))]


def _rest(members: Members) -> Members:
    """What follows the parts: the subtype first."""
    return members[len(_inner(members)) :]


_EITHER = (Attribute.BODYSTRUCTURE, Attribute.BODY)


def _body(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "") -> Fault:
    return fault(f"structures/body-{slug}", title, requirements, build, "BODY", "BODYSTRUCTURE", seen_in=seen_in)


FAULTS: tuple[Fault, ...] = (
    _body(
        "types-swapped",
        "Type and subtype stand in each other's place",
        "7.4.2-p",
        parts(swapped(TYPE, SUBTYPE)),
    ),
    _body(
        "untyped-is-octets",
        "TEXT PLAIN is APPLICATION OCTET-STREAM",
        "7.4.2-q",
        parts(lambda m: (b"APPLICATION", b"OCTET-STREAM", *m[2:7], *m[8:]) if m[:2] == (b"TEXT", b"PLAIN") else m),
    ),
    _body(
        "no-parameters",
        "Parameters are NIL",
        "7.4.2-j",
        _leaf(PARAMETERS, lambda value: None),
    ),
    _body(
        "first-parameter-only",
        "The first parameter only is given",
        "7.4.2-j",
        _leaf(PARAMETERS, lambda value: value[:2] if value else value),
    ),
    _body("empty-parameters", "No parameters are an empty list", "9-s", _leaf(PARAMETERS, lambda value: value or ())),
    _body("no-id", "Content-ID is NIL", "7.4.2-r", _leaf(ID, lambda value: None)),
    _body("no-description", "Content-Description is NIL", "7.4.2-s", _leaf(DESCRIPTION, lambda value: None)),
    _body(
        "id-is-description",
        "Content-ID and Content-Description stand in each other's place",
        "7.4.2-r 7.4.2-s",
        parts(swapped(ID, DESCRIPTION)),
    ),
    _body("encoding-is-7bit", "The encoding is always 7BIT", "7.4.2-t", _leaf(ENCODING, lambda value: b"7BIT")),
    _body(
        "octets-off",
        "The size of parts is two octets too high",
        "7.4.2-u",
        _leaf(OCTETS, lambda value: value + 2),
        seen_in="servers that count the line end in front of a boundary",
    ),
    _body(
        "lines-off",
        "The lines of text are one too many",
        "7.4.2-w",
        parts(lambda m: _lines_off(m) if m[TYPE] == b"TEXT" else m),
        seen_in="servers that count the line end in front of a boundary",
    ),
    _body(
        "no-lines",
        "Text has no count of lines",
        "7.4.2-w",
        parts(lambda m: (*m[:7], *m[8:]) if m[TYPE] == b"TEXT" else m),
    ),
    _body(
        "message-is-basic",
        "MESSAGE RFC822 is written as a basic body",
        "9-y 7.4.2-v",
        parts(lambda m: (*m[:7], *m[10:]) if _holds_message(m) else m),
        seen_in="servers that do not look into messages",
    ),
    _body(
        "message-without-lines",
        "The lines of an enclosed message are 0",
        "7.4.2-v",
        parts(lambda m: with_member(m, 9, 0) if _holds_message(m) else m),
    ),
    _body(
        "message-with-no-envelope",
        "The envelope of an enclosed message has no subject",
        "7.4.2-v",
        parts(lambda m: with_member(m, 7, with_member(_tuple(m[7]), _SUBJECT, None)) if _holds_message(m) else m),
    ),
    _body(
        "first-part-only",
        "A multipart shows its first part only",
        "7.4.2-g",
        parts(None, lambda m: (m[0], *_rest(m))),
    ),
    _body(
        "parts-backwards",
        "A multipart shows its parts backwards",
        "7.4.2-g",
        parts(None, lambda m: (*_inner(m)[::-1], *_rest(m))),
    ),
    _body(
        "subtype-is-mixed",
        "Each multipart is MIXED",
        "7.4.2-g",
        parts(None, lambda m: (*_inner(m), b"MIXED", *_rest(m)[1:])),
    ),
    _body(
        "multipart-without-parameters",
        "The extension data of a multipart begins with the disposition",
        "7.4.2-h",
        _multipart_extension(lambda m: m[1:]),
        seen_in="servers that forget the parameters of multiparts",
    ),
    _body(
        "md5-behind",
        "MD5 comes behind the disposition",
        "7.4.2-i",
        parts(lambda m: swapped(_base(m), _base(m) + 1)(m), None, _EITHER[0]),
    ),
    _body("no-md5", "Content-MD5 is NIL", "7.4.2-n", _extension(0, lambda value: None)),
    _body("no-disposition", "Content-Disposition is NIL", "7.4.2-k", _extension(1, lambda value: None)),
    _body(
        "disposition-without-parameters",
        "Content-Disposition has no parameters",
        "7.4.2-k",
        _extension(1, lambda value: (value[0], None) if isinstance(value, tuple) else value),
    ),
    _body("no-language", "Content-Language is NIL", "7.4.2-l", _extension(2, lambda value: None)),
    _body("no-location", "Content-Location is NIL", "7.4.2-m", _extension(3, lambda value: None)),
    _body(
        "extended",
        "BODY has extension data",
        "7.4.2-x",
        parts(lambda m: (*m, None, None, None, None), lambda m: (*m, None, None, None), Attribute.BODY),
    ),
    _body(
        "differs",
        "BODY gives other sizes than BODYSTRUCTURE",
        "7.4.2-y",
        parts(lambda m: with_member(m, OCTETS, 0), None, Attribute.BODY),
    ),
    _body("not-a-list", "A body has no size", "9-p", parts(lambda m: (*m[:OCTETS], *m[OCTETS + 1 :]))),
)
