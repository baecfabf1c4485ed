"""`samrun token`: tokens of the local issuer."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from samrun.cli.main import main
from samrun.endpoints import Endpoints
from samrun.oidc.issuer import Issuer
from samrun.oidc.token_defaults import TokenDefaults

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


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    """Yield the endpoints of a stack whose console accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as console:
        yield replace(ENDPOINTS, console=f"http://127.0.0.1:{console.getsockname()[1]}")


@pytest.fixture
def project(endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a template, and the endpoints of a stack that runs it."""
    (tmp_path / "src").mkdir()
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text('[default.samrun.parameters]\nparameter_overrides = ["Issuer={issuer}"]')
    TokenDefaults(subject="cus_ada", audience="greetings", scope="greet").write(tmp_path / ".local")
    endpoints.write(tmp_path / ".local")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["samrun", "token", *arguments])
    return main()


def _issuer(project: Path) -> str:
    return Endpoints.read(project / ".local").issuer


def _claims(project: Path, token: str) -> dict[str, Any]:
    """Return what is in a token that the issuer of the project's stack has signed."""
    [jwk] = Issuer(_issuer(project), project / ".local").jwks()["keys"]
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
        "iss": _issuer(project),
        "sub": "cus_minh",
        "aud": "greetings",
        "scope": "greet read",
        "locale": "vi",
        "note": "a=b",
    }


def test_a_token_without_options_is_the_one_that_the_template_describes(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch) == 0
    claims = _claims(project, capsys.readouterr().out.strip())
    assert (claims["sub"], claims["scope"]) == ("cus_ada", "greet")
    assert claims["exp"] - claims["iat"] == 12 * 3600


def test_a_token_for_another_subject_has_only_the_scopes_that_are_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "--sub", "cus_minh") == 0
    assert "scope" not in _claims(project, capsys.readouterr().out.strip())
    assert _run(monkeypatch, "--scope", "read") == 0
    claims = _claims(project, capsys.readouterr().out.strip())
    assert (claims["sub"], claims["scope"]) == ("cus_ada", "read")


def test_the_audience_comes_from_the_parameters_of_the_stack(
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
    assert "start one with `samrun up`" in output.err
    assert not (project / "elsewhere").exists()


def test_a_stack_that_was_killed_is_an_error_that_says_how_to_start_it_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}"
    replace(ENDPOINTS, console=gone).write(project / ".local")
    assert _run(monkeypatch) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "No stack runs on .local: the last one was killed" in output.err
    assert "Start it again with `samrun up`" in output.err


def test_an_authorizer_of_another_issuer_is_an_error_unless_the_audience_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = ("--parameter-overrides", "Issuer=https://issuer.example")
    assert _run(monkeypatch, *elsewhere) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert f"no route has a JWT authorizer of the local issuer, {_issuer(project)}" in output.err
    assert "--audience" in output.err
    assert _run(monkeypatch, *elsewhere, "--audience", "any") == 0
    assert _claims(project, capsys.readouterr().out.strip())["aud"] == "any"


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("sub=cus_eve", "set it with --sub"),
        ("exp=1", "set it with --expires-in"),
        ("secret", "entry 1 is not a claim: write NAME=VALUE"),
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


def test_a_template_that_does_not_exist_is_an_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "template.yaml").unlink()
    assert _run(monkeypatch, "--template", "template.yaml") == 1
    assert "no such template" in capsys.readouterr().err
