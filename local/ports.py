"""TCP ports of this machine."""

import asyncio
import socket

from local.errors import PlainError

LOOPBACK = "127.0.0.1"


class PortTakenError(PlainError):
    """Another process listens on the port that a component of the stack wants."""


def claim(name: str, port: int, *, address: str = LOOPBACK) -> int:
    """Return `port`, or a free one for 0, after making sure that it can be listened on.

    Raises PortTakenError.
    """
    with socket.socket() as candidate:
        # A port whose last connections are still closing is free all the same.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((address, port))
        except OSError as error:
            raise PortTakenError(
                f"Port {port}, for {name}, cannot be had: {error.strerror or error}. Is another stack running? "
                f"End it, or take another port with --{name}-port or {name.upper()}_PORT (0: any free one)."
            ) from error
        claimed: int = candidate.getsockname()[1]
        return claimed


def listen(port: int) -> socket.socket:
    """Return a socket that is bound to a port that was claimed."""
    # The protocol by name: only then does asyncio send without Nagle's delay, which is 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    return listener


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
