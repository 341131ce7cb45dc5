"""TimeLapse: the reference with its own long intervals, on a clock that a case moves, in a testbed of its own.

RFC 5321 §4.5.4.1 wants half an hour between two tries and four to five days before mail is given up, §4.5.3.2 minutes
of patience with a next hop: nobody waits that long. Only the reference has such a clock; of other servers the order and
kind of attempts is judged, with intervals that their profile shortens. A faulty variant is faulty here too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.clients.imap import ImapSession
from harness.clients.smtp import SmtpSession
from harness.errors import HarnessError
from harness.mail_session import logged_in
from harness.oracle import ReferenceInProcess
from harness.stage import NotApplicable
from harness.targets.model import Account, Target
from harness.targets.reference import ReferenceTarget
from harness.testbed.case_bed import CaseBed
from harness.transcript import Recorder
from harness.wire.smtp import SmtpReply

#: Accounts of the server; the first one submits.
ACCOUNTS = 2


class TimeLapse:
    """One case's server. `bed` is its testbed, where `Attempt.began` and so on are seconds of the virtual clock."""

    def __init__(self, reference: ReferenceInProcess, bed: CaseBed, timeout: float) -> None:
        assert reference.clock is not None
        self.bed = bed
        self._reference = reference
        self._clock = reference.clock
        self._timeout = timeout

    @property
    def account(self) -> Account:
        """The account that submits."""
        return self._reference.accounts[0]

    @property
    def now(self) -> float:
        """Virtual seconds since the server was made."""
        return self._clock.monotonic()

    async def submit(
        self, sender: str, recipients: Sequence[str], message: bytes, *parameters: str, to: Sequence[str] = ()
    ) -> SmtpReply:
        """Submit a message, and let the server try it once; the reply to it, or the one that refused it.

        `parameters` are MAIL's, `to` those of every RCPT.
        """
        at = self._reference.endpoints["submission"]
        async with await SmtpSession.open(at.host, at.port, recorder=Recorder(), timeout=self._timeout) as session:
            reply = await logged_in(session, self.account, self._reference.tls_context())
            if reply.ok:
                reply = await session.mail(sender, *parameters)
            for recipient in recipients if reply.ok else ():
                reply = await session.rcpt(recipient, *to)
                if not reply.ok:
                    return reply
            return (await session.data(message))[-1] if reply.ok else reply

    async def imap(self) -> ImapSession:
        """A session of IMAP on it, logged in; the caller closes it. Raises HarnessError where the login fails."""
        at = self._reference.endpoints["imap"]
        session = await ImapSession.open(at.host, at.port, recorder=Recorder(), timeout=self._timeout)
        try:
            await session.starttls(self._reference.tls_context())
            reply = await session.login(self.account.name, self.account.password)
            if not reply.ok:
                raise HarnessError("nobody is let into the server on a clock of its own")
        except BaseException:
            await session.close()
            raise
        return session

    async def settle(self) -> None:
        """Wait until the server has done all that is due by now. Not while a next hop is silent: see `jump`."""
        await self._reference.server.queue.idle()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, from one moment at which something is due to the next, and whatever is due be done."""
        await self.settle()
        end = self.now + seconds
        while True:
            due = [each for each in self._clock.pending() if 0 < each <= end - self.now]
            self._clock.advance(due[0] if due else end - self.now)
            await self.settle()
            if not due:
                return

    def jump(self, seconds: float) -> None:
        """Let time pass at once, as while a next hop is silent; what falls due happens afterwards."""
        self._clock.advance(seconds)

    async def queued(self) -> int:
        """How many messages the queue holds."""
        return len(await self._reference.server.queue.entries())

    async def close(self) -> None:
        """End it."""
        await self._reference.stop()


async def time_lapse_of(target: Target, note: Callable[[str], None], timeout: float) -> TimeLapse:
    """A server like the target. Raises NotApplicable where that is not the reference."""
    if isinstance(target, ReferenceInProcess):
        build = target.build
    elif isinstance(target, ReferenceTarget):
        build = ReferenceInProcess().build
    else:
        raise NotApplicable("only the reference has a clock that can be moved")
    reference = ReferenceInProcess(build, accounts=ACCOUNTS, own_time=True)
    try:
        await reference.start()
    except BaseException:
        await reference.stop()
        raise
    assert reference.testbed is not None
    return TimeLapse(reference, reference.testbed.for_case(note), timeout)
