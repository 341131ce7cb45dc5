"""The grammar of addresses: what a path may be, and what it may not be (RFC 5321 §4.1.2, §4.1.3).

Reverse-paths are tried, since a server need not have the mailbox to accept one. Wrong ones get any 5yz: 501, 553 and
550 are all named for addresses that are not acceptable. What is wrong with a domain's characters must be refused, what
is wrong otherwise should be.
"""

from __future__ import annotations

from suites.smtp.dialogue_text import Generated, dialogue, expecting, raw

DOMAIN = "client.test"
LOCAL = "RFC5321-4.1.1-c"
PATH = "RFC5321-4.1.2-a"
IPV4 = "RFC5321-4.1.3-a"
IPV6 = "RFC5321-4.1.3-b"
WRONG = "RFC5321-4.1.2-c"
LABEL = "RFC5321-4.1.2-i"

#: Local-parts that fit the grammar, by slug, as `C!` writes them.
LOCAL_PARTS = {
    "one-letter": "a",
    "digits": "12345",
    "dots": "a.b.c",
    "mixed-case": "MiXeD.CaSe",
    "plus": "name+detail",
    "hyphen-first": "-name-",
    "exclamation-mark": "a!b",
    "number-sign": "a#b",
    "dollar-sign": "a$$b",
    "percent-sign": "a%b",
    "ampersand": "a&b",
    "apostrophe": "o'name",
    "asterisk": "a*b",
    "slash": "a/b",
    "equals-sign": "a=b",
    "question-mark": "a?b",
    "circumflex": "a^b",
    "underscore": "a_b",
    "grave-accent": "a`b",
    "braces": "{a}",
    "bar": "a|b",
    "tilde": "~a",
    "quoted": '\\"quoted\\"',
    "quoted-space": '\\"with space\\"',
    "quoted-at-sign": '\\"a@b\\"',
    "quoted-dots": '\\".two..dots.\\"',
    "quoted-quote": '\\"say \\\\\\"hello\\\\\\"\\"',
    "quoted-backslash": '\\"back\\\\\\\\slash\\"',
    "quoted-brackets": '\\"<a>\\"',
    "quoted-comma": '\\"last, first\\"',
    "quoted-pair-of-a-letter": '\\"\\\\a\\\\b\\"',
    "quoted-nothing": '\\"\\"',
}

#: Domains and address literals that fit the grammar, with the requirement.
DOMAINS = {
    "digit-first": ("1and1.test", PATH),
    "hyphens": ("a-b--c.test", PATH),
    "digits-only": ("123.test", PATH),
    "upper-case": ("CLIENT.TEST", PATH),
    "many-labels": ("a.b.c.d.e.f.g.h.test", PATH),
    "label-of-63-octets": ("x" * 63 + ".test", PATH),
    "a-label": ("xn--bcher-kva.test", PATH),
    "ipv4-literal": ("[192.0.2.1]", IPV4),
    "ipv4-literal-of-extremes": ("[10.0.255.0]", IPV4),
    "ipv6-literal": ("[IPv6:2001:db8::1]", IPV6),
    "ipv6-literal-in-full": ("[IPv6:2001:db8:0:0:0:0:0:1]", IPV6),
    "ipv6-literal-with-ipv4": ("[IPv6:::ffff:192.0.2.1]", IPV6),
}

#: Paths that do not fit the grammar, with the requirement.
MALFORMED = {
    "no-local-part": ("@client.test", WRONG),
    "no-domain": ("name@", WRONG),
    "dot-first": (".name@client.test", WRONG),
    "dot-last": ("name.@client.test", WRONG),
    "two-dots": ("na..me@client.test", WRONG),
    "a-space": ("na me@client.test", WRONG),
    "a-space-behind": ("name @client.test", WRONG),
    "a-quote-inside": ('na\\"me@client.test', WRONG),
    "an-open-quote": ('\\"name@client.test', WRONG),
    "text-behind-quotes": ('\\"na\\"me@client.test', WRONG),
    "two-at-signs": ("na@me@client.test", WRONG),
    "a-comment": ("name(comment)@client.test", WRONG),
    "a-comma": ("na,me@client.test", WRONG),
    "a-semicolon": ("na;me@client.test", WRONG),
    "a-colon": ("na:me@client.test", WRONG),
    "a-backslash": ("na\\\\me@client.test", WRONG),
    "domain-with-a-dot-first": ("name@.client.test", WRONG),
    "domain-with-two-dots": ("name@client..test", WRONG),
    "domain-with-a-hyphen-first": ("name@-client.test", WRONG),
    "domain-with-a-hyphen-last": ("name@client-.test", WRONG),
    "domain-with-an-underscore": ("name@cli_ent.test", LABEL),
    "domain-with-a-space": ("name@cli ent.test", LABEL),
    "domain-with-a-slash": ("name@cli/ent.test", LABEL),
    "domain-with-a-comma": ("name@cli,ent.test", LABEL),
    "domain-with-a-star": ("name@*.test", LABEL),
    "domain-with-a-control-character": ("name@cli\\x01ent.test", LABEL),
    "local-part-with-a-control-character": ("na\\x01me@client.test", LABEL),
    "local-part-with-delete": ("na\\x7fme@client.test", LABEL),
    "quoted-control-character": ('\\"na\\x07me\\"@client.test', LABEL),
    "ipv4-literal-beyond-255": ("name@[192.0.2.256]", WRONG),
    "ipv4-literal-of-three": ("name@[192.0.2]", WRONG),
    "ipv4-literal-of-five": ("name@[192.0.2.1.1]", WRONG),
    "ipv4-literal-that-is-open": ("name@[192.0.2.1", WRONG),
    "ipv4-literal-with-letters": ("name@[192.0.2.x]", WRONG),
    "ipv6-literal-without-its-tag": ("name@[2001:db8::1]", WRONG),
    "ipv6-literal-of-letters": ("name@[IPv6:zz::1]", WRONG),
    "ipv6-literal-of-seven": ("name@[IPv6:1:2:3:4:5:6:7]", WRONG),
    "ipv6-literal-of-nine": ("name@[IPv6:1:2:3:4:5:6:7:8:9]", WRONG),
    "ipv6-literal-with-two-gaps": ("name@[IPv6:1::2::3]", WRONG),
    "empty-literal": ("name@[]", WRONG),
}

#: Names for EHLO that fit the grammar.
OWN_NAMES = {
    "a-name": ("mail.client.test", "RFC5321-4.1.4-g"),
    "a-name-of-255-octets": (".".join(["x" * 62] * 3 + ["x" * 61, "test"]), "RFC5321-4.5.3.1.2-a"),
    "an-ipv4-literal": ("[192.0.2.1]", IPV4),
    "an-ipv6-literal": ("[IPv6:2001:db8::1]", IPV6),
    "an-ipv6-literal-with-ipv4": ("[IPv6:::ffff:192.0.2.1]", IPV6),
}


def _mail(path: str, code: str, requirement: str) -> list[str]:
    return [raw(f"MAIL FROM:<{path}>\\r\\n"), expecting(code, requirement)]


def _local_part(name: str, local: str) -> Generated:
    text = dialogue(f"A local-part: {name.replace('-', ' ')}", _mail(f"{local}@{DOMAIN}", "250", LOCAL))
    return f"smtp/rfc5321-4.1.2/local-part-{name}", text


def _domain(name: str, domain: str, requirement: str) -> Generated:
    section = "4.1.2" if requirement is PATH else "4.1.3"
    text = dialogue(f"A domain: {name.replace('-', ' ')}", _mail(f"name@{domain}", "250", requirement))
    return f"smtp/rfc5321-{section}/domain-{name}", text


def _malformed(name: str, path: str, requirement: str) -> Generated:
    """The path is refused, and no transaction is open behind it."""
    section = "4.1.3" if name.startswith("ipv") else "4.1.2"
    steps = [*_mail(path, "5yz", requirement), "C: RCPT TO:<$address>", expecting("503", requirement)]
    return f"smtp/rfc5321-{section}/malformed-{name}", dialogue(f"A wrong path: {name.replace('-', ' ')}", steps)


def _own_name(name: str, domain: str, requirement: str) -> Generated:
    steps = ["S: 220", f"C: EHLO {domain}", expecting("250", requirement)]
    steps += ["C: MAIL FROM:<$sender>", expecting("250", requirement)]
    text = dialogue(f"EHLO with {name.replace('-', ' ')}", steps, start="connected")
    return f"smtp/rfc5321-4.1.3/ehlo-with-{name}", text


def cases() -> list[Generated]:
    """A case for each address."""
    return [
        *(_local_part(*each) for each in LOCAL_PARTS.items()),
        *(_domain(name, *each) for name, each in DOMAINS.items()),
        *(_malformed(name, *each) for name, each in MALFORMED.items()),
        *(_own_name(name, *each) for name, each in OWN_NAMES.items()),
    ]
