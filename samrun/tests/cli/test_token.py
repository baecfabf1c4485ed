"""`python -m local token`, and the token that is shown once everything runs."""

import io
import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from local.__main__ import main
from local.endpoints import Endpoints
from local.issuer import Issuer
from local.model import Application, HttpApi, JwtAuthorizer, Route, TryItToken
from local.ready import say_ready
from local.stack import Stack
from local.terminal import Terminal

ENDPOINTS = Endpoints(
    api="http://127.0.0.1:3000",
    lambda_="http://127.0.0.1:3001",
    console="http://127.0.0.1:8025",
    aws="http://127.0.0.1:4566",
    dynamodb="http://127.0.0.1:8000",
    kafka="127.0.0.1:9092",
)

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Issuer: {Type: String}
  Audience: {Type: String, Default: greetings}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Metadata: {TryItToken: {sub: cus_ada, scope: greet}}
    Properties:
      Auth:
        DefaultAuthorizer: Tokens
        Authorizers:
          Tokens:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: !Ref Issuer, audience: [!Ref Audience, other]}
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
      Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a template, of which a stack runs."""
    (tmp_path / "src").mkdir()
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text(
        '[default.local_run.parameters]\nparameter_overrides = ["Issuer={issuer}"]'
    )
    ENDPOINTS.write(tmp_path / ".local")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["local", "token", *arguments])
    return main()


def _claims(project: Path, token: str) -> dict[str, Any]:
    """Return what is in a token that the issuer of the project's stack has signed."""
    [jwk] = Issuer(ENDPOINTS.issuer, project / ".local").jwks()["keys"]
    claims: dict[str, Any] = jwt.decode(token, jwt.PyJWK(jwk), options={"verify_aud": False})
    return claims


def test_a_token_is_printed_and_nothing_else(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--sub cus_minh --scope greet --scope read --expires-in 60 --claim locale=vi --claim note=a=b"
    assert _run(monkeypatch, *options.split()) == 0
    output = capsys.readouterr()
    token = output.out.removesuffix("\n")
    assert (token.count("."), output.err) == (2, "")
    claims = _claims(project, token)
    assert claims["exp"] - claims.pop("iat") == 60
    del claims["exp"]
    assert claims == {
        "iss": "http://127.0.0.1:8025/issuer",
        "sub": "cus_minh",
        "aud": "greetings",
        "scope": "greet read",
        "locale": "vi",
        "note": "a=b",
    }


def test_without_options_it_is_for_whom_the_template_says_and_allows_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch) == 0
    claims = _claims(project, capsys.readouterr().out.strip())
    assert (claims["sub"], "scope" in claims) == ("cus_ada", False)
    assert claims["exp"] - claims["iat"] == 12 * 3600


def test_the_audience_is_the_one_of_the_parameters_that_the_stack_has(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "--parameter-overrides", "Audience=mine") == 0
    assert _claims(project, capsys.readouterr().out.strip())["aud"] == "mine"


def test_no_stack_is_an_error_that_says_how_to_start_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "--data", "elsewhere") == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "No stack runs on elsewhere" in output.err
    assert "make run" in output.err
    assert not (project / "elsewhere").exists()


def test_an_authorizer_of_another_issuer_is_an_error_unless_the_audience_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = ("--parameter-overrides", "Issuer=https://issuer.example")
    assert _run(monkeypatch, *elsewhere) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "no route has a JWT authorizer of the local issuer, http://127.0.0.1:8025/issuer" in output.err
    assert "--audience" in output.err
    assert _run(monkeypatch, *elsewhere, "--audience", "any") == 0
    assert _claims(project, capsys.readouterr().out.strip())["aud"] == "any"


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("sub=cus_eve", "set it with --sub"),
        ("exp=1", "set it with --expires-in"),
        ("secret", "number 1 is no claim: write NAME=VALUE"),
    ],
)
def test_a_claim_that_cannot_be_set_is_an_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], claim: str, says: str
) -> None:
    assert project
    assert _run(monkeypatch, "--claim", claim) == 1
    output = capsys.readouterr()
    assert says in output.err
    assert "secret" not in output.err
    assert output.out == ""


def test_a_template_that_is_not_there_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "template.yaml").unlink()
    assert _run(monkeypatch) == 1
    assert "no such template" in capsys.readouterr().err


# ---------------------------------------------------------------- once everything runs


def _ready(tmp_path: Path, *, issuer: str | None = None, wanted: TryItToken | None = None) -> str:
    """Return what is said of an API whose authorizer trusts `issuer`."""
    authorizer = issuer and JwtAuthorizer(
        name="Tokens", issuer=issuer, audiences=("greetings",), identity_source="$request.header.Authorization"
    )
    api = HttpApi(
        logical_id="Api",
        routes=(Route(method="GET", path="/", function="Greeter", authorizer=authorizer or None),),
        openapi_document=None,
        try_it="curl {api}/ -H 'authorization: Bearer {token}' -d '{\"a\": 1}'\n",
        try_it_token=wanted,
    )
    application = Application(functions=(), apis=(api,), mappings=(), schedules=(), resources=(), ignored=())
    running = Stack(application=application, endpoints=ENDPOINTS, issuer=Issuer(ENDPOINTS.issuer, tmp_path / ".local"))
    output = io.StringIO()
    say_ready(running, Terminal(output, tmp_path / "logs"))
    return output.getvalue()


def test_the_command_to_try_holds_a_token_that_is_explained(tmp_path: Path) -> None:
    said = _ready(tmp_path, issuer=ENDPOINTS.issuer, wanted=TryItToken(subject="cus_ada", scope="greet"))
    [command] = [line for line in said.splitlines() if line.startswith("curl")]
    token = command.partition("Bearer ")[2].partition("'")[0]
    claims = _claims(tmp_path, token)
    assert (claims["sub"], claims["scope"], claims["aud"]) == ("cus_ada", "greet", "greetings")
    assert command == f"curl http://127.0.0.1:3000/ -H 'authorization: Bearer {token}' -d '{json.dumps({'a': 1})}'"
    assert "lasts 12 hours; it has the subject cus_ada and the scope greet" in said
    assert "-m local token --sub" in said


def test_a_token_without_a_scope_is_not_said_to_have_one(tmp_path: Path) -> None:
    said = _ready(tmp_path, issuer=ENDPOINTS.issuer, wanted=TryItToken(subject="cus_ada", scope=""))
    assert "it has the subject cus_ada.\n" in said


def test_the_command_of_an_api_with_an_issuer_elsewhere_keeps_its_placeholder(tmp_path: Path) -> None:
    said = _ready(tmp_path, issuer="https://issuer.example", wanted=TryItToken(subject="cus_ada", scope=""))
    assert "Bearer {token}'" in said
    assert "lasts" not in said


def test_there_is_no_word_of_tokens_where_nothing_asks_for_them(tmp_path: Path) -> None:
    assert "python -m local token" not in _ready(tmp_path, wanted=TryItToken(subject="cus_ada", scope=""))
