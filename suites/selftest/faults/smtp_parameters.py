"""Parameters of MAIL and RCPT: unknown, malformed, doubled ones; SIZE, BODY, SMTPUTF8, AUTH, and those of DSN.

RFC 5321 §4.1.1.11, RFC 1870, RFC 6152, RFC 6531, RFC 4954 §5, RFC 3461 §4.
"""

from __future__ import annotations

from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import fault, hearing, instead, lacking, relisted, replying, swap


def _takes(slug: str, title: str, requirements: str, pattern: bytes, seen_in: str = "") -> Fault:
    """What matches behind a path is not there."""
    build = hearing(rb"^((?:MAIL|RCPT) [^>]*>.*?)" + pattern, rb"\1")
    return fault(f"parameter/{slug}", title, requirements, build, "MAIL", "RCPT", seen_in=seen_in)


def _refuses(
    slug: str, title: str, requirements: str, pattern: bytes, reply: bytes = b"501 5.5.4 no", seen_in: str = ""
) -> Fault:
    """A command with what matches behind its path is refused."""
    build = instead(rb"^(?:MAIL|RCPT) [^>]*>.* " + pattern, reply)
    return fault(f"parameter/{slug}", title, requirements, build, "MAIL", "RCPT", seen_in=seen_in)


def _says(slug: str, title: str, requirements: str, pattern: bytes, code: bytes) -> Fault:
    """A refusal of what matches has another code."""
    build = replying(rb"^(?:MAIL|RCPT) [^>]*> .*" + pattern, swap(rb"^5\d\d", code))
    return fault(f"parameter/{slug}", title, requirements, build, "MAIL", "RCPT")


FAULTS = (
    # ---- any
    _takes(
        "unknown",
        "Parameters that nobody knows are passed over",
        "4.1.1.11-a 4.1.1-d",
        rb" X?POSTEL\S*",
        "servers that tolerate everything",
    ),
    _takes("of-mail", "RCPT takes the parameters of MAIL", "4.1.1.11-a 4.1.1-d", rb" SIZE=100$(?<=> SIZE=100)", ""),
    _says("unknown-is-501", "Unknown parameters are refused by 501", "4.1.1.11-a 4.1.1-d", rb"(POSTEL|SIZE)", b"501"),
    _takes("malformed", "Parameters without a right name are passed over", "4.1.2-d", rb" (?:=|-)\S*"),
    _refuses("one", "MAIL takes one parameter", "4.1.2-d RFC6531-3.6-b RFC3461-5.1-a RFC3461-5.1-c", rb"\S+ \S+"),
    _refuses(
        "none",
        "Parameters are listed, and none is taken",
        "RFC1870-6-a RFC6152-2-b RFC3030-3-b RFC6531-3.4-d RFC3461-4.3-a RFC3461-5.1-a RFC3461-5.1-c "
        "RFC3461-4.4-a RFC3461-4.1-a RFC3461-4.2-a RFC4954-5-a RFC4954-5-b 4.2.4-c RFC1870-4-a",
        rb"",
        b"555 5.5.4 parameters not recognized",
    ),
    # ---- SIZE
    _takes("any-size", "SIZE is not looked at", "RFC1870-6-b RFC1870-6.1-a RFC1870-6.1-b RFC1870-7-a", rb" SIZE=\S*"),
    _refuses("size-of-nothing", "SIZE=0 and SIZE=1 are refused", "RFC1870-6-a", rb"SIZE=[01]$"),
    _refuses("size-with-zeros", "SIZE may have ten digits", "RFC1870-6-a RFC1870-3-b", rb"SIZE=\d{11}"),
    _refuses(
        "small-size",
        "What is declared beyond 64 KiB is refused, and no limit is announced",
        "RFC1870-4-a RFC1870-6-a",
        rb"SIZE=\d{6,8}$",
        b"552 5.3.4 too big",
    ),
    fault(
        "parameter/limit-is-too-much",
        "A declared size that is the limit itself is too much",
        "RFC1870-6-a",
        instead(rb"SIZE=67108864$", b"552 5.3.4 too big"),
        "MAIL",
    ),
    _says(
        "too-big-is-554",
        "Too big a size is refused by 554",
        "RFC1870-6.1-b RFC1870-6.1-a RFC1870-7-a",
        rb"SIZE=",
        b"554",
    ),
    fault(
        "parameter/too-big-status",
        "Too big a size is refused with the status of a full mailbox",
        "RFC3463-3.4-a",
        replying(rb"SIZE=", swap(rb"5\.3\.4", b"5.2.2")),
        "MAIL",
    ),
    fault(
        "parameter/size-with-a-unit", "SIZE is listed with a unit", "RFC1870-3-a", relisted("SIZE", "SIZE 64MB"), "EHLO"
    ),
    # ---- BODY
    _takes("any-body", "BODY takes any value", "RFC6152-3-a", rb" BODY(?:=9\S*|=|)(?= |$)"),
    _refuses(
        "body-in-upper-case", "BODY is understood in upper case only", "RFC6152-2-b RFC3030-3-b", rb"(?-i:body|Body)="
    ),
    _refuses("no-7bit", "BODY=7BIT is refused", "RFC6152-2-b", rb"BODY=7BIT"),
    _refuses(
        "long-body",
        "A MAIL command with BODY may have 256 octets",
        "RFC6152-2-c",
        rb"BODY=8BITMIME$(?<=.{256})",
        b"500 5.5.2 line too long",
    ),
    fault(
        "parameter/8bitmime-with-a-parameter",
        "8BITMIME is listed with a parameter",
        "RFC6152-2-a",
        relisted("8BITMIME", "8BITMIME YES"),
        "EHLO",
    ),
    # ---- SMTPUTF8
    _takes("smtputf8-value", "SMTPUTF8 takes a value", "RFC6531-3.4-b", rb"(?<=SMTPUTF8)=\S*"),
    _refuses(
        "smtputf8-in-upper-case", "SMTPUTF8 is understood in upper case only", "RFC6531-3.4-d", rb"(?-i:smtputf8)"
    ),
    _refuses(
        "long-smtputf8",
        "A MAIL command with SMTPUTF8 may have 256 octets",
        "RFC6531-3.1-e",
        rb"SMTPUTF8$(?<=.{250})",
        b"500 5.5.2 line too long",
    ),
    # ---- AUTH
    _refuses("auth-of-nobody", "AUTH=<> is refused", "RFC4954-5-a", rb"AUTH=<>"),
    _refuses("auth-of-others", "AUTH must name nobody", "RFC4954-5-b", rb"AUTH=[^<]", b"550 5.7.1 not yours"),
    _takes("auth-any", "AUTH takes any value", "RFC4954-8-b RFC4954-5-b", rb" AUTH=[^< ]*"),
    # ---- DSN
    _takes(
        "ret-any",
        "RET takes any value",
        "RFC3461-5.1-b RFC3461-4.3-b RFC3461-4.5-a",
        rb" RET(?:=SOME|=FULL(?= RET)|=)?(?= |$)",
    ),
    _takes(
        "envid-any",
        "ENVID takes any value",
        "RFC3461-5.1-b RFC3461-4-b RFC3461-4.4-b",
        rb" ENVID(?:=[^ ]*\+(?!2B)[^ ]*|=|)(?= |$)",
    ),
    _takes("envid-twice", "Of two ENVID the second counts", "RFC3461-4.5-a RFC3461-5.1-b", rb" ENVID=\S*(?= ENVID)"),
    _says(
        "mail-is-555",
        "Wrong parameters of DSN are refused by 555",
        "RFC3461-5.1-b RFC3461-4.3-b RFC3461-4-b RFC3461-4.4-b RFC3461-4.5-a "
        "RFC3461-5.1-d RFC3461-4.5-b RFC3461-4.2-b RFC3461-4.1-d RFC3461-4.1-b",
        rb"(RET|ENVID|NOTIFY|ORCPT)",
        b"555",
    ),
    _refuses(
        "keywords-in-upper-case",
        "Keywords and values of DSN are understood in upper case only",
        "RFC3461-4.3-a RFC3461-4.4-a RFC3461-4.1-c RFC3461-4.2-a",
        rb"(?-i:(?:ret|Ret|envid|notify|Notify|orcpt))=",
    ),
    _refuses("no-xtext", "A plus sign is no part of a value", "RFC3461-4-a", rb"(ENVID|ORCPT)=\S*\+2B"),
    _refuses("long-envid", "ENVID may have 64 characters", "RFC3461-4.4-c RFC3461-5.4-b", rb"ENVID=\S{65}"),
    _refuses("long-orcpt", "ORCPT may have 255 characters", "RFC3461-4.2-c", rb"ORCPT=\S{256}"),
    _refuses(
        "long-command",
        "A RCPT command with parameters of DSN may have 512 octets",
        "RFC3461-5.4-a",
        rb"ORCPT=\S{470}",
        b"500 5.5.2 line too long",
    ),
    _refuses("notify-one", "NOTIFY takes one word", "RFC3461-4.1-a RFC3461-5.1-c", rb"NOTIFY=\w+,"),
    _refuses(
        "notify-never", "NOTIFY takes SUCCESS, FAILURE and DELAY only", "RFC3461-4.1-a RFC3461-4.1-c", rb"NOTIFY=NEVER$"
    ),
    _takes("notify-any", "NOTIFY takes any words", "RFC3461-4.1-b RFC3461-4.1-d", rb" NOTIFY(?:=\w*,?,?\w*|)(?= |$)"),
    _takes(
        "notify-twice",
        "Of two NOTIFY the second counts",
        "RFC3461-4.5-b RFC3461-5.1-d",
        rb" (?:NOTIFY|ORCPT)=\S*(?= (?:NOTIFY|ORCPT))",
    ),
    _takes(
        "orcpt-any",
        "ORCPT takes any value",
        "RFC3461-5.1-d RFC3461-4-b RFC3461-4.2-b",
        rb" ORCPT(?:=[^;]*|=;.*|=\S*ZZ\S*|)$",
    ),
    fault(
        "parameter/dsn-with-a-parameter",
        "DSN is listed with a parameter",
        "RFC3461-2-a",
        relisted("DSN", "DSN SUCCESS"),
        "EHLO",
    ),
    # ---- not offered
    fault(
        "parameter/after-helo",
        "Parameters of no extension are taken after HELO",
        "4.1.1-d",
        hearing(rb"^(MAIL FROM:<sender@client\.test>) POSTEL=1$", rb"\1"),
        "HELO",
    ),
    fault("parameter/without-an-offer", "SIZE is taken, and not listed", "4.1.1-d 4.1.1.2-c", relisted("SIZE"), "MAIL"),
    fault(
        "parameter/other-extensions",
        "Parameters of extensions that are not there are passed over",
        "4.1.1-d 4.1.1.2-c",
        hearing(rb"^(MAIL FROM:<[^>]*>) (?:BY|HOLDFOR|MT-PRIORITY|REQUIRETLS)\S*$", rb"\1"),
        "MAIL",
    ),
    fault(
        "parameter/no-8bitmime",
        "8BITMIME is not offered",
        "2.4-l RFC6409-7-e RFC2033-5-c RFC6531-3.1-g",
        lacking("8BITMIME"),
        "EHLO",
    ),
)
