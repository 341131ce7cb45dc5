"""Batches of commands, where PIPELINING is announced: each is processed in turn (RFC 2449 §6.6)."""

from __future__ import annotations

from harness.cases import case
from harness.clients.pop3 import Pop3Session
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply
from suites.pop3.acts import expect_count, expect_identity, expect_that, read, settle

PIPELINING = ("PIPELINING",)
TURN = "RFC2449-6.6-a"
DURING = "RFC2449-6.6-b"


async def _batch(stage: Stage, session: Pop3Session, lines: list[str], requirement: str) -> list[Pop3Reply]:
    """The replies to commands that were sent in one go."""
    await session.send_raw("".join(f"{line}\r\n" for line in lines).encode())
    return [await read(stage, session, line.partition(" ")[0], requirement) for line in lines]


@case("pop3/rfc2449-6/batch-after-login", TURN, requires=PIPELINING, messages=("plain", "lone-dot"))
async def batch_after_login(stage: Stage) -> None:
    """Commands in one batch are answered one by one, in order, failures among them."""
    session = await stage.pop3()
    lines = ["STAT", "RETR 2", "XYZZ", "DELE 1", "LIST 1", "LIST", "RSET", "RETR 1", "NOOP"]
    replies = await _batch(stage, session, lines, TURN)
    statuses = [reply.status for reply in replies]
    wanted = ["+OK", "+OK", "-ERR", "+OK", "-ERR", "+OK", "+OK", "+OK", "+OK"]
    settle(expect_that(stage, statuses == wanted, " ".join(wanted), " ".join(statuses), TURN, facet=Facet.ORDER))
    expect_count(stage, replies[0], 2, TURN)
    expect_identity(stage, replies[1], stage.messages[1], TURN)
    listed = [line.split(b" ")[0] for line in replies[5].lines or ()]
    expect_that(stage, listed == [b"2"], "message 2", shown(b" ".join(listed)), TURN, facet=Facet.ORDER)
    expect_identity(stage, replies[7], stage.messages[0], TURN)


@case("pop3/rfc2449-6/batch-of-a-whole-session", TURN, requires=PIPELINING, messages=("plain", "plain"))
async def batch_of_a_whole_session(stage: Stage) -> None:
    """USER, PASS, reading, deleting and QUIT in one batch have the effect that they have one by one."""
    session = await stage.pop3(login=False)
    own = stage.account
    lines = [f"USER {own.name}", f"PASS {own.password}", "STAT", "RETR 1", "DELE 1", "QUIT"]
    replies = await _batch(stage, session, lines, TURN)
    statuses = [reply.status for reply in replies]
    settle(expect_that(stage, set(statuses) == {"+OK"}, "six times +OK", " ".join(statuses), TURN, facet=Facet.ORDER))
    expect_identity(stage, replies[3], stage.messages[0], TURN)
    await session.wait_closed()
    session = await stage.pop3()
    (reply,) = await _batch(stage, session, ["STAT"], TURN)
    expect_count(stage, reply, 1, TURN)


@case("pop3/rfc2449-6/batch-of-downloads", DURING, requires=PIPELINING, messages=("many-lines",) * 10)
async def batch_of_downloads(stage: Stage) -> None:
    """RETR of all messages in one batch sends all of them in order, and further commands meanwhile are not lost."""
    session = await stage.pop3()
    await session.send_raw(b"".join(b"RETR %d\r\n" % number for number in range(1, 11)))
    first = await read(stage, session, "RETR", DURING)
    await session.send_raw(b"STAT\r\nNOOP\r\n")  # while the others are on their way
    replies = [first, *[await read(stage, session, "RETR", DURING) for _ in range(9)]]
    for reply, message in zip(replies, stage.messages, strict=True):
        settle(expect_identity(stage, reply, message, DURING))
    expect_count(stage, await read(stage, session, "STAT", DURING), 10, DURING)
    stage.expect_status(await read(stage, session, "NOOP", DURING), "+OK", DURING)


@case("pop3/rfc2449-6/batch-cut-anywhere", TURN, requires=PIPELINING, messages=("plain",))
async def batch_cut_anywhere(stage: Stage) -> None:
    """A batch whose segments end in the middle of commands is understood like one that is whole."""
    session = await stage.pop3()
    await session.send_raw([b"STAT\r\nLI", b"ST 1\r", b"\nNO", b"OP\r\nRETR", b" 1\r\nNOOP\r\n"])
    replies = [await read(stage, session, what, TURN) for what in ("STAT", "LIST", "NOOP", "RETR", "NOOP")]
    statuses = [reply.status for reply in replies]
    settle(expect_that(stage, set(statuses) == {"+OK"}, "five times +OK", " ".join(statuses), TURN, facet=Facet.ORDER))
    expect_count(stage, replies[0], 1, TURN)
    expect_identity(stage, replies[3], stage.messages[0], TURN)


@case("pop3/postel-load/flood-of-commands", "POSTEL-load-c", requires=PIPELINING, messages=("plain",))
async def flood_of_commands(stage: Stage) -> None:
    """Three thousand commands in one batch are answered completely and in order, or the connection is closed."""
    session = await stage.pop3()
    session.connection.timeout *= 4  # Cyrus, for one, fills a buffer with some hundred answers before it sends them
    await session.send_raw(b"NOOP\r\nLIST 1\r\nLIST 9\r\n" * 1000)
    try:
        statuses = [(await session.read_reply()).status for _ in range(3000)]
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        wanted = "3000 answers, or the end"
        expect_that(stage, closed, wanted, f"{lost}", "POSTEL-load-c", facet=Facet.CONNECTION)
        return
    wrong = next((at for at, each in enumerate(statuses) if each != ("-ERR" if at % 3 == 2 else "+OK")), None)
    observed = "all of them" if wrong is None else f"the answer {wrong + 1} is {statuses[wrong]}"
    expect_that(stage, wrong is None, "3000 answers in order", observed, "POSTEL-load-c", facet=Facet.ORDER)
