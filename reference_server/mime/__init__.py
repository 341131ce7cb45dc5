"""Messages taken apart: the MIME tree, and what IMAP makes of it. Pure functions over octets."""
