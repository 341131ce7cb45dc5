"""`postel throughput` does its work on the reference, and notices a server that does not."""

from __future__ import annotations

import asyncio

import pytest

from harness.cli import peers, throughput, throughput_imap, throughput_smtp
from harness.cli.throughput import Rate
from harness.cli.throughput_imap import BareImap


@pytest.mark.asyncio
async def test_every_work_is_done_on_an_empty_mailbox_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput_imap, "MESSAGES", 3)
    monkeypatch.setattr(throughput_imap, "SEARCHES", 2)
    async with peers.reference("imap", durable=False) as server:
        for _ in range(2):
            rates = await throughput_imap.measure(server)
            assert rates.keys() == throughput_imap.IMAP_WORK.keys()
            assert all(rate > 0 for rate in rates.values())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        client = BareImap(reader, writer)
        await client.greeting()
        await client.command(f"LOGIN {server.user} {server.password}".encode())
        await client.command(b"STATUS INBOX (MESSAGES)")
        with pytest.raises(ConnectionError, match="BAD"):
            await client.command(b"FETCH")
        client.close()


@pytest.mark.asyncio
async def test_messages_are_taken_and_relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput_smtp, "MESSAGES", 8)
    monkeypatch.setattr(throughput_smtp, "RELAYED", 5)
    async with peers.reference("smtp", durable=False) as server:
        assert all(rate > 0 for rate in (await throughput_smtp.measure(server)).values())
    assert [rate > 0 for _, (_, rate) in await throughput_smtp.relayed(2)] == [True, True]


@pytest.mark.asyncio
async def test_a_server_that_closes_is_noticed() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n* BYE too busy\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        client = BareImap(reader, writer)
        await client.greeting()
        with pytest.raises(ConnectionError, match="closed"):
            await client.command(b"NOOP")
        client.close()


def test_the_table_has_a_column_for_each_server_and_the_ratio_to_the_last() -> None:
    rates = [Rate("postel reference", keeps, "work", 6.0) for keeps in ("a", "b")]
    table = throughput._table([*rates, Rate("pymap", "in memory", "work", 4.0)])
    assert len(table.columns) == 5
    assert list(table.columns[-1].cells) == ["1.5"]
