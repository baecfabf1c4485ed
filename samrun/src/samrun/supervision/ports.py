"""TCP ports of this machine: listened on, claimed for a process that starts later, or waited for."""

import asyncio
import contextlib
import secrets
import socket

from samrun.errors import UserError

LOOPBACK = "127.0.0.1"

# A claimed port stays free until its process listens, which takes seconds. These ports are below the range from which
# the kernel takes the ports of outgoing connections, so hardly any other process takes one in the meantime.
_MIN_FREE, _MAX_FREE, _ATTEMPTS = 10_000, 32_000, 100


class PortTakenError(UserError):
    """Another process listens on the port that a component of the stack wants."""


def listen(name: str, port: int) -> socket.socket:
    """Return a socket that listens on `port`, or on a free port if `port` is 0. Raises PortTakenError."""
    # asyncio switches off Nagle's delay, 40 ms for each answer, only if the protocol is given.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        _bind(listener, name, LOOPBACK, port)
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def claim(name: str, port: int, *, address: str = LOOPBACK) -> int:
    """Return `port`, or a free port if `port` is 0. A process can listen on it.

    Raises PortTakenError.
    """
    with socket.socket() as candidate:
        if port:
            _bind(candidate, name, address, port)
            return port
    return _free_port(name, address)


def _free_port(name: str, address: str) -> int:
    for _ in range(_ATTEMPTS):
        port = _MIN_FREE + secrets.randbelow(_MAX_FREE - _MIN_FREE)
        with socket.socket() as candidate, contextlib.suppress(PortTakenError):
            _bind(candidate, name, address, port)
            return port
    raise PortTakenError(f"There is no free port for {name} between {_MIN_FREE} and {_MAX_FREE}.")


def _bind(candidate: socket.socket, name: str, address: str, port: int) -> None:
    # Without this, a port is not free while its last connections are closing.
    candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        candidate.bind((address, port))
    except OSError as error:
        raise PortTakenError(
            f"Port {port}, for {name}, is not available: {error.strerror or error}. Is another stack running? "
            f"End it, or choose another port with --{name}-port or {name.upper()}_PORT (0: any free one)."
        ) from error


async def wait_for_port(port: int, *, pause: float = 0.05) -> None:
    """Wait until something accepts connections on a port of this machine."""
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(pause)
        else:
            writer.close()
            return
