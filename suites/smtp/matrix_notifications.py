"""What is asked of delivery status notifications: NOTIFY, ORCPT, RET and ENVID, right and wrong (RFC 3461 §4, §5.1).

A wrong parameter of MAIL must get 501, one of RCPT should. What a server then sends is asked by the relay suite.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.smtp.dialogue_text import Generated, dialogue, expecting

WRONG_MAIL = "RFC3461-5.1-b"
WRONG_RCPT = "RFC3461-5.1-d"
LONG_ENVID = "q" * 100
#: With its keyword and equals sign 500 characters.
LONG_ORCPT = "rfc822;" + "q" * 475 + "@client.test"


@dataclass(frozen=True, slots=True)
class Asked:
    """A parameter, as part of a case id, as it is written, and what it is about; `right` ones are taken."""

    slug: str
    text: str
    section: str
    requirements: tuple[str, ...]
    right: bool = True


def _ret(slug: str, text: str, *, right: bool = True) -> Asked:
    rules = ("RFC3461-4.3-a", "RFC3461-5.1-a") if right else (WRONG_MAIL, "RFC3461-4.3-b")
    return Asked(f"ret-{slug}", text, "4.3", rules, right)


def _envid(slug: str, text: str, rule: str = "", *, right: bool = True) -> Asked:
    rules = (rule or "RFC3461-4.4-a", "RFC3461-5.1-a") if right else (WRONG_MAIL, rule or "RFC3461-4-b")
    return Asked(f"envid-{slug}", text, "4.4", rules, right)


def _notify(slug: str, text: str, rule: str = "", *, right: bool = True) -> Asked:
    rules = (rule or "RFC3461-4.1-a", "RFC3461-5.1-c") if right else (rule or "RFC3461-4.1-d",)
    return Asked(f"notify-{slug}", text, "4.1", rules, right)


def _orcpt(slug: str, text: str, rule: str = "", *, right: bool = True) -> Asked:
    rules = (rule or "RFC3461-4.2-a", "RFC3461-5.1-c") if right else (WRONG_RCPT, *((rule,) if rule else ()))
    return Asked(f"orcpt-{slug}", text, "4.2", rules, right)


MAIL = (
    _ret("full", "RET=FULL"),
    _ret("headers", "RET=HDRS"),
    _ret("in-lower-case", "ret=hdrs"),
    _ret("in-mixed-case", "Ret=Full"),
    _ret("something-else", "RET=SOME", right=False),
    _ret("without-a-value", "RET=", right=False),
    _ret("alone", "RET", right=False),
    Asked("ret-twice", "RET=FULL RET=HDRS", "4.5", (WRONG_MAIL, "RFC3461-4.5-a"), False),
    Asked("ret-twice-alike", "RET=FULL RET=FULL", "4.5", (WRONG_MAIL, "RFC3461-4.5-a"), False),
    _envid("plain", "ENVID=QQ314159"),
    _envid("in-lower-case", "envid=QQ314159"),
    _envid("in-xtext", "ENVID=a+2Bb+3Dc", "RFC3461-4-a"),
    _envid("of-100-characters", f"ENVID={LONG_ENVID}", "RFC3461-4.4-c"),
    _envid("with-wrong-hexadecimal", "ENVID=a+ZZb", right=False),
    _envid("with-half-a-hexadecimal", "ENVID=ab+2", right=False),
    _envid("with-lower-case-hexadecimal", "ENVID=a+2bb", right=False),
    _envid("without-a-value", "ENVID=", "RFC3461-4.4-b", right=False),
    _envid("alone", "ENVID", "RFC3461-4.4-b", right=False),
    Asked("envid-twice", "ENVID=a ENVID=b", "4.5", (WRONG_MAIL, "RFC3461-4.5-a"), False),
    Asked("ret-and-envid", "RET=HDRS ENVID=QQ314159", "5.1", ("RFC3461-5.1-a",)),
    Asked("envid-and-ret", "ENVID=QQ314159 RET=FULL", "5.1", ("RFC3461-5.1-a",)),
)

RCPT = (
    _notify("never", "NOTIFY=NEVER"),
    _notify("success", "NOTIFY=SUCCESS"),
    _notify("failure", "NOTIFY=FAILURE"),
    _notify("delay", "NOTIFY=DELAY"),
    _notify("two", "NOTIFY=SUCCESS,FAILURE"),
    _notify("all", "NOTIFY=SUCCESS,FAILURE,DELAY"),
    _notify("all-turned-round", "NOTIFY=DELAY,FAILURE,SUCCESS"),
    _notify("in-lower-case", "notify=success,delay", "RFC3461-4.1-c"),
    _notify("in-mixed-case", "Notify=Never", "RFC3461-4.1-c"),
    _notify("never-and-failure", "NOTIFY=NEVER,FAILURE", "RFC3461-4.1-b", right=False),
    _notify("success-and-never", "NOTIFY=SUCCESS,NEVER", "RFC3461-4.1-b", right=False),
    _notify("something-else", "NOTIFY=ALWAYS", right=False),
    _notify("without-a-value", "NOTIFY=", right=False),
    _notify("alone", "NOTIFY", right=False),
    Asked("notify-twice", "NOTIFY=SUCCESS NOTIFY=DELAY", "4.5", (WRONG_RCPT, "RFC3461-4.5-b"), False),
    _orcpt("plain", "ORCPT=rfc822;$address"),
    _orcpt("in-lower-case", "orcpt=rfc822;$address"),
    _orcpt("in-xtext", "ORCPT=rfc822;a+2Bb+3Dc@client.test", "RFC3461-4-a"),
    _orcpt("of-500-characters", f"ORCPT={LONG_ORCPT}", "RFC3461-4.2-c"),
    _orcpt("with-wrong-hexadecimal", "ORCPT=rfc822;a+ZZ@client.test", "RFC3461-4-b", right=False),
    _orcpt("without-a-type", "ORCPT=$address", right=False),
    _orcpt("with-an-empty-type", "ORCPT=;$address", right=False),
    _orcpt("without-a-value", "ORCPT=", "RFC3461-4.2-b", right=False),
    _orcpt("alone", "ORCPT", "RFC3461-4.2-b", right=False),
    Asked(
        "orcpt-twice",
        "ORCPT=rfc822;a@client.test ORCPT=rfc822;b@client.test",
        "4.5",
        (WRONG_RCPT, "RFC3461-4.5-b"),
        False,
    ),
    Asked("notify-and-orcpt", "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;$address", "5.1", ("RFC3461-5.1-c",)),
    Asked(
        "a-command-of-1036-characters", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;" + "q" * 480, "5.4", ("RFC3461-5.4-a",)
    ),
)


def _codes(asked: Asked) -> str:
    """What a parameter gets; a keyword by itself, which is no parameter of RFC 3461, may be unknown to a server."""
    if asked.right:
        return "250"
    return "501" if "=" in asked.text else "501 | 555"


def _mail(asked: Asked) -> Generated:
    steps = [f"C: MAIL FROM:<$sender> {asked.text}", expecting(_codes(asked), *asked.requirements)]
    text = dialogue(f"MAIL: {asked.slug.replace('-', ' ')}", steps, requires="DSN")
    return f"smtp/rfc3461-{asked.section}/{asked.slug}", text


def _rcpt(asked: Asked) -> Generated:
    steps = [f"C: RCPT TO:<$address> {asked.text}", expecting(_codes(asked), *asked.requirements)]
    text = dialogue(f"RCPT: {asked.slug.replace('-', ' ')}", steps, start="mail", requires="DSN")
    return f"smtp/rfc3461-{asked.section}/{asked.slug}", text


def cases() -> list[Generated]:
    """A case for each parameter."""
    return [*map(_mail, MAIL), *map(_rcpt, RCPT)]
