"""CAPA: its lines, what is announced when, promises that are not kept (RFC 2449 §3 to §6, and who adds to it)."""

from __future__ import annotations

from collections.abc import Callable

from reference_server.conversation import Steps
from reference_server.pop3.extensions import CAPABILITIES, Capability
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from reference_server.sasl import MechanismFactory
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import Handler, accepted_in, handled, offering, variant, without


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build) -> Fault:
    return Fault(f"pop3/capa/{slug}", title, requirements, build, touches=("CAPA",))


def _offered(slug: str, title: str, requirements: tuple[str, ...], **changes: Capability | None) -> Fault:
    """Other capabilities."""
    return _fault(slug, title, requirements, variant(capabilities=offering(**changes)))


def _answered(slug: str, title: str, requirements: tuple[str, ...], handler: Handler) -> Fault:
    """CAPA with another answer."""
    return _fault(slug, title, requirements, variant(commands=handled(CAPA=handler)))


def _logged_in(session: Pop3Session) -> bool:
    return session.state is State.TRANSACTION


def _own(tag: str) -> Capability:
    return next(each for each in CAPABILITIES if each.tag == tag)


def _by_state(tag: str, *, after_login: bool) -> Capability:
    """The capability is announced in one state only."""
    own = _own(tag)
    return Capability(tag, own.arguments, lambda session: _logged_in(session) is after_login and own.announced(session))


def _valued(tag: str, before: str, after: str | None = None) -> Capability:
    """A capability with one argument before a login, and another after it."""
    later = before if after is None else after
    return Capability(tag, arguments=lambda session: later if _logged_in(session) else before)


#: Tag, and what wants it in both states.
_IN_BOTH_STATES = (
    ("TOP", ("RFC2449-6.1-b",)),
    ("RESP-CODES", ("RFC2449-6.4-b",)),
    ("PIPELINING", ("RFC2449-6.6-d",)),
    ("UIDL", ("RFC2449-6.8-b",)),
    ("AUTH-RESP-CODE", ("RFC3206-6-b",)),
    ("UTF8", ("RFC6856-2-b",)),
    ("LANG", ("RFC6856-3.1-a",)),
)


def _one_state() -> list[Fault]:
    found: list[Fault] = []
    for tag, requirements in _IN_BOTH_STATES:
        key = tag.replace("-", "__")
        found += [
            _offered(
                f"{tag.lower()}-before-login-only",
                f"{tag} is announced before a login only",
                (*requirements, "RFC2449-5-b"),
                **{key: _by_state(tag, after_login=False)},
            ),
            _offered(
                f"{tag.lower()}-after-login-only",
                f"{tag} is announced after a login only",
                requirements,
                **{key: _by_state(tag, after_login=True)},
            ),
        ]
    return found


def _lines(change: Callable[[list[str]], list[str]]) -> Handler:
    """CAPA's answer with other lines."""

    def capa(session: Pop3Session, _: None) -> Steps:
        lines = [each.line(session) for each in session.capabilities if each.announced(session)]
        yield session.listing(Text.CAPABILITIES_FOLLOW, change(lines))

    return capa


def _single_line(session: Pop3Session, _: None) -> Steps:
    """All capabilities on the status line, as some early servers did."""
    tags = " ".join(each.tag for each in session.capabilities if each.announced(session))
    yield session.figures(tags)


class _ForgetsMechanisms(Pop3Session):
    """Mechanisms are listed before a login only."""

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        return {} if _logged_in(self) else super().permitted_mechanisms()


class _OtherMechanisms(Pop3Session):
    """After a login fewer mechanisms are listed."""

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        return dict(list(super().permitted_mechanisms().items())[: 1 if _logged_in(self) else None])


FAULTS: tuple[Fault, ...] = (
    *_one_state(),
    _offered(
        "user-before-login-only",
        "USER is announced before a login only",
        ("RFC2449-6.2-c", "RFC2449-5-b"),
        USER=_by_state("USER", after_login=False),
    ),
    _fault(
        "sasl-before-login-only",
        "SASL is announced before a login only",
        ("RFC5034-3-c", "RFC5034-3-e", "RFC2449-5-b"),
        variant(session=_ForgetsMechanisms),
    ),
    _fault(
        "other-mechanisms-after-login",
        "Fewer mechanisms are listed after a login",
        ("RFC5034-3-c",),
        variant(session=_OtherMechanisms),
    ),
    _offered("sasl-without-mechanisms", "SASL lists no mechanism", ("RFC5034-3-a",), SASL=Capability("SASL")),
    _offered(
        "sasl-with-commas",
        "SASL separates mechanisms by commas",
        ("RFC5034-3-a", "RFC5034-3-b"),
        SASL=Capability("SASL", arguments=lambda session: ",".join(session.permitted_mechanisms())),
    ),
    _fault(
        "single-line",
        "CAPA's answer after a login is one line",
        ("RFC2449-5.CAPA-b", "RFC2449-5-a"),
        variant(commands=accepted_in("CAPA", State.TRANSACTION, handler=_single_line)),
    ),
    _answered(
        "lines-end-in-a-space",
        "Capability lines end in a space",
        ("RFC2449-3-d",),
        _lines(lambda lines: [f"{line} " for line in lines]),
    ),
    _answered(
        "lines-have-two-spaces",
        "Arguments follow two spaces",
        ("RFC2449-3-d",),
        _lines(lambda lines: [line.replace(" ", "  ") for line in lines]),
    ),
    _answered(
        "lines-have-octets-above-127",
        "A capability line has octets above 127",
        ("RFC2449-3-d",),
        _lines(lambda lines: [*lines, "X-CAFÉ"]),
    ),
    _answered("tag-with-a-dot", "A tag has a dot in it", ("RFC2449-3-e",), _lines(lambda lines: [*lines, "X-V1.0"])),
    _answered(
        "line-too-long",
        "A capability line has 600 octets",
        ("RFC2449-5.CAPA-d",),
        _lines(lambda lines: [*lines, "X-LONG " + "x" * 590]),
    ),
    _answered("empty-line", "A capability line is empty", ("RFC2449-3-d",), _lines(lambda lines: [*lines, ""])),
    _offered(
        "implementation-unnamed",
        "IMPLEMENTATION names nothing",
        ("RFC2449-6.9-a",),
        IMPLEMENTATION=Capability("IMPLEMENTATION"),
    ),
    _offered("expire-without-days", "EXPIRE has no argument", ("RFC2449-6.7-a",), EXPIRE=Capability("EXPIRE")),
    _offered(
        "expire-in-words", "EXPIRE gives its days in words", ("RFC2449-6.7-a",), EXPIRE=_valued("EXPIRE", "30 DAYS")
    ),
    _offered(
        "expire-promises-more-before-login",
        "EXPIRE promises more before a login",
        ("RFC2449-6.7-f",),
        EXPIRE=_valued("EXPIRE", "NEVER USER", "30"),
    ),
    _offered(
        "expire-without-user",
        "EXPIRE changes at login and does not say USER",
        ("RFC2449-6.7-g",),
        EXPIRE=_valued("EXPIRE", "0", "30"),
    ),
    _offered(
        "expire-with-user-after-login",
        "EXPIRE says USER after a login",
        ("RFC2449-6.7-h",),
        EXPIRE=_valued("EXPIRE", "30 USER", "30 USER"),
    ),
    _offered(
        "login-delay-in-words",
        "LOGIN-DELAY gives its seconds in words",
        ("RFC2449-6.5-a",),
        LOGIN__DELAY=_valued("LOGIN-DELAY", "ten"),
    ),
    _offered(
        "login-delay-grows",
        "LOGIN-DELAY is longer after a login",
        ("RFC2449-6.5-c",),
        LOGIN__DELAY=_valued("LOGIN-DELAY", "10 USER", "900"),
    ),
    _offered(
        "login-delay-without-user",
        "LOGIN-DELAY changes at login and does not say USER",
        ("RFC2449-6.5-d",),
        LOGIN__DELAY=_valued("LOGIN-DELAY", "900", "10"),
    ),
    _offered(
        "login-delay-with-user-after-login",
        "LOGIN-DELAY says USER after a login",
        ("RFC2449-6.5-e",),
        LOGIN__DELAY=_valued("LOGIN-DELAY", "10 USER", "10 USER"),
    ),
    _offered(
        "login-delay-is-not-enforced",
        "LOGIN-DELAY is announced and not enforced",
        ("RFC2449-6.5-b",),
        LOGIN__DELAY=_valued("LOGIN-DELAY", "60"),
    ),
    _offered(
        "utf8-with-another-argument",
        "UTF8 has an argument of its own",
        ("RFC6856-2-a",),
        UTF8=_valued("UTF8", "USER ONLY"),
    ),
    _fault(
        "top-announced-and-absent", "TOP is announced and unknown", ("RFC2449-6.1-a",), variant(commands=without("TOP"))
    ),
    _fault(
        "uidl-announced-and-absent",
        "UIDL is announced and unknown",
        ("RFC2449-6.8-a",),
        variant(commands=without("UIDL")),
    ),
)
