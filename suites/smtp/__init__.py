"""SMTP as a server receives it: RFC 5321, its extensions, submission (RFC 6409) and LMTP (RFC 2033)."""
