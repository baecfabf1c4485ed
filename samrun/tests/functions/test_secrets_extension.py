"""Stand-in of the parameters and secrets extension, in front of the local AWS."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from samrun.functions.secrets_extension import secrets_extension
from samrun.template.functions.layers import SESSION_TOKEN
from support.local_aws import LocalAws
from support.web_server import serve_in_thread

TOKEN = {"X-Aws-Parameters-Secrets-Token": SESSION_TOKEN}


@pytest.fixture
def extension(local_aws: LocalAws) -> Iterator[httpx.Client]:
    app = secrets_extension(local_aws.client)
    with serve_in_thread(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def test_secret_is_that_of_secrets_manager(local_aws: LocalAws, extension: httpx.Client) -> None:
    name = uuid.uuid4().hex
    arn = local_aws.client("secretsmanager").create_secret(Name=name, SecretString='{"password": "p"}')["ARN"]
    for asked in (name, arn):
        answer = extension.get("/secretsmanager/get", params={"secretId": asked}, headers=TOKEN)
        assert (answer.status_code, answer.json()["SecretString"]) == (200, '{"password": "p"}')
    assert answer.json()["VersionStages"] == ["AWSCURRENT"]


def test_binary_secret_is_base64(local_aws: LocalAws, extension: httpx.Client) -> None:
    name = uuid.uuid4().hex
    local_aws.client("secretsmanager").create_secret(Name=name, SecretBinary=b"\xff")
    answer = extension.get("/secretsmanager/get", params={"secretId": name}, headers=TOKEN)
    assert answer.json()["SecretBinary"] == "/w=="


@pytest.mark.parametrize("slash", ["", "/"])
def test_parameter_is_that_of_systems_manager(local_aws: LocalAws, extension: httpx.Client, slash: str) -> None:
    name = f"/shop/{uuid.uuid4().hex}"
    for value in ("old", "new"):
        local_aws.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
    path = f"/systemsmanager/parameters/get{slash}"
    answer = extension.get(path, params={"name": name, "withDecryption": "true"}, headers=TOKEN)
    assert answer.json()["Parameter"]["Value"] == "new"
    older = extension.get(path, params={"name": name, "withDecryption": "true", "version": "1"}, headers=TOKEN)
    assert older.json()["Parameter"]["Value"] == "old"


def test_request_without_the_token_of_the_function_is_refused(extension: httpx.Client) -> None:
    assert extension.get("/secretsmanager/get", params={"secretId": "s"}).status_code == 401
    wrong = {"X-Aws-Parameters-Secrets-Token": "other"}
    assert extension.get("/secretsmanager/get", params={"secretId": "s"}, headers=wrong).status_code == 403


def test_secret_that_is_missing_is_said(extension: httpx.Client) -> None:
    answer = extension.get("/secretsmanager/get", params={"secretId": "no-such-secret"}, headers=TOKEN)
    assert (answer.status_code, "ResourceNotFoundException" in answer.text) == (400, True)
