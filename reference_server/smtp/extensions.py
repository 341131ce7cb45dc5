"""What EHLO and LHLO announce, as a table: each entry turns its extension on, with its verbs and parameters.

RFC 5321 §4.1.1.1: also EXPN and HELP, as commands that are not required of every server. An entry is there only because
the whole of its extension is. Taking one out turns the extension off: its verbs are answered with 502, its parameters
with 555.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_server.smtp.session import SmtpSession


@dataclass(frozen=True, slots=True)
class Extension:
    """One line of the answer to EHLO: a keyword and its arguments, if `announced` says so at the moment.

    `room` is by how many octets the extension lengthens the line of each verb (RFC 5321 §4.5.3.1.4).
    """

    keyword: str
    arguments: Callable[[SmtpSession], str] = lambda session: ""
    announced: Callable[[SmtpSession], bool] = lambda session: True
    room: Mapping[str, int] = field(default_factory=dict)

    def line(self, session: SmtpSession) -> str:
        """The line without code and CRLF."""
        return f"{self.keyword} {self.arguments(session)}".rstrip()


EXTENSIONS: tuple[Extension, ...] = (
    Extension("PIPELINING"),
    Extension("SIZE", lambda session: str(session.context.settings.limits.message), room={"MAIL": 26}),
    Extension("8BITMIME", room={"MAIL": 17}),
    Extension("SMTPUTF8", room={"MAIL": 10, "VRFY": 10, "EXPN": 10}),
    Extension("CHUNKING"),
    Extension("BINARYMIME", room={"MAIL": 16}),
    Extension("DSN", room={"MAIL": 116, "RCPT": 536}),
    Extension("ENHANCEDSTATUSCODES"),
    # Only where it can be used at this moment (RFC 3207 §4.2).
    Extension("STARTTLS", announced=lambda session: session.tls_possible),
    Extension(
        "AUTH",
        lambda session: " ".join(session.permitted_mechanisms()),
        announced=lambda session: bool(session.permitted_mechanisms()),
        room={"MAIL": 500},
    ),
    Extension("EXPN"),
    Extension("HELP"),
)
"""What the server announces, in this order; the room is at least what each RFC counts."""
