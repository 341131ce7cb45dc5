"""APOP: the timestamp, the digest, whose maildrop it opens (RFC 1939 §7)."""

from __future__ import annotations

from collections.abc import Callable

from reference_server.conversation import Steps
from reference_server.pop3.grammar import ApopArguments
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from suites.selftest.credentials import AlteredCredentials, digest_of, judging
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import found, handled, variant

#: What all accounts of a test run have for a password; a faulty server may know it by heart.
_SECRET = "correct horse"


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build, seen_in: str = "") -> Fault:
    return Fault(f"pop3/apop/{slug}", title, requirements, build, seen_in, touches=("APOP",))


def _stamped(timestamp: Callable[[Pop3Session], str]) -> Build:
    """Greetings have another timestamp."""

    class Stamped(Pop3Session):
        def make_timestamp(self) -> str:
            return timestamp(self)

    return variant(session=Stamped)


def _digesting(challenge: Callable[[str], str]) -> Build:
    """The right digest is that of another challenge."""

    def apop(credentials: AlteredCredentials, account: str, timestamp: str, digest: str) -> bool:
        return credentials.exists(account) and digest == digest_of(challenge(timestamp), _SECRET)

    return variant(credentials=judging(apop=apop))


def _either(challenge: Callable[[str], str]) -> Build:
    """The digest of another challenge is right as well."""

    def apop(credentials: AlteredCredentials, account: str, timestamp: str, digest: str) -> bool:
        return credentials.inner.verify_apop(account, timestamp, digest) or (
            credentials.exists(account) and digest == digest_of(challenge(timestamp), _SECRET)
        )

    return variant(credentials=judging(apop=apop))


def _anybody(credentials: AlteredCredentials, account: str, timestamp: str, digest: str) -> bool:
    return True


def _any_digest_of_known(credentials: AlteredCredentials, account: str, timestamp: str, digest: str) -> bool:
    return credentials.exists(account)


def _replayable(credentials: AlteredCredentials, account: str, timestamp: str, digest: str) -> bool:
    """A digest that was right once stays right."""
    right = credentials.inner.verify_apop(account, timestamp, digest)
    seen = credentials.__dict__.setdefault("seen", set())
    if right:
        seen.add((account, digest))
    return right or (account, digest) in seen


def _unknown_names_too(credentials: AlteredCredentials, account: str, timestamp: str, digest: str) -> bool:
    return digest == digest_of(timestamp, _SECRET)


def _upper_case(credentials: AlteredCredentials, account: str, timestamp: str, digest: str) -> bool:
    return credentials.exists(account) and digest == digest_of(timestamp, _SECRET).upper()


class _NoTimestamp(Pop3Session):
    """Has APOP, with an empty timestamp that it does not send."""

    def make_timestamp(self) -> str:
        return ""


def _says_yes(session: Pop3Session, arguments: ApopArguments) -> Steps:
    """Logs in and stays in the AUTHORIZATION state."""
    yield from found("APOP").handler(session, arguments)
    session.state = State.AUTHORIZATION


def _dead_after_refusal(session: Pop3Session, arguments: ApopArguments) -> Steps:
    if session.failed_logins:
        raise CommandRefused(Text.NO_APOP)
    yield from found("APOP").handler(session, arguments)


def _logs_in_and_refuses(session: Pop3Session, arguments: ApopArguments) -> Steps:
    """A wrong digest is refused, and the client is in all the same."""
    try:
        yield from found("APOP").handler(session, arguments)
    except CommandRefused:
        session.enter_transaction((yield from session.open_maildrop(arguments.name)))
        raise


FAULTS: tuple[Fault, ...] = (
    _fault(
        "without-timestamp",
        "APOP works though the greeting has no timestamp",
        ("RFC1939-7.APOP-c",),
        variant(session=_NoTimestamp),
    ),
    _fault(
        "bare-secret-is-right",
        "The digest of the secret alone is right as well",
        ("RFC1939-7.APOP-c",),
        _either(lambda timestamp: ""),
    ),
    _fault(
        "timestamp-without-at",
        "The timestamp has no at sign",
        ("RFC1939-7.APOP-d", "RFC2449-3-c"),
        _stamped(lambda session: f"<{session.context.number}>"),
    ),
    _fault(
        "timestamp-with-an-empty-domain",
        "The timestamp's domain is empty",
        ("RFC1939-7.APOP-d", "RFC2449-3-c"),
        _stamped(lambda session: f"<{session.context.number}.1@>"),
    ),
    _fault(
        "timestamp-with-two-dots",
        "The timestamp's domain has two dots in a row",
        ("RFC1939-7.APOP-d", "RFC2449-3-c"),
        _stamped(lambda session: f"<{session.context.number}.1@mail..test>"),
    ),
    _fault(
        "timestamp-is-constant",
        "All greetings have the same timestamp",
        ("RFC1939-7.APOP-e",),
        _stamped(lambda session: "<1896.697170952@mail.postel.test>"),
        "many, with clocks of a second",
    ),
    _fault(
        "digest-without-brackets",
        "The digest covers the timestamp without its brackets",
        ("RFC1939-7.APOP-f", "RFC1939-7.APOP-g"),
        _digesting(lambda timestamp: timestamp[1:-1]),
    ),
    _fault(
        "digest-without-brackets-too",
        "A digest of the timestamp without its brackets is right as well",
        ("RFC1939-7.APOP-f",),
        _either(lambda timestamp: timestamp[1:-1]),
    ),
    _fault(
        "digest-in-upper-case",
        "The digest must be in upper case",
        ("RFC1939-7.APOP-f", "RFC1939-7.APOP-g"),
        variant(credentials=judging(apop=_upper_case)),
    ),
    _fault(
        "digest-can-be-replayed",
        "A digest that was right stays right",
        ("RFC1939-7.APOP-f",),
        variant(credentials=judging(apop=_replayable)),
    ),
    _fault(
        "any-digest",
        "Any digest of a known name is right",
        ("RFC1939-7.APOP-h",),
        variant(credentials=judging(apop=_any_digest_of_known)),
    ),
    _fault(
        "any-name",
        "Any name gets in with the right digest",
        ("RFC1939-7.APOP-h",),
        variant(credentials=judging(apop=_unknown_names_too)),
    ),
    _fault(
        "anybody",
        "Anybody gets in",
        ("RFC1939-7.APOP-h", "RFC1939-7.APOP-f"),
        variant(credentials=judging(apop=_anybody)),
    ),
    _fault(
        "right-digest-leads-nowhere",
        "The right digest is answered +OK and the state stays",
        ("RFC1939-7.APOP-g",),
        variant(commands=handled(APOP=_says_yes)),
    ),
    _fault(
        "refusal-lets-in",
        "A wrong digest is refused, and the client is in",
        ("RFC1939-7.APOP-h",),
        variant(commands=handled(APOP=_logs_in_and_refuses)),
    ),
    _fault(
        "one-try-only",
        "After a wrong digest the right one is refused",
        ("RFC1939-7.APOP-h", "RFC1939-4-j"),
        variant(commands=handled(APOP=_dead_after_refusal)),
    ),
)
