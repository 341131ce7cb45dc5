"""Matching IMAP responses: tagged ones by status and code, untagged data in any order that the RFC leaves open. Pure.

Untagged data comes before the tagged response in any order, but EXPUNGE in its own, FETCH on its side of it, and EXISTS
before the FETCH of its number (RFC 3501 §7.3.1, §7.4.1). Each step takes the first response that it matches and no
step before it took; items of one message that came in several FETCH responses are put together where they must be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.dialogue.bindings import Bindings
from harness.dialogue.imap_patterns import CONDITIONS, is_number_word
from harness.dialogue.imap_values import match_flags, match_numbers, match_pairs, match_value, match_values
from harness.dialogue.matchers import Failure, Match, Mismatch, Result, best_result, expected_text, match_words, shown
from harness.dialogue.model import Any, BodyEnd, Code, Eof, Expect, Listed, Literal, Oracle, Pattern, Word
from harness.dialogue.writer import pattern_text
from harness.verdicts import Facet
from harness.wire.imap import ContinuationRequest, ImapResponse, ResponseCode, TaggedResponse, UntaggedResponse
from harness.wire.imap_values import Items, Scalar, Value

#: Items that a FETCH response may hold though nobody asked (RFC 3501 §7.4.2, RFC 7162 §3.2).
UNASKED_ITEMS = frozenset({"FLAGS", "UID", "MODSEQ"})
#: Untagged data that may come at any time (RFC 3501 §5.2, §7, §7.2.1).
UNASKED_DATA = frozenset({"FLAGS", "EXISTS", "RECENT", "CAPABILITY", "OK", "NO", "BAD"})
#: Attributes that any LIST response may have (RFC 3501 §7.2.2, RFC 3348 §2, RFC 6154 §2).
UNASKED_ATTRIBUTES = frozenset(
    {"\\MARKED", "\\UNMARKED", "\\NOINFERIORS", "\\HASCHILDREN", "\\HASNOCHILDREN"}
    | {"\\ALL", "\\ARCHIVE", "\\DRAFTS", "\\FLAGGED", "\\IMPORTANT", "\\JUNK", "\\SENT", "\\TRASH"}
)
_VIEW = frozenset({"EXISTS", "RECENT", "EXPUNGE", "VANISHED"})
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


# Untagged data -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DataResult:
    """One result for each data step, in order (None: an optional one that nothing matched), and what no step took.

    `events`: for each step the index of the transcript's event that it took, if any.
    """

    results: tuple[Result | None, ...]
    events: tuple[int | None, ...]
    bindings: Bindings
    left: tuple[UntaggedResponse, ...]

    @property
    def complete(self) -> bool:
        """Whether every step that must come has come."""
        return not any(isinstance(result, Mismatch) for result in self.results)


def match_data(steps: Sequence[Expect], responses: Sequence[UntaggedResponse], bindings: Bindings) -> DataResult:
    """Match data steps against the untagged responses that came where they are awaited."""
    matching = _Matching(list(responses), bindings)
    results: list[Result | None] = []
    events: list[int | None] = []
    for step in steps:
        if is_end(step):
            left = unlicensed(matching.left())
            results.append(_end_result(step, left, matching.bindings))
            events.append(left[0].event if left else None)
            continue
        result, event = matching.take(step)
        results.append(result)
        events.append(event)
    return DataResult(tuple(results), tuple(events), matching.bindings, tuple(matching.left()))


def is_end(step: Expect) -> bool:
    """Whether the step is `S: * .`: no further data comes, but what may always come."""
    return isinstance(step.alternatives[0].words[-1], BodyEnd)


def unlicensed(left: Sequence[UntaggedResponse]) -> list[UntaggedResponse]:
    """Of responses that no step took, those that may not come unasked."""
    return [response for response in left if not _may_always_come(response)]


def _may_always_come(response: UntaggedResponse) -> bool:
    if response.name == "FETCH":
        return {name for name, _ in response.items()} <= UNASKED_ITEMS
    return response.name in UNASKED_DATA


def extra_data(step: Expect, left: Sequence[UntaggedResponse]) -> Mismatch:
    """The mismatch that unlicensed data is, charged to a step."""
    observed = f"{len(left)} responses that no step names, first: {shown_response(left[0])}"
    facet = Facet.VIEW if left[0].name in _VIEW else Facet.DATA
    name = left[0].name if left[0].name.isalpha() else "other"
    return Mismatch(facet, expected_text(step), observed, f"extra:{name}")


def _end_result(step: Expect, left: Sequence[UntaggedResponse], bindings: Bindings) -> Result:
    if left:
        return extra_data(step, left)
    return Match(bindings, expected_text(step), "no further data", "end")


def shown_response(response: ImapResponse) -> str:
    """A response as one printable line, without its tag."""
    raw = response.raw.removesuffix(b"\n").removesuffix(b"\r")
    if isinstance(response, TaggedResponse) and response.tag:
        raw = raw.partition(b" ")[2]
    return shown(raw)


@dataclass(slots=True)
class _Matching:
    """Which responses are taken already. EXPUNGE and what depends on it are held to their order."""

    responses: list[UntaggedResponse]
    bindings: Bindings
    taken: set[int] = field(default_factory=set)
    expunged: int = -1  # index of the last EXPUNGE that a step took
    renumbered: int = -1  # index of the last EXPUNGE or FETCH that a step took: the bound of the next EXPUNGE
    exists: dict[int, int] = field(default_factory=dict)  # number -> index of the EXISTS that a step took

    def left(self) -> list[UntaggedResponse]:
        """What no step has taken."""
        return [response for index, response in enumerate(self.responses) if index not in self.taken]

    def take(self, step: Expect) -> tuple[Result | None, int | None]:
        """Let a step take what it matches."""
        failures: list[tuple[int, Failure]] = []
        for pattern in step.alternatives:
            for index, indices, response in self._candidates(pattern):
                result = match_untagged(pattern, response, self.bindings)
                if isinstance(result, Failure):
                    failures.append((index, result))
                    continue
                self.bindings = result
                self._note(index, indices, response)
                observed = shown_response(response)
                return Match(result, expected_text(step), observed, response.name, _facet(response)), response.event
        return (None, None) if step.optional else self._missing(step, failures)

    def _candidates(self, pattern: Pattern) -> Iterator[tuple[int, tuple[int, ...], UntaggedResponse]]:
        """Responses of the pattern's name that are still there, in order; at last those of one message together."""
        number, name, _ = head_of(pattern)
        indices = [
            index
            for index, response in enumerate(self.responses)
            if index not in self.taken and response.name == name and (response.number is None) is (number is None)
        ]
        for index in indices:
            if self._in_order(index, self.responses[index]):
                yield index, (index,), self.responses[index]
        if name == "FETCH":
            yield from self._merged(indices)

    def _in_order(self, index: int, response: UntaggedResponse) -> bool:
        match response.name:
            case "EXPUNGE" | "VANISHED":
                return index > self.renumbered
            case "FETCH":
                return index > self.expunged and index > self.exists.get(response.number or 0, -1)
        return True

    def _merged(self, indices: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...], UntaggedResponse]]:
        """FETCH responses of one number, with no EXPUNGE between, as one."""
        groups: dict[tuple[int, int | None], list[int]] = {}
        for index in indices:
            before = sum(1 for each in self.responses[:index] if each.name in ("EXPUNGE", "VANISHED"))
            if self._in_order(index, self.responses[index]):
                groups.setdefault((before, self.responses[index].number), []).append(index)
        for group in groups.values():
            if len(group) > 1:
                yield group[0], tuple(group), merge([self.responses[index] for index in group])

    def _note(self, index: int, indices: tuple[int, ...], response: UntaggedResponse) -> None:
        self.taken |= set(indices)
        if response.name in ("EXPUNGE", "VANISHED"):
            self.expunged = self.renumbered = index
        elif response.name == "FETCH":
            self.renumbered = max(self.renumbered, indices[0])
        elif response.name == "EXISTS" and response.number is not None:
            self.exists[response.number] = index

    def _missing(self, step: Expect, failures: Sequence[tuple[int, Failure]]) -> tuple[Result, int | None]:
        """The step has nothing to take: what came nearest says why."""
        number, name, _ = head_of(step.alternatives[0])
        wanted = {number.text for number in (number,) if isinstance(number, Literal)}
        for same_number in (True, False):
            for index, failure in failures:
                response = self.responses[index]
                if not same_number or {str(response.number)} == wanted:
                    facet = _facet(response) if failure.facet is Facet.DATA else failure.facet
                    mismatch = Mismatch(facet, expected_text(step), shown_response(response), failure.kind)
                    return mismatch, response.event
        facet = Facet.VIEW if name in _VIEW else Facet.DATA
        left = "; ".join(shown_response(response) for response in self.left()[:5])
        return Mismatch(facet, expected_text(step), left or "no such response", f"missing:{name}"), None


def _facet(response: UntaggedResponse) -> Facet:
    return Facet.VIEW if response.name in _VIEW else Facet.DATA


def merge(responses: Sequence[UntaggedResponse]) -> UntaggedResponse:
    """FETCH responses about one message as one; of an item that came twice the later value counts."""
    items: list[Value] = []
    pairs: dict[str, tuple[Value, Value]] = {}
    for response in responses:
        given = response.arguments[-1] if response.arguments else None
        values = given.items if isinstance(given, Items) else ()
        for (name, _), key, value in zip(response.items(), values[::2], values[1::2], strict=False):
            pairs[name] = (key, value)
    for key, value in pairs.values():
        items += [key, value]
    first = responses[0]
    raw = b" ".join(response.raw.strip() for response in responses) + b"\r\n"
    return UntaggedResponse(first.name, first.number, (Items(tuple(items)),), None, b"", "", raw, first.event)


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
