"""Playing IMAP scripts and dialogues against a scripted server: who says what when, by commands without their tags."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from harness.cases import Case, Observation
from harness.corpus import CorpusMessage, Trait
from harness.dialogue import parse_dialogue
from harness.enact import dialogue_case
from harness.stage import Blocked, Enough, Stage
from harness.targets.model import Account, Endpoint, Target
from harness.targets.profile import Profile
from harness.tests.peers import Peer, PeerSession, Script

#: What the client must send, and what is answered; `{tag}` is the command's tag. Empty: nothing is awaited.
Turn = tuple[bytes, bytes]

LOGIN: Turn = (b'LOGIN "ann" "secret"', b"{tag} OK in\r\n")
SELECT: Turn = (b'SELECT "INBOX"', b"* 2 EXISTS\r\n{tag} OK [READ-WRITE] selected\r\n")
UIDS: Turn = (b"FETCH 1:* (UID)", b"* 1 FETCH (UID 11)\r\n* 2 FETCH (UID 12)\r\n{tag} OK\r\n")
MESSAGES = tuple(CorpusMessage("plain", b"Subject: %d\r\n\r\nbody %d\r\n" % (n, n)) for n in (1, 2))


def scripted(*turns: Turn, greeting: bytes = b"* OK hi\r\n") -> Script:
    """A server that greets and takes turns, then leaves."""

    async def script(peer: PeerSession) -> None:
        await peer.send(greeting)
        tag = b""
        for command, answer in turns:
            if command:
                line = (await peer.line()).removesuffix(b"\r\n")
                first, _, rest = line.partition(b" ")
                tag, said = (first, rest) if rest == command else (tag, line)
                assert said == command, f"the client sent {line!r}, not {command!r}"
            await peer.send(answer.replace(b"{tag}", tag))

    return script


async def perform(case: Case, script: Script, messages: Sequence[CorpusMessage] = ()) -> tuple[Stage, str]:
    """Play a case against a scripted server: its stage, and how it ended."""
    async with Peer(script) as (host, port):
        target = SimpleNamespace(
            autologout_seconds=None,
            imap_autologout_seconds=None,
            can_restart=False,
            profile=Profile.bare("scripted"),
            loader=SimpleNamespace(carries=frozenset(Trait)),
            endpoints={"imap": Endpoint("imap", "imap", host, port)},
        )
        account = Account("ann", "secret", "ann@example.test")
        stage = Stage(
            case,
            cast(Target, target),
            account,
            corpus=lambda kind, number: CorpusMessage(kind, b""),
            capabilities={},
            timeout=2.0,
        )
        stage.messages = tuple(messages)
        ending = "finished"
        try:
            await case.script(stage)
        except Enough:
            ending = "enough"
        except Blocked as blocked:
            ending = str(blocked)
        finally:
            await stage.close()
        return stage, ending


async def play(steps: str, *turns: Turn, start: str = "selected", messages: int = 2) -> tuple[list[Observation], str]:
    """Play a dialogue's steps: what was observed, and how it ended."""
    loaded = f"messages: {messages} plain\n" if messages else ""
    text = f"title: t\nprotocol: imap\nstart: {start}\n{loaded}\n{steps}\n"
    before = {"selected": [LOGIN, SELECT, *([UIDS] if messages else [])], "authenticated": [LOGIN]}.get(start, [])
    case = dialogue_case(parse_dialogue(text, "t.dialogue"))
    stage, ending = await perform(case, scripted(*before, *turns), MESSAGES[:messages])
    return stage.observations, ending
