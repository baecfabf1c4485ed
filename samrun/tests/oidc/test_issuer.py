"""Local issuer of tokens: its key, its tokens, and the pages with which others check them."""

import asyncio
import stat
import time
from pathlib import Path

import httpx
import jwt
import pytest

from samrun.console import console
from samrun.oidc.issuer import Issuer, KeyFileError
from support.idle_stack import idle_stack

URL = "http://127.0.0.1:8025/issuer"


def _decoded(issuer: Issuer, token: str) -> dict[str, object]:
    """Check the token with the published keys only, and return its claims."""
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(issuer.jwks()).keys}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(token, key, audience="orders", issuer=issuer.url)
    return claims


def test_token_has_its_subject_scopes_claims_and_lifetime(tmp_path: Path) -> None:
    issuer = Issuer(URL, tmp_path)
    before = int(time.time())
    token = issuer.token(
        subject="cus_ada", audience="orders", scope="orders:write a", lifetime=60, claims={"locale": "en"}
    )
    claims = _decoded(issuer, token)
    issued = claims.pop("iat")
    assert isinstance(issued, int)
    assert before <= issued <= time.time()
    assert claims == {
        "iss": URL,
        "sub": "cus_ada",
        "aud": "orders",
        "exp": issued + 60,
        "scope": "orders:write a",
        "locale": "en",
    }


def test_token_without_scopes_has_no_scope_claim_and_lasts_twelve_hours(tmp_path: Path) -> None:
    issuer = Issuer(URL, tmp_path)
    claims = _decoded(issuer, issuer.token(subject="cus_ada", audience="orders"))
    assert claims.keys() == {"iss", "sub", "aud", "iat", "exp"}
    assert claims["exp"] == claims["iat"] + 12 * 3600  # type: ignore[operator]


def test_tokens_outlive_a_restart(tmp_path: Path) -> None:
    token = Issuer(URL, tmp_path).token(subject="cus_ada", audience="orders")
    assert _decoded(Issuer(URL, tmp_path), token)["sub"] == "cus_ada"


def test_stacks_do_not_share_a_key(tmp_path: Path) -> None:
    token = Issuer(URL, tmp_path / "one").token(subject="cus_ada", audience="orders")
    with pytest.raises(KeyError):
        _decoded(Issuer(URL, tmp_path / "two"), token)


def test_key_file_is_for_its_owner_only_and_jwks_has_no_private_part(tmp_path: Path) -> None:
    issuer = Issuer(URL, tmp_path)
    file = tmp_path / "issuer" / "key.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    [jwk] = issuer.jwks()["keys"]
    assert jwk.keys() == {"kty", "n", "e", "kid", "use", "alg"}


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_error_says_what_to_do_with_a_file_without_a_key(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "issuer" / "key.pem"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(KeyFileError, match=r"key\.pem has no RSA key. Delete it"):
        Issuer(URL, tmp_path)
    assert file.read_bytes() == content


def test_console_serves_the_metadata_and_the_key(tmp_path: Path) -> None:
    issuer = Issuer(URL, tmp_path)
    app = console(idle_stack(tmp_path / "mails", issuer=issuer))

    async def get() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8025") as client:
            configuration = await client.get("/issuer/.well-known/openid-configuration")
            return configuration, await client.get(configuration.json()["jwks_uri"])

    configuration, jwks = asyncio.run(get())
    assert configuration.json()["issuer"] == URL
    assert jwks.json() == issuer.jwks()
