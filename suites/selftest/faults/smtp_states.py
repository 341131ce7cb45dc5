"""Which command is permitted when, and what it does to an open transaction (RFC 5321 §3.3, §4.1.4)."""

from __future__ import annotations

from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import State
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import IDLE, OPEN, accepted_in, behind, fault, instead, replying, smtp_variant, swap

_WITHOUT_RECIPIENTS = (State.READY, State.SENDER_GIVEN)


def _ends(slug: str, title: str, requirements: str, pattern: bytes, *touches: str) -> Fault:
    """The line makes an end to the transaction."""
    return fault(f"state/{slug}", title, requirements, behind(pattern, SmtpSession.end_transaction, at=OPEN), *touches)


def _keeps(slug: str, title: str, requirements: str, pattern: bytes, reply: bytes, *touches: str) -> Fault:
    """The line is answered, and ends no transaction."""
    return fault(f"state/{slug}", title, requirements, instead(pattern, reply, at=OPEN), *touches)


def _opened(session: SmtpSession) -> None:
    """A transaction from nobody."""
    session.begin_transaction(Envelope("", ()))


class _BearsGrudges(SmtpSession):
    """Where there was an error, no message of the session is taken."""

    wrong = False

    def answer(self, line: bytes | Framing) -> Steps:
        try:
            yield from super().answer(line)
        except CommandRefused:
            self.wrong = True
            raise

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        if self.wrong:
            raise CommandRefused(replies.FAILED)
        return super().prepared(envelope, message)


FAULTS = (
    # ---- order
    fault(
        "state/rcpt-first",
        "RCPT needs no MAIL",
        "3.3-i 4.1.4-j",
        instead(rb"^RCPT TO:<.*>", b"250 2.1.5 ok", at=IDLE),
        "RCPT",
    ),
    fault(
        "state/rcpt-first-says-550",
        "RCPT without MAIL is refused by 550",
        "4.1.4-j 3.3-i",
        replying(rb"^RCPT", swap(rb"^503", b"550"), at=IDLE),
        "RCPT",
    ),
    fault(
        "state/mail-again",
        "A second MAIL begins another transaction",
        "4.1.4-l 4.1.4-j 4.1.4-k",
        accepted_in(OPEN, "MAIL"),
        "MAIL",
        seen_in="Sendmail 8.8",
    ),
    fault(
        "state/mail-again-is-taken",
        "A second MAIL is said to be taken, and nothing is done",
        "4.1.4-l",
        instead(rb"^MAIL", b"250 2.1.0 ok", at=OPEN),
        "MAIL",
    ),
    fault(
        "state/data-for-nobody",
        "DATA needs no recipient, and its message is taken",
        "3.3-l RFC2920-3.2-d RFC2920-3.2-c",
        accepted_in(_WITHOUT_RECIPIENTS, "DATA"),
        "DATA",
    ),
    fault(
        "state/data-for-nobody-at-once",
        "DATA without recipients is answered by 250",
        "3.3-l RFC2920-3.2-c RFC2033-4.2-a",
        instead(rb"^DATA", b"250 2.0.0 nothing to do", at=_WITHOUT_RECIPIENTS),
        "DATA",
    ),
    fault(
        "state/chunk-for-nobody",
        "A last chunk of no octets is taken in any state",
        "RFC3030-2-o",
        instead(rb"^BDAT 0 LAST", b"250 2.0.0 nothing to do"),
        "BDAT",
    ),
    fault(
        "state/mail-not-again",
        "After a transaction the next needs EHLO",
        "4.1.4-h 3.3-a 4.1.1.4-m 4.1.1.5-d",
        behind(rb"^(DATA|RSET)", lambda session: setattr(session, "state", State.CONNECTED)),
        "MAIL",
    ),
    fault(
        "state/ehlo-once",
        "EHLO and HELO are taken once",
        "4.1.1.1-a 4.1.4-c",
        instead(rb"^(EHLO|HELO)", b"503 5.5.1 you have said so", at=(State.READY, *OPEN)),
        "EHLO",
        "HELO",
    ),
    # ---- what is permitted at any time
    *(
        fault(
            f"state/{verb.lower()}-by-state",
            f"{verb} is out of order everywhere",
            requirements,
            instead(rb"^" + verb.encode(), b"503 5.5.1 not now"),
            verb,
        )
        for verb, requirements in (
            ("VRFY", "4.1.4-b RFC2920-3.2-e 4.2.4-c"),
            ("EXPN", "4.1.4-b"),
            ("HELP", "4.1.4-b 4.1.1.8-b"),
            ("NOOP", "4.1.1.9-a RFC2920-3.2-e"),
        )
    ),
    # ---- what leaves a transaction alone
    _ends("noop-ends", "NOOP ends a transaction", "4.1.1.9-c", rb"^NOOP", "NOOP"),
    _ends("vrfy-ends", "VRFY ends a transaction", "4.1.1.6-a", rb"^VRFY", "VRFY"),
    _ends("expn-ends", "EXPN ends a transaction", "4.1.1.7-a", rb"^EXPN", "EXPN"),
    _ends("help-ends", "HELP ends a transaction", "4.1.1.8-c", rb"^HELP", "HELP"),
    _ends("refused-mail-ends", "A second MAIL is refused, and ends the transaction", "4.1.4-k", rb"^MAIL", "MAIL"),
    _ends("refused-ehlo-ends", "EHLO ends a transaction even when it is refused", "4.1.4-e", rb"^EHLO$", "EHLO"),
    _ends("unknown-ends", "An unknown verb ends a transaction", "4.1.4-k", rb"^FROB"),
    _ends(
        "malformed-ends", "A malformed command ends a transaction", "4.1.4-k", rb"^(RCPT TO:(?!<)|STARTTLS )", "RCPT"
    ),
    # ---- what ends it
    _keeps("rset-keeps", "RSET leaves the transaction open", "4.1.1.5-a", rb"^RSET", b"250 2.0.0 done", "RSET"),
    _keeps("ehlo-keeps", "EHLO leaves the transaction open", "4.1.4-c", rb"^EHLO .", b"250 mail.postel.test", "EHLO"),
    _keeps("helo-keeps", "HELO leaves the transaction open", "4.1.1.1-a", rb"^HELO .", b"250 mail.postel.test", "HELO"),
    # ---- replies and what they say
    fault(
        "state/mail-from-nobody",
        "A MAIL that was refused opens a transaction all the same",
        "4.1.2-c 4.1.2-i 4.1.4-k RFC6531-3.3-a",
        behind(
            rb"^MAIL",
            lambda session: _opened(session) if session.state is State.READY else None,
            at=(State.READY,),
        ),
        "MAIL",
    ),
    fault(
        "state/lenient-mail-is-not-meant",
        "MAIL and RCPT with white space or without brackets are said to be taken, and are not",
        "4.1.4-k",
        instead(rb"^(MAIL|RCPT) +(FROM|TO) ?:(?:(?!<)| |< )|^(MAIL|RCPT)  ", b"250 2.1.0 ok"),
        "MAIL",
        "RCPT",
    ),
    fault(
        "state/silent-noop",
        "NOOP is not answered",
        "4.2-a",
        replying(rb"^(NOOP|MAIL$)", lambda data: b""),
        "NOOP",
    ),
    fault(
        "state/answers-twice",
        "An unknown verb is answered twice",
        "4.2-a",
        replying(rb"^FROB", lambda data: data + data),
        "NOOP",
        seen_in="servers that fall through to their default branch",
    ),
    fault(
        "state/closes-after-errors",
        "The second error closes the connection",
        "4.1.1.10-b 3.8-a",
        replying(rb"^MAIL FROM:<$", lambda data: b"421 4.7.0 too many errors\r\n"),
        "MAIL",
    ),
    fault(
        "state/grudge",
        "After an error no message of the session is taken",
        "3.8-a 4.1.1.10-b 4.1.1.4-j RFC2920-3.2-a",
        smtp_variant(_BearsGrudges),
        "DATA",
    ),
)
