"""API of a stack's control: the JSON of invocations, and what is refused."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from samrun.console import console
from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.template.model.application import Resource
from support.idle_stack import idle_stack
from support.python_function import create_function


class ControlClient:
    """The API of a stack without pollers."""

    def __init__(self, folder: Path, *, external: frozenset[str] = frozenset()) -> None:
        queue = Resource(logical_id="Orders", type="AWS::SQS::Queue", name="shop-orders", properties={})
        parts = idle_stack(folder, external=external, resources=(queue,), functions=(create_function(folder, None),))
        self.log = parts.invocations
        self._app = console(parts)

    def request(self, method: str, path: str, content: object = None) -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, f"/samrun/v1/{path}", json=content)

        return asyncio.run(request())

    def get(self, path: str) -> Any:
        return self.request("GET", path).raise_for_status().json()

    def invoke(self, event: bytes, result: bytes) -> None:
        logged = self.log.begin("Fn", event, InvocationOptions())
        self.log.end(logged, InvocationResult(request_id="r", payload=result, log_tail=b"END\n"), seconds=0.12345)


@pytest.fixture
def client(tmp_path: Path) -> ControlClient:
    return ControlClient(tmp_path)


def test_invocation_is_shown_with_event_and_result(client: ControlClient) -> None:
    client.invoke(b'{"a": 1}', b'"done"')
    answer = client.get("invocations")
    [invocation] = answer["invocations"]
    assert answer["last"] == 1
    assert invocation.pop("started").endswith("Z")
    assert invocation == {
        "number": 1,
        "function": "Fn",
        "qualifier": None,
        "running": False,
        "seconds": 0.1235,
        "event": {"a": 1},
        "request_id": "r",
        "result": "done",
        "function_error": None,
        "log": "END\n",
    }


def test_invocation_under_way_has_no_result(client: ControlClient) -> None:
    client.log.begin("Fn", b"{}", InvocationOptions())
    [invocation] = client.get("invocations")["invocations"]
    assert (invocation["running"], invocation["result"], invocation["request_id"]) == (True, None, None)


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b"NaN", "NaN"),
        (b'{"size": 1e999}', '{"size": 1e999}'),
        (b"no JSON", "no JSON"),
        (b"\xff", "\ufffd"),
        (b'"\\ud800"', "\ud800"),
        (b"[" * 100_000, "[" * 100_000),
        (b"9" * 5000, "9" * 5000),
    ],
)
def test_payload_that_json_or_a_parser_cannot_hold_is_shown_all_the_same(
    client: ControlClient, payload: bytes, shown: str
) -> None:
    client.invoke(payload, payload)
    [invocation] = client.get("invocations")["invocations"]
    assert (invocation["event"], invocation["result"]) == (shown, shown)


def test_only_later_invocations_of_a_function_are_shown(client: ControlClient) -> None:
    client.invoke(b"1", b"1")
    client.invoke(b"2", b"2")
    assert [each["event"] for each in client.get("invocations?after=1&function=Fn")["invocations"]] == [2]
    assert client.get("invocations?function=Other") == {"last": 2, "invocations": []}


@pytest.mark.parametrize("query", ["invocations?after=-1", "invocations?after=x", "idle?wait=soon", "idle?wait=nan"])
def test_parameter_that_cannot_be_read_is_refused_in_words(client: ControlClient, query: str) -> None:
    answer = client.request("GET", query)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert ": write " in answer.text


def test_resources_have_their_names(client: ControlClient) -> None:
    assert client.get("resources") == {
        "resources": [{"logical_id": "Orders", "type": "AWS::SQS::Queue", "name": "shop-orders"}]
    }


def test_a_stack_without_pollers_is_idle_unless_an_invocation_is_under_way(client: ControlClient) -> None:
    assert client.get("idle") == {"idle": True, "waiting_for": []}
    client.log.begin("Fn", b"{}", InvocationOptions())
    assert client.get("idle?wait=0.1") == {"idle": False, "waiting_for": ["1 invocation under way"]}


def test_the_data_of_external_services_is_not_touched(tmp_path: Path) -> None:
    answer = ControlClient(tmp_path, external=frozenset({"kafka", "aws"})).request("POST", "reset")
    assert answer.status_code == httpx.codes.CONFLICT
    assert "an external service (aws, kafka)" in answer.text


def test_reset_refuses_a_wait_that_is_no_number(client: ControlClient) -> None:
    answer = client.request("POST", "reset?wait=long")
    assert (answer.status_code, answer.text) == (400, "wait=long: write a number of seconds")


def test_metrics_count_invocations_and_those_that_failed(client: ControlClient) -> None:
    client.invoke(b"1", b"1")
    failed = client.log.begin("Fn", b"{}", InvocationOptions())
    client.log.end(failed, InvocationResult(request_id="r", payload=b"", function_error="Unhandled"), seconds=3)
    client.log.end(client.log.begin("Other", b"{}", InvocationOptions()), None, seconds=0)
    lines = client.request("GET", "../../metrics").text.splitlines()
    assert 'samrun_invocation_duration_seconds_count{function="Fn"} 2.0' in lines
    assert 'samrun_invocation_duration_seconds_sum{function="Fn"} 3.12345' in lines
    assert 'samrun_invocation_errors_total{function="Fn"} 1.0' in lines
    assert 'samrun_invocation_errors_total{function="Other"} 1.0' in lines


def test_function_is_disturbed_and_mended(client: ControlClient) -> None:
    assert client.request("PUT", "disturbances/Fn", {"kind": "delay", "seconds": 2}).is_success
    assert client.get("disturbances") == {"disturbances": {"Fn": {"kind": "delay", "seconds": 2.0}}}
    assert client.request("DELETE", "disturbances/Fn").is_success
    assert client.get("disturbances") == {"disturbances": {}}


@pytest.mark.parametrize(
    "content", [{"kind": "chaos"}, {"kind": "delay", "seconds": -1}, [], None, {"kind": ["error"]}]
)
def test_disturbance_that_cannot_be_read_is_refused_in_words(client: ControlClient, content: Any) -> None:
    answer = client.request("PUT", "disturbances/Fn", content)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "delay" in answer.text


def test_disturbance_of_an_unknown_function_names_the_functions(client: ControlClient) -> None:
    answer = client.request("PUT", "disturbances/Other", {"kind": "error"})
    assert (answer.status_code, answer.text) == (404, "There is no function Other; there are Fn")
