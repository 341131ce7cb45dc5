"""USER, PASS and what refusals tell (RFC 1939 §4, §7 and §13, RFC 3206, RFC 2449 §8, RFC 8314 §4.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.actions import Close, Send
from reference_server.conversation import Steps, blocking
from reference_server.pop3.responses import CommandRefused, ResponseCode
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from reference_server.settings import Settings
from suites.selftest.credentials import AlteredCredentials, judging
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import (
    Handler,
    accepted_in,
    found,
    handled,
    offering,
    variant,
    without,
)

PAIR = "RFC1939-7.PASS-c"
NO_USER = "RFC1939-7.PASS-b"


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build, seen_in: str = "") -> Fault:
    return Fault(f"pop3/auth/{slug}", title, requirements, build, seen_in, touches=("USER", "PASS"))


def _verifying(
    slug: str,
    title: str,
    requirements: tuple[str, ...],
    password: Callable[[AlteredCredentials, str, str], bool],
    seen_in: str = "",
) -> Fault:
    """Passwords are judged in another way."""
    return _fault(slug, title, requirements, variant(credentials=judging(password)), seen_in)


def _passing(slug: str, title: str, requirements: tuple[str, ...], handler: Handler) -> Fault:
    """PASS does something else."""
    return _fault(slug, title, requirements, variant(commands=handled(PASS=handler)))


# ---- who gets in ----------------------------------------------------------------------------------------------------


def _prefix(credentials: AlteredCredentials, account: str, password: str) -> bool:
    """As crypt(3), which looks at eight characters."""
    return any(credentials.inner.verify_password(account, password[:end]) for end in range(8, len(password) + 1))


def _anybody(credentials: AlteredCredentials, account: str, password: str) -> bool:
    return credentials.exists(account)


def _unknown_too(credentials: AlteredCredentials, account: str, password: str) -> bool:
    return not credentials.exists(account) or credentials.inner.verify_password(account, password)


def _nobody(credentials: AlteredCredentials, account: str, password: str) -> bool:
    return False


def _short_passwords(credentials: AlteredCredentials, account: str, password: str) -> bool:
    """A buffer of 32 characters, and what is longer is let in."""
    return len(password) > 32 or credentials.inner.verify_password(account, password)


class _RemembersUser(Pop3Session):
    """Any PASS of the session belongs to the last USER."""

    def expect_password(self, name: str) -> None:
        self.user_name = name


class _AnotherMaildrop(Pop3Session):
    """The maildrop that is opened is that of the account before in the list."""

    def _lock_maildrop(self, account: str) -> Any:
        return super()._lock_maildrop("user0" if account != "user0" else account)


class _FirstUserCounts(Pop3Session):
    """A second USER is answered +OK and forgotten."""

    def expect_password(self, name: str) -> None:
        super().expect_password(self.user_name or name)


class _StaysInAuthorization(Pop3Session):
    """Says +OK to the login and remains in the AUTHORIZATION state."""

    def enter_transaction(self, maildrop: Any) -> None:
        super().enter_transaction(maildrop)
        self.state = State.AUTHORIZATION


def _user_refused_after(session: Pop3Session, name: str) -> Steps:
    """After a login that failed there is no other."""
    if session.failed_logins:
        raise CommandRefused(Text.WRONG_STATE)
    yield from found("USER").handler(session, name)


def _silent_after(session: Pop3Session, name: str) -> Steps:
    """After a login that failed the session hangs."""
    if not session.failed_logins:
        yield from found("USER").handler(session, name)


def _user_for_known(session: Pop3Session, name: str) -> Steps:
    """Names that do not exist are refused at once."""
    credentials = session.context.credentials
    known = credentials.exists(name) if isinstance(credentials, AlteredCredentials) else True
    if not known:
        raise CommandRefused(Text.NOT_AUTHENTICATED)
    yield from found("USER").handler(session, name)


def _user_coded(code: str) -> Handler:
    """A name that does not exist is refused with a response code."""

    def user(session: Pop3Session, name: str) -> Steps:
        credentials = session.context.credentials
        if isinstance(credentials, AlteredCredentials) and not credentials.exists(name):
            yield Send(f"-ERR [{code}] who is that\r\n".encode())
            return
        yield from found("USER").handler(session, name)

    return user


def _user_sets_no_state(session: Pop3Session, name: str) -> Steps:
    yield session.positive(Text.NAME_ACCEPTED)


def _pass_for_known(session: Pop3Session, octets: bytes) -> Steps:
    """The code that belongs to wrong credentials comes only where the name exists."""
    try:
        yield from found("PASS").handler(session, octets)
    except CommandRefused as refused:
        credentials = session.context.credentials
        known = not isinstance(credentials, AlteredCredentials) or credentials.exists(session.user_name)
        raise CommandRefused(refused.text, refused.code if known else None) from refused


def _late_refusal(session: Pop3Session, octets: bytes) -> Steps:
    """+OK to any password; the session ends with the next command."""
    yield session.positive(Text.MAILDROP_READY, count=0, octets=0)
    yield Close()


def _opened_first(session: Pop3Session, octets: bytes) -> Steps:
    """Locks the maildrop, then looks at the password, and leaves the lock where it is wrong."""
    try:
        yield from found("PASS").handler(session, octets)
    except CommandRefused as refused:
        if refused.code is ResponseCode.AUTH:
            yield from session.open_maildrop(session.user_name)
        raise


def _lock_told_first(session: Pop3Session, octets: bytes) -> Steps:
    """Looks at the lock before it looks at the password."""
    maildrop = yield from blocking(lambda: _opened_or_none(session))
    if maildrop is None:
        raise CommandRefused(Text.MAILDROP_IN_USE, ResponseCode.IN_USE)
    yield from blocking(maildrop.release)
    yield from found("PASS").handler(session, octets)


def _opened_or_none(session: Pop3Session) -> Any:
    try:
        return session.context.maildrops.open(session.user_name)
    except Exception:
        return None


def _coded(
    slug: str, title: str, requirements: tuple[str, ...], wrong: str, *, refusal: Text = Text.NOT_AUTHENTICATED
) -> Fault:
    """Refusals of one kind get another response code, or none."""

    class Coded(Pop3Session):
        def negative(self, text: Text, code: ResponseCode | None = None, **values: object) -> Send:
            if text is not refusal:
                return super().negative(text, code, **values)
            return Send(f"-ERR {f'[{wrong}] ' if wrong else ''}{self.say(text, values)}\r\n".encode())

    return _fault(slug, title, requirements, variant(session=Coded))


def _positive_coded(slug: str, title: str, requirements: tuple[str, ...], answer: Text, code: str) -> Fault:
    """A positive response carries a code that belongs to refusals."""

    class Coded(Pop3Session):
        def positive(self, text: Text, **values: object) -> Send:
            if text is not answer:
                return super().positive(text, **values)
            return Send(f"+OK [{code}] {self.say(text, values)}\r\n".encode())

    return _fault(slug, title, requirements, variant(session=Coded))


def _clear_text_denied(password: Callable[[bool], ResponseCode | None]) -> Build:
    """Logins in the clear are denied, but the refusal tells whether the password was right."""

    def denied(session: Pop3Session, octets: bytes) -> Steps:
        secret = octets.decode("utf-8", "replace")
        right = yield from blocking(lambda: session.context.credentials.verify_password(session.user_name, secret))
        raise CommandRefused(Text.NEEDS_TLS, password(right))

    return variant(commands=handled(PASS=denied))


def _no_failures_counted(settings: Settings) -> Settings:
    return replace(settings, limits=replace(settings.limits, failed_logins=1_000_000))


FAULTS: tuple[Fault, ...] = (
    _verifying("password-is-not-checked", "Any password opens an account", (PAIR,), _anybody),
    _verifying("password-of-eight-characters", "Only the beginning of a password counts", (PAIR,), _prefix, "crypt(3)"),
    _verifying("unknown-names-get-in", "A name that does not exist opens an empty maildrop", (PAIR,), _unknown_too),
    _verifying(
        "long-passwords-get-in", "A password beyond 32 characters overflows", (PAIR, "RFC1939-3-g"), _short_passwords
    ),
    _verifying(
        "nobody-gets-in", "No password opens an account", ("RFC1939-4-c", "RFC1939-4-e", PAIR, "RFC2449-6.2-a"), _nobody
    ),
    _fault(
        "no-way-in",
        "Neither USER nor APOP nor AUTH is there",
        ("RFC1939-4-c",),
        variant(commands=without("USER", "PASS", "APOP", "AUTH")),
    ),
    _fault(
        "user-announced-and-absent",
        "USER is announced and refused",
        ("RFC2449-6.2-a",),
        variant(commands=without("USER")),
    ),
    _fault(
        "pass-needs-no-user",
        "PASS is taken whenever a USER came before",
        (NO_USER,),
        variant(session=_RemembersUser, commands=accepted_in("PASS", State.AUTHORIZATION)),
    ),
    _fault(
        "another-maildrop",
        "A login opens another account's maildrop",
        ("RFC1939-7.PASS-e", "RFC1939-7.APOP-i", "RFC1939-4-e"),
        variant(session=_AnotherMaildrop),
    ),
    _fault(
        "first-user-counts",
        "A second USER is answered +OK and forgotten",
        (PAIR,),
        variant(session=_FirstUserCounts, commands=accepted_in("USER", State.PASSWORD_EXPECTED)),
    ),
    _fault(
        "login-stays-outside",
        "A login is answered +OK and the state stays AUTHORIZATION",
        ("RFC1939-4-e", "RFC2449-6.2-a"),
        variant(session=_StaysInAuthorization),
    ),
    _fault(
        "user-once-only",
        "After a refused login USER is refused",
        ("RFC1939-7.USER-c", "RFC1939-4-j"),
        variant(commands=handled(USER=_user_refused_after)),
    ),
    _fault(
        "hangs-after-refusal",
        "After a refused login USER is not answered",
        ("RFC1939-7.USER-c", "RFC1939-4-j"),
        variant(commands=handled(USER=_silent_after)),
    ),
    _fault(
        "user-leads-nowhere",
        "PASS is refused after a USER that was answered +OK",
        ("RFC1939-7.USER-d", PAIR),
        variant(commands=handled(USER=_user_sets_no_state)),
    ),
    _fault(
        "user-tells-names",
        "USER is refused for names that do not exist",
        ("POSTEL-auth-b",),
        variant(credentials=AlteredCredentials, commands=handled(USER=_user_for_known)),
        "many",
    ),
    _fault(
        "user-tells-names-by-code",
        "USER of a name that does not exist gets the AUTH code",
        ("RFC3206-5-e",),
        variant(credentials=AlteredCredentials, commands=handled(USER=_user_coded("AUTH"))),
    ),
    _fault(
        "user-tells-names-by-delay",
        "USER of a name that does not exist gets the LOGIN-DELAY code",
        ("RFC2449-8.1.1-b",),
        variant(credentials=AlteredCredentials, commands=handled(USER=_user_coded("LOGIN-DELAY"))),
    ),
    _passing("refusal-comes-late", "Any PASS is answered +OK, and the connection ends", (PAIR,), _late_refusal),
    _passing("refusal-leaves-a-lock", "A wrong password leaves the maildrop locked", ("RFC1939-4-h",), _opened_first),
    _passing(
        "lock-is-told-first", "IN-USE comes before the password is looked at", ("RFC2449-8.1.2-b",), _lock_told_first
    ),
    _coded("auth-code-missing", "A wrong password gets no code", ("RFC3206-6-a",), ""),
    _coded("system-code-for-wrong-password", "A wrong password gets SYS/TEMP", ("RFC3206-4-a",), "SYS/TEMP"),
    _coded("system-code-of-another-level", "A wrong password gets SYS/SOON", ("RFC3206-4-b",), "SYS/SOON"),
    _coded(
        "auth-code-for-a-lock",
        "A maildrop in use gets the AUTH code",
        ("RFC3206-5-a",),
        "AUTH",
        refusal=Text.MAILDROP_IN_USE,
    ),
    _coded(
        "auth-code-for-no-such-message",
        "A number that no message has gets the AUTH code",
        ("RFC3206-5-b",),
        "AUTH",
        refusal=Text.NO_SUCH_MESSAGE,
    ),
    _coded(
        "in-use-for-no-such-message",
        "A number that no message has gets the IN-USE code",
        ("RFC2449-8.1.2-a",),
        "IN-USE",
        refusal=Text.NO_SUCH_MESSAGE,
    ),
    _coded(
        "delay-for-no-such-message",
        "A number that no message has gets the LOGIN-DELAY code",
        ("RFC2449-8.1.1-a",),
        "LOGIN-DELAY",
        refusal=Text.NO_SUCH_MESSAGE,
    ),
    _coded(
        "utf8-code-for-no-such-message",
        "A number that no message has gets the UTF8 code",
        ("RFC6856-5-b", "RFC6856-5-a"),
        "UTF8",
        refusal=Text.NO_SUCH_MESSAGE,
    ),
    _positive_coded(
        "system-code-with-ok", "NOOP gets +OK with the SYS code", ("RFC3206-4-e",), Text.NOTHING_DONE, "SYS/TEMP"
    ),
    _positive_coded(
        "in-use-with-ok", "A login gets +OK with the IN-USE code", ("RFC2449-8.1.2-a",), Text.MAILDROP_READY, "IN-USE"
    ),
    _fault(
        "codes-without-capa", "The AUTH code is sent without CAPA", ("RFC3206-5-c",), variant(commands=without("CAPA"))
    ),
    _fault(
        "codes-not-announced",
        "The AUTH code is sent and RESP-CODES is not announced",
        ("RFC2449-8-b",),
        variant(capabilities=offering(RESP__CODES=None)),
    ),
    _fault(
        "auth-code-not-announced",
        "The AUTH code is sent and AUTH-RESP-CODE is not announced",
        ("RFC3206-5-d",),
        variant(capabilities=offering(AUTH__RESP__CODE=None)),
    ),
    _fault(
        "denied-clear-text-tells",
        "A denied clear-text login gets the AUTH code where the password is wrong",
        ("RFC8314-4.1-a", "RFC8314-4.1-b"),
        _clear_text_denied(lambda right: None if right else ResponseCode.AUTH),
    ),
    _fault(
        "wrong-passwords-tell-names",
        "A wrong password for a name that does not exist gets no code",
        ("POSTEL-auth-c",),
        variant(credentials=AlteredCredentials, commands=handled(PASS=_pass_for_known)),
    ),
    _fault(
        "failures-are-not-counted",
        "Failed logins may go on for ever",
        ("POSTEL-auth-a",),
        variant(settings=_no_failures_counted),
    ),
)
