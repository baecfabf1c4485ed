"""TCP ports of this machine."""

import asyncio
import contextlib
import secrets
import socket

from local.errors import PlainError

LOOPBACK = "127.0.0.1"

# A claimed port is free until its process listens, which takes seconds. Below the range that the kernel hands out
# to whoever connects anywhere, hardly anybody takes it meanwhile.
_LOWEST_FREE, _HIGHEST_FREE, _TRIES = 10_000, 32_000, 100


class PortTakenError(PlainError):
    """Another process listens on the port that a component of the stack wants."""


def listen(name: str, port: int) -> socket.socket:
    """Return a socket that listens on `port`, or on a free one for 0. Raises PortTakenError."""
    # The protocol by name: only then does asyncio send without Nagle's delay, which is 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        _bind(listener, name, LOOPBACK, port)
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def claim(name: str, port: int, *, address: str = LOOPBACK) -> int:
    """Return `port`, or a free one for 0, after making sure that another process can listen on it.

    Raises PortTakenError.
    """
    with socket.socket() as candidate:
        if port:
            _bind(candidate, name, address, port)
            return port
    return _free_port(name, address)


def _free_port(name: str, address: str) -> int:
    for _ in range(_TRIES):
        port = _LOWEST_FREE + secrets.randbelow(_HIGHEST_FREE - _LOWEST_FREE)
        with socket.socket() as candidate, contextlib.suppress(PortTakenError):
            _bind(candidate, name, address, port)
            return port
    raise PortTakenError(f"No free port for {name} between {_LOWEST_FREE} and {_HIGHEST_FREE}.")


def _bind(candidate: socket.socket, name: str, address: str, port: int) -> None:
    # A port whose last connections are still closing is free all the same.
    candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        candidate.bind((address, port))
    except OSError as error:
        raise PortTakenError(
            f"Port {port}, for {name}, cannot be had: {error.strerror or error}. Is another stack running? "
            f"End it, or take another port with --{name}-port or {name.upper()}_PORT (0: any free one)."
        ) from error


async def until_open(port: int, *, pause: float = 0.05) -> None:
    """Wait until something accepts connections on a port of this machine."""
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(pause)
        else:
            writer.close()
            return
