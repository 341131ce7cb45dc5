"""Body structures with what has no meaning taken out, one thing at a time (RFC 3501 §7.4.2, RFC 2045).

Works on the plain form of `harness.normalise.imap.plain`: lists, text with a quote before each string, None for NIL.
"""

from __future__ import annotations

from collections.abc import Callable

Plain = object

#: Members of a part before its extension data: type, subtype, parameters, id, description, encoding, octets.
_BASIC = 7


def erased_alike(what: str, one: object, other: object) -> bool:
    """Whether the structures are alike once all that has no meaning is gone, and `what` was part of the difference."""
    if not isinstance(one, dict) or not isinstance(other, dict) or one.keys() != other.keys():
        return False
    others = [eraser for name, eraser in _ERASERS.items() if name != what]
    for key in one:
        whole = _erased(one[key], list(_ERASERS.values())), _erased(other[key], list(_ERASERS.values()))
        if whole[0] != whole[1]:
            return False
    return any(_erased(one[key], others) != _erased(other[key], others) for key in one)


def _erased(body: Plain, erasers: list[Callable[[list[Plain]], list[Plain]]]) -> Plain:
    """The structure with the erasers put to each part, innermost first."""
    if not isinstance(body, list) or not body:
        return body
    if isinstance(body[0], list):  # multipart: its parts, then the subtype
        parts = 0
        while parts < len(body) and isinstance(body[parts], list):
            parts += 1
        return [*(_erased(part, erasers) for part in body[:parts]), *_put(["multipart", *body[parts:]], erasers)[1:]]
    if len(body) > 8 and _word(body[0]) == "MESSAGE" and _word(body[1]) == "RFC822":
        body = [*body[:8], _erased(body[8], erasers), *body[9:]]
    return _put(body, erasers)


def _put(body: list[Plain], erasers: list[Callable[[list[Plain]], list[Plain]]]) -> list[Plain]:
    for eraser in erasers:
        body = eraser(body)
    return body


def _word(value: Plain) -> str:
    return value.removeprefix('"').upper() if isinstance(value, str) else ""


def _is_multipart(body: list[Plain]) -> bool:
    return body[:1] == ["multipart"]


def _without_extension(body: list[Plain]) -> list[Plain]:
    """Without extension data (RFC 3501 §7.4.2)."""
    if _is_multipart(body):
        return body[:2]
    lines = {"TEXT": 1, "MESSAGE": 3 if _word(body[1] if len(body) > 1 else None) == "RFC822" else 0}
    return body[: _BASIC + lines.get(_word(body[0]), 0)]


def _without_charset(body: list[Plain]) -> list[Plain]:
    """Without CHARSET=US-ASCII, the default of TEXT/PLAIN (RFC 2045 §5.2)."""
    if _is_multipart(body) or len(body) < 3 or _word(body[0]) != "TEXT" or not isinstance(body[2], list):
        return body
    pairs = [(body[2][at], body[2][at + 1]) for at in range(0, len(body[2]) - 1, 2)]
    kept = [each for pair in pairs if (_word(pair[0]), _word(pair[1])) != ("CHARSET", "US-ASCII") for each in pair]
    return [*body[:2], kept or None, *body[3:]]


def _in_order(body: list[Plain]) -> list[Plain]:
    """With parameters sorted by name (RFC 2045 §5.1)."""
    return [_sorted(value) if isinstance(value, list) and _are_parameters(value) else value for value in body]


def _are_parameters(value: list[Plain]) -> bool:
    return len(value) % 2 == 0 and len(value) > 0 and all(isinstance(each, str) for each in value)


def _sorted(value: list[Plain]) -> list[Plain]:
    pairs = sorted(((_word(value[at]), value[at + 1]) for at in range(0, len(value), 2)), key=repr)
    return [each for pair in pairs for each in pair]


def _without_case(body: list[Plain]) -> list[Plain]:
    """With type, subtype and encoding in upper case (RFC 2045 §5.1, §6.1)."""
    if _is_multipart(body):
        return ["multipart", *map(_word, body[1:2]), *body[2:]]
    encoding = [_word(body[5])] if len(body) > 5 else []
    return [_word(body[0]), *map(_word, body[1:2]), *body[2:5], *encoding, *body[6:]]


def _with_one_identity(body: list[Plain]) -> list[Plain]:
    """With 7BIT for each of the three encodings by which octets stand as they are (RFC 2045 §6.2)."""
    if _is_multipart(body) or len(body) < 6 or body[5] not in ("7BIT", "8BIT", "BINARY"):
        return body
    return [*body[:5], "7BIT", *body[6:]]


_ERASERS: dict[str, Callable[[list[Plain]], list[Plain]]] = {
    "case": _without_case,
    "identity": _with_one_identity,
    "charset": _without_charset,
    "order": _in_order,
    "extension": _without_extension,
}
