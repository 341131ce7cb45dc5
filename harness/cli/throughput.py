"""`postel throughput`: how much the reference does in a second, beside other servers in the same run.

Rounds of the servers alternate, so that a busy moment of the machine hits all of them; each one's best round counts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import asdict, dataclass

import rich_click as click
from rich.table import Table

from harness.cli import peers, throughput_imap, throughput_smtp
from harness.cli.console import OUT, failing
from harness.cli.peers import Measured


@dataclass(frozen=True, slots=True)
class Rate:
    """Things done in a second by one server."""

    server: str
    keeps: str
    work: str
    per_second: float


Round = Callable[[Measured], Awaitable[dict[str, float]]]


@click.command(short_help="Measure the reference beside other servers.")
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="The best round counts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def throughput(rounds: int, as_json: bool) -> None:
    """Measure the reference in one run with others: IMAP beside pymap, SMTP beside aiosmtpd, and relaying.

    The other servers come with the extra `bench` (`make bench` installs it). aiosmtpd throws messages away, pymap keeps
    them in memory; the reference has them on disk before it says OK, or, in its second column, leaves that to the
    system.
    """
    with failing():
        rates = asyncio.run(_all(rounds))
        if as_json:
            every = [rate for group in rates for rate in group]
            OUT.print_json(json.dumps([asdict(rate) for rate in every]))
            return
        for group in rates:
            OUT.print(_table(group))
            OUT.print()


async def _all(rounds: int) -> list[list[Rate]]:
    """IMAP, SMTP and relaying, one after the other."""
    return [
        await _beside("imap", peers.pymap(), throughput_imap.measure, rounds),
        await _beside("smtp", peers.aiosmtpd(), throughput_smtp.measure, rounds),
        [Rate("postel reference", keeps, *each) for keeps, each in await throughput_smtp.relayed(rounds)],
    ]


async def _beside(
    protocol: str, peer: AbstractAsyncContextManager[Measured | None], measure: Round, rounds: int
) -> list[Rate]:
    """The best rates of the reference, durable and not, and of a server of somebody else."""
    async with AsyncExitStack() as stack:
        servers: list[Measured] = [
            await stack.enter_async_context(peers.reference(protocol, durable=True)),
            await stack.enter_async_context(peers.reference(protocol, durable=False)),
        ]
        other = await stack.enter_async_context(peer)
        if other is None:
            OUT.print(f"the other server of {protocol} is left out: it is not installed (pip install 'postel[bench]')")
        else:
            servers.append(other)
        best: dict[tuple[Measured, str], float] = {}
        for _ in range(rounds):
            for server in servers:
                for work, rate in (await measure(server)).items():
                    best[server, work] = max(rate, best.get((server, work), 0))
        return [Rate(server.name, server.keeps, work, rate) for (server, work), rate in best.items()]


def _table(rates: list[Rate]) -> Table:
    """A row for each work, a column for each server, and the first one's ratio to the last."""
    table = Table("a second", box=None)
    servers = list(dict.fromkeys((rate.server, rate.keeps) for rate in rates))
    for name, keeps in servers:
        table.add_column(f"{name}\n{keeps}", justify="right")
    by_work: dict[str, list[float]] = {}
    for rate in rates:
        by_work.setdefault(rate.work, []).append(rate.per_second)
    if len(servers) > 2:
        table.add_column("ratio", justify="right")
    for work, found in by_work.items():
        ratio = [f"{found[0] / found[-1]:.1f}"] if len(servers) > 2 else []
        table.add_row(work, *(f"{each:,.0f}" for each in found), *ratio)
    return table
