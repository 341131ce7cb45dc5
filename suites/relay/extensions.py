"""What the target makes of the extensions that a next hop offers, and of those that it does not.

RFC 5321 §2.2, §3.2, §4.1.1 and §4.3.1; RFC 1870, RFC 2920, RFC 3030, RFC 3207, RFC 6152, RFC 6531.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Mapping
from email import message_from_bytes

from harness.cases import case
from harness.stage import Stage, shown
from harness.testbed.attempt import Attempt, Fate, Transaction
from harness.testbed.case_bed import CaseHop
from harness.testbed.plan import GOOD, AttemptPlan, Point, breaking_tls, in_turn, offering_tls
from harness.verdicts import Facet
from suites.relay.exchange import alice, come, declare, ended, expect_relayed, expect_that, letter, send
from suites.relay.report import report_of

_MIME = (b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 8bit")
_TEXT = "Grüße aus Köln, 25 € — naïve façade"


def _eight_bit(name: str) -> bytes:
    """A message with octets above 127 in its body, in order."""
    return letter(name, _TEXT.encode(), b"", b"= and =3D stay", fields=_MIME)


async def _sent(stage: Stage, plan: AttemptPlan, message: bytes, *parameters: str) -> tuple[Attempt, CaseHop]:
    """The first attempt at a next hop with this plan."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(plan)
    await send(stage, sender, [f"bob@{hop.domain}"], message, *parameters)
    return await ended(stage, hop, 1, *stage.case.requirements), hop


#: Replies to EHLO after which HELO has to follow.
OLD_SERVERS = {"500": "500 5.5.2 not known", "502": "502 5.5.1 not here"}


def _declare_old_server(code: str, reply: str) -> None:
    requirements = ("RFC5321-3.2-b", "RFC5321-2.2.1-d")

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(GOOD.at(Point.EHLO, reply))
        message = letter("helo")
        await send(stage, sender, [f"bob@{hop.domain}"], message)
        sent = await expect_relayed(stage, hop, message, *requirements)
        given = " ".join((*sent.parameters, *sent.recipients[0].parameters))
        expect_that(stage, not given, "no parameters", shown(given.encode()), "RFC5321-4.1.1-e")

    title = f"A next hop that answers EHLO by {code} gets HELO, and no parameter of an extension"
    declare(f"relay/rfc5321-3.2/helo-after-{code}", title, [*requirements, "RFC5321-4.1.1-e"], script)


for _code, _reply in OLD_SERVERS.items():
    _declare_old_server(_code, _reply)


@case("relay/rfc5321-3.2/ehlo-at-each-connection", "RFC5321-3.2-b", "RFC5321-2.2.1-c")
async def ehlo_at_each_connection(stage: Stage) -> None:
    """A next hop that knew HELO only is greeted by EHLO again at the next connection."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(GOOD.at(Point.EHLO, "502 5.5.1 not here").at(Point.RCPT, "451 later"), GOOD))
    await send(stage, sender, [f"bob@{hop.domain}"], letter("anew"))
    await ended(stage, hop, 1, "RFC5321-3.2-b", "RFC5321-2.2.1-c")
    second = await ended(stage, hop, 2, "RFC5321-3.2-b", "RFC5321-2.2.1-c")
    said = second.verbs[0] if second.verbs else "nothing"
    expect_that(stage, said == "EHLO", "EHLO", said, "RFC5321-3.2-b", "RFC5321-2.2.1-c")


@case(
    "relay/rfc5321-4.1.4/the-order-of-commands",
    *("RFC5321-3.3-r", "RFC5321-4.1.1.1-h", "RFC5321-4.1.4-m", "RFC5321-4.1.1.10-c", "RFC5321-2.2.1-c"),
)
async def the_order_of_commands(stage: Stage) -> None:
    """A session begins with EHLO, has MAIL, RCPT and DATA in this order, and ends with QUIT."""
    attempt, _ = await _sent(stage, GOOD.without("CHUNKING"), letter("ordered"))
    verbs = attempt.verbs
    said = " ".join(verbs)
    expect_that(stage, verbs[:1] == ("EHLO",), "EHLO first", said, "RFC5321-2.2.1-c", "RFC5321-4.1.1.1-h")
    wanted = ["MAIL", "RCPT", "DATA"]
    inner = [each for each in verbs if each in wanted]
    expect_that(stage, inner == wanted, "MAIL RCPT DATA", said, "RFC5321-3.3-r")
    expect_that(stage, verbs[-1:] == ("QUIT",), "QUIT last", said, "RFC5321-4.1.4-m", "RFC5321-4.1.1.10-c")


@case(
    "relay/rfc5321-2.3.5/the-name-in-ehlo", "RFC5321-2.3.5-b", "RFC5321-2.3.5-a", "RFC5321-4.1.2-h", "RFC6531-3.7.1-a"
)
async def the_name_in_ehlo(stage: Stage) -> None:
    """The target gives a full name of its own in EHLO, in ASCII."""
    attempt, _ = await _sent(stage, GOOD, letter("named"))
    name = attempt.commands[0].partition(" ")[2]
    full = re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[.*\]", name) is not None
    requirements = ("RFC5321-2.3.5-b", "RFC5321-2.3.5-a", "RFC5321-4.1.2-h", "RFC6531-3.7.1-a")
    expect_that(stage, full, "a full name", shown(name.encode()), *requirements)


@case("relay/rfc5321-4.1.1.1/keywords-in-any-case", "RFC5321-4.1.1.1-i")
async def keywords_in_any_case(stage: Stage) -> None:
    """A next hop that lists its extensions in lower case is taken to have them."""
    plan = GOOD.without("8BITMIME", "SIZE").announcing("8bitMime", "size 50000000")
    sent = (await _sent(stage, plan, _eight_bit("cased")))[0].transactions
    stage.require(len(sent) > 0, "a transaction")
    given = " ".join(sent[0].parameters).upper()
    used = "BODY=8BITMIME" in given or "SIZE=" in given
    expect_that(stage, used, "SIZE or BODY", shown(given.encode()), "RFC5321-4.1.1.1-i")


@case("relay/rfc5321-4.3.1/waits-for-the-greeting", "RFC5321-4.3.1-b")
async def waits_for_the_greeting(stage: Stage) -> None:
    """The target says nothing before the greeting, though it comes late."""
    attempt, _ = await _sent(stage, GOOD.at(Point.GREETING, pause=0.4), letter("early"))
    early = bool(attempt.said) and attempt.said[0].side.value == "C"
    early = early or Point.GREETING.value in attempt.ahead
    expect_that(stage, not early, "nothing", "a command", "RFC5321-4.3.1-b")


@case("relay/rfc5321-4.3.1/one-command-at-a-time", "RFC5321-4.3.1-a", "RFC2920-3.1-a")
async def one_command_at_a_time(stage: Stage) -> None:
    """Without PIPELINING each command waits for the reply to the one before."""
    plan = GOOD.without("PIPELINING")
    for point in (Point.EHLO, Point.MAIL, Point.RCPT, Point.DATA):
        plan = plan.at(point, pause=0.1)
    attempt, _ = await _sent(stage, plan, letter("waiting"))
    said = ", ".join(attempt.ahead)
    expect_that(stage, not attempt.ahead, "no command ahead", said, "RFC5321-4.3.1-a", "RFC2920-3.1-a")


@case("relay/rfc2920-3.1/the-last-of-a-group", "RFC2920-3.1-b")
async def the_last_of_a_group(stage: Stage) -> None:
    """EHLO, DATA and QUIT are followed by nothing before they are answered, also with PIPELINING."""
    plan = GOOD.without("CHUNKING").at(Point.EHLO, pause=0.1).at(Point.DATA, pause=0.1)
    attempt, _ = await _sent(stage, plan, letter("grouped"))
    ahead = [each for each in attempt.ahead if each in ("EHLO", "DATA", "QUIT")]
    expect_that(stage, not ahead, "none of these", ", ".join(ahead), "RFC2920-3.1-b")


async def _counted(stage: Stage, plan: AttemptPlan, *requirements: str) -> Transaction:
    """With PIPELINING three recipients; the message must come to those that were accepted and no others."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(plan)
    message = letter("counted")
    await send(stage, sender, [f"bob{number}@{hop.domain}" for number in (1, 2, 3)], message)
    sent = await expect_relayed(stage, hop, message, *requirements)
    report = await report_of(stage, sender, *requirements)
    refused = sorted(each.path for each in sent.recipients if not each.accepted)
    said = ", ".join(report.failed)
    expect_that(stage, report.failed == refused, ", ".join(refused), said, *requirements, facet=Facet.EFFECT)
    return sent


@case("relay/rfc2920-3.1/replies-are-counted", "RFC2920-3.1-d", "RFC2920-3.1-c")
async def replies_are_counted(stage: Stage) -> None:
    """Replies of several lines count as one each: the recipient that was refused is reported, and no other."""
    plan = GOOD.at(Point.MAIL, "250-2.1.0 one\r\n250-2.1.0 two\r\n250 2.1.0 three")
    plan = plan.answering("bob1", "250-2.1.5 yes\r\n250 2.1.5 yes").answering("bob2", "550-5.1.1 no\r\n550 5.1.1 no")
    await _counted(stage, plan, "RFC2920-3.1-d", "RFC2920-3.1-c")


@case("relay/rfc2920-3.1/all-recipients-refused", "RFC2920-3.1-c", "RFC5321-3.3-m")
async def all_recipients_refused(stage: Stage) -> None:
    """Where every recipient is refused, no message is handed over."""
    attempt, _ = await _sent(stage, GOOD.without("CHUNKING").at(Point.RCPT, "550 5.1.1 no"), letter("nobody"))
    leaked = any(line.startswith("Subject:") for line in attempt.commands)
    leaked = leaked or any(each.message for each in attempt.transactions)
    expect_that(stage, not leaked, "no message", "the message", "RFC2920-3.1-c", "RFC5321-3.3-m", facet=Facet.EFFECT)


@case("relay/rfc5321-3.3/data-without-354", "RFC5321-3.3-m")
async def data_without_354(stage: Stage) -> None:
    """Where DATA is answered by 250, the target sends no message."""
    attempt, _ = await _sent(stage, GOOD.without("CHUNKING").at(Point.DATA, "250 2.0.0 fine"), letter("no-354"))
    leaked = any("Subject:" in line or "tide" in line for line in attempt.commands)
    expect_that(stage, not leaked, "no line of the message", "some", "RFC5321-3.3-m")


# ---- SIZE -----------------------------------------------------------------------------------------------------------


@case("relay/rfc1870-7/too-large-for-the-next-hop", "RFC1870-7-b", "RFC1870-6.2-b")
async def too_large_for_the_next_hop(stage: Stage) -> None:
    """A message beyond a next hop's SIZE is not handed over, and its sender told."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(GOOD.announcing("SIZE 1000"))
    await send(stage, sender, [f"bob@{hop.domain}"], letter("large", *(b"x" * 70 for _ in range(40))))
    attempt = await ended(stage, hop, 1, "RFC1870-7-b", "RFC1870-6.2-b")
    handed = any(each.message for each in attempt.transactions)
    expect_that(stage, not handed, "no message", "the message", "RFC1870-7-b", facet=Facet.EFFECT)
    report = await report_of(stage, sender, "RFC1870-6.2-b")
    said = ", ".join(report.failed)
    expect_that(stage, said == f"bob@{hop.domain}", "a failure", said, "RFC1870-6.2-b", facet=Facet.EFFECT)


@case("relay/rfc1870-6/one-size-parameter", "RFC1870-6-c")
async def one_size_parameter(stage: Stage) -> None:
    """MAIL has one SIZE parameter at most, and it is about the message's size."""
    attempt, _ = await _sent(stage, GOOD, letter("sized", *(b"x" * 70 for _ in range(40))))
    given = [each for each in attempt.transactions[0].parameters if each.upper().startswith("SIZE=")]
    expect_that(stage, len(given) <= 1, "one SIZE at most", " ".join(given), "RFC1870-6-c")


@case("relay/rfc1870-6.2/the-transaction-ends", "RFC1870-6.2-c")
async def the_transaction_ends(stage: Stage) -> None:
    """After 552 to a declared size the target goes on with RSET or QUIT."""
    attempt, _ = await _sent(stage, GOOD.without("PIPELINING").at(Point.MAIL, "552 5.3.4 too large"), letter("ended"))
    after = attempt.verbs[attempt.verbs.index("MAIL") + 1 :]
    expect_that(stage, after[:1] in (("RSET",), ("QUIT",)), "RSET or QUIT", " ".join(after), "RFC1870-6.2-c")


# ---- 8BITMIME, SMTPUTF8, BINARYMIME ---------------------------------------------------------------------------------


@case("relay/rfc6152-3/eight-bits-stay", "RFC6152-3-c", "RFC6152-3-h")
async def eight_bits_stay(stage: Stage) -> None:
    """A next hop with 8BITMIME gets every octet as it is, declared by BODY=8BITMIME."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    message = _eight_bit("eight")
    await send(stage, sender, [f"bob@{hop.domain}"], message, "BODY=8BITMIME", needs=["8BITMIME"])
    sent = await come(stage, hop, 1, "RFC6152-3-c")
    same = sent.message.endswith(message)
    expect_that(stage, same, "the same octets", "others", "RFC6152-3-c", facet=Facet.CONTENT)
    said = " ".join(sent.parameters)
    expect_that(stage, "BODY=8BITMIME" in said.upper(), "BODY=8BITMIME", said, "RFC6152-3-h")


async def _converted(stage: Stage, message: bytes, *requirements: str) -> Transaction | None:
    """What a next hop without 8BITMIME is given; None where the message was returned."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(GOOD.without("8BITMIME", "SMTPUTF8", "BINARYMIME"))
    await send(stage, sender, [f"bob@{hop.domain}"], message, "BODY=8BITMIME", needs=["8BITMIME"])
    attempt = await ended(stage, hop, 1, *requirements)
    if attempt.fate is Fate.DELIVERED:
        return await come(stage, hop, 1, *requirements)
    await report_of(stage, sender, *requirements)
    expect_that(stage, True, "the message in seven bits, or a report", "a report", *requirements)
    return None


_SEVEN = ("RFC6152-3-d", "RFC6152-3-e", "RFC6152-3-f", "RFC6152-3-g", "RFC5321-2.4-f")


@case("relay/rfc6152-3/no-eight-bits-without-the-extension", *_SEVEN)
async def no_eight_bits(stage: Stage) -> None:
    """A next hop without 8BITMIME gets the same text in seven bits and valid MIME, or the sender a report."""
    sent = await _converted(stage, _eight_bit("seven"), *_SEVEN)
    if sent is None:
        return
    ascii_only = sent.message.isascii()
    expect_that(stage, ascii_only, "seven bits", "eight", "RFC6152-3-d", "RFC6152-3-e", "RFC5321-2.4-f")
    part = message_from_bytes(sent.message)
    kind = (part["Content-Transfer-Encoding"] or "").lower()
    body = sent.message.partition(b"\r\n\r\n")[2]
    decoded = {"quoted-printable": quopri.decodestring, "base64": base64.b64decode}.get(kind, lambda octets: octets)(
        body
    )
    whole = decoded.replace(b"\r\n", b"\n").rstrip() == (_TEXT + "\n\n= and =3D stay").encode()
    expect_that(stage, whole, "the text", shown(decoded, 200), "RFC6152-3-f", facet=Facet.CONTENT)
    labels = part.get_all("Content-Transfer-Encoding") or []
    valid = len(labels) == 1 and kind in ("quoted-printable", "base64") and "MIME-Version" in part
    expect_that(stage, valid, "one label that fits", ", ".join(labels), "RFC6152-3-g", facet=Facet.CONTENT)


@case("relay/rfc6152-3/nested-parts-in-seven-bits", "RFC6152-3-d", "RFC6152-3-g", "RFC6152-3-f")
async def nested_parts(stage: Stage) -> None:
    """In a multipart for a next hop without 8BITMIME the parts are encoded, and no multipart around them."""
    lines = (
        *(b"--b", b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 8bit", b""),
        *(_TEXT.encode(), b"--b", b"Content-Type: text/plain", b"", b"plain", b"--b--"),
    )
    fields = (b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="b"', b"Content-Transfer-Encoding: 8bit")
    sent = await _converted(stage, letter("nested", *lines, fields=fields), "RFC6152-3-d", "RFC6152-3-g", "RFC6152-3-f")
    if sent is None:
        return
    expect_that(stage, sent.message.isascii(), "seven bits", "eight", "RFC6152-3-d", facet=Facet.CONTENT)
    whole = message_from_bytes(sent.message)
    outer = (whole["Content-Transfer-Encoding"] or "7bit").lower()
    expect_that(stage, outer == "7bit", "7bit", outer, "RFC6152-3-g", facet=Facet.CONTENT)
    texts = [each.get_payload(decode=True) for each in whole.walk() if not each.is_multipart()]
    same = bool(texts) and isinstance(texts[0], bytes) and texts[0].strip() == _TEXT.encode()
    expect_that(stage, same, "the text", f"{len(texts)} parts", "RFC6152-3-f", facet=Facet.CONTENT)


@case("relay/rfc6531-3.4/smtputf8-where-it-is-needed", "RFC6531-3.4-a")
async def smtputf8_where_needed(stage: Stage) -> None:
    """A recipient in UTF-8 is given to a next hop with SMTPUTF8 as he is, and MAIL has SMTPUTF8."""
    sender = await alice(stage)
    hop = await stage.testbed.hop()
    await send(stage, sender, [f"jürgen@{hop.domain}"], letter("utf8"), "SMTPUTF8", needs=["SMTPUTF8"])
    sent = await come(stage, hop, 1, "RFC6531-3.4-a")
    said = " ".join(sent.parameters)
    path = sent.recipients[0].path.encode("latin-1")
    holds = "SMTPUTF8" in said.upper() and path.startswith("jürgen@".encode())
    expect_that(stage, holds, "SMTPUTF8, and the recipient", f"{said}, {shown(path)}", "RFC6531-3.4-a")


@case("relay/rfc6531-3.4/no-smtputf8-for-ascii", "RFC6531-3.4-c")
async def no_smtputf8_for_ascii(stage: Stage) -> None:
    """A message in ASCII that came without SMTPUTF8 is sent on without it."""
    attempt, _ = await _sent(stage, GOOD, letter("ascii"))
    said = " ".join(attempt.transactions[0].parameters)
    expect_that(stage, "SMTPUTF8" not in said.upper(), "no SMTPUTF8", said, "RFC6531-3.4-c")


_NEEDY: Mapping[str, tuple[str, tuple[bytes, ...]]] = {
    "recipient": ("jürgen", ()),
    "header": ("bob", ("X-Said: Grüße".encode(),)),
}


def _declare_needy(slug: str, local: str, fields: tuple[bytes, ...]) -> None:
    requirements = ("RFC6531-3.2-f", "RFC6531-3.5-a", "RFC6531-3.2-d")

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(GOOD.without("SMTPUTF8"))
        message = letter("needy", fields=fields)
        await send(stage, sender, [f"{local}@{hop.domain}"], message, "SMTPUTF8", needs=["SMTPUTF8"])
        await report_of(stage, sender, "RFC6531-3.2-f")
        sent = [each for attempt in await hop.attempts() for each in attempt.transactions if each.message]
        clean = not sent and all(line.isascii() for attempt in await hop.attempts() for line in attempt.commands)
        expect_that(stage, clean, "nothing of it sent", "some", "RFC6531-3.5-a", "RFC6531-3.2-d")
        expect_that(stage, True, "a report", "a report", "RFC6531-3.2-f")

    title = f"A message with an internationalized {slug} is returned where the next hop lacks SMTPUTF8"
    declare(f"relay/rfc6531-3.2/{slug}-needs-smtputf8", title, list(requirements), script)


for _slug, (_local, _fields) in _NEEDY.items():
    _declare_needy(_slug, _local, _fields)


@case("relay/rfc6531-3.1/smtputf8-with-a-parameter", "RFC6531-3.1-c")
async def smtputf8_with_a_parameter(stage: Stage) -> None:
    """A next hop that lists SMTPUTF8 with a parameter is taken to have it."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(GOOD.announcing("SMTPUTF8 reserved"))
    message = letter("parameter")
    await send(stage, sender, [f"jürgen@{hop.domain}"], message, "SMTPUTF8", needs=["SMTPUTF8"])
    await expect_relayed(stage, hop, message, "RFC6531-3.1-c")


_BINARY = (b"MIME-Version: 1.0", b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: binary")
_OCTETS = bytes(range(256)) * 4


async def _binary(stage: Stage, plan: AttemptPlan, *requirements: str) -> tuple[Attempt, bytes, CaseHop]:
    """A binary message, submitted by BDAT; the first attempt at the next hop, and the message."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(plan)
    message = letter("binary", b"", fields=_BINARY).rstrip() + b"\r\n\r\n" + _OCTETS
    async with await stage.outgoing() as session:
        if not {"CHUNKING", "BINARYMIME"} <= set(session.extensions):
            stage.not_applicable("the target does not announce BINARYMIME where mail is submitted")
        stage.require((await session.mail(sender.address, "BODY=BINARYMIME")).ok, "BINARYMIME to be taken")
        stage.require((await session.rcpt(f"bob@{hop.domain}")).ok, "its recipient to be taken")
        stage.require((await session.bdat(message, last=True))[-1].ok, "its chunk to be taken")
    return await ended(stage, hop, 1, *requirements), message, hop


@case("relay/rfc3030-3/binary-stays-binary", "RFC3030-3-c", "RFC3030-3-e")
async def binary_stays_binary(stage: Stage) -> None:
    """A next hop with BINARYMIME gets a binary message by BDAT, octet for octet."""
    attempt, message, _ = await _binary(stage, GOOD.announcing("BINARYMIME"), "RFC3030-3-c", "RFC3030-3-e")
    stage.require(len(attempt.transactions) > 0, "a transaction")
    sent = attempt.transactions[0]
    expect_that(stage, sent.chunked, "BDAT", "DATA", "RFC3030-3-e")
    same = sent.message.endswith(message)
    expect_that(stage, same, "the same octets", f"{len(sent.message)}", "RFC3030-3-c", facet=Facet.CONTENT)


@case("relay/rfc3030-3/no-binary-without-the-extension", "RFC3030-3-f", "RFC3030-3-g", "RFC3030-3-h")
async def no_binary(stage: Stage) -> None:
    """A next hop without BINARYMIME gets a binary message encoded, with nothing lost, or it is returned."""
    attempt, _, _ = await _binary(stage, GOOD.without("CHUNKING"), "RFC3030-3-f", "RFC3030-3-g")
    sent = [each for each in attempt.transactions if each.accepted]
    plain = all(
        b"\0" not in each.raw and "BINARYMIME" not in " ".join(each.parameters) for each in attempt.transactions
    )
    expect_that(stage, plain, "no binary octets", "some", "RFC3030-3-f", "RFC3030-3-g", facet=Facet.CONTENT)
    if sent:
        decoded = message_from_bytes(sent[0].message).get_payload(decode=True)
        same = isinstance(decoded, bytes) and _OCTETS in decoded
        expect_that(stage, same, "the same octets, encoded", "others", "RFC3030-3-h", facet=Facet.CONTENT)


# ---- STARTTLS -------------------------------------------------------------------------------------------------------


@case("relay/rfc3207-4.2/begins-anew-inside-tls", "RFC3207-4.2-c", "RFC3207-4.2-d", "RFC3207-4.2-g")
async def begins_anew_inside_tls(stage: Stage) -> None:
    """Inside TLS the target begins with EHLO again and does not ask for TLS once more."""
    attempt, _ = await _sent(stage, offering_tls(), letter("tls"))
    if not attempt.tls:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    inside = [
        each.octets.split(b" ")[0].strip().upper() for each in attempt.said if each.secure and each.side.value == "C"
    ]
    first = inside[0].decode("latin-1") if inside else "nothing"
    expect_that(stage, first == "EHLO", "EHLO first", first, "RFC3207-4.2-d", "RFC3207-4.2-c")
    expect_that(stage, b"STARTTLS" not in inside, "no STARTTLS", "one", "RFC3207-4.2-g")


@case("relay/rfc3207-4/the-handshake-at-once", "RFC3207-4-j", "RFC3207-4-l")
async def the_handshake_at_once(stage: Stage) -> None:
    """Behind STARTTLS nothing is sent before its reply, and after 220 the handshake follows."""
    attempt, _ = await _sent(stage, offering_tls().at(Point.STARTTLS, pause=0.1), letter("handshake"))
    if "STARTTLS" not in attempt.verbs:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    alone = Point.STARTTLS.value not in attempt.ahead
    expect_that(stage, alone, "nothing behind STARTTLS", "something", "RFC3207-4-l")
    expect_that(stage, bool(attempt.tls), "a handshake", "none", "RFC3207-4-j")


@case("relay/rfc3207-4.3/after-a-failed-handshake", "RFC3207-4.3-a", "RFC3207-4-k")
async def after_a_failed_handshake(stage: Stage) -> None:
    """After a handshake that fails no mail goes over that connection, and the message comes over another one."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(breaking_tls(), GOOD))
    message = letter("broken-tls")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    first = await ended(stage, hop, 1, "RFC3207-4.3-a")
    if "STARTTLS" not in first.verbs:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    said = " ".join(first.verbs)
    expect_that(stage, "MAIL" not in first.verbs, "no MAIL", said, "RFC3207-4.3-a", "RFC3207-4-k")
    await expect_relayed(stage, hop, message, "RFC3207-4-k")


@case("relay/rfc3207-6/an-injected-reply", "RFC3207-6-d")
async def an_injected_reply(stage: Stage) -> None:
    """What a next hop said in the clear behind its 220 to STARTTLS is no reply to the EHLO inside TLS."""
    plan = offering_tls(GOOD.without("8BITMIME")).at(
        Point.STARTTLS, "220 2.0.0 go ahead\r\n250-injected\r\n250 8BITMIME"
    )
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(plan, GOOD.without("8BITMIME")))
    await send(stage, sender, [f"bob@{hop.domain}"], _eight_bit("injected"), "BODY=8BITMIME", needs=["8BITMIME"])
    first = await ended(stage, hop, 1, "RFC3207-6-d")
    if "STARTTLS" not in first.verbs:
        stage.not_applicable("the target does not use the TLS that a next hop offers")
    believed = any("BODY=8BITMIME" in each.upper() for each in first.commands)
    expect_that(stage, not believed, "the injected extension unused", "BODY=8BITMIME", "RFC3207-6-d")


@case("relay/rfc3207-4/tls-is-put-off", "RFC5321-3.8-c")
async def tls_is_put_off(stage: Stage) -> None:
    """A next hop that answers STARTTLS by 454 gets the message in the clear, or later: it is not returned."""
    sender = await alice(stage)
    hop = await stage.testbed.hop(in_turn(offering_tls().at(Point.STARTTLS, "454 4.7.0 not now"), GOOD))
    message = letter("no-tls")
    await send(stage, sender, [f"bob@{hop.domain}"], message)
    await expect_relayed(stage, hop, message, "RFC5321-3.8-c")
