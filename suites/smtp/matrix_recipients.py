"""Recipients: postmaster, source routes, quoted forms, users that do not exist. Other domains are in `open_relay.py`.

RFC 5321 §3.3, §3.6, §4.1.1.3, §4.1.2 (equivalent forms), §4.5.1 (postmaster). A server may refuse a source route for
reasons of policy (§3.6.1), but has to know its syntax.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.smtp.dialogue_text import Generated, dialogue, expecting, raw

#: What a server may say of a source route whose syntax it knows.
ROUTED = "25z | 550 | 551 | 553 | 554"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A forward-path, what it must get, and why; `requires` as in a dialogue's header."""

    section: str
    slug: str
    path: str
    codes: str
    requirements: tuple[str, ...]
    requires: str = ""


def _postmaster(name: str, path: str, requirement: str) -> Recipient:
    return Recipient("rfc5321-4.5.1", f"postmaster-{name}", path, "250", (requirement,))


RECIPIENTS = (
    _postmaster("alone", "Postmaster", "RFC5321-4.5.1-c"),
    _postmaster("alone-in-lower-case", "postmaster", "RFC5321-4.5.1-c"),
    _postmaster("alone-in-upper-case", "POSTMASTER", "RFC5321-4.5.1-c"),
    _postmaster("alone-in-mixed-case", "pOsTmAsTeR", "RFC5321-2.3.5-c"),
    _postmaster("with-its-domain", "postmaster@$domain", "RFC5321-4.5.1-b"),
    _postmaster("with-its-domain-in-upper-case", "POSTMASTER@$domain", "RFC5321-4.5.1-b"),
    _postmaster("with-its-domain-in-mixed-case", "PostMaster@$domain", "RFC5321-4.5.1-b"),
    Recipient(
        "rfc5321-4.1.1.3", "one-host-on-the-route", "@a.test:$address", ROUTED, ("RFC5321-3.3-f", "RFC5321-4.1.1.3-a")
    ),
    Recipient("rfc5321-4.1.1.3", "two-hosts-on-the-route", "@a.test,@b.test:$address", ROUTED, ("RFC5321-4.1.1.3-a",)),
    Recipient("rfc5321-3.3", "a-route-is-ignored", "@a.test:$address", "250", ("RFC5321-3.3-g",)),
    Recipient("rfc5321-4.1.1.3", "a-route-is-stripped", "@a.test,@b.test:$address", "250", ("RFC5321-4.1.1.3-b",)),
    Recipient("rfc5321-3.3", "a-local-mailbox", "$address", "250", ("RFC5321-3.3-d",)),
    Recipient("rfc5321-4.1.2", "a-quoted-local-mailbox", '\\"$local\\"@$domain', "250", ("RFC5321-4.1.2-e",)),
    Recipient("rfc5321-3.3", "an-unknown-mailbox", "no-such-user@$domain", "5yz", ("RFC5321-3.3-e",)),
    Recipient(
        "rfc3463-3.2",
        "an-unknown-mailbox-by-its-status",
        "no-such-user@$domain",
        "550 5.1.1 | 553 5.1.1 | 551 5.1.1 | 550 5.1.10 | 551 5.1.6",
        ("RFC3463-3.2-a",),
        "ENHANCEDSTATUSCODES",
    ),
)


def _recipient(each: Recipient) -> Generated:
    steps = [raw(f"RCPT TO:<{each.path}>\\r\\n"), expecting(each.codes, *each.requirements)]
    title = f"RCPT: {each.slug.replace('-', ' ')}"
    text = dialogue(title, steps, start="mail", requires=each.requires)
    return f"smtp/{each.section}/recipient-{each.slug}", text


def _sender_route() -> Generated:
    steps = ["C: MAIL FROM:<@a.test,@b.test:$sender>", expecting("250", "RFC5321-4.1.2-b")]
    text = dialogue("A source route in the reverse-path is accepted", steps)
    return "smtp/rfc5321-4.1.2/a-route-in-the-reverse-path", text


def _null_path() -> Generated:
    steps = ["C: MAIL FROM:<>", expecting("250", "RFC5321-4.1.1.2-b"), "C: RCPT TO:<$address>"]
    text = dialogue("The null reverse-path is accepted", [*steps, expecting("250", "RFC5321-4.1.1.2-b")])
    return "smtp/rfc5321-4.1.1.2/the-null-reverse-path", text


def cases() -> list[Generated]:
    """A case for each recipient."""
    return [*map(_recipient, RECIPIENTS), _sender_route(), _null_path()]
