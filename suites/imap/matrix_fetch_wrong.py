"""What FETCH must not look like (RFC 3501 §2.2.2, §6.4.5, §9). The next command must be answered in its turn."""

from __future__ import annotations

from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

WRONG = "RFC3501-2.2.2-j"

#: What is no FETCH at all: slug, arguments, requirements.
WRONG_ARGUMENTS = (
    ("without-items", "1", ("RFC3501-2.2.2-g",)),
    ("without-arguments", "", ("RFC3501-2.2.2-g",)),
    ("with-an-empty-list", "1 ()", (WRONG,)),
    ("with-an-unknown-item", "1 CARGO", (WRONG,)),
    ("with-an-unknown-item-in-a-list", "1 (FLAGS CARGO)", (WRONG,)),
    ("with-two-items-without-a-list", "1 FLAGS UID", ("RFC3501-2.2.2-h",)),
    ("with-a-list-in-a-list", "1 ((FLAGS))", (WRONG,)),
    ("with-an-open-list", "1 (FLAGS UID", (WRONG,)),
    ("with-a-closed-list-that-was-not-opened", "1 FLAGS)", (WRONG,)),
    ("with-items-in-quotes", '1 "FLAGS"', (WRONG,)),
    ("with-all-in-a-list", "1 (ALL)", ("RFC3501-6.4.5-h",)),
    ("with-fast-in-a-list", "1 (FAST)", ("RFC3501-6.4.5-h",)),
    ("with-full-in-a-list", "1 (FULL)", ("RFC3501-6.4.5-h",)),
    ("with-a-macro-and-an-item", "1 (FAST UID)", ("RFC3501-6.4.5-h",)),
    ("with-two-macros", "1 ALL FULL", ("RFC3501-6.4.5-h",)),
    ("with-mime-of-the-message", "1 BODY[MIME]", ("RFC3501-6.4.5-p",)),
    ("with-mime-before-a-part", "1 BODY[MIME.1]", (WRONG,)),
    ("with-part-zero", "1 BODY[0]", (WRONG,)),
    ("with-part-zero-inside", "1 BODY[1.0]", (WRONG,)),
    ("with-a-period-at-the-end-of-the-part", "1 BODY[1.]", (WRONG,)),
    ("with-a-period-before-the-part", "1 BODY[.1]", (WRONG,)),
    ("with-an-unknown-section", "1 BODY[CARGO]", (WRONG,)),
    ("with-an-open-section", "1 BODY[TEXT", (WRONG,)),
    ("with-a-space-in-the-section", "1 BODY[ TEXT]", ("RFC3501-2.2.2-i",)),
    ("with-an-empty-list-of-fields", "1 BODY[HEADER.FIELDS ()]", ("RFC3501-9-ar",)),
    ("without-a-list-of-fields", "1 BODY[HEADER.FIELDS]", ("RFC3501-2.2.2-g",)),
    ("with-fields-without-parentheses", "1 BODY[HEADER.FIELDS Subject]", (WRONG,)),
    ("with-fields-of-text", "1 BODY[TEXT (Subject)]", (WRONG,)),
    ("of-no-octets", "1 BODY[]<0.0>", ("RFC3501-9-al",)),
    ("of-an-origin-without-a-count", "1 BODY[]<0>", ("RFC3501-9-al",)),
    ("of-a-count-without-an-origin", "1 BODY[]<.5>", (WRONG,)),
    ("of-an-open-partial", "1 BODY[]<0.5", (WRONG,)),
    ("of-a-negative-origin", "1 BODY[]<-1.5>", (WRONG,)),
    ("of-a-partial-of-the-structure", "1 BODY<0.5>", (WRONG,)),
    ("of-a-partial-of-rfc822", "1 RFC822<0.5>", (WRONG,)),
    ("with-rfc822-peek", "1 RFC822.PEEK", (WRONG,)),
    ("with-peek-without-a-section", "1 BODY.PEEK", (WRONG,)),
    ("with-bodystructure-of-a-section", "1 BODYSTRUCTURE[1]", (WRONG,)),
    ("of-number-zero", "0 FLAGS", ("RFC3501-9-bt",)),
    ("of-a-range-from-zero", "0:1 FLAGS", ("RFC3501-9-bt",)),
    ("of-a-number-beyond-the-last", "2 FLAGS", ("RFC3501-9-bp",)),
    ("of-numbers-beyond-the-last", "2:3 FLAGS", ("RFC3501-9-bp",)),
    ("of-a-word", "one FLAGS", (WRONG,)),
    ("of-an-open-range", "1: FLAGS", (WRONG,)),
    ("of-a-list-with-a-comma-at-the-end", "1, FLAGS", (WRONG,)),
    ("of-a-negative-number", "-1 FLAGS", (WRONG,)),
    ("of-a-number-past-32-bits", "4294967297 FLAGS", ("POSTEL-imap_parse-f",)),
    ("of-a-part-past-32-bits", "1 BODY[4294967297]", ("POSTEL-imap_parse-f",)),
    ("of-an-origin-past-64-bits", "1 BODY[]<18446744073709551617.1>", ("POSTEL-imap_parse-f",)),
    ("with-two-spaces-between-items", "1 (FLAGS  UID)", ("RFC3501-2.2.2-i",)),
    ("with-a-space-inside-the-list", "1 ( FLAGS)", ("RFC3501-2.2.2-i",)),
    ("with-a-space-at-the-end", "1 FLAGS ", ("RFC3501-2.2.2-i",)),
)


def _wrong(slug: str, arguments: str, requirements: tuple[str, ...]) -> Generated:
    steps = [sent(f"FETCH {arguments}" if arguments else "FETCH"), expecting("BAD", *requirements)]
    steps += ["C: NOOP", expecting("OK", "RFC3501-2.2.2-c")]
    title = f"`FETCH {arguments}`".replace(" `", "`") + " is answered with BAD"
    return f"imap/rfc3501-6.4.5/bad-{slug}", dialogue(title, steps, start="selected", messages="1 plain")


def cases() -> list[Generated]:
    """Each row of the table."""
    return [_wrong(*row) for row in WRONG_ARGUMENTS]
