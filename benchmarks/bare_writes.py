"""Writes of orders to DynamoDB Local, with nothing around them: the bound of what a stack on this machine can record.

The requests have the shape of those that the functions send: two of the order function, and two of notify. They are
prepared before, and go over raw connections without signatures, which DynamoDB Local does not check. So nearly all of
the time is DynamoDB Local's.
"""

from __future__ import annotations

import http.client
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from functions.order.storage.order_item import item_of, serialize_attributes
from samrun.testing.aws import CREDENTIALS, REGION
from tests.order.orders import order_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# tests/performance/test_requests_of_an_order.py holds their number.
WRITES_OF_AN_ORDER_AND_ITS_MAIL = 4

_Request = tuple[str, bytes]


def orders_a_second(endpoint: str, *, orders: int, clients: int) -> float:
    """Return how many orders' worth of writes a second so many clients can make, each order's in their order."""
    prepared = [list(_requests(f"bare-{uuid.uuid4().hex}")) for _ in range(orders)]
    with ThreadPoolExecutor(clients) as threads:
        began = time.perf_counter()
        list(threads.map(lambda client: _send_all(endpoint, prepared[client::clients]), range(clients)))
        return orders / (time.perf_counter() - began)


def _requests(reference: str) -> Iterator[_Request]:
    """Yield the four requests of an order: operation and body."""
    now = datetime.now(UTC)
    order = order_of(reference, created_at=now)
    key = {"order_id": {"S": order.order_id}}
    yield _request(
        "PutItem",
        TableName="OrdersTable",
        Item={**item_of(order), "write_id": {"S": reference}},
        ConditionExpression="attribute_not_exists(order_id)",
    )
    yield _request(
        "UpdateItem",
        TableName="OrdersTable",
        Key=key,
        UpdateExpression="SET pending = :left REMOVE pending_shard, pending_since",
        ConditionExpression="pending = :read",
        ExpressionAttributeValues=serialize_attributes({":left": [], ":read": list(order.pending)}),
    )
    entry = {**key, "notification_id": {"S": f"{reference}#mail"}}
    claim = {
        **entry,
        "status": {"S": "claimed"},
        "owner": {"S": reference},
        "lease_until": {"N": str(now.timestamp())},
        "updated_at": {"S": now.isoformat()},
        "expires_at": {"N": str(int(now.timestamp()) + 86400)},
        "attempts": {"N": "1"},
    }
    names = ", ".join(f"'{name}': ?" for name in claim)
    yield _statement(f'INSERT INTO "NotificationsTable" VALUE {{{names}}}', claim.values())
    mark = {"status": {"S": "sent"}, "provider_id": {"S": reference}, "sent_at": {"S": now.isoformat()}}
    given = {**entry, "status": {"S": "claimed"}, "owner": {"S": reference}}
    sets = " ".join(f'SET "{name}" = ?' for name in mark)
    conditions = " AND ".join(f'"{name}" = ?' for name in given)
    yield _statement(f'UPDATE "NotificationsTable" {sets} WHERE {conditions}', [*mark.values(), *given.values()])


def _statement(text: str, parameters: Any) -> _Request:
    content = {"Statements": [{"Statement": text, "Parameters": list(parameters)}]}
    return _request("BatchExecuteStatement", **content)


def _request(operation: str, **body: Any) -> _Request:
    return operation, json.dumps(body).encode()


def _send_all(endpoint: str, orders: Sequence[Sequence[_Request]]) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    for requests in orders:
        for operation, body in requests:
            connection.request("POST", "/", body, _headers(operation))
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != http.HTTPStatus.OK or b'"Error"' in content:
                raise RuntimeError(f"{operation}: {content.decode()}")
    connection.close()


def _headers(operation: str) -> Mapping[str, str]:
    scope = f"{CREDENTIALS['AWS_ACCESS_KEY_ID']}/20261201/{REGION}/dynamodb/aws4_request"
    return {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"DynamoDB_20120810.{operation}",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
