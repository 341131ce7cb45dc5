from __future__ import annotations

import pytest

from reference_server.actions import Close, Send, SessionContext, StartTls, Work
from reference_server.backend import MaildropLocked, StoreFailure
from reference_server.conversation import Conversation, Steps, blocking, next_line
from reference_server.tests.pop3_client import Client, FakeBackend


class Echo(Conversation):
    """Greets, then answers each line with itself; some words do more."""

    def converse(self) -> Steps:
        yield Send(b"hello\n")
        while (line := (yield from next_line(100))) != b"quit":
            if line == b"tls":
                yield StartTls()
            if line == b"work":
                try:
                    line = yield from blocking(lambda: b"worked")
                except (StoreFailure, MaildropLocked) as error:
                    line = repr(error).encode()
            yield Send(bytes(line) + b"\n" if isinstance(line, bytes) else b"?\n")
        yield Close()


@pytest.fixture
def context() -> SessionContext:
    return Client(FakeBackend()).session.context


@pytest.fixture
def echo(context: SessionContext) -> Echo:
    return Echo(context)


def test_a_conversation(echo: Echo) -> None:
    assert echo.greeting() == [Send(b"hello\n")]
    assert echo.receive(b"a\r\nb\r") == [Send(b"a\n")]
    assert echo.receive(b"\nquit\r\nc\r\n") == [Send(b"b\n"), Close()]
    assert echo.receive(b"d\r\n") == []


def test_nothing_goes_on_while_work_is_out(echo: Echo) -> None:
    echo.greeting()
    (work,) = echo.receive(b"work\r\na\r\n")
    assert isinstance(work, Work)
    assert echo.receive(b"b\r\n") == []
    assert echo.resume(work.call()) == [Send(b"worked\n"), Send(b"a\n"), Send(b"b\n")]


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (StoreFailure("full"), b"StoreFailure('full')\n"),
        (MaildropLocked("bob"), b"MaildropLocked('bob')\n"),
        (KeyError("x"), b"StoreFailure(\"unexpected KeyError('x')\")\n"),
    ],
)
def test_the_exception_of_a_work_is_raised_where_it_was_wanted(echo: Echo, raised: Exception, seen: bytes) -> None:
    echo.greeting()
    echo.receive(b"work\r\n")
    assert echo.resume(raised) == [Send(seen)]


def test_nothing_sent_in_the_clear_is_acted_on_under_tls(echo: Echo) -> None:
    echo.greeting()
    assert echo.receive(b"tls\r\na\r\nb") == [StartTls()]
    assert echo.receive(b"c\r\n") == []
    assert not echo.encrypted
    assert echo.tls_started() == [Send(b"tls\n")]
    assert echo.encrypted
    assert echo.receive(b"d\r\n") == [Send(b"d\n")]


def test_a_batch_is_not_answered_faster_than_the_client_reads(echo: Echo) -> None:
    echo.greeting()
    line = b"x" * 90 + b"\r\n"
    actions, passes = echo.receive(line * 5000), 0
    answered = 0
    while actions and isinstance(actions[-1], Work):
        assert echo.receive(line) == []
        answered += len(actions) - 1
        passes += 1
        assert sum(len(action.data) for action in actions if isinstance(action, Send)) < 65 * 1024
        actions = echo.resume(actions[-1].call())
    assert answered + len(actions) == 5000 + passes
    assert passes > 5


def test_a_lost_connection_ends_it(echo: Echo) -> None:
    echo.greeting()
    (work,) = echo.receive(b"work\r\n")
    assert isinstance(work, Work)
    echo.connection_lost()
    assert echo.resume(work.call()) == []
    assert echo.receive(b"a\r\n") == []


def test_a_connection_may_be_lost_before_the_greeting(echo: Echo) -> None:
    echo.connection_lost()
    assert echo.receive(b"a\r\n") == []


def test_an_error_of_the_session_reaches_the_shell(context: SessionContext) -> None:
    class Broken(Echo):
        def converse(self) -> Steps:
            yield Send(b"hello\n")
            raise RuntimeError("a bug")

    broken = Broken(context)
    with pytest.raises(RuntimeError, match="a bug"):
        broken.greeting()
