"""JWT authorizers over real HTTP: a client, the gateway, and the issuer in the console."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from samrun.console import console
from samrun.endpoints import url
from samrun.gateway import Access, gateway
from samrun.oidc.issuer import Issuer
from samrun.supervision import ports
from samrun.supervision.server import serving
from samrun.template.model.authorizers import JwtAuthorizer
from samrun.template.model.http_apis import HttpApi, Route
from support.fake_invoker import FakeInvoker, echo
from support.idle_stack import idle_stack

AUDIENCE = "orders"


class SecuredApi:
    """An API behind the gateway with its issuer, its access log and its warnings."""

    def __init__(self, runner: asyncio.Runner, issuer: Issuer, key: rsa.RSAPrivateKey) -> None:
        self.issuer = issuer
        self.key = key
        self.invoker = FakeInvoker(function=echo)
        self.accesses: list[Access] = []
        self.warnings: list[str] = []
        self._runner = runner
        authorizer = JwtAuthorizer(
            name="Tokens",
            issuer=issuer.url,
            audiences=("other", AUDIENCE),
            identity_source="$request.header.Authorization",
        )
        by_query = JwtAuthorizer(
            name="Query", issuer=issuer.url, audiences=(AUDIENCE,), identity_source="$request.querystring.token"
        )
        routes = (
            Route(method="GET", path="/orders", function="Order", authorizer=authorizer),
            Route(
                method="POST",
                path="/orders",
                function="Order",
                authorizer=authorizer,
                scopes=("orders:write", "orders:admin"),
            ),
            Route(method="GET", path="/query", function="Order", authorizer=by_query),
            Route(method="GET", path="/open", function="Order"),
        )
        self.api = HttpApi(logical_id="OrderApi", routes=routes, openapi_document=None)
        self.app = gateway(self.api, self.invoker, log=self.accesses.append, warn=self.warnings.append)
        self.url = ""

    @property
    def key_id(self) -> str:
        key_id: str = self.issuer.jwks()["keys"][0]["kid"]
        return key_id

    def request(self, method: str, path: str, headers: Any = None, **options: Any) -> httpx.Response:
        async def request() -> httpx.Response:
            # Without `verify`, each client would load the certificates of all authorities for plain HTTP.
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, verify=False) as client:  # noqa: S501
                return await client.request(method, path, headers=headers, **options)

        return self._runner.run(request())

    def get(self, token: str) -> httpx.Response:
        return self.request("GET", "/orders", {"authorization": f"Bearer {token}"})

    def post(self, token: str) -> httpx.Response:
        return self.request("POST", "/orders", {"authorization": f"Bearer {token}"})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a valid token with changes; None removes a claim."""
        now = int(time.time())
        usual = {"iss": self.issuer.url, "sub": "cus_ada", "aud": AUDIENCE, "iat": now, "exp": now + 60}
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def token(self, *, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a token signed with the issuer's key."""
        return jwt.encode(self.claims(**changes), self.key, algorithm, headers={"kid": self.key_id} | (header or {}))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredApi]:
    data = tmp_path_factory.mktemp("data")
    with asyncio.Runner() as runner:
        listeners = {name: ports.listen(name, 0) for name in ("console", "api")}
        urls = {name: url(listener.getsockname()[1]) for name, listener in listeners.items()}
        issuer = Issuer(f"{urls['console']}/issuer", data)
        key = load_pem_private_key((data / "issuer" / "key.pem").read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        secured = SecuredApi(runner, issuer, key)
        secured.url = urls["api"]
        exits = contextlib.AsyncExitStack()
        for app, name in ((console(idle_stack(data / "mails", issuer=issuer)), "console"), (secured.app, "api")):
            runner.run(exits.enter_async_context(serving(app, listeners[name])))
        yield secured
        runner.run(exits.aclose())


# ---------------------------------------------------------------- accepted


def test_token_of_the_local_issuer_is_accepted(secured: SecuredApi) -> None:
    answer = secured.post(secured.issuer.token(subject="cus_ada", audience=AUDIENCE, scope="orders:write"))
    assert answer.status_code == 200
    jwt_context = answer.json()["requestContext"]["authorizer"]["jwt"]
    assert jwt_context["scopes"] == ["orders:write"]
    assert jwt_context["claims"]["sub"] == "cus_ada"
    assert jwt_context["claims"]["iss"] == secured.issuer.url
    assert secured.warnings == []


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer ", "Bearer   "])
def test_word_bearer_is_optional(secured: SecuredApi, prefix: str) -> None:
    assert secured.request("GET", "/orders", {"authorization": prefix + secured.token()}).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_tokens_signed_with_rsa_are_accepted(secured: SecuredApi, algorithm: str) -> None:
    assert secured.get(secured.token(algorithm=algorithm)).status_code == 200


def test_event_has_claims_as_strings(secured: SecuredApi) -> None:
    token = secured.token(
        exp=4102444800,
        iat=1700000000,
        email_verified=True,
        groups=["admin", "power user", 7],
        nothing=None,
        address={"country": "VN", "city": "Huế"},
    )
    answer = secured.get(token)
    assert answer.json()["requestContext"]["authorizer"] == {
        "jwt": {
            "claims": {
                "iss": secured.issuer.url,
                "sub": "cus_ada",
                "aud": AUDIENCE,
                "exp": "4102444800",
                "iat": "1700000000",
                "email_verified": "true",
                "groups": "[admin power user 7]",
                "address": '{"country":"VN","city":"Huế"}',
            },
            "scopes": None,
        }
    }


def test_event_has_no_claim_that_is_null(secured: SecuredApi) -> None:
    payload = secured.claims() | {"nickname": None}
    answer = secured.get(jwt.encode(payload, secured.key, "RS256", headers={"kid": secured.key_id}))
    assert "nickname" not in answer.json()["requestContext"]["authorizer"]["jwt"]["claims"]


def test_event_of_a_route_without_scopes_has_no_scopes(secured: SecuredApi) -> None:
    answer = secured.get(secured.token(scope="orders:write"))
    assert answer.json()["requestContext"]["authorizer"]["jwt"]["scopes"] is None


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "orders:write"}, ["orders:write"]),
        ({"scope": "orders:read orders:admin"}, ["orders:read", "orders:admin"]),
        ({"scope": ["orders:admin"]}, ["orders:admin"]),
        ({"scp": "orders:write"}, ["orders:write"]),
        ({"scp": ["a", "orders:write"]}, ["a", "orders:write"]),
    ],
)
def test_token_needs_one_of_the_scopes_of_a_route(
    secured: SecuredApi, claims: dict[str, Any], scopes: list[str]
) -> None:
    answer = secured.post(secured.token(**claims))
    assert answer.status_code == 200
    assert answer.json()["requestContext"]["authorizer"]["jwt"]["scopes"] == scopes


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": ["elsewhere", AUDIENCE]},
        {"aud": None, "client_id": AUDIENCE},
        {"aud": AUDIENCE, "client_id": "elsewhere"},
    ],
)
def test_token_needs_one_of_the_audiences(secured: SecuredApi, claims: dict[str, Any]) -> None:
    assert secured.get(secured.token(**claims)).status_code == 200


def test_token_can_be_in_the_query(secured: SecuredApi) -> None:
    assert secured.request("GET", "/query", params={"token": secured.token()}).status_code == 200
    assert secured.request("GET", "/query", {"authorization": secured.token()}).status_code == 401


def test_route_without_an_authorizer_is_open_and_its_event_has_no_authorizer(secured: SecuredApi) -> None:
    answer = secured.request("GET", "/open", {"authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert "authorizer" not in answer.json()["requestContext"]


# ---------------------------------------------------------------- refused with 401


def _part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(header: Any, claims: Any, sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """Return a token that a library would refuse to create."""
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{_part(sign(signed.encode()))}"


def _hmac_with_the_public_key(secured: SecuredApi) -> str:
    """Return a token for an attack by confused algorithms: the public key serves as the secret of an HMAC."""
    pem = secured.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": secured.key_id}
    return _raw(header, secured.claims(), lambda signed: hmac.digest(pem, signed, hashlib.sha256))


def _by_an_own_key(secured: SecuredApi, **header: Any) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    headers = {"kid": secured.key_id} | {name: own if value == "own" else value for name, value in header.items()}
    return jwt.encode(secured.claims(), key, "RS256", headers=headers)


def _with_other_claims(secured: SecuredApi) -> str:
    header, _, signature = secured.token().split(".")
    return f"{header}.{_part(secured.claims(sub='cus_eve'))}.{signature}"


def _elliptic(secured: SecuredApi) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(secured.claims(), key, "ES256", headers={"kid": secured.key_id})


def _signed_as_it_is(secured: SecuredApi, payload: bytes) -> str:
    jws = jwt.PyJWS()
    return jws.encode(payload, secured.key, "RS256", headers={"kid": secured.key_id})


FAR = 4102444800
ATTACKS: dict[str, Callable[[SecuredApi], str]] = {
    "two parts": lambda secured: "a.b",
    "three parts of nothing": lambda secured: "..",
    "nonsense": lambda secured: "a.b.c",
    "many dots": lambda secured: "." * 5000,
    "huge": lambda secured: secured.token(padding="x" * 30_000)[:-1],
    "deep header": lambda secured: f"{_part(b'[' * 3000)}.e30.",
    "header that is not an object": lambda secured: _raw([], secured.claims()),
    "header that is not UTF-8": lambda secured: _raw(b"\xff\xfe", secured.claims()),
    "unsigned": lambda secured: _raw({"alg": "none"}, secured.claims()),
    "unsigned, with the key's id": lambda secured: _raw({"alg": "none", "kid": secured.key_id}, secured.claims()),
    "unsigned, in capitals": lambda secured: _raw({"alg": "NONE", "kid": secured.key_id}, secured.claims()),
    "no algorithm": lambda secured: _raw({"kid": secured.key_id}, secured.claims()),
    "an algorithm that is a list": lambda secured: _raw({"alg": ["RS256"], "kid": secured.key_id}, secured.claims()),
    "signature cut off": lambda secured: secured.token().rpartition(".")[0] + ".",
    "other claims": _with_other_claims,
    "HMAC with the public key": _hmac_with_the_public_key,
    "elliptic curve": _elliptic,
    "PSS": lambda secured: secured.token(algorithm="PS256"),
    "another key under our id": _by_an_own_key,
    "another key in the header": lambda secured: _by_an_own_key(secured, jwk="own"),
    "another key at a URL": lambda secured: _by_an_own_key(secured, jku="http://127.0.0.1:1/jwks.json"),
    "a key id that nobody has": lambda secured: secured.token(header={"kid": "../../etc/passwd"}),
    "a key id that is not a string": lambda secured: _raw({"alg": "RS256", "kid": {"a": 1}}, secured.claims()),
    "no key id": lambda secured: jwt.encode(secured.claims(), secured.key, "RS256"),
    "critical header": lambda secured: secured.token(header={"crit": ["exp"], "exp": FAR}),
    "payload apart": lambda secured: _raw({"alg": "RS256", "kid": secured.key_id, "b64": False}, secured.claims()),
    "expired": lambda secured: secured.token(exp=int(time.time()) - 1),
    "never expires": lambda secured: secured.token(exp=None),
    "expiry that is not a number": lambda secured: secured.token(exp="tomorrow"),
    "expiry at infinity": lambda secured: secured.token(exp=float("inf")),
    "expiry that is NaN": lambda secured: secured.token(exp=float("nan")),
    "expiry that is a list": lambda secured: secured.token(exp=[FAR]),
    "not yet valid": lambda secured: secured.token(nbf=FAR),
    "issued in the future": lambda secured: secured.token(iat=FAR),
    "another issuer": lambda secured: secured.token(iss="https://evil.example"),
    "almost our issuer": lambda secured: secured.token(iss=f"{secured.issuer.url}/"),
    "no issuer": lambda secured: secured.token(iss=None),
    "another audience": lambda secured: secured.token(aud="shop"),
    "an audience in capitals": lambda secured: secured.token(aud=AUDIENCE.upper()),
    "an audience that is an object": lambda secured: secured.token(aud={AUDIENCE: 1}),
    "no audience": lambda secured: secured.token(aud=None),
    "an empty audience and a client id": lambda secured: secured.token(aud=[], client_id=AUDIENCE),
    "another audience and a client id": lambda secured: secured.token(aud="shop", client_id=AUDIENCE),
    "another client id": lambda secured: secured.token(aud=None, client_id="shop"),
    "claims that are a list": lambda secured: _signed_as_it_is(secured, b"[1]"),
    "claims that are not JSON": lambda secured: _signed_as_it_is(secured, b"{"),
    "claims too deep": lambda secured: _signed_as_it_is(secured, b'{"a":' * 4000 + b"1" + b"}" * 4000),
    "a number too long": lambda secured: _signed_as_it_is(secured, b'{"exp":' + b"9" * 5000 + b"}"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attackers_token_is_refused_without_an_invocation_and_repeated_nowhere(
    secured: SecuredApi, attack: str
) -> None:
    token = ATTACKS[attack](secured)
    before, accesses = len(secured.invoker.invocations), len(secured.accesses)
    answer = secured.get(token)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"].startswith('Bearer scope="" error="invalid_token" error_description="')
    assert len(secured.invoker.invocations) == before
    [access] = secured.accesses[accesses:]
    assert (access.status, access.path) == (401, "/orders")
    output = f"{answer.headers['www-authenticate']} {access} {secured.warnings}"
    assert not any(part in output for part in token.split(".") if len(part) > 8)
    assert "cus_ada" not in output


@pytest.mark.parametrize(
    "value", [b"Bearer \xc3\xa9.\xff.\xfe", "Bearer é.b.c".encode("latin-1"), b"Basic YWRhOnNlY3JldA==", b"Bearer"]
)
def test_header_without_a_token_is_refused(secured: SecuredApi, value: bytes) -> None:
    answer = secured.request("GET", "/orders", [(b"authorization", value)])
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_two_tokens_are_refused(secured: SecuredApi) -> None:
    headers = [("authorization", f"Bearer {secured.token()}"), ("authorization", f"Bearer {secured.token()}")]
    assert secured.request("GET", "/orders", headers).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}])
def test_challenge_without_a_token_is_the_scheme_alone(secured: SecuredApi, headers: dict[str, str]) -> None:
    answer = secured.request("POST", "/orders", headers)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "apigw-requestid" in answer.headers


@pytest.mark.parametrize(
    ("attack", "description"),
    [
        ("two parts", "token contains an invalid number of segments"),
        ("another audience", "the token does not have a valid audience"),
        ("expired", "the token has expired"),
        ("other claims", "the token has an invalid signature"),
        ("HMAC with the public key", "signing method is invalid"),
        ("a key id that nobody has", "the key of the token is unknown"),
    ],
)
def test_challenge_says_what_is_wrong(secured: SecuredApi, attack: str, description: str) -> None:
    challenge = secured.get(ATTACKS[attack](secured)).headers["www-authenticate"]
    assert challenge == f'Bearer scope="" error="invalid_token" error_description="{description}"'


# ---------------------------------------------------------------- refused with 403


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"scope": ""},
        {"scope": "orders:read"},
        {"scope": "orders:writer xorders:write ORDERS:WRITE"},
        {"scope": "orders:write,orders:admin"},
        {"scope": {"orders:write": True}},
        {"scope": [["orders:write"], None, 7]},
        {"scopes": "orders:write", "permissions": ["orders:write"]},
    ],
)
def test_token_without_a_scope_of_the_route_is_forbidden(secured: SecuredApi, claims: dict[str, Any]) -> None:
    before = len(secured.invoker.invocations)
    answer = secured.post(secured.token(**claims))
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer scope="orders:write orders:admin" error="insufficient_scope"')
    assert len(secured.invoker.invocations) == before


def test_large_body_without_a_token_is_refused_with_401(secured: SecuredApi) -> None:
    answer = secured.request("POST", "/orders", content=bytes(11 * 1024 * 1024))
    assert answer.status_code == 401


def test_body_of_a_refused_request_is_not_read(secured: SecuredApi) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/orders",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer a.b")],
        "client": ("203.0.113.7", 50000),
        "server": ("127.0.0.1", 3000),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def send(part: Any) -> None:
        sent.append(part)

    asyncio.run(secured.app(scope, receive, send))
    assert sent[0]["status"] == 401


# ---------------------------------------------------------------- an issuer that does not answer


def test_silent_issuer_makes_every_token_refused_and_is_logged_once(tmp_path: Path) -> None:
    with ports.listen("console", 0) as listener:
        nobody = url(listener.getsockname()[1])
    issuer = Issuer(f"{nobody}/issuer", tmp_path)
    warnings: list[str] = []
    authorizer = JwtAuthorizer(
        name="Tokens", issuer=issuer.url, audiences=(AUDIENCE,), identity_source="$request.header.Authorization"
    )
    route = Route(method="GET", path="/orders", function="Order", authorizer=authorizer)
    api = HttpApi(logical_id="OrderApi", routes=(route,), openapi_document=None)
    app = gateway(api, FakeInvoker(function=echo), log=lambda _: None, warn=warnings.append)
    token = issuer.token(subject="cus_ada", audience=AUDIENCE)

    async def twice() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return [await client.get("/orders", headers={"authorization": f"Bearer {token}"}) for _ in range(2)]

    for answer in asyncio.run(twice()):
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
        assert "OIDC discovery endpoint communication error" in answer.headers["www-authenticate"]
    [warning] = warnings
    assert f"{issuer.url}/.well-known/openid-configuration" in warning
    assert "Start the issuer, or name another" in warning
    assert token not in warning
