"""Collector of the mails that an external moto accepts."""

import asyncio
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx

from samrun.services.mail_store import MailStore
from samrun.services.moto_server import store_mails

# Seconds.
_TIMEOUT = 10.0
_POLL_INTERVAL = 0.3

# Each kind of message that SES accepts, as moto's API names them.
_KINDS = ("Message", "RawMessage", "TemplateMessage", "BulkTemplateMessage")


class MailCollector:
    """Collector of the mails that a moto at `url` accepts for SES in `region` from now on."""

    def __init__(self, url: str, store: MailStore, *, region: str) -> None:
        self._url = url
        self._store = store
        self._region = region
        self._known: set[str] = set()

    async def skip_earlier_mails(self) -> bool:
        """Make `collect` skip the mails that moto has already; return False if the URL does not have moto's API."""
        async with self._client() as client:
            try:
                self._known = {message["id"] for message in await _fetch_messages(client)}
            except (httpx.HTTPError, ValueError):
                return False
        return True

    async def collect(self) -> None:
        """Fetch new mails forever. While moto does not answer, keep asking."""
        async with self._client() as client:
            while True:
                await asyncio.sleep(_POLL_INTERVAL)
                try:
                    messages = await _fetch_messages(client)
                except (httpx.HTTPError, ValueError):
                    continue
                known, self._known = self._known, {message["id"] for message in messages}
                for message in messages:
                    if message["id"] not in known:
                        store_mails(SimpleNamespace(**message), self._region, self._store)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=_TIMEOUT)


async def _fetch_messages(client: httpx.AsyncClient) -> list[Mapping[str, Any]]:
    """Return the messages that SES accepted. Raises HTTPError, or ValueError if the answer is not moto's."""
    answer = await client.get("/moto-api/data.json")
    return list(_ses_messages(answer.raise_for_status().json()))


def _ses_messages(data: Any) -> Iterator[Mapping[str, Any]]:
    match data:
        case {"ses": dict(by_kind)}:
            for kind in _KINDS:
                yield from by_kind.get(kind, [])
        case _:
            raise ValueError("the answer does not have the form of moto's data")
