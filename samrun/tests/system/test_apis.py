"""The APIs of a stack over real HTTP: REST API, HTTP API and function URL on one port, and no port without one."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from samrun.supervision.ports import LOOPBACK
from samrun.testing.aws import client
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

APPS = Path(__file__).parents[1] / "apps"

pytestmark = pytest.mark.xdist_group("api-stacks")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with RunningStack(APPS / "rest", tmp_path_factory.mktemp("shop") / "data") as stack:
        yield stack


def test_rest_api_is_at_its_stage_and_the_banner_says_where(shop: RunningStack) -> None:
    api = shop.endpoints["api"]
    assert f"  ShopApi         {api}/v1\n" in shop.log.read_text()
    event = httpx.get(f"{api}/v1/things/7", headers={"X-Mixed-CASE": "a"}, timeout=30).raise_for_status().json()
    assert (event["resource"], event["pathParameters"]) == ("/things/{id}", {"id": "7"})
    assert event["requestContext"]["path"] == "/v1/things/7"
    assert event["headers"]["X-Mixed-CASE"] == "a"
    assert httpx.get(f"{api}/things/7", timeout=30).json()["path"] == "/things/7"
    assert httpx.get(f"{api}/health", timeout=30).json()["routeKey"] == "GET /health"


def test_lambda_authorizer_decides_about_requests_but_not_about_preflight_requests(shop: RunningStack) -> None:
    url = f"{shop.endpoints['api']}/v1/things/7"
    assert httpx.put(url, timeout=30).status_code == 401
    assert httpx.put(url, headers={"X-Token": "reader"}, timeout=30).status_code == 403
    allowed = httpx.put(url, headers={"X-Token": "writer"}, timeout=30).raise_for_status().json()
    assert allowed["requestContext"]["authorizer"]["principalId"] == "ada"
    preflight = httpx.options(url, headers={"origin": "https://shop.example"}, timeout=30)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, "*")


def test_request_over_the_quota_of_its_api_key_is_refused(shop: RunningStack) -> None:
    url, key = f"{shop.endpoints['api']}/v1/keyed", {"x-api-key": "ShopApiApiKey"}
    assert httpx.get(url, timeout=30).status_code == 403
    assert httpx.get(url, headers=key, timeout=30).status_code == 200
    refused = httpx.get(url, headers=key, timeout=30)
    assert (refused.status_code, refused.json()) == (429, {"message": "Limit Exceeded"})


def test_terminal_says_what_is_wrong_with_a_malformed_response(shop: RunningStack) -> None:
    assert httpx.get(f"{shop.endpoints['api']}/v1/broken", timeout=30).status_code == 502
    text = "GET /broken: the result of Shop is not a response: body is an object, and not a string"
    eventually(lambda: shop.logged(text), what="the warning")


def test_route_sends_a_message_to_a_queue(shop: RunningStack) -> None:
    response = httpx.post(f"{shop.endpoints['api']}/inbox", json={"text": "hello"}, timeout=30).raise_for_status()
    assert "<SendMessageResult><MessageId>" in response.text
    queue = f"{shop.endpoints['aws']}/123456789012/Inbox"
    [message] = client("sqs", shop.endpoints["aws"]).receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "hello"


def test_function_behind_a_passthrough_gets_the_body_alone(shop: RunningStack) -> None:
    url = f"{shop.endpoints['api']}/v1/plain"
    answer = httpx.post(url, json={"plain": "text"}, timeout=30)
    assert (answer.status_code, answer.json()) == (201, {"plain": "text"})
    missing = httpx.post(url, json={"plain": "missing"}, timeout=30)
    assert (missing.status_code, missing.json()["errorType"]) == (404, "LookupError")


def test_method_writes_an_item_by_its_mapping_template(shop: RunningStack) -> None:
    url = f"{shop.endpoints['api']}/v1/notes/7"
    assert httpx.put(url, json={"text": "hello"}, timeout=30).raise_for_status().json() == {"stored": "7"}
    dynamodb = client("dynamodb", shop.endpoints["dynamodb"])
    assert dynamodb.get_item(TableName="Notes", Key={"id": {"S": "7"}})["Item"]["text"] == {"S": "hello"}


def test_method_sends_the_body_of_a_request_to_a_queue(shop: RunningStack) -> None:
    answer = httpx.post(f"{shop.endpoints['api']}/v1/letters", json={"a": "b & c"}, timeout=30)
    sqs = client("sqs", shop.endpoints["aws"])
    [message] = sqs.receive_message(QueueUrl=f"{shop.endpoints['aws']}/123456789012/Letters")["Messages"]
    assert (answer.status_code, answer.json()) == (202, {"id": message["MessageId"]})
    assert json.loads(message["Body"]) == {"a": "b & c"}


def test_custom_resource_is_made_at_the_start(shop: RunningStack) -> None:
    dynamodb = client("dynamodb", shop.endpoints["dynamodb"])
    assert dynamodb.get_item(TableName="Notes", Key={"id": {"S": "seed"}})["Item"]["text"] == {"S": "Create"}
    assert shop.logged("made Seed (Custom::Seed), with Count")


def test_changes_of_a_table_go_to_its_stream_of_kinesis(shop: RunningStack) -> None:
    kinesis = client("kinesis", shop.endpoints["aws"])
    shard = "shardId-000000000000"
    start = kinesis.get_shard_iterator(StreamName="NoteChanges", ShardId=shard, ShardIteratorType="TRIM_HORIZON")

    def copied() -> list[dict[str, Any]]:
        records = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
        changes = [json.loads(each["Data"]) for each in records]
        return [each for each in changes if each["dynamodb"]["Keys"] == {"id": {"S": "seed"}}]

    first, *_ = eventually(copied, what="the change of the item that the custom resource made")
    assert (first["tableName"], first["eventName"]) == ("Notes", "INSERT")


def test_everything_of_the_template_runs(shop: RunningStack) -> None:
    assert shop.logged("not run here") == []
    assert shop.logged("is not triggered by") == []


def test_function_url_is_at_a_path_of_its_own_and_the_banner_says_where(shop: RunningStack) -> None:
    url = f"{shop.endpoints['api']}/lambda-url/Linked/"
    assert f"  url of Linked   {url}\n" in shop.log.read_text()
    event = httpx.post(f"{url}a%2Fb?q=1", json={"a": 1}, timeout=30).raise_for_status().json()
    assert (event["rawPath"], event["routeKey"], event["body"]) == ("/a%2Fb", "$default", '{"a":1}')
    origin = {"origin": "https://shop.example", "access-control-request-method": "PUT"}
    preflight = httpx.options(url, headers=origin, timeout=30)
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"


def test_stack_without_an_api_has_no_port_for_one(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        # The port of another program is no reason not to start.
        port = other.getsockname()[1]
        with RunningStack(APPS / "no_api", tmp_path / "data", ports={"api": port}) as stack:
            assert "api" not in stack.endpoints
            assert f":{port}" not in stack.log.read_text()
    with RunningStack(APPS / "no_api", tmp_path / "data", ports={"api": port}), socket.socket() as caller:
        assert caller.connect_ex((LOOPBACK, port)) != 0


def test_api_of_a_further_template_is_below_the_name_of_its_stack(tmp_path: Path) -> None:
    with RunningStack(APPS, tmp_path / "data", templates=("hello/template.yaml", "rest/template.yaml")) as stack:
        assert stack.endpoints["rest"] == f"{stack.endpoints['api']}/rest"
        assert httpx.get(f"{stack.endpoints['rest']}/v1/things/7", timeout=30).json()["path"] == "/things/7"
        assert httpx.get(f"{stack.endpoints['rest']}/health", timeout=30).json()["rawPath"] == "/health"
        assert httpx.get(f"{stack.endpoints['api']}/hello/Ada", timeout=30).text == "Hello, Ada!"
        assert f"  rest            {stack.endpoints['rest']}\n" in stack.log.read_text()
