"""The options of `postel serve` that say how mail for other domains is sent on."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import fields

import rich_click as click

from reference_server.settings import Relay, Route

_HOST_AND_PORT = re.compile(r"(?:\[(?P<literal>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\s]+))(?::(?P<port>[0-9]{1,5}))?")
_DNS_PORT, _SMTP_PORT = 53, 25


def _host_and_port(text: str, default: int) -> tuple[str, int]:
    match = _HOST_AND_PORT.fullmatch(text)
    port = int(match["port"]) if match and match["port"] else default
    if match is None or not 0 < port < 65536:
        raise click.BadParameter(f"{text!r} is not HOST or HOST:PORT (an IPv6 address goes into brackets)")
    return match["literal"] or match["host"], port


def _resolver(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, port = _host_and_port(text, _DNS_PORT)
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise click.BadParameter(f"{host!r} is not an IP address") from error
    return host, port


def _routes(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> tuple[Route, ...]:
    routes = []
    for text in texts:
        domain, equals, hop = text.partition("=")
        if not (domain and equals):
            raise click.BadParameter(f"{text!r} is not DOMAIN=HOST:PORT")
        routes.append(Route(domain, *_host_and_port(hop, _SMTP_PORT)))
    return tuple(routes)


def _ports(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
    pairs = []
    for text in texts:
        host, _equals, port = text.rpartition("=")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise click.BadParameter(f"{text!r} is not HOST=PORT")
        pairs.append((host, int(port)))
    return tuple(pairs)


def _networks(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> tuple[str, ...]:
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} is no IP network: {error}") from error
    return tuple(texts)


_SECONDS = click.FloatRange(min=0, min_open=True)
_OPTIONS = (
    click.option(
        "--relay-from",
        "relay_networks",
        multiple=True,
        callback=_networks,
        metavar="NETWORK",
        help="Who may send to any address without a login, as 192.0.2.0/24 (default: nobody). Repeat for more.",
    ),
    click.option(
        "--route",
        "routes",
        multiple=True,
        callback=_routes,
        metavar="DOMAIN=HOST:PORT",
        help="The next hop for a domain, in place of DNS; `*` for all others. Repeat for more.",
    ),
    click.option(
        "--resolver",
        callback=_resolver,
        metavar="ADDRESS[:PORT]",
        help="The DNS server to ask for next hops (default: none, and mail without a route is returned).",
    ),
    click.option(
        "--relay-port", "port", type=click.IntRange(1, 65535), default=_SMTP_PORT, show_default=True,
        help="Where next hops that DNS names listen.",
    ),
    click.option(
        "--relay-host-port",
        "ports",
        multiple=True,
        callback=_ports,
        metavar="HOST=PORT",
        help="An exception from it, by host name or address. Repeat for more.",
    ),
    click.option(
        "--relay-starttls/--no-relay-starttls", "starttls", default=True, show_default=True,
        help="Whether to encrypt where the next hop offers it.",
    ),
    click.option(
        "--retry",
        "retry_intervals",
        type=_SECONDS,
        multiple=True,
        default=Relay().retry_intervals,
        show_default=True,
        help="Seconds until a failed delivery is tried again; repeat for later waits. Below 1800 is for tests.",
    ),
    click.option(
        "--give-up", type=_SECONDS, default=Relay().give_up, show_default=True,
        help="Seconds after which mail that does not get through is returned; below 345600 (4 days) is for tests.",
    ),
    click.option(
        "--delay-notice", type=_SECONDS, default=Relay().delay_notice, show_default=True,
        help="Seconds after which its sender is told of the delay.",
    ),
)  # fmt: skip


def relay_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it gets them as `relay`, a Relay, and `relay_networks`."""

    @functools.wraps(command)
    def with_relay(**values: object) -> None:
        names = {each.name for each in fields(Relay)}
        settings = {name: values.pop(name) for name in list(values) if name in names}
        command(**values, relay=Relay(**settings))  # type: ignore[arg-type]

    for option in reversed(_OPTIONS):
        option(with_relay)
    return with_relay
