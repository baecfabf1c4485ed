"""Stand-in for SES with a fixed latency. It needs very little processor time, so a benchmark can run beside it.

    python -m benchmarks.quick_ses SECONDS

It prints its URL, and serves until a signal stops it.
"""

import asyncio
import socket
import sys

import uvicorn
from starlette.types import Receive, Scope, Send

_HEADERS = [(b"content-type", b"application/json")]
_BODY = b'{"MessageId": "0100018f-quick"}'


async def _serve(latency: float) -> None:
    async def ses(_scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(latency)
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _BODY})

    # With the protocol by its name, asyncio sends without Nagle's delay, which would be 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        server = uvicorn.Server(uvicorn.Config(ses, lifespan="off", log_config=None, access_log=False))
        await server.serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
