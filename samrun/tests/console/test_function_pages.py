"""Pages of the view Functions: what they show of functions and invocations, and the switch."""

import json
import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from samrun.control.stack_parts import StackParts
from samrun.functions.disturbances import Disturbance
from samrun.functions.invocation_metrics import InvocationMetrics
from samrun.functions.invoker import InvocationOptions, InvocationResult
from support.console_pages import page, request
from support.idle_stack import idle_stack
from support.python_function import create_function

HOSTILE = [
    b"<script>alert(1)</script>",
    b"\xff\x00",
    b'"\\ud800"',
    b"[" * 100_000,
    b"null",
    b"\x1b[2J",
    b"x" * 6_000_000,
    b'{"requestContext": {}, "headers": [1]}',
    b'{"eventSource": "aws:kafka", "records": {"a": [1, {"topic": [], "partition": "x"}]}}',
]


@pytest.fixture
def parts(tmp_path: Path) -> StackParts:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "greeting.json").write_text('{"name": "Ada"}')
    function = replace(
        create_function(tmp_path, None), template=tmp_path / "template.yaml", environment={"TOKEN": "very-secret"}
    )
    return idle_stack(tmp_path, functions=(function,))


def note(parts: StackParts, event: bytes, result: InvocationResult | None, log: bytes = b"") -> int:
    logged = parts.invocations.begin("Fn", event, InvocationOptions(request_id="r"))
    result = result and replace(result, log_tail=log)
    parts.invocations.end(logged, result, seconds=0.25)
    return logged.number


def test_configuration_hides_the_values_of_the_environment(parts: StackParts) -> None:
    text = page(parts, "/functions/Fn")
    assert "TOKEN" in text
    assert "very-secret" not in text
    assert "main.echo" in text


def test_invocations_show_their_status_duration_and_memory(parts: StackParts) -> None:
    metrics = InvocationMetrics(duration=250, memory_size=128, memory_used=64, init_duration=300)
    note(parts, b'{"a": 1}', InvocationResult(request_id="r", payload=b"1", metrics=metrics))
    note(parts, b"{}", InvocationResult.of_error("ValueError", "of no use"))
    note(parts, b"{}", None)
    parts.invocations.begin("Fn", b"{}", InvocationOptions())
    text = page(parts, "/functions/Fn")
    for shown in (">done<", ">failed<", ">refused<", ">running<", "64 MB", "250 ms", "cold start", "ValueError"):
        assert shown in text
    assert "of no use" in page(parts, "/functions/Fn/invocations/2")


def test_list_names_the_records_of_kafka_in_an_event(parts: StackParts) -> None:
    records = [{"topic": "orders", "partition": 2, "offset": 7 + each, "key": "b3JkXzE="} for each in range(3)]
    note(parts, json.dumps({"eventSource": "aws:kafka", "records": {"orders-2": records}}).encode(), None)
    assert "orders-2@7 ord_1 and 2 more records" in page(parts, "/functions/Fn")


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"version": "2.0", "requestContext": {"http": {"method": "POST", "path": "/orders"}}}, "POST /orders<"),
        ({"httpMethod": "GET", "path": "/orders/1", "requestContext": {"stage": "prod"}}, "GET /orders/1<"),
        ({"requestContext": {"requestId": "r"}}, "{&#34;requestContext&#34;: {&#34;requestId&#34;"),
    ],
)
def test_list_names_the_request_in_an_event(parts: StackParts, event: dict[str, object], shown: str) -> None:
    note(parts, json.dumps(event).encode(), None)
    assert shown in page(parts, "/functions/Fn")


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_invocation_breaks_no_page(parts: StackParts, content: bytes) -> None:
    result = InvocationResult(request_id="r", payload=content, function_error="Unhandled")
    number = note(parts, content, result, log=content[-4096:])
    for path in ("/functions", "/functions/Fn", f"/functions/Fn/invocations/{number}"):
        text = page(parts, path)
        assert "<script>alert" not in text
        assert "\x1b" not in text
        assert len(text) < 300_000


def test_ten_thousand_invocations_are_a_page_of_fifty(parts: StackParts) -> None:
    for _ in range(10_000):
        note(parts, b"{}", InvocationResult(request_id="r", payload=b"1"))
    text = page(parts, "/functions/Fn")
    assert text.count('id="invocation-') == 50
    assert 'id="invocation-10000"' in text
    assert "before=9951" in text
    assert 'id="invocation-9950"' in page(parts, "/functions/Fn?before=9951")


def test_list_that_has_not_changed_is_not_sent_again(parts: StackParts) -> None:
    note(parts, b"{}", None)
    assert request(parts, "/functions/Fn/invocations?version=1.0").status_code == httpx.codes.NO_CONTENT
    assert request(parts, "/functions/Fn/invocations?version=0.0").status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("fields", "disturbance"),
    [
        ({"kind": "error"}, Disturbance(kind="error")),
        ({"kind": "delay", "seconds": "2.5"}, Disturbance(kind="delay", seconds=2.5)),
        ({"kind": "throttle", "seconds": "5"}, Disturbance(kind="throttle")),
    ],
)
def test_switch_disturbs_the_function_and_mends_it(
    parts: StackParts, fields: dict[str, str], disturbance: Disturbance
) -> None:
    assert request(parts, "/functions/Fn/disturbance", fields).status_code == httpx.codes.SEE_OTHER
    assert parts.disturbances.all() == {"Fn": disturbance}
    assert str(disturbance) in page(parts, "/functions")
    request(parts, "/functions/Fn/disturbance", {"kind": "none"})
    assert parts.disturbances.all() == {}


@pytest.mark.parametrize(
    "fields", [{}, {"kind": "chaos"}, {"kind": "delay", "seconds": "x"}, {"kind": "delay", "seconds": "nan"}]
)
def test_switch_refuses_what_it_does_not_know(parts: StackParts, fields: dict[str, str]) -> None:
    answer = request(parts, "/functions/Fn/disturbance", fields)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert parts.disturbances.all() == {}


def test_form_begins_with_a_sample_or_with_an_earlier_event(parts: StackParts) -> None:
    assert "{&#34;name&#34;: &#34;Ada&#34;}" in page(parts, "/functions/Fn/invoke?sample=greeting.json")
    number = note(parts, b'{"again": 1}', None)
    assert "{&#34;again&#34;: 1}" in page(parts, f"/functions/Fn/invoke?invocation={number}")


def test_stack_without_functions_says_so(parts: StackParts) -> None:
    answer = request(parts, "/functions/Fn/invoke", {"event": "mine"})
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "This stack runs no functions" in answer.text
    assert "mine" in answer.text


@pytest.mark.parametrize("path", ["/functions/Other", "/functions/Fn/invocations/7"])
def test_what_is_not_there_is_a_page_with_404(parts: StackParts, path: str) -> None:
    assert request(parts, path).status_code == httpx.codes.NOT_FOUND


def test_refused_invocation_has_no_result(parts: StackParts) -> None:
    text = page(parts, f"/functions/Fn/invocations/{note(parts, b'{}', None)}")
    assert "Lambda refused it" in text
    assert "Result" not in text


def test_page_of_an_invocation_asks_for_its_end_and_no_longer(parts: StackParts) -> None:
    logged = parts.invocations.begin("Fn", b"{}", InvocationOptions())
    path = f"/functions/Fn/invocations/{logged.number}"
    assert f'hx-get="{path}"' in page(parts, path)
    parts.invocations.end(logged, InvocationResult(request_id="r", payload=b"1"), seconds=0.25)
    text = page(parts, path)
    assert re.findall(r'hx-get="([^"]+)"', text) == ["/livez"]
    assert "250 ms" in text


def test_mappings_that_have_not_changed_are_not_sent_again(parts: StackParts) -> None:
    [version] = re.findall(r"shown=(\w+)", page(parts, "/functions/Fn/mappings"))
    assert request(parts, f"/functions/Fn/mappings?shown={version}").status_code == httpx.codes.NO_CONTENT
    assert request(parts, "/functions/Fn/mappings?shown=other").status_code == httpx.codes.OK


def test_browser_without_script_gets_whole_pages_of_mappings(parts: StackParts) -> None:
    whole = page(parts, "/functions/Fn/mappings")
    assert "<!doctype html>" in whole
    assert "Kafka mappings of Fn" in whole
    changed = request(parts, "/functions/Fn/mappings/some-id", {"action": "pause"})
    assert "<!doctype html>" in changed.text
