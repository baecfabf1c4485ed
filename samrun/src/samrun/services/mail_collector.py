"""Collector of the mails and text messages that an external moto accepts."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx

from samrun.services.mail_store import MailStore
from samrun.services.moto_server import store_mails
from samrun.services.text_message_store import TextMessageStore

# Seconds.
_TIMEOUT = 10.0
_POLL_INTERVAL = 0.3

# Each kind of message that SES accepts, as moto's API names them.
_KINDS = ("Message", "RawMessage", "TemplateMessage", "BulkTemplateMessage")


class MailCollector:
    """Collector of what a moto at `url` accepts from now on: mails for SES in `region`, and text messages for SNS."""

    def __init__(self, url: str, store: MailStore, text_messages: TextMessageStore, *, region: str) -> None:
        self._url = url
        self._store = store
        self._text_messages = text_messages
        self._region = region
        self._known: set[str] = set()

    async def skip_earlier_mails(self) -> bool:
        """Make `collect` skip the mails that moto has already; return False if the URL does not have moto's API."""
        async with self._client() as client:
            try:
                self._known = set(await _fetch_messages(client))
            except (httpx.HTTPError, ValueError):
                return False
        return True

    async def collect(self) -> None:
        """Fetch what is new forever. While moto does not answer, keep asking."""
        async with self._client() as client:
            while True:
                await asyncio.sleep(_POLL_INTERVAL)
                try:
                    messages = await _fetch_messages(client)
                except (httpx.HTTPError, ValueError):
                    continue
                known, self._known = self._known, set(messages)
                for identifier, message in messages.items():
                    if identifier not in known:
                        self._add(message)

    def _add(self, message: Mapping[str, Any]) -> None:
        if "phone_number" in message:
            now = datetime.now(UTC)
            self._text_messages.add(message["message"], to=message["phone_number"], created=now)
        else:
            store_mails(SimpleNamespace(**message), self._region, self._store)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=_TIMEOUT)


async def _fetch_messages(client: httpx.AsyncClient) -> dict[str, Mapping[str, Any]]:
    """Return what SES and SNS accepted, by its id. Raises HTTPError, or ValueError if the answer is not moto's."""
    answer = await client.get("/moto-api/data.json")
    return dict(_messages(answer.raise_for_status().json()))


def _messages(data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    match data:
        case {"ses": dict(by_kind)}:
            for kind in _KINDS:
                for mail in by_kind.get(kind, []):
                    yield mail["id"], mail
        case _:
            raise ValueError("the answer does not have the form of moto's data")
    for text_message in data.get("sns", {}).get("SMS", []):
        yield text_message["message_id"], text_message
