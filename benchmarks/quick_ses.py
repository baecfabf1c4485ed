"""An SES that takes its time for each mail, and next to nothing of the processor: that is what is measured beside it.

    python -m benchmarks.quick_ses SECONDS

prints its URL and serves until it is ended.
"""

import asyncio
import sys

from starlette.types import Receive, Scope, Send

from local import ports
from local.server import serving

_HEADERS = [(b"content-type", b"application/json")]
_BODY = b'{"MessageId": "0100018f-quick"}'


async def _serve(latency: float) -> None:
    async def ses(_scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(latency)
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _BODY})

    with ports.listen("SES", 0) as listener:
        async with serving(ses, listener):
            print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
