"""Asynchronous invocations: retries, and the records and dead letters in the local AWS."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samrun.functions.asynchronous_destinations import AwsDestinations, Destinations
from samrun.functions.asynchronous_invoker import AsynchronousInvoker, Timing
from samrun.functions.invoker import FunctionThrottledError, InvocationOptions, InvocationResult, PayloadTooLargeError
from samrun.template.model.functions import AsynchronousInvocation, Function
from support.asynchronous import RecordingDestinations
from support.fake_invoker import FakeInvoker, success
from support.local_aws import LocalAws
from support.python_function import create_function

ACCOUNT = "eu-central-1:123456789012"
QUEUE, TOPIC, BUCKET = f"arn:aws:sqs:{ACCOUNT}:results", f"arn:aws:sns:{ACCOUNT}:results", "arn:aws:s3:::results"
BUS = f"arn:aws:events:{ACCOUNT}:event-bus/results"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn"
FAILURE = InvocationResult.of_error("ValueError", "of no use")


class Attempts(FakeInvoker):
    """Fake that keeps the ids of the requests, too, and returns `results` in turn."""

    def __init__(self, *results: InvocationResult | FunctionThrottledError) -> None:
        super().__init__()
        self.request_ids: list[str] = []
        self._results = list(results)

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        assert options
        self.request_ids.append(options.request_id)
        await super().invoke(function, payload)
        result = self._results.pop(0) if self._results else success("done")
        if isinstance(result, InvocationResult):
            return result
        raise result


def _function(name: str = "Fn", **settings: Any) -> Function:
    function = create_function(Path(), None)
    arn = FUNCTION_ARN.replace(":Fn", f":{name}")
    return replace(function, name=name, arn=arn, asynchronous=AsynchronousInvocation(**settings))


def _invoke(
    function: Function, invoker: Attempts, destinations: Destinations | None = None, *, event: Any = "event"
) -> tuple[list[float], list[str]]:
    """Invoke the function, and wait for all that follows. Return the waits before retries and the reports."""
    waits: list[float] = []
    reports: list[str] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def scenario() -> None:
        asynchronous = AsynchronousInvoker(
            invoker,
            [function, _function("Other")],
            destinations=destinations or RecordingDestinations(),
            report=reports.append,
            timing=Timing(retry_delay=5, now=lambda: sum(waits), sleep=sleep),
        )
        await asynchronous.invoke(function.name, json.dumps(event).encode(), InvocationOptions(request_id="r-1"))
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})  # of a function that is a destination
        await asynchronous.stop()

    asyncio.run(scenario())
    return waits, reports


def test_event_is_retried_twice_with_the_id_of_its_request() -> None:
    destinations, invoker = RecordingDestinations(), Attempts(FAILURE, FAILURE, FAILURE)
    waits, reports = _invoke(_function(on_failure=QUEUE, dead_letter_queue=TOPIC), invoker, destinations)
    assert waits == [5, 10]
    assert invoker.request_ids == ["r-1"] * 3
    assert reports == [
        "Fn failed (ValueError): retry in 5 s",
        "Fn failed (ValueError): retry in 10 s",
        "Fn failed (ValueError): no retry is left",
    ]
    [(arn, record)] = destinations.records
    assert arn == QUEUE
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": "r-1",
            "functionArn": f"{FUNCTION_ARN}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": "event",
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "ValueError", "errorMessage": "of no use"},
    }
    assert destinations.dead_letters == [(TOPIC, b'"event"')]


def test_throttled_event_is_tried_again_and_has_its_retries_still() -> None:
    destinations, refusal = RecordingDestinations(), FunctionThrottledError("Rate Exceeded.")
    invoker = Attempts(*[refusal] * 4, FAILURE, FAILURE)
    waits, _ = _invoke(_function(on_success=QUEUE), invoker, destinations)
    assert waits == [1, 2, 4, 5, 5, 10]
    [(_, record)] = destinations.records
    assert record["requestContext"]["approximateInvokeCount"] == 3


def test_event_that_is_throttled_for_too_long_is_given_up() -> None:
    destinations, refusal = RecordingDestinations(), FunctionThrottledError("Rate Exceeded.")
    _invoke(_function(maximum_age=6, on_failure=QUEUE), Attempts(*[refusal] * 9), destinations)
    [(_, record)] = destinations.records
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["responsePayload"]["errorType"] == "TooManyRequestsException"


def test_event_that_succeeds_goes_to_the_destination_of_success_alone() -> None:
    destinations = RecordingDestinations()
    function = _function(on_success=QUEUE, on_failure=TOPIC, dead_letter_queue=TOPIC)
    waits, _ = _invoke(function, Attempts(FAILURE), destinations)
    assert waits == [5]
    [(arn, record)] = destinations.records
    assert (arn, destinations.dead_letters) == (QUEUE, [])
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == ("Success", 2)
    assert (record["responseContext"], record["responsePayload"]) == (
        {"statusCode": 200, "executedVersion": "$LATEST"},
        "done",
    )


@pytest.mark.parametrize(
    ("settings", "attempts", "condition"),
    [
        ({"maximum_retries": 0}, 1, "RetriesExhausted"),
        ({"maximum_retries": 1}, 2, "RetriesExhausted"),
        ({"maximum_age": 12}, 2, "EventAgeExceeded"),
    ],
)
def test_function_limits_its_retries_and_the_age_of_an_event(
    settings: dict[str, Any], attempts: int, condition: str
) -> None:
    destinations, invoker = RecordingDestinations(), Attempts(FAILURE, FAILURE, FAILURE)
    _invoke(_function(on_failure=QUEUE, **settings), invoker, destinations)
    [(_, record)] = destinations.records
    assert len(invoker.request_ids) == attempts
    assert record["requestContext"]["condition"] == condition
    assert record["requestContext"]["approximateInvokeCount"] == attempts


def test_function_is_a_destination(local_aws: LocalAws) -> None:
    invoker = Attempts()
    arn = FUNCTION_ARN.replace(":Fn", ":Other")
    _invoke(_function(on_success=arn), invoker, AwsDestinations(local_aws.client))
    (_, (name, payload)) = invoker.invocations
    assert name == "Other"
    assert json.loads(payload)["requestContext"]["condition"] == "Success"


def test_events_that_are_not_done_are_reported_when_the_stack_ends() -> None:
    reports: list[str] = []

    async def scenario() -> None:
        sleeping = asyncio.Event()

        async def sleep(_seconds: float) -> None:
            sleeping.set()
            await asyncio.Event().wait()

        asynchronous = AsynchronousInvoker(
            Attempts(FAILURE),
            [_function()],
            destinations=RecordingDestinations(),
            report=reports.append,
            timing=Timing(sleep=sleep),
        )
        asynchronous.accept("Fn", b"1")
        await sleeping.wait()
        await asynchronous.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())
    assert reports[-1] == "1 asynchronous invocations were not done; their events are lost"


@pytest.fixture
def results(local_aws: LocalAws) -> Iterator[Callable[[], dict[str, Any]]]:
    """Make the destinations. The fixture's function returns the message in the queue."""
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName="results")["QueueUrl"]
    topic = local_aws.client("sns").create_topic(Name="results")["TopicArn"]
    local_aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)

    def receive() -> dict[str, Any]:
        [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        found: dict[str, Any] = message
        return found

    yield receive
    sqs.delete_queue(QueueUrl=url)


def test_queue_gets_the_record(local_aws: LocalAws, results: Callable[[], dict[str, Any]]) -> None:
    _invoke(_function(on_success=QUEUE), Attempts(), AwsDestinations(local_aws.client), event={"ü": [1]})
    assert json.loads(results()["Body"])["requestPayload"] == {"ü": [1]}


def test_topic_gets_the_record(local_aws: LocalAws, results: Callable[[], dict[str, Any]]) -> None:
    _invoke(_function(on_success=TOPIC), Attempts(), AwsDestinations(local_aws.client))
    assert json.loads(json.loads(results()["Body"])["Message"])["requestPayload"] == "event"


def test_bucket_gets_the_record_under_the_name_of_the_function(local_aws: LocalAws) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="results", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    function = _function(on_failure=BUCKET, maximum_retries=0)
    _invoke(function, Attempts(FAILURE), AwsDestinations(local_aws.client))
    [key] = [each["Key"] for each in s3.list_objects_v2(Bucket="results")["Contents"]]
    assert key.startswith("aws/lambda/async/Fn/2")
    assert json.load(s3.get_object(Bucket="results", Key=key)["Body"])["requestPayload"] == "event"


def test_event_bus_gets_the_record_as_the_detail_of_an_event(local_aws: LocalAws) -> None:
    """The local AWS accepts the event; moto delivers it to no target without a package that is not installed."""
    events = local_aws.client("events")
    events.create_event_bus(Name="results")
    sent: list[dict[str, Any]] = []
    events.meta.events.register("provide-client-params.events.PutEvents", lambda params, **_: sent.append(params))
    _, reports = _invoke(_function(on_success=BUS), Attempts(), AwsDestinations(lambda _: events))
    assert reports == []
    [entry] = sent[0]["Entries"]
    assert json.loads(entry.pop("Detail"))["requestPayload"] == "event"
    assert entry == {
        "Source": "lambda",
        "DetailType": "Lambda Function Invocation Result - Success",
        "Resources": [BUS, f"{FUNCTION_ARN}:$LATEST"],
        "EventBusName": "results",
    }


@pytest.mark.parametrize("arn", [QUEUE, TOPIC])
def test_dead_letter_is_the_event_with_the_error_as_attributes(
    local_aws: LocalAws, results: Callable[[], dict[str, Any]], arn: str
) -> None:
    function = _function(dead_letter_queue=arn, maximum_retries=0)
    _invoke(function, Attempts(FAILURE), AwsDestinations(local_aws.client), event={"a": 1})
    message = results()
    if arn == TOPIC:
        notification = json.loads(message["Body"])
        body, attributes = notification["Message"], notification["MessageAttributes"]
        found = {name: (each["Type"], each["Value"]) for name, each in attributes.items()}
    else:
        body, attributes = message["Body"], message["MessageAttributes"]
        found = {name: (each["DataType"], each["StringValue"]) for name, each in attributes.items()}
    assert body == '{"a": 1}'
    assert found == {
        "RequestID": ("String", "r-1"),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "of no use"),
    }


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:nowhere", "NonExistentQueue"),
        ("arn:aws:lambda:us-east-1:123456789012:function:Nowhere", "Nowhere does not run here"),
        ("arn:aws:states:us-east-1:123456789012:stateMachine:M", "Lambda cannot send records to arn:aws:states:"),
    ],
)
def test_destination_that_is_missing_is_reported(local_aws: LocalAws, arn: str, reason: str) -> None:
    _, [report] = _invoke(_function(on_success=arn), Attempts(), AwsDestinations(local_aws.client))
    assert report.startswith("Fn: a destination did not get an event: ")
    assert reason in report


def test_result_that_is_no_json_is_a_text_in_the_record() -> None:
    destinations = RecordingDestinations()
    invoker = Attempts(InvocationResult(request_id="r-1", payload=b"<xml/>"))
    _invoke(_function(on_success=QUEUE), invoker, destinations)
    [(_, record)] = destinations.records
    assert record["responsePayload"] == "<xml/>"


@pytest.mark.parametrize("payload", [b'"of no use"', b"[1]", b"<xml/>", b""])
def test_error_that_is_no_json_object_is_retried_and_dead_lettered(
    local_aws: LocalAws, results: Callable[[], dict[str, Any]], payload: bytes
) -> None:
    failure = InvocationResult(request_id="r-1", payload=payload, function_error="Unhandled")
    function = _function(dead_letter_queue=QUEUE, maximum_retries=1)
    waits, reports = _invoke(function, Attempts(failure, failure), AwsDestinations(local_aws.client))
    assert waits == [5]
    assert reports == ["Fn failed (Runtime.Unknown): retry in 5 s", "Fn failed (Runtime.Unknown): no retry is left"]
    message = results()
    assert message["Body"] == '"event"'
    assert message["MessageAttributes"].keys() == {"RequestID", "ErrorCode"}


def test_event_that_a_function_cannot_get_is_reported_as_lost() -> None:
    class Limited(Attempts):
        """Fake of an invoker that gives Other no record, since it is too large."""

        async def invoke(
            self, function: str, payload: bytes, options: InvocationOptions | None = None
        ) -> InvocationResult:
            if function == "Other":
                raise PayloadTooLargeError("The payload for Other has too many bytes.")
            return await super().invoke(function, payload, options)

    _, reports = _invoke(_function(on_success=FUNCTION_ARN.replace(":Fn", ":Other")), Limited())
    assert reports == ["Other: the event is lost: The payload for Other has too many bytes."]
