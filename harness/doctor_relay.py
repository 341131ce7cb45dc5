"""What the doctor tries on a target that sends mail on: a message to a next hop of the testbed, a stranger's way in.

What is seen here is what every case about relaying needs: that the target asks the testbed's DNS, finds the hop by its
MX record (RFC 5321 §5.1), and can be reached from a network that it has no reason to trust.
"""

from __future__ import annotations

import time

from harness.clients.smtp import SmtpSession
from harness.errors import SetupError, TargetProtocolError
from harness.mail_session import logged_in
from harness.targets.model import Account, Target
from harness.targets.profile import RelayTable
from harness.targets.reach import endpoint_of, open_session
from harness.testbed.target_bed import TargetBed
from harness.transcript import Recorder

RELAY_MEND = (
    "let it find next hops by MX records, from the DNS server that it is given, and deliver to port 25; "
    "[relay] submit in the profile names where mail to anywhere may be submitted"
)
STRANGER_MEND = "let it listen on every address, as a second network is connected to it"

_MESSAGE = (
    b"From: <%s>\r\nTo: <%s>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <doctor.%d@client.test>\r\n"
    b"Subject: from the doctor\r\n\r\nsent on\r\n"
)


async def try_relay(target: Target, bed: TargetBed, table: RelayTable, account: Account, timeout: float) -> str:
    """Submit a message for a next hop, and see it arrive. Raises TargetProtocolError, TargetLost, SetupError."""
    share = bed.for_case(lambda _text: None)
    try:
        hop = await share.hop()
        began = time.monotonic()
        await _submit(target, table, account, f"bob@{hop.domain}", timeout)
        sent = await hop.message(1, within=timeout + table.retry_seconds)
        if sent is None:
            asked = sorted({each.type for each in await share.queries(hop.domain)})
            saw = f"its DNS was asked for {', '.join(asked)}" if asked else "its DNS was not asked for the domain"
            came = f"{len(await hop.attempts())} connections came"
            raise SetupError(f"the message was accepted and did not reach the next hop; {saw}; {came}")
        seconds = time.monotonic() - began
    finally:
        await share.close()
    flush = f"`{' '.join(table.flush)}` flushes its queue" if table.flush else "its queue is not flushed by a command"
    return f"a message reached the next hop in {seconds:.2f} s; tries repeat after {table.retry_seconds:g} s; {flush}"


async def _submit(target: Target, table: RelayTable, account: Account, to: str, timeout: float) -> None:
    at = endpoint_of(target, table.submit)
    async with await open_session(target, SmtpSession, at, timeout) as session:
        if table.submit == "smtp":
            reply = await session.greet()
        else:
            reply = await logged_in(session, account, target.tls_context())
        if reply.ok:
            text = _MESSAGE % (account.address.encode(), to.encode(), time.time_ns())
            reply = (await session.deliver(account.address, [to], text))[-1]
        if not reply.ok:
            said = reply.raw.decode("utf-8", "replace").strip()
            raise TargetProtocolError(f"a message for {to} was answered `{said}` at {at.name}")
        await session.quit()


async def try_stranger(bed: TargetBed, name: str, timeout: float) -> str:
    """Greet the target as a stranger. Raises TargetLost."""
    host, port = bed.strangers[name]
    async with await SmtpSession.open(host, port, recorder=Recorder(), timeout=timeout) as session:
        assert session.greeting is not None
        await session.quit()
        return session.greeting.raw.decode("utf-8", "replace").strip()
