"""Matching untagged IMAP data: which response answers which step. Pure.

Untagged data comes before the tagged response in any order, but FETCH on its side of EXPUNGE, and EXISTS before the
FETCH of its number (RFC 3501 §7.3.1, §7.4.1). Each step takes the first response that it matches and no step before it
took; items of one message that came in several FETCH responses are put together where they must be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.dialogue.bindings import Bindings
from harness.dialogue.imap import UNASKED_ITEMS, head_of, match_untagged, shown_response
from harness.dialogue.matchers import Failure, Match, Mismatch, Result, expected_text
from harness.dialogue.model import BodyEnd, Expect, Literal, Pattern
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse, first_numbers
from harness.wire.imap_values import Items, Value

#: Untagged data that may come at any time (RFC 3501 §5.2, §7, §7.2.1).
UNASKED_DATA = frozenset({"FLAGS", "EXISTS", "RECENT", "CAPABILITY", "OK", "NO", "BAD"})
_VIEW = frozenset({"EXISTS", "RECENT", "EXPUNGE", "VANISHED"})


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
    matching = _Matching(list(responses), bindings, removed_by(steps))
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


def removed_by(steps: Sequence[Expect]) -> list[int]:
    """The messages that EXPUNGE steps mean, by the numbers that they had before all of them.

    Which message goes first is the server's choice, and so are the numbers (RFC 3501 §7.4.1). Nothing where a step
    leaves its number open, is optional, or has alternatives: these are matched one by one.
    """
    numbers: list[int] = []
    for step in steps:
        if is_end(step) or head_of(step.alternatives[0])[1] != "EXPUNGE":
            continue
        number = head_of(step.alternatives[0])[0]
        if step.optional or len(step.alternatives) > 1 or not isinstance(number, Literal):
            return []
        numbers.append(int(number.text))
    return first_numbers(numbers)


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


@dataclass(slots=True)
class _Matching:
    """Which responses are taken already. EXPUNGE and what depends on it are held to their order."""

    responses: list[UntaggedResponse]
    bindings: Bindings
    removed: list[int] = field(default_factory=list)  # what the EXPUNGE steps still to come remove, by first number
    taken: set[int] = field(default_factory=set)
    expunged: int = -1  # index of the last EXPUNGE that a step took
    fetched: int = -1  # index of the last FETCH that a step took
    exists: dict[int, int] = field(default_factory=dict)  # number -> index of the EXISTS that a step took

    def left(self) -> list[UntaggedResponse]:
        """What no step has taken."""
        return [response for index, response in enumerate(self.responses) if index not in self.taken]

    def take(self, step: Expect) -> tuple[Result | None, int | None]:
        """Let a step take what it matches."""
        if self.removed and head_of(step.alternatives[0])[1] == "EXPUNGE":
            return self._take_expunge(step, self.removed.pop(0))
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

    def _take_expunge(self, step: Expect, first_number: int) -> tuple[Result, int | None]:
        """Let a step take the EXPUNGE of the message that it means, in whatever order the server removes them."""
        found = [index for index, each in enumerate(self.responses) if each.name == "EXPUNGE"]
        numbers = first_numbers([self.responses[index].number or 0 for index in found])
        for index, number in zip(found, numbers, strict=True):
            if number == first_number and index not in self.taken and self._in_order(index, self.responses[index]):
                response = self.responses[index]
                self._note(index, (index,), response)
                observed = shown_response(response)
                return Match(self.bindings, expected_text(step), observed, "EXPUNGE", Facet.VIEW), response.event
        failures = [(index, Failure(Facet.VIEW, "wrong-number")) for index in found if index not in self.taken]
        return self._missing(step, failures)

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
                return index > self.fetched
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
            self.expunged = max(self.expunged, index)
        elif response.name == "FETCH":
            self.fetched = max(self.fetched, indices[0])
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
