"""Faults of response codes: what is refused is told under another reason (RFC 5530 §3)."""

from __future__ import annotations

from reference_server.imap.response_codes import Code
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import coded, fault


def _in_place_of(right: Code, wrong: Code, title: str, requirement: str, *touches: str) -> Fault:
    """A code stands where another one would be right."""
    return fault(
        f"codes/{wrong.value.lower()}-for-{right.value.lower()}",
        title,
        requirement,
        coded(Code, lambda code: wrong if code is right else code),
        *touches,
    )


FAULTS: tuple[Fault, ...] = (
    _in_place_of(
        Code.AUTHENTICATIONFAILED,
        Code.AUTHORIZATIONFAILED,
        "A wrong password has the code AUTHORIZATIONFAILED",
        "RFC5530-3-c",
        "LOGIN",
    ),
    _in_place_of(
        Code.AUTHENTICATIONFAILED,
        Code.PRIVACYREQUIRED,
        "A wrong password has the code PRIVACYREQUIRED",
        "RFC5530-3-e",
        "LOGIN",
    ),
    _in_place_of(Code.NONEXISTENT, Code.INUSE, "A mailbox that is missing has the code INUSE", "RFC5530-3-g", "DELETE"),
    _in_place_of(
        Code.NONEXISTENT,
        Code.EXPUNGEISSUED,
        "A mailbox that is missing has the code EXPUNGEISSUED",
        "RFC5530-3-h",
        "DELETE",
    ),
    _in_place_of(
        Code.ALREADYEXISTS, Code.SERVERBUG, "A name that is taken has the code SERVERBUG", "RFC5530-3-j", "CREATE"
    ),
    _in_place_of(
        Code.ALREADYEXISTS, Code.CLIENTBUG, "A name that is taken has the code CLIENTBUG", "RFC5530-3-k", "CREATE"
    ),
    _in_place_of(Code.ALREADYEXISTS, Code.CANNOT, "A name that is taken has the code CANNOT", "RFC5530-3-l", "CREATE"),
    _in_place_of(
        Code.NONEXISTENT,
        Code.ALREADYEXISTS,
        "A mailbox that is missing has the code ALREADYEXISTS",
        "RFC5530-3-o",
        "DELETE",
    ),
    _in_place_of(
        Code.ALREADYEXISTS, Code.NONEXISTENT, "A name that is taken has the code NONEXISTENT", "RFC5530-3-p", "CREATE"
    ),
)
