"""What holds of every message, however malformed, and of every well-formed tree."""

from __future__ import annotations

import email
import email.policy
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.mime.bodystructure import Structure, body
from reference_server.mime.envelope import envelope
from reference_server.mime.parse import Entity, parse
from reference_server.mime.searchable import message_texts
from reference_server.mime.section import binary, section
from reference_server.mime.threading import threaded_message
from reference_server.mime.transfer import UnknownEncoding
from reference_server.tests.test_mime_threading import START

_PIECES = [
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\xe9", b"x", b":", b'"', b"(", b";", b"<a@b>"),
    *(b"--b\r\n", b"--c\r\n", b"--b--\r\n", b"\r\n--c--", b"--", b"\r\n--b\r\n"),
    *(b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: multipart/digest; boundary=c\r\n\r\n"),
    *(b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: text/html; charset*=utf-8''\r\n", b"Content-Type: "),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"QTogYg0KDQp4"),
    *(b"Subject: =?utf-8?q?a?=\r\n", b"From: ", b"To: ", b"Date: 1 Jan 2000", b"Content-Language: ", b"References: "),
]
_MESSAGE = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=3), max_size=30).map(b"".join)


def numbered_parts(entity: Entity, prefix: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Entity]]:
    """All parts with their numbers (RFC 3501 §6.4.5), found by walking down and not by looking up."""
    children = entity.parts or (entity,)
    found = []
    for number, part in enumerate(children, 1):
        found.append(((*prefix, number), part))
        if part.parts:
            found += numbered_parts(part, (*prefix, number))
        elif part.message is not None:
            found += numbered_parts(part.message, (*prefix, number))
    return found


@settings(max_examples=150)
@given(_MESSAGE)
def test_header_and_text_are_the_message(message: bytes) -> None:
    entity = parse(message)
    assert section(entity, ()) == message
    assert (section(entity, (), "HEADER") or b"") + (section(entity, (), "TEXT") or b"") == message
    assert b"".join(field.raw for field in entity.header.fields) + entity.blank_line == entity.header_octets
    names = [b"Subject", b"From", b"content-type"]
    both = [section(entity, (), "HEADER.FIELDS", names) or b"", section(entity, (), "HEADER.FIELDS.NOT", names) or b""]
    assert sum(map(len, both)) == len(entity.header_octets) + len(entity.blank_line)


@settings(max_examples=150)
@given(_MESSAGE)
def test_every_part_lies_inside_of_what_holds_it(message: bytes) -> None:
    for entity in parse(message).walk():
        assert 0 <= entity.start <= entity.fields_end <= entity.body <= entity.end <= len(entity.source)
        at = entity.body
        for part in entity.parts:
            assert part.source is entity.source
            assert at <= part.start <= part.end <= entity.end
            at = part.end
        if entity.message is not None:
            inner = entity.message
            assert inner.source is not entity.source or (inner.start, inner.end) == (entity.body, entity.end)


@settings(max_examples=150)
@given(_MESSAGE)
def test_sections_are_the_parts(message: bytes) -> None:
    entity = parse(message)
    for numbers, part in numbered_parts(entity):
        assert section(entity, numbers) == part.body_octets
        assert section(entity, numbers, "MIME") == part.header_octets
        header, text = section(entity, numbers, "HEADER"), section(entity, numbers, "TEXT")
        assert (header is None) is (text is None) is (part.message is None)
        if part.message is not None and part.message.source is part.source:
            assert (header or b"") + (text or b"") == part.body_octets
        try:
            assert binary(entity, numbers) is not None
        except UnknownEncoding:
            assert part.encoding not in {b"7BIT", b"8BIT", b"BINARY", b"BASE64", b"QUOTED-PRINTABLE"}
    assert section(entity, (len(entity.parts or (entity,)) + 1,)) is None


def is_renderable(structure: Structure) -> bool:
    """Strings without NUL, no negative numbers, no empty lists (RFC 3501 §9)."""
    if isinstance(structure, tuple):
        return structure != () and all(map(is_renderable, structure))
    return b"\0" not in structure if isinstance(structure, bytes) else structure is None or structure >= 0


@settings(max_examples=150)
@given(_MESSAGE)
def test_structures_can_be_rendered_and_texts_read(message: bytes) -> None:
    entity = parse(message)
    assert is_renderable(envelope(entity))
    assert is_renderable(body(entity, extended=False))
    assert is_renderable(body(entity, extended=True))
    assert all(isinstance(text, str) for text in message_texts(entity))
    assert threaded_message(entity, 1, START).number == 1


@dataclass(frozen=True)
class Leaf:
    """A part with a text."""

    text: bytes


@dataclass(frozen=True)
class Branch:
    """A multipart with its parts."""

    parts: list[Leaf | Branch]


_LEAF = st.builds(Leaf, st.text(st.sampled_from("ab \r\n-=."), max_size=20).map(str.encode))
_TREE: st.SearchStrategy[Leaf | Branch] = st.recursive(
    _LEAF, lambda inner: st.builds(Branch, st.lists(inner, min_size=1, max_size=3)), max_leaves=8
)


def written(tree: Leaf | Branch, depth: int = 0) -> bytes:
    """A tree as MIME has it, each level with a boundary of its own that no text holds."""
    if isinstance(tree, Leaf):
        return b"Content-Type: text/plain\r\n\r\n" + tree.text
    boundary = b"level%d" % depth
    parts = b"".join(b"\r\n--" + boundary + b"\r\n" + written(part, depth + 1) for part in tree.parts)
    return (
        b"Content-Type: multipart/mixed; boundary="
        + boundary
        + b"\r\n\r\n"
        + parts[2:]
        + b"\r\n--"
        + boundary
        + b"--\r\n"
    )


def read(entity: Entity) -> Leaf | Branch:
    return Branch([read(part) for part in entity.parts]) if entity.parts else Leaf(entity.body_octets)


@settings(max_examples=100)
@given(_TREE)
def test_what_was_written_is_read(tree: Leaf | Branch) -> None:
    assert read(parse(written(tree))) == tree


@settings(max_examples=100)
@given(_TREE)
def test_the_tree_is_that_of_the_standard_library(tree: Leaf | Branch) -> None:
    message = email.message_from_bytes(written(tree), policy=email.policy.compat32)
    theirs = [part.get_content_type().upper() for part in message.walk()]
    assert [b"/".join(entity.type[:2]).decode() for entity in parse(written(tree)).walk()] == theirs


@pytest.mark.parametrize(
    "head", [b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"From: ", b"Content-Type: a/b; "]
)
@pytest.mark.parametrize(
    "piece",
    [
        b"--b\r\n",
        b"\n--",
        b"--b \t",
        b"(",
        b'"\\',
        b";a=",
        b"\r\n ",
        b"=?a?q?",
        b"X:\r\n",
        b"a;",
        b"<a@b>",
        b"\r\n\r\n",
    ],
)
def test_time_grows_with_the_message(head: bytes, piece: bytes) -> None:
    started = time.process_time()
    entity = parse(head + piece * 10_000)
    envelope(entity)
    body(entity, extended=True)
    list(message_texts(entity))
    assert time.process_time() - started < 5  # what grows with the square takes minutes
