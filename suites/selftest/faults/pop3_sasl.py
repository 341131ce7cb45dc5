"""AUTH: exchanges, base64, mechanisms, what is left of a failed one (RFC 5034, RFC 4422)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from reference_server.actions import Send
from reference_server.backend import Credentials
from reference_server.conversation import Steps, next_line
from reference_server.pop3 import grammar
from reference_server.pop3.grammar import AuthArguments
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from reference_server.sasl import MECHANISMS, Challenge, MechanismFactory, SaslStep
from reference_server.sasl.plain import Plain
from reference_server.sasl.scram import ScramSha256, _Stage
from suites.selftest.credentials import AlteredCredentials, judging
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import accepted_in, found, handled, parsed, variant, without

AUTH = "RFC5034-4.AUTH-"


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build) -> Fault:
    return Fault(f"pop3/sasl/{slug}", title, requirements, build, touches=("AUTH",))


def _plain(decide: Callable[[str, str, str], str | None]) -> dict[str, MechanismFactory]:
    """PLAIN with another idea of the three parts of its message; None refuses."""

    class Changed(Plain):
        def respond(self, data: bytes) -> SaslStep:
            parts = data.split(b"\0")
            text = [part.decode("utf-8", "replace") for part in parts]
            changed = decide(*text) if len(text) == 3 else None
            return super().respond(data if changed is None else changed.encode())

    return {**MECHANISMS, "PLAIN": Changed}


def _initial_ignored(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """An initial response is thrown away and asked for again."""
    yield from found("AUTH").handler(session, AuthArguments(arguments.mechanism, None))


def _initial_refused(session: Pop3Session, arguments: AuthArguments) -> Steps:
    if arguments.initial_response is not None:
        raise CommandRefused(Text.BAD_ARGUMENTS)
    yield from found("AUTH").handler(session, arguments)


def _initial_needed(session: Pop3Session, arguments: AuthArguments) -> Steps:
    if arguments.initial_response is None:
        raise CommandRefused(Text.BAD_ARGUMENTS)
    yield from found("AUTH").handler(session, arguments)


def _equals_is_none(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """`=` is taken for no response, so that a challenge follows."""
    response = arguments.initial_response or None
    yield from found("AUTH").handler(session, AuthArguments(arguments.mechanism, response))


def _unknown_is_plain(session: Pop3Session, arguments: AuthArguments) -> Steps:
    mechanism = arguments.mechanism if arguments.mechanism in MECHANISMS else "PLAIN"
    yield from found("AUTH").handler(session, AuthArguments(mechanism, arguments.initial_response))


def _dead_after_refusal(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """Once AUTH has failed it is refused for the rest of the session."""
    if session.__dict__.get("auth_failed"):
        raise CommandRefused(Text.WRONG_STATE)
    try:
        yield from found("AUTH").handler(session, arguments)
    except CommandRefused:
        session.__dict__["auth_failed"] = True
        raise


def _hangs_after_refusal(session: Pop3Session, arguments: AuthArguments) -> Steps:
    if not session.__dict__.get("auth_failed"):
        session.__dict__["auth_failed"] = True
        yield from found("AUTH").handler(session, arguments)


def _traced(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """After a failed AUTH the client is in the TRANSACTION state."""
    try:
        yield from found("AUTH").handler(session, arguments)
    except CommandRefused:
        session.enter_transaction((yield from session.open_maildrop("nobody")))
        raise


def _no_user_after(session: Pop3Session, name: str) -> Steps:
    if session.failed_logins:
        raise CommandRefused(Text.WRONG_STATE)
    yield from found("USER").handler(session, name)


def _second_auth(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """A second AUTH is answered +OK and does nothing."""
    yield session.positive(Text.NOTHING_DONE)


def _challenged_after_login(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """AUTH begins an exchange after a login, and refuses at its end."""
    yield session.challenge(b"")
    yield from next_line(session.context.settings.limits.sasl_line)
    raise CommandRefused(Text.WRONG_STATE)


def _state_stays(session: Pop3Session, arguments: AuthArguments) -> Steps:
    yield from found("AUTH").handler(session, arguments)
    session.state = State.AUTHORIZATION


def _signature_with_ok(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """SCRAM's last message comes with +OK in place of a challenge of its own."""
    steps = found("AUTH").handler(session, arguments)
    answer: object = None
    while True:
        try:
            wanted = steps.send(answer)
        except StopIteration:
            return
        if isinstance(wanted, Send) and wanted.data.startswith((b"+ dj0", b"+ dj1")):  # base64 of `v=`
            yield Send(b"+OK " + wanted.data[2:])
            session.enter_transaction((yield from session.open_maildrop("user1")))
            return
        answer = yield wanted


def _exact_case(rest: bytes | None) -> AuthArguments:
    """Mechanisms are known in upper case only."""
    arguments = grammar.auth(rest)
    name = (rest or b"").split(b" ")[0]
    return arguments if name.isupper() else AuthArguments("?", arguments.initial_response)


def _unprepared(authzid: str, authcid: str, password: str) -> str | None:
    """Names are compared as they come."""
    return None if authcid.isascii() else f"{authzid}\0?\0{password}"


def _authzid_ignored(authzid: str, authcid: str, password: str) -> str | None:
    return f"\0{authcid}\0{password}"


def _authzid_refused(authzid: str, authcid: str, password: str) -> str | None:
    return "\0?\0?" if authzid else None


class _AnyProof(ScramSha256):
    """Does not look at the client's proof."""

    def _prove(self, without_proof: str, proof: bytes, *, honest: bool) -> SaslStep:
        super()._prove(without_proof, proof, honest=honest)
        self._stage = _Stage.CONFIRM
        return Challenge(b"v=" + base64.b64encode(proof))


class _NoPlain(Pop3Session):
    """PLAIN is not offered inside TLS."""

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        return {
            name: each for name, each in super().permitted_mechanisms().items() if name != "PLAIN" or not self.encrypted
        }


class _OnlyPlain(Pop3Session):
    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        return {name: each for name, each in super().permitted_mechanisms().items() if name == "PLAIN"}


class _ListsMore(Pop3Session):
    """Lists a mechanism that it does not have."""

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        listed = dict(super().permitted_mechanisms())
        return {**listed, "CRAM-MD5": _missing}


def _missing(credentials: Credentials, random_bytes: Callable[[int], bytes]) -> Any:
    raise CommandRefused(Text.UNKNOWN_MECHANISM)


def _anybody(credentials: AlteredCredentials, account: str, password: str) -> bool:
    return credentials.exists(account)


def _echoing(session: Pop3Session, arguments: AuthArguments) -> Steps:
    """A refusal repeats the name that was refused."""
    try:
        yield from found("AUTH").handler(session, arguments)
    except CommandRefused:
        name = (arguments.initial_response or b"\0?").split(b"\0")[1]
        yield Send(b"-ERR not " + name + b"\r\n")


FAULTS: tuple[Fault, ...] = (
    _fault(
        "no-initial-response",
        "AUTH takes no initial response",
        (f"{AUTH}a", "RFC5034-3-b"),
        variant(commands=handled(AUTH=_initial_refused)),
    ),
    _fault(
        "initial-response-ignored",
        "An initial response is ignored and asked for again",
        (f"{AUTH}a", f"{AUTH}p"),
        variant(commands=handled(AUTH=_initial_ignored)),
    ),
    _fault(
        "initial-response-needed",
        "AUTH without an initial response is refused",
        (f"{AUTH}h",),
        variant(commands=handled(AUTH=_initial_needed)),
    ),
    _fault(
        "equals-is-no-response",
        "An equals sign is taken for no initial response",
        (f"{AUTH}b",),
        variant(commands=handled(AUTH=_equals_is_none)),
    ),
    _fault(
        "auth-after-auth",
        "AUTH after a login is answered +OK",
        (f"{AUTH}c", f"{AUTH}d"),
        variant(commands=accepted_in("AUTH", State.TRANSACTION, handler=_second_auth)),
    ),
    _fault(
        "auth-begins-after-login",
        "AUTH after a login begins an exchange",
        (f"{AUTH}c", f"{AUTH}d"),
        variant(commands=accepted_in("AUTH", State.TRANSACTION, handler=_challenged_after_login)),
    ),
    _fault(
        "unknown-mechanism-is-plain",
        "AUTH with an unknown mechanism means PLAIN",
        (f"{AUTH}e",),
        variant(commands=handled(AUTH=_unknown_is_plain)),
    ),
    _fault("passwords-are-not-checked", "Any password will do", (f"{AUTH}o",), variant(credentials=judging(_anybody))),
    _fault(
        "success-leads-nowhere",
        "AUTH succeeds and the state stays",
        (f"{AUTH}p", f"{AUTH}h"),
        variant(commands=handled(AUTH=_state_stays)),
    ),
    _fault(
        "identity-refused",
        "An authorization identity is refused, even one's own",
        (f"{AUTH}p",),
        variant(mechanisms=_plain(_authzid_refused)),
    ),
    _fault(
        "names-are-not-prepared",
        "Names are compared as they come",
        (f"{AUTH}q",),
        variant(mechanisms=_plain(_unprepared)),
    ),
    _fault(
        "identity-is-not-prepared",
        "An authorization identity is not looked at",
        (f"{AUTH}r",),
        variant(mechanisms=_plain(_authzid_ignored)),
    ),
    _fault(
        "signature-with-ok",
        "The server's last message comes with +OK",
        (f"{AUTH}v",),
        variant(commands=handled(AUTH=_signature_with_ok)),
    ),
    _fault(
        "one-try-only",
        "After a failed AUTH there is no other",
        (f"{AUTH}x",),
        variant(commands=handled(AUTH=_dead_after_refusal)),
    ),
    _fault(
        "hangs-after-refusal",
        "After a failed AUTH the next is not answered",
        (f"{AUTH}x",),
        variant(commands=handled(AUTH=_hangs_after_refusal)),
    ),
    _fault(
        "failure-lets-in",
        "After a failed AUTH the client is in an empty maildrop",
        (f"{AUTH}y",),
        variant(commands=handled(AUTH=_traced)),
    ),
    _fault(
        "no-user-after-failure",
        "After a failed AUTH USER is refused",
        (f"{AUTH}y",),
        variant(commands=handled(USER=_no_user_after)),
    ),
    _fault("no-plain-in-tls", "PLAIN is not offered inside TLS", (f"{AUTH}z",), variant(session=_NoPlain)),
    _fault("plain-alone", "PLAIN is the only mechanism", (f"{AUTH}ac",), variant(session=_OnlyPlain)),
    _fault(
        "mechanisms-in-upper-case",
        "Mechanisms are known in upper case only",
        ("RFC5034-5-a",),
        variant(commands=parsed(AUTH=_exact_case)),
    ),
    _fault("listed-and-absent", "A mechanism is listed and refused", ("RFC5034-3-b",), variant(session=_ListsMore)),
    _fault(
        "auth-is-not-there",
        "Mechanisms are listed and AUTH is unknown",
        ("RFC5034-3-b", f"{AUTH}a"),
        variant(commands=without("AUTH")),
    ),
    _fault(
        "refusal-repeats-the-name",
        "A refusal repeats the name, line ends and all",
        ("POSTEL-auth-d",),
        variant(commands=handled(AUTH=_echoing)),
    ),
    _fault(
        "proofs-are-not-checked",
        "SCRAM-SHA-256 does not look at the client's proof",
        (f"{AUTH}o",),
        variant(mechanisms={**MECHANISMS, "SCRAM-SHA-256": _AnyProof}),
    ),
)
