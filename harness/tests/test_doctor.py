"""The doctor on servers that are not well: each failing line says what was seen and what to change."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from harness.corpus import CorpusMessage, Trait
from harness.doctor import examine
from harness.errors import SetupError
from harness.results import TunedSetting
from harness.targets.emptying import Pop3Emptier
from harness.targets.model import Account, Endpoint, MailReader, TargetState, TlsMode
from harness.targets.profile import Profile
from harness.targets.reach import CommandResult
from harness.targets.shared import Shared
from harness.testbed.target_bed import TargetBed
from harness.tests.peers import Peer, PeerSession, Script


@dataclass(slots=True)
class Patient:
    """A target whose POP3 endpoint is a scripted peer; what is loaded is given to the script by way of `mail`."""

    at: tuple[str, int]
    tls: TlsMode = TlsMode.NONE
    carries: frozenset[Trait] = frozenset()
    state: TargetState = field(default_factory=lambda: TargetState(running=True))
    mail: list[bytes] = field(default_factory=list)
    name: str = "patient"
    product: str = ""
    version: str = ""
    image_digest: str = ""
    profile: Profile = field(default_factory=lambda: Profile.bare("patient"))
    accounts: Sequence[Account] = (Account("alice", "pw", "alice@x.test"),)
    reader: MailReader | None = None
    testbed: TargetBed | None = None
    shared: Shared = field(default_factory=Shared)
    tuned: Sequence[TunedSetting] = ()
    autologout_seconds: float | None = None
    imap_autologout_seconds: float | None = None
    can_restart: bool = False

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        return {"pop3": Endpoint("pop3", "pop3", *self.at, self.tls)}

    @property
    def loader(self) -> Patient:
        return self

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        self.mail += [message.data for message in messages]

    async def empty(self, account: Account) -> None:
        await Pop3Emptier(self).empty(account)

    def listen(self, hears: Callable[[str], None]) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def restart(self) -> None: ...

    async def alive(self) -> TargetState:
        return self.state

    def log(self) -> bytes:
        return b""

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        raise SetupError("not here")


def pop3(mail: list[bytes], before: bytes = b"", **answers: bytes) -> Script:
    """A POP3 server that is just good enough, but for the commands whose answers are given."""

    async def script(peer: PeerSession) -> None:
        await peer.send(answers.get("greeting", b"+OK hi\r\n"))
        while line := await peer.line():
            verb = line.split()[0].decode()
            usual = {
                "CAPA": b"+OK\r\nUIDL\r\nSASL PLAIN\r\n.\r\n",
                "STAT": b"+OK %d 1\r\n" % len(mail),
                "RETR": b"+OK\r\n" + before + (mail[0].replace(b"\r\n.", b"\r\n..") if mail else b"") + b".\r\n",
            }.get(verb, b"+OK\r\n")
            if verb == "DELE":
                mail.clear()
            await peer.send(answers.get(verb, usual))
            if verb == "QUIT":
                return

    return script


@pytest.mark.asyncio
async def test_a_healthy_server_gets_its_capabilities_listed() -> None:
    mail: list[bytes] = []
    async with Peer(pop3(mail)) as at:
        examination = await examine(Patient(at, mail=mail, carries=frozenset({Trait.EXACT})), timeout=5)
    assert examination.ok, examination.lines
    assert {"UIDL": (), "SASL": ("PLAIN",)}.items() <= examination.capabilities["pop3"].items()
    assert examination.greeting == "+OK hi"
    assert all(not line.mend for line in examination.lines)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answers", "tried", "saw"),
    [
        ({"greeting": b"-ERR go away\r\n"}, "greets", "go away"),
        ({"greeting": b"+OK \x1b[31mred\r\n", "STAT": b"+OK\r\n"}, "an account is there", "STAT"),
        ({"PASS": b"-ERR wrong\r\n"}, "an account is there", "wrong"),
        ({"RETR": b"-ERR gone\r\n"}, "read back", "gone"),
        ({"RETR": b"+OK\r\nanother message\r\n.\r\n"}, "read back", "not the message"),
    ],
)
async def test_what_is_wrong_is_said_with_a_mend(
    answers: dict[str, bytes], tried: str, saw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.targets.emptying.LOCK_PATIENCE", 0.0)
    mail: list[bytes] = []
    async with Peer(pop3(mail, **answers)) as at:
        examination = await examine(Patient(at, mail=mail), timeout=5)
    assert not examination.ok
    (bad,) = [line for line in examination.lines if not line.ok]
    assert tried in bad.tried
    assert saw in bad.saw
    assert bad.mend
    assert "\x1b" not in "".join(line.saw for line in examination.lines)


@pytest.mark.asyncio
async def test_trace_fields_show_the_clock_and_are_refused_where_bytes_must_be_exact() -> None:
    mail: list[bytes] = []
    trace = b"Received: from a by b;\r\n Mon, 3 Jun 2024 07:00:00 +0000\r\n"
    async with Peer(pop3(mail, trace)) as at:
        loose = await examine(Patient(at, mail=mail), timeout=5)
        exact = await examine(Patient(at, mail=mail, carries=frozenset({Trait.EXACT})), timeout=5)
    assert "its clock is -" in next(line.saw for line in loose.lines if not line.ok)
    assert "stand before the message" in next(line.saw for line in exact.lines if not line.ok)


@pytest.mark.asyncio
async def test_a_refused_stls_and_a_dead_server() -> None:
    async with Peer(pop3([], STLS=b"-ERR no\r\n")) as at:
        refused = await examine(Patient(at, tls=TlsMode.STARTTLS), timeout=5)
    assert [line.saw for line in refused.lines] == ["STLS was refused"]
    gone = await examine(Patient(at), timeout=5)
    assert "no connection" in gone.lines[0].saw
    dead = await examine(Patient(at, state=TargetState(False, 137, "out of memory")), timeout=5)
    assert [line.ok for line in dead.lines] == [False]
    assert "exit status 137" in dead.lines[0].saw
    assert "out of memory" in dead.lines[0].saw
