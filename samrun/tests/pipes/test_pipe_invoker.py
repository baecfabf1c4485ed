"""Pipes: what their enrichments and targets get, and what becomes of a batch that one of them refuses."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.functions.invoker import InvocationResult
from samrun.pipes.pipe_invoker import PipeInvoker
from samrun.template.model.pipes import ApiDestination, Pipe, PipeStep
from support.fake_invoker import FakeInvoker, success
from support.local_aws import LocalAws
from support.web_server import serve_in_thread

SOURCE = "arn:aws:sqs:eu-central-1:123456789012:source"
FUNCTION = PipeStep(arn="arn:aws:lambda:eu-central-1:123456789012:function:Fn", function="Fn")
FLOW = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": [{"from": "flow"}], "End": True}}}


def message(body: str, number: int = 1) -> dict[str, Any]:
    return {"messageId": f"m-{number}", "body": body, "eventSource": "aws:sqs", "eventSourceARN": SOURCE}


async def fail(_name: str, _payload: bytes) -> InvocationResult:
    return InvocationResult.of_error("ValueError", "of no use")


class RecordedPipe:
    """A pipe, what its functions got, and what it reported."""

    def __init__(
        self,
        target: PipeStep,
        local_aws: LocalAws,
        *,
        enrichment: PipeStep | None = None,
        answer: Any = None,
        fails: bool = False,
    ) -> None:
        self.pipe = Pipe(
            logical_id="Pipe",
            name="pipe",
            arn="arn:aws:pipes:eu-central-1:123456789012:pipe/pipe",
            source_arn=SOURCE,
            target=target,
            enrichment=enrichment,
        )
        self.functions = FakeInvoker(answer, function=fail if fails else None)
        self.accepted: list[tuple[str, Any]] = []
        self.reports: list[str] = []
        self.invoker = PipeInvoker(
            self.functions,
            [self.pipe],
            accept=lambda function, payload: self.accepted.append((function, json.loads(payload))),
            client=local_aws.client,
            report=self.reports.append,
        )

    def send(self, *records: dict[str, Any]) -> InvocationResult:
        return self.invoke(self.pipe.consumer, {"Records": records})

    def invoke(self, name: str, event: Any) -> InvocationResult:
        return asyncio.run(self.invoker.invoke(name, json.dumps(event).encode()))


def queue(local_aws: LocalAws) -> str:
    """Make a queue, and return its name."""
    name = f"target-{uuid.uuid4().hex}"
    local_aws.client("sqs").create_queue(QueueName=name)
    return name


def received(local_aws: LocalAws, name: str) -> list[str]:
    sqs = local_aws.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return sorted(each["Body"] for each in messages)


def to_queue(name: str, **fields: Any) -> PipeStep:
    return PipeStep(arn=f"arn:aws:sqs:eu-central-1:123456789012:{name}", **fields)


def test_function_gets_the_batch_as_a_list(local_aws: LocalAws) -> None:
    recorded = RecordedPipe(FUNCTION, local_aws, answer={"statusCode": 200})
    result = recorded.send(message("a"), message("b", 2))
    assert recorded.functions.event == [message("a"), message("b", 2)]
    assert (result.function_error, result.payload) == (None, b"{}")


def test_events_that_the_target_names_as_failed_reach_the_mapping(local_aws: LocalAws) -> None:
    failures = {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    result = RecordedPipe(FUNCTION, local_aws, answer=failures).send(message("a"), message("b", 2))
    assert json.loads(result.payload) == failures


def test_function_that_nobody_waits_for_is_invoked_asynchronously(local_aws: LocalAws) -> None:
    step = PipeStep(arn=FUNCTION.arn, function="Fn", parameters={"InvocationType": "FIRE_AND_FORGET"})
    recorded = RecordedPipe(step, local_aws)
    recorded.send(message("a"))
    assert recorded.accepted == [("Fn", [message("a")])]


def test_input_template_makes_each_event_and_reads_its_body_as_json(local_aws: LocalAws) -> None:
    template = '{"order": <$.body.id>, "by": "<aws.pipes.pipe-name> of <$.messageId>"}'
    name = queue(local_aws)
    RecordedPipe(to_queue(name, input_template=template), local_aws).send(message('{"id": 7}'))
    assert json.loads(*received(local_aws, name)) == {"order": 7, "by": "pipe of m-1"}


def test_input_template_may_be_a_text(local_aws: LocalAws) -> None:
    name = queue(local_aws)
    RecordedPipe(to_queue(name, input_template="Hello, <$.body>"), local_aws).send(message("Ada"))
    assert received(local_aws, name) == ['Hello, "Ada"']


def test_enrichment_takes_the_place_of_the_events(local_aws: LocalAws) -> None:
    name = queue(local_aws)
    recorded = RecordedPipe(to_queue(name), local_aws, enrichment=FUNCTION, answer=[{"n": 1}, "two"])
    recorded.send(message("a"))
    assert recorded.functions.event == [message("a")]
    assert received(local_aws, name) == ["two", '{"n": 1}']


@pytest.mark.parametrize("nothing", [None, "", {}, []])
def test_target_gets_nothing_if_the_enrichment_returns_nothing(local_aws: LocalAws, nothing: Any) -> None:
    name = queue(local_aws)
    result = RecordedPipe(to_queue(name), local_aws, enrichment=FUNCTION, answer=nothing).send(message("a"))
    assert (received(local_aws, name), result.function_error) == ([], None)


def test_enrichment_by_a_state_machine_is_its_output(local_aws: LocalAws) -> None:
    machine = local_aws.client("stepfunctions").create_state_machine(
        name=f"flow-{uuid.uuid4().hex}",
        definition=json.dumps(FLOW),
        roleArn="arn:aws:iam::123456789012:role/r",
        type="EXPRESS",
    )["stateMachineArn"]
    name = queue(local_aws)
    RecordedPipe(to_queue(name), local_aws, enrichment=PipeStep(arn=machine)).send(message("a"))
    assert received(local_aws, name) == ['{"from": "flow"}']


def test_failure_of_a_step_fails_the_batch_and_is_said(local_aws: LocalAws) -> None:
    recorded = RecordedPipe(FUNCTION, local_aws, fails=True)
    result = recorded.send(message("a"))
    assert (result.function_error, recorded.reports) == ("Unhandled", ["Pipe: Fn failed (ValueError)"])
    missing = RecordedPipe(to_queue("no-such-queue"), local_aws).send(message("a"))
    assert missing.function_error == "Unhandled"


def test_event_bus_gets_an_event_with_the_parameters_of_the_pipe(local_aws: LocalAws) -> None:
    events, name = local_aws.client("events"), queue(local_aws)
    bus = f"bus-{uuid.uuid4().hex}"
    arn = events.create_event_bus(Name=bus)["EventBusArn"]
    events.put_rule(Name="all", EventBusName=bus, EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "q", "Arn": to_queue(name).arn}])
    step = PipeStep(arn=arn, parameters={"Source": "shop", "DetailType": "$.body.kind"})
    RecordedPipe(step, local_aws).send(message('{"kind": "Placed"}'))
    [text] = received(local_aws, name)
    event = json.loads(text)
    assert (event["detail-type"], event["detail"]["messageId"]) == ("Placed", "m-1")


def test_functions_are_invoked_as_before(local_aws: LocalAws) -> None:
    recorded = RecordedPipe(FUNCTION, local_aws, answer=7)
    assert recorded.invoke("Other", {}) == success(7)


@pytest.fixture
def requests() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def endpoint(requests: list[dict[str, Any]]) -> Iterator[str]:
    async def take(request: Request) -> Response:
        requests.append(
            {
                "path": request.url.path,
                "query": dict(request.query_params),
                "headers": dict(request.headers),
                "body": (await request.body()).decode(),
            }
        )
        if request.url.path == "/token":
            return JSONResponse({"access_token": "token-1"})
        return JSONResponse({"seen": True}, status_code=503 if request.url.path == "/busy" else 200)

    with serve_in_thread(Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])) as url:
        yield url


def to_endpoint(url: str, parameters: dict[str, Any] | None = None, **authorization: Any) -> PipeStep:
    destination = ApiDestination(logical_id="Hook", url=url, method="POST", authorization=authorization)
    return PipeStep(arn="arn:hook", destination=destination, parameters=parameters or {})


def test_api_destination_gets_each_event_with_the_key_of_its_connection(
    local_aws: LocalAws, endpoint: str, requests: list[dict[str, Any]]
) -> None:
    parameters = {"PathParameterValues": ["a/b"], "QueryStringParameters": {"q": "1"}}
    key = {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}
    step = to_endpoint(f"{endpoint}/orders/*", parameters, ApiKeyAuthParameters=key)
    RecordedPipe(step, local_aws).send(message("a"))
    [request] = requests
    assert (request["path"], request["query"], json.loads(request["body"])) == (
        "/orders/a/b",
        {"q": "1"},
        message("a"),
    )
    assert request["headers"]["x-key"] == "secret"


def test_api_destination_gets_the_token_of_its_connection(
    local_aws: LocalAws, endpoint: str, requests: list[dict[str, Any]]
) -> None:
    oauth = {
        "AuthorizationEndpoint": f"{endpoint}/token",
        "HttpMethod": "POST",
        "ClientParameters": {"ClientID": "id", "ClientSecret": "s"},
    }
    RecordedPipe(to_endpoint(f"{endpoint}/hook", OAuthParameters=oauth), local_aws).send(message("a"))
    asked, sent = requests
    assert asked["body"] == "grant_type=client_credentials&client_id=id&client_secret=s"
    assert sent["headers"]["authorization"] == "Bearer token-1"


def test_refusal_of_an_api_destination_fails_the_batch(local_aws: LocalAws, endpoint: str) -> None:
    recorded = RecordedPipe(to_endpoint(f"{endpoint}/busy"), local_aws)
    result = recorded.send(message("a"))
    assert (result.error_type, recorded.reports) == (
        "ApiDestinationError",
        [f"Pipe: POST {endpoint}/busy answered 503"],
    )


def test_records_of_kafka_and_kinesis_are_flat_events(local_aws: LocalAws) -> None:
    recorded = RecordedPipe(FUNCTION, local_aws)
    record = {"topic": "t", "partition": 0, "offset": 3, "value": "eyJhIjogMX0="}
    batch = {"eventSource": "SelfManagedKafka", "bootstrapServers": "b:9092", "records": {"t-0": [record]}}
    recorded.invoke(recorded.pipe.consumer, batch)
    assert recorded.functions.event == [
        {"eventSource": "SelfManagedKafka", "bootstrapServers": "b:9092", "eventSourceKey": "t-0", **record}
    ]
    other = RecordedPipe(FUNCTION, local_aws)
    other.send({"eventSource": "aws:kinesis", "kinesis": {"data": "YQ==", "partitionKey": "p"}})
    assert other.functions.event == [{"eventSource": "aws:kinesis", "data": "YQ==", "partitionKey": "p"}]
