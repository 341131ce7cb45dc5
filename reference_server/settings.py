"""Everything about the server that can be set, with its default and unit.

Defaults are what the RFCs ask for; a test run lowers costs and times, never the other way round. Knows no protocol's
replies and opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client may take. Lengths are in octets and count the CRLF; times are in seconds."""

    pop3_line: int = 255
    """The longest POP3 command line, AUTH with its initial response included (RFC 2449 §4, RFC 5034 §4)."""

    smtp_line: int = 512
    """The longest SMTP and LMTP command line without parameters of extensions, which each add to it
    (RFC 5321 §4.5.3.1.4)."""

    sasl_line: int = 12_288
    """The longest line of a SASL exchange after the AUTH command (RFC 5034 §4, RFC 4954 §4)."""

    message: int = 64 * 1024 * 1024
    """The largest message, line ends as two octets (RFC 5321 §4.5.3.1.7 asks for 64 Ki at least)."""

    recipients: int = 1000
    """Recipients of one mail transaction (RFC 5321 §4.5.3.1.8 asks for 100 at least)."""

    hops: int = 100
    """Received fields that a message may bring along before it is taken for one in a loop (RFC 5321 §6.3 asks for a
    large number, 100 at least)."""

    failed_logins: int = 3
    """Failed logins of one connection before the server closes it."""

    sessions: int = 1000
    """Connections at the same time, of all listeners together."""

    sessions_per_address: int = 250
    """Connections at the same time from one IP address."""

    pop3_idle: float = 600.0
    """Autologout: seconds without a command; ten minutes at least (RFC 1939 §3)."""

    imap_idle: float = 1800.0
    """Autologout after a login: seconds without a command; thirty minutes at least (RFC 3501 §5.4)."""

    imap_login_idle: float = 300.0
    """Seconds for which an IMAP client may put off its login."""

    smtp_idle: float = 300.0
    """Seconds for which an SMTP or LMTP server awaits the next command or data; five minutes at least
    (RFC 5321 §4.5.3.2.7)."""

    tls_handshake: float = 60.0
    """Seconds for a TLS handshake."""

    send_stall: float = 120.0
    """Seconds for which a client may refuse to read what it is being sent, before it is cut off."""


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one password check costs: argon2id's parameters (RFC 9106) and SCRAM's iterations (RFC 5802 §5.1)."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1
    scram_iterations: int = 4096
    """4096 at least (RFC 7677 §4)."""


TEST_COST = PasswordCost(memory_kib=8, passes=1, lanes=1)
"""Hashes quickly and protects nothing: only for accounts that a test run makes and throws away."""


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports, by listener; 0 lets the system choose one, None does not listen."""

    pop3: int | None = 0
    pop3s: int | None = 0
    smtp: int | None = 0
    lmtp: int | None = 0
    imap: int | None = 0
    imaps: int | None = 0
    submission: int | None = 0
    submissions: int | None = 0


@dataclass(frozen=True, slots=True)
class RelayTimeouts:
    """Seconds that a next hop may take, each the least that RFC 5321 §4.5.3.2 asks for."""

    connect: float = 300.0
    """For the connection, and for the handshake of TLS; no RFC gives a number."""
    greeting: float = 300.0
    command: float = 300.0
    """For the replies to EHLO, STARTTLS, MAIL and RCPT, and to RSET and QUIT."""
    data_initiation: float = 120.0
    data_block: float = 180.0
    """For each block of data to be taken."""
    data_termination: float = 600.0
    dns: float = 5.0
    """For each of three tries to get an answer from the DNS server."""


@dataclass(frozen=True, slots=True)
class Route:
    """The next hop for a domain, in place of what DNS says; the domain `*` stands for all that have no route."""

    domain: str
    host: str
    port: int = 25


@dataclass(frozen=True, slots=True)
class Relay:
    """How mail for other domains is sent on, and when it is tried again. Times are in seconds."""

    resolver: tuple[str, int] | None = None
    """Address and port of the DNS server to ask; with None only what has a route can be sent on."""

    routes: tuple[Route, ...] = ()

    port: int = 25
    """Where next hops that DNS names listen."""

    ports: tuple[tuple[str, int], ...] = ()
    """Exceptions from `port`, by host name or IP address; for next hops that share one address."""

    retry_intervals: tuple[float, ...] = (1800.0,)
    """After the first failed attempt, the second, and so on; the last one repeats (RFC 5321 §4.5.4.1: 30 minutes)."""

    give_up: float = 5 * 86_400.0
    """How old a message may be when it is tried again; four to five days at least (RFC 5321 §4.5.4.1)."""

    delay_notice: float | None = 4 * 3600.0
    """How old a message is when its sender is told of the delay (RFC 3461 §5.2.5); None never tells."""

    starttls: bool = True
    """Whether to encrypt where the next hop offers it (RFC 3207); its certificate is not checked, for without
    encryption the message would go to the same host."""

    connections: int = 20
    """Connections to next hops at the same time."""

    connections_per_domain: int = 4

    messages_per_connection: int = 100

    recipients_per_transaction: int = 100
    """No server need take more (RFC 5321 §4.5.3.1.8)."""

    returned_content: int = 256 * 1024
    """The largest message, in octets, that a notification of its failure returns whole."""

    timeouts: RelayTimeouts = RelayTimeouts()


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is set up."""

    data: Path | None = None
    """The directory that keeps mail and accounts; None makes a temporary one, removed at the end."""

    volatile: bool = False
    """Spares the disk flushes where `data` is None; it has no effect on a directory that is kept."""

    host: str = "127.0.0.1"
    """The address to listen on."""

    ports: Ports = Ports()

    hostname: str = "mail.postel.test"
    """How the server calls itself in greetings and trace fields; its domain name."""

    domains: tuple[str, ...] = ("postel.test",)
    """The domains whose mailboxes are here; the first one forms the accounts' addresses."""

    postmaster: str = "postmaster"
    """The account whose INBOX takes mail for `postmaster` (RFC 5321 §4.5.1); it need not be able to log in."""

    cost: PasswordCost = field(default_factory=PasswordCost)
    limits: Limits = Limits()

    mechanisms: tuple[str, ...] = ("SCRAM-SHA-256", "PLAIN")
    """The SASL mechanisms to offer, best first."""

    apop: bool = True
    """Whether POP3 greets with a timestamp and takes APOP (RFC 1939 §7), from the accounts that opted in."""

    plaintext_logins: bool = True
    """Whether a password may cross an unencrypted connection (RFC 2595 §2.1, RFC 8314 §4.1). True suits loopback."""

    starttls: bool = True
    """Whether POP3 offers STLS (RFC 2595 §4), and IMAP, SMTP and LMTP STARTTLS (RFC 3501 §6.2.1, RFC 3207), on their
    plain ports."""

    relay_networks: tuple[str, ...] = ()
    """IP networks (`192.0.2.0/24`) whose clients may send to any address without AUTH; nobody else's may, so that the
    server is no open relay."""

    verification: bool = True
    """Whether VRFY and EXPN tell which mailboxes there are; else they answer 252 (RFC 5321 §3.5, §7.3)."""

    own_address_only: bool = False
    """Whether a submission's MAIL must name the account's own address, or none (RFC 6409 §6.1)."""

    completion: bool = True
    """Whether a submission that lacks Date, Message-ID or Sender gets it (RFC 6409 §8.1 to §8.3)."""

    workers: int = 4
    """Threads for what blocks: password checks and the store."""

    relay: Relay = Relay()
