"""The comparison of structures and envelopes: what is right in several forms, and which requirement a fault breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.wire.imap_values import Items, Value, read_values
from suites.corpus.mime import MAILS, mail
from suites.corpus.mime_envelopes import ENVELOPES
from suites.corpus.mime_structures import STRUCTURES
from suites.corpus.mime_tree import header_of, numbered
from suites.imap.fetch_broken import envelope_fault, structure_fault
from suites.imap.structures import body_differences, envelope_differences, same, without_extension_data

TEXT = b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" %d 3'
SIZE = len(mail("mime-text").body.content)
LENA = b'(("Lena Fischer" NIL "lena" "sender.test"))'
READER = b'(("Postbox" NIL "reader" "postel.test"))'


def value(raw: bytes) -> Value:
    values, fault = read_values(raw, 0, len(raw))
    assert not fault
    return values[0]


def found(raw: bytes, kind: str, *, extended: bool = True) -> list[str]:
    return [each.requirement for each in body_differences(value(raw), mail(kind).body, extended=extended)]


@pytest.mark.parametrize(
    "raw",
    [
        TEXT % SIZE + b")",
        TEXT % SIZE + b" NIL)",
        TEXT % SIZE + b" NIL NIL NIL NIL)",
        b'("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" %d 3 NIL)' % SIZE,
    ],
)
def test_what_is_right(raw: bytes) -> None:
    assert found(raw, "mime-text") == []


def test_the_default_charset_may_be_there_or_not() -> None:
    size = len(mail("mime-without-type").body.content)
    for parameters in (b"NIL", b'("CHARSET" "us-ascii")'):
        assert found(b'("TEXT" "PLAIN" %s NIL NIL "7BIT" %d 3)' % (parameters, size), "mime-without-type") == []
    wrong = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" %d 3)' % size
    assert found(wrong, "mime-without-type") == ["RFC3501-7.4.2-j"]


@pytest.mark.parametrize(
    ("raw", "requirement"),
    [
        (TEXT % (SIZE + 1) + b")", "RFC3501-7.4.2-u"),
        (b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" %d 9)' % SIZE, "RFC3501-7.4.2-w"),
        (b'("TEXT" "HTML" ("CHARSET" "us-ascii") NIL NIL "7BIT" %d 3)' % SIZE, "RFC3501-7.4.2-p"),
        (b'("TEXT" "PLAIN" () NIL NIL "7BIT" %d 3)' % SIZE, "RFC3501-9-s"),
        (b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL NIL %d 3)' % SIZE, "RFC3501-7.4.2-t"),
        (b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") "x" NIL "7BIT" %d 3)' % SIZE, "RFC3501-7.4.2-r"),
        (b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL "x" "7BIT" %d 3)' % SIZE, "RFC3501-7.4.2-s"),
        (TEXT % SIZE + b' "x")', "RFC3501-7.4.2-n"),
        (TEXT % SIZE + b' NIL ("INLINE" NIL))', "RFC3501-7.4.2-k"),
        (TEXT % SIZE + b' ("INLINE" NIL) NIL)', "RFC3501-7.4.2-i"),
        (TEXT % SIZE + b' NIL "de")', "RFC3501-7.4.2-i"),
        (TEXT % SIZE + b' NIL NIL "de")', "RFC3501-7.4.2-l"),
        (TEXT % SIZE + b' NIL NIL NIL "x")', "RFC3501-7.4.2-m"),
        (b'("TEXT" "PLAIN")', "RFC3501-9-p"),
    ],
)
def test_what_is_wrong(raw: bytes, requirement: str) -> None:
    assert found(raw, "mime-text") == [requirement]


def test_extension_data_is_wrong_in_body() -> None:
    assert found(TEXT % SIZE + b" NIL)", "mime-text", extended=False) == ["RFC3501-7.4.2-x"]


def test_a_multipart_with_a_part_too_few() -> None:
    assert found(b'((%s) "MIXED")' % (TEXT % SIZE).lstrip(b"("), "mime-mixed") == ["RFC3501-7.4.2-g"]


def envelope(**members: bytes) -> bytes:
    usual = mail("head-usual").envelope
    given = {
        "date": b'"Wed, 12 Jun 2024 09:30:00 +0200"',
        "subject": b'"%s"' % (usual.subject if isinstance(usual.subject, bytes) else b""),
        "from_": LENA,
        "sender": LENA,
        "reply_to": LENA,
        "to": READER,
        "cc": b"NIL",
        "bcc": b"NIL",
        "in_reply_to": b"NIL",
        "message_id": b'"%s"' % (usual.message_id if isinstance(usual.message_id, bytes) else b""),
    }
    return b"(" + b" ".join({**given, **members}.values()) + b")"


def test_an_envelope_that_is_right() -> None:
    assert list(envelope_differences(value(envelope()), mail("head-usual").envelope)) == []


@pytest.mark.parametrize(
    ("members", "requirement"),
    [
        ({"date": b"NIL"}, "RFC3501-7.4.2-aa"),
        ({"in_reply_to": b'""'}, "RFC3501-7.4.2-af"),
        ({"sender": b"NIL"}, "RFC3501-7.4.2-ai"),
        ({"reply_to": READER}, "RFC3501-7.4.2-aj"),
        ({"cc": READER}, "RFC3501-7.4.2-ah"),
        ({"to": b"NIL"}, "RFC3501-7.4.2-ac"),
        ({"to": b'((NIL NIL "reader" "postel.test"))'}, "RFC3501-9-k"),
        ({"to": b'(("Postbox" NIL "read" "postel.test"))'}, "RFC3501-9-j"),
        ({"to": b'(("Postbox" NIL "reader" "test"))'}, "RFC3501-9-i"),
        ({"to": b'(("Postbox" "@x" "reader" "postel.test"))'}, "RFC3501-9-h"),
        ({"to": b'(("Postbox" "reader" "postel.test"))'}, "RFC3501-9-g"),
    ],
)
def test_an_envelope_that_is_wrong(members: dict[str, bytes], requirement: str) -> None:
    differences = envelope_differences(value(envelope(**members)), mail("head-usual").envelope)
    assert requirement in [each.requirement for each in differences]


def test_addresses_in_another_order() -> None:
    says = mail("head-usual").envelope
    two = replace(says, to=(*says.to, *says.from_))
    assert not list(envelope_differences(value(envelope(to=READER[:-1] + b" " + LENA[1:])), two))
    backwards = envelope_differences(value(envelope(to=LENA[:-1] + b" " + READER[1:])), two)
    assert [each.requirement for each in backwards] == ["RFC3501-7.4.2-ac"]
    others = envelope_differences(value(envelope(to=LENA[:-1] + b" " + LENA[1:])), two)
    assert {each.requirement for each in others} == {"RFC3501-9-i", "RFC3501-9-j", "RFC3501-9-k"}


@pytest.mark.parametrize(
    ("structure", "body"),
    [
        (b"NIL", b"NIL"),
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1 NIL NIL)', b'("text" "plain" NIL NIL NIL "7bit" 3 1)'),
        (b'("IMAGE" "PNG" NIL NIL NIL "BASE64" 3 NIL)', b'("IMAGE" "PNG" NIL NIL NIL "BASE64" 3)'),
        (
            b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1 NIL) ("TEXT" "CSS" NIL NIL NIL "7BIT" 4 1) "MIXED" ("A" "b"))',
            b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1) ("TEXT" "CSS" NIL NIL NIL "7BIT" 4 1) "MIXED")',
        ),
        (
            b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9 (NIL) ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1 NIL) 2 NIL)',
            b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9 (NIL) ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1) 2)',
        ),
    ],
)
def test_a_structure_without_its_extension_data(structure: bytes, body: bytes) -> None:
    assert same(without_extension_data(value(structure)), value(body))


def test_structures_that_are_not_the_same() -> None:
    part = value(b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)')
    assert not same(part, value(b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 4 1)'))
    assert not same(part, value(b'("TEXT" "PLAIN" NIL NIL "" "7BIT" 3 1)'))
    assert not same(part, Items((part,)))
    assert not same(part, None)


def test_an_envelope_of_nine_members() -> None:
    differences = envelope_differences(value(b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL)"), mail("head-usual").envelope)
    assert [each.requirement for each in differences] == ["RFC3501-9-aj"]


@pytest.mark.parametrize("kind", sorted(MAILS))
def test_every_section_is_a_run_of_the_message(kind: str) -> None:
    message = mail(kind)
    octets = message.octets
    assert octets.startswith(message.header + message.text)
    for number, part in numbered(message):
        assert part.content in octets, number
        assert header_of(part).removesuffix(b"\r\n") in octets, number


def test_kinds_are_of_one_table_only() -> None:
    assert not STRUCTURES.keys() & ENVELOPES.keys()


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)', False),
        (b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1) "MIXED")', False),
        (b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1))', True),
        (b'("MIXED")', True),
        (b'("TEXT" NIL NIL NIL NIL "7BIT" 3 1)', True),
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" -3 1)', True),
        (b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 3)', True),
        (b"NIL", True),
    ],
)
def test_the_form_of_a_structure(raw: bytes, fault: bool) -> None:
    assert bool(structure_fault(value(raw))) is fault


def test_the_form_of_an_envelope() -> None:
    assert not envelope_fault(value(envelope()))
    assert envelope_fault(value(envelope(to=b"()")))
    assert envelope_fault(value(envelope(subject=b"(x)")))
