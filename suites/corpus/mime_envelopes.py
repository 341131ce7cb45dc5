"""Messages by their header: addresses, groups, routes, folding, absent and empty fields (RFC 5322 §3.4, §3.6, §4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.corpus import Trait
from suites.corpus.lines import PARAGRAPH
from suites.corpus.mime_pieces import DATE, LENA, READER, MailKind, ended, message_id, plain, subject
from suites.corpus.mime_tree import Address, Either, Envelope, Mail, Text, group

MATE = Address(b"The Mate", None, b"mate", b"ship.test")
COOK = Address(None, None, b"cook", b"ship.test")
BOY = Address(b"Cabin Boy", None, b"boy", b"ship.test")

#: The usual fields, by name; a kind replaces some and leaves some out (None).
_USUAL: Mapping[str, bytes] = {
    "From": b"Lena Fischer <lena@sender.test>",
    "To": b"Postbox <reader@postel.test>",
    "Date": DATE,
}

Change = Mapping[str, bytes | None]


def _usual(kind: str, number: int) -> Envelope:
    named, identity = subject(kind, number), message_id(kind, number)
    return Envelope(DATE, named, (LENA,), (LENA,), (LENA,), (READER,), message_id=identity)


def _mail(kind: str, number: int, fields: Change, envelope: Envelope) -> Mail:
    given = {**_USUAL, "Subject": subject(kind, number), "Message-ID": message_id(kind, number), **fields}
    lines: list[bytes] = []
    for name, value in given.items():
        if value is not None:
            lines += (name.encode() + b":" + (b" " + value if value else b"")).split(b"\r\n")
    return Mail(tuple(lines), plain(ended(*PARAGRAPH, b"This was %s %d." % (kind.encode(), number))), envelope)


def _headed(about: str, fields: Change, *traits: Trait, **members: object) -> MailKind:
    """A kind with these fields in place of the usual ones, and these members in place of the usual envelope's."""

    def mail(kind: str, number: int) -> Mail:
        return _mail(kind, number, fields, replace(_usual(kind, number), **members))  # type: ignore[arg-type]

    return MailKind(mail, about, frozenset(traits))


def _from(value: bytes, *addresses: Address, about: str) -> MailKind:
    """A kind with this From, which stands for Sender and Reply-To as well."""
    return _headed(about, {"From": value}, from_=addresses, sender=addresses, reply_to=addresses)


def _to(value: bytes, *addresses: Address, about: str) -> MailKind:
    return _headed(about, {"To": value}, to=addresses)


def _titled(make: Callable[[bytes], bytes], about: str, seen: Callable[[bytes], Text] | None = None) -> MailKind:
    """A kind whose Subject is made of the usual one; `seen` says how an envelope gives it, if otherwise."""

    def mail(kind: str, number: int) -> Mail:
        usual = subject(kind, number)
        envelope = replace(_usual(kind, number), subject=(seen or make)(usual))
        return _mail(kind, number, {"Subject": make(usual)}, envelope)

    return MailKind(mail, about)


def _lower_case(kind: str, number: int) -> Mail:
    usual = _mail(kind, number, {}, _usual(kind, number))
    lines = [name.lower() + colon + value for name, colon, value in (line.partition(b":") for line in usual.fields)]
    return replace(usual, fields=tuple(lines))


def _many(kind: str, number: int) -> Mail:
    crew = tuple(Address(b"Hand %d" % index, None, b"hand%d" % index, b"ship.test") for index in range(1, 101))
    value = b",\r\n ".join(b"Hand %d <hand%d@ship.test>" % (index, index) for index in range(1, 101))
    return _mail(kind, number, {"To": value}, replace(_usual(kind, number), to=crew))


_ENCODED = b"=?utf-8?Q?Gr=C3=BC=C3=9Fe_von_der_F=C3=A4hre?= "

ENVELOPES: Mapping[str, MailKind] = {
    "head-usual": _headed("the usual fields", {}),
    "head-all-fields": _headed(
        "every field of an envelope",
        {
            "Sender": b"The Mate <mate@ship.test>",
            "Reply-To": b"cook@ship.test",
            "Cc": b"Cabin Boy <boy@ship.test>",
            "Bcc": b"cook@ship.test, The Mate <mate@ship.test>",
            "In-Reply-To": b"<first.1@ship.test>",
        },
        sender=(MATE,),
        reply_to=(COOK,),
        cc=(BOY,),
        bcc=(COOK, MATE),
        in_reply_to=b"<first.1@ship.test>",
    ),
    "head-no-date": _headed("no Date", {"Date": None}, date=None),
    "head-no-subject": _headed("no Subject", {"Subject": None}, subject=None),
    "head-empty-subject": _headed("an empty Subject", {"Subject": b""}, subject=Either((b"", None))),
    "head-no-message-id": _headed("no Message-ID", {"Message-ID": None}, message_id=None),
    "head-no-to": _headed("no To", {"To": None}, to=()),
    "head-no-from": _headed("no From", {"From": None}, from_=(), sender=(), reply_to=()),
    "head-empty-sender": _headed("an empty Sender", {"Sender": b""}),
    "head-empty-reply-to": _headed("an empty Reply-To", {"Reply-To": b""}),
    "head-empty-cc": _headed("an empty Cc", {"Cc": b""}),
    "head-sender": _headed("a Sender", {"Sender": b"The Mate <mate@ship.test>"}, sender=(MATE,)),
    "head-reply-to": _headed("a Reply-To", {"Reply-To": b"The Mate <mate@ship.test>"}, reply_to=(MATE,)),
    "head-two-authors": _headed(
        "two authors",
        {"From": b"The Mate <mate@ship.test>, cook@ship.test", "Sender": b"cook@ship.test"},
        from_=(MATE, COOK),
        sender=(COOK,),
        reply_to=(MATE, COOK),
    ),
    "head-in-reply-to": _headed(
        "several ids and words in In-Reply-To",
        {"In-Reply-To": b"Your letter <one.1@ship.test> <two.2@ship.test>"},
        in_reply_to=b"Your letter <one.1@ship.test> <two.2@ship.test>",
    ),
    "head-date-comment": _headed(
        "a Date with a comment",
        {"Date": b"Wed, 12 Jun 2024 09:30:00 +0200 (CEST)"},
        date=Either((b"Wed, 12 Jun 2024 09:30:00 +0200 (CEST)", DATE)),
    ),
    "head-date-obsolete": _headed(
        "a Date with a two-digit year", {"Date": b"12 Jun 94 9:30 GMT"}, date=b"12 Jun 94 9:30 GMT"
    ),
    "head-group": _to(
        b"The Crew: The Mate <mate@ship.test>, cook@ship.test;", *group(b"The Crew", MATE, COOK), about="a group"
    ),
    "head-empty-group": _to(b"undisclosed-recipients:;", *group(b"undisclosed-recipients"), about="an empty group"),
    "head-group-between": _to(
        b"Cabin Boy <boy@ship.test>, Watch: cook@ship.test;, The Mate <mate@ship.test>",
        BOY,
        *group(b"Watch", COOK),
        MATE,
        about="a group between two addresses",
    ),
    "head-two-groups": _to(
        b"Port: cook@ship.test;, Starboard: The Mate <mate@ship.test>;",
        *group(b"Port", COOK),
        *group(b"Starboard", MATE),
        about="two groups",
    ),
    "head-route": _to(
        b"The Mate <@relay.test,@hub.test:mate@ship.test>",
        replace(MATE, route=b"@relay.test,@hub.test"),
        about="a source route",
    ),
    "head-bare-address": _from(b"cook@ship.test", COOK, about="an address without a name"),
    "head-angle-address": _from(b"<cook@ship.test>", COOK, about="an address in angle brackets without a name"),
    "head-quoted-name": _from(
        b'"Fischer, Lena" <lena@sender.test>', replace(LENA, name=b"Fischer, Lena"), about="a name in quotes"
    ),
    "head-escaped-name": _from(
        b'"Lena \\"the \\\\ sail\\" Fischer" <lena@sender.test>',
        replace(LENA, name=b'Lena "the \\ sail" Fischer'),
        about="a name with escaped quotes and a backslash",
    ),
    "head-full-stop-name": _from(
        b"Lena F. Fischer <lena@sender.test>", replace(LENA, name=b"Lena F. Fischer"), about="a name with a full stop"
    ),
    "head-encoded-name": _from(
        b"=?utf-8?Q?J=C3=B6rg?= <lena@sender.test>",
        replace(LENA, name=b"=?utf-8?Q?J=C3=B6rg?="),
        about="a name in encoded words",
    ),
    "head-name-nil": _from(
        b"NIL <nil@sender.test>", Address(b"NIL", None, b"nil", b"sender.test"), about="somebody whose name is NIL"
    ),
    "head-comment-name": _from(
        b"cook@ship.test (The Cook)",
        replace(COOK, name=Either((None, b"The Cook"))),
        about="a name in a comment",
    ),
    "head-quoted-local-part": _from(
        b'"ship\'s cook"@ship.test', Address(None, None, b"ship's cook", b"ship.test"), about="a quoted local part"
    ),
    "head-domain-literal": _from(
        b"mate@[192.0.2.7]", Address(None, None, b"mate", b"[192.0.2.7]"), about="a domain that is an address literal"
    ),
    "head-folded-to": _to(
        b"The Mate\r\n <mate@ship.test>,\r\n\tcook@ship.test", MATE, COOK, about="a folded list of addresses"
    ),
    "head-hundred-recipients": MailKind(_many, "a hundred recipients"),
    "head-lower-case": MailKind(_lower_case, "field names in lower case"),
    "head-folded-subject": _titled(
        lambda usual: usual + b",\r\n folded", "a folded Subject", lambda u: u + b", folded"
    ),
    "head-encoded-subject": _titled(lambda usual: _ENCODED + usual, "a Subject in encoded words"),
    "head-quotes-in-subject": _titled(lambda usual: b'"A\\B" said ' + usual, "quotes and a backslash in the Subject"),
    "head-literal-in-subject": _titled(lambda usual: usual + b" {12}", "a Subject that ends like a literal"),
    "head-brackets-in-subject": _titled(lambda usual: b")(" + usual + b" [%*]", "brackets in the Subject"),
    "head-long-subject": _titled(lambda usual: usual + b" and on" * 120, "a Subject of 850 octets"),
}
