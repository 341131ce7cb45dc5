from __future__ import annotations

import time
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.addresses import GROUP_END, Address, addresses


def mailbox(mailbox: bytes, host: bytes, name: bytes | None = None, route: bytes | None = None) -> Address:
    return Address(name, route, mailbox, host)


def group(name: bytes) -> Address:
    return Address(None, None, name, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", ()),
        (b" , (nobody) ,", ()),
        (b"joe@where.test", (mailbox(b"joe", b"where.test"),)),
        (b"<joe@where.test>", (mailbox(b"joe", b"where.test"),)),
        (b"Joe <joe@where.test>", (mailbox(b"joe", b"where.test", b"Joe"),)),
        (b"Joe Bar<joe@where.test>", (mailbox(b"joe", b"where.test", b"Joe Bar"),)),
        (b'"Joe, Q." <joe@where.test>', (mailbox(b"joe", b"where.test", b"Joe, Q."),)),
        (b'"" <joe@where.test>', (mailbox(b"joe", b"where.test"),)),
        (b"a@b,c@d , <e@f>", (mailbox(b"a", b"b"), mailbox(b"c", b"d"), mailbox(b"e", b"f"))),
        (b"Joe Q. Public <joe@x.test>", (mailbox(b"joe", b"x.test", b"Joe Q. Public"),)),
        (b"Who?  Me\t<one@y.test>", (mailbox(b"one", b"y.test", b"Who? Me"),)),
        (b'"Giant; \\"Big\\" Box" <box@y.test>', (mailbox(b"box", b"y.test", b'Giant; "Big" Box'),)),
        (b'"very odd"@y.test', (mailbox(b"very odd", b"y.test"),)),
        (b'"a\\"b".c@y.test', (mailbox(b'a"b.c', b"y.test"),)),
        (b"joe@[127.0.0.1]", (mailbox(b"joe", b"[127.0.0.1]"),)),
        (b"=?x?q?a?= =?x?q?b?= <c@d>", (mailbox(b"c", b"d", b"=?x?q?a?= =?x?q?b?="),)),
        (b"J\xe9r\xf4me <j@d>", (mailbox(b"j", b"d", b"J\xe9r\xf4me"),)),
    ],
)
def test_mailboxes(value: bytes, expected: tuple[Address, ...]) -> None:
    assert addresses(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"joe@x.test (Joe B.)", (mailbox(b"joe", b"x.test", b"Joe B."),)),
        (b"(Joe (the) B\\)) joe@x.test", (mailbox(b"joe", b"x.test", b"Joe (the) B)"),)),
        (b"Joe (not this) <joe@x.test> (nor this)", (mailbox(b"joe", b"x.test", b"Joe"),)),
        (b"<joe@x.test> (Joe)", (mailbox(b"joe", b"x.test", b"Joe"),)),
        (b"joe(a)@(b)x(c).(d)test", (mailbox(b"joe", b"x.test", b"d"),)),
        (b"a@b (A), c@d", (mailbox(b"a", b"b", b"A"), mailbox(b"c", b"d"))),
        (b"<joe(the local part)@x.test>", (mailbox(b"joe", b"x.test"),)),
        (b"a@b ()", (mailbox(b"a", b"b"),)),
        (b"a@b (unended, c@d", (mailbox(b"a", b"b", b"unended, c@d"),)),
    ],
)
def test_a_comment_is_the_name_where_there_is_no_other(value: bytes, expected: tuple[Address, ...]) -> None:
    assert addresses(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"undisclosed recipients:;", (group(b"undisclosed recipients"), GROUP_END)),
        (b"Team: a@b, C <c@d>;", (group(b"Team"), mailbox(b"a", b"b"), mailbox(b"c", b"d", b"C"), GROUP_END)),
        (
            b'x@y, "A B": ,a@b;, z@y',
            (mailbox(b"x", b"y"), group(b"A B"), mailbox(b"a", b"b"), GROUP_END, mailbox(b"z", b"y")),
        ),
        (b"Hidden (all of them) : (none) ;(end)", (group(b"Hidden"), GROUP_END)),
        (b"Unended: a@b", (group(b"Unended"), mailbox(b"a", b"b"), GROUP_END)),
        (b"One: Two: a@b;", (group(b"One"), mailbox(b"Two:a", b"b"), GROUP_END)),
        (b"a@b; c@d", (mailbox(b"a", b"b"), mailbox(b"c", b"d"))),
        (b":;", (group(b""), GROUP_END)),
    ],
)
def test_groups(value: bytes, expected: tuple[Address, ...]) -> None:
    assert addresses(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Mary <@node.test:mary@x.test>", (mailbox(b"mary", b"x.test", b"Mary", b"@node.test"),)),
        (b"<@a , @b.(c) d : mary@x.test>", (mailbox(b"mary", b"x.test", None, b"@a,@b.d"),)),
        (b"<,@a,,@b:mary@x.test>, c@d", (mailbox(b"mary", b"x.test", None, b"@a,,@b"), mailbox(b"c", b"d"))),
        (b"jdoe@test  . example", (mailbox(b"jdoe", b"test.example"),)),
        (b"a . b @ c", (mailbox(b"a.b", b"c"),)),
        (b", ,a@b,, c@d,", (mailbox(b"a", b"b"), mailbox(b"c", b"d"))),
    ],
)
def test_obsolete_forms(value: bytes, expected: tuple[Address, ...]) -> None:
    assert addresses(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"root", (mailbox(b"root", b""),)),
        (b"Joe <joe>", (mailbox(b"joe", b"", b"Joe"),)),
        (b"Joe <>", (mailbox(b"", b"", b"Joe"),)),
        (b"joe@", (mailbox(b"joe", b""),)),
        (b"@host", (mailbox(b"", b"host"),)),
        (b"a@b@c", (mailbox(b"a@b", b"c"),)),
        (b"not an address", (mailbox(b"not an address", b""),)),
        (b"Joe <joe@x, ann@y", (mailbox(b"joe", b"x", b"Joe"), mailbox(b"ann", b"y"))),
        (b"<a@b><c@d>", (mailbox(b"a", b"b"), mailbox(b"c", b"d"))),
        (b"<a@b> rest, c@d", (mailbox(b"a", b"b"), mailbox(b"c", b"d"))),
        (b"a>@b", (mailbox(b"a", b"b"),)),
        (b'"unended', (mailbox(b"unended", b""),)),
        (b"a@[unended", (mailbox(b"a", b"[unended"),)),
        (b"\0a@b\0", (mailbox(b"a", b"b"),)),
    ],
)
def test_what_is_no_address_is_read_as_far_as_it_goes(value: bytes, expected: tuple[Address, ...]) -> None:
    assert addresses(value) == expected


@given(
    st.lists(
        st.sampled_from([b"a", b" ", b".", b"@", b"<", b">", b",", b":", b";", b"(", b")", b'"', b"\\", b"[", b"]"])
    )
)
def test_any_value_is_read(pieces: list[bytes]) -> None:
    in_group = False
    for address in addresses(b"".join(pieces)):
        is_marker = address.host is None
        assert address.name is None or not is_marker
        assert is_marker or address.mailbox is not None
        if is_marker:
            assert in_group is (address == GROUP_END)
            in_group = not in_group
    assert not in_group


_WORD = st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True)
_SPECIFICATION = st.builds("{}.{}@{}.test".format, _WORD, _WORD, _WORD)
_MAILBOX = st.one_of(
    _SPECIFICATION,
    st.builds("{} {} <{}>".format, _WORD, _WORD, _SPECIFICATION),
    st.builds('"{}, {}" <{}>'.format, _WORD, _WORD, _SPECIFICATION),
    st.builds("{} ({} {})".format, _SPECIFICATION, _WORD, _WORD),
)


@given(st.lists(_MAILBOX, min_size=1, max_size=5))
def test_well_formed_lists_are_read_as_the_standard_library_does(mailboxes: list[str]) -> None:
    value = ", ".join(mailboxes)
    ours = [
        ((address.name or b"").decode(), f"{(address.mailbox or b'').decode()}@{(address.host or b'').decode()}")
        for address in addresses(value.encode())
    ]
    assert ours == getaddresses([value])


@pytest.mark.parametrize(
    "piece", [b"<", b"<,", b"<@,", b"(", b'"', b"\\", b"a:", b"[", b"a ", b"a@", b"<@a,<", b"<a@b>"]
)
def test_time_grows_with_the_value(piece: bytes) -> None:
    started = time.process_time()
    addresses(piece * 15_000)
    assert time.process_time() - started < 5  # what grows with the square takes minutes
