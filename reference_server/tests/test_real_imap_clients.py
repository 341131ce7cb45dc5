"""Clients that people use agree with the server about a mailbox, octet by octet as far as each keeps them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imapclient
import pytest
import pytest_asyncio

from reference_server.accounts import derive
from reference_server.server import MailServer
from reference_server.settings import TEST_COST, Settings
from reference_server.tests.programs import PASSWORD, needs, run, run_on_terminal

SETTINGS = Settings(volatile=True, cost=TEST_COST)

pytestmark = pytest.mark.asyncio


def message(name: str, body: str = "Bring cups.\r\n") -> bytes:
    return (
        f"From: ann@a.test\r\nTo: user1@postel.test\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nSubject: {name}\r\n"
        f"Message-ID: <{name}@a.test>\r\n\r\n{body}"
    ).encode()


MIME = (
    b"From: ann@a.test\r\nTo: user1@postel.test\r\nSubject: =?utf-8?q?Tee_f=C3=BCr_zwei?=\r\n"
    b"Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <mime@a.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: 8bit\r\n\r\nf\xc3\xbcr zwei\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    + message("inner").replace(b"Bring", b"From here, bring")
    + b"\r\n--b--\r\n"
)
MESSAGES = {
    "plain": message("plain"),
    "dots": message("dots", ".\r\n..\r\n.x\r\nFrom the start\r\n"),
    "long": message("long", "y" * 900 + "\r\n" + "line\r\n" * 5000),
    "mime": MIME,
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer(SETTINGS) as server:
        server.accounts.put({"user1": derive(PASSWORD, TEST_COST)})
        for each in MESSAGES.values():
            server.store.append(each, ["user1"])
        yield server


def port(server: MailServer, name: str = "imap") -> str:
    return str(server.endpoints[name].port)


async def asked(server: MailServer, talk: Callable[[imapclient.IMAPClient], Any]) -> Any:
    """What IMAPClient finds, logged in, in a thread."""

    def inquire() -> Any:
        with imapclient.IMAPClient("127.0.0.1", server.endpoints["imap"].port, ssl=False, timeout=20) as client:
            client.login("user1", PASSWORD)
            return talk(client)

    return await asyncio.to_thread(inquire)


Contents = dict[bytes, tuple[bytes, frozenset[bytes]]]
"""Octets and flags of each message, by Message-ID."""


def contents(client: imapclient.IMAPClient, folder: str = "INBOX") -> Contents:
    client.select_folder(folder, readonly=True)
    found = {}
    for data in client.fetch(client.search(), ["ENVELOPE", "BODY.PEEK[]", "FLAGS"]).values():
        flags = frozenset(data[b"FLAGS"]) - {rb"\Recent"}
        found[data[b"ENVELOPE"].message_id] = (data[b"BODY[]"], flags)
    return found


def unix(octets: bytes) -> bytes:
    """Line ends as a file on disk has them."""
    return octets.replace(b"\r\n", b"\n")


# ---- mbsync ---------------------------------------------------------------------------------------------------------

FLAGS = {"S": rb"\Seen", "F": rb"\Flagged", "R": rb"\Answered", "D": rb"\Draft", "T": rb"\Deleted"}


class Mirror:
    """A Maildir that mbsync keeps equal to the server's mailboxes."""

    def __init__(self, home: Path, server: MailServer) -> None:
        self.home = home
        (home / "mail").mkdir()
        (home / "mbsyncrc").write_text(
            f"IMAPAccount server\nHost 127.0.0.1\nPort {port(server)}\nUser user1\nPass {PASSWORD}\nSSLType None\n"
            "AuthMechs LOGIN\n\nIMAPStore far\nAccount server\n\n"
            f"MaildirStore near\nPath {home}/mail/\nInbox {home}/mail/INBOX\nSubFolders Verbatim\n\n"
            "Channel both\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSync All\n"
            "SyncState *\n"
        )

    async def sync(self) -> None:
        (await run("mbsync", "-c", str(self.home / "mbsyncrc"), "-a", home=self.home)).must_succeed()

    def files(self, folder: str = "INBOX") -> list[Path]:
        return [path for part in ("cur", "new") for path in (self.home / "mail" / folder / part).iterdir()]

    def file(self, name: str) -> Path:
        (found,) = [path for path in self.files() if f"<{name}@a.test>".encode() in path.read_bytes()]
        return found

    def mark(self, name: str, flags: str) -> None:
        """Set a message's flags, as another program that uses the Maildir would."""
        old = self.file(name)
        old.rename(self.home / "mail" / "INBOX" / "cur" / f"{old.name.partition(':')[0]}:2,{flags}")

    def add(self, name: str) -> None:
        (self.home / "mail" / "INBOX" / "new" / f"1.{name}.here").write_bytes(unix(message(name)))

    def contents(self, folder: str = "INBOX") -> Contents:
        found = {}
        for path in self.files(folder):
            octets = path.read_bytes()
            flags = frozenset(FLAGS[flag] for flag in path.name.partition(":2,")[2])
            found[message_id(octets)] = (without_marks(octets), flags)
        return found


def without_marks(octets: bytes) -> bytes:
    """Without the header field by which mbsync knows a message again."""
    return b"".join(line for line in octets.splitlines(keepends=True) if not line.startswith(b"X-TUID:"))


def message_id(octets: bytes) -> bytes:
    return octets.partition(b"Message-ID: ")[2].split()[0]


def as_files(found: Contents) -> Contents:
    return {name: (without_marks(unix(octets)), flags) for name, (octets, flags) in found.items()}


async def agree(server: MailServer, mirror: Mirror) -> Contents:
    """Both sides hold the same; returns what."""
    far = as_files(await asked(server, contents))
    assert mirror.contents() == far
    return far


@needs("mbsync")
async def test_mbsync_converges_in_both_directions(server: MailServer, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, server)
    await mirror.sync()
    assert len(await agree(server, mirror)) == len(MESSAGES)

    mirror.mark("plain", "FS")
    mirror.mark("dots", "ST")
    mirror.add("new-here")

    def change(client: imapclient.IMAPClient) -> None:
        client.select_folder("INBOX")
        (uid,) = client.search(["HEADER", "Message-ID", "mime@a.test"])
        client.add_flags(uid, [rb"\Answered"])
        (uid,) = client.search(["HEADER", "Message-ID", "long@a.test"])
        client.delete_messages(uid)
        client.expunge()
        client.append("INBOX", message("new-there"), flags=[rb"\Draft"])
        client.create_folder("Work")
        client.append("Work", message("at-work"))

    await asked(server, change)
    await mirror.sync()
    found = await agree(server, mirror)
    assert {name: flags for name, (_, flags) in found.items()} == {
        b"<plain@a.test>": {rb"\Flagged", rb"\Seen"},
        b"<mime@a.test>": {rb"\Answered"},
        b"<new-here@a.test>": set(),
        b"<new-there@a.test>": {rb"\Draft"},
    }
    assert mirror.contents("Work").keys() == {b"<at-work@a.test>"}

    before = sorted((path.name, path.read_bytes()) for path in mirror.files())
    await mirror.sync()
    assert await agree(server, mirror) == found, "a run without changes changes nothing"
    assert sorted((path.name, path.read_bytes()) for path in mirror.files()) == before


# ---- programs that fetch --------------------------------------------------------------------------------------------


def in_maildir(path: Path) -> set[bytes]:
    return {each.read_bytes() for part in ("cur", "new") for each in (path / part).iterdir()}


def maildir(path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    return path


@needs("getmail")
@pytest.mark.parametrize("protocol", ["IMAP", "POP3"])
async def test_getmail_brings_every_octet(server: MailServer, tmp_path: Path, protocol: str) -> None:
    keep = tmp_path / "keep"
    keep.write_text(f"#!/bin/sh\nexec cat > $(mktemp {tmp_path}/kept.XXXXXX)\n")
    keep.chmod(0o700)
    mailboxes = 'mailboxes = ("INBOX",)\nrecord_mailbox = false\n' if protocol == "IMAP" else ""
    (tmp_path / "getmailrc").write_text(
        f"[retriever]\ntype = Simple{protocol}Retriever\nserver = 127.0.0.1\nport = {port(server, protocol.lower())}\n"
        f"username = user1\npassword = {PASSWORD}\n{mailboxes}\n"
        f"[destination]\ntype = MDA_external\npath = {keep}\nallow_root_commands = true\n\n"
        "[options]\ndelivered_to = false\nreceived = false\nread_all = true\ndelete = true\n"
    )
    (await run("getmail", f"--getmaildir={tmp_path}", "--rcfile=getmailrc", home=tmp_path)).must_succeed()
    brought = {without_return_path(each.read_bytes()) for each in kept_by(tmp_path)}
    assert brought == {unix(each) for each in MESSAGES.values()}
    assert await asked(server, lambda client: client.select_folder("INBOX")[b"EXISTS"]) == 0


def kept_by(home: Path) -> list[Path]:
    return list(home.glob("kept.*"))


def without_return_path(octets: bytes) -> bytes:
    """Without the field that getmail puts in front."""
    first, _, rest = octets.partition(b"\n")
    return rest if first.lower().startswith(b"return-path:") else octets


@needs("fetchmail")
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
async def test_fetchmail_brings_the_bodies_and_deletes(server: MailServer, tmp_path: Path, protocol: str) -> None:
    settings = tmp_path / "fetchmailrc"
    settings.write_text(
        f"poll 127.0.0.1 protocol {protocol} port {port(server, protocol)}\n"
        f'user "user1" password "{PASSWORD}" sslproto "" fetchall nokeep no rewrite mda "cat >> {tmp_path}/all"\n'
    )
    settings.chmod(0o600)
    (await run("fetchmail", "--fetchmailrc", str(settings), "--invisible", home=tmp_path)).must_succeed()
    brought = (tmp_path / "all").read_bytes()
    for each in MESSAGES.values():
        body = unix(each).partition(b"\n\n")[2]
        assert body in brought
    assert await asked(server, lambda client: client.select_folder("INBOX")[b"EXISTS"]) == 0


@needs("mutt")
async def test_mutt_copies_and_marks(server: MailServer, tmp_path: Path) -> None:
    kept = maildir(tmp_path / "kept")
    (tmp_path / "muttrc").write_text(
        f'set folder="{tmp_path}"\nset imap_user="user1"\nset imap_pass="{PASSWORD}"\n'
        f'set certificate_file="{server.authority}"\n'
        "set confirmappend=no\nset confirmcreate=no\nset delete=yes\nset quit=yes\nset mbox_type=Maildir\n"
        f'set imap_authenticators="login"\nset header_cache=""\nset wait_key=no\nset auto_tag=yes\n'
    )
    keys = (
        f"<tag-pattern>~A<enter><copy-message><kill-line>{kept}<enter>"
        "<untag-pattern>~A<enter><limit>~i plain@a.test<enter><flag-message><delete-message><limit>all<enter><quit>"
    )
    mailbox = f"imap://user1@localhost:{port(server)}/INBOX"
    finished = await run_on_terminal(
        "mutt", "-F", str(tmp_path / "muttrc"), "-f", mailbox, "-e", f"push '{keys}'", home=tmp_path
    )
    finished.must_succeed()
    bodies = {each.partition(b"\n\n")[2] for each in in_maildir(kept)}
    assert bodies == {unix(each).partition(b"\n\n")[2] for each in MESSAGES.values()}
    left = await asked(server, contents)
    assert left.keys() == {b"<dots@a.test>", b"<long@a.test>", b"<mime@a.test>"}


@needs("curl")
async def test_curl_uploads_finds_and_fetches(server: MailServer, tmp_path: Path) -> None:
    address = f"imap://127.0.0.1:{port(server)}"
    login = ("--silent", "--show-error", "--user", f"user1:{PASSWORD}")
    sent = tmp_path / "sent"
    sent.write_bytes(message("sent", "..\r\nlast line"))
    await finish(tmp_path, "curl", *login, f"{address}/INBOX", "-T", str(sent))
    found = await finish(tmp_path, "curl", *login, f"{address}/INBOX?HEADER%20Message-ID%20sent")
    assert found.split() == [b"*", b"SEARCH", str(len(MESSAGES) + 1).encode()]
    for number, octets in enumerate([*MESSAGES.values(), sent.read_bytes()], 1):
        assert await finish(tmp_path, "curl", *login, f"{address}/INBOX;MAILINDEX={number}") == octets
    text = await finish(tmp_path, "curl", *login, f"{address}/INBOX;MAILINDEX=1;SECTION=TEXT")
    assert text == b"Bring cups.\r\n"


async def finish(home: Path, *command: str) -> bytes:
    return (await run(*command, home=home)).must_succeed()


# ---- IMAPClient -----------------------------------------------------------------------------------------------------


async def test_imapclient_understands_everything_that_it_can_ask(server: MailServer) -> None:
    def talk(client: imapclient.IMAPClient) -> None:
        assert client.has_capability("IDLE")
        client.enable("CONDSTORE")
        client.create_folder("Über/Tee")
        client.subscribe_folder("Über/Tee")
        assert [name for _, _, name in client.list_sub_folders()] == ["Über/Tee"]
        assert (rb"\HasChildren" in flags for flags, _, name in client.list_folders() if name == "Über")
        assert client.select_folder("INBOX")[b"EXISTS"] == len(MESSAGES)
        assert client.sort("SUBJECT")
        assert client.thread("REFERENCES")
        (uid,) = client.search(["SUBJECT", "für zwei"], charset="UTF-8")
        structure = client.fetch(uid, ["BODYSTRUCTURE"])[uid][b"BODYSTRUCTURE"]
        assert structure.is_multipart
        assert structure[0][1][:2] == (b"MESSAGE", b"RFC822")
        client.copy([uid], "Über/Tee")
        assert client.folder_status("Über/Tee")[b"MESSAGES"] == 1
        client.move([uid], "Über/Tee")
        assert client.folder_status("Über/Tee")[b"MESSAGES"] == 2
        client.idle()
        client.idle_done()
        assert client.get_quota()[0].resource

    await asked(server, talk)


async def test_imapclient_over_starttls() -> None:
    async with MailServer(replace(SETTINGS, plaintext_logins=False)) as server:
        server.accounts.put({"user1": derive(PASSWORD, TEST_COST)})
        trust = ssl.create_default_context(cafile=str(server.authority))

        def talk() -> object:
            port = server.endpoints["imap"].port
            with imapclient.IMAPClient("localhost", port, ssl=False, timeout=20) as client:
                client.starttls(trust)
                client.login("user1", PASSWORD)
                return client.select_folder("INBOX")[b"EXISTS"]

        assert await asyncio.to_thread(talk) == 0
