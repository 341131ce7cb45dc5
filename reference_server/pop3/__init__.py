"""POP3 (RFC 1939 and its extensions), server side, without I/O."""

from reference_server.pop3.session import Pop3Session

__all__ = ["Pop3Session"]
