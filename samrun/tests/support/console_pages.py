"""Pages of the console, asked for as a browser does, without a server."""

import asyncio
from collections.abc import Mapping

import httpx

from samrun.console import console
from samrun.control.stack_parts import StackParts


def request(parts: StackParts, path: str, fields: Mapping[str, str] | None = None) -> httpx.Response:
    """Ask for a page, or send a form with these fields."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(console(parts))
        headers = {"accept": "text/html"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            return await (client.get(path) if fields is None else client.post(path, data=fields))

    return asyncio.run(ask())


def page(parts: StackParts, path: str) -> str:
    """Return a page, which must be there."""
    answer = request(parts, path)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.text
