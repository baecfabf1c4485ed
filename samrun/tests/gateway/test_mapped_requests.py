"""Mapped integrations of a REST API: requests and responses that templates and parameters make."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.endpoints import Endpoints
from samrun.functions.invoker import InvocationResult
from samrun.services.clients import clients
from samrun.template.model.rest_apis import IntegrationResponse, MappedIntegration, RestMethod, ServiceCall
from support.fake_invoker import FakeInvoker
from support.rest_apis import ServedRestApi
from support.web_server import serve_in_thread

OK = IntegrationResponse(pattern=None, status=200, headers={})

PASSTHROUGH = RestMethod(
    method="POST",
    path="/plain",
    function="Plain",
    mapped=MappedIntegration(
        responses=(
            IntegrationResponse(pattern="not found: .*", status=404, headers={"X-Kind": "'missing'"}),
            IntegrationResponse(pattern=None, status=201, headers={}),
        )
    ),
)


@pytest.mark.parametrize(("body", "event"), [(b'{"a": 1}', {"a": 1}), (b"", {})])
def test_function_behind_a_passthrough_gets_the_body_alone_and_returns_that_of_the_response(
    body: bytes, event: Any
) -> None:
    invoker = FakeInvoker({"statusCode": 500, "answer": 42})
    response = ServedRestApi(invoker, PASSTHROUGH).request("POST", "/plain", content=body)
    assert invoker.event == event
    assert (response.status_code, response.json()) == (201, {"statusCode": 500, "answer": 42})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("message", "status"), [("not found: 7", 404), ("another error", 201)])
def test_error_of_a_function_behind_a_passthrough_selects_the_response(message: str, status: int) -> None:
    async def fail(_name: str, _payload: bytes) -> InvocationResult:
        return InvocationResult.of_error("KeyError", message)

    response = ServedRestApi(FakeInvoker(function=fail), PASSTHROUGH).request("POST", "/plain")
    assert (response.status_code, response.json()["errorMessage"]) == (status, message)
    assert response.headers.get("x-kind") == ("missing" if status == 404 else None)


def test_error_that_is_no_json_object_matches_no_pattern_of_a_passthrough() -> None:
    async def fail(_name: str, _payload: bytes) -> InvocationResult:
        return InvocationResult(request_id="", payload=b'"not found: 7"', function_error="Unhandled")

    response = ServedRestApi(FakeInvoker(function=fail), PASSTHROUGH).request("POST", "/plain")
    assert (response.status_code, response.json()) == (201, "not found: 7")


def test_result_without_a_response_of_its_integration_is_an_error() -> None:
    warnings: list[str] = []
    mapped = MappedIntegration(responses=(IntegrationResponse(pattern="not found", status=404, headers={}),))
    method = replace(PASSTHROUGH, mapped=mapped)
    response = ServedRestApi(FakeInvoker({}), method, warn=warnings.append).request("POST", "/plain")
    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})
    assert len(warnings) == 1


def test_body_that_is_not_json_does_not_pass_through() -> None:
    invoker = FakeInvoker({})
    response = ServedRestApi(invoker, PASSTHROUGH).request("POST", "/plain", content=b"hello")
    assert response.status_code == 400
    assert response.json()["message"].startswith("Could not parse request body into json: ")
    assert invoker.invocations == []


def _templated(template: str, response: str | None = None, **mapped: Any) -> RestMethod:
    integration = MappedIntegration(
        responses=(replace(OK, template=response),), templates={"application/json": template}, **mapped
    )
    return RestMethod(method="POST", path="/things/{id}", function="Fn", mapped=integration)


@pytest.mark.parametrize(
    ("template", "event"),
    [
        ('{"id": "$input.params(\'id\')", "q": "$input.params().querystring.get(\'q\')"}', {"id": "7", "q": "x y"}),
        ('{"body": $input.json("$"), "first": $input.json("$.items[0].n")}', {"body": "BODY", "first": 1}),
        (
            "#set($root = $input.path('$'))[#foreach($i in $root.items)$i.n#if($foreach.hasNext),#end#end]",
            [1, 2],
        ),
        ('{"t": $input.path("$.t"), "size": $input.path("$.items").size()}', {"t": True, "size": 2}),
        ('#if($input.path("$.none") == "")"none"#{else}"some"#end', "none"),
        ('"$util.base64Encode($input.path(\'$.text\'))"', "aXQncyDigqw="),
        ('"$util.escapeJavaScript($input.path(\'$.quoted\'))"', 'a "b"'),
        ('"$context.httpMethod $context.stage $stageVariables.color $context.nothing$input.path(\'$.a-b\')"',
         "POST Prod red hyphen"),
        ('"$input.path(\'$\').a-b.toUpperCase().substring(0, 3)"', "HYP"),
        ('"$util.urlEncode(\'a b&c\')"', "a+b%26c"),
        ('#foreach($name in $input.params().path.keySet())"$name"#end', "id"),
    ],
)  # fmt: skip
def test_template_makes_the_event(template: str, event: Any) -> None:
    body = {
        "items": [{"n": 1}, {"n": 2}],
        "t": True,
        "none": None,
        "text": "it's €",
        "quoted": 'a "b"',
        "a-b": "hyphen",
    }
    invoker = FakeInvoker("done")
    api = ServedRestApi(invoker, _templated(template), stage_variables={"color": "red"})
    assert api.request("POST", "/things/7?q=x%20y", json=body).json() == "done"
    wanted = {**event, "body": body} if isinstance(event, dict) and event.get("body") == "BODY" else event
    assert invoker.event == wanted


def test_response_template_sees_the_result_and_sets_the_status() -> None:
    template = """#set($result = $input.path('$'))
#if($result.toString().contains("fault"))
#set($context.responseOverride.status = 422)
#set($context.responseOverride.header.X-Reason = $result.fault)
#end
{"was": "$result.fault"}"""
    api = ServedRestApi(FakeInvoker({"fault": "none left"}), _templated("{}", template))
    response = api.request("POST", "/things/7")
    assert (response.status_code, response.json()) == (422, {"was": "none left"})
    assert response.headers["x-reason"] == "none left"


def test_headers_of_a_response_come_from_the_result() -> None:
    headers = {"X-Fixed": "'a'", "X-Found": "integration.response.body.place", "X-Stage": "context.stage"}
    mapped = MappedIntegration(responses=(replace(OK, headers=headers),))
    method = RestMethod(method="GET", path="/a", function="Fn", mapped=mapped)
    found = ServedRestApi(FakeInvoker({"place": "/b"}), method).request("GET", "/a").headers
    assert (found["x-fixed"], found["x-found"], found["x-stage"]) == ("a", "/b", "Prod")


def test_event_of_an_asynchronous_integration_is_accepted_without_a_result() -> None:
    parameters = {"header.X-Amz-Invocation-Type": "'Event'"}
    invoker = FakeInvoker()
    api = ServedRestApi(invoker, _templated('{"a": 1}', '{"accepted": true}', parameters=parameters))
    assert api.request("POST", "/things/7").json() == {"accepted": True}
    assert (api.accepted, invoker.invocations) == ([("Fn", b'{"a": 1}')], [])


@pytest.mark.parametrize(
    ("passthrough", "templates", "status"),
    [
        ("when_no_match", {"text/xml": "{}"}, 200),
        ("when_no_templates", {"text/xml": "{}"}, 415),
        ("when_no_templates", {}, 200),
        ("never", {}, 415),
    ],
)
def test_request_without_a_template_passes_or_is_refused(passthrough: Any, templates: Any, status: int) -> None:
    mapped = MappedIntegration(responses=(OK,), templates=templates, passthrough=passthrough)
    method = RestMethod(method="POST", path="/a", function="Fn", mapped=mapped)
    assert ServedRestApi(FakeInvoker(1), method).request("POST", "/a", json={}).status_code == status


@pytest.mark.parametrize("template", ["#if($a", "$util.parseJson('{')"])
def test_template_that_fails_is_reported(template: str) -> None:
    warnings: list[str] = []
    response = ServedRestApi(FakeInvoker(), _templated(template), warn=warnings.append).request("POST", "/things/7")
    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})
    assert warnings[0].startswith("POST /things/{id}: its mapping template fails: ")


class _Service:
    """A service of AWS that keeps its requests."""

    def __init__(self, answer: Response) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self._answer = answer
        self.app = Starlette(routes=[Route("/{path:path}", self._take, methods=["GET", "POST", "PUT"])])

    async def _take(self, request: Request) -> Response:
        self.requests.append((request.method, request.url.path, dict(request.headers), await request.body()))
        return self._answer


@pytest.fixture
def sqs() -> Iterator[tuple[_Service, str]]:
    result = "<SendMessageResult><MessageId>m-1</MessageId></SendMessageResult>"
    xml = f'<SendMessageResponse xmlns="x">{result}</SendMessageResponse>'
    service = _Service(Response(xml, media_type="text/xml"))
    with serve_in_thread(service.app) as url:
        yield service, url


def _served(call: ServiceCall, url: str, **mapped: Any) -> ServedRestApi:
    endpoints = Endpoints(api=None, lambda_=None, console=url, aws=url, dynamodb=url, kafka="127.0.0.1:1")
    method = RestMethod(method="POST", path="/{id}", mapped=MappedIntegration(service=call, **mapped))
    return ServedRestApi(FakeInvoker(), method, client=clients(endpoints, "us-east-1"), warn=lambda _: None)


def test_form_for_a_queue_is_answered_in_json(sqs: tuple[_Service, str]) -> None:
    service, url = sqs
    call = ServiceCall(service="sqs", method="POST", path="/123456789012/{queue}")
    response = _served(
        call,
        url,
        templates={"application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
        parameters={
            "header.Content-Type": "'application/x-www-form-urlencoded'",
            "path.queue": "method.request.path.id",
        },
        responses=(replace(OK, template='{"id": $input.json("$.SendMessageResponse.SendMessageResult.MessageId")}'),),
    ).request("POST", "/orders", json={"a": "b&c"})
    assert response.json() == {"id": "m-1"}
    [(_, path, headers, body)] = service.requests
    assert path == "/123456789012/orders"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert "/us-east-1/sqs/aws4_request" in headers["authorization"]
    assert parse_qs(body.decode())["MessageBody"] == ['{"a":"b&c"}']


def test_action_of_a_json_protocol_is_named_in_its_header_and_its_error_selects_the_response() -> None:
    service = _Service(JSONResponse({"__type": "ResourceNotFoundException"}, status_code=400))
    with serve_in_thread(service.app) as url:
        call = ServiceCall(service="dynamodb", method="POST", action="PutItem")
        responses = (IntegrationResponse(pattern=r"4\d{2}", status=404, headers={}, template='{"no": true}'), OK)
        api = _served(call, url, templates={"application/json": '{"TableName": "T"}'}, responses=responses)
        response = api.request("POST", "/a", json={})
    assert (response.status_code, response.json()) == (404, {"no": True})
    [(_, _, headers, body)] = service.requests
    assert headers["x-amz-target"] == "DynamoDB_20120810.PutItem"
    assert json.loads(body) == {"TableName": "T"}


def test_service_that_does_not_answer_is_a_bad_gateway() -> None:
    call = ServiceCall(service="dynamodb", method="POST", action="PutItem")
    response = _served(call, "http://127.0.0.1:9", responses=(OK,)).request("POST", "/a", json={})
    assert response.status_code == 502
