"""GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208): one quota root holds all mailboxes of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.conversation import blocking
from reference_server.imap import commands
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import QuotaData, QuotaResource, QuotaRootData
from reference_server.store.quotas import Resource, Usage
from reference_server.store.rejections import MailboxMissing

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

ROOT = b""
"""The name of the only quota root."""

NO_LIMIT = (1 << 63) - 1
"""What is told of a resource without a limit: the largest number, as a list of none is no list (RFC 9208 §7)."""


def _data(usage: Usage) -> QuotaData:
    resources = [
        QuotaResource(resource.value, usage.of(resource), usage.limits.get(resource, NO_LIMIT)) for resource in Resource
    ]
    return QuotaData(ROOT, tuple(resources))


def _require_root(root: bytes) -> None:
    if root != ROOT:
        raise Refused("There is no such quota root", Code.NONEXISTENT)


def get_quota(session: ImapSession, command: commands.GetQuota) -> Handling:
    """GETQUOTA (RFC 9208 §4.1.1)."""
    _require_root(command.root)
    usage = yield from blocking(lambda: session.store.quotas.usage(session.account))
    yield session.send(_data(usage))
    return Completion("That is the quota")


def get_quota_root(session: ImapSession, command: commands.GetQuotaRoot) -> Handling:
    """GETQUOTAROOT (RFC 9208 §4.1.2)."""
    store, account = session.store, session.account
    try:
        yield from blocking(lambda: store.folders.find(account, command.mailbox.text))
    except MailboxMissing:
        raise Refused("There is no such mailbox", Code.NONEXISTENT) from None
    usage = yield from blocking(lambda: store.quotas.usage(account))
    yield session.send(QuotaRootData(command.mailbox, (ROOT,)), _data(usage))
    return Completion("That is the quota")


def set_quota(session: ImapSession, command: commands.SetQuota) -> Handling:
    """SETQUOTA: resources that are not named have no limit afterwards (RFC 9208 §4.1.3)."""
    _require_root(command.root)
    known = {resource.value: resource for resource in Resource}
    if any(name not in known for name, _ in command.limits):
        raise Refused("There is no such resource", Code.CANNOT)
    limits = {known[name]: amount for name, amount in command.limits}
    usage = yield from blocking(lambda: session.store.quotas.limit(session.account, limits))
    yield session.send(_data(usage))
    return Completion("Set")
