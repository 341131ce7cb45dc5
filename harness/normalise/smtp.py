"""SMTP and LMTP replies in canonical form, and the differences from the oracle that the RFCs permit.

Kept is what a client acts on: the reply code, and which extensions are announced. The text of a reply is for people
(RFC 5321 §4.2) and is no part of it; nor is the enhanced status code, whose class repeats the reply code's first digit
(RFC 2034 §4) and whose subject and detail are as precise as each server can be (RFC 3463 §2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from harness.normalise.rules import Difference, Rule
from harness.verdicts import Facet
from harness.wire.smtp import MESSAGE, ODD_MESSAGE

#: Canonical form of one reply: what is left of it, by facet.
Canonical = dict[str, object]

#: Verbs of the commands and what stands for other lines: the greeting, and what follows 354 and 334.
_VERBS = frozenset(
    [
        "EHLO",
        "LHLO",
        "HELO",
        "MAIL",
        "RCPT",
        "DATA",
        "BDAT",
        "RSET",
        "NOOP",
        "QUIT",
        "VRFY",
        "EXPN",
        "HELP",
        "STARTTLS",
        "AUTH",
        "ETRN",
        "TURN",
        "SEND",
        "SAML",
        "SOML",
    ]
)


class Reply(Protocol):
    """What canonicalisation reads of a parsed reply."""

    @property
    def code(self) -> int:
        """The reply code; 0 where none came."""

    @property
    def lines(self) -> Sequence[bytes]:
        """The text of each line, without code and separator."""


def canonical(command: bytes | None, reply: Reply) -> Canonical:
    """The canonical form of a reply to a line (None: the greeting)."""
    verb = _verb(command)
    form: Canonical = {"verb": verb, Facet.STATUS.value: f"{reply.code:03d}"}
    if verb in ("EHLO", "LHLO") and reply.code // 100 == 2:
        words = [line.decode("latin-1").split(" ") for line in reply.lines[1:]]
        form[Facet.DATA.value] = {keyword.upper(): "announced" for keyword, *_ in words}
    return form


def _verb(command: bytes | None) -> str:
    if command is None:
        return "greeting"
    if command in (MESSAGE, ODD_MESSAGE):
        return "message"
    verb = command.split(b" ")[0].decode("latin-1").upper()
    return verb if verb in _VERBS else "line"


def _licence(facet: Facet, *verbs: str) -> Callable[[Difference], bool]:
    """True for an SMTP difference in one facet, of one of these verbs (none: of any)."""

    def licenses(difference: Difference) -> bool:
        ours = difference.protocol == "smtp" and difference.facet is facet
        return ours and (not verbs or difference.verb in verbs)

    return licenses


def _same_first_digit(difference: Difference) -> bool:
    """Both sides say the same to a client that goes by the first digit, as it should."""
    status = _licence(Facet.STATUS)(difference)
    return status and str(difference.target)[:1] == str(difference.oracle)[:1] and str(difference.target) != "000"


def _shutting_down(difference: Difference) -> bool:
    return _licence(Facet.STATUS)(difference) and "421" in (difference.target, difference.oracle)


def _refusal_of_an_extra(difference: Difference) -> bool:
    """Only one side has a command that no server needs to have; the other refuses it."""
    status = _licence(Facet.STATUS, "HELP", "STARTTLS", "AUTH", "BDAT", "ETRN", "TURN", "SEND", "SAML", "SOML")
    return status(difference) and "5" in (str(difference.target)[:1], str(difference.oracle)[:1])


RULES: tuple[Rule, ...] = (
    Rule(
        "smtp-verification-policy",
        "RFC 5321 §7.3",
        "A site may disable VRFY and EXPN, or answer them without verifying anything.",
        _licence(Facet.STATUS, "VRFY", "EXPN"),
    ),
    Rule(
        "smtp-code-of-same-severity",
        "RFC 5321 §4.3.2",
        "Clients go by the first digit; several codes of one severity can fit a situation.",
        _same_first_digit,
    ),
    Rule(
        "smtp-shutdown",
        "RFC 5321 §3.8",
        "A server that has to end a session says 421, whatever the command was.",
        _shutting_down,
    ),
    Rule(
        "smtp-local-policy",
        "RFC 5321 §7.9",
        "A site may refuse mail for reasons of its own, for now or for good, where no clause asks it to take it.",
        _licence(Facet.STATUS, "MAIL", "RCPT", "BDAT", "message"),
    ),
    Rule(
        "smtp-data-without-recipients",
        "RFC 5321 §3.3",
        "Where no recipient was accepted, DATA is refused, or the message behind it is.",
        _licence(Facet.STATUS, "DATA"),
    ),
    Rule(
        "smtp-name-of-the-client",
        "RFC 5321 §4.1.4",
        "A server may look at what a client calls itself, or take any argument.",
        _licence(Facet.STATUS, "EHLO", "HELO", "LHLO"),
    ),
    Rule(
        "smtp-optional-command",
        "RFC 5321 §4.5.1",
        "Only the commands of the minimum implementation are required; a server without another one refuses it.",
        _refusal_of_an_extra,
    ),
    Rule(
        "smtp-extensions",
        "RFC 5321 §2.2.1",
        "Each server announces the extensions that it has.",
        _licence(Facet.DATA, "EHLO", "LHLO"),
    ),
)
