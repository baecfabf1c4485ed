"""Functions in other languages than Python, handed to the SAM CLI: an executable stands for it."""

import json
import sys
from pathlib import Path

import pytest

from samrun.endpoints import Endpoints
from samrun.functions.function_runtime import start_sam_runtime
from samrun.settings import stack_settings
from samrun.supervision import ports
from samrun.supervision.supervisor import supervise
from samrun.supervision.terminal import Terminal
from support.sam_executable import install_sam
from support.templates import load_template

pytestmark = pytest.mark.processes

TEMPLATE = """
  Node:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: orders-node, Runtime: nodejs22.x, CodeUri: src, Handler: app.handler}
"""


@pytest.fixture
def anyio_backend() -> str:
    """Use the event loop of the stack."""
    return "asyncio"


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the executable, and return the file with its command lines."""
    return install_sam(tmp_path, monkeypatch)


@pytest.mark.anyio
async def test_function_in_another_language_is_built_and_invoked_by_the_sam_cli(
    tmp_path: Path, commands: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    application = load_template(tmp_path, TEMPLATE, in_containers=True)
    settings = stack_settings(
        templates=[tmp_path / "template.yaml"], data=tmp_path / "data", sam=True, env_vars=Path("env.json")
    )
    endpoints = Endpoints(
        api=None, lambda_=None, console="http://c", aws="http://a", dynamodb="http://d", kafka="127.0.0.1:1"
    )
    terminal = Terminal(sys.stdout, tmp_path / "logs")
    async with supervise() as supervisor:
        runtime = await start_sam_runtime(
            application.functions, settings, endpoints, supervisor, terminal, port=ports.claim("lambda", 0)
        )
        result = await runtime.invoke("orders-node", b"{}")
        await runtime.stop()
    assert json.loads(result.payload) == "/2015-03-31/functions/Node/invocations"
    build, start = (json.loads(line) for line in commands.read_text().splitlines())
    assert build[:3] == ["build", "--template-file", str(tmp_path / "template.yaml")]
    assert start[:4] == ["local", "start-lambda", "--template-file", str(tmp_path / "data" / "sam" / "template.yaml")]
    assert start[start.index("--env-vars") + 1] == "env.json"
    assert "started sam local start-lambda" in capsys.readouterr().out
