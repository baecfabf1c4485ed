"""TCP ports of this machine: listened on, claimed for a process that starts later, or waited for."""

import asyncio
import collections
import secrets
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from samrun.errors import UserError

LOOPBACK = "127.0.0.1"

# A claimed port stays free until its process listens, which takes seconds. The kernel must not give it to an outgoing
# connection meanwhile: the range of those differs from machine to machine, and is told here (Linux only).
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_MIN_FREE, _ATTEMPTS = 10_000, 100
# For machines where that cannot be read, or leaves too few: below the usual ranges of Linux, macOS and Windows.
_USUAL, _ENOUGH = range(_MIN_FREE, 32_000), 1_000

_UNKNOWN_HOLDER = "Is another stack running?"

# Nor may another process that claims one choose the same. UDP's ports are apart from TCP's, and a socket that is bound
# to one is exclusive: it reserves the port until its process ends. A process has few in use at once.
_reservations: collections.deque[socket.socket] = collections.deque(maxlen=200)


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
    ports = free_ports()
    for _ in range(_ATTEMPTS):
        port = ports[secrets.randbelow(len(ports))]
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reservation.bind((address, port))
            with socket.socket() as candidate:
                _bind(candidate, name, address, port)
        except (OSError, PortTakenError):
            reservation.close()
        else:
            _reservations.append(reservation)
            return port
    raise PortTakenError(f"There is no free port for {name} between {ports.start} and {ports.stop - 1}.")


def free_ports(ephemeral: Path = _EPHEMERAL) -> range:
    """Return the ports to choose from: those that the kernel gives to no outgoing connection.

    `ephemeral` is a file with the first and the last port of outgoing connections, as Linux has it.
    """
    try:
        first, last = (int(port) for port in ephemeral.read_text().split())
    except (OSError, ValueError):
        return _USUAL
    largest = max(range(_MIN_FREE, first), range(last + 1, 65_536), key=len)
    return largest if len(largest) >= _ENOUGH else _USUAL


def _bind(candidate: socket.socket, name: str, address: str, port: int) -> None:
    try:
        _reuse_and_bind(candidate, address, port)
    except OSError as error:
        holder = _holder(port)
        who = f"It belongs to {holder}." if holder else _UNKNOWN_HOLDER
        raise PortTakenError(
            f"Port {port}, for {name}, is not available: {error.strerror or error}. {who} "
            f"End it, or choose another port with --{name}-port or {name.upper()}_PORT (0: any free one)."
        ) from error


def is_free(port: int, *, address: str = LOOPBACK) -> bool:
    """Tell whether a process can listen on a port; on 0, which is any free one, it can."""
    with socket.socket() as candidate:
        try:
            _reuse_and_bind(candidate, address, port)
        except OSError:
            return False
    return True


def taken(ports: Mapping[str, int], *, all_names: Iterable[str]) -> PortTakenError:
    """Return the error that several ports of a stack are taken. `all_names` are those that the stack needs."""
    named = ", ".join(f"{port} ({name})" for name, port in ports.items())
    holders = dict.fromkeys(holder for port in ports.values() if (holder := _holder(port)))
    who = f"They belong to {' and to '.join(holders)}." if holders else _UNKNOWN_HOLDER
    options = " ".join(f"--{name}-port 0" for name in all_names)
    return PortTakenError(
        f"The ports {named} are not available. {who} End it, or start this stack on free ports:\n{options}"
    )


def _holder(port: int) -> str | None:
    """Return who has a port, if this user may know it. It is looked up for an error alone, since that takes a while."""
    from samrun.supervision.port_holder import describe_holder

    return describe_holder(port)


def _reuse_and_bind(candidate: socket.socket, address: str, port: int) -> None:
    # Without this, a port is not free while its last connections are closing.
    candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    candidate.bind((address, port))


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
