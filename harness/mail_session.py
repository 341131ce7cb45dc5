"""Bringing a mail session where a case begins: greeted, logged in, in a transaction; and the names that cases use.

RFC 5321 §4.1.4 (order of commands), RFC 6409 §4.3 (submission wants authentication), RFC 4954 §4 (AUTH may be announced
inside TLS only).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence

from harness.clients.smtp import OWN_NAME, SmtpSession
from harness.targets.model import Account
from harness.wire.smtp import SmtpReply

#: A mailbox at a domain that is nobody's, least of all the target's (RFC 6761), and the usual sender.
STRANGER = "stranger@elsewhere.test"
SENDER = "sender@client.test"

#: Where a session can be brought beyond its greeting, in this order.
STATES = ("greeted", "authenticated", "mail", "recipient", "data")


def mail_names(protocol: str, accounts: Sequence[Account]) -> dict[str, str]:
    """What is bound in a dialogue of SMTP, LMTP or submission, beside `$user`, `$password` and `$address`.

    The sender is who may send: over submission the account itself (RFC 6409 §6.1), else somebody from outside.
    """
    address = accounts[0].address
    local, _, domain = address.rpartition("@")
    names = {
        "local": local,
        "domain": domain,
        "sender": address if protocol == "submission" else SENDER,
        "stranger": STRANGER,
        "client": OWN_NAME,
    }
    if len(accounts) > 1:
        names["other"] = accounts[1].address
    return names


async def logged_in(session: SmtpSession, account: Account, tls: ssl.SSLContext) -> SmtpReply:
    """EHLO and AUTH, with STARTTLS before where AUTH is announced inside TLS only; the reply that ended it."""
    reply = await session.greet()
    if reply.ok and "AUTH" not in session.extensions and "STARTTLS" in session.extensions:
        reply = await session.starttls(tls)
        reply = await session.greet() if reply.ok else reply
    return await session.login(account.name, account.password) if reply.ok else reply


async def bring(session: SmtpSession, start: str, names: Mapping[str, str]) -> SmtpReply | None:
    """Take a session on from its greeting (and login) to `mail`, `recipient` or `data`; the first refusal, or None."""
    lines = (f"MAIL FROM:<{names['sender']}>", f"RCPT TO:<{names['address']}>", "DATA")
    for line in lines[: max(STATES.index(start) - 1, 0)]:
        reply = await session.command(line)
        if not (reply.ok or reply.intermediate):
            return reply
    return None
