"""Who is let through by the gateway, over real HTTP: a client, the gateway, and the issuer in the console."""

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

from local import ports
from local.console import console
from local.endpoints import url
from local.gateway import Access, gateway
from local.invoker import Answer
from local.issuer import Issuer
from local.mails import MailStore
from local.model import HttpApi, JwtAuthorizer, Route
from local.server import serving

AUDIENCE = "orders"


class Echo:
    """A Lambda whose functions answer with their event."""

    def __init__(self) -> None:
        self.invocations = 0

    async def invoke(self, function: str, payload: bytes) -> Answer:
        self.invocations += 1
        return Answer(request_id="r-1", payload=payload)


class World:
    """An API behind the gateway, its issuer, and what both said."""

    def __init__(self, runner: asyncio.Runner, issuer: Issuer, key: rsa.RSAPrivateKey) -> None:
        self.issuer = issuer
        self.key = key
        self.echo = Echo()
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
        self.app = gateway(self.api, self.echo, log=self.accesses.append, warn=self.warnings.append)
        self.url = ""

    @property
    def key_id(self) -> str:
        key_id: str = self.issuer.jwks()["keys"][0]["kid"]
        return key_id

    def request(self, method: str, path: str, headers: Any = None, **options: Any) -> httpx.Response:
        async def request() -> httpx.Response:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
                return await client.request(method, path, headers=headers, **options)

        return self._runner.run(request())

    def get(self, token: str) -> httpx.Response:
        return self.request("GET", "/orders", {"authorization": f"Bearer {token}"})

    def post(self, token: str) -> httpx.Response:
        return self.request("POST", "/orders", {"authorization": f"Bearer {token}"})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a token that holds, with changes; None takes a claim away."""
        now = int(time.time())
        usual = {"iss": self.issuer.url, "sub": "cus_ada", "aud": AUDIENCE, "iat": now, "exp": now + 60}
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def token(self, *, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a token that the issuer's key has signed."""
        return jwt.encode(self.claims(**changes), self.key, algorithm, headers={"kid": self.key_id} | (header or {}))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("data")
    with asyncio.Runner() as runner:
        listeners = {name: ports.listen(name, 0) for name in ("console", "api")}
        urls = {name: url(listener.getsockname()[1]) for name, listener in listeners.items()}
        issuer = Issuer(f"{urls['console']}/issuer", data)
        key = load_pem_private_key((data / "issuer" / "key.pem").read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        world = World(runner, issuer, key)
        world.url = urls["api"]
        exits = contextlib.AsyncExitStack()
        for app, name in ((console(MailStore(data / "mails"), issuer), "console"), (world.app, "api")):
            runner.run(exits.enter_async_context(serving(app, listeners[name])))
        yield world
        runner.run(exits.aclose())


# ---------------------------------------------------------------- let through


def test_a_token_of_the_local_issuer_is_let_through(world: World) -> None:
    answer = world.post(world.issuer.token(subject="cus_ada", audience=AUDIENCE, scope="orders:write"))
    assert answer.status_code == 200
    jwt_context = answer.json()["requestContext"]["authorizer"]["jwt"]
    assert jwt_context["scopes"] == ["orders:write"]
    assert jwt_context["claims"]["sub"] == "cus_ada"
    assert jwt_context["claims"]["iss"] == world.issuer.url
    assert world.warnings == []


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer ", "Bearer   "])
def test_the_word_bearer_may_be_left_out(world: World, prefix: str) -> None:
    assert world.request("GET", "/orders", {"authorization": prefix + world.token()}).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_tokens_are_signed_with_rsa(world: World, algorithm: str) -> None:
    assert world.get(world.token(algorithm=algorithm)).status_code == 200


def test_claims_are_strings_in_the_event(world: World) -> None:
    token = world.token(
        exp=4102444800,
        iat=1700000000,
        email_verified=True,
        groups=["admin", "power user", 7],
        nothing=None,
        address={"country": "VN", "city": "Huế"},
    )
    answer = world.get(token)
    assert answer.json()["requestContext"]["authorizer"] == {
        "jwt": {
            "claims": {
                "iss": world.issuer.url,
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


def test_a_claim_that_is_null_is_not_in_the_event(world: World) -> None:
    payload = world.claims() | {"nickname": None}
    answer = world.get(jwt.encode(payload, world.key, "RS256", headers={"kid": world.key_id}))
    assert "nickname" not in answer.json()["requestContext"]["authorizer"]["jwt"]["claims"]


def test_a_route_without_scopes_has_none_in_its_event(world: World) -> None:
    answer = world.get(world.token(scope="orders:write"))
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
def test_one_of_the_scopes_of_a_route_is_enough(world: World, claims: dict[str, Any], scopes: list[str]) -> None:
    answer = world.post(world.token(**claims))
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
def test_one_audience_is_enough(world: World, claims: dict[str, Any]) -> None:
    assert world.get(world.token(**claims)).status_code == 200


def test_a_token_can_come_in_the_query(world: World) -> None:
    assert world.request("GET", "/query", params={"token": world.token()}).status_code == 200
    assert world.request("GET", "/query", {"authorization": world.token()}).status_code == 401


def test_a_route_without_an_authorizer_is_open_and_its_event_has_no_authorizer(world: World) -> None:
    answer = world.request("GET", "/open", {"authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert "authorizer" not in answer.json()["requestContext"]


# ---------------------------------------------------------------- refused: who is it?


def _part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(header: Any, claims: Any, sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """Return a token that a library would refuse to make."""
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{_part(sign(signed.encode()))}"


def _hmac_with_the_public_key(world: World) -> str:
    """The confusion of algorithms: the public key, known to all, taken as the secret of an HMAC."""
    pem = world.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": world.key_id}
    return _raw(header, world.claims(), lambda signed: hmac.digest(pem, signed, hashlib.sha256))


def _by_an_own_key(world: World, **header: Any) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    headers = {"kid": world.key_id} | {name: own if value == "own" else value for name, value in header.items()}
    return jwt.encode(world.claims(), key, "RS256", headers=headers)


def _with_other_claims(world: World) -> str:
    header, _, signature = world.token().split(".")
    return f"{header}.{_part(world.claims(sub='cus_eve'))}.{signature}"


def _elliptic(world: World) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(world.claims(), key, "ES256", headers={"kid": world.key_id})


def _signed_as_it_is(world: World, payload: bytes) -> str:
    jws = jwt.PyJWS()
    return jws.encode(payload, world.key, "RS256", headers={"kid": world.key_id})


FAR = 4102444800
ATTACKS: dict[str, Callable[[World], str]] = {
    "two parts": lambda world: "a.b",
    "three parts of nothing": lambda world: "..",
    "nonsense": lambda world: "a.b.c",
    "many dots": lambda world: "." * 5000,
    "huge": lambda world: world.token(padding="x" * 30_000)[:-1],
    "deep header": lambda world: f"{_part(b'[' * 3000)}.e30.",
    "header that is no object": lambda world: _raw([], world.claims()),
    "header that is not UTF-8": lambda world: _raw(b"\xff\xfe", world.claims()),
    "unsigned": lambda world: _raw({"alg": "none"}, world.claims()),
    "unsigned, with the key's id": lambda world: _raw({"alg": "none", "kid": world.key_id}, world.claims()),
    "unsigned, in capitals": lambda world: _raw({"alg": "NONE", "kid": world.key_id}, world.claims()),
    "no algorithm": lambda world: _raw({"kid": world.key_id}, world.claims()),
    "an algorithm that is a list": lambda world: _raw({"alg": ["RS256"], "kid": world.key_id}, world.claims()),
    "signature cut off": lambda world: world.token().rpartition(".")[0] + ".",
    "other claims": _with_other_claims,
    "HMAC with the public key": _hmac_with_the_public_key,
    "elliptic curve": _elliptic,
    "PSS": lambda world: world.token(algorithm="PS256"),
    "another key under our id": _by_an_own_key,
    "another key in the header": lambda world: _by_an_own_key(world, jwk="own"),
    "another key at a URL": lambda world: _by_an_own_key(world, jku="http://127.0.0.1:1/jwks.json"),
    "a key id that nobody has": lambda world: world.token(header={"kid": "../../etc/passwd"}),
    "a key id that is no text": lambda world: _raw({"alg": "RS256", "kid": {"a": 1}}, world.claims()),
    "no key id": lambda world: jwt.encode(world.claims(), world.key, "RS256"),
    "critical header": lambda world: world.token(header={"crit": ["exp"], "exp": FAR}),
    "payload apart": lambda world: _raw({"alg": "RS256", "kid": world.key_id, "b64": False}, world.claims()),
    "expired": lambda world: world.token(exp=int(time.time()) - 1),
    "never expires": lambda world: world.token(exp=None),
    "expires at no number": lambda world: world.token(exp="tomorrow"),
    "expires at infinity": lambda world: world.token(exp=float("inf")),
    "expires at no time": lambda world: world.token(exp=float("nan")),
    "expires at a list": lambda world: world.token(exp=[FAR]),
    "not yet valid": lambda world: world.token(nbf=FAR),
    "issued in the future": lambda world: world.token(iat=FAR),
    "another issuer": lambda world: world.token(iss="https://evil.example"),
    "almost our issuer": lambda world: world.token(iss=f"{world.issuer.url}/"),
    "no issuer": lambda world: world.token(iss=None),
    "another audience": lambda world: world.token(aud="shop"),
    "an audience in capitals": lambda world: world.token(aud=AUDIENCE.upper()),
    "an audience that is an object": lambda world: world.token(aud={AUDIENCE: 1}),
    "no audience": lambda world: world.token(aud=None),
    "an empty audience and a client id": lambda world: world.token(aud=[], client_id=AUDIENCE),
    "another audience and a client id": lambda world: world.token(aud="shop", client_id=AUDIENCE),
    "another client id": lambda world: world.token(aud=None, client_id="shop"),
    "claims that are a list": lambda world: _signed_as_it_is(world, b"[1]"),
    "claims that are no JSON": lambda world: _signed_as_it_is(world, b"{"),
    "claims too deep": lambda world: _signed_as_it_is(world, b'{"a":' * 4000 + b"1" + b"}" * 4000),
    "a number too long": lambda world: _signed_as_it_is(world, b'{"exp":' + b"9" * 5000 + b"}"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attackers_token_is_refused_before_the_function_and_repeated_nowhere(world: World, attack: str) -> None:
    token = ATTACKS[attack](world)
    before, accesses = world.echo.invocations, len(world.accesses)
    answer = world.get(token)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"].startswith('Bearer scope="" error="invalid_token" error_description="')
    assert world.echo.invocations == before
    [access] = world.accesses[accesses:]
    assert (access.status, access.path) == (401, "/orders")
    said = f"{answer.headers['www-authenticate']} {access} {world.warnings}"
    assert not any(part in said for part in token.split(".") if len(part) > 8)
    assert "cus_ada" not in said


@pytest.mark.parametrize(
    "value", [b"Bearer \xc3\xa9.\xff.\xfe", "Bearer é.b.c".encode("latin-1"), b"Basic YWRhOnNlY3JldA==", b"Bearer"]
)
def test_a_header_that_is_no_token_is_refused(world: World, value: bytes) -> None:
    answer = world.request("GET", "/orders", [(b"authorization", value)])
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_two_tokens_are_none(world: World) -> None:
    headers = [("authorization", f"Bearer {world.token()}"), ("authorization", f"Bearer {world.token()}")]
    assert world.request("GET", "/orders", headers).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}])
def test_without_a_token_the_challenge_is_the_scheme_alone(world: World, headers: dict[str, str]) -> None:
    answer = world.request("POST", "/orders", headers)
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
def test_the_challenge_says_what_is_wrong(world: World, attack: str, description: str) -> None:
    challenge = world.get(ATTACKS[attack](world)).headers["www-authenticate"]
    assert challenge == f'Bearer scope="" error="invalid_token" error_description="{description}"'


# ---------------------------------------------------------------- refused: may they?


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
def test_a_token_without_a_scope_of_the_route_is_forbidden(world: World, claims: dict[str, Any]) -> None:
    before = world.echo.invocations
    answer = world.post(world.token(**claims))
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer scope="orders:write orders:admin" error="insufficient_scope"')
    assert world.echo.invocations == before


def test_a_large_body_without_a_token_is_refused_for_the_token(world: World) -> None:
    answer = world.request("POST", "/orders", content=bytes(11 * 1024 * 1024))
    assert answer.status_code == 401


def test_the_body_of_a_refused_request_is_not_read(world: World) -> None:
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

    asyncio.run(world.app(scope, receive, send))
    assert sent[0]["status"] == 401


# ---------------------------------------------------------------- an issuer that is away


def test_an_issuer_that_is_away_refuses_every_token_and_is_named_once(tmp_path: Path) -> None:
    with ports.listen("console", 0) as listener:
        nobody = url(listener.getsockname()[1])
    issuer = Issuer(f"{nobody}/issuer", tmp_path)
    warnings: list[str] = []
    authorizer = JwtAuthorizer(
        name="Tokens", issuer=issuer.url, audiences=(AUDIENCE,), identity_source="$request.header.Authorization"
    )
    route = Route(method="GET", path="/orders", function="Order", authorizer=authorizer)
    api = HttpApi(logical_id="OrderApi", routes=(route,), openapi_document=None)
    app = gateway(api, Echo(), log=lambda _: None, warn=warnings.append)
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
