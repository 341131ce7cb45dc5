"""Parameters of MAIL and RCPT: known and unknown ones, with right and wrong values (RFC 5321 §4.1.1.11, §4.1.2).

SIZE (RFC 1870), BODY (RFC 6152, RFC 3030), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 §5). Those of RFC 3461 are in
`matrix_notifications.py`. A wrong value gets any 5yz where the extension does not name the code.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.smtp.dialogue_text import Generated, dialogue, expecting

UNKNOWN = ("RFC5321-4.1.1.11-a", "RFC5321-4.1.1-d")
SYNTAX = ("RFC5321-4.1.2-d",)
SIZE = ("RFC1870-6-a",)
NOT_A_SIZE = ("RFC1870-6-b",)
BODY = ("RFC6152-2-b",)
NOT_A_BODY = ("RFC6152-3-a",)
BINARY = ("RFC3030-3-b",)
UTF8 = ("RFC6531-3.4-d",)
AUTH = ("RFC4954-5-a",)
MAILBOX = ("RFC4954-5-b",)
NOT_XTEXT = ("RFC4954-8-b",)


@dataclass(frozen=True, slots=True)
class Given:
    """Parameters, the section and slug of their case, the codes that they must get, and why."""

    section: str
    slug: str
    text: str
    codes: str
    requirements: tuple[str, ...]
    requires: str = ""
    protocol: str = "smtp"


def _size(slug: str, text: str, codes: str, requirements: tuple[str, ...]) -> Given:
    return Given("rfc1870-6", f"size-{slug}", text, codes, requirements, "SIZE")


def _body(slug: str, text: str, codes: str, requirements: tuple[str, ...]) -> Given:
    return Given("rfc6152-2", f"body-{slug}", text, codes, requirements, "8BITMIME")


def _auth(slug: str, text: str, codes: str, requirements: tuple[str, ...]) -> Given:
    return Given("rfc4954-5", f"auth-{slug}", text, codes, requirements, protocol="submission")


MAIL = (
    Given("rfc5321-4.1.1.11", "unknown-parameter", "POSTEL=1", "555", UNKNOWN),
    Given("rfc5321-4.1.1.11", "unknown-parameter-without-a-value", "POSTEL", "555", UNKNOWN),
    Given("rfc5321-4.1.1.11", "private-parameter", "XPOSTEL=1", "555", UNKNOWN),
    Given("rfc5321-4.1.2", "parameter-without-a-name", "=1", "5yz", SYNTAX),
    Given("rfc5321-4.1.2", "parameter-with-a-hyphen-first", "-POSTEL=1", "5yz", SYNTAX),
    _size("of-one", "SIZE=1", "250", SIZE),
    _size("of-nothing", "SIZE=0", "250", SIZE),
    _size("with-leading-zeros", "SIZE=00000000000000000100", "250", SIZE),
    _size("in-lower-case", "size=100", "250", ("RFC5321-2.4-b",)),
    _size("of-letters", "SIZE=many", "5yz", NOT_A_SIZE),
    _size("below-zero", "SIZE=-1", "5yz", NOT_A_SIZE),
    _size("with-a-fraction", "SIZE=1.5", "5yz", NOT_A_SIZE),
    _size("in-hexadecimal", "SIZE=0x10", "5yz", NOT_A_SIZE),
    _size("without-a-number", "SIZE=", "5yz", NOT_A_SIZE),
    _body("7bit", "BODY=7BIT", "250", BODY),
    _body("8bitmime", "BODY=8BITMIME", "250", BODY),
    _body("in-lower-case", "body=8bitmime", "250", BODY),
    _body("in-mixed-case", "Body=8BitMime", "250", BODY),
    _body("with-another-value", "BODY=9BITMIME", "5yz", NOT_A_BODY),
    _body("without-a-value", "BODY=", "5yz", NOT_A_BODY),
    _body("alone", "BODY", "5yz", NOT_A_BODY),
    Given("rfc3030-3", "body-binarymime", "BODY=BINARYMIME", "250", BINARY, "BINARYMIME"),
    Given("rfc3030-3", "body-binarymime-in-lower-case", "body=binarymime", "250", BINARY, "BINARYMIME"),
    Given("rfc6531-3.4", "smtputf8", "SMTPUTF8", "250", UTF8, "SMTPUTF8"),
    Given("rfc6531-3.4", "smtputf8-in-lower-case", "smtputf8", "250", UTF8, "SMTPUTF8"),
    Given("rfc6531-3.4", "smtputf8-with-a-value", "SMTPUTF8=1", "5yz", ("RFC6531-3.4-b",), "SMTPUTF8"),
    Given("rfc6531-3.6", "smtputf8-and-8bitmime", "SMTPUTF8 BODY=8BITMIME", "250", ("RFC6531-3.6-b",), "SMTPUTF8"),
    Given("rfc5321-4.1.2", "two-parameters", "SIZE=100 BODY=8BITMIME", "250", SYNTAX, "SIZE 8BITMIME"),
    Given("rfc5321-4.1.2", "two-parameters-turned-round", "BODY=8BITMIME SIZE=100", "250", SYNTAX, "SIZE 8BITMIME"),
    _auth("of-nobody", "AUTH=<>", "250", AUTH),
    _auth("of-a-mailbox", "AUTH=lily@client.test", "250", MAILBOX),
    _auth("in-xtext", "AUTH=lily+2Broses@client.test", "250", MAILBOX),
    _auth("in-lower-case", "auth=<>", "250", AUTH),
    _auth("with-wrong-xtext", "AUTH=lily+ZZ@client.test", "5yz", NOT_XTEXT),
    Given("rfc4954-5", "auth-by-a-stranger", "AUTH=<>", "250", AUTH, "AUTH"),
    _auth("without-a-value", "AUTH=", "5yz", NOT_XTEXT),
)

RCPT = (
    Given("rfc5321-4.1.1.11", "unknown-parameter", "POSTEL=1", "555", UNKNOWN),
    Given("rfc5321-4.1.1.11", "unknown-parameter-without-a-value", "POSTEL", "555", UNKNOWN),
    Given("rfc5321-4.1.1.11", "parameter-of-mail", "SIZE=100", "555", UNKNOWN),
    Given("rfc5321-4.1.2", "parameter-without-a-name", "=1", "5yz", SYNTAX),
)


def _mail(given: Given) -> Generated:
    """MAIL with the parameters; where it is taken, the transaction is open."""
    steps = [f"C: MAIL FROM:<$sender> {given.text}", expecting(given.codes, *given.requirements)]
    code = "250" if given.codes == "250" else "503"
    steps += ["C: RCPT TO:<$address>", expecting(code, *given.requirements)]
    text = dialogue(f"MAIL with {given.text}", steps, protocol=given.protocol, requires=given.requires)
    return f"smtp/{given.section}/mail-{given.slug}", text


def _rcpt(given: Given) -> Generated:
    steps = [f"C: RCPT TO:<$address> {given.text}", expecting(given.codes, *given.requirements)]
    steps += ["C: DATA", expecting("503 | 554", *given.requirements)]
    text = dialogue(f"RCPT with {given.text}", steps, start="mail", requires=given.requires)
    return f"smtp/{given.section}/rcpt-{given.slug}", text


def cases() -> list[Generated]:
    """A case for each parameter."""
    return [*map(_mail, MAIL), *map(_rcpt, RCPT)]
