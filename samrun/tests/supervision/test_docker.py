"""Address by which containers reach this machine."""

import socket

import psutil

from samrun.supervision.docker import bridge_address


def test_bridge_address_is_found_if_docker_has_a_bridge() -> None:
    addresses = psutil.net_if_addrs().get("docker0", [])
    of_ipv4 = [found.address for found in addresses if found.family == socket.AF_INET]
    assert bridge_address() == next(iter(of_ipv4), None)
