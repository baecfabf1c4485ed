"""The process at the other end of a TCP connection on this machine."""

import os
import signal
import socket

import psutil


def kill_peer(connection: socket.socket) -> None:
    """End (SIGKILL) the process that is connected."""
    ends = connection.getpeername(), connection.getsockname()
    [peer] = (each for each in psutil.net_connections("tcp4") if (each.laddr, each.raddr) == ends)
    assert peer.pid, "nobody has the connection any more"
    os.kill(peer.pid, signal.SIGKILL)
