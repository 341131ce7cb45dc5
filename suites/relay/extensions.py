"""How the target speaks to a next hop: EHLO and HELO, the order of commands, pipelining, SIZE.

RFC 5321 §2.2, §3.2, §4.1.1 and §4.3.1; RFC 1870; RFC 2920.
"""

from __future__ import annotations

import re

from harness.cases import case
from harness.stage import Stage, shown
from harness.testbed.attempt import Transaction
from harness.testbed.plan import GOOD, AttemptPlan, Point, in_turn
from harness.verdicts import Facet
from suites.relay.eight_bits import eight_bit
from suites.relay.exchange import alice, declare, ended, expect_relayed, expect_that, first_attempt, letter, send
from suites.relay.report import report_of

#: Replies to EHLO after which HELO has to follow.
OLD_SERVERS = {"500": "500 5.5.2 not known", "502": "502 5.5.1 not here"}


def _declare_old_server(code: str, reply: str) -> None:
    requirements = ("RFC5321-3.2-b", "RFC5321-2.2.1-d")

    async def script(stage: Stage) -> None:
        sender = await alice(stage)
        hop = await stage.testbed.hop(GOOD.at(Point.EHLO, reply))
        message = letter("helo")
        await send(stage, sender, [f"bob@{hop.domain}"], message)
        first = await ended(stage, hop, 1, *requirements)
        given = "".join(line.partition(">")[2] for line in first.commands if line.startswith(("MAIL", "RCPT")))
        expect_that(stage, not given, "no parameters", shown(given.encode()), "RFC5321-4.1.1-e")
        await expect_relayed(stage, hop, message, *requirements)

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
    attempt = await first_attempt(stage, GOOD.without("CHUNKING"), letter("ordered"))
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
    attempt = await first_attempt(stage, GOOD, letter("named"))
    name = attempt.commands[0].partition(" ")[2]
    full = re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[.*\]", name) is not None
    requirements = ("RFC5321-2.3.5-b", "RFC5321-2.3.5-a", "RFC5321-4.1.2-h", "RFC6531-3.7.1-a")
    expect_that(stage, full, "a full name", shown(name.encode()), *requirements)


@case("relay/rfc5321-4.1.1.1/keywords-in-any-case", "RFC5321-4.1.1.1-i")
async def keywords_in_any_case(stage: Stage) -> None:
    """A next hop that lists its extensions in lower case is taken to have them."""
    plan = GOOD.without("8BITMIME", "SIZE").announcing("8bitMime", "size 50000000")
    sent = (await first_attempt(stage, plan, eight_bit("cased"))).transactions
    stage.require(len(sent) > 0, "a transaction")
    given = " ".join(sent[0].parameters).upper()
    used = "BODY=8BITMIME" in given or "SIZE=" in given
    expect_that(stage, used, "SIZE or BODY", shown(given.encode()), "RFC5321-4.1.1.1-i")


@case("relay/rfc5321-4.3.1/waits-for-the-greeting", "RFC5321-4.3.1-b")
async def waits_for_the_greeting(stage: Stage) -> None:
    """The target says nothing before the greeting, though it comes late."""
    attempt = await first_attempt(stage, GOOD.at(Point.GREETING, pause=0.4), letter("early"))
    early = bool(attempt.said) and attempt.said[0].side.value == "C"
    early = early or Point.GREETING.value in attempt.ahead
    expect_that(stage, not early, "nothing", "a command", "RFC5321-4.3.1-b")


@case("relay/rfc5321-4.3.1/one-command-at-a-time", "RFC5321-4.3.1-a", "RFC2920-3.1-a")
async def one_command_at_a_time(stage: Stage) -> None:
    """Without PIPELINING each command waits for the reply to the one before."""
    plan = GOOD.without("PIPELINING")
    for point in (Point.EHLO, Point.MAIL, Point.RCPT, Point.DATA):
        plan = plan.at(point, pause=0.1)
    attempt = await first_attempt(stage, plan, letter("waiting"))
    said = ", ".join(attempt.ahead)
    expect_that(stage, not attempt.ahead, "no command ahead", said, "RFC5321-4.3.1-a", "RFC2920-3.1-a")


@case("relay/rfc2920-3.1/the-last-of-a-group", "RFC2920-3.1-b")
async def the_last_of_a_group(stage: Stage) -> None:
    """EHLO, DATA and QUIT are followed by nothing before they are answered, also with PIPELINING."""
    plan = GOOD.without("CHUNKING").at(Point.EHLO, pause=0.1).at(Point.DATA, pause=0.1)
    attempt = await first_attempt(stage, plan, letter("grouped"))
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
    attempt = await first_attempt(stage, GOOD.without("CHUNKING").at(Point.RCPT, "550 5.1.1 no"), letter("nobody"))
    leaked = any(line.startswith("Subject:") for line in attempt.commands)
    leaked = leaked or any(each.message for each in attempt.transactions)
    expect_that(stage, not leaked, "no message", "the message", "RFC2920-3.1-c", "RFC5321-3.3-m", facet=Facet.EFFECT)


@case("relay/rfc5321-3.3/data-without-354", "RFC5321-3.3-m")
async def data_without_354(stage: Stage) -> None:
    """Where DATA is answered by 250, the target sends no message."""
    attempt = await first_attempt(stage, GOOD.without("CHUNKING").at(Point.DATA, "250 2.0.0 fine"), letter("no-354"))
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
    attempt = await first_attempt(stage, GOOD, letter("sized", *(b"x" * 70 for _ in range(40))))
    given = [each for each in attempt.transactions[0].parameters if each.upper().startswith("SIZE=")]
    expect_that(stage, len(given) <= 1, "one SIZE at most", " ".join(given), "RFC1870-6-c")


@case("relay/rfc1870-6.2/the-transaction-ends", "RFC1870-6.2-c")
async def the_transaction_ends(stage: Stage) -> None:
    """After 552 to a declared size the target goes on with RSET or QUIT."""
    attempt = await first_attempt(
        stage, GOOD.without("PIPELINING").at(Point.MAIL, "552 5.3.4 too large"), letter("ended")
    )
    after = attempt.verbs[attempt.verbs.index("MAIL") + 1 :]
    expect_that(stage, after[:1] in (("RSET",), ("QUIT",)), "RSET or QUIT", " ".join(after), "RFC1870-6.2-c")
