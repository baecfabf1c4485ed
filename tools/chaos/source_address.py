"""Source addresses: each environment connects from a loopback address of its own, so a proxy knows its process.

Linux answers on all of 127.0.0.0/8. Process ids have 22 bits, and so has the last part of 127.64.0.0/10.
"""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

_NETWORK = IPv4Network("127.64.0.0/10")

_SITECUSTOMIZE = f"""

import ipaddress
import socket

connect = socket.socket.connect


def connect_from_own_address(self, address):
    if self.family == socket.AF_INET and address[0].startswith("127.") and self.getsockname() == ("0.0.0.0", 0):
        self.bind((str(ipaddress.IPv4Address({int(_NETWORK[0])} + os.getpid())), 0))
    return connect(self, address)


socket.socket.connect = connect_from_own_address
"""


def give_addresses(project: Path) -> None:
    """Have each environment of the functions in the folder `project` connect from its own address.

    It goes on after the `sitecustomize` of clock_skew.py: Python imports one.
    """
    with (project / "sitecustomize.py").open("a", encoding="utf-8") as file:
        file.write(_SITECUSTOMIZE)


def process_of(address: str) -> int:
    """Return the process that connects from an address; 0 if it is no environment."""
    number = IPv4Address(address)
    return int(number) - int(_NETWORK[0]) if number in _NETWORK else 0
