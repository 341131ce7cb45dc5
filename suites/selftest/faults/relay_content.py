"""Faults in what a next hop is given: octets, envelope, parameters and extensions (RFC 5321 §2.3, §3.6.3, §4.5.2;
RFC 1870, RFC 3030, RFC 3207, RFC 3461 §5.2, RFC 6152, RFC 6531)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reference_server.backend import BodyType, Envelope, StoreFailure
from reference_server.queue.client import Await, Broken, Handshake, SmtpClient, Steps, Transaction, Unusable, Write
from reference_server.queue.commands import extensions
from reference_server.queue.content import Content, prepare
from reference_server.queue.entries import Kind, Outcome
from reference_server.queue.parcel import Parcel
from reference_server.queue.routing import RoutingDelivery
from suites.selftest.fault import Fault
from suites.selftest.relay_variants import client, enveloped, offered, relay_fault, sending, transacting

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_WHOLE = "RFC5321-3.6.3-e RFC5321-4.5.2-e"


def _head_and_body(octets: bytes) -> tuple[bytes, bytes]:
    head, _, body = octets.partition(b"\r\n\r\n")
    return head + b"\r\n", b"\r\n" + body


def _footer(octets: bytes) -> bytes:
    return octets + b"-- \r\nScanned by postel.\r\n"


def _trace_below(octets: bytes) -> bytes:
    """The first field, with its folded lines, behind all others."""
    head, body = _head_and_body(octets)
    first = re.match(rb"[^\r]*\r\n(?:[ \t][^\r]*\r\n)*", head)
    end = first.end() if first else 0
    return head[end:] + head[:end] + body


def _front(field: bytes) -> Any:
    return lambda octets: field + octets


def _smuggling(_self: SmtpClient, octets: bytes) -> bytes:
    """Line ends are made good when the dots are stuffed already."""
    return _BARE.sub(b"\r\n", SmtpClient.stuffed(_self, octets))


def _without_nul(_self: SmtpClient, octets: bytes) -> bytes:
    """NUL is left out when the dots are stuffed already."""
    return SmtpClient.stuffed(_self, octets).replace(b"\0", b"")


def _raw(_self: SmtpClient, parcel: Parcel) -> Content:
    """Whatever it is, it goes as it is."""
    return Content(parcel.octets if parcel.octets.endswith(b"\r\n") else parcel.octets + b"\r\n", BodyType.SEVEN_BIT)


def _not_stuffed(_self: SmtpClient, octets: bytes) -> bytes:
    return octets


def _one_line_more(self: Transaction) -> Steps[None]:
    self.content = replace(self.content, octets=self.content.octets + b"\r\n")
    yield from Transaction.data(self)


def _whatever_size(self: SmtpClient, parcel: Parcel) -> Content:
    self.extensions.pop("SIZE", None)
    return prepare(parcel, self.extensions)


def _stripped(self: SmtpClient, parcel: Parcel) -> Content:
    """The eighth bit is cleared where 8BITMIME is not offered."""
    if "8BITMIME" in self.extensions:
        return prepare(parcel, self.extensions)
    return Content(bytes(octet & 0x7F for octet in parcel.octets), BodyType.SEVEN_BIT)


def _mislabelled(self: SmtpClient, parcel: Parcel) -> Content:
    """What was encoded has the wrong label."""
    content = prepare(parcel, self.extensions)
    if content.octets == parcel.octets:
        return content
    labels = ((b"Encoding: quoted-printable", b"Encoding: 8bit"), (b"Encoding: 7bit", b"Encoding: base64"))
    octets = content.octets
    for right, wrong in labels:
        octets = octets.replace(right, wrong)
    return replace(content, octets=octets)


def _utf8_anyway(self: SmtpClient, parcel: Parcel) -> Content:
    self.extensions.setdefault("SMTPUTF8", "")
    return prepare(parcel, self.extensions)


def _binary_by_data(self: SmtpClient, parcel: Parcel) -> Content:
    return replace(prepare(parcel, self.extensions), chunked=False)


def _lossy(self: SmtpClient, parcel: Parcel) -> Content:
    """NUL is left out of what is encoded, and of what is not."""
    return prepare(replace(parcel, octets=parcel.octets.replace(b"\0", b"")), self.extensions)


class _Telling(RoutingDelivery):
    """A field tells all recipients of all."""

    def deliver(self, envelope: Envelope, message: bytes, **more: Any) -> Sequence[StoreFailure | None]:
        """With a field in front."""
        to = ", ".join(each.address for each in envelope.recipients).encode()
        return super().deliver(envelope, b"X-Envelope-To: " + to + b"\r\n" + message, **more)


class _Untraced(RoutingDelivery):
    """The Received field is taken out again."""

    def deliver(self, envelope: Envelope, message: bytes, **more: Any) -> Sequence[StoreFailure | None]:
        """Without the first field."""
        first = re.match(rb"Received:[^\r]*\r\n(?:[ \t][^\r]*\r\n)*", message)
        return super().deliver(envelope, message[first.end() if first else 0 :], **more)


class _OnlyOut(RoutingDelivery):
    """Beside recipients elsewhere those here are forgotten; what comes for mailboxes alone is altered."""

    def deliver(self, envelope: Envelope, message: bytes, **more: Any) -> Sequence[StoreFailure | None]:
        """Those elsewhere."""
        out = tuple(each for each in envelope.recipients if not self.accepts(each.address))
        if not out:
            return super().deliver(envelope, message + b"-- \r\nScanned.\r\n", **more)
        done = super().deliver(replace(envelope, recipients=out), message, **more)
        return [done[0]] * len(envelope.recipients)


def _dropped(parameter: str) -> Any:
    return lambda line: re.sub(rf" {parameter}=\S*", "", line)


def _added(parameter: str) -> Any:
    keyword = parameter.partition("=")[0]
    return lambda line: line if f" {keyword}=" in line else f"{line} {parameter}"


def _on_path(change: Any) -> Any:
    return lambda line: re.sub(r"<(.*)@([^@]*)>", lambda match: f"<{change(match[1])}@{match[2]}>", line)


def _dsn_always(self: SmtpClient, parcel: Parcel, content: Content) -> tuple[str, list[str]]:
    self.extensions.setdefault("DSN", "")
    return SmtpClient.envelope(self, parcel, content)


def _twice_sized(line: str) -> str:
    return f"{line} SIZE=1"


# ---- greeting the next hop ------------------------------------------------------------------------------------------


def _named(name: str) -> Any:
    def introduce(self: SmtpClient) -> Steps[None]:
        self.hostname = name
        yield from SmtpClient.introduce(self)

    return client(introduce=introduce)


def _ehlo_or_nothing(self: SmtpClient) -> Steps[None]:
    reply = yield from self._command(f"EHLO {self.hostname}")
    if not reply.positive:
        raise self._unusable(reply)
    self.extensions = extensions(reply)


def _helo(self: SmtpClient) -> Steps[None]:
    yield from self._command(f"HELO {self.hostname}")


def _silent(self: SmtpClient) -> Steps[None]:
    yield from ()


class _RemembersHelo(SmtpClient):
    """A next hop that once did not know EHLO gets HELO for ever."""

    old: set[str] = set()  # noqa: RUF012 (shared on purpose: that is the fault)

    def introduce(self) -> Steps[None]:
        """HELO where EHLO failed before."""
        if self.remote in self.old:
            yield from self._command(f"HELO {self.hostname}")
            return
        yield from super().introduce()
        if not self.extensions:
            self.old.add(self.remote)


def _speaks_first(self: SmtpClient) -> Steps[None]:
    yield Write(f"EHLO {self.hostname}\r\n".encode())
    yield from self.reply(self.timeouts.greeting)
    self.extensions = extensions((yield from self.reply(self.timeouts.command)))


def _keeps_upper(found: dict[str, str]) -> dict[str, str]:
    """Keywords in lower case are not known: only these two are listed so in any test."""
    return {keyword: value for keyword, value in found.items() if keyword not in ("8BITMIME", "SIZE")}


def _bare_utf8(found: dict[str, str]) -> dict[str, str]:
    return {keyword: value for keyword, value in found.items() if keyword != "SMTPUTF8" or not value}


def _as_if_extended(found: dict[str, str]) -> dict[str, str]:
    return found or {"SIZE": "", "DSN": ""}


# ---- STARTTLS -------------------------------------------------------------------------------------------------------


def _opening(
    *,
    anew: bool = True,
    again: bool = False,
    ahead: bytes = b"",
    handshake: bool = True,
    believes: bool = False,
) -> type[SmtpClient]:
    """A client whose way into TLS is wrong in one respect."""

    def open_(self: SmtpClient) -> Steps[None]:
        greeting = yield Await(self.timeouts.greeting)
        if not greeting.positive:
            raise self._unusable(greeting)
        yield from self.introduce()
        if "STARTTLS" not in self.extensions or not self._wants_tls:
            return
        yield Write(b"STARTTLS\r\n" + ahead)
        reply = yield from self.reply(self.timeouts.command)
        if reply.code != 220 or not handshake:
            return
        injected = (yield from _said_before(self)) if believes else {}
        yield Handshake()
        if again:
            yield from self._command("STARTTLS")
        if anew:
            yield from self.introduce()
        self.extensions |= injected

    return client(open=open_)


def _tls_or_nothing(self: SmtpClient) -> Steps[None]:
    """Where STARTTLS is refused, so is the mail."""
    yield from SmtpClient.open(self)
    if "STARTTLS" in self.extensions:
        raise Unusable(Outcome(Kind.PERMANENT, "5.7.10", "TLS is wanted", self.remote))


def _said_before(self: SmtpClient) -> Steps[dict[str, str]]:
    try:
        return extensions((yield Await(0.3)))
    except Broken:
        return {}


FAULTS: tuple[Fault, ...] = (
    relay_fault("content/footer", "a footer is added", f"{_WHOLE} RFC5321-2.1-a", client=sending(_footer)),
    relay_fault(
        "content/trace-below",
        "the Received field stands below the others",
        "RFC5321-4.4-g RFC5321-4.4-a",
        client=sending(_trace_below),
    ),
    relay_fault("content/untraced", "there is no Received field", "RFC5321-4.4-a RFC5321-4.4-g", delivery=_Untraced),
    relay_fault(
        "content/return-path",
        "a relayed message gets a Return-Path",
        "RFC5321-4.4-l RFC5321-3.6.3-e",
        client=sending(_front(b"Return-Path: <a@b.test>\r\n")),
    ),
    relay_fault(
        "content/apparently-to",
        "a relayed message gets Apparently-To",
        "RFC5321-7.2-c RFC5321-3.6.3-e",
        "Sendmail 5",
        client=sending(_front(b"Apparently-To: <a@b.test>\r\n")),
    ),
    relay_fault("content/telling", "a field names all recipients", "RFC5321-7.2-a", delivery=_Telling),
    relay_fault("content/only-out", "mailboxes here get nothing, or too much", "RFC5321-2.1-a", delivery=_OnlyOut),
    relay_fault(
        "content/hops-lost",
        "of a message that went far only the header comes",
        "RFC5321-6.3-a",
        client=sending(lambda octets: octets if octets.count(b"Received:") < 50 else octets.partition(b"\r\n\r\n")[0]),
    ),
    relay_fault(
        "content/not-stuffed",
        "dots are not stuffed",
        "RFC5321-4.5.2-a",
        ".NET's SmtpClient",
        client=client(stuffed=_not_stuffed),
    ),
    relay_fault(
        "content/one-line-more",
        "an empty line is added at the end",
        "RFC5321-4.1.1.4-c RFC5321-4.5.2-a",
        client=transacting(data=_one_line_more),
    ),
    relay_fault(
        "content/smuggling",
        "line ends are made good behind the stuffing",
        "POSTEL-smtp_smuggling-c",
        "Postfix, Sendmail and Exim until 2023",
        client=client(prepared=_raw, stuffed=_smuggling),
    ),
    relay_fault(
        "content/nul-left-out",
        "NUL is left out behind the stuffing",
        "POSTEL-smtp_smuggling-c",
        client=client(prepared=_raw, stuffed=_without_nul),
    ),
    relay_fault(
        "content/as-it-is",
        "bare CR and LF are sent on",
        "RFC5321-2.3.8-e RFC5321-2.3.8-c RFC3030-3-f RFC3030-3-g RFC6152-3-d RFC6152-3-e RFC5321-2.4-f",
        client=client(prepared=_raw),
    ),
    relay_fault(
        "extensions/stripped",
        "the eighth bit is cleared",
        "RFC6152-3-f RFC6152-3-g RFC6152-3-e",
        "Sendmail 5",
        client=client(prepared=_stripped),
    ),
    relay_fault(
        "extensions/bits-lost",
        "octets above 127 become question marks",
        "RFC6152-3-c RFC6152-3-f RFC3030-3-c",
        client=sending(lambda octets: re.sub(rb"[\x80-\xff]", b"?", octets)),
    ),
    relay_fault("extensions/undeclared", "BODY is left out", "RFC6152-3-h", client=enveloped(_dropped("BODY"))),
    relay_fault(
        "extensions/mislabelled",
        "what was encoded has the wrong label",
        "RFC6152-3-g RFC6152-3-f RFC3030-3-h",
        client=client(prepared=_mislabelled),
    ),
    relay_fault(
        "extensions/utf8-anyway",
        "an internationalized message goes to whatever server",
        "RFC6531-3.5-a RFC6531-3.2-d RFC6531-3.2-f",
        client=client(prepared=_utf8_anyway),
    ),
    relay_fault(
        "extensions/utf8-unsaid",
        "SMTPUTF8 is not given",
        "RFC6531-3.4-a RFC6531-3.1-c",
        client=enveloped(lambda line: line.replace(" SMTPUTF8", "")),
    ),
    relay_fault(
        "extensions/utf8-always",
        "SMTPUTF8 is always given",
        "RFC6531-3.4-c",
        client=enveloped(lambda line: f"{line} SMTPUTF8"),
    ),
    relay_fault(
        "extensions/utf8-bare",
        "SMTPUTF8 with a parameter is not known",
        "RFC6531-3.1-c",
        client=offered(_bare_utf8),
    ),
    relay_fault(
        "extensions/binary-by-data",
        "binary goes by DATA",
        "RFC3030-3-e RFC3030-3-c",
        client=client(prepared=_binary_by_data),
    ),
    relay_fault("extensions/nul-lost", "NUL is left out", "RFC3030-3-c RFC3030-3-h", client=client(prepared=_lossy)),
    relay_fault(
        "extensions/whatever-size",
        "a next hop's SIZE is not looked at",
        "RFC1870-7-b RFC1870-6.2-b",
        client=client(prepared=_whatever_size),
    ),
    relay_fault("extensions/size-twice", "SIZE is given twice", "RFC1870-6-c", client=enveloped(_twice_sized)),
    relay_fault(
        "extensions/case-matters",
        "keywords in lower case are not known",
        "RFC5321-4.1.1.1-i",
        client=offered(_keeps_upper),
    ),
    relay_fault(
        "greeting/ehlo-or-nothing",
        "there is no HELO",
        "RFC5321-3.2-b RFC5321-2.2.1-d",
        client=client(introduce=_ehlo_or_nothing),
    ),
    relay_fault("greeting/helo", "there is no EHLO", "RFC5321-2.2.1-c RFC5321-3.2-b", client=client(introduce=_helo)),
    relay_fault(
        "greeting/none", "there is neither", "RFC5321-4.1.1.1-h RFC5321-2.2.1-c", client=client(introduce=_silent)
    ),
    relay_fault("greeting/remembers-helo", "HELO once, HELO for ever", "RFC5321-3.2-b", client=_RemembersHelo),
    relay_fault(
        "greeting/parameters-after-helo",
        "parameters are given after HELO",
        "RFC5321-4.1.1-e RFC5321-3.2-b RFC5321-2.2.1-d",
        client=offered(_as_if_extended),
    ),
    relay_fault(
        "greeting/speaks-first", "EHLO comes before the greeting", "RFC5321-4.3.1-b", client=client(open=_speaks_first)
    ),
    relay_fault(
        "greeting/short-name",
        "EHLO gives a name of one label",
        "RFC5321-2.3.5-b RFC5321-2.3.5-a",
        client=_named("localhost"),
    ),
    relay_fault(
        "greeting/odd-name",
        "EHLO gives a name that is none",
        "RFC5321-4.1.2-h RFC6531-3.7.1-a",
        client=_named("mäil_1.postel.test"),
    ),
    relay_fault(
        "tls/not-anew", "inside TLS nothing is asked again", "RFC3207-4.2-c RFC3207-4.2-d", client=_opening(anew=False)
    ),
    relay_fault(
        "tls/or-nothing",
        "mail is returned where STARTTLS is put off",
        "RFC5321-3.8-c",
        client=client(open=_tls_or_nothing),
    ),
    relay_fault("tls/again", "TLS is asked for inside TLS", "RFC3207-4.2-g RFC3207-4.2-d", client=_opening(again=True)),
    relay_fault("tls/ahead", "EHLO follows STARTTLS at once", "RFC3207-4-l", client=_opening(ahead=b"EHLO x.test\r\n")),
    relay_fault(
        "tls/no-handshake",
        "after 220 it goes on in the clear",
        "RFC3207-4-j RFC3207-4.3-a RFC3207-4-k",
        client=_opening(handshake=False),
    ),
    relay_fault(
        "tls/believes",
        "what came before TLS is believed inside",
        "RFC3207-6-d",
        "many clients in 2021",
        client=_opening(believes=True),
    ),
    relay_fault(
        "envelope/mail-in-lower-case",
        "the reverse-path is put in lower case",
        "RFC5321-C-c RFC5321-2.4-d",
        client=enveloped(str.lower),
    ),
    relay_fault(
        "envelope/rcpt-in-lower-case",
        "recipients are put in lower case",
        "RFC5321-2.4-d RFC3461-5.2.1-g",
        client=enveloped(rcpt=lambda line: "RCPT TO:" + line[8:].lower()),
    ),
    relay_fault(
        "envelope/null-replaced",
        "the null reverse-path becomes the postmaster's",
        "RFC5321-4.5.5-d RFC5321-6.1-c RFC5321-3.6.3-d RFC5321-4.5.5-a RFC3461-6.1-a RFC3464-2-f RFC3464-2-e",
        client=enveloped(lambda line: line.replace("<>", "<postmaster@postel.test>")),
    ),
    relay_fault(
        "envelope/local-part-read",
        "foreign local-parts are made harmless",
        "RFC5321-2.3.11-a",
        client=enveloped(rcpt=_on_path(lambda local: re.sub(r"\W", "", local[:32]))),
    ),
    relay_fault(
        "envelope/routed",
        "a source route is generated",
        "RFC5321-3.6.1-a RFC5321-4.1.1.3-e RFC5321-3.6.1-c",
        client=enveloped(rcpt=lambda line: line.replace("<", "<@mail.postel.test:")),
    ),
    relay_fault("dsn/no-envid", "ENVID is not given on", "RFC3461-5.2.1-a", client=enveloped(_dropped("ENVID"))),
    relay_fault("dsn/no-ret", "RET is not given on", "RFC3461-5.2.1-c", client=enveloped(_dropped("RET"))),
    relay_fault(
        "dsn/no-notify", "NOTIFY is not given on", "RFC3461-5.2.1-e", client=enveloped(rcpt=_dropped("NOTIFY"))
    ),
    relay_fault("dsn/no-orcpt", "ORCPT is not given on", "RFC3461-5.2.1-g", client=enveloped(rcpt=_dropped("ORCPT"))),
    relay_fault("dsn/envid-added", "an ENVID is added", "RFC3461-5.2.1-b", client=enveloped(_added("ENVID=x"))),
    relay_fault("dsn/ret-added", "a RET is added", "RFC3461-5.2.1-d", client=enveloped(_added("RET=HDRS"))),
    relay_fault(
        "dsn/notify-added", "a NOTIFY is added", "RFC3461-5.2.1-f", client=enveloped(rcpt=_added("NOTIFY=FAILURE"))
    ),
    relay_fault(
        "dsn/orcpt-added",
        "an ORCPT is invented",
        "RFC3461-5.2.1-i",
        client=enveloped(rcpt=_added("ORCPT=rfc822;x@y.test")),
    ),
    relay_fault(
        "dsn/whatever-is-offered",
        "the parameters go to whatever server",
        "RFC3461-5.2.2-a RFC5321-4.1.1-e",
        client=client(envelope=_dsn_always),
    ),
)
