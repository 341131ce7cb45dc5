"""Malformed and heavy messages, and parts that do not exist: any answer is right that is one, in the grammar.

RFC 3501 §7.4.2, §9; what no RFC says of malformed messages is in the requirements of `POSTEL-imap_mime`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.cases import Isolation, Script, case
from harness.dialogue.content import compare_header
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap_values import Items, Scalar, Value
from suites.corpus.mime import BROKEN
from suites.imap.exchange import ask, expect_that, items_of, need, settle
from suites.imap.structures import told

STRUCTURE, HEADER, FRAMED = "POSTEL-imap_mime-d", "POSTEL-imap_mime-e", "POSTEL-imap_mime-f"
DEEP, WIDE, LONG, MISSING, OWN = (f"POSTEL-imap_mime-{each}" for each in "abcgh")
#: Kinds that are about the header and not about the structure.
HEADS = frozenset({"broken-from", "broken-group", "broken-field"})
LOADS = frozenset({"broken-header-line-100k", "broken-thousand-fields"})

_WORD = re.compile(rb"[A-Za-z0-9]+")
#: Words that a server may put where a message says nothing (RFC 2045 §5.2, §6.1; RFC 2046 §4.1.2, §5.1).
_DEFAULTS = frozenset(
    b"TEXT PLAIN CHARSET US ASCII APPLICATION OCTET STREAM MULTIPART MIXED MESSAGE RFC822 7BIT 8BIT BINARY UNKNOWN X "
    b"ATTACHMENT INLINE NAME FILENAME".split()
)


def structure_fault(value: Value | None) -> str:
    """What is wrong with the form of a BODY or BODYSTRUCTURE, or ""."""
    pending: list[Value | None] = [value]
    while pending:
        each = pending.pop()
        if not isinstance(each, Items) or not each.items:
            return f"{told(each)} in place of a body"
        inner = [one for one in each.items if isinstance(one, Items)]
        if isinstance(each.items[0], Items):
            count = next((at for at, one in enumerate(each.items) if not isinstance(one, Items)), len(each.items))
            pending += inner[:count]
            if count == len(each.items) or not _is_string(each.items[count]):
                return "a multipart without a subtype"
            continue
        fault = _basic_fault(each.items)
        if fault:
            return fault
        if _is_message(each.items):
            pending.append(each.items[8])
    return ""


def _basic_fault(items: tuple[Value, ...]) -> str:
    if len(items) < 7:
        return f"a body of {len(items)} fields"
    if not all(_is_string(items[index]) for index in (0, 1, 5)):
        return f"type, subtype or encoding is no string: {told(items[0])} {told(items[1])} {told(items[5])}"
    if not isinstance(items[6], Scalar) or items[6].number is None:
        return f"{told(items[6])} octets"
    if _is_message(items) and len(items) < 10:
        return "MESSAGE RFC822 without envelope, body and lines"
    return ""


def _is_string(value: Value) -> bool:
    return isinstance(value, Scalar) and value.is_string


def _is_message(items: tuple[Value, ...]) -> bool:
    names = [each.upper if isinstance(each, Scalar) else "" for each in items[:2]]
    return names == ["MESSAGE", "RFC822"]


def envelope_fault(value: Value | None) -> str:
    """What is wrong with the form of an ENVELOPE, or ""."""
    if not isinstance(value, Items) or len(value.items) != 10:
        return f"{told(value)} in place of ten members"
    for index, each in enumerate(value.items):
        if index in (0, 1, 8, 9):
            if not isinstance(each, Scalar) or not (each.is_string or each.is_nil):
                return f"{told(each)} in place of a string or NIL"
        elif isinstance(each, Items):
            if not each.items or any(not isinstance(one, Items) or len(one.items) != 4 for one in each.items):
                return f"{told(each)} in place of addresses"
        elif not each.is_nil if isinstance(each, Scalar) else True:
            return f"{told(each)} in place of addresses or NIL"
    return ""


def _strings(value: Value | None) -> Iterator[bytes]:
    pending: list[Value | None] = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, Items):
            pending += each.items
        elif isinstance(each, Scalar) and each.is_string:
            yield each.data


async def _broken(stage: Stage, kind: str, requirement: str) -> None:
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "FETCH 1 (ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[])", ids=(requirement,))
    settle(stage.expect_tagged(reply, "OK", requirement))
    items = items_of(reply, 1)
    faults = [envelope_fault(items.get("ENVELOPE"))]
    faults += [structure_fault(items.get(label)) for label in ("BODY", "BODYSTRUCTURE")]
    fault = next((each for each in faults if each), "")
    expect_that(stage, not fault, "envelope and structure in the grammar", fault or "so they are", requirement)
    whole = items.get("BODY[]")
    known = {each.upper() for each in _WORD.findall(whole.data if isinstance(whole, Scalar) else b"")} | _DEFAULTS
    words = {each.upper() for text in _strings(items.get("BODYSTRUCTURE")) for each in _WORD.findall(text)}
    strange = sorted(words - known)
    observed = shown(b" ".join(strange)) if strange else "only those"
    expect_that(stage, not strange, "words of the message, or defaults, in its structure", observed, OWN)
    await need(stage, session, "NOOP")


async def _bounded(stage: Stage, requirement: str) -> None:
    session = await stage.imap(select="INBOX")
    for item in ("BODYSTRUCTURE", "BODY"):
        reply = await ask(stage, session, f"FETCH 2 {item}", ids=(requirement,))
        settle(stage.expect_tagged(reply, "OK|NO", requirement))
        if reply.ok:
            deep = any(each.fault == "nested-too-deep" for each in reply.named("FETCH"))  # as it may be
            fault = "" if deep else structure_fault(items_of(reply, 2).get(item))
            expect_that(stage, not fault, f"{item} in the grammar", fault or "so it is", requirement)
    reply = await ask(stage, session, "FETCH 1 (RFC822.SIZE)", ids=(requirement,))
    stage.expect_tagged(reply, "OK", requirement)


async def _header(stage: Stage) -> None:
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "FETCH 1 BODY.PEEK[HEADER]", ids=(LONG,))
    settle(stage.expect_tagged(reply, "OK", LONG))
    value = items_of(reply, 1).get("BODY[HEADER]")
    data = value.data if isinstance(value, Scalar) else b""
    difference = compare_header(stage.messages[0].data, data, exact=stage.facts.exact)
    observed = "it is" if difference is None else difference.text
    expect_that(stage, difference is None, "the whole header", observed, LONG, facet=Facet.CONTENT)


def _declare(
    case_id: str, title: str, script: Script, *ids: str, messages: tuple[str, ...], load: bool = False
) -> None:
    script.__doc__ = title
    isolation = Isolation.TARGET if load else Isolation.ACCOUNT  # a load slows whatever is played beside it
    case(case_id, *ids, messages=messages, isolation=isolation)(script)


def _declare_broken(kind: str, about: str) -> None:
    requirement = HEADER if kind in HEADS else STRUCTURE

    async def script(stage: Stage) -> None:
        await _broken(stage, kind, requirement)

    title = f"Envelope and structure of a message with {about} are in the grammar"
    _declare(f"imap/rfc3501-7.4.2/structure-of-{kind}", title, script, requirement, OWN, messages=(kind,))


def _declare_loads() -> None:
    for kind, requirement, about in (
        ("mime-thousand-levels", DEEP, "a thousand levels"),
        ("mime-ten-thousand-parts", WIDE, "ten thousand parts"),
    ):
        # The loop's values are the defaults of the parameters, since a closure would see the last ones.
        async def script(stage: Stage, requirement: str = requirement) -> None:
            await _bounded(stage, requirement)

        case_id, title = f"imap/rfc3501-7.4.2/structure-of-{kind}", f"The structure of a multipart of {about}"
        _declare(case_id, title, script, requirement, messages=("plain", kind), load=True)
    for kind in sorted(LOADS):

        async def header(stage: Stage) -> None:
            await _header(stage)

        title = f"The header of a message with {BROKEN[kind].about} comes whole"
        _declare(f"imap/rfc3501-6.4.5/header-of-{kind}", title, header, LONG, messages=(kind,))


#: Parts that a message has not: slug, kind, section.
ABSENT = (
    ("third-of-two", "mime-mixed", "3"),
    ("ninety-ninth", "mime-mixed", "99"),
    ("below-a-text", "mime-mixed", "1.1"),
    ("below-the-only-part", "mime-text", "1.1"),
    ("second-of-one", "mime-text", "2"),
    ("far-below", "mime-mixed", "1.2.3.4.5.6.7.8.9"),
    ("mime-of-a-missing-part", "mime-mixed", "9.MIME"),
    ("header-of-a-text", "mime-mixed", "1.HEADER"),
    ("text-of-a-text", "mime-mixed", "1.TEXT"),
    ("fields-of-a-text", "mime-mixed", "1.HEADER.FIELDS (Subject)"),
    ("header-of-a-missing-part", "mime-mixed", "9.HEADER"),
    ("part-of-a-plain-message", "plain", "2.1"),
    ("largest-number", "mime-mixed", "4294967295"),
)


async def _absent(stage: Stage, section: str) -> None:
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, f"FETCH 1 BODY.PEEK[{section}]", ids=(MISSING,))
    settle(stage.expect_tagged(reply, "OK|NO|BAD", MISSING))
    value = next(iter([value for label, value in items_of(reply, 1).items() if label.startswith("BODY[")]), None)
    answer = reply.condition
    if reply.ok:
        nil = isinstance(value, Scalar) and value.is_nil
        empty = isinstance(value, Scalar) and not value.data
        answer = "no data" if value is None else "NIL" if nil else "an empty string" if empty else "a text"
    stage.note(f"class of a missing part: {answer}")
    expect_that(stage, answer != "BAD", "NIL, an empty string, no data or NO", answer, MISSING)
    stage.expect_tagged(await ask(stage, session, "NOOP", ids=(MISSING,)), "OK", MISSING)


def _declare_absent(slug: str, kind: str, section: str) -> None:
    async def script(stage: Stage) -> None:
        await _absent(stage, section)

    title = f"BODY[{section}] of a message that has no such part is answered"
    _declare(f"imap/rfc3501-6.4.5/absent-{slug}", title, script, MISSING, messages=(kind,))


for _kind, _each in BROKEN.items():
    if _kind not in LOADS:
        _declare_broken(_kind, _each.about)
_declare_loads()
for _row in ABSENT:
    _declare_absent(*_row)
