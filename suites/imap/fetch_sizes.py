"""Sizes and texts that must agree with each other, for every kind of message: RFC822.SIZE, BODY[], HEADER and TEXT.

RFC 3501 §2.3.4 (the size is the length of BODY[]), §6.4.5. What a way in has made of a message does not matter here.
"""

from __future__ import annotations

from harness.cases import Script, case
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap_values import Scalar, Value
from suites.corpus import KINDS, message
from suites.corpus.mime import MIME_KINDS
from suites.imap.exchange import ask, expect_that, items_of, need

SIZE = "RFC3501-2.3.4-a"
STATIC = "RFC3501-6.4.5-c"
HEADER = "RFC3501-6.4.5-q"
TEXT = "RFC3501-6.4.5-w"
FRAMED = "POSTEL-imap_mime-f"
ITEM = "RFC3501-6.4.5-al"
ALL = (ITEM, SIZE, STATIC, HEADER, TEXT)

#: Kinds whose octets tempt a server to count others than it sends.
FRAMING = {"bare-lf": FRAMED, "bare-cr": FRAMED, "nul": FRAMED}
#: What SMTP and LMTP cannot carry (RFC 5321 §4.1.1.4): the case appends it.
APPENDED = frozenset({"no-final-crlf"})
#: Judged elsewhere, as a load.
ELSEWHERE = frozenset({"large-10m", *MIME_KINDS})
ITEMS = "(RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT])"


def _text(items: dict[str, Value], label: str) -> bytes:
    value = items.get(label)
    return value.data if isinstance(value, Scalar) and not value.is_nil else b""


def _size(items: dict[str, Value]) -> int | None:
    value = items.get("RFC822.SIZE")
    return value.number if isinstance(value, Scalar) else None


async def _agreeing(stage: Stage, *framing: str) -> None:
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, f"FETCH 1 {ITEMS}", ids=(*framing, ITEM))
    if not stage.expect_tagged(reply, "OK", *framing, ITEM):
        return
    items = items_of(reply, 1)
    whole, header, text = (_text(items, label) for label in ("BODY[]", "BODY[HEADER]", "BODY[TEXT]"))
    size = _size(items)
    expected = f"RFC822.SIZE {len(whole)}, as BODY[] has"
    expect_that(stage, size == len(whole), expected, f"RFC822.SIZE {size}", SIZE, ITEM)
    observed = f"{len(header)} and {len(text)} octets of {len(whole)}"
    # Where no blank line ends the header, a server may add one (docs/decisions.md).
    ended = header == whole + b"\r\n"
    facet = Facet.CONTENT
    expect_that(stage, ended or whole.startswith(header), "BODY[HEADER] begins BODY[]", observed, HEADER, facet=facet)
    behind = whole == header + text or (ended and not text)
    expect_that(stage, behind, "BODY[TEXT] is what follows the header in BODY[]", observed, TEXT, facet=facet)
    again = items_of(await ask(stage, session, f"FETCH 1 {ITEMS}", ids=(STATIC, *framing)), 1)
    same = (_size(again), _text(again, "BODY[]")) == (size, whole)
    expect_that(stage, same, "the same size and octets as before", f"RFC822.SIZE {_size(again)}", STATIC, facet=facet)


def _declare(kind: str, about: str) -> None:
    framing = (FRAMING[kind],) if kind in FRAMING else ()

    async def script(stage: Stage) -> None:
        if kind in APPENDED:
            await need(stage, await stage.imap(), "APPEND INBOX ", message(kind, 1).data)
        await _agreeing(stage, *framing)

    script.__doc__ = f"Size, header and text agree with BODY[] in a message with {about}"
    marked: Script = script
    case(f"imap/rfc3501-2.3.4/size-of-{kind}", *ALL, *framing, messages=() if kind in APPENDED else (kind,))(marked)


for _kind, _each in KINDS.items():
    if _kind not in ELSEWHERE:
        _declare(_kind, _each.about)
