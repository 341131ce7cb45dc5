"""Which grammar is spoken: RFC 3501 with the extensions that the server advertises and the client enabled.

Knows which capability brings which part of another (RFC 9051 Appendix E, RFC 7162 §3.2.3).
"""

from __future__ import annotations

from dataclasses import dataclass

REV2_INCLUDES = frozenset(
    {
        "NAMESPACE",
        "UNSELECT",
        "UIDPLUS",
        "ESEARCH",
        "SEARCHRES",
        "ENABLE",
        "IDLE",
        "SASL-IR",
        "LIST-EXTENDED",
        "LIST-STATUS",
        "MOVE",
        "LITERAL-",
        "BINARY",
        "STATUS=SIZE",
    }
)
"""Extensions whose commands are part of IMAP4rev2 (RFC 9051 Appendix E)."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the server advertises, and what of it ENABLE has switched on; capability names as registered."""

    advertised: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()

    def knows(self, extension: str) -> bool:
        """Whether the syntax of this extension may be used, because it or something that includes it is advertised."""
        if extension in self.advertised:
            return True
        if extension == "CONDSTORE":
            return "QRESYNC" in self.advertised
        return extension in REV2_INCLUDES and "IMAP4rev2" in self.advertised

    @property
    def rev2(self) -> bool:
        """Whether the client enabled IMAP4rev2."""
        return "IMAP4rev2" in self.enabled

    @property
    def utf8(self) -> bool:
        """Whether strings and mailbox names are UTF-8, in both directions (RFC 6855 §3, RFC 9051 §5.1)."""
        return "UTF8=ACCEPT" in self.enabled or self.rev2

    @property
    def non_synchronizing_literals(self) -> bool:
        """Whether `{n+}` is permitted (RFC 7888 §3)."""
        return self.knows("LITERAL+") or self.knows("LITERAL-")

    @property
    def thread_algorithms(self) -> frozenset[str]:
        """What follows THREAD= in the advertised capabilities (RFC 5256 §1)."""
        prefix = "THREAD="
        return frozenset(name.removeprefix(prefix) for name in self.advertised if name.startswith(prefix))


BASE = Dialect()
"""RFC 3501 and nothing else."""
