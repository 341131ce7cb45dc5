from __future__ import annotations

import pytest

from reference_server.imap import commands as c
from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import BadCommand
from reference_server.imap.fetchitems import (
    Attribute,
    BinarySection,
    BinarySize,
    BodySection,
    FetchItem,
    Partial,
    Section,
    SectionText,
    sets_seen,
)
from reference_server.imap.parser import parse
from reference_server.imap.renderer import Renderer
from reference_server.tests.imap_dialects import BARE, FULL, REV2, command_text, without

FIELDS, NOT_FIELDS = SectionText.HEADER_FIELDS, SectionText.HEADER_FIELDS_NOT

ITEMS: list[tuple[bytes, FetchItem]] = [
    *((attribute.value.encode(), attribute) for attribute in Attribute if attribute is not Attribute.MODSEQ),
    (b"body[]", BodySection(Section())),
    (b"BODY.PEEK[]", BodySection(Section(), peek=True)),
    (b"BODY[HEADER]", BodySection(Section((), SectionText.HEADER))),
    (b"BODY[text]<0.1>", BodySection(Section((), SectionText.TEXT), Partial(0, 1))),
    (b"BODY[1]", BodySection(Section((1,)))),
    (b"BODY[1.22.3.MIME]", BodySection(Section((1, 22, 3), SectionText.MIME))),
    (b"BODY[4294967295.TEXT]", BodySection(Section((4294967295,), SectionText.TEXT))),
    (b'BODY[HEADER.FIELDS (From "to" {2}\r\nCC)]', BodySection(Section((), FIELDS, (b"From", b"to", b"CC")))),
    (b"BODY.PEEK[2.header.fields.not (X)]<7.4294967295>",
     BodySection(Section((2,), NOT_FIELDS, (b"X",)), Partial(7, 4294967295), peek=True)),
]  # fmt: skip

BINARY: list[tuple[bytes, FetchItem]] = [
    (b"BINARY[]", BinarySection(())),
    (b"binary.peek[1.2]<3.4>", BinarySection((1, 2), Partial(3, 4), peek=True)),
    (b"BINARY.SIZE[1]", BinarySize((1,))),
]


def items(octets: bytes, dialect: Dialect = FULL) -> tuple[FetchItem, ...]:
    command = parse(command_text(b"a FETCH 1 " + octets), dialect)
    assert isinstance(command, c.Fetch)
    return command.items


@pytest.mark.parametrize(("octets", "item"), ITEMS)
def test_items_of_rfc_3501(octets: bytes, item: FetchItem) -> None:
    assert items(octets, BARE) == items(b"(" + octets + b")", BARE) == (item,)


@pytest.mark.parametrize(("octets", "item"), BINARY)
def test_items_of_binary(octets: bytes, item: FetchItem) -> None:
    assert items(octets) == items(octets, REV2) == (item,)
    with pytest.raises(BadCommand):
        items(octets, without("BINARY"))


def test_modseq_needs_condstore() -> None:
    assert items(b"(MODSEQ)") == (Attribute.MODSEQ,)
    with pytest.raises(BadCommand):
        items(b"MODSEQ", without("CONDSTORE", "QRESYNC"))


def test_several_items_and_each_once() -> None:
    assert items(b"(UID FLAGS uid BODY[] BODY.PEEK[] BODY[])") == (
        Attribute.UID,
        Attribute.FLAGS,
        BodySection(Section()),
        BodySection(Section(), peek=True),
    )


def test_macros_stand_for_items() -> None:
    fast = (Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.RFC822_SIZE)
    assert items(b"fast") == fast
    assert items(b"ALL") == (*fast, Attribute.ENVELOPE)
    assert items(b"FULL") == (*fast, Attribute.ENVELOPE, Attribute.BODY)


BAD = [
    b"", b"()", b"(ALL)", b"(FLAGS ALL)", b"FOO", b"FLAGS UID", b"(FLAGS  UID)", b"(FLAGS UID", b"FLAGS)", b"FLAGS()",
    b"UID ",
    b"BODY[", b"BODY[]]", b"BODY[FOO]", b"BODY[MIME]", b"BODY[0]", b"BODY[01]", b"BODY[1.]", b"BODY[.1]",
    b"BODY[1..2]", b"BODY[1.0]",
    b"BODY[1.FOO]", b"BODY[TEXT.1]", b"BODY[ ]", b"BODY[4294967296]", b"BODY[99999999999]", b"BODY[HEADER.FIELDS]",
    b"BODY[HEADER.FIELDS ()]", b"BODY[HEADER.FIELDS(X)]", b"BODY[HEADER.FIELDS (X) ]", b"BODY[HEADER.FIELDS X]",
    b"BODY[HEADER (X)]",
    b"BODY[HEADER.FIELDS.FOO (X)]", b"BODY[]<0>", b"BODY[]<0.0>", b"BODY[]<.1>", b"BODY[]<1.>", b"BODY[]<-1.1>",
    b"BODY[]<0.01>",
    b"BODY[]<0.1", b"BODY[] <0.1>", b"BODY[]<4294967296.1>", b"BODY[]<0.4294967296>", b"BODY[]<0.1.2>", b"BODY []",
    b"BODYPEEK[]",
    b"BODY.PEEK", b"BODYSTRUCTURE[]", b"RFC822[]", b"RFC822.PEEK", b"BODY<0.1>", b"BINARY", b"BINARY[TEXT]",
    b"BINARY[1.MIME]",
    b"BINARY.SIZE[1]<0.1>", b"BINARY.SIZE", b"BINARY.FOO[1]", b"BINARY[0]", b"FLAGS (FOO)", b"FLAGS (CHANGEDSINCE)",
    b"FLAGS (CHANGEDSINCE 0)", b"FLAGS (CHANGEDSINCE x)", b"FLAGS (CHANGEDSINCE 1)(X)",
]  # fmt: skip


@pytest.mark.parametrize("octets", BAD)
def test_errors_of_syntax_are_bad(octets: bytes) -> None:
    with pytest.raises(BadCommand) as bad:
        items(octets)
    assert bad.value.tag == "a"


def test_imap4rev2_has_partials_of_64_bits() -> None:
    (item,) = items(b"BODY[]<4294967296.9223372036854775807>", REV2)
    assert item == BodySection(Section(), Partial(4294967296, 9223372036854775807))
    with pytest.raises(BadCommand):
        items(b"BODY[]<9223372036854775808.1>", REV2)


@pytest.mark.parametrize(("octets", "item"), ITEMS)
def test_the_name_in_a_response_reads_as_the_same_item(octets: bytes, item: FetchItem) -> None:
    if isinstance(item, BodySection) and item.partial is None:
        label = Renderer().text_label(item)
        assert items(label) == (BodySection(item.section),)


def test_a_partial_is_cut_at_the_end() -> None:
    assert Partial(0, 3).of(b"12345") == b"123"
    assert Partial(4, 3).of(b"12345") == b"5"
    assert Partial(5, 3).of(b"12345") == Partial(4294967295, 1).of(b"12345") == b""


def test_what_sets_seen() -> None:
    assert {octets for octets, item in [*ITEMS, *BINARY] if sets_seen(item)} == {
        b"RFC822", b"RFC822.TEXT", b"body[]", b"BODY[HEADER]", b"BODY[text]<0.1>", b"BODY[1]", b"BODY[1.22.3.MIME]",
        b"BODY[4294967295.TEXT]", b'BODY[HEADER.FIELDS (From "to" {2}\r\nCC)]', b"BINARY[]",
    }  # fmt: skip
