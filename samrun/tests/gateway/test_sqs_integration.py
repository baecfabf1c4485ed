"""Routes of an HTTP API that send a message to a queue."""

import asyncio
import json
import re
import uuid
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from samrun.gateway import Access, gateway
from samrun.supervision.ports import LOOPBACK, claim
from samrun.template.model.http_apis import HttpApi, Route, ServiceIntegration
from support.fake_invoker import FakeInvoker
from support.local_aws import LocalAws

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"


class IntegratedQueue:
    """A queue of the local AWS behind the route `POST /orders/{id}` with these parameters."""

    def __init__(
        self, local_aws: LocalAws, parameters: dict[str, str], *, suffix: str = "", client: Any = None
    ) -> None:
        self.accesses: list[Access] = []
        self._sqs = local_aws.client("sqs")
        name = f"http-{uuid.uuid4().hex}{suffix}"
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if suffix else {}
        self._url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        service = ServiceIntegration(
            subtype="SQS-SendMessage",
            parameters={"QueueUrl": f"https://sqs.eu-central-1.amazonaws.com/123456789012/{name}"} | parameters,
        )
        route = Route(method="POST", path="/orders/{id}", service=service)
        api = HttpApi(logical_id="Api", routes=(route,), openapi_document=None, stage_variables={"colour": "blue"})
        self._app = gateway(
            api, FakeInvoker(), log=self.accesses.append, warn=pytest.fail, client=client or local_aws.client
        )

    def request(self, path: str = "/orders/7", **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://api") as client:
                return await client.post(path, **options)

        return asyncio.run(send())

    @property
    def message(self) -> dict[str, Any]:
        """The only message in the queue."""
        [message] = self._sqs.receive_message(
            QueueUrl=self._url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
        )["Messages"]
        found: dict[str, Any] = message
        return found


def test_body_of_a_request_becomes_a_message_and_sqs_answers_in_xml(local_aws: LocalAws) -> None:
    queue = IntegratedQueue(local_aws, {"MessageBody": "$request.body"})
    response = queue.request(content=b'{"order": "o-1"}')
    assert (response.status_code, response.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    message = queue.message
    assert message["Body"] == '{"order": "o-1"}'
    assert re.sub("<RequestId>.+</RequestId>", "", response.text) == (
        f'<?xml version="1.0"?><SendMessageResponse xmlns="{NAMESPACE}"><SendMessageResult>'
        f"<MessageId>{message['MessageId']}</MessageId><MD5OfMessageBody>{message['MD5OfBody']}</MD5OfMessageBody>"
        "</SendMessageResult><ResponseMetadata></ResponseMetadata></SendMessageResponse>"
    )
    assert [(each.function, each.status) for each in queue.accesses] == [("SQS-SendMessage", 200)]


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("$request.body.items[0].sku", "a"),
        ("$request.body.items", '[{"sku": "a"}]'),
        ("$request.header.x-tenant", "t,u"),
        ("$request.querystring.q", "1,2"),
        ("$request.path.id", "7"),
        ("$request.path", "/orders/7"),
        ("$stageVariables.colour", "blue"),
        ("$context.routeKey", "POST /orders/{id}"),
        ("$context.identity.sourceIp", "127.0.0.1"),
        ("a constant text", "a constant text"),
        ("${request.path.id} of ${request.header.X-Tenant}${request.body.none}", "7 of t,u"),
    ],
)
def test_parameter_is_a_part_of_the_request(local_aws: LocalAws, declared: str, sent: str) -> None:
    queue = IntegratedQueue(local_aws, {"MessageBody": declared})
    headers = [("X-Tenant", "t"), ("X-Tenant", "u"), ("content-type", "application/json")]
    response = queue.request("/orders/7?q=1&q=2", content=json.dumps({"items": [{"sku": "a"}]}), headers=headers)
    assert response.status_code == 200
    assert queue.message["Body"] == sent


def test_message_has_its_group_and_its_attributes(local_aws: LocalAws) -> None:
    attributes = '{"Tenant": {"DataType": "String", "StringValue": "${request.header.x-tenant}"}}'
    parameters = {
        "MessageBody": "$request.body",
        "MessageGroupId": "$request.path.id",
        "MessageDeduplicationId": "$context.requestId",
        "MessageAttributes": attributes,
    }
    queue = IntegratedQueue(local_aws, parameters, suffix=".fifo")
    assert queue.request(content=b"order", headers={"x-tenant": "t"}).status_code == 200
    message = queue.message
    assert message["Attributes"]["MessageGroupId"] == "7"
    assert message["MessageAttributes"]["Tenant"]["StringValue"] == "t"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"MessageBody": "$request.body.none"}, "MissingParameter"),
        ({"MessageBody": "$request.body", "DelaySeconds": "soon"}, "InvalidParameterValue"),
        ({"MessageBody": "$request.body", "MessageAttributes": "[]"}, "InvalidParameterValue"),
        ({"MessageBody": "$request.body", "QueueUrl": "https://sqs.example/1/nowhere"}, "NonExistentQueue"),
    ],
)
def test_request_that_sqs_refuses_gets_its_error(local_aws: LocalAws, parameters: dict[str, str], code: str) -> None:
    response = IntegratedQueue(local_aws, parameters).request(content=b"order")
    assert response.status_code == 400
    assert response.text.startswith(f'<?xml version="1.0"?><ErrorResponse xmlns="{NAMESPACE}"><Error>')
    assert f"{code}</Code>" in response.text


def test_queue_that_does_not_answer_is_an_unavailable_service(local_aws: LocalAws) -> None:
    queue = IntegratedQueue(local_aws, {"MessageBody": "$request.body"}, client=unreachable)
    response = queue.request(content=b"order")
    assert response.status_code == 503
    assert "<Type>Receiver</Type><Code>ServiceUnavailable</Code>" in response.text


def unreachable(service: Any) -> Any:
    """Return a client of a port on which nothing listens."""
    config = Config(retries={"total_max_attempts": 1})
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="eu-central-1")
    return session.client(service, endpoint_url=f"http://{LOOPBACK}:{claim('a test', 0)}", config=config)
