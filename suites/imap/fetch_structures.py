"""ENVELOPE, BODYSTRUCTURE, BODY and every numbered section of each kind of the MIME corpus (RFC 3501 §6.4.5, §7.4.2).

What must come is said by the message itself (suites/corpus/mime*.py), and not by another server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from harness.cases import case
from harness.clients.imap import ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.imap import UntaggedResponse
from harness.wire.imap_values import Scalar, Value
from suites.corpus.mime import MAILS, mail
from suites.corpus.mime_envelopes import ENVELOPES
from suites.corpus.mime_structures import STRUCTURES
from suites.corpus.mime_tree import Enclosed, Mail, Multipart, Part, header_of, numbered
from suites.imap.exchange import expect_that
from suites.imap.structures import (
    BODY_IDS,
    ENVELOPE_IDS,
    Difference,
    body_differences,
    envelope_differences,
    same,
    told,
    without_extension_data,
)

ENVELOPE = "RFC3501-6.4.5-ag"
STRUCTURE = "RFC3501-6.4.5-af"
#: BODY is as BODYSTRUCTURE, but for the extension data.
ALIKE, SHORT = "RFC3501-7.4.2-y", "RFC3501-6.4.5-i"
#: Requirements of a section, by what it is.
CONTENT, NESTED, INSIDE, SINGLE = (f"RFC3501-6.4.5-{each}" for each in "lmnk")
MIME_HEADER = "RFC3501-6.4.5-v"
MESSAGE_TEXTS = "RFC3501-6.4.5-o"
#: Sections that one command asks for.
AT_ONCE = 40

Script = Callable[[Stage], Awaitable[None]]


async def fetched(stage: Stage, session: ImapSession, items: str, *requirements: str) -> dict[str, Value]:
    """What FETCH gives of message 1, by label. The case ends where the command is not completed with OK."""
    reply = await session.command(f"FETCH 1 {items}")
    if not stage.expect_tagged(reply, "OK", *requirements):
        return {}
    mine: list[UntaggedResponse] = [each for each in reply.named("FETCH") if each.number == 1]
    return {name: value for each in mine for name, value in each.items()}


def judge(stage: Stage, requirement: str, differences: Iterable[Difference], expected: str, seen: str) -> None:
    """Take down each difference under its requirement; where there is none, that the whole is right."""
    found = list(differences)
    for each in found:
        stage.expect(
            each.requirement,
            holds=False,
            facet=Facet.DATA,
            expected=each.expected,
            observed=each.observed,
            kind=f"differs:{each.requirement}",
        )
    if not found:
        stage.expect(requirement, holds=True, facet=Facet.DATA, expected=expected, observed=seen, kind="same")


async def _envelope(stage: Stage, kind: str) -> None:
    session = await stage.imap(select="INBOX")
    items = await fetched(stage, session, "ENVELOPE", ENVELOPE)
    value = items.get("ENVELOPE")
    judge(stage, ENVELOPE, envelope_differences(value, mail(kind).envelope), "what the header says", told(value))


async def _structure(stage: Stage, kind: str) -> None:
    session = await stage.imap(select="INBOX")
    value = (await fetched(stage, session, "BODYSTRUCTURE", STRUCTURE)).get("BODYSTRUCTURE")
    differences = body_differences(value, mail(kind).body, extended=True)
    judge(stage, STRUCTURE, differences, "what the MIME headers say", told(value))


async def _body(stage: Stage, kind: str) -> None:
    session = await stage.imap(select="INBOX")
    value = (await fetched(stage, session, "BODY", SHORT)).get("BODY")
    differences = body_differences(value, mail(kind).body, extended=False)
    judge(stage, SHORT, differences, "what the MIME headers say", told(value))
    structure = (await fetched(stage, session, "BODYSTRUCTURE", ALIKE)).get("BODYSTRUCTURE")
    if value is not None and structure is not None:
        wanted = without_extension_data(structure)
        expect_that(stage, same(value, wanted), told(wanted), told(value), ALIKE)


def _sections(message: Mail) -> Iterator[tuple[str, str, bytes]]:
    """Every section with a number: its name, the requirement, and its octets.

    What MIME gives of the one part of a message that is no multipart is not stated, since its header is the message's.
    """
    parts = list(numbered(message))
    only = {f"{number}.1" for number, part in parts if _holds_one(part)}
    only |= set() if isinstance(message.body, Multipart) else {"1"}
    for number, part in parts:
        requirement = SINGLE if number == "1" and number in only else _content_requirement(number, parts)
        yield number, requirement, part.content
        if number not in only:
            yield f"{number}.MIME", MIME_HEADER, header_of(part)
        if isinstance(part, Enclosed):
            yield f"{number}.HEADER", MESSAGE_TEXTS, part.mail.header
            yield f"{number}.TEXT", MESSAGE_TEXTS, part.mail.text


def _holds_one(part: Part) -> bool:
    return isinstance(part, Enclosed) and not isinstance(part.mail.body, Multipart)


def _content_requirement(number: str, parts: Sequence[tuple[str, Part]]) -> str:
    if "." not in number:
        return CONTENT
    enclosed = [each for each, found in parts if isinstance(found, Enclosed)]
    return INSIDE if any(number.startswith(f"{each}.") for each in enclosed) else NESTED


async def _parts(stage: Stage, kind: str) -> None:
    session = await stage.imap(select="INBOX")
    wanted = list(_sections(mail(kind)))
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        asked = " ".join(f"BODY.PEEK[{name}]" for name, _, _ in some)
        items = await fetched(stage, session, f"({asked})", "RFC3501-9-ak")
        for name, requirement, octets in some:
            value = items.get(f"BODY[{name}]")
            seen = value.data if isinstance(value, Scalar) and value.is_string else None
            stage.expect(
                requirement,
                holds=seen == octets,
                facet=Facet.CONTENT,
                expected=f"BODY[{name}] {shown(octets)}",
                observed=shown(seen) if seen is not None else told(value),
                kind="same" if seen == octets else "nil" if seen is None else "another-text",
            )


def _declare(kind: str, case_id: str, title: str, script: Script, *requirements: str) -> None:
    script.__doc__ = title
    case(case_id, *dict.fromkeys(requirements), messages=(kind,))(script)


def _bound(act: Callable[..., Awaitable[None]], *arguments: str) -> Script:
    async def script(stage: Stage) -> None:
        await act(stage, *arguments)

    return script


for _kind, _each in ENVELOPES.items():
    _title = f"ENVELOPE of a message with {_each.about}"
    _id = f"imap/rfc3501-7.4.2/envelope-of-{_kind}"
    _declare(_kind, _id, _title, _bound(_envelope, _kind), ENVELOPE, *ENVELOPE_IDS)
for _kind, _each in STRUCTURES.items():
    _about = f"a message with {_each.about}"
    _declare(
        _kind,
        f"imap/rfc3501-7.4.2/bodystructure-of-{_kind}",
        f"BODYSTRUCTURE of {_about}",
        _bound(_structure, _kind),
        STRUCTURE,
        *BODY_IDS,
    )
    _declare(
        _kind,
        f"imap/rfc3501-7.4.2/body-of-{_kind}",
        f"BODY of {_about}",
        _bound(_body, _kind),
        SHORT,
        ALIKE,
        *BODY_IDS,
    )
    _cited = {_requirement for _, _requirement, _ in _sections(MAILS[_kind].mail(_kind, 1))}
    _declare(
        _kind,
        f"imap/rfc3501-6.4.5/parts-of-{_kind}",
        f"Every numbered section of {_about}",
        _bound(_parts, _kind),
        "RFC3501-9-ak",
        *sorted(_cited),
    )
