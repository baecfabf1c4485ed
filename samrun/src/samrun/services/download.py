"""Download of a file: it goes on where it broke off, is checked by its hash, and never leaves half a file."""

import asyncio
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import httpx

from samrun.errors import SamrunError

# Attempts in a row that bring no byte.
_MAX_ATTEMPTS = 4
# Seconds before the second attempt; twice as long before each one after that.
_FIRST_PAUSE = 0.25
_MAY_PASS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class DownloadError(SamrunError):
    """A file could not be downloaded. The message names the file and the cause."""


class IncompleteDownloadError(DownloadError):
    """An attempt brought no whole file; another one may."""


async def download_file(
    client: httpx.AsyncClient,
    url: str,
    target: Path,
    size: int,
    sha256: str,
    *,
    on_arrival: Callable[[int], None],
) -> None:
    """Download a file of `size` bytes, unless it is there; only a whole file with this SHA-256 becomes `target`.

    The bytes that have arrived are in a file beside it, with which the next attempt, or the next process, goes on.
    `on_arrival` gets the number of bytes that are there, again and again. Raises DownloadError.
    """
    if target.exists():
        on_arrival(size)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    attempts = 0
    while True:
        before = _size(part)
        try:
            if before < size:
                await _receive(client, url, part, size, on_arrival)
            _check(part, target, size, sha256)
        except (httpx.TransportError, IncompleteDownloadError) as error:
            attempts = 0 if _size(part) > before else attempts + 1
            if attempts == _MAX_ATTEMPTS:
                raise DownloadError(f"{url}: {error or type(error).__name__}") from error
            await asyncio.sleep(_FIRST_PAUSE * 2**attempts)
        else:
            return


async def _receive(
    client: httpx.AsyncClient, url: str, part: Path, size: int, on_arrival: Callable[[int], None]
) -> None:
    """Append to `part` what is missing of the file."""
    have = _size(part)
    headers = {"accept-encoding": "identity"} | ({"range": f"bytes={have}-"} if have else {})
    async with client.stream("GET", url, headers=headers) as answer:
        status = answer.status_code
        if status in _MAY_PASS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise IncompleteDownloadError(f"the answer was {status}")
        if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise DownloadError(f"{url}: the answer was {status}")
        # A server that knows no ranges sends the whole file again.
        with part.open("ab" if status == HTTPStatus.PARTIAL_CONTENT else "wb") as file:
            async for content in answer.aiter_raw():
                file.write(content)
                on_arrival(file.tell())
                if file.tell() > size:
                    break


def _check(part: Path, target: Path, size: int, sha256: str) -> None:
    """Make `part` the target if it is the file; remove it if it is another."""
    if _size(part) < size:
        raise IncompleteDownloadError("the connection ended before the file did")
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        part.unlink()
        raise IncompleteDownloadError(f"its SHA-256 is {digest}, not {sha256}")
    part.replace(target)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
