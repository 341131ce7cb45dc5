"""What a sidecar is made of, without an engine."""

from __future__ import annotations

import ast
import io
import sys
import tarfile
from ipaddress import IPv4Network, ip_address

import pytest

from harness.testbed.sidecar import MAX_ADDRESSES, code, hop_addresses


@pytest.mark.parametrize("subnet", ["172.20.0.0/16", "192.168.32.0/20", "10.9.8.0/24", "10.9.8.16/28"])
def test_hops_get_the_upper_end_of_the_network(subnet: str) -> None:
    network = IPv4Network(subnet)
    first, count = hop_addresses(network)
    addresses = [ip_address(int(ip_address(first)) + number) for number in range(count)]
    assert 0 < count <= MAX_ADDRESSES
    assert all(address in network for address in addresses)
    assert network.broadcast_address not in addresses
    lower = list(network.hosts())[:4]  # where the engine begins: its gateway, the sidecar, the target
    assert not set(lower) & set(addresses)


def test_what_the_sidecar_runs_imports_nothing_else_of_ours() -> None:
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(code())) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            files[member.name] = content.read()
    modules = {name.removesuffix(".py").replace("/", ".") for name in files}
    for name, source in files.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                package = str(node.module).split(".", maxsplit=1)[0]
                assert package != "harness" or node.module in modules, f"{name}: {node.module}"
                assert package in ("harness", "dns", "__future__") or package in sys.stdlib_module_names, name
