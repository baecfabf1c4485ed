"""Commands of the README and of the pages: each runs as it stands, on the services of one stack.

Ports are free ones, which the environment names, and take the place of the usual ones in a command. The stack is that
of the walk-through of docs/debugging.md; the others use its Kafka, DynamoDB and AWS, and so start in a second or two.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from samrun.settings import PORTS
from samrun.testing.aws import client
from samrun.testing.waiting import PATIENCE, eventually
from support.debug_client import DebugClient
from support.documents import SAMRUN, blocks, commands

pytestmark = pytest.mark.xdist_group("commands-of-documents")

README, PACKAGES, CONSOLE = SAMRUN / "README.md", SAMRUN / "docs/packages.md", SAMRUN / "docs/console.md"
WALK_THROUGH = (SAMRUN / "docs/debugging.md").read_text().partition("## Walk-through")[2].partition("\n## ")[0]
HELLO = "samrun/tests/apps/hello"
BASH = shutil.which("bash") or "/bin/bash"
FREE_PORTS = {f"{name.upper()}_PORT": "0" for name in PORTS}

ORDERS = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  KafkaBootstrapServers: {Type: String}
  TokenIssuer: {Type: String}
  ShopName: {Type: String}
Resources:
  Database: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceClass: db.t4g.micro}}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Tokens
        Authorizers:
          Tokens:
            AuthorizationScopes: [orders:read]
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: !Ref TokenIssuer, audience: [orders]}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        import os
        def handler(event, context):
            return {name: os.environ[name] for name in ("BROKERS", "DATABASE", "SHOP")}
      Environment:
        Variables:
          BROKERS: !Ref KafkaBootstrapServers
          DATABASE: !GetAtt Database.Endpoint.Address
          SHOP: !Ref ShopName
      Events:
        Request: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /orders}}
  Payments:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Orders
      EventSourceArn: arn:aws:kafka:us-east-1:123456789012:cluster/shop/751d2973-a626-431c-9d4e-d7975eb44dd7-2
      Topics: [payments]
      StartingPosition: TRIM_HORIZON
      BatchSize: "{{resolve:ssm:/shop/batch-size}}"
      DestinationConfig: {OnFailure: {Destination: !ImportValue shop-dlq}}
"""
REWARDS = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Rewards:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(event, context): return 'no points'"
      Events:
        Request: {Type: HttpApi, Properties: {Method: GET, Path: /points}}
"""


def the_command(document: Path, part: str) -> str:
    """Return the command of a document that contains a text."""
    [found] = [each for each in commands(document) if part in each]
    return found


class Shell:
    """A shell in a folder, with samrun on its path and free ports."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = os.environ | FREE_PORTS | {"PATH": path, "UV_PYTHON_DOWNLOADS": "never"} | environment

    def run(self, command: str, **environment: str) -> str:
        """Run a command, and return what it printed. A usual port stands for that of the stack in this folder."""
        done = subprocess.run(
            [BASH, "-o", "pipefail", "-c", self._with_ports(command)],
            cwd=self.folder,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _with_ports(self, command: str) -> str:
        for name, port in PORTS.items():
            if f"127.0.0.1:{port}" in command:
                command = re.sub(rf"(http://)?127\.0\.0\.1:{port}\b", self.endpoints[name], command)
        return command

    @property
    def endpoints(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / ".local/endpoints.json").read_text())
        return read

    @contextlib.contextmanager
    def stack(self, command: str) -> Iterator[Path]:
        """Run a stack while the context lasts, and yield the file with its terminal once it is ready."""
        log = self.folder / "terminal"
        with log.open("wb") as terminal:
            process = subprocess.Popen(
                [BASH, "-c", re.sub(r"^(cd \S+ && |)", r"\1exec ", command)],  # so that it gets the signal itself
                cwd=self.folder,
                env=self._environment,
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )

        def is_ready() -> bool:
            assert process.poll() is None, f"{command} ended:\n{log.read_text()}"
            return "\nReady after" in log.read_text()

        try:
            eventually(is_ready, what=f"{command} to be ready")
            yield log
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE) in {0, 128 + signal.SIGINT}, log.read_text()
        finally:
            process.kill()
            process.wait()


def clone(folder: Path) -> Path:
    """Have a folder look like a clone of the repository, as far as the commands need it."""
    shutil.copytree(SAMRUN / "tests/apps/hello", folder / HELLO)
    return folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, Path]]:
    """Yield the shell of a stack and its terminal; its function waits for a debugger until the walk-through."""
    shell = Shell(clone(tmp_path_factory.mktemp("clone")), {})
    [command] = re.findall(r"^2\. .*`(samrun up .+)`$", WALK_THROUGH, re.MULTILINE)
    with shell.stack(command) as log:
        yield shell, log


@pytest.fixture(scope="module")
def services(stack: tuple[Shell, Path]) -> dict[str, str]:
    """Return the variables with which another stack uses the services of the first one."""
    endpoints = stack[0].endpoints
    return {
        "KAFKA_BOOTSTRAP_SERVERS": endpoints["kafka"],
        "AWS_ENDPOINT_URL": endpoints["aws"],
        "AWS_ENDPOINT_URL_DYNAMODB": endpoints["dynamodb"],
    }


@pytest.fixture
def shell(tmp_path: Path, services: dict[str, str]) -> Shell:
    """Return a shell in a folder of its own."""
    return Shell(tmp_path, services)


def test_walk_through_of_debugging_leads_to_a_breakpoint_by_a_record_and_by_a_request(
    stack: tuple[Shell, Path],
) -> None:
    shell, log = stack
    [port] = [int(address.rpartition(":")[2]) for address in shell.endpoints["debuggers"].values()]
    [waits, starts] = re.findall(r"^[35]\. .*`(?:Hello  )?(.+)`", WALK_THROUGH, re.MULTILINE)
    eventually(lambda: waits.partition("127.")[0] in log.read_text(), what="the function to wait for a debugger")
    [file] = re.findall(r"^4\. Open `(.+?)`", WALK_THROUGH, re.MULTILINE)
    code = (shell.folder / file).read_text().splitlines()
    [line] = [number for number, text in enumerate(code, 1) if "print(" in text]
    [produce] = re.findall(r"^6\. .*`(samrun .+)`$", WALK_THROUGH, re.MULTILINE)
    [expression] = re.findall(r"^8\. .*: `(.+)`$", WALK_THROUGH, re.MULTILINE)
    [request] = re.findall(r"^10\. .*`(curl .+)`$", WALK_THROUGH, re.MULTILINE)
    with DebugClient(port) as debugger:
        assert debugger.set_breakpoints(shell.folder / file, line) == [True]
        debugger.start()
        eventually(lambda: starts in log.read_text(), what="the function to start")
        shell.run(produce)
        thread, frame = debugger.wait_for_stop()
        assert "event" in debugger.variables(frame)
        assert debugger.evaluate(expression, frame) == "b'Hi.'"
        debugger.resume(thread)
        with ThreadPoolExecutor(1) as executor:
            answer = executor.submit(shell.run, request)
            thread, _ = debugger.wait_for_stop()
            debugger.resume(thread)
            assert answer.result() == "Hello, Ada!"


def test_record_of_the_readme_reaches_the_function_and_becomes_the_event_of_sam_local(
    stack: tuple[Shell, Path],
) -> None:
    shell, log = stack
    shell.run(the_command(README, "samrun produce"))
    [shown] = [text for _, text in blocks(README) if "received greetings" in text]
    received = shown.split("  ")[-1].strip().rstrip("0123456789")
    eventually(lambda: received in log.read_text(), what="the function's log")
    newest = json.loads(shell.run(the_command(README, "--from-topic")))
    assert [key.rpartition("-")[0] for key in newest["records"]] == ["greetings"]
    before_sam, _, sam = the_command(README, "sam local invoke").partition(" | ")
    assert sam.startswith("sam local invoke Hello -e -"), "tests/sam runs it, where Docker is"
    assert json.loads(shell.run(before_sam))["eventSource"] == "aws:kafka"
    (shell.folder / "value.json").write_text('{"text": "Good morning."}')
    assert json.loads(shell.run(the_command(README, "value.json")))["eventSource"] == "SelfManagedKafka"


def test_text_messages_of_the_console_are_those_of_the_page(stack: tuple[Shell, Path]) -> None:
    shell, _ = stack
    client("sns", shell.endpoints["aws"]).publish(PhoneNumber="+4930123456", Message="Paid. Thank you!")
    found = json.loads(shell.run(f"{the_command(CONSOLE, 'text-messages')} --silent --show-error"))
    [shown] = [json.loads(text) for language, text in blocks(CONSOLE) if language == "json"]
    assert found["total"] == shown["total"] == 1
    assert found["text_messages"][0].keys() == shown["text_messages"][0].keys()
    assert found["text_messages"][0]["text"] == shown["text_messages"][0]["text"]


def test_example_of_the_readme_runs_from_a_clone(shell: Shell) -> None:
    clone(shell.folder)
    [command] = [each for each in commands(README) if each == f"samrun up {HELLO}/template.yaml"]
    with shell.stack(command) as log:
        [shown] = [text for _, text in blocks(README) if text.startswith("Ready after")]
        names = re.findall(r"^  (\w+) +\S+$", shown, re.MULTILINE)
        assert re.findall(r"^  (\w+) +\S+$", log.read_text(), re.MULTILINE) == names


@pytest.mark.parametrize(
    "command", ["cd your-service && samrun up", "samrun up PATH", "cd your-service && samrun up --use-current-env"]
)
def test_template_of_a_service_runs(shell: Shell, command: str) -> None:
    written = {*commands(README), *commands(PACKAGES)}
    assert set(command.split(" && ")) <= written
    project = shutil.copytree(SAMRUN / "tests/apps/hello", shell.folder / "your-service")
    with shell.stack(command.replace("PATH", "your-service/template.yaml")):
        shell.folder = project if command.startswith("cd ") else shell.folder
        assert shell.run("curl -sS http://127.0.0.1:3000/hello/Ada") == "Hello, Ada!"


def write_orders(folder: Path) -> None:
    """Write an application with the parameters that the README gives, and a token's authorizer."""
    (folder / "parameters").mkdir(parents=True)
    (folder / "template.yaml").write_text(ORDERS)
    (folder / "parameters/local.yaml").write_text("ShopName: Books\n")
    [samconfig] = [text for language, text in blocks(README) if language == "toml"]
    (folder / "samconfig.toml").write_text(f"version = 0.1\n{samconfig}")


def test_values_that_only_aws_has_are_given_on_the_command_line(shell: Shell) -> None:
    write_orders(shell.folder)
    with shell.stack(the_command(README, "--parameter-overrides")) as log:
        assert "!ImportValue" not in log.read_text(), "the start names no value that is missing"
        assert json.loads(shell.run("samrun mappings --json"))[0]["settings"]["BatchSize"] == 50
        values = json.loads(shell.run("samrun invoke Orders"))
        assert values == {"BROKERS": shell.endpoints["kafka"], "DATABASE": "127.0.0.1", "SHOP": "Books"}


def test_two_templates_share_one_api_that_takes_a_token_of_the_issuer(shell: Shell) -> None:
    write_orders(shell.folder / "orders")
    (shell.folder / "rewards").mkdir()
    (shell.folder / "rewards/template.yaml").write_text(REWARDS)
    with shell.stack(the_command(README, "rewards/template.yaml")):
        assert shell.run(f"curl -sS {shell.endpoints['rewards']}/points") == "no points"
        request = the_command(README, "YOUR-ROUTE").replace("YOUR-ROUTE", "orders").replace("SCOPE", "orders:read")
        assert json.loads(shell.run(f"{request} --silent --show-error"))["SHOP"] == "Books"


def test_environments_of_functions_are_deleted_as_the_page_says(tmp_path: Path) -> None:
    environments = tmp_path / ".cache/samrun/environments"
    (environments / "python3.13-0123").mkdir(parents=True)
    Shell(tmp_path, {}).run(the_command(PACKAGES, "rm -r"), HOME=str(tmp_path))
    assert not environments.exists()
