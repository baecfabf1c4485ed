"""`samrun mappings run`: mappings alone, for functions that run elsewhere."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from starlette.responses import Response

from samrun.services import kafka
from samrun.testing.aws import client
from samrun.testing.broker import Broker
from samrun.testing.mapping_process import MappingProcess, running_mappings
from samrun.testing.processes import free_port
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually
from support.other_lambda import OtherFunction, OtherLambda, function_error, refusal, result
from support.web_server import serve_in_thread

CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: app.handler
      CodeUri: .
      AutoPublishAlias: live
      Events:
        Orders:
          Type: MSK
          Properties: {Stream: '%s', Topics: [%s], StartingPosition: TRIM_HORIZON, BatchSize: 10}
"""


class OwnTopic:
    """A topic of one partition of its own for each test."""

    def __init__(self, broker: Broker) -> None:
        self.bootstrap = broker.bootstrap
        self.name = f"runner-{uuid.uuid4().hex[:8]}"
        kafka.create_topics(self.bootstrap, [self.name], partitions=1)

    def send(self, *values: str) -> None:
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=50)
        for value in values:
            producer.send(self.name, value.encode())
        producer.close()


@pytest.fixture
def records(broker: Broker) -> OwnTopic:
    return OwnTopic(broker)


@pytest.fixture(scope="module")
def other() -> OtherLambda:
    return OtherLambda()


@pytest.fixture
def function(other: OtherLambda, records: OwnTopic) -> OtherFunction:
    """A function of its own for each test."""
    return other.function(f"function-of-{records.name}")


@pytest.fixture(scope="module")
def endpoint(other: OtherLambda) -> Iterator[str]:
    with serve_in_thread(other.app) as url:
        yield url


@pytest.fixture(scope="module")
def runner(broker: Broker, endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MappingProcess]:
    """A runner without a template and without credentials."""
    options = ("--bootstrap-servers", broker.bootstrap, "--lambda-endpoint", endpoint)
    log = tmp_path_factory.mktemp("runner") / "log"
    with running_mappings(log, *options, environment={"AWS_REGION": "eu-central-1"}) as runner:
        yield runner


def create(runner: MappingProcess, topic: str, function: str, **options: Any) -> str:
    """Make a mapping of a topic through the API, and return its UUID once it is enabled."""
    lambda_ = client("lambda", runner.api)
    made = lambda_.create_event_source_mapping(
        **{
            "FunctionName": function,
            "EventSourceArn": CLUSTER,
            "Topics": [topic],
            "StartingPosition": "TRIM_HORIZON",
            "ProvisionedPollerConfig": {"MinimumPollers": 1},
            **options,
        }
    )
    mapping = str(made["UUID"])
    eventually(
        lambda: lambda_.get_event_source_mapping(UUID=mapping)["State"] == "Enabled", what="the mapping to be enabled"
    )
    return mapping


def last_result(runner: MappingProcess, mapping: str) -> str:
    return str(client("lambda", runner.api).get_event_source_mapping(UUID=mapping)["LastProcessingResult"])


def test_mapping_of_a_template_invokes_a_function_elsewhere(
    records: OwnTopic, other: OtherLambda, endpoint: str, tmp_path: Path
) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE % (CLUSTER, records.name))
    (tmp_path / "app.js").write_text("")
    options = ("--template", "template.yaml", "--bootstrap-servers", records.bootstrap, "--lambda-endpoint", endpoint)
    reader = other.function("Reader")
    with running_mappings(tmp_path / "log", *options) as runner:
        records.send("a", "b")
        eventually(lambda: reader.values() == ["a", "b"], what="two records")
        assert set(reader.qualifiers) == {"live"}
        assert runner.logged(f"ReaderOrders: {records.name} → Reader")
        found = client("lambda", runner.api).list_event_source_mappings(FunctionName="Reader")
    [mapping] = found["EventSourceMappings"]
    assert (mapping["Topics"], mapping["State"]) == ([records.name], "Enabled")


def test_mapping_made_by_the_api_invokes_a_function_elsewhere(
    records: OwnTopic, function: OtherFunction, runner: MappingProcess
) -> None:
    mapping = create(runner, records.name, function.name)
    records.send("a")
    eventually(lambda: function.values() == ["a"], what="the record")
    eventually(lambda: last_result(runner, mapping) == "OK", what="the result")
    # Without credentials, those of the local services sign.
    assert function.authorizations[0].startswith("AWS4-HMAC-SHA256 Credential=local/")
    assert "/eu-central-1/lambda/aws4_request" in function.authorizations[0]


@pytest.mark.parametrize(
    ("status", "code"), [(429, "TooManyRequestsException"), (404, "ResourceNotFoundException"), (500, "Broken")]
)
def test_refused_invocation_is_no_attempt_and_is_said_once(
    records: OwnTopic, function: OtherFunction, runner: MappingProcess, status: int, code: str
) -> None:
    function.answer = lambda _: refusal(status, code) if len(function.batches) < 4 else result(None)
    create(runner, records.name, function.name, MaximumRetryAttempts=0)
    records.send("a")
    eventually(lambda: function.values() == ["a"] * 4, what="four invocations")
    eventually(lambda: runner.logged(f"{function.name} is invoked again"), what="the end of the refusals to be said")
    [line] = runner.logged(f"{function.name} cannot be invoked, retrying")
    assert code in line
    assert not [line for line in runner.logged("is discarded") if records.name in line]


def test_function_that_fails_is_retried_as_often_as_the_mapping_says(
    records: OwnTopic, function: OtherFunction, runner: MappingProcess
) -> None:
    function.answer = lambda values: function_error() if "bad" in values else result(None)
    mapping = create(runner, records.name, function.name, MaximumRetryAttempts=1, BatchSize=1)
    records.send("bad", "good")
    eventually(lambda: function.values() == ["bad", "bad", "good"], what="two attempts, and the next record")
    assert runner.logged(f"{function.name} failed (ValueError)")
    assert [line for line in runner.logged("is discarded (RetryAttemptsExhausted)") if records.name in line]
    eventually(lambda: last_result(runner, mapping) == "OK", what="the last result")


def test_failed_records_of_a_partial_response_are_retried(
    records: OwnTopic, function: OtherFunction, runner: MappingProcess
) -> None:
    failed = {"batchItemFailures": [{"itemIdentifier": {"partition": f"{records.name}-0", "offset": 1}}]}
    function.answer = lambda _: result(failed if len(function.batches) == 1 else {"batchItemFailures": []})
    records.send("a", "b", "c")
    create(runner, records.name, function.name, FunctionResponseTypes=["ReportBatchItemFailures"])
    eventually(lambda: function.batches == [["a", "b", "c"], ["b"]], what="the retry")


def test_function_without_an_answer_fails(records: OwnTopic, function: OtherFunction, runner: MappingProcess) -> None:
    function.answer = lambda _: Response(status_code=200) if len(function.batches) == 1 else result(None)
    create(runner, records.name, function.name)
    records.send("a")
    eventually(lambda: function.values() == ["a", "a"], what="the retry")
    assert runner.logged(f"{function.name} failed (Sandbox.Timedout)")


def test_endpoint_that_does_not_answer_is_waited_for_and_said_once(
    records: OwnTopic, other: OtherLambda, function: OtherFunction, tmp_path: Path
) -> None:
    port = free_port()
    options = ("--bootstrap-servers", records.bootstrap, "--lambda-endpoint", f"http://127.0.0.1:{port}")
    with running_mappings(tmp_path / "log", *options) as runner:
        mapping = create(runner, records.name, function.name)
        records.send("a")
        eventually(lambda: runner.logged("cannot be invoked"), what="the error to be said")
        eventually(lambda: last_result(runner, mapping).startswith("PROBLEM: "), what="the result")
        with serve_in_thread(other.app, port=port):
            eventually(lambda: function.values() == ["a"], what="the record")
        assert len(runner.logged("cannot be invoked")) == 1


def test_runner_ends_while_a_function_still_runs(
    broker: Broker, endpoint: str, records: OwnTopic, function: OtherFunction, tmp_path: Path
) -> None:
    released = threading.Event()

    def answer(_: list[str]) -> Response:
        released.wait(120)
        return result(None)

    function.answer = answer
    try:
        # Leaving the context ends it, and asserts that it ends.
        options = ("--bootstrap-servers", broker.bootstrap, "--lambda-endpoint", endpoint)
        with running_mappings(tmp_path / "log", *options) as runner:
            create(runner, records.name, function.name)
            records.send("a")
            eventually(lambda: function.batches, what="the invocation to begin")
        assert "Traceback" not in runner.log.read_text()
    finally:
        released.set()


def test_runner_feeds_a_function_of_a_samrun_stack(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Reader:
            Type: AWS::Serverless::Function
            Properties: {FunctionName: reader, Runtime: python3.13, Handler: app.handler, CodeUri: .}
        """
    )
    (tmp_path / "app.py").write_text("def handler(event, context):\n    print('got', *event['records'], flush=True)\n")
    data = tmp_path / "data"
    with RunningStack(tmp_path, data) as stack:
        kafka.create_topics(stack.endpoints["kafka"], ["orders"], partitions=1)
        options = ("--data", str(data), "--lambda-endpoint", stack.endpoints["lambda"])
        with running_mappings(tmp_path / "log", *options) as runner:
            create(runner, "orders", "reader")
            stack.produce("orders", "value")
            assert "got orders-0" in stack.wait_for_invocation("reader").log


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--lambda-endpoint", "here"), "--lambda-endpoint is 'here': write the http:// or https:// URL"),
        (
            ("--lambda-endpoint", "http://127.0.0.1:1", "--bootstrap-servers", "127.0.0.1:1"),
            "No Kafka broker answers (127.0.0.1:1",
        ),
        (("--lambda-endpoint", "http://127.0.0.1:1", "--bootstrap-servers", "127.0.0.1"), "write host:port"),
        (("--lambda-endpoint", "http://127.0.0.1:1"), "No stack runs on .local"),
        (
            ("--lambda-endpoint", "https://lambda.eu-central-1.amazonaws.com", "--bootstrap-servers", "127.0.0.1:1"),
            "boto3 finds no credentials",
        ),
    ],
)
def test_what_the_runner_lacks_is_said(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    runner = MappingProcess(tmp_path / "log", *options, environment={})
    assert runner.process.wait(timeout=60) == 1
    assert runner.logged(said)
