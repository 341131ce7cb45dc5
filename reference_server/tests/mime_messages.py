"""Messages for the tests of `reference_server.mime`, written with LF and read with CRLF."""

from __future__ import annotations


def crlf(text: str | bytes) -> bytes:
    """Octets with CRLF for each LF."""
    octets = text.encode() if isinstance(text, str) else text
    return octets.replace(b"\n", b"\r\n")


# The shape of the example in RFC 2049 Appendix A: five parts, of which one is a multipart and one a message.
NESTED = crlf("""\
MIME-Version: 1.0
From: Vera Nest <vera@nest.example>
To: Edda Read <edda@read.example>
Date: Fri, 7 Oct 1994 16:15:05 -0700 (PDT)
Subject: Many parts
Content-Type: multipart/mixed;
     boundary=outer-1

Readers without MIME see this preamble.
--outer-1

  Text without a header of its own.

--outer-1
Content-type: text/plain; charset=US-ASCII

Text with a header.

--outer-1
Content-Type: multipart/parallel; boundary=inner-2

--inner-2
Content-Type: audio/basic
Content-Transfer-Encoding: base64

AAECAwQF

--inner-2
Content-Type: image/jpeg
Content-Transfer-Encoding: base64
Content-ID: <one@nest.example>
Content-Description: a picture

BgcICQoL

--inner-2--

--outer-1
Content-type: text/enriched

<bold>Rich.</bold>

--outer-1
Content-Type: message/rfc822

From: Inner <inner@nest.example>
To: (address in ASCII)
Subject: =?ISO-8859-1?Q?Gr=FC=DFe?=
Content-Type: Text/plain; charset=ISO-8859-1
Content-Transfer-Encoding: Quoted-printable

Sch=F6ne Gr=FC=DFe

--outer-1--
An epilogue.
""")

# The message whose part numbers RFC 3501 §6.4.5 lists.
NUMBERED = crlf("""\
Subject: top
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: text/plain

text 1
--a
Content-Type: application/octet-stream

data 2
--a
Content-Type: message/rfc822

Subject: message 3
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

text 3.1
--b
Content-Type: application/octet-stream

data 3.2
--b--
--a
Content-Type: multipart/mixed; boundary=c

--c
Content-Type: image/gif
Content-ID: <4.1>

image 4.1
--c
Content-Type: message/rfc822

Subject: message 4.2
Content-Type: multipart/mixed; boundary=d

--d
Content-Type: text/plain

text 4.2.1
--d
Content-Type: multipart/alternative; boundary=e

--e
Content-Type: text/plain

text 4.2.2.1
--e
Content-Type: text/richtext

text 4.2.2.2
--e--
--d--
--c--
--a--
""")
