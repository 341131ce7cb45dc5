"""Profile: how a target is built or reached, given accounts, loaded, emptied and judged; a TOML file.

docs/profiles.md describes every key. A profile is validated whole before anything starts: a wrong one gives one error
with file, line and mend.
"""

from __future__ import annotations

import fnmatch
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from harness.baseline import KnownDeviation
from harness.corpus import Trait
from harness.errors import BaselineError, Position, UsageError
from harness.targets.model import PROTOCOLS, Account
from harness.targets.profile_text import line_of, suggestion, toml_place

IMAGES = Path(__file__).parent / "images"

LoadingWay = Literal["smtp", "lmtp", "imap-append", "maildir", "mbox", "command"]
EmptyingWay = Literal["pop3", "imap", "command"]
#: Whose server a target can be in a chain: Alice's takes submissions and relays, Bob's receives, and its mail is read.
Role = Literal["alice", "bob"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Secret(_Table):
    """A password: written down, or the name of an environment variable, or of a file, that holds it."""

    password: str | None = None
    password_env: str | None = None
    password_file: str | None = None

    def secret(self, directory: Path) -> str | None:
        """The password; None where none is given. Raises UsageError when its variable or file is missing."""
        if self.password_env is not None:
            if self.password_env not in os.environ:
                raise UsageError(f"the environment variable {self.password_env} of password_env is not set")
            return os.environ[self.password_env]
        if self.password_file is not None:
            try:
                return (directory / self.password_file).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"password_file {self.password_file} cannot be read: {error}") from error
        return self.password


class AccountEntry(_Secret):
    """One account of `[[accounts.each]]`."""

    name: str
    address: str = ""
    apop: bool = False


class AccountsTable(_Secret):
    """`[accounts]`: names by `users`, by `pattern` and `count`, or one by one in `each`."""

    users: tuple[str, ...] = ()
    pattern: str = ""
    count: int = Field(default=0, ge=0, le=1000)
    address: str = "{user}"
    apop: bool = False
    command: tuple[str, ...] = ()
    each: tuple[AccountEntry, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.pattern) != bool(self.count):
            raise ValueError("pattern and count belong together: pattern = 'user{n:02}', count = 24")
        return self

    def names(self) -> list[str]:
        """The names of `users` and of the pattern."""
        return [*self.users, *(self.pattern.format(n=number) for number in range(1, self.count + 1))]


class LoadingTable(_Table):
    """`[loading]`: how messages get in, and what that carries where it is not the usual."""

    via: LoadingWay | None = None
    command: tuple[str, ...] = ()
    path: str = ""
    owner: str = Field(default="", pattern=r"^(\d+(:\d+)?)?$")
    line_ends: Literal["lf", "crlf"] = "lf"
    sender: str = "sender@client.test"
    carries: tuple[Trait, ...] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.via == "command") != bool(self.command):
            raise ValueError("via = 'command' and command = [...] belong together")
        if (self.via in ("maildir", "mbox")) != bool(self.path):
            raise ValueError("path belongs to via = 'maildir' and via = 'mbox'")
        return self


class EmptyingTable(_Table):
    """`[emptying]`: how a mailbox is emptied."""

    via: EmptyingWay | None = None
    command: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.via == "command") != bool(self.command):
            raise ValueError("via = 'command' and command = [...] belong together")
        return self


class ReadingTable(_Table):
    """`[reading]`: where mailboxes are read that neither POP3 nor IMAP offers; a Maildir for each account."""

    path: str


class RelayTable(_Table):
    """`[relay]`: how a target that sends mail on is tested.

    `retry_seconds` lie between two tries of a message, `flush` makes it try all at once, `submit` is the endpoint at
    which its users submit: on `smtp` without a login, since it trusts the harness's address.
    """

    retry_seconds: float = Field(gt=0)
    flush: tuple[str, ...] = ()
    submit: Literal["submission", "submissions", "smtp"] = "submission"


class TlsTable(_Table):
    """`[tls]`: endpoints that offer STLS or STARTTLS, and the authority to trust (without one any certificate is)."""

    starttls: tuple[str, ...] = ()
    ca_file: str = ""


class TunedEntry(_Table):
    """`[[tuned]]`: a setting of the target that is not its stock one, and why.

    `unjudged` names the requirements about what the setting takes away: their cases are not applicable then.
    """

    setting: str
    value: str
    stock: str
    why: str = ""
    unjudged: tuple[str, ...] = ()


class BlockedEntry(_Table):
    """`[[blocked]]`: cases that cannot be done with this target, and why. Patterns as in a shell."""

    cases: tuple[str, ...]
    reason: str = Field(min_length=1)


class Excuses(Mapping[str, str]):
    """The reason for each blocked case, by case id; patterns are matched when a case asks."""

    def __init__(self, entries: tuple[BlockedEntry, ...]) -> None:
        self._reasons = {pattern: entry.reason for entry in entries for pattern in entry.cases}

    def __getitem__(self, case_id: str) -> str:
        for pattern, reason in self._reasons.items():
            if fnmatch.fnmatchcase(case_id, pattern):
                return reason
        raise KeyError(case_id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._reasons)

    def __len__(self) -> int:
        return len(self._reasons)


class Profile(_Table):
    """A whole profile. `directory` is where its relative paths begin."""

    name: str = ""
    description: str = ""
    product: str = ""
    version: str = ""
    version_command: tuple[str, ...] = ()
    image: str = ""
    build: str = ""
    host: str = ""
    process: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    hostname: str = "mail.target.test"
    memory_mb: int = Field(default=1024, ge=16)
    pids: int = Field(default=2048, ge=16)
    ready_timeout: float = Field(default=60.0, gt=0)
    restart: Literal["stop", "kill", "none"] = "stop"
    autologout_seconds: float | None = Field(default=None, gt=0)
    imap_autologout_seconds: float | None = Field(default=None, gt=0)
    disposable: bool = False
    ports: dict[str, int] = {}
    environment: dict[str, str] = {}
    accounts: AccountsTable = AccountsTable()
    loading: LoadingTable = LoadingTable()
    emptying: EmptyingTable = EmptyingTable()
    reading: ReadingTable | None = None
    relay: RelayTable | None = None
    roles: tuple[Role, ...] = ()
    tls: TlsTable = TlsTable()
    tuned: tuple[TunedEntry, ...] = ()
    known: tuple[KnownDeviation, ...] = ()
    blocked: tuple[BlockedEntry, ...] = ()
    directory: Path = Field(default=Path(), exclude=True)

    @classmethod
    def bare(cls, name: str) -> Self:
        """A profile that says nothing but a name."""
        return cls(name=name)

    @property
    def excuses(self) -> Mapping[str, str]:
        """The reason for each blocked case."""
        return Excuses(self.blocked)

    @field_validator("ports")
    @classmethod
    def _known_ports(cls, ports: dict[str, int]) -> dict[str, int]:
        for name, port in ports.items():
            if name not in PROTOCOLS:
                raise ValueError(f"there is no endpoint {name!r}; {suggestion(name, PROTOCOLS)}")
            if not 0 <= port <= 65535:
                raise ValueError(f"{name} = {port} is no port")
        return ports

    @field_validator("hostname")
    @classmethod
    def _dotted(cls, hostname: str) -> str:
        if "." not in hostname:
            raise ValueError("needs a dot: some servers do not greet without a full host name")
        return hostname

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = [key for key in ("image", "build", "host", "process") if getattr(self, key)]
        if len(sources) > 1:
            raise ValueError(f"{' and '.join(sources)} exclude one another")
        return self

    @model_validator(mode="after")
    def _whole_roles(self) -> Self:
        if ("alice" in self.roles) != (self.relay is not None):
            raise ValueError("the role alice and the table [relay] belong together")
        return self

    def pool(self) -> tuple[Account, ...]:
        """The accounts, with their passwords. Raises UsageError where one has none, or a name occurs twice."""
        table = self.accounts
        shared = table.secret(self.directory)
        entries = [AccountEntry(name=name, apop=table.apop) for name in table.names()]
        accounts = []
        for entry in [*entries, *table.each]:
            password = entry.secret(self.directory)
            password = shared if password is None else password
            if password is None:
                raise UsageError(
                    f"profile {self.name}: the account {entry.name} has no password",
                    mend="give [accounts] password, password_env or password_file",
                )
            address = (entry.address or table.address).replace("{user}", entry.name)
            accounts.append(Account(entry.name, password.replace("{user}", entry.name), address, entry.apop))
        if len({account.name for account in accounts}) < len(accounts):
            raise UsageError(f"profile {self.name}: an account name occurs twice", mend="see [accounts]")
        return tuple(accounts)


#: Keys that an own part of the code sets, not a file.
_INTERNAL = frozenset({"directory"})


def load_profile(path: Path) -> Profile:
    """Read and validate a profile file. Raises UsageError with file, line and mend."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"the profile cannot be read: {error.strerror}", position=Position(path)) from error
    except UnicodeDecodeError as error:
        raise UsageError("the profile is not UTF-8", position=Position(path)) from error
    except tomllib.TOMLDecodeError as error:
        line, column = toml_place(str(error))
        raise UsageError(
            f"not valid TOML: {str(error).split(' (at ')[0]}",
            position=Position(path, line, column),
            mend='text stands in quotes, and tables begin with [name]: hostname = "mail.example.test"',
        ) from error
    for key in _INTERNAL & set(raw):
        raise _unknown(path, text, (key,))
    raw["directory"] = path.parent
    raw.setdefault("name", path.parent.name if path.name == "profile.toml" else path.stem)
    try:
        return Profile.model_validate(raw)
    except BaselineError as error:
        line = line_of(text, ("known", 0))
        raise UsageError(error.problem, position=Position(path, line), mend=error.mend) from error
    except ValidationError as error:
        raise _wrong(path, text, error) from error


def _wrong(path: Path, text: str, error: ValidationError) -> UsageError:
    """The first thing that is wrong; unknown keys before what follows from them."""
    details = sorted(
        error.errors(), key=lambda each: each["type"] not in ("extra_forbidden", "unexpected_keyword_argument")
    )
    first = details[0]
    place = first["loc"]
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return _unknown(path, text, place)
    name = ".".join(str(part + 1 if isinstance(part, int) else part) for part in place) or "the profile"
    message = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    shown = (
        f", not {given!r}" if isinstance(given, (str, int, float, bool)) and "error" not in first.get("ctx", {}) else ""
    )
    return UsageError(
        f"{name}: {message[:1].lower()}{message[1:]}{shown}",
        position=Position(path, line_of(text, place)),
        mend="docs/profiles.md describes each key",
    )


def _unknown(path: Path, text: str, place: tuple[int | str, ...]) -> UsageError:
    *tables, key = place
    where = ".".join(str(part) for part in tables if isinstance(part, str))
    return UsageError(
        f"unknown key {key!r}" + (f" in [{where}]" if where else ""),
        position=Position(path, line_of(text, place)),
        mend=suggestion(str(key), _known_keys(tables)),
    )


def _known_keys(tables: list[int | str]) -> set[str]:
    """The keys that may stand in a table."""
    known: dict[str, Any] = {
        "": Profile.model_fields,
        "accounts": AccountsTable.model_fields,
        "accounts.each": AccountEntry.model_fields,
        "loading": LoadingTable.model_fields,
        "emptying": EmptyingTable.model_fields,
        "reading": ReadingTable.model_fields,
        "relay": RelayTable.model_fields,
        "tls": TlsTable.model_fields,
        "blocked": BlockedEntry.model_fields,
        "tuned": TunedEntry.model_fields,
        "known": KnownDeviation.__dataclass_fields__,
    }
    return set(known.get(".".join(part for part in tables if isinstance(part, str)), ())) - _INTERNAL


def bundled_names() -> list[str]:
    """Names of the profiles that postel brings."""
    return sorted(path.parent.name for path in IMAGES.glob("*/profile.toml"))


def bundled_profile(name: str) -> Profile:
    """One of them. Raises UsageError for a name that is none."""
    if name not in bundled_names():
        raise UsageError(f"there is no bundled profile {name!r}", mend=suggestion(name, bundled_names()))
    return load_profile(IMAGES / name / "profile.toml")


def bundled_profiles() -> list[Profile]:
    """All of them, by name."""
    return [bundled_profile(name) for name in bundled_names()]
