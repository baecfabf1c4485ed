"""Trigger by the stream of a table, in DynamoDB Local."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from samrun.filtering.filter_pattern import DYNAMODB_FIELDS, FilterPattern
from samrun.testing.aws import client
from samrun.testing.dynamodb import Database
from support.polled_stream import Client, polled, stream_trigger

pytestmark = pytest.mark.xdist_group("shared-broker")


class StreamedTable:
    """A table with a stream, of its own for each test."""

    def __init__(self, database: Database) -> None:
        self.name = f"table-{uuid.uuid4().hex}"
        self.arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{self.name}/stream/2026-01-01T00:00:00.000"
        self.client: Client = lambda service: client(service, database.url)
        self._dynamodb = self.client("dynamodb")
        self._dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    def put(self, *ids: str, **attributes: Any) -> None:
        for each in ids:
            self._dynamodb.put_item(TableName=self.name, Item={"id": {"S": each}, **attributes})

    def delete(self, item_id: str) -> None:
        self._dynamodb.delete_item(TableName=self.name, Key={"id": {"S": item_id}})


@pytest.fixture
def table(shared_database: Database) -> StreamedTable:
    return StreamedTable(shared_database)


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]


def test_changes_reach_the_function_in_order_and_in_lambdas_form(table: StreamedTable) -> None:
    with polled(stream_trigger("dynamodb", table.name, table.arn), table.client) as stream:
        table.put("a", picture={"B": b"\x00\xff"}, tags={"SS": ["x"]})
        table.put("a", tags={"SS": ["y"]})
        table.delete("a")
        records = stream.wait_for(3)
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    first = records[0]
    assert (first["eventSource"], first["eventVersion"], first["awsRegion"]) == ("aws:dynamodb", "1.1", "us-east-1")
    assert first["eventSourceARN"] == table.arn
    assert first["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "picture": {"B": "AP8="}, "tags": {"SS": ["x"]}}
    assert first["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert first["dynamodb"]["ApproximateCreationDateTime"] > 0
    assert records[1]["dynamodb"]["OldImage"]["tags"] == {"SS": ["x"]}


def test_latest_begins_with_the_next_change_whatever_other_tables_do(
    table: StreamedTable, shared_database: Database
) -> None:
    other = StreamedTable(shared_database)
    with polled(stream_trigger("dynamodb", table.name, table.arn, starting_position="LATEST"), table.client) as stream:
        other.put("x", "y", "z")
        table.put("a")
        assert ids(stream.wait_for(1)) == ["a"]
    with polled(stream_trigger("dynamodb", table.name, table.arn, starting_position="LATEST"), table.client) as stream:
        other.put("x")
        table.put("b")
        assert ids(stream.wait_for(1)) == ["b"]


def test_filter_tests_the_change(table: StreamedTable) -> None:
    pattern = FilterPattern.parse(
        '{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"state": {"S": ["new"]}}}}', fields=DYNAMODB_FIELDS
    )
    with polled(stream_trigger("dynamodb", table.name, table.arn, filters=(pattern,)), table.client) as stream:
        table.put("a", state={"S": "old"})
        table.put("b", state={"S": "new"})
        assert ids(stream.wait_for(1)) == ["b"]


def test_start_after_a_stop_goes_on_behind_the_last_record_that_is_done(table: StreamedTable, tmp_path: Path) -> None:
    trigger = stream_trigger("dynamodb", table.name, table.arn, starting_position="LATEST")
    file = tmp_path / "checkpoints.json"
    with polled(trigger, table.client, checkpoints=file) as stream:
        table.put("a", "b")
        stream.wait_for(2)
    table.put("c")
    with polled(trigger, table.client, checkpoints=file) as stream:
        assert ids(stream.wait_for(1)) == ["c"]


def test_records_of_a_function_that_fails_wait_in_their_order(table: StreamedTable) -> None:
    with polled(stream_trigger("dynamodb", table.name, table.arn, batch_size=1), table.client) as stream:
        stream.fails = True
        table.put("a", "b", "c")
        while len(stream.reports) < 2:
            assert not stream.records
        stream.fails = False
        assert ids(stream.wait_for(3)) == ["a", "b", "c"]
