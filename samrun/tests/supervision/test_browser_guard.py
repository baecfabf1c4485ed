"""Guard of the ports: which requests it lets in."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages, WsgiGuardMiddleware

BRIDGE = "172.17.0.1"
FOREIGN: list[Mapping[str, str]] = [
    {"origin": "http://evil.example.com"},
    {"origin": "http://localhost:3000"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
]
ENTERED = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
OF_OWN_PAGE = {"sec-fetch-site": "same-origin", "origin": "http://localhost:4566"}


def status(guard: BrowserGuard, headers: Mapping[str, str], *, method: str = "GET", path: str = "/") -> int:
    refusal = guard.refusal(method, path, {"host": "localhost:4566", **headers})
    return refusal.status if refusal else 200


@pytest.mark.parametrize("pages", Pages)
@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:3001", "localhost", "LOCALHOST:8000", "[::1]:4566", "host.docker.internal:4566"),
        *("orders.s3.localhost:4566", f"{BRIDGE}:4566"),
    ],
)
def test_names_of_this_machine_are_let_in(pages: Pages, host: str) -> None:
    assert status(BrowserGuard(pages=pages, addresses=[BRIDGE]), {"host": host}, method="POST") == 200


@pytest.mark.parametrize("pages", Pages)
@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example.com",
            "evil.example.com:4566",
            "localhost.evil.example.com",
            "127.0.0.1.nip.io",
            "evillocalhost",
        ),
        *("", "0.0.0.0:4566", BRIDGE, "127.0.0.1@evil.example.com", "[::1]:80:evil.example.com", "localhost:"),
    ],
)
def test_other_names_are_refused(pages: Pages, host: str) -> None:
    assert status(BrowserGuard(pages=pages), {"host": host}) == 400


@pytest.mark.parametrize("pages", [Pages.NONE, Pages.OWN, Pages.READERS])
@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_pages_of_other_origins_are_refused(pages: Pages, headers: Mapping[str, str], method: str) -> None:
    assert status(BrowserGuard(pages=pages), headers, method=method) == 403


@pytest.mark.parametrize("headers", FOREIGN)
def test_an_api_decides_itself_about_other_origins(headers: Mapping[str, str]) -> None:
    assert status(BrowserGuard(pages=Pages.ALL), headers, method="POST") == 200


@pytest.mark.parametrize(
    ("headers", "method", "allowed"),
    [
        (ENTERED, "GET", {Pages.OWN, Pages.READERS}),
        (LINK, "GET", {Pages.OWN}),
        (LINK, "POST", set()),
        (LINK | {"origin": "http://evil.example.com"}, "GET", set()),
        ({"sec-fetch-site": "same-origin"}, "GET", {Pages.OWN, Pages.READERS}),
        (OF_OWN_PAGE, "GET", {Pages.OWN, Pages.READERS}),
        (OF_OWN_PAGE, "POST", {Pages.OWN}),
        # A page in a bucket of S3 that calls another service.
        (OF_OWN_PAGE | {"authorization": "AWS4-HMAC-SHA256 …"}, "GET", {Pages.OWN}),
        (OF_OWN_PAGE | {"x-amz-target": "secretsmanager.GetSecretValue"}, "GET", {Pages.OWN}),
    ],
)
def test_a_browser_gets_what_its_user_asks_for(headers: Mapping[str, str], method: str, allowed: set[Pages]) -> None:
    let_in = {pages for pages in Pages if status(BrowserGuard(pages=pages), headers, method=method) == 200}
    assert let_in == allowed | {Pages.ALL}


@pytest.mark.parametrize("headers", [{}, {"user-agent": "Boto3/1.42"}, {"user-agent": "Mozilla/5.0"}])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("pages", Pages)
def test_programs_are_let_in(pages: Pages, headers: Mapping[str, str], method: str) -> None:
    guard = BrowserGuard(pages=pages, closed=("/moto-api",))
    assert status(guard, headers, method=method, path="/moto-api/reset") == 200


def test_the_fetch_of_node_is_no_browser() -> None:
    assert status(BrowserGuard(), {"sec-fetch-mode": "cors", "user-agent": "node"}, method="POST") == 200


@pytest.mark.parametrize("headers", [ENTERED, OF_OWN_PAGE, {"sec-fetch-site": "same-origin"}, *FOREIGN])
@pytest.mark.parametrize("path", ["/moto-api", "/moto-api/data.json"])
def test_closed_paths_are_closed_to_every_browser(headers: Mapping[str, str], path: str) -> None:
    assert status(BrowserGuard(pages=Pages.READERS, closed=("/moto-api",)), headers, path=path) == 403


@pytest.mark.parametrize("host", [f"{BRIDGE}:4566", "host.docker.internal:4566"])
def test_a_browser_at_an_address_without_fetch_metadata_is_known_by_its_name(host: str) -> None:
    guard = BrowserGuard(addresses=[BRIDGE])
    assert status(guard, {"host": host, "user-agent": "Mozilla/5.0 (X11; Linux x86_64)"}) == 403
    assert status(guard, {"host": host, "user-agent": "Boto3/1.42"}) == 200


def test_both_middlewares_refuse_in_words() -> None:
    async def asgi() -> httpx.Response:
        app = GuardMiddleware(PlainTextResponse("served"), BrowserGuard())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.post("/", headers={"Origin": "http://evil.example.com"})

    def serve(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"served"]

    transport = httpx.WSGITransport(WsgiGuardMiddleware(serve, BrowserGuard()))
    with httpx.Client(transport=transport, base_url="http://localhost") as client:
        wsgi = client.post("/", headers={"Origin": "http://evil.example.com"})
        assert client.post("/").text == "served"
    for answer in (asyncio.run(asgi()), wsgi):
        assert (answer.status_code, answer.text) == (403, "Refused: a browser may not use this port.")
