from __future__ import annotations

import pytest

from reference_server.mime.addresses import GROUP_END, Address
from reference_server.mime.envelope import EnvelopeStructure, envelope
from reference_server.mime.parse import parse
from reference_server.tests.mime_messages import crlf


def read(text: str | bytes) -> EnvelopeStructure:
    return envelope(parse(crlf(text)))


def test_the_example_of_rfc_3501() -> None:
    gray = (Address(b"Terry Gray", None, b"gray", b"cac.washington.edu"),)
    assert read(
        "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\n"
        "From: Terry Gray <gray@cac.washington.edu>\n"
        "Subject: IMAP4rev1 WG mtg summary and minutes\n"
        "To: imap@cac.washington.edu\n"
        "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\n"
        "Message-Id: <B27397-0100000@cac.washington.edu>\n\n"
    ) == (
        b"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
        b"IMAP4rev1 WG mtg summary and minutes",
        gray,
        gray,
        gray,
        ((None, None, b"imap", b"cac.washington.edu"),),
        ((None, None, b"minutes", b"CNRI.Reston.VA.US"), (b"John Klensin", None, b"KLENSIN", b"MIT.EDU")),
        None,
        None,
        b"<B27397-0100000@cac.washington.edu>",
    )


@pytest.mark.parametrize("message", [b"", b"\r\n", b"no field", b"X: y\r\n\r\nSubject: body"])
def test_all_is_nil_where_there_is_no_field(message: bytes) -> None:
    assert envelope(parse(message)) == (None,) * 10


def test_empty_strings_are_not_nil_but_empty_lists_are() -> None:
    found = read("Date:\nSubject: \nIn-Reply-To:\nMessage-ID:\nFrom:\nTo: \nCc: ,\nBcc: (none)\n\n")
    assert (found.date, found.subject, found.in_reply_to, found.message_id) == (b"",) * 4
    assert (found.from_, found.to, found.cc, found.bcc) == (None,) * 4


@pytest.mark.parametrize("field", ["", "Sender:\nReply-To: \n", "Sender: (x)\nReply-To: ,\n"])
def test_sender_and_reply_to_default_to_from(field: str) -> None:
    found = read(f"From: a@b, c@d\n{field}\n")
    assert found.from_ == ((None, None, b"a", b"b"), (None, None, b"c", b"d"))
    assert found.sender == found.reply_to == found.from_


def test_sender_and_reply_to_of_their_own() -> None:
    found = read("From: a@b\nSender: s@b\nReply-To: r@b, q@b\n\n")
    assert found.sender == ((None, None, b"s", b"b"),)
    assert found.reply_to == ((None, None, b"r", b"b"), (None, None, b"q", b"b"))


def test_strings_are_raw_but_unfolded() -> None:
    found = read(
        'Subject: =?utf-8?q?a?=\n =?utf-8?q?b?=\nIn-Reply-To: <a@b>\n\t"junk" <c@d>\nMessage-ID:  <e@f> (c) \n\n'
    )
    assert found.subject == b"=?utf-8?q?a?= =?utf-8?q?b?="
    assert found.in_reply_to == b'<a@b>\t"junk" <c@d>'
    assert found.message_id == b"<e@f> (c)"


def test_octets_above_ascii_stay_and_nul_goes() -> None:
    found = read(b"Subject: \xe9\0\xff\nFrom: \xe9 <a\0b@c>\n\n")
    assert found.subject == b"\xe9\xff"
    assert found.from_ == ((b"\xe9", None, b"ab", b"c"),)


def test_the_first_of_several_fields_counts_but_recipients_add_up() -> None:
    found = read(
        "Subject: one\nSubject: two\nFrom: a@b\nFrom: c@d\nTo: e@f\nTo: g@h\nCc:\nCc: i@j\n"
        "Message-ID: <1@x>\nMessage-ID: <2@x>\n\n"
    )
    assert found.subject == b"one"
    assert found.from_ == ((None, None, b"a", b"b"),)
    assert found.to == ((None, None, b"e", b"f"), (None, None, b"g", b"h"))
    assert found.cc == ((None, None, b"i", b"j"),)
    assert found.message_id == b"<1@x>"


def test_groups_and_white_space_before_the_colon() -> None:
    found = read("To   : A Group:Ed <ed@x.test>;\nCC: Hidden:;\n\n")
    assert found.to == (Address(None, None, b"A Group", None), Address(b"Ed", None, b"ed", b"x.test"), GROUP_END)
    assert found.cc == (Address(None, None, b"Hidden", None), GROUP_END)


def test_a_message_in_the_obsolete_forms() -> None:
    # The forms of RFC 5322 Appendix A.6: a route, empty members, comments and folds wherever they may stand.
    found = read(
        "From : Jo Q. Public <jo@m.example>\n"
        "To: Mary <@a.test:mary@net.test>, , jd@test  . example\n"
        "Date  : Fri, 21 Nov 1997 09(noon):   55  :  06 -0600\n"
        "Message-ID   : <1234   @   local(host) .example>\n\n"
    )
    assert found.from_ == ((b"Jo Q. Public", None, b"jo", b"m.example"),)
    assert found.to == ((b"Mary", b"@a.test", b"mary", b"net.test"), (None, None, b"jd", b"test.example"))
    assert found.date == b"Fri, 21 Nov 1997 09(noon):   55  :  06 -0600"
    assert found.message_id == b"<1234   @   local(host) .example>"
