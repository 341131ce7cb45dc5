"""`postel throughput` does its work on the reference, and notices a server that does not."""

from __future__ import annotations

import asyncio

import pytest

from harness.cli import peers, throughput
from harness.cli.throughput import BareImap, Rate


@pytest.mark.asyncio
async def test_every_work_is_done_on_an_empty_mailbox_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "MESSAGES", 3)
    monkeypatch.setattr(throughput, "SEARCHES", 2)
    async with peers.reference("imap", durable=False) as server:
        for _ in range(2):
            rates = await throughput._round(server)
            assert rates.keys() == throughput.IMAP_WORK.keys()
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
