"""Matching values of IMAP responses: words of a pattern against the argument tree, never against text. Pure.

What has no order in the RFC has none here: flags, items of FETCH and STATUS, attributes of LIST, numbers of SEARCH.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.dialogue.bindings import Bindings
from harness.dialogue.content import ContentKind, Difference, compare_body, compare_header, compare_message
from harness.dialogue.imap_dates import moment
from harness.dialogue.matchers import Failure, match_word
from harness.dialogue.model import (
    Any,
    Date,
    Label,
    Listed,
    Literal,
    Message,
    MessageBody,
    MessageHeader,
    Number,
    Octets,
    Quoted,
    Text,
    Variable,
    Word,
)
from harness.verdicts import Facet
from harness.wire.imap_values import Form, Items, Scalar, Section, Value, label

_SET = re.compile(rb"[0-9]{1,10}(?::[0-9]{1,10})?(?:,[0-9]{1,10}(?::[0-9]{1,10})?)*")
#: Numbers that a set may stand for and still be compared number by number.
_MOST_IN_SET = 100_000

_WRONG_TYPE = Failure(Facet.GRAMMAR, "wrong-type")
_WRONG = Failure(Facet.DATA, "wrong-word")


def match_values(words: Sequence[Word], values: Sequence[Value], bindings: Bindings) -> Bindings | Failure:
    """Match words against values, in order and all of both; `<any>` as the last word stands for whatever is left."""
    for index, word in enumerate(words):
        if isinstance(word, Any) and index == len(words) - 1:
            return bindings
        if index >= len(values):
            return Failure(Facet.DATA, "missing-word")
        result = match_value(word, values[index], bindings)
        if isinstance(result, Failure):
            return result
        bindings = result
    return Failure(Facet.DATA, "extra-word") if len(values) > len(words) else bindings


def match_value(word: Word, value: Value, bindings: Bindings) -> Bindings | Failure:
    """Match one word against one value."""
    match word, value:
        case Any(), _:
            return bindings
        case Listed(words), Items(items):
            return match_values(words, items, bindings)
        case Label(), Section():
            return bindings if label(value) == label_of(word) else _WRONG
        case Variable(name), _:
            return _match_name(name, value, bindings)
        case _, Scalar():
            return _match_scalar(word, value, bindings)
    return _WRONG_TYPE


def _match_scalar(word: Word, value: Scalar, bindings: Bindings) -> Bindings | Failure:
    """Match a word that stands for an atom or a string."""
    result: Bindings | Failure = _WRONG_TYPE
    match word:
        case Number() | Octets() if not value.is_string:
            result = match_word(word, value.data, bindings)
        case Literal(text):
            result = bindings if _same_word(text.encode(), value) else _WRONG
        case Quoted(data) | Text(data):
            result = _match_string(data, value, bindings)
        case Date(instant) if value.form is Form.QUOTED:
            result = _match_date(instant, value.data, bindings)
        case Message() | MessageHeader() | MessageBody():
            result = _match_content(word, value, bindings)
    return result


def _match_date(instant: bytes, given: bytes, bindings: Bindings) -> Bindings | Failure:
    """The zone is the server's choice: what counts is the moment (RFC 3501 §2.3.3)."""
    found = moment(given)
    if found is None:
        return Failure(Facet.GRAMMAR, "not-a-date")
    return bindings if not instant or found == moment(instant) else Failure(Facet.DATA, "another-moment")


def label_of(word: Word) -> str:
    """What names an item, in upper case, as `harness.wire.imap_values.label` says it of a response."""
    match word:
        case Literal(text):
            return text.upper()
        case Quoted(data) | Text(data):
            return data.decode("utf-8", "surrogateescape").upper()
        case Listed(words):
            return f"({' '.join(map(label_of, words))})"
        case Label(name, words, origin):
            return f"{name}[{' '.join(map(label_of, words))}]" + ("" if origin is None else f"<{origin}>")
    return ""


def _octets(value: Value) -> bytes:
    return value.data if isinstance(value, Scalar) else label(value).encode("utf-8", "surrogateescape")


def _match_name(name: str, value: Value, bindings: Bindings) -> Bindings | Failure:
    """Bind a name, or compare. A message's name stands for its UID: the first that it is given is remembered."""
    given, kind = _octets(value), "not-as-before"
    if name in bindings.messages:
        if not isinstance(value, Scalar) or value.number is None:
            return Failure(Facet.GRAMMAR, "not-a-number")
        given, kind = b"%d" % value.number, "wrong-uid"
    if name not in bindings.names:
        return bindings.bound(name, given)
    return bindings if bindings.names[name] == given else Failure(Facet.DATA, kind)


def _same_word(wanted: bytes, value: Scalar) -> bool:
    """A bare word: without case; digits and NIL are no strings; a set may be written in another way."""
    if wanted.isdigit() or wanted.upper() == b"NIL":
        return not value.is_string and wanted.upper() == value.data.upper()
    if wanted.upper() == value.data.upper():
        return True
    return not value.is_string and is_set(wanted) and is_set(value.data) and numbers(wanted) == numbers(value.data)


def is_set(data: bytes) -> bool:
    """Whether this is a set of numbers (RFC 3501 §9, sequence-set, without `*`) that is worth writing out."""
    if not _SET.fullmatch(data):
        return False
    return sum(abs(high - low) + 1 for low, high in _ranges(data)) <= _MOST_IN_SET


def numbers(data: bytes) -> list[int]:
    """The numbers of a set, ascending."""
    return sorted(number for low, high in _ranges(data) for number in range(min(low, high), max(low, high) + 1))


def _ranges(data: bytes) -> list[tuple[int, int]]:
    ends = [part.partition(b":") for part in data.split(b",")]
    return [(int(low), int(high or low)) for low, _, high in ends]


def _match_string(wanted: bytes, value: Scalar, bindings: Bindings) -> Bindings | Failure:
    if value.is_nil:
        return Failure(Facet.DATA, "nil")
    return bindings if value.data == wanted else Failure(Facet.DATA, "wrong-text")


def _match_content(
    word: Message | MessageHeader | MessageBody, value: Scalar, bindings: Bindings
) -> Bindings | Failure:
    if not value.is_string:
        return Failure(Facet.CONTENT, "nil" if value.is_nil else "wrong-type")
    message = bindings.messages[word.message]
    difference: Difference | None
    match word:
        case Message():
            difference = compare_message(message, value.data, exact=bindings.exact)
            if bindings.exact and difference is None and value.data != message:
                return Failure(Facet.CONTENT, f"content:{ContentKind.FINAL_CRLF_ADDED}")
        case MessageHeader():
            difference = compare_header(message, value.data, exact=bindings.exact)
        case MessageBody():
            difference = compare_body(message, value.data)
    if difference is not None:
        return Failure(Facet.CONTENT, f"content:{difference.kind}")
    if not isinstance(word, Message) or word.message in bindings.octets:
        agrees = not isinstance(word, Message) or bindings.agrees(word.message, len(value.data))
        return bindings if agrees else Failure(Facet.DATA, "wrong-octets")
    return bindings.sized(word.message, len(value.data))


# What has no order ---------------------------------------------------------------------------------------------------


def match_flags(
    words: Sequence[Word], values: Sequence[Value], bindings: Bindings, *, ignored: frozenset[str] = frozenset()
) -> Bindings | Failure:
    r"""Match flags or attributes as sets, without case. `ignored` ones (`\RECENT`) may be there unless named."""
    named = {word.text.upper() for word in words if isinstance(word, Literal)}
    given = {value.upper for value in values if isinstance(value, Scalar)}
    if not named <= given:
        return Failure(Facet.DATA, "missing-flag")
    if not any(isinstance(word, Any) for word in words) and given - named - ignored:
        return Failure(Facet.DATA, "extra-flag")
    return bindings


def match_pairs(
    words: Sequence[Word],
    pairs: dict[str, Value],
    bindings: Bindings,
    *,
    allowed: frozenset[str] = frozenset(),
) -> Bindings | Failure:
    """Match items by their labels. Items that are not named are extra, but for `allowed` ones and with `<any>`."""
    open_end = len(words) % 2 == 1 and isinstance(words[-1], Any)
    named = dict(zip(map(label_of, words[::2]), words[1::2], strict=False))
    for name, word in named.items():
        if name not in pairs:
            return Failure(Facet.DATA, f"missing-item:{name}")
        result = _match_item(name, word, pairs[name], bindings)
        if isinstance(result, Failure):
            return Failure(result.facet, f"{result.kind}:{name}")
        bindings = result
    extra = sorted(pairs.keys() - named.keys() - allowed)
    return bindings if open_end or not extra else Failure(Facet.DATA, f"extra-item:{extra[0]}")


_RECENT = frozenset({"\\RECENT"})


def _match_item(name: str, word: Word, value: Value, bindings: Bindings) -> Bindings | Failure:
    if name == "FLAGS" and isinstance(word, Listed) and isinstance(value, Items):
        return match_flags(word.words, value.items, bindings, ignored=_RECENT)
    return match_value(word, value, bindings)


def match_numbers(words: Sequence[Word], values: Sequence[Value], bindings: Bindings) -> Bindings | Failure:
    """Match numbers in any order, as in SEARCH; a list behind them (MODSEQ, RFC 7162 §3.1.5) may be there."""
    open_end = bool(words) and isinstance(words[-1], Any)
    left = [value for value in values if isinstance(value, Scalar)]
    later: list[Word] = []
    for word in words[: len(words) - open_end]:
        if isinstance(word, Variable) and word.name not in bindings.names:
            later.append(word)
            continue
        taken = _take(word, left, bindings)
        if taken is None:
            return Failure(Facet.DATA, "missing-number")
        bindings = taken
    for word in later:
        taken = _take(word, left, bindings)
        if taken is None:
            return Failure(Facet.DATA, "missing-number")
        bindings = taken
    return bindings if open_end or not left else Failure(Facet.DATA, "extra-number")


def _take(word: Word, left: list[Scalar], bindings: Bindings) -> Bindings | None:
    """Take the first value that the word matches."""
    for value in left:
        result = match_value(word, value, bindings)
        if isinstance(result, Bindings):
            left.remove(value)
            return result
    return None
