"""Readers: ways to read the mailboxes of a target that offers neither POP3 nor IMAP."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import SetupError
from harness.targets.model import Account
from harness.targets.reach import Reach, filled

#: Status 1 of tar says that the directory changed meanwhile, as it does when mail arrives.
_READ = 'cd "$1" && { tar -cf - new cur 2>/dev/null || [ $? -eq 1 ]; }'
_BARE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class MaildirReader:
    """The files of a Maildir, by name, which begins with the time of delivery. Their lines end in LF.

    Needs sh and tar where the target runs.
    """

    reach: Reach
    path: str

    async def read(self, account: Account) -> Sequence[bytes]:
        """Raises SetupError when the directory cannot be read."""
        (path,) = filled([self.path], account)
        result = await self.reach.run(["sh", "-c", _READ, "read", path])
        if result.status:
            raise SetupError(
                f"reading the mailbox of {account.name}: the command ended with {result.status}: {result.said}",
                mend="check [reading] path in the profile",
            )
        found: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(result.output)) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    found[member.name.partition("/")[2]] = _BARE_LF.sub(b"\r\n", content.read())
        return [found[name] for name in sorted(found)]
