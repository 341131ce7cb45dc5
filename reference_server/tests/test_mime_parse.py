from __future__ import annotations

import base64

import pytest

from reference_server.mime.content_type import MESSAGE_RFC822, OCTET_STREAM, TEXT_PLAIN
from reference_server.mime.parse import Entity, Limits, parse
from reference_server.tests.mime_messages import NESTED, crlf


def shape(entity: Entity) -> object:
    """Media types, nested as the parts are."""
    name = b"/".join(entity.type[:2]).decode()
    if entity.message is not None:
        return [name, shape(entity.message)]
    return [name, *map(shape, entity.parts)] if entity.parts else name


def bodies(entity: Entity) -> list[bytes]:
    """The bodies of the parts of a multipart."""
    return [part.body_octets for part in entity.parts]


def multipart(text: str, boundary: str = "b") -> Entity:
    return parse(crlf(f"Content-Type: multipart/mixed; boundary={boundary}\n\n{text}"))


def test_a_message_nested_as_rfc_2049_has_it() -> None:
    entity = parse(NESTED)
    assert shape(entity) == [
        "MULTIPART/MIXED",
        "TEXT/PLAIN",
        "TEXT/PLAIN",
        ["MULTIPART/PARALLEL", "AUDIO/BASIC", "IMAGE/JPEG"],
        "TEXT/ENRICHED",
        ["MESSAGE/RFC822", "TEXT/PLAIN"],
    ]
    assert entity.parts[0].body_octets == b"  Text without a header of its own.\r\n"
    assert entity.parts[0].header_octets == b"\r\n"
    assert bodies(entity.parts[2]) == [b"AAECAwQF\r\n", b"BgcICQoL\r\n"]
    assert entity.parts[4].message is not None
    assert entity.parts[4].message.body_octets == b"Sch=F6ne Gr=FC=DFe\r\n"


@pytest.mark.parametrize("message", [b"", b"\r\n", b"\0", b"\xff\r\n\xfe", b":", b"\r", b"\n\n\n"])
def test_whatever_has_no_content_type_is_plain_text(message: bytes) -> None:
    entity = parse(message)
    assert entity.type == TEXT_PLAIN
    assert entity.header_octets + entity.body_octets == message


@pytest.mark.parametrize(
    "value", ["text", "", "multipart/mixed", 'multipart/mixed; boundary=""', "multipart/mixed; boundary=' '"]
)
def test_an_invalid_content_type_counts_as_none(value: str) -> None:
    entity = parse(crlf(f"Content-Type: {value.replace(chr(39), chr(34))}\n\n--b\n\nx\n--b--\n"))
    assert entity.type == TEXT_PLAIN
    assert entity.parts == ()


def test_the_line_end_before_a_delimiter_is_the_delimiters() -> None:
    assert bodies(multipart("--b\n\n\n--b\n\none\n--b\n\ntwo\n\n--b--\n")) == [b"", b"one", b"two\r\n"]


def test_a_delimiter_directly_after_another_makes_an_empty_part() -> None:
    entity = multipart("--b\n--b\n\n--b--")
    assert [(part.header_octets, part.body_octets) for part in entity.parts] == [(b"", b""), (b"", b"")]
    assert all(part.start == part.end for part in entity.parts)


def test_a_part_whose_header_has_no_blank_line_has_no_body() -> None:
    (part,) = multipart("--b\nContent-Type: text/html\n\n--b--").parts
    assert part.type[:2] == (b"TEXT", b"HTML")
    assert (part.header_octets, part.blank_line, part.body_octets) == (b"Content-Type: text/html\r\n", b"", b"")
    (part,) = multipart("--b\nContent-Type: text/html\n--b--").parts
    assert part.type[:2] == (b"TEXT", b"HTML")
    assert part.header_octets == b"Content-Type: text/html"


def test_preamble_and_epilogue_belong_to_no_part() -> None:
    assert bodies(multipart("before --b\n--bb\n--b\n\none\n--b--\nafter\n--b\n\nnone\n")) == [b"one"]


def test_white_space_after_a_boundary_is_padding() -> None:
    assert bodies(multipart("--b \t\n\none\n--b  \n\ntwo\n--b-- \nend")) == [b"one", b"two"]


@pytest.mark.parametrize("line", ["--bc", "--b-", "--b---", "--b--x", "--b x", "-- b", " --b", "--B"])
def test_what_only_looks_like_a_delimiter_is_text(line: str) -> None:
    assert bodies(multipart(f"--b\n\none\n{line}\ntwo\n--b--")) == [crlf(f"one\n{line}\ntwo")]


@pytest.mark.parametrize(
    "written", ['"foo bar"', '"foo\n bar"', '"foo bar  "', '"foo\\ bar"', "foo bar", '"foo bar" (x)']
)
def test_a_boundary_with_a_space_in_it(written: str) -> None:
    assert bodies(multipart("--foo bar\n\none\n--foo bar--\n", written)) == [b"one"]


def test_a_boundary_of_other_characters() -> None:
    assert bodies(multipart("--'()+_,-./:=?\n\none\n--'()+_,-./:=?--", '"\'()+_,-./:=?"')) == [b"one"]


def test_a_boundary_split_as_rfc_2231_has_it() -> None:
    entity = parse(crlf("Content-Type: multipart/x; boundary*0=a; boundary*1*=%62\n\n--ab\n\none\n--ab--"))
    assert bodies(entity) == [b"one"]


def test_the_first_of_several_content_types_counts() -> None:
    text = "Content-Type: text/html\nContent-Type: multipart/x; boundary=c\n\n--c\n\nx\n--c--"
    assert shape(parse(crlf(text))) == "TEXT/HTML"


@pytest.mark.parametrize("text", ["", "\n", "no delimiter\n", "--b--\n", "--c\n\nx\n--c--"])
def test_a_multipart_without_parts_has_an_empty_one(text: str) -> None:
    entity = multipart(text)
    assert [(part.type, part.header_octets, part.body_octets) for part in entity.parts] == [(TEXT_PLAIN, b"", b"")]


def test_an_unterminated_multipart_ends_with_the_message() -> None:
    assert bodies(multipart("--b\n\none\n--b\n\ntwo\n")) == [b"one", b"two\r\n"]
    assert bodies(multipart("--b\n\none\n--b")) == [b"one", b""]


def test_an_outer_delimiter_ends_what_is_inside() -> None:
    entity = multipart("--b\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--b\n\ntwo\n--i\n--b--")
    assert shape(entity) == ["MULTIPART/MIXED", ["MULTIPART/MIXED", "TEXT/PLAIN"], "TEXT/PLAIN"]
    assert bodies(entity.parts[0]) == [b"one"]
    assert entity.parts[1].body_octets == b"two\r\n--i"


def test_an_inner_boundary_that_begins_with_the_outer_one() -> None:
    entity = multipart("--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--")
    assert shape(entity) == ["MULTIPART/MIXED", ["MULTIPART/MIXED", "TEXT/PLAIN"], "TEXT/PLAIN"]


def test_nested_multiparts_of_one_boundary_are_cut_by_the_outer_one() -> None:
    entity = multipart("--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b--\n")
    assert shape(entity) == ["MULTIPART/MIXED", ["MULTIPART/MIXED", "TEXT/PLAIN"], "TEXT/PLAIN"]
    assert bodies(entity) == [b"", b"one"]


def test_bare_line_feeds_end_lines_too() -> None:
    entity = parse(b"Content-Type: multipart/mixed;\n boundary=b\n\n--b\nA: b\n\none\n--b\n\r\ntwo\r\n--b--\n")
    assert bodies(entity) == [b"one", b"two"]


def test_nul_and_octets_above_ascii_are_kept() -> None:
    entity = parse(b"Sub\xe9: \xff\r\nX: \0\r\n\r\n\0\xff")
    assert entity.header_octets == b"Sub\xe9: \xff\r\nX: \0\r\n\r\n"
    assert entity.body_octets == b"\0\xff"


def test_the_parts_of_a_digest_are_messages_by_default() -> None:
    entity = parse(
        crlf(
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n"
            "--b\nContent-Type: text/plain\n\ny\n--b\nContent-Type: bad\n\nz\n--b--\n"
        )
    )
    assert shape(entity) == ["MULTIPART/DIGEST", ["MESSAGE/RFC822", "TEXT/PLAIN"], "TEXT/PLAIN", "TEXT/PLAIN"]
    assert entity.parts[0].type == MESSAGE_RFC822
    message = entity.parts[0].message
    assert message is not None
    assert message.header.first(b"subject") == b"one"


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("base64", base64.encodebytes(b"Subject: inner\r\n\r\ntext").decode()),
        ("quoted-printable", "Subject: i=\nnner=0D=0A\ntext"),
    ],
)
def test_an_encoded_message_is_decoded_to_be_looked_into(encoding: str, encoded: str) -> None:
    entity = parse(crlf(f"Content-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{encoded}"))
    assert entity.message is not None
    assert entity.message.source is not entity.source
    assert entity.message.header.first(b"subject") == b"inner"
    assert entity.message.body_octets == b"text"


def test_a_message_in_an_unknown_encoding_is_opaque() -> None:
    entity = parse(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: x-uue\r\n\r\nSubject: no\r\n\r\n")
    assert entity.message is None
    assert entity.type == OCTET_STREAM


def test_other_subtypes_of_message_are_no_messages() -> None:
    assert parse(b"Content-Type: message/partial\r\n\r\nSubject: x\r\n\r\n").message is None


def test_a_header_line_of_100_kib_and_a_thousand_fields() -> None:
    long = b"X: " + b"y" * 102_400 + b"\r\n"
    many = b"".join(b"X-%d: y\r\n" % number for number in range(1000))
    entity = parse(long + many + b"Content-Type: text/html\r\n\r\n")
    assert entity.header.first(b"x") == b"y" * 102_400
    assert entity.header.first(b"x-999") == b"y"
    assert entity.type[:2] == (b"TEXT", b"HTML")


def test_ten_thousand_parts() -> None:
    entity = multipart("--b\n\nx\n" * 10_000 + "--b--\n")
    assert len(entity.parts) == 10_000
    assert entity.parts[-1].body_octets == b"x"


def test_nesting_is_followed_to_the_limit() -> None:
    bomb = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(500))
    levels = list(parse(crlf(bomb)).walk())
    assert len(levels) == Limits().depth + 1
    assert levels[-1].type == OCTET_STREAM
    assert levels[-2].is_multipart
    forwarded = list(parse(b"Content-Type: message/rfc822\r\n\r\n" * 500).walk())
    assert len(forwarded) == Limits().depth + 1
    assert forwarded[-1].type == OCTET_STREAM


def test_parts_are_counted_to_the_limit_and_the_last_has_the_rest() -> None:
    message = crlf("Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 9 + "--b--\n")
    entity = parse(message, Limits(parts=4))
    assert bodies(entity) == [b"x", b"x", crlf("x\n" + "--b\n\nx\n" * 6 + "--b--\n")]
    assert len(list(parse(message, Limits(parts=1)).walk())) == 1
    assert len(list(parse(b"Content-Type: message/rfc822\r\n\r\n" * 9, Limits(parts=3)).walk())) == 3
