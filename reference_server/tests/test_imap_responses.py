from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.imap import response_codes as codes
from reference_server.imap import responses as r
from reference_server.imap.commands import StatusItem
from reference_server.imap.errors import SyntaxFault
from reference_server.imap.fetchitems import (
    Attribute,
    BinarySection,
    BinarySize,
    BodySection,
    Partial,
    Section,
    SectionText,
)
from reference_server.imap.limits import GrammarLimits
from reference_server.imap.names import MailboxName
from reference_server.imap.renderer import Renderer
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.tokens import Cursor
from reference_server.mime.bodystructure import Structure, body
from reference_server.mime.envelope import envelope
from reference_server.mime.parse import parse
from reference_server.mime.threading import ThreadNode
from reference_server.tests.imap_dialects import FULL, UTF8, command_text

INBOX = MailboxName("INBOX")
OK = Condition.OK

LINES: list[tuple[r.Response, bytes]] = [
    (StatusResponse(OK, "Done", tag="a1"), b"a1 OK Done"),
    (StatusResponse(OK, "Hello", Code.ALERT), b"* OK [ALERT] Hello"),
    (StatusResponse(Condition.NO, "x", Code.UNKNOWN_CTE, "t"), b"t NO [UNKNOWN-CTE] x"),
    (StatusResponse(Condition.BAD, "x"), b"* BAD x"),
    (StatusResponse(Condition.BYE, "x", Code.TOOBIG), b"* BYE [TOOBIG] x"),
    (StatusResponse(Condition.PREAUTH, "x"), b"* PREAUTH x"),
    (StatusResponse(OK, ""), b"* OK -"),
    (StatusResponse(OK, "[x] y"), b"* OK ?x] y"),
    (StatusResponse(OK, "a\r\n* BYE \x00ä"), b"* OK a??* BYE ??"),
    (r.Continue(), b"+ Ready"),
    (r.Challenge(b""), b"+ "),
    (r.Challenge(b"\x00x"), b"+ AHg="),
    (r.CapabilityData(("IMAP4rev1", "IDLE")), b"* CAPABILITY IMAP4rev1 IDLE"),
    (r.Enabled(()), b"* ENABLED"),
    (r.Enabled(("CONDSTORE",)), b"* ENABLED CONDSTORE"),
    (r.IdData(None), b"* ID NIL"),
    (r.IdData(((b"name", b"x\r\ny"), (b"os", None))), b'* ID ("name" {4}\r\nx\r\ny "os" NIL)'),
    (r.NamespaceData((r.NamespaceDescription("", "/"),)), b'* NAMESPACE (("" "/")) NIL NIL'),
    (r.NamespaceData((), (r.NamespaceDescription("~ä", None), r.NamespaceDescription("#x", "\\"))),
     b'* NAMESPACE NIL (("~&AOQ-" NIL)("#x" "\\\\")) NIL'),
    (r.ListData((), "/", INBOX), b'* LIST () "/" INBOX'),
    (r.ListData(("\\Noselect",), "/", None), b'* LIST (\\Noselect) "/" ""'),
    (r.ListData(("\\A", "\\B"), None, MailboxName('a "\\%*')), b'* LIST (\\A \\B) NIL "a \\"\\\\%*"'),
    (r.ListData((), "/", MailboxName("nil"), lsub=True), b'* LSUB () "/" "nil"'),
    (r.ListData((), "/", MailboxName("Entwürfe]")), b'* LIST () "/" Entw&APw-rfe]'),
    (r.ListData((), "/", INBOX, child_info=("SUBSCRIBED",), old_name=MailboxName("x y")),
     b'* LIST () "/" INBOX ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("x y"))'),
    (r.StatusData(MailboxName("a b"), ((StatusItem.MESSAGES, 0), (StatusItem.DELETED_STORAGE, 7))),
     b'* STATUS "a b" (MESSAGES 0 DELETED-STORAGE 7)'),
    (r.StatusData(INBOX, ()), b"* STATUS INBOX ()"),
    (r.SearchData(()), b"* SEARCH"),
    (r.SearchData((), 5), b"* SEARCH"),
    (r.SearchData((2, 84, 882)), b"* SEARCH 2 84 882"),
    (r.SearchData((2,), 5), b"* SEARCH 2 (MODSEQ 5)"),
    (r.SortData(()), b"* SORT"),
    (r.SortData((5, 3, 4), 9), b"* SORT 5 3 4 (MODSEQ 9)"),
    (r.EsearchData("a1"), b'* ESEARCH (TAG "a1")'),
    (r.EsearchData('a"1', True, 2, 7, (2, 3, 4, 7), 4, 99),
     b'* ESEARCH (TAG "a\\"1") UID MIN 2 MAX 7 ALL 2:4,7 COUNT 4 MODSEQ 99'),
    (r.EsearchData("a", count=0), b'* ESEARCH (TAG "a") COUNT 0'),
    (r.FlagsData(("\\Seen", "$X")), b"* FLAGS (\\Seen $X)"),
    (r.Exists(0), b"* 0 EXISTS"),
    (r.Recent(3), b"* 3 RECENT"),
    (r.Expunged(1), b"* 1 EXPUNGE"),
    (r.Vanished((1, 2, 3, 9)), b"* VANISHED 1:3,9"),
    (r.Vanished((1,), earlier=True), b"* VANISHED (EARLIER) 1"),
    (r.QuotaData(b"", (r.QuotaResource("STORAGE", 10, 512),)), b'* QUOTA "" (STORAGE 10 512)'),
    (r.QuotaRootData(INBOX, (b"", b"x")), b'* QUOTAROOT INBOX "" x'),
    (r.QuotaRootData(INBOX, ()), b"* QUOTAROOT INBOX"),
    (r.FetchResponse(1, (r.FlagsItem(()),)), b"* 1 FETCH (FLAGS ())"),
]  # fmt: skip


@pytest.mark.parametrize(("response", "line"), LINES)
def test_responses(response: r.Response, line: bytes) -> None:
    assert Renderer().render(response) == line + b"\r\n"


def test_every_kind_of_response_is_rendered_here() -> None:
    assert {type(response) for response, _ in LINES} | {r.ThreadData} == set(r.Response.__args__)


def test_several_responses_follow_one_another() -> None:
    assert Renderer().render(r.Exists(1), r.Recent(0)) == b"* 1 EXISTS\r\n* 0 RECENT\r\n"
    assert Renderer().render() == b""


CODES: list[tuple[codes.ResponseCode, str]] = [
    *((code, code.value) for code in Code),
    (codes.BadCharset(), "BADCHARSET"),
    (codes.BadCharset(("US-ASCII", "UTF-8")), "BADCHARSET (US-ASCII UTF-8)"),
    (codes.Capabilities(("IMAP4rev1", "ID")), "CAPABILITY IMAP4rev1 ID"),
    (codes.PermanentFlags(()), "PERMANENTFLAGS ()"),
    (codes.PermanentFlags(("\\Seen", "x"), new_keywords=True), "PERMANENTFLAGS (\\Seen x \\*)"),
    (codes.PermanentFlags((), new_keywords=True), "PERMANENTFLAGS (\\*)"),
    (codes.UidNext(4), "UIDNEXT 4"),
    (codes.UidValidity(5), "UIDVALIDITY 5"),
    (codes.Unseen(6), "UNSEEN 6"),
    (codes.HighestModSeq(7), "HIGHESTMODSEQ 7"),
    (codes.Modified((7, 9)), "MODIFIED 7,9"),
    (codes.AppendUid(38505, (3955,)), "APPENDUID 38505 3955"),
    (codes.AppendUid(1, (4, 5, 6)), "APPENDUID 1 4:6"),
    (codes.CopyUid(38505, (304, 319, 320), (3956, 3957, 3958)), "COPYUID 38505 304,319:320 3956:3958"),
    (codes.CopyUid(1, (5, 3), (7, 8)), "COPYUID 1 5,3 7:8"),
]


@pytest.mark.parametrize(("code", "text"), CODES)
def test_response_codes(code: codes.ResponseCode, text: str) -> None:
    line = Renderer().render(StatusResponse(OK, "Text", code, "a"))
    assert line == f"a OK [{text}] Text\r\n".encode()


NESTED = ThreadNode(4, (ThreadNode(23),))


@pytest.mark.parametrize(
    ("threads", "text"),
    [
        ((), b"* THREAD"),
        ((ThreadNode(2), ThreadNode(3, (ThreadNode(6, (NESTED, ThreadNode(44, (ThreadNode(7),)))),))),
         b"* THREAD (2)(3 6 (4 23)(44 7))"),
        ((ThreadNode(None, (ThreadNode(3), ThreadNode(5))),), b"* THREAD ((3)(5))"),
        ((ThreadNode(1, (ThreadNode(None, (ThreadNode(3), ThreadNode(5))),)),), b"* THREAD (1 (3)(5))"),
        ((ThreadNode(1, (ThreadNode(2), ThreadNode(None, (ThreadNode(3), ThreadNode(5))))),),
         b"* THREAD (1 (2)((3)(5)))"),
    ],
)  # fmt: skip
def test_threads(threads: tuple[ThreadNode, ...], text: bytes) -> None:
    assert Renderer().render(r.ThreadData(threads)) == text + b"\r\n"


def test_a_thread_may_be_as_deep_as_a_mailbox_is_long() -> None:
    node = ThreadNode(100_000)
    for number in range(99_999, 0, -1):
        node = ThreadNode(number, (node, ThreadNode(100_000 + number)) if number % 5000 == 0 else (node,))
    rendered = Renderer().render(r.ThreadData((node,)))
    assert rendered.startswith(b"* THREAD (1 2 3 4")
    assert rendered.count(b"(") == rendered.count(b")")


FIELDS = Section((1, 2), SectionText.HEADER_FIELDS, (b"From", b"x y", b"\xff"))
PARTIAL = BodySection(FIELDS, Partial(7, 100), peek=True)

FETCHED: list[tuple[r.FetchData, bytes]] = [
    (r.FlagsItem(("\\Seen", "$X")), b"FLAGS (\\Seen $X)"),
    (r.NumberItem(Attribute.UID, 7), b"UID 7"),
    (r.NumberItem(Attribute.RFC822_SIZE, 44827), b"RFC822.SIZE 44827"),
    (r.NumberItem(Attribute.MODSEQ, 9), b"MODSEQ (9)"),
    (r.DateItem(datetime(1996, 7, 7, 2, 44, 25, tzinfo=UTC)), b'INTERNALDATE " 7-Jul-1996 02:44:25 +0000"'),
    (r.TextItem(BodySection(Section()), b"ab\r\n"), b"BODY[] {4}\r\nab\r\n"),
    (r.TextItem(BodySection(Section((), SectionText.TEXT), peek=True), b""), b'BODY[TEXT] ""'),
    (r.TextItem(BodySection(Section((3, 1), SectionText.MIME)), None), b"BODY[3.1.MIME] NIL"),
    (r.TextItem(BodySection(Section((3,)), Partial(0, 5)), b"12345"), b"BODY[3]<0> {5}\r\n12345"),
    (r.TextItem(PARTIAL, b"x"), b'BODY[1.2.HEADER.FIELDS (From "x y" {1}\r\n\xff)]<7> {1}\r\nx'),
    (r.TextItem(Attribute.RFC822, b"x"), b"RFC822 {1}\r\nx"),
    (r.TextItem(Attribute.RFC822_HEADER, b"\x00x"), b"RFC822.HEADER {2}\r\n\x80x"),
    (r.BinaryItem(BinarySection((1,)), b"\x00x"), b"BINARY[1] ~{2}\r\n\x00x"),
    (r.BinaryItem(BinarySection((1, 2), Partial(4, 1), peek=True), b"\xff"), b"BINARY[1.2]<4> {1}\r\n\xff"),
    (r.BinaryItem(BinarySection(()), b""), b'BINARY[] ""'),
    (r.BinaryItem(BinarySection((9,)), None), b"BINARY[9] NIL"),
    (r.BinarySizeItem(BinarySize((2,)), 12), b"BINARY.SIZE[2] 12"),
]


@pytest.mark.parametrize(("data", "text"), FETCHED)
def test_fetch_data(data: r.FetchData, text: bytes) -> None:
    assert Renderer().render(r.FetchResponse(12, (data,))) == b"* 12 FETCH (" + text + b")\r\n"


def test_fetch_items_have_spaces_between_them() -> None:
    response = r.FetchResponse(3, tuple(data for data, _ in FETCHED))
    assert Renderer().render(response) == b"* 3 FETCH (" + b" ".join(text for _, text in FETCHED) + b")\r\n"


def test_a_message_is_not_copied_into_the_pieces() -> None:
    message = b"x" * 100_000
    pieces = Renderer().pieces([r.FetchResponse(1, (r.TextItem(Attribute.RFC822, message),))])
    assert any(piece is message for piece in pieces)


MULTIPART = (
    b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nFrom: A <a@x>, b@y\r\nTo: c@z\r\nSubject: a \"b\"\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: \xe4\r\n\r\ntwo\r\n--b--\r\n"
)  # fmt: skip


def test_envelope_and_bodystructure_of_a_message() -> None:
    message = parse(MULTIPART)
    data = (
        r.StructureItem(Attribute.ENVELOPE, envelope(message)),
        r.StructureItem(Attribute.BODY, body(message, extended=False)),
    )
    authors = b'(("A" NIL "a" "x")(NIL NIL "b" "y"))'
    inner = b"(NIL {1}\r\n\xe4 NIL NIL NIL NIL NIL NIL NIL NIL)"
    assert Renderer().render(r.FetchResponse(1, data)) == (
        b'* 1 FETCH (ENVELOPE ("Mon, 1 Jan 2024 00:00:00 +0000" "a \\"b\\"" %b %b %b ((NIL NIL "c" "z")) '
        b"NIL NIL NIL NIL) "
        b'BODY (("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3 0)'
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 17 %b '
        b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3 0) 2) "MIXED"))\r\n'
    ) % (authors, authors, authors, inner)


@pytest.mark.parametrize(
    ("structure", "text"),
    [
        ((b"TEXT", b"x", (b"a", b"b"), None, 0), b'("TEXT" "x" ("a" "b") NIL 0)'),
        (((b"a",), (b"b",), b"MIXED", (b"c",), (b"d",)), b'(("a")("b") "MIXED" ("c") ("d"))'),
        ((((b"a",), b"X"), b"Y"), b'((("a") "X") "Y")'),
        (((b"a",), (b"b",)), b'(("a")("b"))'),
        ((b"m", (b"e", None), ((b"p",), b"MIXED"), 3), b'("m" ("e" NIL) (("p") "MIXED") 3)'),
    ],
)
def test_lists_at_the_beginning_stand_side_by_side(structure: Structure, text: bytes) -> None:
    assert Renderer().structure(structure) == text


@pytest.mark.parametrize(
    ("data", "plain", "utf8"),
    [
        (b"", b'""', None),
        (b"a b", b'"a b"', None),
        (b'"\\', b'"\\"\\\\"', None),
        (b"\t", b'"\t"', None),
        (b"\r", b"{1}\r\n\r", None),
        (b"a\nb", b"{3}\r\na\nb", None),
        (b"\x01", b"{1}\r\n\x01", None),
        (b"\x7f", b"{1}\r\n\x7f", None),
        (b"\x00", b"{1}\r\n\x80", None),
        (b"\xe4", b"{1}\r\n\xe4", None),
        ('"ä'.encode(), '{3}\r\n"ä'.encode(), '"\\"ä"'.encode()),
        (b"\xed\xa0\x80", b"{3}\r\n\xed\xa0\x80", None),
        (b"x" * 1024, b'"' + b"x" * 1024 + b'"', None),
        (b"x" * 1025, b"{1025}\r\n" + b"x" * 1025, None),
    ],
)
def test_strings_are_quoted_where_they_can_be(data: bytes, plain: bytes, utf8: bytes | None) -> None:
    assert Renderer().string(data) == plain
    assert Renderer(utf8=True).string(data) == (utf8 or plain)


def test_names_are_in_the_encoding_that_the_client_knows() -> None:
    renderer = Renderer()
    response = r.ListData((), "/", MailboxName("ä&"))
    assert renderer.render(response) == b'* LIST () "/" &AOQ-&-\r\n'
    renderer.utf8 = True
    assert renderer.render(response) == '* LIST () "/" "ä&"\r\n'.encode()
    assert (
        renderer.render(r.NamespaceData((r.NamespaceDescription("ä", "/"),)))
        == '* NAMESPACE (("ä" "/")) NIL NIL\r\n'.encode()
    )


@given(st.binary(), st.booleans())
def test_what_is_rendered_reads_back(data: bytes, utf8: bool) -> None:
    renderer = Renderer(utf8=utf8)
    for rendered in (renderer.string(data), renderer.astring(data), renderer.nstring(data)):
        cursor = Cursor(command_text(rendered), UTF8 if utf8 else FULL, GrammarLimits())
        assert cursor.astring() == data.replace(b"\x00", b"\x80")
        assert cursor.at_end


def test_nil_is_no_string() -> None:
    assert Renderer().nstring(None) == b"NIL"
    assert Renderer().nstring(b"NIL") == b'"NIL"'
    assert Cursor(command_text(b"nil"), FULL, GrammarLimits()).nstring() is None
    with pytest.raises(SyntaxFault):
        Cursor(command_text(b"x"), FULL, GrammarLimits()).nstring()


@given(st.text())
def test_no_text_breaks_out_of_its_line(text: str) -> None:
    line = Renderer().render(StatusResponse(OK, text, tag="a"))
    assert line.endswith(b"\r\n")
    assert all(0x20 <= octet < 0x7F for octet in line[:-2])
    assert len(line) > len(b"a OK \r\n")
