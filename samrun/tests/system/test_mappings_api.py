"""Event source mappings by Lambda's own API, with boto3, on a stack that runs."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from samrun.administration.lambda_client import InvocationFailedError, invoke_function, lambda_client
from samrun.services import kafka
from samrun.template.arns import mapping_uuid
from samrun.testing.aws import client
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

pytestmark = pytest.mark.xdist_group("stack-of-api-mappings")

HANDLER = """
import base64, pathlib, time

def handler(event, context):
    batch = [base64.b64decode(each["value"]).decode() for records in event["records"].values() for each in records]
    print("got", len(batch), ",".join(batch), flush=True)
    if "slow" in batch:
        while not pathlib.Path("go").exists():
            time.sleep(0.05)
        print("slow is done", flush=True)

def work(event, context):
    print("worked on", ",".join(each["body"] for each in event["Records"]), flush=True)
"""
CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2"
TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Parameters: {{Size: {{Type: Number, Default: 7}}}}
Globals:
  Function: {{Runtime: python3.13, CodeUri: ., Timeout: 60}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: reader
      Handler: app.handler
      Events:
        Orders:
          Type: MSK
          Properties:
            Stream: {CLUSTER}
            Topics: [orders]
            StartingPosition: TRIM_HORIZON
            BatchSize: !Ref Size
            ConsumerGroupId: group-of-orders
        Idle:
          Type: MSK
          Properties: {{Stream: {CLUSTER}, Topics: [idle], StartingPosition: TRIM_HORIZON, Enabled: false}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: worker
      Handler: app.work
      Events:
        Jobs:
          Type: SQS
          Properties: {{Queue: !GetAtt Queue.Arn}}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: jobs, VisibilityTimeout: 60}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("project")
    Path(project, "template.yaml").write_text(TEMPLATE)
    Path(project, "app.py").write_text(HANDLER)
    return project


@pytest.fixture(scope="module")
def stack(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with RunningStack(project, tmp_path_factory.mktemp("data")) as stack:
        yield stack


@pytest.fixture(scope="module")
def lambda_(stack: RunningStack) -> Any:
    return client("lambda", stack.endpoints["lambda"])


def mapping_of(lambda_: Any, topic: str) -> dict[str, Any]:
    """Return the mapping of a topic."""
    found = lambda_.list_event_source_mappings()["EventSourceMappings"]
    [mapping] = [each for each in found if each.get("Topics") == [topic]]
    return dict(mapping)


def wait_for_state(lambda_: Any, mapping: str, state: str) -> None:
    eventually(
        lambda: lambda_.get_event_source_mapping(UUID=mapping)["State"] == state, what=f"the mapping to be {state}"
    )


def send(stack: RunningStack, topic: str, *values: str) -> None:
    producer = KafkaProducer(bootstrap_servers=stack.endpoints["kafka"], linger_ms=50)
    for value in values:
        producer.send(topic, value.encode(), partition=0)
    producer.close()


def new_topic(stack: RunningStack) -> str:
    topic = f"topic-{uuid.uuid4().hex[:8]}"
    kafka.create_topics(stack.endpoints["kafka"], [topic], partitions=1)
    return topic


def create(lambda_: Any, topic: str, **options: Any) -> str:
    """Create a mapping of a topic, and return its UUID once it is enabled."""
    request = {
        "FunctionName": "reader",
        "Topics": [topic],
        "StartingPosition": "TRIM_HORIZON",
        "EventSourceArn": CLUSTER,
        **options,
    }
    made = lambda_.create_event_source_mapping(**{name: each for name, each in request.items() if each is not None})
    assert made["State"] == "Creating"
    wait_for_state(lambda_, made["UUID"], "Enabled")
    return str(made["UUID"])


def test_mappings_of_the_template_are_listed(lambda_: Any) -> None:
    mapping = mapping_of(lambda_, "orders")
    assert mapping["State"] == "Enabled"
    assert mapping["BatchSize"] == 7
    assert mapping["FunctionArn"] == "arn:aws:lambda:us-east-1:123456789012:function:reader"
    assert mapping["EventSourceArn"] == CLUSTER
    assert mapping["AmazonManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "group-of-orders"}
    assert mapping["EventSourceMappingArn"].endswith(f":event-source-mapping:{mapping['UUID']}")
    assert mapping_of(lambda_, "idle")["State"] == "Disabled"


def test_nothing_is_delivered_while_a_mapping_is_disabled(stack: RunningStack, lambda_: Any) -> None:
    topic = new_topic(stack)
    mapping = create(lambda_, topic)
    send(stack, topic, f"first of {topic}")
    eventually(lambda: stack.logged(f"first of {topic}"), what="the first record")
    assert lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)["State"] == "Disabling"
    wait_for_state(lambda_, mapping, "Disabled")
    send(stack, topic, f"second of {topic}")
    # A mapping that was made later gets the record: this one could have had it, too.
    other = create(lambda_, topic, FunctionName="worker")
    eventually(lambda: [line for line in stack.logged("→ worker") if topic in line], what="the other mapping")
    lambda_.delete_event_source_mapping(UUID=other)
    assert not stack.logged(f"second of {topic}")
    assert lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)["State"] == "Enabling"
    wait_for_state(lambda_, mapping, "Enabled")
    eventually(lambda: stack.logged(f"got 1 second of {topic}"), what="the second record")
    assert len(stack.logged(f"got 1 first of {topic}")) == 1


def test_batch_in_flight_ends_before_its_mapping_is_disabled(stack: RunningStack, lambda_: Any, project: Path) -> None:
    topic = new_topic(stack)
    mapping = create(lambda_, topic)
    send(stack, topic, "slow")
    eventually(lambda: stack.logged("got 1 slow"), what="the function to have the slow record")
    lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
    with pytest.raises(lambda_.exceptions.ResourceInUseException, match="because it is in use"):
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
    assert lambda_.get_event_source_mapping(UUID=mapping)["State"] == "Disabling"
    Path(project, "go").touch()
    wait_for_state(lambda_, mapping, "Disabled")
    assert stack.logged("slow is done")
    lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
    wait_for_state(lambda_, mapping, "Enabled")
    send(stack, topic, f"next of {topic}")
    eventually(lambda: stack.logged(f"got 1 next of {topic}"), what="the next record")
    assert len(stack.logged("got 1 slow")) == 1


def test_batch_size_changes_while_a_mapping_runs(stack: RunningStack, lambda_: Any) -> None:
    topic = new_topic(stack)
    mapping = create(lambda_, topic)
    changed = lambda_.update_event_source_mapping(UUID=mapping, BatchSize=2, MaximumBatchingWindowInSeconds=60)
    assert (changed["State"], changed["BatchSize"]) == ("Updating", 2)
    wait_for_state(lambda_, mapping, "Enabled")
    send(stack, topic, "1", "2", "3", f"4 of {topic}")
    eventually(lambda: stack.logged(f"got 2 3,4 of {topic}"), what="two batches of two records")


def test_filter_of_a_mapping_changes_while_it_runs(stack: RunningStack, lambda_: Any) -> None:
    topic = new_topic(stack)
    mapping = create(lambda_, topic)
    criteria = {"Filters": [{"Pattern": '{"value": [{"prefix": "wanted"}]}'}]}
    changed = lambda_.update_event_source_mapping(UUID=mapping, FilterCriteria=criteria)
    assert changed["FilterCriteria"] == criteria
    wait_for_state(lambda_, mapping, "Enabled")
    send(stack, topic, f"other {topic}", f"wanted {topic}")
    eventually(lambda: stack.logged(f"got 1 wanted {topic}"), what="the record that passes")
    assert not stack.logged(f"other {topic}")
    assert lambda_.get_event_source_mapping(UUID=mapping)["LastProcessingResult"] == "OK"


def test_mapping_of_a_self_managed_cluster_is_made(stack: RunningStack, lambda_: Any) -> None:
    topic = new_topic(stack)
    source = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [stack.endpoints["kafka"]]}}
    access = [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:123456789012:secret:elsewhere"}]
    mapping = create(
        lambda_, topic, EventSourceArn=None, SelfManagedEventSource=source, SourceAccessConfigurations=access
    )
    found = lambda_.get_event_source_mapping(UUID=mapping)
    assert found["SelfManagedEventSource"] == source
    assert found["SourceAccessConfigurations"] == access
    assert "EventSourceArn" not in found
    send(stack, topic, f"value of {topic}")
    eventually(lambda: stack.logged(f"value of {topic}"), what="the record")


def test_disabled_mapping_of_the_template_is_enabled(stack: RunningStack, lambda_: Any) -> None:
    mapping = mapping_of(lambda_, "idle")["UUID"]
    send(stack, "idle", "for a mapping that was off")
    lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
    eventually(lambda: stack.logged("for a mapping that was off"), what="the record")


def test_deleted_mapping_is_gone(stack: RunningStack, lambda_: Any) -> None:
    topic = new_topic(stack)
    mapping = create(lambda_, topic)
    assert lambda_.delete_event_source_mapping(UUID=mapping)["State"] == "Deleting"

    def is_gone() -> bool:
        try:
            lambda_.get_event_source_mapping(UUID=mapping)
        except lambda_.exceptions.ResourceNotFoundException:
            return True
        return False

    eventually(is_gone, what="the mapping to be gone")
    assert create(lambda_, topic) != mapping


def test_mapping_waits_for_its_topic(stack: RunningStack, lambda_: Any) -> None:
    topic = f"later-{uuid.uuid4().hex[:8]}"
    mapping = create(lambda_, topic)
    result = lambda_.get_event_source_mapping(UUID=mapping)["LastProcessingResult"]
    assert result.startswith(f"PROBLEM: there is no such topic at {stack.endpoints['kafka']}")
    kafka.create_topics(stack.endpoints["kafka"], [topic], partitions=1)
    send(stack, topic, f"value of {topic}")
    eventually(lambda: stack.logged(f"value of {topic}"), what="the record")


def test_mapping_of_a_queue_is_disabled_and_enabled(stack: RunningStack, lambda_: Any) -> None:
    [mapping] = lambda_.list_event_source_mappings(FunctionName="worker")["EventSourceMappings"]
    sqs = client("sqs", stack.endpoints["aws"])
    queue = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    wait_for_state(lambda_, mapping["UUID"], "Disabled")
    sqs.send_message(QueueUrl=queue, MessageBody="job")
    assert sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"][0]["Body"] == "job"
    assert not stack.logged("worked on job")
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match="does not change its BatchSize"):
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=3)
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    eventually(lambda: stack.logged("worked on job"), what="the message")


def test_uuids_are_the_same_after_a_restart(stack: RunningStack, lambda_: Any, project: Path) -> None:
    before = mapping_of(lambda_, "orders")["UUID"]
    with RunningStack(project, stack.data.with_name("another")) as other:
        assert mapping_of(client("lambda", other.endpoints["lambda"]), "orders")["UUID"] == before


def test_invocation_of_an_unknown_function_names_those_there_are(stack: RunningStack) -> None:
    with pytest.raises(
        InvocationFailedError, match=r"^Reader was not invoked: .*\. The functions are: reader, worker\.$"
    ):
        invoke_function(lambda_client(stack.data), "Reader", b"{}")


@pytest.mark.parametrize("reference", ["Fn", "reader", "arn:aws:lambda:us-east-1:123456789012:function:reader"])
def test_commands_find_a_function_by_each_of_its_names(stack: RunningStack, reference: str, tmp_path: Path) -> None:
    def samrun(*words: str) -> str:
        command = [sys.executable, "-m", "samrun", *words, "--data", str(stack.data)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    event = tmp_path / "event.json"
    event.write_text(json.dumps({"records": {"t-0": [{"value": "Q29tbWFuZA=="}]}}))
    assert samrun("invoke", reference, "--event", str(event)) == "null\n"
    assert "got 1 Command\n" in samrun("logs", reference)
    [resumed] = json.loads(samrun("mappings", "resume", mapping_uuid("FnOrders"), "--json"))
    assert resumed["function"] == "reader"
    # It has two mappings, and those that other tests have left: the error names them.
    with pytest.raises(subprocess.CalledProcessError) as failure:
        samrun("mappings", "pause", reference)
    names = rf"{re.escape(reference)} has \d+ mappings: name the UUID of one: reader \("
    assert re.match(names, failure.value.stderr), failure.value.stderr
    assert f"reader ({resumed['uuid']})" in failure.value.stderr


def test_waiters_and_paginators_of_botocore_end(lambda_: Any) -> None:
    lambda_.get_waiter("function_exists").wait(FunctionName="reader")
    lambda_.get_waiter("function_active_v2").wait(FunctionName="reader")
    lambda_.get_waiter("function_updated").wait(FunctionName="reader")
    pages = lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    assert [[each["FunctionName"] for each in page["Functions"]] for page in pages] == [["reader"], ["worker"]]
    pages = lambda_.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 1})
    found = [each["UUID"] for page in pages for each in page["EventSourceMappings"]]
    assert found == [each["UUID"] for each in lambda_.list_event_source_mappings()["EventSourceMappings"]]
    assert len(set(found)) == len(found) > 2
