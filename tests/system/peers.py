"""Who is at the other end of a connection on this machine."""

import os
import signal

import psutil


def kill_peer(port: int) -> None:
    """End (SIGKILL) the process that is connected from this port."""
    [process_id] = {each.pid for each in psutil.net_connections("tcp4") if each.laddr and each.laddr.port == port}
    os.kill(process_id, signal.SIGKILL)
