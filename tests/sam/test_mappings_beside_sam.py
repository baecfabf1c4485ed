"""`samrun mappings run` beside a real `sam local start-lambda`: Kafka's records reach functions in containers."""

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from samrun.testing.broker import Broker
from samrun.testing.mapping_process import MappingProcess, running_mappings
from samrun.testing.processes import free_port
from samrun.testing.waiting import PATIENCE, eventually
from tests.sam.sam_cli import SamCli

# A container of the SAM CLI takes seconds to start, for each invocation.
PATIENCE_WITH_CONTAINERS = 3 * PATIENCE
TOPIC = "greetings"
HANDLER = """
import base64, time

def handler(event, context):
    failed = []
    for records in event["records"].values():
        for record in records:
            value = base64.b64decode(record["value"]).decode()
            print("got", value, "at", record["offset"], flush=True)
            if value == "poison":
                raise ValueError(value)
            if value == "slow":
                time.sleep(60)
            if value == "refused":
                failed.append({"itemIdentifier": {"partition": "greetings-0", "offset": record["offset"]}})
    return {"batchItemFailures": failed}
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Architectures: [ARCHITECTURE]
      Handler: app.handler
      CodeUri: src
      Timeout: 5
      Events:
        Greetings:
          Type: MSK
          Properties:
            Stream: arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2
            Topics: [greetings]
            StartingPosition: TRIM_HORIZON
            BatchSize: 1
            ProvisionedPollerConfig: {MinimumPollers: 1}
            MaximumRetryAttempts: 1
            FunctionResponseTypes: [ReportBatchItemFailures]
"""


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(HANDLER)
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("ARCHITECTURE", architecture))
    return tmp_path


@pytest.fixture
def runner(docker: None, sam: SamCli, reader: Path, broker: Broker) -> Iterator[MappingProcess]:
    """The mapping of the template, and the SAM CLI with its function."""
    broker.create_topic(TOPIC)
    port = free_port()
    own = SamCli(reader, AWS_DEFAULT_REGION="us-east-1")
    options = ("--lambda-endpoint", f"http://127.0.0.1:{port}", "--bootstrap-servers", broker.bootstrap)
    with (
        own.serving("local", "start-lambda", "--port", str(port), "--skip-pull-image"),
        running_mappings(reader / "mappings.log", "--template", "template.yaml", *options) as runner,
    ):
        yield runner


def got(project: Path, text: str) -> int:
    """Return how often the function has got a record, from what the SAM CLI has printed."""
    return (project / "sam.log").read_text(errors="replace").count(f"got {text} at")


def test_records_reach_a_function_of_the_sam_cli_which_may_fail_refuse_and_take_too_long(
    runner: MappingProcess, reader: Path, broker: Broker
) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    for value in ("first", "poison", "refused", "slow", "last"):
        producer.send(TOPIC, value.encode())
    producer.close()
    eventually(lambda: got(reader, "last"), what="the last record", patience=PATIENCE_WITH_CONTAINERS)
    # One retry each, and the record behind it is not held up.
    assert [got(reader, each) for each in ("first", "poison", "refused", "slow", "last")] == [1, 2, 2, 2, 1], (
        runner.log.read_text()
    )
