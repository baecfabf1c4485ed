"""User pool authorizers of a REST API, with the keys of the local issuer."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from samrun.oidc.issuer import Issuer
from samrun.template.model.authorizers import JwtAuthorizer
from samrun.template.model.rest_apis import RestMethod
from support.fake_invoker import FakeInvoker
from support.rest_apis import ServedRestApi

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer("http://127.0.0.1:8025/issuer", tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def invoker() -> FakeInvoker:
    return FakeInvoker({"statusCode": 200})


@pytest.fixture
def get(issuer: Issuer, invoker: FakeInvoker) -> Get:
    """Return a function that sends a request with a token to an API whose method requires one of these scopes."""

    async def fetch(url: str) -> Any:
        return issuer.jwks() if url.endswith("jwks.json") else issuer.configuration()

    def get(token: str | None, *scopes: str) -> httpx.Response:
        pool = JwtAuthorizer(
            name="Pool", issuer=issuer.url, audiences=None, identity_source="$request.header.Authorization"
        )
        method = RestMethod(method="GET", path="/orders", function="Order", authorizer=pool, scopes=scopes)
        api = ServedRestApi(invoker, method, fetch=fetch)
        return api.request("GET", "/orders", headers={} if token is None else {"authorization": token})

    return get


def test_claims_of_a_token_are_texts(get: Get, issuer: Issuer, invoker: FakeInvoker) -> None:
    claims: dict[str, Any] = {"cognito:groups": ["admin", "staff"], "email_verified": True, "nothing": None}
    token = issuer.token(subject="ada", audience="any-client", scope="", claims=claims)
    assert get(f"Bearer {token}").status_code == 200
    authorizer = invoker.event["requestContext"]["authorizer"]
    assert authorizer.keys() == {"claims"}
    assert authorizer["claims"]["sub"] == "ada"
    assert authorizer["claims"]["cognito:groups"] == "admin,staff"
    assert authorizer["claims"]["email_verified"] == "true"
    assert authorizer["claims"]["exp"].split()[4] == "UTC"
    assert "nothing" not in authorizer["claims"]


@pytest.mark.parametrize("token", [None, "", "no-token", "a.b.c"])
def test_request_without_a_valid_token_is_unauthorized(get: Get, invoker: FakeInvoker, token: str | None) -> None:
    response = get(token)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["x-amzn-errortype"] == "UnauthorizedException"
    assert invoker.invocations == []


def test_expired_token_is_said_to_be_expired(get: Get, issuer: Issuer) -> None:
    response = get(issuer.token(subject="ada", audience="any-client", scope="", lifetime=-10))
    assert (response.status_code, response.json()) == (401, {"message": "The incoming token has expired"})


def test_token_needs_one_of_the_scopes_of_the_method(get: Get, issuer: Issuer) -> None:
    token = issuer.token(subject="ada", audience="any-client", scope="read")
    assert get(token, "write", "read").status_code == 200
    assert get(token, "write").status_code == 401
