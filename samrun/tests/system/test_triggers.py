"""Triggers and resources of a template on a real stack: queues, topics, buckets, rules, streams, and one more function.

The functions are in samrun/tests/apps/triggers; one writes each event that it gets into a table.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from samrun.endpoints import url
from samrun.testing.aws import client
from samrun.testing.dynamodb import Table
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

APP = Path(__file__).parents[1] / "apps" / "triggers"
ACCOUNT = "123456789012"


class Application:
    """The stack of the application, and what its functions recorded."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self._table = Table(stack.endpoints["dynamodb"], "T-table")

    def client(self, service: str) -> Any:
        return client(service, self.stack.endpoints["lambda" if service == "lambda" else "aws"])

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(item["event"]) for item in self._table.scan()]

    def event(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an event, and return it."""
        return eventually(lambda: next(filter(is_it, self.events()), None), what="an event")

    def queue(self, name: str) -> str:
        return f"{self.stack.endpoints['aws']}/{ACCOUNT}/{name}"

    def send(self, queue: str, body: str, **options: str) -> None:
        self.client("sqs").send_message(QueueUrl=self.queue(queue), MessageBody=body, **options)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with RunningStack(APP, tmp_path_factory.mktemp("triggers") / "data") as stack:
        yield Application(stack)


def test_dynamodb_local_itself_shows_no_table_without_the_secret_access_key(application: Application) -> None:
    log = (application.stack.data / "logs" / "dynamodb.log").read_text()
    [port] = re.findall(r"Port:\s+(\d+)", log)
    assert "T-table" in client("dynamodb", application.stack.endpoints["dynamodb"]).list_tables()["TableNames"]
    assert client("dynamodb", url(int(port))).list_tables()["TableNames"] == []


def of_source(source: str) -> Callable[[dict[str, Any]], bool]:
    """Return the test for an event of records from a service."""
    return lambda event: any(source in (each.get("eventSource"), each.get("EventSource")) for each in records(event))


def records(event: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = event.get("Records", [])
    return found


def bodies(event: dict[str, Any]) -> list[str]:
    return [each["body"] for each in records(event) if "body" in each]


def test_resource_that_cannot_be_made_is_said_and_the_stack_runs(application: Application) -> None:
    [line] = application.stack.logged("could not be created")
    assert "Wrong (AWS::SQS::Queue)" in line


def test_nothing_of_the_template_is_left_out(application: Application) -> None:
    assert application.stack.logged("not run here") == []
    assert application.stack.logged("is not triggered by") == []


def test_function_reaches_another_by_its_arn(application: Application) -> None:
    assert application.invoke("Invoker", {"by": "arn"}) == {"batchItemFailures": []}
    assert {"by": "arn"} in application.events()


def test_secrets_and_parameters_reach_the_functions(application: Application) -> None:
    environment = application.invoke("Recorder", {"ask": "environment"})
    assert environment["GREETING"] == "hello"
    assert json.loads(environment["SECRET"]) == {"username": "ada", "password": environment["PASSWORD"]}
    assert environment["KINDS"] == '["red","blue"]'
    assert environment["BLUE"] == application.queue("Queueblue")


def test_queue_triggers_a_function_and_its_filter_and_partial_response_hold(application: Application) -> None:
    application.send("Jobs", '{"skip": true, "number": 1}')
    application.send("Jobs", '{"number": 2}')
    application.send("Jobs", '{"fail": true, "number": 3}')
    application.event(lambda event: '{"fail": true, "number": 3}' in bodies(event))
    application.event(lambda event: '{"number": 2}' in bodies(event))
    dead = eventually(
        lambda: application.client("sqs").receive_message(QueueUrl=application.queue("Dead")).get("Messages"),
        what="the message that failed, after maxReceiveCount",
    )
    assert [message["Body"] for message in dead] == ['{"fail": true, "number": 3}']
    assert not [event for event in application.events() if '{"skip": true, "number": 1}' in bodies(event)]


def test_fifo_queue_triggers_a_function_in_order(application: Application) -> None:
    for number in range(5):
        application.send("Ordered.fifo", f"ordered-{number}", MessageGroupId="group")
    application.event(lambda event: "ordered-4" in bodies(event))
    ordered = [each for event in application.events() for each in records(event) if "ordered" in each.get("body", "")]
    by_sequence = sorted(ordered, key=lambda each: int(each["attributes"]["ApproximateFirstReceiveTimestamp"]))
    assert [each["body"] for each in by_sequence] == [f"ordered-{number}" for number in range(5)]
    assert {each["attributes"]["MessageGroupId"] for each in ordered} == {"group"}


def test_topic_triggers_a_function_with_what_its_filter_passes(application: Application) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:News"
    for kind in ("bad", "good"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        application.client("sns").publish(
            TopicArn=topic, Subject="news", Message=f"{kind} news", MessageAttributes=attributes
        )
    [record] = records(application.event(of_source("aws:sns")))
    assert record["EventVersion"] == "1.0"
    assert record["EventSubscriptionArn"].startswith(f"{topic}:")
    assert record["Sns"]["Message"] == "good news"
    assert record["Sns"]["Subject"] == "news"
    assert record["Sns"]["TopicArn"] == topic
    assert record["Sns"]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "good"}}


def test_topic_triggers_a_function_through_a_queue(application: Application) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:News"
    application.client("sns").publish(TopicArn=topic, Message="by queue")
    application.event(lambda event: any(json.loads(body).get("Message") == "by queue" for body in json_bodies(event)))


def json_bodies(event: dict[str, Any]) -> list[str]:
    return [body for body in bodies(event) if body.startswith("{")]


def test_bucket_triggers_a_function(application: Application) -> None:
    s3 = application.client("s3")
    for key in ("ignored.txt", "a file.csv"):
        s3.put_object(Bucket="uploads", Key=key, Body=b"1,2,3")
    s3.delete_object(Bucket="uploads", Key="a file.csv")

    def named(name: str) -> Callable[[dict[str, Any]], bool]:
        return lambda event: any(each.get("eventName") == name for each in records(event))

    [record] = records(application.event(named("ObjectCreated:Put")))
    assert record["eventSource"] == "aws:s3"
    assert record["s3"]["bucket"]["name"] == "uploads"
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["size"]) == ("a+file.csv", 5)
    assert record["s3"]["object"]["sequencer"]
    [removed] = records(application.event(named("ObjectRemoved:Delete")))
    assert "size" not in removed["s3"]["object"]


def test_rule_of_a_custom_bus_invokes_a_function_with_events_that_match(application: Application) -> None:
    for total in (50, 150):
        application.client("events").put_events(
            Entries=[
                {
                    "EventBusName": "orders",
                    "Source": "shop",
                    "DetailType": 'Order "Placed"',
                    "Detail": json.dumps({"total": total, "note": "<id>"}),
                    "Resources": ["arn:aws:shop:::1"],
                }
            ]
        )
    event = application.event(lambda event: event.get("source") == "shop")
    assert event["detail-type"] == 'Order "Placed"'
    assert event["detail"] == {"total": 150, "note": "<id>"}
    assert event["resources"] == ["arn:aws:shop:::1"]
    assert (event["account"], event["region"], event["version"]) == (ACCOUNT, "us-east-1", "0")
    assert set(event) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    }


def test_rule_of_the_default_bus_sends_a_part_of_the_event(application: Application) -> None:
    detail = {"order": "o-1", "reason": "late"}
    application.client("events").put_events(
        Entries=[{"Source": "shop", "DetailType": "Cancelled", "Detail": json.dumps(detail)}]
    )
    application.event(lambda event: event == detail)


def test_event_that_a_rule_cannot_send_to_a_function_goes_to_the_dead_letter_queue(application: Application) -> None:
    application.client("events").put_events(
        Entries=[{"Source": "untransformable", "DetailType": "Any", "Detail": '{"order": "o-2"}'}]
    )
    queue = {"QueueUrl": application.queue("Undelivered"), "MessageAttributeNames": ["All"]}
    [dead] = eventually(
        lambda: application.client("sqs").receive_message(**queue).get("Messages"), what="the dead letter"
    )
    assert json.loads(dead["Body"])["detail"] == {"order": "o-2"}
    assert dead["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "INVALID_JSON"
    assert dead["MessageAttributes"]["RULE_ARN"]["StringValue"].endswith(":rule/Untransformable")


def test_stream_of_a_table_triggers_a_function(application: Application) -> None:
    dynamodb = client("dynamodb", application.stack.endpoints["dynamodb"])
    dynamodb.put_item(TableName="Orders", Item={"id": {"S": "o-1"}})
    [record] = records(application.event(of_source("aws:dynamodb")))
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "o-1"}}
    assert record["eventSourceARN"].startswith(f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Orders/stream/")


def test_data_stream_triggers_a_function(application: Application) -> None:
    application.client("kinesis").put_record(StreamName="Clicks", Data=b"click", PartitionKey="p")
    [record] = records(application.event(of_source("aws:kinesis")))
    assert record["kinesis"]["data"] == "Y2xpY2s="


def test_reset_leaves_nothing_and_triggers_nothing(application: Application) -> None:
    stack = application.stack
    bucket, orders = stack.resource_name("Uploads"), stack.resource_name("Orders")
    dynamodb = client("dynamodb", stack.endpoints["dynamodb"])
    for number in range(3):
        application.send("Jobs", json.dumps({"number": number}))
        application.client("s3").put_object(Bucket=bucket, Key=f"{number}.csv", Body=b"")
    dynamodb.put_item(TableName=orders, Item={"id": {"S": "o-1"}})
    stack.wait_until_idle()
    assert "aws:dynamodb" in sources(stack)
    stack.reset()
    stack.wait_until_idle()
    assert stack.invocations() == []
    assert stack.items("T") == stack.items("Orders") == []
    assert stack.messages("Dead") == []
    assert application.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    # It goes on as before.
    application.send("Jobs", '{"number": 4}')
    dynamodb.put_item(TableName=orders, Item={"id": {"S": "o-2"}})
    application.client("s3").put_object(Bucket=bucket, Key="4.csv", Body=b"")
    stack.wait_until_idle()
    assert sources(stack) == ["aws:dynamodb", "aws:s3", "aws:sqs"]


def sources(stack: RunningStack) -> list[str]:
    """Return the services whose events invoked the function since the last reset, sorted."""
    found = (records(each.event) for each in stack.invocations("Recorder"))
    return sorted(each[0].get("eventSource") or each[0]["EventSource"] for each in found if each)
