"""Trace fields: what a server puts on top of each message, and what it leaves alone (RFC 5321 §4.4, RFC 3848).

They are read from the message as it was delivered. Where a message runs through several servers of one target (Postfix
and a delivery agent behind it), the lowest of the new Received fields is the one about our client.
"""

from __future__ import annotations

import re

from harness.cases import case
from harness.mail_session import SENDER
from harness.stage import Stage, shown
from suites.smtp.exchange import (
    expect,
    expect_that,
    finish,
    greeted,
    header_fields,
    letter,
    need,
    post,
    settle,
    transaction,
    values_of,
)

ON_TOP = "RFC5321-4.4-a"
OLD = (b"Received: from a.test by b.test; Mon, 3 Jun 2024 06:00:00 +0000", b"Received: from c.test by d.test; x")
_DATE = re.compile(
    rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4,}) "
    rb"\d\d:\d\d(?::\d\d)? ([+-]\d{4})(?: \([^()]*\))?"
)
#: Fields that a final delivery puts on top of all others.
_DELIVERY = ("return-path", "delivered-to", "x-original-to", "envelope-to", "delivery-date")
_LABEL = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_COMMENT = rb"(?:[ \t]*\([^()]*(?:\([^()]*\)[^()]*)*\))*"
_HOST = rb"(?:[A-Za-z0-9.-]+|\[[^\[\]]+\])"
_STAMP = re.compile(
    rb"(?i)from[ \t]+(?P<from>" + _HOST + rb"(?P<info>" + _COMMENT + rb"))"
    rb"[ \t]+by[ \t]+(?P<by>" + _HOST + rb")" + _COMMENT + rb"(?:[ \t]+via[ \t]+" + _ATOM + _COMMENT + rb")?"
    rb"(?:[ \t]+with[ \t]+(?P<with>" + _ATOM + rb")" + _COMMENT + rb")?"
    rb"(?:[ \t]+id[ \t]+(?P<id><[^<>]+>|" + _ATOM + rb")" + _COMMENT + rb")?"
    rb"(?:[ \t]+for[ \t]+(?P<for><[^<>]+>|[^ \t;]+)" + _COMMENT + rb")?"
    rb"(?:[ \t]+" + _ATOM + rb"[ \t]+(?:" + _ATOM + rb'|"[^"]*")' + _COMMENT + rb")*"
    rb"[ \t]*;[ \t]*(?P<date>.+)"
)


async def _stamp(stage: Stage, message: bytes, *requirements: str) -> bytes:
    """The Received field about our client in the message that was delivered; without one the case ends."""
    found = await stage.delivered(1)
    stage.require(len(found) == 1, f"one message in the mailbox; there are {len(found)}")
    new = len(values_of(found[0], "Received")) - len(values_of(message, "Received"))
    settle(expect_that(stage, new > 0, "a Received field of the server's own", f"{new} of them", *requirements))
    return values_of(found[0], "Received")[new - 1]


def _parsed(stage: Stage, stamp: bytes, *requirements: str) -> re.Match[bytes]:
    """The field in the grammar of Time-stamp-line; where it does not fit, the case is blocked."""
    parsed = _STAMP.fullmatch(stamp)
    if parsed is None:
        stage.require(False, f"a Received field that can be read, for {requirements[0]}; it is {shown(stamp, 300)}")
        raise AssertionError("a requirement that does not hold blocks the case")
    return parsed


@case("smtp/rfc5321-4.4/received-on-top", ON_TOP, "RFC5321-4.1.1.4-l", "RFC5321-4.4-g")
async def received_on_top(stage: Stage) -> None:
    """A message gets a Received field in front of all that came with it."""
    message = letter("stamped", fields=OLD)
    await post(stage, message, ON_TOP)
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    names = [name for name, _ in header_fields(found[0])]
    first = next((name for name in names if name not in _DELIVERY), "")
    expect_that(stage, first == "received", "Received on top", first or "no field", ON_TOP, "RFC5321-4.1.1.4-l")
    old = values_of(found[0], "Received")[-2:]
    kept = old == values_of(message, "Received")
    expect_that(stage, kept, "the older fields behind it", shown(b" | ".join(old), 300), "RFC5321-4.4-g")


@case("smtp/rfc5321-4.4/received-fields-are-left-alone", "RFC5321-4.4-f", "RFC5321-4.4-g")
async def received_fields_are_left_alone(stage: Stage) -> None:
    """Received fields that came along are neither changed, nor removed, nor put in another order."""
    message = letter("travelled", fields=(*OLD, b"Received: (odd)\r\n\tby\r\n\t e.test"))
    await post(stage, message, "RFC5321-4.4-f")
    stage.expect_delivered(await stage.delivered(1), [message], "RFC5321-4.4-f", "RFC5321-4.4-g")


@case("smtp/rfc5321-4.4/received-in-its-grammar", "RFC5321-4.4-s")
async def received_in_its_grammar(stage: Stage) -> None:
    """A Received field has its clauses in the order of the grammar."""
    message = letter("grammar")
    await post(stage, message, "RFC5321-4.4-s")
    stamp = await _stamp(stage, message, "RFC5321-4.4-s")
    fits = _STAMP.fullmatch(stamp) is not None
    expect_that(stage, fits, "from, by, via, with, id, for; date", shown(stamp, 300), "RFC5321-4.4-s")


@case("smtp/rfc5321-4.4/received-from-whom", "RFC5321-4.4-b", "RFC5321-4.4-c")
async def received_from_whom(stage: Stage) -> None:
    """A Received field tells the name from EHLO, and the address that the client had."""
    message = letter("whom")
    await post(stage, message, "RFC5321-4.4-b")
    stamp = await _stamp(stage, message, "RFC5321-4.4-b")
    expect_that(stage, stamp.lower().startswith(b"from "), "a from clause", shown(stamp, 200), "RFC5321-4.4-b")
    told = b"client.postel.test" in stamp and re.search(rb"\[[0-9.]+\]|\[IPv6:[0-9A-Fa-f:.]+\]", stamp) is not None
    expect_that(stage, told, "the client's name and [address]", shown(stamp, 200), "RFC5321-4.4-c")


@case("smtp/rfc5321-4.4/received-by-a-full-name", "RFC5321-2.3.5-a")
async def received_by_a_full_name(stage: Stage) -> None:
    """A Received field gives the server's name as a fully-qualified domain name or an address literal."""
    message = letter("by")
    await post(stage, message, "RFC5321-2.3.5-a")
    name = _parsed(stage, await _stamp(stage, message, "RFC5321-2.3.5-a"), "RFC5321-2.3.5-a")["by"]
    full = b"." in name.strip(b".") or name.startswith(b"[")
    expect_that(stage, full, "a domain of several labels", shown(name), "RFC5321-2.3.5-a")


@case("smtp/rfc5321-4.4/received-at-a-date", "RFC5321-4.4-t", "RFC5321-4.4-h")
async def received_at_a_date(stage: Stage) -> None:
    """A Received field has a date in the current syntax, with four digits of the year and a numeric offset."""
    message = letter("dated")
    await post(stage, message, "RFC5321-4.4-t")
    stamp = await _stamp(stage, message, "RFC5321-4.4-t")
    date = re.sub(rb"[ \t]+", b" ", stamp.rpartition(b";")[2]).strip()
    fits = _DATE.fullmatch(date)
    expect_that(stage, fits is not None, "a date of RFC 5322", shown(date), "RFC5321-4.4-t")
    offset = re.search(rb" [+-]\d{4}\b", date) is not None
    expect_that(stage, offset, "an offset such as +0100", shown(date), "RFC5321-4.4-h")


@case("smtp/rfc3848-1/esmtp-after-ehlo", "RFC3848-1-a", "RFC5321-4.4-u")
async def esmtp_after_ehlo(stage: Stage) -> None:
    """Received says ESMTP after EHLO."""
    message = letter("esmtp")
    await post(stage, message, "RFC3848-1-a")
    kind = _parsed(stage, await _stamp(stage, message, "RFC3848-1-a"), "RFC3848-1-a")["with"] or b""
    expect_that(stage, kind.upper() == b"ESMTP", "with ESMTP", shown(kind), "RFC3848-1-a", "RFC5321-4.4-u")


@case("smtp/rfc3848-1/smtp-after-helo", "RFC3848-1-a", "RFC5321-4.4-u")
async def smtp_after_helo(stage: Stage) -> None:
    """Received says SMTP after HELO."""
    session = await stage.smtp()
    await need(stage, session, "HELO client.postel.test")
    await transaction(stage, session)
    message = letter("old-smtp")
    await finish(stage, session, message, "RFC3848-1-a")
    kind = _parsed(stage, await _stamp(stage, message, "RFC3848-1-a"), "RFC3848-1-a")["with"] or b""
    expect_that(stage, kind.upper() == b"SMTP", "with SMTP", shown(kind), "RFC3848-1-a", "RFC5321-4.4-u")


@case("smtp/rfc5321-4.4/for-one-recipient-at-most", "RFC5321-4.4-e", "RFC5321-7.6-a", "RFC5321-7.2-a", users=2)
async def for_one_recipient_at_most(stage: Stage) -> None:
    """With two recipients neither Received nor another field tells one of them about the other."""
    own, other = stage.lease(2)
    message = letter("blind")
    await post(stage, message, "RFC5321-4.4-e", recipients=[own.address, other.address])
    stamp = await _stamp(stage, message, "RFC5321-4.4-e")
    paths = re.findall(rb"(?i)(?<![\w-])for[ \t]+((?:<[^<>]*>|[^ \t;]+)(?:,[ \t]*<[^<>]*>)*)", stamp)
    several = len(paths) > 1 or any(b"," in path for path in paths)
    expect_that(stage, not several, "one path at most", shown(stamp, 300), "RFC5321-4.4-e")
    head = (await stage.delivered(1))[0].partition(b"\r\n\r\n")[0]
    leaked = other.address.encode() in head
    expect_that(
        stage, not leaked, "not a word about the other", "the other's address", "RFC5321-7.2-a", "RFC5321-7.6-a"
    )


@case("smtp/rfc5321-4.4/return-path-on-top", "RFC5321-4.4-j", "RFC5321-4.4-v")
async def return_path_on_top(stage: Stage) -> None:
    """At delivery the reverse-path stands on top, in brackets and with its letters as they were."""
    path = "First.Last+Detail@Client.TEST"
    await post(stage, letter("returning"), "RFC5321-4.4-j", sender=path)
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    names = [name for name, _ in header_fields(found[0])]
    top = names.index("return-path") if "return-path" in names else -1
    before = "received" not in names[: max(top, 0)]
    expect_that(stage, top >= 0 and before, "Return-Path above Received", ", ".join(names[:4]), "RFC5321-4.4-j")
    said = (values_of(found[0], "Return-Path") or [b""])[0]
    same = said[1:-1].rpartition(b"@")[0] == b"First.Last+Detail" and said.lower() == f"<{path}>".lower().encode()
    expect_that(stage, same, f"Return-Path: <{path}>", shown(said), "RFC5321-4.4-v")


@case("smtp/rfc5321-2.4/the-case-of-a-local-part", "RFC5321-2.4-d")
async def the_case_of_a_local_part(stage: Stage) -> None:
    """The case of a sender's local-part is the same at delivery."""
    await post(stage, letter("cased"), "RFC5321-2.4-d", sender="MiXeD.CaSe@client.test")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    said = (values_of(found[0], "Return-Path") or [b""])[0]
    expect_that(stage, b"MiXeD.CaSe@" in said, "MiXeD.CaSe", shown(said), "RFC5321-2.4-d")


@case("smtp/rfc5321-4.1.1.3/no-route-in-the-return-path", "RFC5321-4.1.1.3-c", "RFC5321-C-c")
async def no_route_in_the_return_path(stage: Stage) -> None:
    """Hosts of a forward-path's source route are not copied into the reverse-path."""
    route = f"@relay.client.test:{stage.account.address}"
    session = await greeted(stage)
    await need(stage, session, f"MAIL FROM:<{SENDER}>")
    reply = await session.command(f"RCPT TO:<{route}>")
    if not reply.ok:
        stage.not_applicable("the server takes no source routes, as it may (RFC 5321 §3.6.1)")
    await finish(stage, session, letter("unrouted"), "RFC5321-4.1.1.3-c")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    said = (values_of(found[0], "Return-Path") or [b""])[0]
    same = said.lower() == f"<{SENDER}>".encode()
    expect_that(stage, same, f"<{SENDER}>", shown(said), "RFC5321-4.1.1.3-c", "RFC5321-C-c")


@case("smtp/rfc5321-7.2/no-field-beyond-the-trace", "RFC5321-7.2-b", "RFC5321-7.2-c")
async def no_field_beyond_the_trace(stage: Stage) -> None:
    """A message without To gets none by its envelope, nor Cc, Bcc or Apparently-To."""
    message = b"From: sender@client.test\r\nSubject: bare\r\n\r\nNothing else.\r\n"
    await post(stage, message, "RFC5321-7.2-b")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    names = {name for name, _ in header_fields(found[0])}
    said = ", ".join(sorted(names))
    added = names & {"to", "cc", "bcc"}
    expect_that(stage, not added, "no field with recipients", said, "RFC5321-7.2-b")
    expect_that(stage, "apparently-to" not in names, "no Apparently-To", said, "RFC5321-7.2-c")


@case("smtp/rfc5321-2.3.1/trace-fields-in-ascii", "RFC5321-2.3.1-a", "RFC6531-3.7.3-a")
async def trace_fields_in_ascii(stage: Stage) -> None:
    """All that the server puts on top of a message is ASCII, and its lines end in CRLF."""
    message = letter("ascii")
    await post(stage, message, "RFC5321-2.3.1-a")
    found = await stage.delivered(1)
    stage.require(len(found) == 1 and found[0].endswith(message), "the message behind its trace fields")
    added = found[0][: -len(message)]
    plain = added.isascii() and b"\n" not in added.replace(b"\r\n", b"")
    expect_that(stage, plain, "ASCII", shown(added, 300), "RFC5321-2.3.1-a", "RFC6531-3.7.3-a")


@case("smtp/rfc5321-C/no-routing-by-header-fields", "RFC5321-C-b", users=2)
async def no_routing_by_header_fields(stage: Stage) -> None:
    """A message goes to its recipients in the envelope and to none in its header."""
    _, other = stage.lease(2)
    fields = (f"Cc: {other.address}".encode(), f"Bcc: {other.address}".encode())
    await post(stage, letter("enveloped", fields=fields), "RFC5321-C-b")
    await stage.delivered(1)
    elsewhere = await stage.settled(account=other)
    expect_that(stage, not elsewhere, "nothing for others", f"{len(elsewhere)} messages", "RFC5321-C-b")


async def _travelled(stage: Stage, hops: int, codes: str, *requirements: str) -> bool:
    """Send a message with so many Received fields; whether it was accepted."""
    fields = tuple(b"Received: from h%d.test by h%d.test; x" % (number + 1, number) for number in range(hops))
    session = await greeted(stage)
    await transaction(stage, session)
    reply = await finish(stage, session, letter("hops", fields=fields), *requirements, codes=codes)
    return reply.ok


@case("smtp/rfc5321-6.3/ninety-hops", "RFC5321-6.3-a")
async def ninety_hops(stage: Stage) -> None:
    """A message with 90 Received fields is no loop yet."""
    await _travelled(stage, 90, "250", "RFC5321-6.3-a")
    found = await stage.delivered(1)
    expect_that(stage, len(found) == 1, "one message", f"{len(found)} messages", "RFC5321-6.3-a")


@case("smtp/rfc5321-6.3/a-thousand-hops", "RFC5321-6.3-b")
async def a_thousand_hops(stage: Stage) -> None:
    """A message with 1000 Received fields is in a loop: refused, or not delivered."""
    accepted = await _travelled(stage, 1000, "250|5yz|4yz", "RFC5321-6.3-b")
    found = await stage.settled()
    there = any(b"Subject: hops" in each for each in found)
    expect_that(stage, not there, "a refusal, or a bounce", "the message", "RFC5321-6.3-b")
    if accepted:
        stage.note("the server took the message before it looked for a loop")


@case("smtp/rfc3463-3.5/a-loop-by-its-status", "RFC3463-3.5-b", requires=("ENHANCEDSTATUSCODES",))
async def a_loop_by_its_status(stage: Stage) -> None:
    """A message that is refused for its loop gets the status 5.4.6."""
    session = await greeted(stage)
    await transaction(stage, session)
    fields = (b"Received: from h.test by h.test; x",) * 1000
    reply = await finish(stage, session, letter("status", fields=fields), "RFC3463-3.5-b", codes="250|5yz|4yz")
    if reply.ok:
        stage.not_applicable("the server refuses no message for a loop at its end")
    said = reply.enhanced or "no status"
    expect_that(stage, said.endswith((".4.6", ".4.0")), "5.4.6 or 5.4.0", said, "RFC3463-3.5-b")


#: Octets in EHLO, MAIL and parameters that would make a header field of their own.
INJECTIONS: dict[str, tuple[bytes, str]] = {
    "lf-in-ehlo": (b"EHLO client.test\nX-Injected: yes", "POSTEL-smtp_inject-a"),
    "cr-in-ehlo": (b"EHLO client.test\rX-Injected: yes", "POSTEL-smtp_inject-a"),
    "nul-in-ehlo": (b"EHLO client.test\0X-Injected: yes", "POSTEL-smtp_inject-a"),
    "lf-in-mail": (b"MAIL FROM:<a\nX-Injected: yes\n@client.test>", "POSTEL-smtp_inject-b"),
    "cr-in-mail": (b"MAIL FROM:<a\rX-Injected: yes\r@client.test>", "POSTEL-smtp_inject-b"),
    "quoted-lf-in-mail": (b'MAIL FROM:<"a\nX-Injected: yes"@client.test>', "POSTEL-smtp_inject-b"),
    "lf-in-a-parameter": (b"MAIL FROM:<a@client.test> BODY=7BIT\nX-Injected: yes", "POSTEL-smtp_inject-c"),
}


def _declare_injection(slug: str, line: bytes, requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        await session.send(line)
        reply = await session.read_reply()
        anew = reply.code == 421
        if not anew and await session.connection.hears_within(0.2):
            stage.note("the line was answered more than once, or the connection was closed")
            anew = True
        if anew:
            session = await greeted(stage)
        if anew or line.startswith(b"EHLO") or not reply.ok:
            await need(stage, session, f"MAIL FROM:<{SENDER}>")
        await need(stage, session, f"RCPT TO:<{stage.account.address}>")
        await finish(stage, session, letter("injected"), requirement)
        found = await stage.delivered(1)
        fields = [
            name for each in found for name, _ in header_fields(each.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        ]
        bare = any(
            octet in each.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"") for each in found for octet in b"\r\n\0"
        )
        clean = "x-injected" not in fields and not bare
        expect_that(stage, clean, "no field and no control character of the client's", "there are", requirement)

    script.__doc__ = f"No header field can be made by {slug.replace('-', ' ')}"
    case(f"smtp/postel-inject/{slug}", requirement)(script)


for _slug, (_line, _requirement) in INJECTIONS.items():
    _declare_injection(_slug, _line, _requirement)


@case(
    "smtp/rfc5321-4.1.1.1/the-server-names-itself",
    *("RFC5321-4.3.1-c", "RFC5321-4.1.1.1-b", "RFC5321-3.2-c"),
    *("RFC5321-2.3.4-a", "RFC5321-4.1.2-h", "RFC5321-3.1-a"),
)
async def the_server_names_itself(stage: Stage) -> None:
    """Greeting, EHLO and HELO give the same full name, or an address literal, as their first word."""
    session = await stage.smtp()
    greeting = session.greeting
    if greeting is None:
        raise AssertionError("a session has its greeting")
    settle(stage.expect_reply(greeting, "220", "RFC5321-3.1-a"))
    said = greeting.lines[0].split(b" ")[0]
    literal = said.startswith(b"[")
    expect_that(stage, not literal, "a domain name", shown(said), "RFC5321-2.3.4-a")
    fits = literal or all(_LABEL.fullmatch(label) for label in said.split(b"."))
    expect_that(stage, fits, "letters, digits and hyphens", shown(said), "RFC5321-4.1.2-h")
    full = b"." in said.strip(b".") or said.startswith(b"[")
    expect_that(stage, full, "220 and a full domain name", shown(said), "RFC5321-4.3.1-c")
    for line, requirement in (("EHLO a.client.test", "RFC5321-4.1.1.1-b"), ("HELO a.client.test", "RFC5321-3.2-c")):
        reply = await expect(stage, session, line, "250", requirement)
        name = reply.lines[0].split(b" ")[0]
        expect_that(stage, name.lower() == said.lower(), shown(said), shown(name), requirement)
