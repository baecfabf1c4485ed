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
from samrun.testing.stack import RunningStack

APP = Path(__file__).parents[1] / "apps" / "triggers"
ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def samrun_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with RunningStack(APP, tmp_path_factory.mktemp("triggers") / "data") as stack:
        yield stack


def queue_url(stack: RunningStack, name: str) -> str:
    return f"{stack.endpoints['aws']}/{ACCOUNT}/{name}"


def send(stack: RunningStack, queue: str, body: str, **options: str) -> None:
    stack.aws("sqs").send_message(QueueUrl=queue_url(stack, queue), MessageBody=body, **options)


def events(stack: RunningStack) -> list[dict[str, Any]]:
    """Return the events that the function recorded since the last reset."""
    return [json.loads(item["event"]) for item in stack.items("T")]


def wait_for_event(stack: RunningStack, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait for an event, and return it."""
    found: dict[str, Any] = stack.wait_for_invocation("Recorder", lambda invocation: is_it(invocation.event)).event
    return found


def test_dynamodb_local_itself_shows_no_table_without_the_secret_access_key(samrun: RunningStack) -> None:
    log = (samrun.data / "logs" / "dynamodb.log").read_text()
    [port] = re.findall(r"Port:\s+(\d+)", log)
    assert "T-table" in samrun.aws("dynamodb").list_tables()["TableNames"]
    assert client("dynamodb", url(int(port))).list_tables()["TableNames"] == []


def of_source(source: str) -> Callable[[dict[str, Any]], bool]:
    """Return the test for an event of records from a service."""
    return lambda event: any(source in (each.get("eventSource"), each.get("EventSource")) for each in records(event))


def records(event: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = event.get("Records", [])
    return found


def bodies(event: dict[str, Any]) -> list[str]:
    return [each["body"] for each in records(event) if "body" in each]


def test_resource_that_cannot_be_made_is_said_and_the_stack_runs(samrun: RunningStack) -> None:
    [line] = samrun.logged("could not be created")
    assert "Wrong (AWS::SQS::Queue)" in line


def test_nothing_of_the_template_is_left_out(samrun: RunningStack) -> None:
    assert samrun.logged("not run here") == []
    assert samrun.logged("is not triggered by") == []


def test_function_reaches_another_by_its_arn(samrun: RunningStack) -> None:
    assert samrun.invoke("Invoker", {"by": "arn"}) == {"batchItemFailures": []}
    assert {"by": "arn"} in events(samrun)


def test_secrets_and_parameters_reach_the_functions(samrun: RunningStack) -> None:
    environment = samrun.invoke("Recorder", {"ask": "environment"})
    assert environment["GREETING"] == "hello"
    assert json.loads(environment["SECRET"]) == {"username": "ada", "password": environment["PASSWORD"]}
    assert environment["KINDS"] == '["red","blue"]'
    assert environment["BLUE"] == queue_url(samrun, "Queueblue")


def test_queue_triggers_a_function_and_its_filter_and_partial_response_hold(samrun: RunningStack) -> None:
    send(samrun, "Jobs", '{"skip": true, "number": 1}')
    send(samrun, "Jobs", '{"number": 2}')
    send(samrun, "Jobs", '{"fail": true, "number": 3}')
    samrun.wait_until_idle()
    received = [body for event in events(samrun) for body in bodies(event)]
    assert {'{"number": 2}', '{"fail": true, "number": 3}'} == set(received)
    assert [message.body for message in samrun.messages("Dead")] == ['{"fail": true, "number": 3}']


def test_fifo_queue_triggers_a_function_in_order(samrun: RunningStack) -> None:
    for number in range(5):
        send(samrun, "Ordered.fifo", f"ordered-{number}", MessageGroupId="group")
    samrun.wait_until_idle()
    ordered = [each for event in events(samrun) for each in records(event)]
    by_sequence = sorted(ordered, key=lambda each: int(each["attributes"]["ApproximateFirstReceiveTimestamp"]))
    assert [each["body"] for each in by_sequence] == [f"ordered-{number}" for number in range(5)]
    assert {each["attributes"]["MessageGroupId"] for each in ordered} == {"group"}


def test_topic_triggers_a_function_with_what_its_filter_passes(samrun: RunningStack) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:News"
    for kind in ("bad", "good"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        samrun.aws("sns").publish(TopicArn=topic, Subject="news", Message=f"{kind} news", MessageAttributes=attributes)
    [record] = records(wait_for_event(samrun, of_source("aws:sns")))
    assert record["EventVersion"] == "1.0"
    assert record["EventSubscriptionArn"].startswith(f"{topic}:")
    assert record["Sns"]["Message"] == "good news"
    assert record["Sns"]["Subject"] == "news"
    assert record["Sns"]["TopicArn"] == topic
    assert record["Sns"]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "good"}}


def test_topic_triggers_a_function_through_a_queue(samrun: RunningStack) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:News"
    samrun.aws("sns").publish(TopicArn=topic, Message="by queue")
    wait_for_event(
        samrun, lambda event: any(json.loads(body).get("Message") == "by queue" for body in json_bodies(event))
    )


def json_bodies(event: dict[str, Any]) -> list[str]:
    return [body for body in bodies(event) if body.startswith("{")]


def test_bucket_triggers_a_function(samrun: RunningStack) -> None:
    s3 = samrun.aws("s3")
    for key in ("ignored.txt", "a file.csv"):
        s3.put_object(Bucket="uploads", Key=key, Body=b"1,2,3")
    s3.delete_object(Bucket="uploads", Key="a file.csv")

    def named(name: str) -> Callable[[dict[str, Any]], bool]:
        return lambda event: any(each.get("eventName") == name for each in records(event))

    [record] = records(wait_for_event(samrun, named("ObjectCreated:Put")))
    assert record["eventSource"] == "aws:s3"
    assert record["s3"]["bucket"]["name"] == "uploads"
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["size"]) == ("a+file.csv", 5)
    assert record["s3"]["object"]["sequencer"]
    [removed] = records(wait_for_event(samrun, named("ObjectRemoved:Delete")))
    assert "size" not in removed["s3"]["object"]


def test_rule_of_a_custom_bus_invokes_a_function_with_events_that_match(samrun: RunningStack) -> None:
    for total in (50, 150):
        samrun.aws("events").put_events(
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
    event = wait_for_event(samrun, lambda event: event.get("source") == "shop")
    assert event["detail-type"] == 'Order "Placed"'
    assert event["detail"] == {"total": 150, "note": "<id>"}
    assert event["resources"] == ["arn:aws:shop:::1"]
    assert (event["account"], event["region"], event["version"]) == (ACCOUNT, "us-east-1", "0")
    assert set(event) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    }


def test_rule_of_the_default_bus_sends_a_part_of_the_event(samrun: RunningStack) -> None:
    detail = {"order": "o-1", "reason": "late"}
    samrun.aws("events").put_events(
        Entries=[{"Source": "shop", "DetailType": "Cancelled", "Detail": json.dumps(detail)}]
    )
    wait_for_event(samrun, lambda event: event == detail)


def test_event_that_a_rule_cannot_send_to_a_function_goes_to_the_dead_letter_queue(samrun: RunningStack) -> None:
    samrun.aws("events").put_events(
        Entries=[{"Source": "untransformable", "DetailType": "Any", "Detail": '{"order": "o-2"}'}]
    )
    samrun.wait_until_idle()
    [dead] = samrun.messages("Undelivered")
    assert json.loads(dead.body)["detail"] == {"order": "o-2"}
    assert dead.attributes["ERROR_CODE"] == "INVALID_JSON"
    assert str(dead.attributes["RULE_ARN"]).endswith(":rule/Untransformable")


def test_stream_of_a_table_triggers_a_function(samrun: RunningStack) -> None:
    samrun.aws("dynamodb").put_item(TableName="Orders", Item={"id": {"S": "o-1"}})
    [record] = records(wait_for_event(samrun, of_source("aws:dynamodb")))
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "o-1"}}
    assert record["eventSourceARN"].startswith(f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Orders/stream/")


def test_data_stream_triggers_a_function(samrun: RunningStack) -> None:
    samrun.aws("kinesis").put_record(StreamName="Clicks", Data=b"click", PartitionKey="p")
    [record] = records(wait_for_event(samrun, of_source("aws:kinesis")))
    assert record["kinesis"]["data"] == "Y2xpY2s="


def test_reset_leaves_nothing_and_triggers_nothing(samrun: RunningStack) -> None:
    bucket, orders = samrun.resource_name("Uploads"), samrun.resource_name("Orders")
    dynamodb, s3 = samrun.aws("dynamodb"), samrun.aws("s3")
    for number in range(3):
        send(samrun, "Jobs", json.dumps({"number": number}))
        s3.put_object(Bucket=bucket, Key=f"{number}.csv", Body=b"")
    dynamodb.put_item(TableName=orders, Item={"id": {"S": "o-1"}})
    samrun.wait_until_idle()
    assert "aws:dynamodb" in sources(samrun)
    samrun.reset()
    samrun.wait_until_idle()
    assert samrun.invocations() == []
    assert samrun.items("T") == samrun.items("Orders") == []
    assert samrun.messages("Dead") == []
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    # It goes on as before.
    send(samrun, "Jobs", '{"number": 4}')
    dynamodb.put_item(TableName=orders, Item={"id": {"S": "o-2"}})
    s3.put_object(Bucket=bucket, Key="4.csv", Body=b"")
    samrun.wait_until_idle()
    assert sources(samrun) == ["aws:dynamodb", "aws:s3", "aws:sqs"]


def sources(stack: RunningStack) -> list[str]:
    """Return the services whose events invoked the function since the last reset, sorted."""
    found = (records(each.event) for each in stack.invocations("Recorder"))
    return sorted(each[0].get("eventSource") or each[0]["EventSource"] for each in found if each)
