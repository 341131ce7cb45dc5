"""Who hears of a change, and how often."""

from __future__ import annotations

from reference_server.store.hub import MailboxHub, Subscription


def listen(hub: MailboxHub, mailbox: int) -> tuple[Subscription, list[str]]:
    woken: list[str] = []
    return hub.subscribe(mailbox, lambda: woken.append("woken")), woken


def test_those_who_listen_hear_once_until_they_settle() -> None:
    hub = MailboxHub()
    subscription, woken = listen(hub, 1)
    _, elsewhere = listen(hub, 2)
    assert not subscription.changed
    hub.publish([1])
    hub.publish([1, 1])
    assert subscription.changed
    assert woken == ["woken"]
    subscription.settle()
    assert not subscription.changed
    hub.publish([1, 2])
    assert woken == ["woken", "woken"]
    assert elsewhere == ["woken"]


def test_all_but_one() -> None:
    hub = MailboxHub()
    first, heard_first = listen(hub, 1)
    _, heard_second = listen(hub, 1)
    hub.publish([1], but=first)
    assert (heard_first, heard_second) == ([], ["woken"])
    assert not first.changed


def test_cancelled() -> None:
    hub = MailboxHub()
    subscription, woken = listen(hub, 1)
    assert hub.listeners == 1
    hub.cancel(subscription)
    hub.cancel(subscription)
    hub.publish([1])
    assert woken == []
    assert hub.listeners == 0
