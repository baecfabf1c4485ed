"""Fetching and caching of an issuer's keys."""

import asyncio
import functools
from pathlib import Path
from typing import Any

import httpx
import pytest

from samrun.gateway.keys import IssuerKeys, KeysUnavailableError, UnknownKeyError, fetch_json
from samrun.oidc.issuer import Issuer

URL = "https://issuer.example/"
DISCOVERY = "https://issuer.example/.well-known/openid-configuration"
JWKS = "https://issuer.example/keys"


@functools.cache
def _public_key(folder: Path) -> dict[str, Any]:
    """Return the public key of an issuer, which is made once: that takes a tenth of a second."""
    [jwk] = Issuer(URL, folder).jwks()["keys"]
    public: dict[str, Any] = jwk
    return public


class FakeIssuer:
    """An issuer with keys on disk and a clock. It records the requests and the warnings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.now = 1000.0
        self.requests: list[str] = []
        self.warnings: list[str] = []
        self.configuration: Any = {"jwks_uri": JWKS}
        self.jwks: Any = {"keys": [self.jwk("first")]}
        self.away = False
        self.keys = IssuerKeys(URL, warn=self.warnings.append, fetch=self.fetch, clock=lambda: self.now)

    def jwk(self, key_id: str, **changes: Any) -> dict[str, Any]:
        return {**_public_key(self._folder / key_id), "kid": key_id, **changes}

    async def fetch(self, url: str) -> Any:
        self.requests.append(url)
        await asyncio.sleep(0)
        if self.away:
            raise httpx.ConnectError("All connection attempts failed")
        return {DISCOVERY: self.configuration, JWKS: self.jwks}[url]

    def has(self, key_id: str) -> bool:
        try:
            return bool(asyncio.run(self.keys.key(key_id)))
        except UnknownKeyError:
            return False


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the keys by their ids."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def issuer(keys: Path) -> FakeIssuer:
    return FakeIssuer(keys)


def test_keys_are_found_by_discovery_and_cached_for_two_hours(issuer: FakeIssuer) -> None:
    assert issuer.has("first")
    issuer.now += 2 * 3600 - 1
    assert issuer.has("first")
    assert issuer.requests == [DISCOVERY, JWKS]
    issuer.now += 1
    assert issuer.has("first")
    assert issuer.requests == [DISCOVERY, JWKS] * 2


def test_new_key_is_found_and_old_key_is_forgotten(issuer: FakeIssuer) -> None:
    assert issuer.has("first")
    issuer.jwks = {"keys": [issuer.jwk("second")]}
    issuer.now += 10
    assert issuer.has("second")
    assert not issuer.has("first")


def test_many_invented_key_ids_cause_one_request_in_ten_seconds(issuer: FakeIssuer) -> None:
    async def flood() -> list[Any]:
        requests = [issuer.keys.key(f"invented-{number}") for number in range(100)]
        return await asyncio.gather(*requests, issuer.keys.key("first"), return_exceptions=True)

    *refused, found = asyncio.run(flood())
    assert {type(each) for each in refused} == {UnknownKeyError}
    assert not isinstance(found, Exception)
    assert issuer.requests == [DISCOVERY, JWKS]
    issuer.now += 9.9
    assert not issuer.has("invented-100")
    assert issuer.requests == [DISCOVERY, JWKS]
    issuer.now += 0.1
    assert not issuer.has("invented-101")
    assert issuer.requests == [DISCOVERY, JWKS] * 2


def test_outage_of_the_issuer_is_logged_once(issuer: FakeIssuer) -> None:
    for _ in range(2):
        issuer.away = True
        for _ in range(3):
            with pytest.raises(KeysUnavailableError, match=r"^OIDC discovery endpoint communication error$"):
                issuer.has("first")
            issuer.now += 1
        issuer.away = False
        assert issuer.has("first")
        issuer.now += 2 * 3600
    assert len(issuer.warnings) == 2
    assert f"the issuer's {DISCOVERY} gave no jwks_uri (ConnectError: All connection" in issuer.warnings[0]


def test_many_tokens_during_an_outage_cause_one_request_a_second(issuer: FakeIssuer) -> None:
    issuer.away = True
    for _ in range(50):
        with pytest.raises(KeysUnavailableError):
            issuer.has("first")
    assert issuer.requests == [DISCOVERY]


def test_invented_key_id_during_an_outage_does_not_drop_the_cached_keys(issuer: FakeIssuer) -> None:
    assert issuer.has("first")
    issuer.away = True
    issuer.now += 10
    with pytest.raises(KeysUnavailableError):
        issuer.has("invented")
    assert issuer.has("first")


def test_cached_key_does_not_wait_for_a_fetch(issuer: FakeIssuer) -> None:
    answered = asyncio.Event()

    async def slow_fetch(url: str) -> Any:
        await answered.wait()
        return {DISCOVERY: issuer.configuration, JWKS: issuer.jwks}[url]

    async def both() -> None:
        keys = IssuerKeys(URL, warn=pytest.fail, fetch=slow_fetch, clock=lambda: issuer.now)
        answered.set()
        await keys.key("first")
        answered.clear()
        issuer.now += 10
        invented = asyncio.create_task(keys.key("invented"))
        await asyncio.sleep(0)
        await keys.key("first")
        assert not invented.done()
        answered.set()
        with pytest.raises(UnknownKeyError):
            await invented

    asyncio.run(both())


@pytest.mark.parametrize("configuration", [None, [], {}, "text", 7])
def test_error_names_the_metadata_without_a_jwks_uri(issuer: FakeIssuer, configuration: Any) -> None:
    issuer.configuration = configuration
    with pytest.raises(KeysUnavailableError, match="OIDC discovery endpoint communication error"):
        issuer.has("first")
    assert f"{DISCOVERY} gave no jwks_uri" in issuer.warnings[0]


@pytest.mark.parametrize("jwks", [None, [], {}, {"keys": None}, {"keys": ["text"]}, {"keys": 7}])
def test_error_names_the_url_that_has_no_jwk_set(issuer: FakeIssuer, jwks: Any) -> None:
    issuer.jwks = jwks
    with pytest.raises(KeysUnavailableError, match="JWKS communication error"):
        issuer.has("first")
    assert f"{JWKS} gave no keys" in issuer.warnings[0]


@pytest.mark.parametrize(
    "change",
    [{"use": "enc"}, {"kty": "EC"}, {"kty": "oct", "k": "c2VjcmV0"}, {"n": "!"}, {"n": None}, {"e": "AA"}, {"n": "AQ"}],
)
def test_unusable_key_does_not_affect_the_others(issuer: FakeIssuer, change: dict[str, Any]) -> None:
    issuer.jwks = {"keys": [issuer.jwk("broken", **change), issuer.jwk("first")]}
    assert issuer.has("first")
    assert not issuer.has("broken")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_fetch_from_this_machine_uses_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    proxied = _proxied(monkeypatch, f"http://{host}:1/issuer")
    assert not proxied


def test_fetch_from_elsewhere_uses_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _proxied(monkeypatch, "http://issuer.example/issuer")


def _proxied(monkeypatch: pytest.MonkeyPatch, url: str) -> bool:
    """Tell whether a fetch of `url` reaches the proxy that the environment names."""

    async def fetch() -> bool:
        proxied = False

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal proxied
            proxied = True
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            writer.close()

        proxy = await asyncio.start_server(answer, "127.0.0.1", 0)
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with proxy:
            try:
                await fetch_json(url)
            except httpx.ConnectError:
                assert not proxied
        return proxied

    return asyncio.run(fetch())


@pytest.mark.parametrize("url", ["", "issuer", "http://[", "http://127.0.0.1:99999/", "file:///etc/passwd"])
def test_fetch_of_an_invalid_url_is_an_error(url: str) -> None:
    with pytest.raises((httpx.HTTPError, ValueError)):
        asyncio.run(fetch_json(url))
