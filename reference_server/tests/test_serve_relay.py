"""The options of `postel serve` about relaying."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from reference_server.serve_relay import relay_options
from reference_server.settings import Relay, Route


def parsed(*arguments: str) -> tuple[Relay, tuple[str, ...]]:
    """What a command gets; for a mistake, click's own exception."""
    got: list[tuple[Relay, tuple[str, ...]]] = []

    @click.command()
    @relay_options
    def command(*, relay: Relay, relay_networks: tuple[str, ...]) -> None:
        got.append((relay, relay_networks))

    command.main(list(arguments), standalone_mode=False)
    return got[0]


def test_the_defaults_are_those_of_the_settings() -> None:
    assert parsed() == (Relay(), ())


def test_all_of_them() -> None:
    relay, networks = parsed(
        "--relay-from=192.0.2.0/24",
        "--relay-from=2001:db8::/32",
        "--route=b.test=mx.b.test",
        "--route=*=[2001:db8::1]:2525",
        "--resolver=192.0.2.53",
        "--relay-port=2500",
        "--relay-host-port=mx1=2501",
        "--relay-host-port=2001:db8::1=2502",
        "--no-relay-starttls",
        "--retry=1",
        "--retry=2.5",
        "--give-up=100",
        "--delay-notice=10",
    )
    assert networks == ("192.0.2.0/24", "2001:db8::/32")
    assert relay == Relay(
        resolver=("192.0.2.53", 53),
        routes=(Route("b.test", "mx.b.test", 25), Route("*", "2001:db8::1", 2525)),
        port=2500,
        ports=(("mx1", 2501), ("2001:db8::1", 2502)),
        starttls=False,
        retry_intervals=(1.0, 2.5),
        give_up=100.0,
        delay_notice=10.0,
    )


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("--relay-from=192.0.2.1/24", "no IP network"),
        ("--relay-from=localhost", "no IP network"),
        ("--route=b.test", "DOMAIN=HOST:PORT"),
        ("--route==h:1", "DOMAIN=HOST:PORT"),
        ("--route=b.test=h:99999", "HOST:PORT"),
        ("--route=b.test=2001:db8::1", "brackets"),
        ("--resolver=dns.test", "not an IP address"),
        ("--resolver=192.0.2.1:x", "HOST:PORT"),
        ("--relay-host-port=mx1", "HOST=PORT"),
        ("--relay-host-port=mx1=0", "HOST=PORT"),
        ("--retry=0", "0"),
        ("--give-up=-1", "-1"),
    ],
)
def test_mistakes_are_told(argument: str, says: str) -> None:
    with pytest.raises(click.BadParameter, match=says):
        parsed(argument)


def test_help_names_them_all() -> None:
    @click.command()
    @relay_options
    def command(**_: object) -> None:
        """Something."""

    shown = CliRunner().invoke(command, ["--help"]).output
    for option in ("--relay-from", "--route", "--resolver", "--relay-port", "--retry", "--give-up", "--delay-notice"):
        assert option in shown
