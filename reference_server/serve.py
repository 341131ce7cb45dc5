"""Running the server for a person or a program: options, what is printed, signals.

`postel serve` and `python -m reference_server` are this one command.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import rich_click as click

from reference_server.accounts import AccountError, derive
from reference_server.backend import StoreFailure
from reference_server.connection_log import LogLine
from reference_server.queue.control import ControlSocket
from reference_server.serve_relay import relay_options
from reference_server.server import MailServer, ServerError
from reference_server.settings import TEST_COST, Limits, PasswordCost, Ports, Relay, Settings
from reference_server.store import DataDirectoryError

_PORT = click.IntRange(0, 65535)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is printed beside the endpoints."""

    accounts: int = 2
    """How many accounts there shall be: user1, user2, ..."""
    password: str | None = None
    """The password of all of them; None makes one up for each account that is new."""
    apop: bool = True
    """Whether they opt in to APOP, for which the server keeps the password itself."""
    as_json: bool = False
    """One line of JSON on standard output, and the log on standard error."""
    log: bool = True


def run(settings: Settings, announcement: Announcement) -> None:
    """Run a server until SIGINT or SIGTERM, then stop it cleanly.

    Raises ServerError, DataDirectoryError, StoreFailure or AccountError where it cannot start; the message is one
    line that says why.
    """
    asyncio.run(_run(settings, announcement))


async def _run(settings: Settings, announcement: Announcement) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    output = _Output(sys.stderr if announcement.as_json else sys.stdout)
    server = MailServer(settings, log=output.log if announcement.log else None)
    async with server, _controlled(server):
        passwords = _add_accounts(server, announcement)
        description = _description(server, passwords)
        _Output(sys.stdout).line(json.dumps(description) if announcement.as_json else _readable(server, passwords))
        await stop.wait()
    if not announcement.as_json:
        output.line("stopped")


@asynccontextmanager
async def _controlled(server: MailServer) -> AsyncIterator[None]:
    """What `postel queue` talks to. Raises ServerError."""
    control = ControlSocket(server.directory, server.queue)
    try:
        await control.open()
    except OSError as error:
        raise ServerError(f"cannot make a socket in {server.directory}: {error.strerror or error}") from error
    try:
        yield
    finally:
        await control.close()


class _Output:
    """Prints lines at once; where nobody reads any more, it keeps quiet and the server goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._open = True
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")

    def log(self, line: LogLine) -> None:
        self.line(str(line))

    def line(self, text: str) -> None:
        if not self._open:
            return
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except OSError:
            self._open = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def _add_accounts(server: MailServer, announcement: Announcement) -> dict[str, str | None]:
    """Make the accounts; each one's password, None for an account that keeps the one it had."""
    passwords: dict[str, str | None] = dict.fromkeys(server.accounts.names())
    for number in range(1, announcement.accounts + 1):
        name = f"user{number}"
        if name not in passwords or announcement.password is not None:
            passwords[name] = announcement.password or secrets.token_urlsafe(9)
    cost = server.settings.cost
    known = {name: password for name, password in passwords.items() if password is not None}
    server.accounts.put({name: derive(text, cost, apop=announcement.apop) for name, text in known.items()})
    return passwords


def _description(server: MailServer, passwords: dict[str, str | None]) -> dict[str, object]:
    domain = server.settings.domains[0]
    return {
        "endpoints": {name: asdict(endpoint) for name, endpoint in server.endpoints.items()},
        "accounts": [
            {"name": name, "password": password, "address": f"{name}@{domain}"} for name, password in passwords.items()
        ],
        "ca": str(server.authority),
        "data": str(server.directory),
    }


def _readable(server: MailServer, passwords: dict[str, str | None]) -> str:
    domain = server.settings.domains[0]
    lines = ["endpoints"]
    for endpoint in server.endpoints.values():
        lines.append(f"  {endpoint.name:<11} {endpoint.host} port {endpoint.port:<6} TLS: {endpoint.tls.value}")
    lines.append("accounts")
    for name, password in passwords.items():
        secret = "(password as before)" if password is None else f"password {password}"
        lines.append(f"  {name:<8} {secret:<24} address {name}@{domain}")
    lines.append(f"certificate authority\n  {server.authority}")
    lines.append(f"data\n  {server.directory}{'' if server.settings.data else ' (temporary, removed at the end)'}")
    lines.append("stop with Ctrl-C; connections follow")
    return "\n".join(lines)


@click.command(name="serve")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep mail and accounts in DIR.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--pop3-port", type=_PORT, default=0, help="POP3 with STLS; 0 (default): any free port.")
@click.option("--pop3s-port", type=_PORT, default=0, help="POP3 with implicit TLS; 0: any free port.")
@click.option("--smtp-port", type=_PORT, default=0, help="SMTP with STARTTLS, for local recipients; 0: any free port.")
@click.option("--submission-port", type=_PORT, default=0, help="Message submission with STARTTLS; 0: any free port.")
@click.option("--submissions-port", type=_PORT, default=0, help="The same with implicit TLS; 0: any free port.")
@click.option("--lmtp-port", type=_PORT, default=0, help="LMTP; 0: any free port.")
@click.option("--imap-port", type=_PORT, default=0, help="IMAP with STARTTLS; 0: any free port.")
@click.option("--imaps-port", type=_PORT, default=0, help="IMAP with implicit TLS; 0: any free port.")
@click.option("--accounts", type=click.IntRange(0, 10_000), default=2, show_default=True, help="Number of accounts.")
@click.option("--password", help="The password of all of them (default: made up, printed when made).")
@click.option("--apop/--no-apop", default=True, show_default=True, help="Whether they may log in by APOP.")
@click.option("--domain", default="postel.test", show_default=True, help="The mail domain that is local.")
@click.option("--hostname", default="mail.postel.test", show_default=True, help="The server's own name.")
@click.option(
    "--autologout",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds until POP3 closes an idle session; below 600 breaks RFC 1939 §3, and is for tests.",
)
@click.option(
    "--imap-autologout",
    type=click.FloatRange(min=0, min_open=True),
    default=1800.0,
    show_default=True,
    help="Seconds until IMAP ends an idle session; below 1800 breaks RFC 3501 §5.4, and is for tests.",
)
@relay_options
@click.option("--test-run", is_flag=True, help="Cheap password hashes; without --data no disk flushes either.")
@click.option("--json", "as_json", is_flag=True, help="Announce as one line of JSON; the log goes to standard error.")
@click.option("--quiet", is_flag=True, help="No connection log.")
def serve(
    *,
    data: Path | None,
    host: str,
    pop3_port: int,
    pop3s_port: int,
    smtp_port: int,
    lmtp_port: int,
    imap_port: int,
    imaps_port: int,
    submission_port: int,
    submissions_port: int,
    accounts: int,
    password: str | None,
    apop: bool,
    domain: str,
    hostname: str,
    autologout: float,
    imap_autologout: float,
    relay: Relay,
    relay_networks: tuple[str, ...],
    test_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the reference mail server: IMAP, POP3, SMTP, submission and LMTP on ports that it prints, until Ctrl-C."""
    settings = Settings(
        data=data,
        volatile=test_run,
        host=host,
        ports=Ports(
            pop3_port, pop3s_port, smtp_port, lmtp_port, imap_port, imaps_port, submission_port, submissions_port
        ),
        hostname=hostname,
        domains=(domain,),
        cost=TEST_COST if test_run else PasswordCost(),
        limits=Limits(pop3_idle=autologout, imap_idle=imap_autologout),
        relay=relay,
        relay_networks=relay_networks,
    )
    try:
        run(settings, Announcement(accounts, password, apop, as_json, log=not quiet))
    except (ServerError, DataDirectoryError, StoreFailure, AccountError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
