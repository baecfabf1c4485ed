"""The models write as DynamoDB does, as far as moto knows: each expression of the products, on items of the models."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from functions.notify.domain.notification import UnknownPolicy
from functions.notify.logs import logger as notify_logger
from functions.order.logs import logger as order_logger
from functions.order.outbox import lease
from functions.order.storage import store
from tests.models import ledger_model, outbox_model
from tests.models.conditional_writes import ConditionNotMetError, write
from tests.models.explorer import explore
from tests.models.ledger_model import LedgerModel
from tests.models.outbox_model import OutboxModel
from tests.models.outbox_programs import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeySchemaElementTypeDef

KEYS: Mapping[str, Sequence[KeySchemaElementTypeDef]] = {
    "orders": [{"AttributeName": "order_id", "KeyType": "HASH"}],
    "notifications": [
        {"AttributeName": "order_id", "KeyType": "HASH"},
        {"AttributeName": "notification_id", "KeyType": "RANGE"},
    ],
}
CONDITION_FAILED = "ConditionalCheckFailedException"
EXAMPLES = 3  # of each expression, with each result


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """DynamoDB by moto, with both tables."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        for table, keys in KEYS.items():
            client.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
                KeySchema=keys,
            )
        yield client


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Mapping[str, Any] | None, Mapping[str, Any]]]:
    """Some writes of each kind that the models make: the items that they find, and the requests."""
    made: list[tuple[Mapping[str, Any] | None, Mapping[str, Any]]] = []
    counts: Counter[tuple[object, ...]] = Counter()

    def record(item: Mapping[str, Any] | None, request: Mapping[str, Any]) -> dict[str, Any] | None:
        written = result_of(item, request)
        kind = (
            request.get("ConditionExpression"),
            request.get("UpdateExpression"),
            written == CONDITION_FAILED,
            item is None,
        )
        counts[kind] += 1
        if counts[kind] <= EXAMPLES:
            made.append((item, request))
        return write(item, request)

    for module in (store, lease):
        monkeypatch.setattr(module, "uuid", NAMES)
    for module in (outbox_model, ledger_model):
        monkeypatch.setattr(module, "write", record)
    levels = {logger: logger.log_level for logger in (order_logger, notify_logger)}
    for logger in levels:
        logger.setLevel("CRITICAL")
    explore(OutboxModel(faults=1), max_states=100_000)
    explore(LedgerModel(faults=0, may_be_old=True, has_unlisted=True), max_states=100_000)
    for policy in UnknownPolicy:
        explore(LedgerModel(faults=1, redeliveries=0, replays=0, policy=policy), max_states=100_000)
    for logger, level in levels.items():
        logger.setLevel(level)
    return made


def result_of(item: Mapping[str, Any] | None, request: Mapping[str, Any]) -> dict[str, Any] | str | None:
    try:
        return write(item, request)
    except ConditionNotMetError:
        return CONDITION_FAILED


def result_in(
    dynamodb: DynamoDBClient, item: Mapping[str, Any] | None, request: Mapping[str, Any]
) -> dict[str, Any] | str | None:
    """Make the write in a table that has only this item."""
    table = request["TableName"]
    names = [key["AttributeName"] for key in KEYS[table]]
    key = {name: (request.get("Key") or request["Item"])[name] for name in names}
    dynamodb.delete_item(TableName=table, Key=key)
    if item:
        dynamodb.put_item(TableName=table, Item=item)
    method = "put_item" if "Item" in request else "update_item" if "UpdateExpression" in request else "delete_item"
    try:
        getattr(dynamodb, method)(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    found: dict[str, Any] | None = dynamodb.get_item(TableName=table, Key=key).get("Item")
    return found


def test_the_models_write_as_dynamodb_does(
    dynamodb: DynamoDBClient, writes: list[tuple[Mapping[str, Any] | None, Mapping[str, Any]]]
) -> None:
    assert len(writes) > 80
    for item, request in writes:
        assert result_of(item, request) == result_in(dynamodb, item, request), (item, request)
