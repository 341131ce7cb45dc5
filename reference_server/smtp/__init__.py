"""Receiving SMTP (RFC 5321), message submission (RFC 6409) and LMTP (RFC 2033), without I/O."""

from reference_server.smtp.lmtp import LmtpSession
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.submission import SubmissionSession

__all__ = ["LmtpSession", "SmtpSession", "SubmissionSession"]
