"""A stack whose functions the SAM CLI runs: those in Python, and beside them those in other languages."""

import sys
from pathlib import Path

import httpx
import pytest

from samrun.settings import FREE_PORTS, stack_settings
from samrun.stack import run_stack
from samrun.supervision.terminal import Terminal
from samrun.testing.broker import Broker
from support.local_aws import LocalAws
from support.sam_executable import install_sam

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("shared-broker")]

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Snake:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.13
      Events: {Request: {Type: HttpApi, Properties: {Method: GET, Path: /snake}}}
  Node:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: nodejs22.x
      Events: {Request: {Type: HttpApi, Properties: {Method: GET, Path: /node}}}
"""


@pytest.fixture
def anyio_backend() -> str:
    """Use the event loop of the stack."""
    return "asyncio"


@pytest.mark.anyio
async def test_api_hands_functions_of_each_language_to_the_sam_cli(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broker: Broker,
    local_aws: LocalAws,
) -> None:
    install_sam(tmp_path, monkeypatch)
    (tmp_path / "src").mkdir()
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap)
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", local_aws.url)
    settings = stack_settings(data=tmp_path / "data", ports=FREE_PORTS, sam=True)
    async with (
        run_stack(settings, Terminal(sys.stdout, tmp_path / "logs")) as stack,
        httpx.AsyncClient(base_url=stack.endpoints.api or "", timeout=30, trust_env=False) as api,
    ):
        for path, function in (("/snake", "Snake"), ("/node", "Node")):
            answer = await api.get(path)
            assert (answer.status_code, answer.text) == (200, f"/2015-03-31/functions/{function}/invocations")
    assert "not run here" not in capsys.readouterr().out
