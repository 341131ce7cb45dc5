from __future__ import annotations

import pytest

from reference_server.smtp import grammar, replies
from reference_server.smtp.grammar import AuthArguments, Chunk, CommandLine, NameArguments, Parameter, PathArguments
from reference_server.smtp.replies import CommandRefused


@pytest.mark.parametrize(
    ("line", "verb", "rest"),
    [
        (b"NOOP", "NOOP", None),
        (b"mAiL FROM:<>", "MAIL", "FROM:<>"),
        (b"RSET  \t ", "RSET", None),
        (b"NOOP  x", "NOOP", " x"),
        (b" NOOP", "", "NOOP"),
        (b"", "", None),
        (b"\xdf", "\udcdf", None),
    ],
)
def test_a_line_is_split_at_its_first_space(line: bytes, verb: str, rest: str | None) -> None:
    assert grammar.command_line(line) == CommandLine(verb, rest)


ADDRESSES = {
    "a@b": "a@b",
    "Bob.Smith+tag@Example.test": "Bob.Smith+tag@Example.test",
    "!#$%&'*+-/=?^_`{|}~@b": "!#$%&'*+-/=?^_`{|}~@b",
    '"bob"@b': "bob@b",
    '"a b"@b': '"a b"@b',
    '"a@b"@c': '"a@b"@c',
    r'"a\"\\\c"@b': r'"a\"\\c"@b',
    '""@b': '""@b',
    '">"@b': '">"@b',
    "a@[192.0.2.1]": "a@[192.0.2.1]",
    "a@[IPv6:2001:db8::1]": "a@[IPv6:2001:db8::1]",
    "a@[ipv6:::ffff:192.0.2.1]": "a@[ipv6:::ffff:192.0.2.1]",
    "a@[IPv6:1:2:3:4::192.0.2.1]": "a@[IPv6:1:2:3:4::192.0.2.1]",
    "a@[IPv6:1:2:3:4:5:6:192.0.2.1]": "a@[IPv6:1:2:3:4:5:6:192.0.2.1]",
    "@x.test,@y:a@b": "a@b",
    "a@1-2.3": "a@1-2.3",
    "\u00fc.\u5f20@b": "\u00fc.\u5f20@b",
    '"\u00fc a"@b': '"\u00fc a"@b',
    "a@b\u00fccher.test": "a@b\u00fccher.test",
    "a@xn--bcher-kva.test": "a@xn--bcher-kva.test",
    "@b\u00fccher.test:a@b": "a@b",
}


@pytest.mark.parametrize(("written", "address"), ADDRESSES.items())
def test_addresses(written: str, address: str) -> None:
    assert grammar.mail(f"FROM:<{written}>") == PathArguments(address, ())
    assert grammar.rcpt(f"to:<{written}>") == PathArguments(address, ())


BAD_ADDRESSES = [
    *["a", "@b", "a@", "a@b@c", ".a@b", "a.@b", "a..b@c", "a b@c", "a@b.", "a@.b", "a@b..c", "a@-b", "a@b-", "a@b_c"],
    *['"a"b@c', '"a@b', '"a"a"@b', "a@[1.2.3]", "a@[1.2.3.256]", "a@[1.2.3.4.5]", "a@[::1]", "a@[IPv6:zz]"],
    *[
        "a@[IPv6:1:2:3:4:5:6:7::]",
        "a@[IPv6:1:2:3:4:5::192.0.2.1]",
        "a@[IPv6:fe80::1%eth0]",
        "a@[]",
        "a@[x:y]",
        "@x:",
        "@x;a@b",
        "@x,y:a@b",
        "a@\u2603.\u2028",
        "a@b\u00fccher-.test",
        "a@\u212a.test",
        "@\u2028.test:a@b",
        "\udce9@b",
        "a@\udce9",
    ],
    *["a\x00@b", "a\r@b", "a\n@b", '"\t"@b', '"\x7f"@b'],
]


@pytest.mark.parametrize("written", BAD_ADDRESSES)
def test_what_is_no_address(written: str) -> None:
    for rule, argument in ((grammar.mail, "FROM"), (grammar.rcpt, "TO")):
        with pytest.raises(CommandRefused) as refused:
            rule(f"{argument}:<{written}>")
        assert refused.value.reply.code == 501


@pytest.mark.parametrize(
    "rest", [None, "", "FROM", "FROM:", "FROM <a@b>", "FROM: <a@b>", "FROM:a@b", "FROM:<a@b", "TO:<a@b>", "FROM:<a@b>x"]
)
def test_mail_takes_nothing_else(rest: str | None) -> None:
    with pytest.raises(CommandRefused) as refused:
        grammar.mail(rest)
    assert refused.value.reply.code == 501


def test_null_path_is_a_reverse_path_only() -> None:
    assert grammar.mail("FROM:<>") == PathArguments("", ())
    with pytest.raises(CommandRefused):
        grammar.rcpt("TO:<>")


def test_postmaster_needs_no_domain() -> None:
    assert grammar.rcpt("TO:<pOSTMASTER>") == PathArguments("pOSTMASTER", ())
    with pytest.raises(CommandRefused):
        grammar.mail("FROM:<postmaster>")


def test_lengths() -> None:
    longest_local = "l" * 64
    domain = ".".join(["d" * 63] * 3)  # 191
    assert grammar.rcpt(f"TO:<{longest_local}@{'d' * 189}>").address.startswith(longest_local)  # a path of 256
    for written in (
        f"{longest_local}l@b",
        f"{longest_local}l@{domain}",
        f"{longest_local}@{'d' * 190}",
        f"a@{'d' * 256}",
    ):
        with pytest.raises(CommandRefused) as refused:
            grammar.rcpt(f"TO:<{written}>")
        assert refused.value.reply is replies.PATH_TOO_LONG


def test_parameters() -> None:
    parameters = (Parameter("SIZE", "1000"), Parameter("X-Y9".upper(), None))
    assert grammar.mail("FROM:<> size=1000 x-y9") == PathArguments("", parameters)
    assert grammar.rcpt("TO:<Postmaster> size=1000 x-y9") == PathArguments("Postmaster", parameters)
    for bad in ("  a", " a  b", " =1", " a=", " a=b=c", " -a", " a\x00", " é", " a=\udce9"):
        with pytest.raises(CommandRefused) as refused:
            grammar.mail(f"FROM:<a@b>{bad}")
        assert refused.value.reply is replies.SYNTAX


@pytest.mark.parametrize(
    ("rest", "client"),
    [
        ("client.example", "client.example"),
        ("localhost", "localhost"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        ("[192.0.2.1] behind a router", "[192.0.2.1]"),
    ],
)
def test_hello(rest: str, client: str) -> None:
    assert grammar.hello(rest) == client


@pytest.mark.parametrize(
    "rest", [None, "", "a b", "a_b", "a..b", "[1]", "[IPv6:]", "é", "a\x00", "[1.2.3.4] \x00", "d" * 256]
)
def test_what_is_no_client_name(rest: str | None) -> None:
    with pytest.raises(CommandRefused):
        grammar.hello(rest)


def test_strings() -> None:
    assert grammar.optional_string(None) == ""
    assert grammar.optional_string("any thing") == "any thing"
    for bad in ("\x00", "é", "\x7f", "\n"):
        with pytest.raises(CommandRefused):
            grammar.optional_string(bad)


@pytest.mark.parametrize(
    ("rest", "arguments"),
    [
        ("bob@b", NameArguments("bob@b")),
        ("Bob Smith", NameArguments("Bob Smith")),
        ("b\u00fccher SMTPUTF8", NameArguments("b\u00fccher", utf8=True)),
        ("bob smtputf8", NameArguments("bob", utf8=True)),
        ("SMTPUTF8", NameArguments("SMTPUTF8")),
    ],
)
def test_names(rest: str, arguments: NameArguments) -> None:
    assert grammar.name(rest) == arguments


@pytest.mark.parametrize("rest", [None, "", "\x00", "\udce9", "\n"])
def test_what_is_no_name(rest: str | None) -> None:
    with pytest.raises(CommandRefused):
        grammar.name(rest)


@pytest.mark.parametrize(
    ("rest", "arguments"),
    [
        ("plain", AuthArguments("PLAIN", None)),
        ("PLAIN =", AuthArguments("PLAIN", b"")),
        ("SCRAM-SHA-256 YWJj", AuthArguments("SCRAM-SHA-256", b"abc")),
    ],
)
def test_auth(rest: str, arguments: AuthArguments) -> None:
    assert grammar.auth(rest) == arguments


@pytest.mark.parametrize(
    ("rest", "reply"),
    [
        (None, replies.SYNTAX),
        ("", replies.SYNTAX),
        ("PLAIN ", replies.SYNTAX),
        ("PL@IN", replies.SYNTAX),
        ("x" * 21, replies.SYNTAX),
        *[
            (f"PLAIN {bad}", replies.BAD_BASE64)
            for bad in ("=AAA", "AAA=BBB", "A", "AA", "A A=", "AAA*", "\u00e9AAA", "==")
        ],
    ],
)
def test_what_is_no_auth(rest: str | None, reply: replies.Reply) -> None:
    with pytest.raises(CommandRefused) as refused:
        grammar.auth(rest)
    assert refused.value.reply is reply


def test_bdat() -> None:
    assert grammar.bdat("0") == Chunk(0, last=False)
    assert grammar.bdat("010 last") == Chunk(10, last=True)
    for bad in (None, "", "x", "-1", "+1", "1 2", "1 LAST x", " 1", "1  LAST", "1" * 21, "\u0661"):
        with pytest.raises(CommandRefused):
            grammar.bdat(bad)


def test_no_arguments() -> None:
    grammar.no_arguments(None)
    with pytest.raises(CommandRefused):
        grammar.no_arguments("x")
