"""Matching single IMAP responses: status responses by condition and code, data by the rules of its name. Pure.

RFC 3501 §7. What untagged responses answer which step is in `imap_data`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.dialogue.bindings import Bindings
from harness.dialogue.imap_patterns import CONDITIONS, is_number_word
from harness.dialogue.imap_values import match_flags, match_numbers, match_pairs, match_value, match_values
from harness.dialogue.matchers import Failure, Match, Mismatch, Result, best_result, match_words, shown
from harness.dialogue.model import Any, Code, Eof, Expect, Listed, Literal, Oracle, Pattern, Word
from harness.dialogue.writer import pattern_text
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, ImapResponse, ResponseCode, TaggedResponse, UntaggedResponse
from harness.wire.imap_values import Items, Scalar, Value

#: Items that a FETCH response may hold though nobody asked (RFC 3501 §7.4.2, RFC 7162 §3.2).
UNASKED_ITEMS = frozenset({"FLAGS", "UID", "MODSEQ"})
#: Attributes that any LIST response may have (RFC 3501 §7.2.2, RFC 3348 §2, RFC 6154 §2).
UNASKED_ATTRIBUTES = frozenset(
    {"\\MARKED", "\\UNMARKED", "\\NOINFERIORS", "\\HASCHILDREN", "\\HASNOCHILDREN"}
    | {"\\ALL", "\\ARCHIVE", "\\DRAFTS", "\\FLAGGED", "\\IMPORTANT", "\\JUNK", "\\SENT", "\\TRASH"}
)
_UNORDERED_CODES = frozenset({"PERMANENTFLAGS", "BADCHARSET", "CAPABILITY"})

# Status responses ----------------------------------------------------------------------------------------------------


def match_reply(step: Expect, response: ImapResponse, bindings: Bindings) -> Result:
    """Match a tagged response, or a continuation request, against a step's alternatives."""
    return best_result(step, [_match_reply(pattern, response, bindings) for pattern in step.alternatives])


def _match_reply(pattern: Pattern, response: ImapResponse, bindings: Bindings) -> Result:
    expected, observed = pattern_text(pattern), shown_response(response)
    kind = f"status:{_class(response)}"
    match pattern.first, response:
        case Oracle(), TaggedResponse():
            return Match(bindings, expected, observed, kind, Facet.STATUS)
        case Eof(), _:
            return Mismatch(Facet.CONNECTION, expected, observed, "open")
        case Literal("+"), ContinuationRequest(_, text):
            words = pattern.words[1:]
            result = match_words(words, text.split(b" ") if text else [], bindings) if words else bindings
        case Any(), TaggedResponse(code=code):
            result = _match_code(pattern.words[1:], code, bindings)
        case Literal(wanted), TaggedResponse(condition=wanted_too, code=code) if wanted == wanted_too:
            result = _match_code(pattern.words[1:], code, bindings)
        case _:
            return Mismatch(Facet.STATUS, expected, observed, kind)
    if isinstance(result, Failure):
        return Mismatch(result.facet, expected, observed, result.kind)
    return Match(result, expected, observed, kind, Facet.STATUS if len(pattern.words) == 1 else Facet.CODE)


def _class(response: ImapResponse) -> str:
    match response:
        case TaggedResponse(condition=condition):
            return condition if condition in CONDITIONS else "other"
        case ContinuationRequest():
            return "+"
        case UntaggedResponse():
            return "untagged"


def _match_code(words: Sequence[Word], code: ResponseCode | None, bindings: Bindings) -> Bindings | Failure:
    """The response code, where the pattern has one; a name alone matches whatever its arguments are."""
    if not words or not isinstance(words[0], Code):
        return bindings
    name, *arguments = words[0].words
    if code is None:
        return Failure(Facet.CODE, "no-code")
    if not isinstance(name, Literal) or name.text.upper() != code.name:
        return Failure(Facet.CODE, "wrong-code")
    if not arguments:
        return bindings
    given = code.arguments
    if code.name in _UNORDERED_CODES:
        arguments, given = _opened(arguments, given)
        result = match_flags(arguments, given, bindings)
    else:
        result = match_values(arguments, given, bindings)
    return Failure(Facet.CODE, result.kind) if isinstance(result, Failure) else result


def _opened(words: Sequence[Word], values: Sequence[Value]) -> tuple[list[Word], tuple[Value, ...]]:
    """The words and values inside a list, where each is one."""
    inner = words[0].words if len(words) == 1 and isinstance(words[0], Listed) else words
    given = values[0].items if len(values) == 1 and isinstance(values[0], Items) else values
    return list(inner), tuple(given)


def shown_response(response: ImapResponse) -> str:
    """A response as one printable line, without its tag."""
    raw = response.raw.removesuffix(b"\n").removesuffix(b"\r")
    if isinstance(response, TaggedResponse) and response.tag:
        raw = raw.partition(b" ")[2]
    return shown(raw)


# One response --------------------------------------------------------------------------------------------------------


def head_of(pattern: Pattern) -> tuple[Word | None, str, tuple[Word, ...]]:
    """The number before the name, if any; the name in upper case; and the words behind it."""
    words = pattern.words[1:]
    number = None
    if is_number_word(words[0]):
        number, words = words[0], words[1:]
    name = words[0].text.upper() if words and isinstance(words[0], Literal) else ""
    return number, name, words[1:]


def match_untagged(pattern: Pattern, response: UntaggedResponse, bindings: Bindings) -> Bindings | Failure:
    """Match one untagged response of the pattern's name."""
    number, name, words = head_of(pattern)
    if number is not None:
        result = match_value(number, Scalar(b"%d" % (response.number or 0)), bindings)
        if isinstance(result, Failure):
            return Failure(result.facet, "wrong-number")
        bindings = result
    if response.condition:
        return _match_code(words, response.code, bindings)
    matcher = _MATCHERS.get(name)
    if matcher is None:
        return match_values(words, response.arguments, bindings)
    return matcher(words, response, bindings)


_Matcher = Callable[[Sequence[Word], UntaggedResponse, Bindings], Bindings | Failure]


def _match_fetch(words: Sequence[Word], response: UntaggedResponse, bindings: Bindings) -> Bindings | Failure:
    if words == (Any(),):
        return bindings
    if len(words) != 1 or not isinstance(words[0], Listed):
        return match_values(words, response.arguments, bindings)
    return match_pairs(words[0].words, dict(response.items()), bindings, allowed=UNASKED_ITEMS)


def _match_status(words: Sequence[Word], response: UntaggedResponse, bindings: Bindings) -> Bindings | Failure:
    if len(words) != 2 or not isinstance(words[1], Listed) or len(response.arguments) != 2:
        return match_values(words, response.arguments, bindings)
    result = match_value(words[0], response.arguments[0], bindings)
    if isinstance(result, Failure):
        return result
    return match_pairs(words[1].words, dict(response.items()), result)


def _match_flag_list(words: Sequence[Word], response: UntaggedResponse, bindings: Bindings) -> Bindings | Failure:
    inner, given = _opened(words, response.arguments)
    return match_flags(inner, given, bindings)


def _match_list(words: Sequence[Word], response: UntaggedResponse, bindings: Bindings) -> Bindings | Failure:
    given = response.arguments
    if words and given and isinstance(words[0], Listed) and isinstance(given[0], Items):
        result = match_flags(words[0].words, given[0].items, bindings, ignored=UNASKED_ATTRIBUTES)
        if isinstance(result, Failure):
            return result
        words, given = words[1:], given[1:]
    return match_values(words, given, bindings)


def _match_search(words: Sequence[Word], response: UntaggedResponse, bindings: Bindings) -> Bindings | Failure:
    return match_numbers(words, response.arguments, bindings)


def _match_esearch(words: Sequence[Word], response: UntaggedResponse, bindings: Bindings) -> Bindings | Failure:
    """ESEARCH (RFC 4731 §3.1): the correlator, UID, and pairs in any order."""
    given = list(response.arguments)
    if given and isinstance(given[0], Items):
        correlator = given.pop(0)
        if words and isinstance(words[0], Listed):
            result = match_value(words[0], correlator, bindings)
            if isinstance(result, Failure):
                return result
            bindings, words = result, words[1:]
    uid = Scalar(b"UID")
    if bool(words and words[0] == Literal("UID")) is not bool(given and given[0] == uid):
        return Failure(Facet.DATA, "wrong-word")
    if given and given[0] == uid:
        words, given = words[1:], given[1:]
    pairs = {
        each.upper: value for each, value in zip(given[::2], given[1::2], strict=False) if isinstance(each, Scalar)
    }
    return match_pairs(words, pairs, bindings)


_MATCHERS: Mapping[str, _Matcher] = {
    "FETCH": _match_fetch,
    "STATUS": _match_status,
    "FLAGS": _match_flag_list,
    "CAPABILITY": _match_flag_list,
    "ENABLED": _match_flag_list,
    "LIST": _match_list,
    "LSUB": _match_list,
    "SEARCH": _match_search,
    "ESEARCH": _match_esearch,
}
