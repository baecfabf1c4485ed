"""The APIs of a stack over real HTTP: REST API, HTTP API and function URL on one port, and no port without one."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samrun.supervision.ports import LOOPBACK
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

APPS = Path(__file__).parents[1] / "apps"

pytestmark = pytest.mark.xdist_group("api-stacks")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with RunningStack(APPS / "rest", tmp_path_factory.mktemp("shop") / "data") as stack:
        yield stack


def test_rest_api_is_at_its_stage_and_the_banner_says_where(shop: RunningStack) -> None:
    assert f"  ShopApi         {shop.endpoints['api']}/v1\n" in shop.log.read_text()
    event = shop.http.get("/v1/things/7", headers={"X-Mixed-CASE": "a"}).raise_for_status().json()
    assert (event["resource"], event["pathParameters"]) == ("/things/{id}", {"id": "7"})
    assert event["requestContext"]["path"] == "/v1/things/7"
    assert event["headers"]["X-Mixed-CASE"] == "a"
    assert shop.http.get("/things/7").json()["path"] == "/things/7"
    assert shop.http.get("/health").json()["routeKey"] == "GET /health"


def test_lambda_authorizer_decides_about_requests_but_not_about_preflight_requests(shop: RunningStack) -> None:
    thing = "/v1/things/7"
    assert shop.http.put(thing).status_code == 401
    assert shop.http.put(thing, headers={"X-Token": "reader"}).status_code == 403
    allowed = shop.http.put(thing, headers={"X-Token": "writer"}).raise_for_status().json()
    assert allowed["requestContext"]["authorizer"]["principalId"] == "ada"
    preflight = shop.http.options(thing, headers={"origin": "https://shop.example"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, "*")


def test_request_over_the_quota_of_its_api_key_is_refused(shop: RunningStack) -> None:
    key = {"x-api-key": "ShopApiApiKey"}
    assert shop.http.get("/v1/keyed").status_code == 403
    assert shop.http.get("/v1/keyed", headers=key).status_code == 200
    refused = shop.http.get("/v1/keyed", headers=key)
    assert (refused.status_code, refused.json()) == (429, {"message": "Limit Exceeded"})


def test_terminal_says_what_is_wrong_with_a_malformed_response(shop: RunningStack) -> None:
    assert shop.http.get("/v1/broken").status_code == 502
    text = "GET /broken: the result of Shop is not a response: body is an object, and not a string"
    eventually(lambda: shop.logged(text), what="the warning")


def test_route_sends_a_message_to_a_queue(shop: RunningStack) -> None:
    response = shop.http.post("/inbox", json={"text": "hello"}).raise_for_status()
    assert "<SendMessageResult><MessageId>" in response.text
    assert [message.body for message in shop.messages("Inbox")] == ["hello"]


def test_function_behind_a_passthrough_gets_the_body_alone(shop: RunningStack) -> None:
    answer = shop.http.post("/v1/plain", json={"plain": "text"})
    assert (answer.status_code, answer.json()) == (201, {"plain": "text"})
    missing = shop.http.post("/v1/plain", json={"plain": "missing"})
    assert (missing.status_code, missing.json()["errorType"]) == (404, "LookupError")


def test_method_writes_an_item_by_its_mapping_template(shop: RunningStack) -> None:
    answer = shop.http.put("/v1/notes/7", json={"text": "hello"})
    assert answer.raise_for_status().json() == {"stored": "7"}
    assert [note["text"] for note in shop.items("Notes") if note["id"] == "7"] == ["hello"]


def test_method_sends_the_body_of_a_request_to_a_queue(shop: RunningStack) -> None:
    answer = shop.http.post("/v1/letters", json={"a": "b & c"})
    [message] = shop.messages("Letters")
    assert (answer.status_code, answer.json()) == (202, {"id": message.id})
    assert json.loads(message.body) == {"a": "b & c"}


def test_custom_resource_is_made_at_the_start(shop: RunningStack) -> None:
    assert [note["text"] for note in shop.items("Notes") if note["id"] == "seed"] == ["Create"]
    assert shop.logged("made Seed (Custom::Seed), with Count")


def test_changes_of_a_table_go_to_its_stream_of_kinesis(shop: RunningStack) -> None:
    kinesis = shop.aws("kinesis")
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
    linked = "/lambda-url/Linked/"
    assert f"  url of Linked   {shop.endpoints['api']}{linked}\n" in shop.log.read_text()
    event = shop.http.post(f"{linked}a%2Fb?q=1", json={"a": 1}).raise_for_status().json()
    assert (event["rawPath"], event["routeKey"], event["body"]) == ("/a%2Fb", "$default", '{"a":1}')
    origin = {"origin": "https://shop.example", "access-control-request-method": "PUT"}
    preflight = shop.http.options(linked, headers=origin)
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
        assert stack.http.get("/rest/v1/things/7").json()["path"] == "/things/7"
        assert stack.http.get("/rest/health").json()["rawPath"] == "/health"
        assert stack.http.get("/hello/Ada").text == "Hello, Ada!"
        assert f"  rest            {stack.endpoints['rest']}\n" in stack.log.read_text()
