"""What the doctor tries on endpoints that take mail: a login where mail is submitted, a recipient where it arrives.

RFC 6409 §4.3 (submission wants authentication), RFC 5321 §3.3 and RFC 2033 §4.2 (a recipient is accepted or refused).
"""

from __future__ import annotations

from harness.clients.smtp import LmtpSession, SmtpSession
from harness.errors import TargetProtocolError
from harness.mail_session import SENDER, logged_in
from harness.targets.model import Account, Endpoint, Target
from harness.targets.reach import open_session

#: Endpoints where mail is handed in by its author, and those where it arrives for a mailbox.
SUBMITTING = ("submission", "submissions")
ARRIVING = ("smtp", "lmtp")

SUBMISSION_MEND = "let the server offer AUTH PLAIN or SCRAM-SHA-256 there, with the passwords that [accounts] names"
RECIPIENT_MEND = "check [accounts] address: the domain must be one that the server takes mail for"


async def try_submission(target: Target, at: Endpoint, account: Account, timeout: float) -> str:
    """Log in for submission. Raises TargetProtocolError with the refusal, TargetLost."""
    async with await open_session(target, SmtpSession, at, timeout) as session:
        reply = await logged_in(session, account, target.tls_context())
        mechanisms = " ".join(sorted(session.mechanisms)) or "none"
        if not reply.ok:
            said = reply.raw.decode("utf-8", "replace").strip()
            raise TargetProtocolError(f"the login was answered `{said}`; mechanisms: {mechanisms}")
        await session.quit()
        inside = ", after STARTTLS" if session.connection.secure and at.name == "submission" else ""
        return f"logged in{inside}; mechanisms: {mechanisms}"


async def try_recipient(target: Target, at: Endpoint, account: Account, timeout: float) -> str:
    """Name the account as a recipient, and send nothing. Raises TargetProtocolError with the refusal, TargetLost."""
    kind = LmtpSession if at.protocol == "lmtp" else SmtpSession
    async with await open_session(target, kind, at, timeout) as session:
        await session.greet()
        reply = await session.mail(SENDER)
        reply = await session.rcpt(account.address) if reply.ok else reply
        if not reply.ok:
            raise TargetProtocolError(f"it was answered `{reply.raw.decode('utf-8', 'replace').strip()}`")
        await session.command("RSET")
        await session.quit()
        return f"{account.address} is accepted"
