"""Where containers reach this machine."""

import socket

import psutil

from local.docker import bridge_address


def test_the_bridge_is_found_where_docker_has_one() -> None:
    addresses = psutil.net_if_addrs().get("docker0", [])
    of_ipv4 = [found.address for found in addresses if found.family == socket.AF_INET]
    assert bridge_address() == next(iter(of_ipv4), None)
