"""An AWS that runs elsewhere: whether it is there, and the mails that it accepts, if it is moto."""

import asyncio
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx

from local.aws import keep
from local.errors import PlainError
from local.mails import MailStore

# Seconds.
_PATIENCE = 10.0
_PAUSE = 0.3

# Each kind of message that SES takes, as moto's API has them.
_KINDS = ("Message", "RawMessage", "TemplateMessage", "BulkTemplateMessage")


class AttachedError(PlainError):
    """Nothing answers where a service is said to run."""


async def check(url: str, *, variable: str) -> None:
    """Raise AttachedError unless something answers at the URL, which the environment's `variable` has."""
    try:
        async with _client(url) as client:
            await client.get("/")
    except httpx.HTTPError as error:
        raise AttachedError(
            f"Nothing answers at {url}, which {variable} names ({error}). Start it, or unset {variable}."
        ) from error


class SentMails:
    """Keeps the mails that a moto at `url` accepts for SES in `region`; those from before are left where they are."""

    def __init__(self, url: str, store: MailStore, *, region: str) -> None:
        self._url = url
        self._store = store
        self._region = region
        self._known: set[str] = set()

    async def begin(self) -> bool:
        """Keep what is accepted from now on, once `collect` runs; return whether there is moto's API."""
        async with _client(self._url) as client:
            try:
                self._known = {message["id"] for message in await _messages(client)}
            except (httpx.HTTPError, ValueError):
                return False
        return True

    async def collect(self) -> None:
        """Fetch the mails, for ever. While moto is away, or busy, it is asked again."""
        async with _client(self._url) as client:
            while True:
                await asyncio.sleep(_PAUSE)
                try:
                    messages = await _messages(client)
                except (httpx.HTTPError, ValueError):
                    continue
                for message in messages:
                    if message["id"] not in self._known:
                        self._known.add(message["id"])
                        keep(SimpleNamespace(**message), self._region, self._store)


async def _messages(client: httpx.AsyncClient) -> list[Mapping[str, Any]]:
    """Return what SES took. Raises HTTPError, and ValueError where the answer is not moto's."""
    answer = await client.get("/moto-api/data.json")
    return list(_of_ses(answer.raise_for_status().json()))


def _of_ses(data: Any) -> Iterator[Mapping[str, Any]]:
    match data:
        case {"ses": dict(by_kind)}:
            for kind in _KINDS:
                yield from by_kind.get(kind, [])
        case _:
            raise ValueError("this is not what moto holds")


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=_PATIENCE)
