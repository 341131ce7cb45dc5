"""IMAP (RFC 3501, RFC 9051 and extensions): grammar, rendering and session.

The grammar is in two halves that share no state. In: fragmenter.py makes commands out of the stream, parser.py makes a
`Command` out of each. Out: a response is a value of responses.py, and renderer.py makes its octets.
"""
