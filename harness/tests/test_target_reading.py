"""Reading the Maildirs of a target, by the very commands, in directories of this machine."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.errors import SetupError
from harness.targets.local import run_locally
from harness.targets.model import Account, Endpoint
from harness.targets.reach import CommandResult
from harness.targets.reading import MaildirReader

pytestmark = pytest.mark.asyncio

ACCOUNT = Account("ann", "secret", "ann@example.test")


class Here:
    """A reach whose commands run on this machine."""

    endpoints: Mapping[str, Endpoint] = {}

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        return await run_locally(command, stdin, directory=Path.cwd())


def maildir(directory: Path, **files: bytes) -> MaildirReader:
    for name in ("new", "cur", "tmp"):
        (directory / "ann" / name).mkdir(parents=True)
    for name, data in files.items():
        folder, _, number = name.partition("_")
        (directory / "ann" / folder / f"{number}.M1.host:2,S").write_bytes(data)
    return MaildirReader(Here(), f"{directory}/{{user}}")


async def test_messages_come_in_the_order_of_their_names_with_crlf(tmp_path: Path) -> None:
    reader = maildir(tmp_path, new_3=b"c\n", cur_1=b"a: b\n\n\xff\r x\n", cur_2=b"b\r\n.\r\n", tmp_0=b"half\n")
    assert await reader.read(ACCOUNT) == [b"a: b\r\n\r\n\xff\r x\r\n", b"b\r\n.\r\n", b"c\r\n"]


async def test_an_empty_mailbox_has_no_message(tmp_path: Path) -> None:
    assert await maildir(tmp_path).read(ACCOUNT) == []


async def test_a_mailbox_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="ann") as caught:
        await MaildirReader(Here(), f"{tmp_path}/{{user}}").read(ACCOUNT)
    assert "[reading]" in caught.value.mend
