"""Debugging of a function, in its own process.

`python -m samrun_debug PORT DEBUGPY HANDLER` waits for a debugger on a port of this machine, and then runs the function
under AWS's runtime client, as `python -m awslambdaric HANDLER` does. DEBUGPY is the folder of the package debugpy.

In a process without a debugger, `breakpoint()` calls `report_breakpoint`: PYTHONBREAKPOINT names it.
"""

import importlib
import os
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

_LOOPBACK = "127.0.0.1"
# The first bytes of the Debug Adapter Protocol, and the seconds that a client may take to send them.
_FIRST_BYTES = b"Content-Length:"
_PATIENCE = 5.0
# Breakpoints that were reported.
_reported: set[tuple[str, int]] = set()


def run_under_debugger() -> None:
    """Wait for a debugger, and run the function."""
    port, folder, handler = sys.argv[1:]
    _wait_for_debugger(int(port), Path(folder))
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


def _wait_for_debugger(port: int, folder: Path) -> None:
    # It warns about Python's own modules, which are compiled in, and suggests an option that slows every start down.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # debugpy is all that the function gets from the folder of the runner's packages.
    sys.path.insert(0, str(folder.parent))
    debugpy = importlib.import_module("debugpy.server.api")
    sys.path.remove(str(folder.parent))
    listener = DebuggerSocket.listening_on(port)
    used = _listen_on(listener, sys.modules["pydevd"])
    # A process between the two would outlive this one, and keep the port from the next.
    debugpy.listen((_LOOPBACK, port), in_process_debug_adapter=True)
    if not used:
        sys.exit("This version of debugpy would accept web pages as debuggers: install debugpy 1.8.")
    print(f"waits for a debugger on {_LOOPBACK}:{port}", flush=True)
    debugpy.wait_for_client()
    print("a debugger is there: the function starts", flush=True)


class DebuggerSocket(socket.socket):
    """Listening socket that accepts only clients that speak the Debug Adapter Protocol from their first byte on.

    The messages of that protocol have the form of HTTP's: debugpy would read the body of a request that a web page
    sends to the port, and run the code in it.
    """

    @classmethod
    def listening_on(cls, port: int) -> "DebuggerSocket":
        """Return a socket that listens on a port of this machine. Ends the process, with a message, if it is taken."""
        listener = cls(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_LOOPBACK, port))
            listener.listen()
        except OSError as error:
            sys.exit(f"A debugger cannot connect, since something else has the port {port}: {error.strerror}.")
        return listener

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection of a debugger. All others are closed."""
        while True:
            connection, address = super().accept()
            if _is_debugger(connection):
                return connection, address
            connection.close()


def _listen_on(listener: DebuggerSocket, pydevd: Any) -> "list[DebuggerSocket]":
    """Have debugpy listen on a socket. Return the list that the socket is in once debugpy has taken it."""
    used = []

    def create_server_socket(host: str, port: int) -> DebuggerSocket:
        used.append(listener)
        return listener

    pydevd.create_server_socket = create_server_socket
    return used


def _is_debugger(connection: socket.socket) -> bool:
    """Tell whether a client's first packet begins as a message of the protocol does. A browser's begins with GET, …"""
    connection.settimeout(_PATIENCE)
    try:
        return connection.recv(len(_FIRST_BYTES), socket.MSG_PEEK) == _FIRST_BYTES
    except OSError:
        return False
    finally:
        connection.settimeout(None)


def report_breakpoint(*_arguments: object, **_options: object) -> None:
    """Print what to do about a `breakpoint()` of a function without a debugger, once for each, and go on."""
    frame = sys._getframe(1)  # the one that called breakpoint(), which is written in C
    place = (frame.f_code.co_filename, frame.f_lineno)
    if place in _reported:
        return
    _reported.add(place)
    print(
        f"breakpoint() in {Path(place[0]).name}:{place[1]} did not stop: there is no debugger. Start samrun with "
        f"--debug {os.environ['AWS_LAMBDA_FUNCTION_NAME']}, and connect a debugger to the port that it says.",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    run_under_debugger()
