"""Addresses by which containers of this machine's Docker reach this machine."""

import socket
import struct
import sys

HOST_NAME = "host.docker.internal"
_SIOCGIFADDR = 0x8915


def bridge_address() -> str | None:
    """Return the address of Docker's default bridge, or None if there is none.

    Docker Desktop (macOS, Windows) has no bridge: its host.docker.internal is the machine's loopback.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", b"docker0"))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])
