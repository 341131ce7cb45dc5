"""BINARY (RFC 3516): sections with their transfer encoding removed, their sizes, and what cannot be decoded."""

from __future__ import annotations

from suites.imap.boxes import filled, note, text
from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

R = "RFC3516-{}"

_PARTS = (
    "--=_cargo",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Sch=F6nes Wetter =3D Gl=FCck,=",
    " sagt man.",
    "--=_cargo",
    "Content-Type: application/octet-stream",
    "Content-Transfer-Encoding: base64",
    "",
    "VGhlIGNoYXJ0IG9m",
    "IHRoZSBzYW5k",
    "--=_cargo",
    "Content-Type: application/octet-stream",
    "Content-Transfer-Encoding: x-knots",
    "",
    "untied",
    "--=_cargo",
    "Content-Type: text/plain",
    "",
    "As it is.",
    "--=_cargo--",
)
_MESSAGE = note("cargo", *_PARTS, fields=("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="=_cargo"'))
#: Without the part that cannot be decoded, so that nothing stands in the way of \Seen.
_KNOWN = note(
    "cargo",
    *_PARTS[:12],
    "--=_cargo--",
    fields=("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="=_cargo"'),
)
_WORDS = note("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=")
_BASE64 = note("chart", "VGhlIGNoYXJ0", fields=("MIME-Version: 1.0", "Content-Transfer-Encoding: base64"))

QUOTED = "Schönes Wetter = Glück, sagt man.".encode("latin-1")
CHART = b"The chart of the sand"

#: Items over _MESSAGE: slug, item, what comes back, requirements.
ITEMS = (
    ("quoted-printable", "BINARY.PEEK[1]", f"BINARY[1] {text(QUOTED)}", ("4.2-a",)),
    ("base64", "BINARY.PEEK[2]", f"BINARY[2] {text(CHART)}", ("4.2-a",)),
    ("not-encoded", "BINARY.PEEK[4]", 'BINARY[4] "As it is."', ("4.2-a",)),
    ("size-of-quoted-printable", "BINARY.SIZE[1]", f"BINARY.SIZE[1] {len(QUOTED)}", ("4.2-d", "4.3-d")),
    ("size-of-base64", "BINARY.SIZE[2]", f"BINARY.SIZE[2] {len(CHART)}", ("4.2-d", "4.3-d")),
    ("size-of-not-encoded", "BINARY.SIZE[4]", "BINARY.SIZE[4] 9", ("4.2-d", "4.3-d")),
    ("partial-from-the-start", "BINARY.PEEK[2]<0.9>", 'BINARY[2]<0> "The chart"', ("4.2-b", "4.3-e")),
    ("partial-of-the-middle", "BINARY.PEEK[2]<4.5>", 'BINARY[2]<4> "chart"', ("4.2-b", "4.3-e")),
    ("partial-past-the-end", "BINARY.PEEK[2]<17.50>", 'BINARY[2]<17> "sand"', ("4.2-b", "4.3-e")),
    ("partial-beyond-the-end", "BINARY.PEEK[2]<99.5>", 'BINARY[2]<99> ""', ("4.2-b", "4.3-e")),
    ("body-stays-encoded", "BODY.PEEK[2]", 'BODY[2] "VGhlIGNoYXJ0IG9m\\r\\nIHRoZSBzYW5k"', ("6-c",)),
    ("letter-case", "binary.peek[2]", f"BINARY[2] {text(CHART)}", ("4.2-a",)),
)

WRONG = (
    ("of-the-header", "BINARY[HEADER]", "7-b"),
    ("of-mime", "BINARY[1.MIME]", "7-b"),
    ("of-the-text", "BINARY.PEEK[TEXT]", "7-b"),
    ("size-of-the-header", "BINARY.SIZE[HEADER]", "7-b"),
)


def _item(slug: str, item: str, seen: str, letters: tuple[str, ...]) -> Generated:
    ids = [R.format(letter) for letter in letters]
    steps = [*filled([_MESSAGE]), sent(f"FETCH 1 {item}"), expecting(f"* 1 FETCH ({seen})", *ids)]
    steps += [expecting("OK", *ids)]
    return f"imap/rfc3516-4.2/{slug}", dialogue(f"FETCH of {item}", steps, requires="BINARY")


def _wrong(slug: str, item: str, letter: str) -> Generated:
    steps = [sent(f"FETCH 1 {item}"), expecting("BAD", R.format(letter)), "C: NOOP", "S: OK"]
    title = f"FETCH of {item} is answered with BAD"
    text_ = dialogue(title, steps, start="selected", messages="1 plain", requires="BINARY")
    return f"imap/rfc3516-7/bad-{slug}", text_


def _seen(item: str, letter: str, *, sets: bool) -> Generated:
    flags = "\\Seen" if sets else ""
    steps = [*filled([_KNOWN]), f"C: FETCH 1 {item}", "S: OK", "C: FETCH 1 FLAGS"]
    steps += [expecting(f"* 1 FETCH (FLAGS ({flags}))", R.format(letter)), "S: OK"]
    slug = item.lower().replace("[", "-").replace("]", "").replace(".", "-")
    title = f"{item} {'sets' if sets else 'does not set'} \\Seen"
    return f"imap/rfc3516-4.2/seen-after-{slug}", dialogue(title, steps, requires="BINARY")


def _unknown(item: str) -> Generated:
    steps = [*filled([_MESSAGE]), f"C: FETCH 1 {item}", expecting("NO [UNKNOWN-CTE]", R.format("4.3-c"))]
    steps += ["C: FETCH 1 BODY.PEEK[3]", expecting('* 1 FETCH (BODY[3] "untied")', R.format("6-c")), "S: OK"]
    slug = item.lower().replace("[3]", "").replace(".", "-")
    return f"imap/rfc3516-4.3/unknown-encoding-{slug}", dialogue(
        f"{item} of an unknown encoding", steps, requires="BINARY"
    )


def _others() -> list[Generated]:
    whole = [*filled([_BASE64]), "C: FETCH 1 BINARY.PEEK[]", expecting("* 1 FETCH (BINARY[] <any>)", R.format("7-a"))]
    words = [*filled([_WORDS]), "C: FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]"]
    words += [
        expecting(
            '* 1 FETCH (BODY[HEADER.FIELDS (Subject)] "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\\r\\n\\r\\n")',
            R.format("5-a"),
        )
    ]
    only = [*filled([_BASE64]), "C: FETCH 1 BINARY.PEEK[1]"]
    only += [expecting('* 1 FETCH (BINARY[1] "The chart")', R.format("4.2-a"))]
    return [
        ("imap/rfc3516-7/whole-message", dialogue("BINARY[] is accepted", [*whole, "S: OK"], requires="BINARY")),
        ("imap/rfc3516-5/encoded-words", dialogue("Encoded words stay", [*words, "S: OK"], requires="BINARY")),
        ("imap/rfc3516-4.2/only-part", dialogue("BINARY[1] of one part", [*only, "S: OK"], requires="BINARY")),
    ]


def _appended() -> list[Generated]:
    """A literal8 comes back as it was sent, or is refused with its code."""
    message = "Subject: bare\\r\\nMIME-Version: 1.0\\r\\nContent-Transfer-Encoding: binary\\r\\n\\r\\na\\x00b\\r\\n"
    octets = len(b"Subject: bare\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: binary\r\n\r\na\x00b\r\n")
    send = [f'C! "x1 APPEND INBOX ~{{{octets}}}\\r\\n"', "S: +", f'C! "{message}\\r\\n"']
    answered = [*send, expecting("OK | NO [UNKNOWN-CTE]", R.format("4.4-a"), R.format("4.4-d"))]
    kept = [*send, "S: OK", "C: SELECT INBOX", "S: OK", "C: FETCH 1 BINARY.PEEK[1]"]
    kept += [expecting('* 1 FETCH (BINARY[1] "a\\x00b\\r\\n")', R.format("4.4-c")), "S: OK"]
    return [
        (
            "imap/rfc3516-4.4/append-with-nul",
            dialogue("APPEND of a literal8 with NUL", answered, start="authenticated", requires="BINARY"),
        ),
        (
            "imap/rfc3516-4.4/appended-nul-is-kept",
            dialogue("BINARY returns a NUL that was appended", kept, start="authenticated", requires="BINARY"),
        ),
    ]


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[_item(*row) for row in ITEMS],
        *[_wrong(*row) for row in WRONG],
        _seen("BINARY[2]", "4.2-a", sets=True),
        _seen("BINARY.PEEK[2]", "4.2-c", sets=False),
        _seen("BINARY.SIZE[2]", "4.2-d", sets=False),
        _unknown("BINARY.PEEK[3]"),
        _unknown("BINARY.SIZE[3]"),
        *_others(),
        *_appended(),
    ]
