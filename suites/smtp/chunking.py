"""BDAT: messages in chunks, of any octets, and what a chunk that fails leaves behind (RFC 3030 §2, §3)."""

from __future__ import annotations

from itertools import pairwise

from harness.cases import case
from harness.clients.smtp import SmtpSession
from harness.stage import Stage
from harness.wire.smtp import SmtpReply
from suites.smtp.exchange import (
    expect,
    expect_end,
    expect_in_step,
    expect_names,
    finish,
    greeted,
    letter,
    need,
    read,
    reply_or_end,
    settle,
    transaction,
)

CHUNKING = ("CHUNKING",)
BINARY = ("CHUNKING", "BINARYMIME")
EXACT = "RFC3030-2-c"
PARTS = "RFC3030-2-d"
EACH = "RFC3030-2-h"


async def _opened(stage: Stage, *parameters: str) -> SmtpSession:
    """A session in a transaction with one recipient."""
    session = await greeted(stage)
    words = " ".join(("MAIL FROM:<sender@client.test>", *parameters))
    await need(stage, session, words, f"RCPT TO:<{stage.account.address}>")
    return session


async def _chunk(
    stage: Stage, session: SmtpSession, octets: bytes, *requirements: str, last: bool = False
) -> SmtpReply:
    """The reply to a chunk."""
    await session.send_raw(b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets)
    return await read(stage, session, "BDAT", *requirements)


async def _taken(stage: Stage, session: SmtpSession, chunks: list[bytes], *requirements: str) -> None:
    """All chunks, the last of them LAST, each answered by 250."""
    for octets in chunks[:-1]:
        settle(stage.expect_reply(await _chunk(stage, session, octets, *requirements), "250", *requirements))
    reply = await _chunk(stage, session, chunks[-1], *requirements, last=True)
    settle(stage.expect_reply(reply, "250", *requirements))


#: Kinds of the corpus in one chunk; none of them needs dots, and none has dots doubled.
KINDS = (
    "plain",
    "lone-dot",
    "dot-runs",
    "dotty-end",
    "terminator-inside",
    "mime-multipart",
    "control-octets",
    "line-998",
)


def _declare(kind: str) -> None:
    async def script(stage: Stage) -> None:
        message = stage.compose(kind)[0]
        session = await _opened(stage)
        await _taken(stage, session, [message.data], EXACT, EACH)
        stage.expect_delivered(await stage.delivered(1), [message], EXACT)

    script.__doc__ = f"A message in one chunk arrives as it was sent: {kind.replace('-', ' ')}"
    case(f"smtp/rfc3030-2/{kind}-in-one-chunk", EXACT, EACH, requires=CHUNKING)(script)


for _kind in KINDS:
    _declare(_kind)


@case("smtp/rfc3030-2/many-chunks", PARTS, EACH, requires=CHUNKING)
async def many_chunks(stage: Stage) -> None:
    """A message in chunks that are cut anywhere, also between CR and LF, arrives as one."""
    message = stage.compose("dot-runs")[0]
    cuts = [0, 1, 40, message.data.index(b"\r\n", 60) + 1, message.data.index(b"\r\n.\r\n") + 3, len(message.data)]
    session = await _opened(stage)
    chunks = [message.data[start:end] for start, end in pairwise(cuts)]
    await _taken(stage, session, chunks, PARTS, EACH)
    stage.expect_delivered(await stage.delivered(1), [message], PARTS)


@case("smtp/rfc3030-2/chunk-of-one-octet-each", PARTS, EACH, requires=CHUNKING)
async def chunk_of_one_octet_each(stage: Stage) -> None:
    """A message of one-octet chunks arrives as one."""
    message = letter("octets", b".")
    session = await _opened(stage)
    await _taken(stage, session, [message[at : at + 1] for at in range(len(message))], PARTS, EACH)
    stage.expect_delivered(await stage.delivered(1), [message], PARTS)


@case("smtp/rfc3030-2/last-chunk-without-octets", "RFC3030-2-f", requires=CHUNKING)
async def last_chunk_without_octets(stage: Stage) -> None:
    """BDAT 0 LAST ends a message."""
    message = letter("ended-by-nothing")
    session = await _opened(stage)
    await _taken(stage, session, [message, b""], "RFC3030-2-f")
    stage.expect_delivered(await stage.delivered(1), [message], "RFC3030-2-f")


@case("smtp/rfc3030-2/chunk-of-nothing-inside", EACH, requires=CHUNKING)
async def chunk_of_nothing_inside(stage: Stage) -> None:
    """BDAT 0 without LAST is a chunk like others, or it is refused and nothing of the message arrives."""
    message = letter("with-a-gap")
    session = await _opened(stage)
    settle(stage.expect_reply(await _chunk(stage, session, message[:50], EACH), "250", EACH))
    reply = await _chunk(stage, session, b"", EACH)
    settle(stage.expect_reply(reply, "250|5yz", EACH))
    if reply.ok:
        await _taken(stage, session, [message[50:]], EACH)
        stage.expect_delivered(await stage.delivered(1), [message], EACH)
        return
    await session.send("RSET")
    answer = await reply_or_end(stage, session, EACH)  # the state is "indeterminate", so a server may give up
    if answer is not None:
        stage.expect_reply(answer, "250|421", EACH)
    expect_names(stage, await stage.settled(), [], EACH)


@case("smtp/rfc3030-2/chunks-that-look-like-commands", EXACT, "POSTEL-smtp_smuggling-e", requires=CHUNKING)
async def chunks_that_look_like_commands(stage: Stage) -> None:
    """Octets of a chunk are not looked at: commands and ends of data among them are octets."""
    message = letter("octets-only", b".", b"RSET", b"QUIT", b"BDAT 0 LAST", b"..", b"MAIL FROM:<a@client.test>")
    session = await _opened(stage)
    await _taken(stage, session, [message[:-60], message[-60:]], EXACT, "POSTEL-smtp_smuggling-e")
    stage.expect_delivered(await stage.delivered(1), [message], EXACT)


@case("smtp/rfc3030-2/data-is-there-too", "RFC3030-2-b", EACH, requires=CHUNKING)
async def data_is_there_too(stage: Stage) -> None:
    """A server with BDAT takes DATA too, in the same session."""
    session = await _opened(stage)
    await _taken(stage, session, [letter("chunked")], EACH)
    await transaction(stage, session)
    await finish(stage, session, letter("dotted"), "RFC3030-2-b")
    expect_names(stage, await stage.delivered(2), ["chunked", "dotted"], "RFC3030-2-b")


@case("smtp/rfc3030-2/bdat-after-last", "RFC3030-2-g", EACH, requires=CHUNKING)
async def bdat_after_last(stage: Stage) -> None:
    """A chunk behind the last one is refused by 503, its octets are discarded, and one message arrives."""
    session = await _opened(stage)
    await _taken(stage, session, [letter("whole")], EACH)
    reply = await _chunk(stage, session, b"NOOP\r\nNOOP\r\n", "RFC3030-2-g", last=True)
    settle(stage.expect_reply(reply, "503", "RFC3030-2-g"))
    await expect_in_step(stage, session, "RFC3030-2-g")
    expect_names(stage, await stage.settled(), ["whole"], "RFC3030-2-g")


@case("smtp/rfc3030-2/data-after-bdat", "RFC3030-2-m", requires=CHUNKING)
async def data_after_bdat(stage: Stage) -> None:
    """DATA behind a chunk of the same transaction is refused by 503."""
    session = await _opened(stage)
    await _chunk(stage, session, letter("begun"), EACH)
    await expect(stage, session, "DATA", "503", "RFC3030-2-m")


@case("smtp/rfc3030-2/refused-chunk-is-discarded", "RFC3030-2-i", "RFC3030-2-o", requires=CHUNKING)
async def refused_chunk_is_discarded(stage: Stage) -> None:
    """A chunk without a transaction is refused, and its octets are not taken for commands."""
    session = await greeted(stage)
    octets = b"MAIL FROM:<smuggler@client.test>\r\n" * 3
    for last, codes in ((False, "503|554"), (True, "5yz")):
        reply = await _chunk(stage, session, octets, "RFC3030-2-i", last=last)
        settle(stage.expect_reply(reply, codes, "RFC3030-2-o"))
        await expect_in_step(stage, session, "RFC3030-2-i")
    await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "503", "RFC3030-2-i")


@case("smtp/rfc3030-2/chunk-without-recipients", "RFC3030-2-o", "RFC3030-2-i", requires=CHUNKING)
async def chunk_without_recipients(stage: Stage) -> None:
    """A chunk behind MAIL without any recipient is refused, and discarded."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    reply = await _chunk(stage, session, b"RSET\r\n" * 5, "RFC3030-2-o", last=True)
    settle(stage.expect_reply(reply, "503|554", "RFC3030-2-o"))
    await expect_in_step(stage, session, "RFC3030-2-i")


@case("smtp/rfc3030-2/rset-discards-chunks", "RFC3030-2-p", requires=CHUNKING)
async def rset_discards_chunks(stage: Stage) -> None:
    """RSET discards chunks that were taken; the next message has nothing of them."""
    session = await _opened(stage)
    await _chunk(stage, session, letter("discarded"), EACH)
    await expect(stage, session, "RSET", "250", "RFC3030-2-p")
    await transaction(stage, session)
    message = letter("anew")
    await _taken(stage, session, [message], "RFC3030-2-p")
    stage.expect_delivered(await stage.settled(), [message], "RFC3030-2-p")


#: How far a client comes before its connection is lost.
LOST: dict[str, bytes] = {
    "between-chunks": b"BDAT 20\r\nSubject: half\r\n\r\n..",
    "in-a-chunk": b"BDAT 1000 LAST\r\nSubject: half\r\n\r\nhalf\r\n",
    "before-a-chunk": b"BDAT 1000 LAST\r\n",
}


def _declare_lost(slug: str, octets: bytes) -> None:
    async def script(stage: Stage) -> None:
        session = await _opened(stage)
        await session.send_raw(octets)
        await session.close()
        expect_names(stage, await stage.settled(), [], "RFC3030-2-r")

    script.__doc__ = f"A connection that is lost {slug.replace('-', ' ')} leaves nothing behind"
    case(f"smtp/rfc3030-2/lost-{slug}", "RFC3030-2-r", requires=CHUNKING)(script)


for _slug, _octets in LOST.items():
    _declare_lost(_slug, _octets)


#: Lines of BDAT that are wrong, with no octets behind them.
WRONG: dict[str, str] = {
    "bdat-alone": "BDAT",
    "bdat-of-letters": "BDAT many",
    "bdat-below-zero": "BDAT -1",
    "bdat-with-another-word": "BDAT 0 FIRST",
    "bdat-with-two-numbers": "BDAT 0 0",
    "bdat-with-last-only": "BDAT LAST",
}


def _declare_wrong(slug: str, line: str) -> None:
    async def script(stage: Stage) -> None:
        session = await _opened(stage)
        reply = await expect(stage, session, line, "501|521", "RFC3030-2-q")
        if reply.code == 521:  # how many octets follow cannot be known, so a server may end the session
            await expect_end(stage, session, "RFC3030-2-q")
        else:
            await expect_in_step(stage, session, "RFC3030-2-q")

    script.__doc__ = f"A wrong command is refused by 501, or by 521 and the end: {slug.replace('-', ' ')}"
    case(f"smtp/rfc3030-2/{slug}", "RFC3030-2-q", requires=CHUNKING)(script)


for _slug, _line in WRONG.items():
    _declare_wrong(_slug, _line)


@case("smtp/rfc3030-2/bdat-in-lower-case", "RFC5321-2.4-a", requires=CHUNKING)
async def bdat_in_lower_case(stage: Stage) -> None:
    """bdat and last are understood in lower case."""
    message = letter("lower")
    session = await _opened(stage)
    await session.send_raw(b"bdat %d last\r\n" % len(message) + message)
    settle(stage.expect_reply(await read(stage, session, "bdat", "RFC5321-2.4-a"), "250", "RFC5321-2.4-a"))
    stage.expect_delivered(await stage.delivered(1), [message], "RFC5321-2.4-a")


@case("smtp/rfc3030-2/chunks-in-a-group", PARTS, EACH, requires=("CHUNKING", "PIPELINING"))
async def chunks_in_a_group(stage: Stage) -> None:
    """A whole transaction with its chunks in one segment is carried out, and every command of it is answered."""
    message = letter("pipelined", b".", b"..")
    session = await greeted(stage)
    head = f"MAIL FROM:<sender@client.test>\r\nRCPT TO:<{stage.account.address}>\r\n".encode()
    tail = b"BDAT 30\r\n" + message[:30] + b"BDAT %d LAST\r\n" % (len(message) - 30) + message[30:]
    await session.send_raw(head + tail + b"NOOP\r\n")
    for _ in range(5):
        settle(stage.expect_reply(await read(stage, session, "a group", PARTS), "250", PARTS, EACH))
    stage.expect_delivered(await stage.delivered(1), [message], PARTS)


@case("smtp/rfc3030-2/failed-chunks-in-a-group", "RFC3030-2-k", "RFC3030-2-i", requires=("CHUNKING", "PIPELINING"))
async def failed_chunks_in_a_group(stage: Stage) -> None:
    """Chunks behind a recipient that was refused are discarded and answered by errors, one each."""
    session = await greeted(stage)
    domain = stage.account.address.rpartition("@")[2]
    head = f"MAIL FROM:<sender@client.test>\r\nRCPT TO:<no-such-user@{domain}>\r\n".encode()
    await session.send_raw(head + b"BDAT 6\r\nRSET\r\nBDAT 6 LAST\r\nRSET\r\nNOOP\r\n")
    for codes in ("250", "5yz", "4yz|5yz", "4yz|5yz", "250"):
        settle(stage.expect_reply(await read(stage, session, "a group", "RFC3030-2-k"), codes, "RFC3030-2-k"))
    await expect_in_step(stage, session, "RFC3030-2-i")


@case("smtp/rfc3030-3/data-after-binarymime", "RFC3030-3-d", requires=BINARY)
async def data_after_binarymime(stage: Stage) -> None:
    """DATA behind BODY=BINARYMIME is refused by 503."""
    session = await _opened(stage, "BODY=BINARYMIME")
    await expect(stage, session, "DATA", "503", "RFC3030-3-d")


#: Binary content, each with what has been lost of such content before.
CONTENTS: dict[str, bytes] = {
    "all-octets": bytes(range(256)) * 4,
    "nul-octets": b"before\0\0\0after\r\n",
    "lone-lf-and-cr": b"one\ntwo\rthree\n\r\r\n\nfour",
    "no-line-end": b"x" * 5000,
    "dots-of-all-kinds": b"\r\n.\r\n\n.\n\r.\r.\r\n..\r\n",
}


def _declare_binary(slug: str, content: bytes) -> None:
    async def script(stage: Stage) -> None:
        fields = (
            b"MIME-Version: 1.0",
            b"Content-Type: application/octet-stream",
            b"Content-Transfer-Encoding: binary",
        )
        message = letter("binary", b"", fields=fields).removesuffix(b"\r\n") + content
        session = await _opened(stage, "BODY=BINARYMIME")
        await _taken(stage, session, [message], "RFC3030-3-c", EXACT)
        stage.expect_delivered(await stage.delivered(1), [message], "RFC3030-3-c", EXACT)

    script.__doc__ = f"Binary content arrives with all its bits: {slug.replace('-', ' ')}"
    case(f"smtp/rfc3030-3/{slug}", "RFC3030-3-c", EXACT, requires=BINARY)(script)


for _slug, _content in CONTENTS.items():
    _declare_binary(_slug, _content)


@case("smtp/rfc3030-3/binary-encoding-without-binarymime", "RFC3030-3-i", requires=BINARY)
async def binary_encoding_without_binarymime(stage: Stage) -> None:
    """A message that says its encoding is binary is taken without BODY=BINARYMIME."""
    fields = (b"MIME-Version: 1.0", b"Content-Type: text/plain", b"Content-Transfer-Encoding: binary")
    session = await _opened(stage)
    await finish(stage, session, letter("labelled", fields=fields), "RFC3030-3-i")
    expect_names(stage, await stage.delivered(1), ["labelled"], "RFC3030-3-i")
