"""Server: as much of an SMTP, LMTP or submission server as tests of what talks to one need."""

from __future__ import annotations

from harness.tests.peers import PeerSession, tls_contexts


class Server:
    """A server that says 250 to all but the usual exceptions, and remembers what it was sent."""

    def __init__(self, *, auth_inside_tls: bool = False, refuses: bytes = b"") -> None:
        self.heard: list[bytes] = []
        self._auth_inside_tls = auth_inside_tls
        self._refuses = refuses
        self._secure = False

    async def play(self, peer: PeerSession) -> None:
        await peer.send(b"220 mx.test\r\n")
        while line := await peer.line():
            self.heard.append(line.removesuffix(b"\r\n"))
            verb = line.split()[0].upper() if line.split() else b""
            await peer.send(self._answer(verb))
            if verb == b"STARTTLS":
                await peer.start_tls(tls_contexts()[0])
                self._secure = True
            elif verb == b"DATA" and verb != self._refuses:
                await self._message(peer)
            elif verb == b"QUIT":
                return

    def _answer(self, verb: bytes) -> bytes:
        if verb == self._refuses:
            return b"550 5.7.1 no\r\n"
        if verb in (b"EHLO", b"LHLO") and self._auth_inside_tls and not self._secure:
            return b"250-mx.test\r\n250 STARTTLS\r\n"
        if verb in (b"EHLO", b"LHLO"):
            return b"250-mx.test\r\n250-SIZE 99\r\n250 AUTH PLAIN\r\n"
        answers = {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n", b"AUTH": b"235 in\r\n", b"STARTTLS": b"220 go\r\n"}
        return answers.get(verb, b"250 2.0.0 ok\r\n")

    async def _message(self, peer: PeerSession) -> None:
        while (line := await peer.line()) not in (b".\r\n", b""):
            self.heard.append(b"| " + line.removesuffix(b"\r\n"))
        await peer.send(b"250 2.6.0 taken\r\n")
