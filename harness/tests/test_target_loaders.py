"""Loaders and emptiers: exact files by real commands, and sessions against scripted peers."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.corpus import CorpusMessage, Trait
from harness.errors import SetupError
from harness.targets.emptying import CommandEmptier, ImapEmptier, Pop3Emptier
from harness.targets.loaders import CARRIES, AppendLoader, CommandLoader, MaildirLoader, MboxLoader, SmtpLoader
from harness.targets.local import run_locally
from harness.targets.model import Account, Endpoint
from harness.targets.reach import CommandResult, filled
from harness.tests.peers import Peer, PeerSession

ACCOUNT = Account("alice", "pw", "alice@x.test")
ANY: frozenset[Trait] = frozenset()


class Near:
    """A target on this machine: its commands run in a directory."""

    def __init__(self, directory: Path = Path(), **ports: tuple[str, int]) -> None:
        self.directory = directory
        self.endpoints: Mapping[str, Endpoint] = {
            name: Endpoint(name, name, host, port) for name, (host, port) in ports.items()
        }

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        return await run_locally(command, stdin, directory=self.directory)


def message(data: bytes, kind: str = "plain") -> CorpusMessage:
    return CorpusMessage(kind, data)


def maildir(path: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (path / name).mkdir(parents=True)
    return path


@pytest.mark.asyncio
async def test_a_maildir_gets_the_messages_in_order_and_nothing_else(tmp_path: Path) -> None:
    box = maildir(tmp_path / "alice")
    loader = MaildirLoader(Near(), f"{tmp_path}/{{user}}", "", False, ANY)
    contents = [b"%d\0\r\xff.\r\n" % number for number in range(12)]
    await loader.load(ACCOUNT, [message(each) for each in contents])
    await loader.load(ACCOUNT, [message(b"last")])
    found = [path.read_bytes() for path in sorted((box / "new").iterdir())]
    assert found == [each.replace(b"\r\n", b"\n") for each in contents] + [b"last"]
    assert not list((box / "tmp").iterdir())


@pytest.mark.asyncio
async def test_a_maildir_may_keep_crlf(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    await MaildirLoader(Near(), str(box), "", True, ANY).load(ACCOUNT, [message(b"a\r\r\n\nb")])
    assert [path.read_bytes() for path in (box / "new").iterdir()] == [b"a\r\r\n\nb"]


@pytest.mark.asyncio
async def test_a_maildir_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="mailbox of alice"):
        await MaildirLoader(Near(), str(tmp_path / "none"), "", False, ANY).load(ACCOUNT, [message(b"x")])


def unpacked(mbox: bytes) -> list[bytes]:
    """The messages of an mbox, read independently: separators split, one level of quoting undone."""
    messages: list[list[bytes]] = []
    for line in mbox.split(b"\n")[:-1]:
        if line.startswith(b"From "):
            messages.append([])
        else:
            bare = line.lstrip(b">")
            messages[-1].append(line[1:] if bare.startswith(b"From ") and line != bare else line)
    return [b"".join(line + b"\r\n" for line in lines[:-1]) for lines in messages]


LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b"From here", b">From there", b">>From", b"from", b" From "]),
        st.binary(max_size=8).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b"")),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.asyncio
@given(bodies=st.lists(LINES, min_size=1, max_size=4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_mbox_gives_back_every_line(tmp_path: Path, bodies: list[list[bytes]]) -> None:
    box = tmp_path / "alice"
    box.unlink(missing_ok=True)
    contents = [b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in lines) for lines in bodies]
    await MboxLoader(Near(), f"{tmp_path}/{{user}}", ANY).load(ACCOUNT, [message(each) for each in contents])
    assert unpacked(box.read_bytes()) == contents


@pytest.mark.asyncio
async def test_a_header_alone_ends_in_an_mbox_with_an_empty_line(tmp_path: Path) -> None:
    loader = MboxLoader(Near(), f"{tmp_path}/{{user}}", ANY)
    await loader.load(ACCOUNT, [message(b"Subject: x\r\n"), message(b"\r\nno header\r\n")])
    assert unpacked((tmp_path / "alice").read_bytes()) == [b"Subject: x\r\n\r\n", b"\r\nno header\r\n"]


@pytest.mark.asyncio
async def test_a_command_reads_the_message(tmp_path: Path) -> None:
    loader = CommandLoader(Near(tmp_path), ["sh", "-c", 'cat > "$1"', "sh", "{user}-{address}"], ANY)
    await loader.load(ACCOUNT, [message(b"a\0\xffb\r\n")])
    assert (tmp_path / "alice-alice@x.test").read_bytes() == b"a\0\xffb\r\n"


@pytest.mark.asyncio
async def test_a_command_that_fails_says_how(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="ended with 3: no disk"):
        await CommandLoader(Near(), ["sh", "-c", "echo no disk; exit 3"], ANY).load(ACCOUNT, [message(b"x")])
    with pytest.raises(SetupError, match="could not be run"):
        await CommandLoader(Near(), [str(tmp_path / "none")], ANY).load(ACCOUNT, [message(b"x")])
    with pytest.raises(SetupError, match="ended with 4"):
        await CommandEmptier(Near(), ["sh", "-c", "exit 4"]).empty(ACCOUNT)


def test_other_braces_of_a_command_stay() -> None:
    assert filled(["{user}:${HOME}", "{password}{n}"], ACCOUNT) == ["alice:${HOME}", "pw{n}"]


@pytest.mark.asyncio
async def test_lmtp_delivers_each_message() -> None:
    got: list[bytes] = []

    async def script(peer: PeerSession) -> None:
        await peer.send(b"220 hi\r\n")
        in_data = False
        while line := await peer.line():
            if in_data:
                got.append(line)
                in_data = line != b".\r\n"
                if not in_data:
                    await peer.send(b"250 stored\r\n")
                continue
            in_data = line == b"DATA\r\n"
            await peer.send(b"354 go on\r\n" if in_data else b"250 fine\r\n")

    async with Peer(script) as lmtp:
        loader = SmtpLoader(Near(lmtp=lmtp), "lmtp", "s@x.test", CARRIES["lmtp"])
        await loader.load(ACCOUNT, [message(b".dot\r\n"), message(b"\xff\r\n")])
    assert got == [b"..dot\r\n", b".\r\n", b"\xff\r\n", b".\r\n"]


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [b"550 no such user\r\n", b""])
async def test_a_refused_or_lost_delivery_is_a_setup_error(answer: bytes) -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"220 hi\r\n")
        while line := await peer.line():
            if line.startswith(b"RCPT"):
                await peer.send(answer)
                return
            await peer.send(b"250 fine\r\n")

    async with Peer(script) as lmtp:
        with pytest.raises(SetupError):
            await SmtpLoader(Near(lmtp=lmtp), "lmtp", "s@x.test", ANY).load(ACCOUNT, [message(b"x\r\n")])


@pytest.mark.asyncio
async def test_after_smtp_the_message_is_waited_for() -> None:
    counts = iter([b"+OK 1 10\r\n", b"+OK 1 10\r\n", b"+OK 2 20\r\n"])

    async def pop3(peer: PeerSession) -> None:
        await peer.send(b"+OK\r\n")
        while line := await peer.line():
            await peer.send(next(counts) if line == b"STAT\r\n" else b"+OK\r\n")

    async def smtp(peer: PeerSession) -> None:
        await peer.send(b"220 hi\r\n")
        while line := await peer.line():
            if line == b"DATA\r\n":
                await peer.send(b"354 go on\r\n")
                while await peer.line() != b".\r\n":
                    pass
            await peer.send(b"250 fine\r\n")

    async with Peer(pop3) as pop3_at, Peer(smtp) as smtp_at:
        near = Near(pop3=pop3_at, smtp=smtp_at)
        await SmtpLoader(near, "smtp", "s@x.test", ANY).load(ACCOUNT, [message(b"x\r\n")])
    assert next(counts, None) is None


@pytest.mark.asyncio
async def test_append_sends_the_octets_as_they_are() -> None:
    data = b"a\0\r\n.\xff"

    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.send((await peer.line()).split()[0] + b" OK in\r\n")
        line = await peer.line()
        assert line.endswith(b"{%d}\r\n" % len(data))
        await peer.send(b"+ go\r\n")
        await peer.expect(data + b"\r\n")
        await peer.send(line.split()[0] + b" OK stored\r\n")
        await peer.send((await peer.line()).split()[0] + b" OK bye\r\n")

    async with Peer(script) as imap:
        await AppendLoader(Near(imap=imap), ANY).load(ACCOUNT, [message(data)])


@pytest.mark.asyncio
async def test_a_refused_imap_login_is_a_setup_error() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.send((await peer.line()).split()[0] + b" NO wrong\r\n")
        await peer.hang()

    async with Peer(script) as imap:
        with pytest.raises(SetupError, match="no IMAP login as alice"):
            await AppendLoader(Near(imap=imap), ANY).load(ACCOUNT, [message(b"x")])
        with pytest.raises(SetupError, match="INBOX of alice"):
            await ImapEmptier(Near(imap=imap)).empty(ACCOUNT)


@pytest.mark.asyncio
async def test_pop3_emptying_waits_for_the_lock_and_deletes_every_message() -> None:
    seen: list[bytes] = []
    logins = iter([b"-ERR [IN-USE] locked\r\n", b"+OK\r\n"])

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK\r\n")
        while line := await peer.line():
            seen.append(line)
            if line.startswith(b"PASS"):
                await peer.send(next(logins))
            else:
                await peer.send(b"+OK 2 20\r\n" if line == b"STAT\r\n" else b"+OK\r\n")
            if line == b"QUIT\r\n":
                return

    async with Peer(script) as pop3:
        await Pop3Emptier(Near(pop3=pop3)).empty(ACCOUNT)
    assert seen[-4:] == [b"STAT\r\n", b"DELE 1\r\n", b"DELE 2\r\n", b"QUIT\r\n"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("command", "answer"),
    [(b"STAT\r\n", b"+OK none\r\n"), (b"DELE 1\r\n", b"-ERR no\r\n"), (b"QUIT\r\n", b"-ERR no\r\n")],
)
async def test_a_mailbox_that_cannot_be_emptied_is_an_error(command: bytes, answer: bytes) -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK\r\n")
        while line := await peer.line():
            usual = b"+OK 1 10\r\n" if line == b"STAT\r\n" else b"+OK\r\n"
            await peer.send(answer if line == command else usual)

    async with Peer(script) as pop3:
        with pytest.raises(SetupError, match=command.split()[0].decode()):
            await Pop3Emptier(Near(pop3=pop3)).empty(ACCOUNT)


@pytest.mark.asyncio
async def test_a_missing_endpoint_is_named() -> None:
    with pytest.raises(SetupError, match="no imap or imaps endpoint"):
        await AppendLoader(Near(), ANY).load(ACCOUNT, [message(b"x")])
