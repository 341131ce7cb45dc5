"""The sending side, without a socket: what it says in which order, and what it makes of each reply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference_server.backend import Notify, Recipient
from reference_server.queue.client import HandshakeFailed, SmtpClient, Unusable
from reference_server.queue.entries import Kind, Outcome
from reference_server.settings import RelayTimeouts
from reference_server.tests.queue_script import PLAIN, Script, opened

MAIL, RCPT_BOB, RCPT_EVE = b"MAIL FROM:<alice@a.test>\r\n", b"RCPT TO:<bob@b.test>\r\n", b"RCPT TO:<eve@b.test>\r\n"
STUFFED = b"Subject: x\r\n\r\n..dot\r\n.\r\n"
ONE = replace(PLAIN, recipients=PLAIN.recipients[:1])


def client(**options: bool) -> SmtpClient:
    return SmtpClient("mail.a.test", "mx.b.test", RelayTimeouts(), **options)


def kinds(outcomes: tuple[Outcome, ...]) -> list[Kind]:
    return [each.kind for each in outcomes]


# ---- the connection


def test_ehlo_tells_what_may_be_used() -> None:
    assert opened(["SIZE 1000", "8bitmime", "AUTH PLAIN LOGIN", "!odd"]).extensions == {
        "SIZE": "1000",
        "8BITMIME": "",
        "AUTH": "PLAIN LOGIN",
    }


def test_helo_follows_a_refused_ehlo() -> None:
    script = Script("220 hi", "502 what?", "250 hello")
    peer = client()
    script.run(peer.open())
    assert script.written == [b"EHLO mail.a.test\r\n", b"HELO mail.a.test\r\n"]
    assert peer.extensions == {}


@pytest.mark.parametrize(
    ("replies", "kind", "status"),
    [
        (["554 5.3.2 no mail here"], Kind.PERMANENT, "5.3.2"),
        (["421 busy"], Kind.TEMPORARY, "4.0.0"),
        (["354 what?"], Kind.TEMPORARY, "4.5.0"),
        (["220 hi", "451 4.3.0 later"], Kind.TEMPORARY, "4.3.0"),
        (["220 hi", "500 no", "550 5.7.1 go away"], Kind.PERMANENT, "5.7.1"),
    ],
)
def test_a_next_hop_that_takes_no_mail(replies: list[str], kind: Kind, status: str) -> None:
    with pytest.raises(Unusable) as caught:
        Script(*replies).run(client().open())
    outcome = caught.value.outcome
    assert (outcome.kind, outcome.status, outcome.text) == (kind, status, replies[-1])
    assert outcome.elsewhere  # another host of the domain may take it


def test_what_was_learnt_before_tls_is_forgotten() -> None:
    script = Script("220 hi", "250-mx|250-STARTTLS|250 DSN", "220 go", "250-mx|250 SIZE 9")
    peer = client()
    script.run(peer.open())
    assert script.handshakes == 1
    assert script.written == [b"EHLO mail.a.test\r\n", b"STARTTLS\r\n", b"EHLO mail.a.test\r\n"]
    assert peer.extensions == {"SIZE": "9"}


def test_a_refused_starttls_leaves_the_connection_as_it_is() -> None:
    script = Script("220 hi", "250-mx|250-STARTTLS|250 DSN", "454 4.7.0 not now")
    peer = client()
    script.run(peer.open())
    assert script.handshakes == 0
    assert "DSN" in peer.extensions


def test_tls_is_not_asked_for_where_it_is_not_wanted() -> None:
    script = Script("220 hi", "250-mx|250 STARTTLS")
    script.run(client(starttls=False).open())
    assert script.used_up


def test_a_failed_handshake_is_told_apart() -> None:
    with pytest.raises(HandshakeFailed):
        Script("220 hi", "250-mx|250 STARTTLS", "220 go", tls=False).run(client().open())


def test_times_are_those_of_the_rfc() -> None:
    peer = client()
    script = Script("220 hi", "250 mx", "250 ok", "250 ok", "250 ok", "354 go", "250 ok")
    script.run(peer.open())
    script.run(peer.transmit(PLAIN))
    assert script.waited == [300, 300, 300, 300, 300, 120, 600]


def test_quit_is_waited_for() -> None:
    peer, script = opened(), Script("221 bye")
    script.run(peer.close())
    assert script.written == [b"QUIT\r\n"]
    assert script.used_up
    assert not peer.usable


# ---- transactions


def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    script = Script("250 ok", "250 ok", "251 will forward", "354 go", "250 2.0.0 taken")
    outcomes = script.run(opened().transmit(PLAIN))
    assert script.written == [MAIL, RCPT_BOB, RCPT_EVE, b"DATA\r\n", STUFFED]
    assert outcomes == (Outcome(Kind.SENT, "2.0.0", "250 2.0.0 taken", "mx.b.test"),) * 2


def test_with_pipelining_the_group_is_one_piece() -> None:
    script = Script("250 ok", "250 ok", "250 ok", "354 go", "250 ok")
    outcomes = script.run(opened(["PIPELINING"]).transmit(PLAIN))
    assert script.written == [MAIL + RCPT_BOB + RCPT_EVE + b"DATA\r\n", STUFFED]
    assert kinds(outcomes) == [Kind.SENT, Kind.SENT]


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"]])
def test_recipients_fare_differently(extensions: list[str]) -> None:
    peer = opened(extensions)
    script = Script("250 ok", "550 5.1.1 who?", "250 ok", "354 go", "250 ok")
    bob, eve = script.run(peer.transmit(PLAIN))
    assert (bob.kind, bob.status, bob.elsewhere) == (Kind.PERMANENT, "5.1.1", False)
    assert eve.kind is Kind.SENT
    assert peer.usable


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"]])
def test_nothing_is_sent_when_nobody_is_left(extensions: list[str]) -> None:
    replies = ["250 ok", "451 4.2.1 later", "550 no"]
    script = Script(*replies, *(["503 5.5.1 no recipients"] if extensions else []), "250 reset")
    peer = opened(extensions)
    outcomes = script.run(peer.transmit(PLAIN))
    assert kinds(outcomes) == [Kind.TEMPORARY, Kind.PERMANENT]
    assert script.written[-1] == b"RSET\r\n"
    assert script.used_up
    assert peer.usable


def test_a_354_that_nobody_needs_gets_a_lone_dot() -> None:
    script = Script("250 ok", "550 no", "550 no", "354 go", "554 no valid recipients")
    outcomes = script.run(opened(["PIPELINING"]).transmit(PLAIN))
    assert script.written[-1] == b".\r\n"
    assert kinds(outcomes) == [Kind.PERMANENT, Kind.PERMANENT]
    assert script.used_up


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"]])
@pytest.mark.parametrize(
    ("code", "kind"), [("451 4.7.1 greylisted", Kind.TEMPORARY), ("550 5.7.1 not you", Kind.PERMANENT)]
)
def test_a_refused_sender_settles_all(extensions: list[str], code: str, kind: Kind) -> None:
    rest = ["503 no", "503 no", "503 no"] if extensions else []
    script = Script(code, *rest)
    outcomes = script.run(opened(extensions).transmit(PLAIN))
    assert kinds(outcomes) == [kind, kind]
    assert {each.text for each in outcomes} == {code}
    assert script.used_up


@pytest.mark.parametrize(
    ("final", "kind", "status"),
    [
        ("250 ok", Kind.SENT, "2.0.0"),
        ("452 4.3.1 full", Kind.TEMPORARY, "4.3.1"),
        ("554 5.6.0 bad", Kind.PERMANENT, "5.6.0"),
        ("354 eh?", Kind.TEMPORARY, "4.5.0"),
    ],
)
def test_the_reply_after_the_dot_decides(final: str, kind: Kind, status: str) -> None:
    (outcome,) = Script("250 ok", "250 ok", "354 go", final).run(opened().transmit(ONE))
    assert (outcome.kind, outcome.status) == (kind, status)


@pytest.mark.parametrize("data", ["451 no", "554 no", "250 ok"])
def test_data_refused_is_undone(data: str) -> None:
    script = Script("250 ok", "250 ok", data, "250 reset")
    (outcome,) = script.run(opened().transmit(ONE))
    assert outcome.kind is (Kind.PERMANENT if data[0] == "5" else Kind.TEMPORARY)
    assert script.written[-1] == b"RSET\r\n"


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"], ["CHUNKING", "BINARYMIME"]])
@pytest.mark.parametrize("taken", range(6))
def test_a_connection_lost_at_any_point_is_tried_again(extensions: list[str], taken: int) -> None:
    replies = ["250 ok", "250 ok", "250 ok", "354 go", "250 ok"]
    parcel = PLAIN
    if "CHUNKING" in extensions:
        parcel = replace(PLAIN, octets=b"bare\n")
        replies.remove("354 go")
    peer = opened(extensions)
    outcomes = Script(*replies[:taken], "drop").run(peer.transmit(parcel))
    finished = taken >= len(replies)
    assert kinds(outcomes) == [Kind.SENT if finished else Kind.TEMPORARY] * 2
    assert peer.usable is finished
    if not finished:  # once the message was sent, it may be there already (RFC 1047), and no other host gets it
        assert outcomes[0].elsewhere is (taken < len(replies) - 1)


def test_what_was_said_before_the_loss_counts() -> None:
    bob, eve = Script("250 ok", "550 5.1.1 who?", "drop").run(opened().transmit(PLAIN))
    assert (bob.kind, eve.kind) == (Kind.PERMANENT, Kind.TEMPORARY)


def test_421_ends_the_connection() -> None:
    peer = opened()
    outcomes = Script("250 ok", "250 ok", "421 4.3.2 going down").run(peer.transmit(PLAIN))
    assert kinds(outcomes) == [Kind.TEMPORARY, Kind.TEMPORARY]
    assert not peer.usable


def test_too_many_recipients_is_never_final() -> None:
    bob, eve = Script("250 ok", "250 ok", "552 too many", "354 go", "250 ok").run(opened().transmit(PLAIN))
    assert (bob.kind, eve.kind, eve.status) == (Kind.SENT, Kind.TEMPORARY, "4.5.3")
    (alone,) = Script("250 ok", "552 mailbox full", "250 reset").run(opened().transmit(ONE))
    assert alone.kind is Kind.PERMANENT


# ---- extensions


def test_size_is_declared_and_minded() -> None:
    script = Script("250 ok", "250 ok", "354 go", "250 ok")
    script.run(opened(["SIZE"]).transmit(ONE))
    assert script.written[0] == b"MAIL FROM:<alice@a.test> SIZE=20\r\n"
    (outcome,) = Script().run(opened(["SIZE 19"]).transmit(ONE))
    assert (outcome.kind, outcome.status) == (Kind.PERMANENT, "5.3.4")


def test_notification_parameters_are_passed_on_as_they_came() -> None:
    recipients = (
        Recipient("bob@b.test", frozenset({Notify.DELAY, Notify.SUCCESS}), "rfc822;Bob+x@b.test"),
        Recipient("eve@b.test", frozenset()),
    )
    parcel = replace(PLAIN, recipients=recipients, returns="HDRS", envelope_id="a b=c")
    script = Script("250 ok", "250 ok", "250 ok", "354 go", "250 ok")
    outcomes = script.run(opened(["DSN"]).transmit(parcel))
    assert script.written[:3] == [
        b"MAIL FROM:<alice@a.test> RET=HDRS ENVID=a+20b+3Dc\r\n",
        b"RCPT TO:<bob@b.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bx@b.test\r\n",
        b"RCPT TO:<eve@b.test> NOTIFY=NEVER\r\n",
    ]
    assert outcomes[0].informed
    script = Script("250 ok", "250 ok", "250 ok", "354 go", "250 ok")
    outcomes = script.run(opened().transmit(parcel))
    assert script.written[:3] == [MAIL, RCPT_BOB, RCPT_EVE]
    assert not outcomes[0].informed


def test_eight_bits_are_declared_or_encoded() -> None:
    parcel = replace(ONE, octets=b"Subject: x\r\n\r\n\xff\r\n")
    script = Script("250 ok", "250 ok", "354 go", "250 ok")
    script.run(opened(["8BITMIME"]).transmit(parcel))
    assert script.written[0] == b"MAIL FROM:<alice@a.test> BODY=8BITMIME\r\n"
    assert script.written[-1] == parcel.octets + b".\r\n"
    script = Script("250 ok", "250 ok", "354 go", "250 ok")
    script.run(opened().transmit(parcel))
    assert script.written[0] == MAIL
    assert script.written[-1].isascii()
    assert script.written[-1].endswith(b"\r\n\r\n=FF\r\n.\r\n")


def test_binary_goes_by_chunks_untouched() -> None:
    parcel = replace(ONE, octets=b"Subject: x\r\n\r\na\rb\nc\x00\n.\n.\r\n")
    script = Script("250 ok", "250 ok", "250 ok")
    (outcome,) = script.run(opened(["CHUNKING", "BINARYMIME", "8BITMIME"]).transmit(parcel))
    assert script.written[0] == b"MAIL FROM:<alice@a.test> BODY=BINARYMIME\r\n"
    assert script.written[-1] == b"BDAT %d LAST\r\n" % len(parcel.octets) + parcel.octets
    assert outcome.kind is Kind.SENT


def test_chunks_of_a_message_that_nobody_wants_are_not_sent() -> None:
    parcel = replace(ONE, octets=b"a\nb")
    for extensions in (["CHUNKING", "BINARYMIME"], ["CHUNKING", "BINARYMIME", "PIPELINING"]):
        script = Script("250 ok", "550 no", "250 reset")
        script.run(opened(extensions).transmit(parcel))
        assert script.written[-1] == b"RSET\r\n"


def test_internationalised_mail_needs_a_next_hop_that_takes_it() -> None:
    parcel = replace(ONE, reverse_path="älice@a.test", utf8=True)
    script = Script("250 ok", "250 ok", "354 go", "250 ok")
    script.run(opened(["SMTPUTF8", "8BITMIME"]).transmit(parcel))
    assert script.written[0] == "MAIL FROM:<älice@a.test> SMTPUTF8\r\n".encode()
    (outcome,) = Script().run(opened(["8BITMIME"]).transmit(parcel))
    assert (outcome.kind, outcome.status, outcome.elsewhere) == (Kind.PERMANENT, "5.6.7", True)
    domain_only = replace(ONE, recipients=(Recipient("bob@bücher.test"),), utf8=True)
    script = Script("250 ok", "250 ok", "354 go", "250 ok")
    script.run(opened(["8BITMIME"]).transmit(domain_only))
    assert script.written[1] == b"RCPT TO:<bob@xn--bcher-kva.test>\r\n"
