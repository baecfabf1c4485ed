"""Body of a request, read no further than its limit."""

from starlette.requests import Request


async def read_at_most(request: Request, limit: int) -> bytes | None:
    """Return the body; None if it is larger than `limit` bytes.

    It reads nothing of a body that says that it is too large, and stops reading one that turns out to be.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
