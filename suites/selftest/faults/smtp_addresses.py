"""The grammar of addresses: what is refused although it is right, and taken although it is wrong (RFC 5321 §4.1.2,
§4.1.3)."""

from __future__ import annotations

from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import fault, hearing, instead, replying

REFUSED = b"501 5.1.7 bad address syntax"
#: A path that is always right, to be read in place of another.
_RIGHT = rb"\1FROM:<sender@client.test>"


def _refuses(slug: str, title: str, requirements: str, pattern: bytes, seen_in: str = "") -> Fault:
    """Paths that match in MAIL are refused."""
    build = instead(rb"^MAIL FROM:" + pattern, REFUSED)
    return fault(f"address/{slug}", title, requirements, build, "MAIL", seen_in=seen_in)


def _takes(slug: str, title: str, requirements: str, pattern: bytes, seen_in: str = "") -> Fault:
    """Paths that match in MAIL are taken for right ones."""
    build = hearing(rb"^(MAIL )FROM:<" + pattern + rb">", _RIGHT)
    return fault(f"address/{slug}", title, requirements, build, "MAIL", seen_in=seen_in)


FAULTS = (
    _refuses(
        "no-specials",
        "A local-part may have letters, digits, dots and hyphens only",
        "4.1.1-c",
        rb"<[^\">@]*[^A-Z0-9.@\"<>-][^\">@]*@",
    ),
    _refuses("no-quotes", "Quoted local-parts are refused", "4.1.1-c", rb"<\""),
    _refuses("letter-first", "A local-part must begin and end with a letter or digit", "4.1.1-c", rb"<[-~]"),
    _refuses("one-letter", "A local-part of one letter is refused", "4.1.1-c", rb"<.@"),
    _refuses("digits", "A local-part of digits is taken for a telephone number", "4.1.1-c", rb"<[0-9]+@"),
    _refuses("mixed-case", "A local-part in both cases is refused", "4.1.1-c", rb"<MiXeD"),
    _refuses("dots", "A local-part with dots is refused", "4.1.1-c", rb"<[^@\"]*\.[^@\"]*@"),
    _refuses("digit-in-a-domain", "A domain that begins with a digit is refused", "4.1.2-a", rb"<[^>]*@[0-9]"),
    _refuses("hyphens-in-a-domain", "A domain with two hyphens is refused", "4.1.2-a", rb"<[^>]*@[^>]*--"),
    _refuses("case-of-a-domain", "A domain in upper case is refused", "4.1.2-a", rb"<[^>]*@CLIENT\.TEST>(?-i:)"),
    _refuses("labels", "A domain of more than five labels is refused", "4.1.2-a", rb"<[^>]*@(?:[^.>]+\.){5}"),
    _refuses("long-label", "A label of 63 octets is refused", "4.1.2-a", rb"<[^>]*@[^.>]{63}\."),
    _refuses("ipv4-literal", "IPv4 literals are refused", "4.1.3-a", rb"<[^>]*@\[[0-9]"),
    _refuses("ipv6-literal", "IPv6 literals are refused", "4.1.3-b", rb"<[^>]*@\[IPv6:", "servers of IPv4 days"),
    _refuses("long-local-part", "A local-part of 64 octets is too long", "4.5.3.1.1-a", rb"<[^@>]{64}@"),
    _refuses("long-path", "A path of 256 octets is too long", "4.5.3.1.3-a", rb"<[^>]{254}>"),
    _refuses("source-route", "A source route in the reverse-path is a syntax error", "4.1.2-b", rb"<@"),
    _takes("loose-local-part", "Whatever stands before the @ is a local-part", "4.1.2-c", rb"[^>]*[^>]@client\.test"),
    _takes(
        "anything",
        "Whatever stands in brackets is an address",
        "4.1.2-c",
        rb"(?:@client\.test|name@|name@[.-][^>]*|name@client(?:\.\.|-\.)test|name@\[\])",
    ),
    _takes(
        "loose-domain",
        "A domain may have any characters",
        "4.1.2-i",
        rb"name@(?:cli[^>]*|\*\.test)",
        seen_in="most servers, for underscores",
    ),
    _takes(
        "control-characters",
        "Control characters are characters like any other",
        "4.1.2-i",
        rb"[^>]*[\x01-\x1f\x7f][^>]*",
    ),
    _takes("ipv4-numbers", "Numbers of an IPv4 literal are not looked at", "4.1.2-c", rb"name@\[192[^>]*"),
    _takes("ipv6-groups", "An IPv6 literal may be anything with colons", "4.1.2-c", rb"name@\[(?:IPv6:|2001)[^>]*\]"),
    fault(
        "address/literal-in-ehlo",
        "EHLO with an IPv4 literal is refused",
        "4.1.3-a",
        instead(rb"^EHLO \[[0-9]", b"501 5.5.4 a name, please"),
        "EHLO",
    ),
    fault(
        "address/ipv6-in-ehlo",
        "EHLO with an IPv6 literal is refused",
        "4.1.3-b",
        instead(rb"^EHLO \[IPv6", b"501 5.5.4 a name, please"),
        "EHLO",
        seen_in="Exim with its default helo_try_verify_hosts patterns",
    ),
    fault(
        "address/long-name-in-ehlo",
        "EHLO with a name of 255 octets is too long",
        "4.5.3.1.2-a",
        instead(rb"^EHLO .{200}", b"501 5.5.4 too long"),
        "EHLO",
    ),
    fault(
        "address/only-known-names",
        "EHLO must have the name that the client's address has",
        "4.1.4-g",
        instead(rb"^EHLO mail\.", b"550 5.7.1 this is not your name"),
        "EHLO",
        seen_in="servers set up against spam",
    ),
    fault(
        "address/quoted-mailbox",
        "A quoted local-part is another mailbox than the same one without quotes",
        "4.1.2-e",
        instead(rb'^RCPT TO:<"user', b"550 5.1.1 no such user"),
        "RCPT",
    ),
    fault(
        "address/syntax-is-a-mailbox",
        "A path that cannot be read is said to be no mailbox, for the time being",
        "4.1.2-c 4.1.2-i",
        replying(rb"^MAIL FROM:<", lambda data: b"451" + data[3:] if data.startswith(b"501") else data),
        "MAIL",
    ),
)
