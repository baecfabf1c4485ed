"""A REST API behind the gateway, for the tests of its parts."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from samrun.gateway import Access, rest_gateway
from samrun.gateway.keys import Fetch, fetch_json
from samrun.services.clients import Clients
from samrun.template.model.rest_apis import RestApi, RestMethod
from support.fake_invoker import FakeInvoker


def no_client(service: str) -> Any:
    """Fail the test: it calls no service."""
    pytest.fail(f"the API calls {service}")


class ServedRestApi:
    """A REST API with these methods, its access log, and what it had functions do in the background.

    Without `warn`, a warning fails the test.
    """

    def __init__(
        self,
        invoker: FakeInvoker,
        *methods: RestMethod,
        warn: Callable[[str], None] = pytest.fail,
        fetch: Fetch = fetch_json,
        client: Clients = no_client,
        **properties: Any,
    ) -> None:
        self.accesses: list[Access] = []
        self.accepted: list[tuple[str, bytes]] = []
        api = RestApi(logical_id="OrderApi", stage="Prod", methods=methods, **properties)
        self._app = rest_gateway(
            api,
            invoker,
            log=self.accesses.append,
            warn=warn,
            fetch=fetch,
            client=client,
            accept=lambda function, payload: self.accepted.append((function, payload)),
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=("203.0.113.7", 50000))
            async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com:3000") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())
