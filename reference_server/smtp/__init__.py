"""Receiving SMTP (RFC 5321) and LMTP (RFC 2033), without I/O."""

from reference_server.smtp.lmtp import LmtpSession
from reference_server.smtp.session import SmtpSession

__all__ = ["LmtpSession", "SmtpSession"]
