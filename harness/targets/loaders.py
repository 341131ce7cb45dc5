"""Loaders: ways to put messages into a mailbox, and what each can carry.

SMTP and LMTP (RFC 5321, RFC 2033) are how mail arrives, but they put trace fields before it; IMAP APPEND (RFC 3501
§6.3.11), a Maildir or an mbox file keep the bytes. A profile may say more, or less, for its own server.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import re
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.clients.smtp import SmtpSession
from harness.corpus import CorpusMessage, Trait
from harness.errors import SetupError, TargetLost, TargetProtocolError
from harness.targets.emptying import pop3_count, pop3_login
from harness.targets.model import Account
from harness.targets.reach import Reach, filled, imap_session, smtp_session

#: Seconds until a message that SMTP accepted must lie in the mailbox.
ARRIVAL_PATIENCE = 30.0
ARRIVAL_PAUSE = 0.1

_UNSEEN_MEND = (
    "while a case holds the maildrop, mail can come by LMTP or IMAP APPEND only, which say when it is there; "
    "else name the case under [[blocked]]"
)
#: What comes unharmed with mail that is sent.
_BY_MAIL = frozenset({Trait.EIGHT_BIT, Trait.LARGE, Trait.FROM_LINE})
#: What each way carries unless the profile says otherwise.
CARRIES: dict[str, frozenset[Trait]] = {
    "smtp": _BY_MAIL,
    "lmtp": _BY_MAIL,
    "imap-append": _BY_MAIL | {Trait.LONG_LINE, Trait.NO_HEADER, Trait.EXACT},
    # A line of a Maildir or mbox file ends in LF, so a bare LF cannot be told from a line end there.
    "maildir": frozenset(Trait) - {Trait.BARE_LF},
    # Not every server takes away the quoting of an mbox file's From lines (RFC 4155), and none has to.
    "mbox": frozenset(Trait) - {Trait.BARE_LF, Trait.NO_FINAL_CRLF, Trait.NO_HEADER, Trait.FROM_LINE},
    "command": _BY_MAIL,
}


@dataclass(frozen=True, slots=True)
class SmtpLoader:
    """SMTP or LMTP (`name`). After SMTP the messages are waited for: a 250 does not say that they have arrived."""

    reach: Reach
    name: str
    sender: str
    carries: frozenset[Trait]

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Raises SetupError when a message is refused or does not arrive."""
        before = await self._count(account) if self.name == "smtp" else None
        try:
            async with await smtp_session(self.reach, self.name) as session:
                await session.greet()
                for message in messages:
                    await self._deliver(session, account, message)
                await session.quit()
        except (TargetLost, TargetProtocolError) as lost:
            raise SetupError(f"loading by {self.name.upper()} failed: {lost}") from lost
        if before is not None:
            await self._arrived(account, before + len(messages))

    async def _deliver(self, session: SmtpSession, account: Account, message: CorpusMessage) -> None:
        reply = (await session.deliver(self.sender, [account.address], message.data))[-1]
        if not reply.ok:
            raise SetupError(
                f"the {message.kind} message for {account.address} was refused: {reply.raw!r}",
                mend="check [accounts] address, and what [loading] carries",
            )

    async def _count(self, account: Account) -> int | None:
        """Messages in the mailbox; None where only IMAP could tell."""
        if not {"pop3", "pop3s"} & set(self.reach.endpoints):
            return None
        try:
            session = await pop3_login(self.reach, account)
        except SetupError as error:
            raise SetupError(f"whether mail has arrived cannot be seen: {error.problem}", mend=_UNSEEN_MEND) from error
        try:
            count = await pop3_count(session)
            await session.quit()
            return count
        finally:
            await session.close()

    async def _arrived(self, account: Account, count: int) -> None:
        deadline = asyncio.get_running_loop().time() + ARRIVAL_PATIENCE
        while (await self._count(account) or 0) < count:
            if asyncio.get_running_loop().time() > deadline:
                raise SetupError(
                    f"mail for {account.address} was accepted and did not arrive in {ARRIVAL_PATIENCE:g} s"
                )
            await asyncio.sleep(ARRIVAL_PAUSE)


@dataclass(frozen=True, slots=True)
class AppendLoader:
    """IMAP APPEND to INBOX."""

    reach: Reach
    carries: frozenset[Trait]

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Raises SetupError when a message is refused."""
        try:
            async with await imap_session(self.reach) as session:
                result = await session.login(account.name, account.password)
                if not result.ok:
                    raise SetupError(f"no IMAP login as {account.name}: {result.tagged.raw!r}")
                for message in messages:
                    result = await session.append("INBOX", message.data)
                    if not result.ok:
                        raise SetupError(f"APPEND of the {message.kind} message was refused: {result.tagged.raw!r}")
                await session.logout()
        except (TargetLost, TargetProtocolError) as lost:
            raise SetupError(f"loading by IMAP APPEND failed: {lost}") from lost


@dataclass(frozen=True, slots=True)
class CommandLoader:
    """A command of the profile for each message, which it reads from its standard input."""

    reach: Reach
    command: Sequence[str]
    carries: frozenset[Trait]

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Raises SetupError when the command fails."""
        for message in messages:
            result = await self.reach.run(filled(self.command, account), message.data)
            _check(result.status, result.said, account)


#: Unpacks beside the Maildir's `new`, then moves: a message is never seen half written. $1 is the Maildir.
_MAILDIR_SCRIPT = (
    """set -e; cd "$1"; batch=tmp/$2; mkdir "$batch"; tar -xpf - -C "$batch"; mv "$batch"/* new/; rmdir "$batch" """
)
_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class MaildirLoader:
    """Files in `path`, a Maildir; all messages of one load in one command. `owner` is `uid:gid`, in numbers.

    Lines of a Maildir's files end in LF; with `crlf` they stay as they are, for a server that takes that and would
    take a CR before an LF for the line's end. Needs sh, tar and mv where the target runs.
    """

    reach: Reach
    path: str
    owner: str
    crlf: bool
    carries: frozenset[Trait]

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Raises SetupError when the files cannot be written."""
        uid, _, gid = (self.owner or "0:0").partition(":")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for message in messages:
                data = message.data if self.crlf else message.data.replace(b"\r\n", b"\n")
                # Sorted by name, files are in the order of loading: some servers number messages so.
                info = tarfile.TarInfo(f"{int(time.time())}.M{next(_serial):08d}P{os.getpid()}.postel")
                info.size, info.mode, info.mtime = len(data), 0o600, int(time.time())
                info.uid, info.gid = int(uid), int(gid or uid)
                archive.addfile(info, io.BytesIO(data))
        (path,) = filled([self.path], account)
        batch = f"postel-{os.getpid()}-{next(_serial)}"
        result = await self.reach.run(["sh", "-c", _MAILDIR_SCRIPT, "load", path, batch], packed.getvalue())
        _check(result.status, result.said, account)


_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MboxLoader:
    """Appended to `path`, an mbox file (RFC 4155), lines that begin with From quoted so that the quoting can be undone.

    Needs sh and cat where the target runs.
    """

    reach: Reach
    path: str
    carries: frozenset[Trait]

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Raises SetupError when the file cannot be written."""
        stamp = time.asctime(time.gmtime())
        packed = bytearray()
        for message in messages:
            quoted = _FROM_LINE.sub(rb">\1", message.data.replace(b"\r\n", b"\n"))
            if not quoted.startswith(b"\n") and b"\n\n" not in quoted:
                quoted += b"\n"  # a header ends with an empty line, or the next From line would be its body
            packed += f"From sender@client.test {stamp}\n".encode() + quoted + b"\n"
        (path,) = filled([self.path], account)
        result = await self.reach.run(["sh", "-c", 'cat >> "$1"', "load", path], bytes(packed))
        _check(result.status, result.said, account)


def _check(status: int, said: str, account: Account) -> None:
    if status:
        raise SetupError(
            f"loading into the mailbox of {account.name}: the command ended with {status}: {said}",
            mend="check [loading] in the profile",
        )
