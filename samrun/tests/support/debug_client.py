"""Client of the Debug Adapter Protocol, as an editor has one: stops in a function and looks around.

The messages: https://microsoft.github.io/debug-adapter-protocol/specification
"""

import contextlib
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from samrun.supervision.ports import LOOPBACK
from samrun.testing.waiting import PATIENCE, eventually

Message = Mapping[str, Any]

_MOMENT = 5.0  # seconds


class DebugClient:
    """Client of the debugger in a function's process. Leaving the context disconnects it, and the function goes on."""

    def __init__(self, port: int) -> None:
        """Connect to a debugger as soon as it listens. The function starts after `start`."""
        self._socket = eventually(lambda: _connect(port), what=f"a debugger to listen on port {port}")
        self._stream = self._socket.makefile("rwb")
        self._last = 0
        self._events: list[Message] = []
        self.request("initialize", adapterID="samrun", pathFormat="path")
        self._attach = self._send("attach", justMyCode=True)
        self.wait_for("initialized")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The function may have ended. As editors do, wait no longer than a moment.
        self._socket.settimeout(_MOMENT)
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.request("disconnect")
        self._stream.close()
        self._socket.close()

    def set_breakpoints(self, file: Path, *lines: int) -> list[bool]:
        """Set the breakpoints of a file, and tell of each whether there is code."""
        found = self.request(
            "setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line} for line in lines]
        )
        return [each["verified"] for each in found["breakpoints"]]

    def start(self) -> None:
        """Let the process go on, with the breakpoints that are set."""
        self.request("configurationDone")
        self._response(self._attach)

    def wait_for_stop(self) -> tuple[int, Message]:
        """Wait until a thread stops. Return its id, and its innermost frame."""
        thread = self.wait_for("stopped")["threadId"]
        frame: Message = self.request("stackTrace", threadId=thread)["stackFrames"][0]
        return thread, frame

    def variables(self, frame: Message) -> dict[str, str]:
        """Return the local variables of a frame, as an editor shows them."""
        [scope] = [each for each in self.request("scopes", frameId=frame["id"])["scopes"] if each["name"] == "Locals"]
        found = self.request("variables", variablesReference=scope["variablesReference"])["variables"]
        return {each["name"]: each["value"] for each in found}

    def evaluate(self, expression: str, frame: Message) -> str:
        """Return the value of an expression in a frame, as an editor shows it."""
        result: str = self.request("evaluate", expression=expression, frameId=frame["id"])["result"]
        return result

    def resume(self, thread: int) -> None:
        """Let a thread go on. There is no response if the function ends at once."""
        self._send("continue", threadId=thread)

    def request(self, command: str, **arguments: Any) -> Message:
        """Send a request, and return the body of the response. Raises AssertionError if it failed."""
        return self._response(self._send(command, **arguments))

    def wait_for(self, event: str) -> Message:
        """Wait for an event, and return its body."""
        body: Message = self._take(lambda message: message.get("event") == event).get("body", {})
        return body

    def _send(self, command: str, **arguments: Any) -> int:
        self._last += 1
        request = {"seq": self._last, "type": "request", "command": command, "arguments": arguments}
        content = json.dumps(request).encode()
        self._stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._stream.flush()
        return self._last

    def _response(self, number: int) -> Message:
        found = self._take(lambda message: message["type"] == "response" and message["request_seq"] == number)
        assert found["success"], found
        body: Message = found.get("body") or {}
        return body

    def _take(self, is_wanted: Callable[[Message], bool]) -> Message:
        """Return the first message that is wanted, of those that came, or else of those to come."""
        for number, message in enumerate(self._events):
            if is_wanted(message):
                return self._events.pop(number)
        while not is_wanted(message := self._read()):
            self._events.append(message)
        return message

    def _read(self) -> Message:
        length = 0
        while line := self._stream.readline().strip():
            name, _, value = line.partition(b":")
            if name == b"Content-Length":
                length = int(value)
        content = self._stream.read(length)
        if not content:
            raise ConnectionError(f"the debugger closed the connection; it had sent {self._events}")
        message: Message = json.loads(content)
        return message


def _connect(port: int) -> socket.socket | None:
    try:
        return socket.create_connection((LOOPBACK, port), timeout=PATIENCE)
    except OSError:
        return None
