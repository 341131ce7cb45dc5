"""Well-formed messages by their structure: parts in parts, types, parameters, encodings (RFC 2045, 2046, 2183)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.corpus import Trait
from suites.corpus.lines import PARAGRAPH, joined, numbered_lines
from suites.corpus.mime_pieces import (
    CHART,
    SHORT,
    MailKind,
    bodied,
    data,
    ended,
    fixed,
    mail_of,
    multipart,
    plain,
    text,
)
from suites.corpus.mime_tree import Enclosed, Leaf, Multipart, Part, Says

RFC822 = (b"Content-Type: message/rfc822",)


def _leaf(fields: tuple[bytes, ...], says: Says, content: bytes = SHORT) -> Leaf:
    return Leaf(fields, content, says)


def _enclosed(kind: str, number: int, body: Part, tag: str = ".inner") -> Enclosed:
    return Enclosed(RFC822, mail_of(kind, number, body, tag=tag))


_ATTACHED = _leaf(
    (
        b'Content-Type: application/octet-stream; name="chart.bin"',
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename=chart.bin",
    ),
    Says(
        "APPLICATION",
        "OCTET-STREAM",
        {"NAME": b"chart.bin"},
        encoding=b"BASE64",
        disposition=(b"ATTACHMENT", {"FILENAME": b"chart.bin"}),
    ),
    CHART,
)

_EVERYTHING = _leaf(
    (
        b"Content-Type: text/html; charset=ISO-8859-1",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-ID: <deck.7@mime.sender.test>",
        b"Content-Description: a page from the logbook",
        b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
        b'Content-Disposition: inline; filename="logbook.html"',
        b"Content-Language: de",
        b"Content-Location: http://harbour.test/logbook.html",
    ),
    Says(
        "TEXT",
        "HTML",
        {"CHARSET": b"ISO-8859-1"},
        b"QUOTED-PRINTABLE",
        b"<deck.7@mime.sender.test>",
        b"a page from the logbook",
        b"Q2hlY2sgSW50ZWdyaXR5IQ==",
        (b"INLINE", {"FILENAME": b"logbook.html"}),
        (b"de",),
        b"http://harbour.test/logbook.html",
    ),
    ended(b"<p>Sch=F6nes Wetter, und =3D kein Wind.</p>"),
)

_IMAGE = _leaf(
    (b"Content-Type: image/png", b"Content-Transfer-Encoding: base64", b"Content-ID: <flag.1@mime.sender.test>"),
    Says("IMAGE", "PNG", encoding=b"BASE64", id=b"<flag.1@mime.sender.test>"),
    b"iVBORw0KGgo=",
)


def _rfc822(kind: str, number: int) -> Part:
    return multipart("mixed", "=_cover", text(), _enclosed(kind, number, text()))


def _rfc822_multipart(kind: str, number: int) -> Part:
    inner = multipart("alternative", "=_inner", text(), text("html", b"<p>Ahoy.</p>"))
    return multipart("mixed", "=_cover", text(), _enclosed(kind, number, inner), data())


def _rfc822_twice(kind: str, number: int) -> Part:
    innermost = _enclosed(kind, number, multipart("mixed", "=_third", text(), data()), ".innermost")
    return multipart("mixed", "=_first", _enclosed(kind, number, multipart("mixed", "=_second", text(), innermost)))


def _rfc822_only(kind: str, number: int) -> Part:
    return _enclosed(kind, number, plain(ended(*PARAGRAPH)))


def _digest(kind: str, number: int) -> Part:
    members = [Enclosed((), mail_of(kind, number, plain(), tag=f".member{index}")) for index in (1, 2)]
    return multipart("digest", "=_digest", *members, text())


def _report(kind: str, number: int) -> Part:
    status = Leaf(
        (b"Content-Type: message/delivery-status",),
        b"Reporting-MTA: dns; harbour.test\r\n\r\nFinal-Recipient: rfc822; mate@ship.test\r\nAction: failed\r\n",
        Says("MESSAGE", "DELIVERY-STATUS"),
    )
    headers = text("rfc822-headers", b"From: Lena Fischer <lena@sender.test>\r\nSubject: lost\r\n")
    return multipart("report", "=_report", text(), status, headers, more={"REPORT-TYPE": b"delivery-status"})


def _deep(levels: int) -> Part:
    inner: Part = text()
    for level in range(levels, 0, -1):
        inner = multipart("mixed", f"=_level{level}.", inner, text(content=b"On level %d." % level))
    return inner


_FOLDED = Multipart(
    (b"Content-Type: multipart/mixed;", b'\tboundary="=_folded";', b" charset=us-ascii"),
    b"=_folded",
    (text(), data()),
    Says("MULTIPART", "MIXED", {"BOUNDARY": b"=_folded", "CHARSET": b"us-ascii"}),
)
_PADDED = Multipart(
    (b'Content-Type: multipart/mixed; boundary="=_padded"',),
    b"=_padded",
    (text(), data()),
    Says("MULTIPART", "MIXED", {"BOUNDARY": b"=_padded"}),
    padding=b" \t",
)
_BARE_BOUNDARY = Multipart(
    (b"Content-Type: multipart/mixed; boundary=gangway_7",),
    b"gangway_7",
    (text(), data()),
    Says("MULTIPART", "MIXED", {"BOUNDARY": b"gangway_7"}),
)
_AROUND = Multipart(
    (b'Content-Type: multipart/mixed; boundary="=_pier"',),
    b"=_pier",
    (text(content=b"- -=_pier\r\n-- =_pier\r\n =_pier--"), text()),
    Says("MULTIPART", "MIXED", {"BOUNDARY": b"=_pier"}),
    preamble=b"Nobody needs to read this.\r\n -- nor this.",
    epilogue=b"And this is behind everything.\r\n",
)
_DESCRIBED = Multipart(
    (
        b'Content-Type: multipart/mixed; boundary="=_extras"',
        b"Content-Disposition: inline",
        b"Content-Language: en, de",
        b"Content-Location: http://harbour.test/pack",
    ),
    b"=_extras",
    (text(), _EVERYTHING),
    Says(
        "MULTIPART",
        "MIXED",
        {"BOUNDARY": b"=_extras"},
        disposition=(b"INLINE", {}),
        language=(b"en", b"de"),
        location=b"http://harbour.test/pack",
    ),
)

_PARAMETERS = multipart(
    "mixed",
    "=_parameters",
    _leaf(
        (b'Content-Type: application/x-cargo; name="the \\"grand\\" list; part = 1, \\\\ done.txt"',),
        Says("APPLICATION", "X-CARGO", {"NAME": b'the "grand" list; part = 1, \\ done.txt'}),
    ),
    _leaf(
        (b"Content-Type: application/x-cargo ; weight=12 ;hold=aft",),
        Says("APPLICATION", "X-CARGO", {"WEIGHT": b"12", "HOLD": b"aft"}),
    ),
    _leaf((b'Content-Type: application/x-cargo; note=""',), Says("APPLICATION", "X-CARGO", {"NOTE": b""})),
    _leaf((b"Content-Type: application/x-cargo; NaMe=MiXeD",), Says("APPLICATION", "X-CARGO", {"NAME": b"MiXeD"})),
)
_COMMENTED = multipart(
    "mixed",
    "=_commented",
    _leaf(
        (b"Content-Type: text/plain (the plainest of all); charset=us-ascii (seven bits)",),
        Says("TEXT", "PLAIN", {"CHARSET": b"us-ascii"}),
    ),
    text(),
)
_CONTINUED = multipart(
    "mixed",
    "=_continued",
    _leaf(
        (
            b"Content-Type: application/x-cargo;",
            b" name*0=manifest-; name*1=of-the-hold.txt",
            b"Content-Disposition: attachment; filename*=utf-8''Fr%C3%A4cht.txt",
        ),
        Says("APPLICATION", "X-CARGO", None, disposition=(b"ATTACHMENT", None)),
    ),
    text(),
)
_TYPES = multipart(
    "mixed",
    "=_types",
    *[
        _leaf(
            (b"Content-Type: " + media.encode(),),
            Says(media.partition("/")[0].upper(), media.partition("/")[2].upper()),
        )
        for media in (
            "application/x-knots",
            "audio/basic",
            "video/mpeg",
            "model/vrml",
            "image/vnd.sail+xml",
            "x-sea/salt",
        )
    ],
)
_CASES = _leaf(
    (b"CONTENT-TYPE: TeXt/HtMl; ChArSeT=US-ASCII", b"content-transfer-encoding: 7BiT"),
    Says("TEXT", "HTML", {"CHARSET": b"US-ASCII"}),
    ended(*PARAGRAPH),
)
_ENCODINGS = multipart(
    "mixed",
    "=_encodings",
    *[
        _leaf(
            (b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: " + name),
            Says("APPLICATION", "OCTET-STREAM", encoding=name.upper()),
            CHART,
        )
        for name in (b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable", b"x-knots")
    ],
)
_EMPTY_PARTS = multipart(
    "mixed",
    "=_hollow",
    _leaf((b"Content-Type: text/plain; charset=us-ascii",), Says("TEXT", "PLAIN", {"CHARSET": b"us-ascii"}), b""),
    plain(b""),
    text(),
)
_LINES = multipart(
    "mixed",
    "=_lines",
    text(content=b"one line"),
    text(content=b"one line\r\n"),
    text(content=b"\r\n\r\n"),
    text(content=joined(numbered_lines(25))),
)
_DISPOSITIONS = multipart(
    "mixed",
    "=_disposed",
    _leaf(
        (
            b"Content-Type: application/x-cargo",
            b'Content-Disposition: ATTACHMENT; filename="two words.txt"; size=120;',
            b' creation-date="Wed, 12 Jun 2024 09:30:00 +0200"',
        ),
        Says(
            "APPLICATION",
            "X-CARGO",
            disposition=(
                b"ATTACHMENT",
                {
                    "FILENAME": b"two words.txt",
                    "SIZE": b"120",
                    "CREATION-DATE": b"Wed, 12 Jun 2024 09:30:00 +0200",
                },
            ),
        ),
    ),
    _leaf(
        (b"Content-Type: application/x-cargo", b"Content-Disposition: x-stowed"),
        Says("APPLICATION", "X-CARGO", disposition=(b"X-STOWED", {})),
    ),
)
_FOLDED_FIELDS = _leaf(
    (
        b"Content-Type: text/plain;",
        b"\tcharset=us-ascii",
        b"Content-Description: a description that",
        b" goes on in the next line",
        b"Content-ID:",
        b" <folded.9@mime.sender.test>",
    ),
    Says(
        "TEXT",
        "PLAIN",
        {"CHARSET": b"us-ascii"},
        id=b"<folded.9@mime.sender.test>",
        description=b"a description that goes on in the next line",
    ),
    ended(*PARAGRAPH),
)
_EXTERNAL = multipart(
    "mixed",
    "=_external",
    _leaf(
        (b'Content-Type: message/external-body; access-type=ANON-FTP; site="ftp.harbour.test"; name="tides"',),
        Says(
            "MESSAGE",
            "EXTERNAL-BODY",
            {"ACCESS-TYPE": b"ANON-FTP", "SITE": b"ftp.harbour.test", "NAME": b"tides"},
        ),
        b"Content-Type: text/plain\r\nContent-ID: <tides@harbour.test>\r\n",
    ),
    text(),
)
_PARTIAL = _leaf(
    (b'Content-Type: message/partial; id="tides.3@harbour.test"; number=2; total=3',),
    Says("MESSAGE", "PARTIAL", {"ID": b"tides.3@harbour.test", "NUMBER": b"2", "TOTAL": b"3"}),
    ended(*PARAGRAPH),
)
_EIGHT = _leaf(
    (b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 8bit"),
    Says("TEXT", "PLAIN", {"CHARSET": b"utf-8"}, b"8BIT"),
    "Schöne Grüße von der Fähre.\r\n".encode(),
)

STRUCTURES: Mapping[str, MailKind] = {
    "mime-without-type": fixed(plain(ended(*PARAGRAPH)), "no Content-Type"),
    "mime-text": fixed(text(content=ended(*PARAGRAPH)), "one text with its charset"),
    "mime-all-fields": fixed(_EVERYTHING, "every MIME field on a message that is not multipart"),
    "mime-letter-case": fixed(_CASES, "type, parameter and encoding in mixed case"),
    "mime-folded-fields": fixed(_FOLDED_FIELDS, "folded MIME fields"),
    "mime-eight-bit": fixed(_EIGHT, "a text in 8bit", Trait.EIGHT_BIT),
    "mime-mixed": fixed(multipart("mixed", "=_mixed", text(), _ATTACHED), "a text and an attachment"),
    "mime-alternative": fixed(
        multipart("alternative", "=_choice", text(), text("html", b"<p>Ahoy.</p>")), "a text and the same in HTML"
    ),
    "mime-related": fixed(
        multipart("related", "=_kin", text("html", b"<p>Ahoy.</p>"), _IMAGE, more={"TYPE": b"text/html"}),
        "a page and its picture",
    ),
    "mime-three-levels": fixed(
        multipart(
            "mixed",
            "=_outer",
            multipart(
                "alternative",
                "=_middle",
                text(),
                multipart("related", "=_inmost", text("html", b"<p>Ahoy.</p>"), _IMAGE),
            ),
            _ATTACHED,
        ),
        "three levels of multiparts",
    ),
    "mime-one-part": fixed(multipart("mixed", "=_single", text()), "a multipart of one part"),
    "mime-headerless-parts": fixed(
        multipart("mixed", "=_bare", plain(), plain(b"a second part")), "parts without header"
    ),
    "mime-empty-parts": fixed(_EMPTY_PARTS, "parts without content"),
    "mime-fifty-parts": fixed(
        multipart("mixed", "=_fifty", *[text(content=b"Part %d." % index) for index in range(1, 51)]), "fifty parts"
    ),
    "mime-ten-levels": fixed(_deep(10), "ten levels of multiparts"),
    "mime-line-counts": fixed(_LINES, "texts with and without a line end at their end"),
    "mime-preamble-epilogue": fixed(_AROUND, "preamble, epilogue and lines that look like delimiters"),
    "mime-boundary-token": fixed(_BARE_BOUNDARY, "a boundary without quotes"),
    "mime-boundary-folded": fixed(_FOLDED, "a boundary in a folded field"),
    "mime-boundary-padded": fixed(_PADDED, "white space behind its delimiters"),
    "mime-boundary-specials": fixed(
        multipart("mixed", "'()+_,-./:=? a", text(), data()), "a boundary of special characters"
    ),
    "mime-boundary-longest": fixed(multipart("mixed", "b" * 70, text(), data()), "a boundary of 70 characters"),
    "mime-parameters": fixed(_PARAMETERS, "parameters with quoting, spaces and in mixed case"),
    "mime-parameter-pieces": fixed(_CONTINUED, "parameters in pieces and in UTF-8 (RFC 2231)"),
    "mime-comments": fixed(_COMMENTED, "comments in Content-Type"),
    "mime-media-types": fixed(_TYPES, "types that are neither text nor message"),
    "mime-encodings": fixed(_ENCODINGS, "every transfer encoding, and an unknown one"),
    "mime-dispositions": fixed(_DISPOSITIONS, "dispositions with and without parameters"),
    "mime-multipart-fields": fixed(_DESCRIBED, "disposition, language and location of a multipart"),
    "mime-signed": fixed(
        multipart(
            "signed",
            "=_signed",
            text(),
            data("application/pgp-signature"),
            more={"MICALG": b"pgp-sha256", "PROTOCOL": b"application/pgp-signature"},
        ),
        "a signature",
    ),
    "mime-external-body": fixed(_EXTERNAL, "a part that is elsewhere"),
    "mime-partial": fixed(_PARTIAL, "a fragment of a message"),
    "mime-message": bodied(_rfc822, "a message inside it"),
    "mime-message-multipart": bodied(_rfc822_multipart, "a multipart message inside it"),
    "mime-message-twice": bodied(_rfc822_twice, "a message inside a message inside it"),
    "mime-message-only": bodied(_rfc822_only, "nothing but another message"),
    "mime-digest": bodied(_digest, "a digest, whose parts are messages by default"),
    "mime-report": bodied(_report, "a delivery report"),
}
