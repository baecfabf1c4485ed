"""The lease: one at a time has it, and it ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from functions.order.dynamodb import StoreUnavailableError
from functions.order.lease import Lease, LeaseTakenError
from functions.order.orders import is_order_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class FakeClock:
    now = 1_795_342_530.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lease(dynamodb: DynamoDBClient, clock: FakeClock) -> Lease:
    return lease_of(dynamodb, clock)


def lease_of(client: Any, clock: FakeClock, name: str = "relay") -> Lease:
    return Lease(client=client, table="orders", name=name, clock=clock)


def items(dynamodb: DynamoDBClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [dict(item) for item in dynamodb.scan(TableName="orders")["Items"]]
    return found


def refused(lease: Lease) -> bool:
    try:
        with lease.held(seconds=60):
            return False
    except LeaseTakenError:
        return True


def test_while_one_has_it_nobody_else_gets_it(lease: Lease) -> None:
    with lease.held(seconds=60):
        assert refused(lease)
        assert refused(lease)


def test_who_was_refused_has_not_ended_it(lease: Lease, dynamodb: DynamoDBClient) -> None:
    with lease.held(seconds=60):
        before = items(dynamodb)
        assert refused(lease)
        assert items(dynamodb) == before


def test_after_its_owner_is_done_the_next_gets_it(lease: Lease, dynamodb: DynamoDBClient) -> None:
    with lease.held(seconds=60):
        pass
    assert items(dynamodb) == []
    assert not refused(lease)


def test_an_owner_who_fails_gives_it_back(lease: Lease, dynamodb: DynamoDBClient) -> None:
    with pytest.raises(ZeroDivisionError), lease.held(seconds=60):
        raise ZeroDivisionError
    assert items(dynamodb) == []


def test_it_lasts_as_long_as_was_asked_for(lease: Lease, clock: FakeClock) -> None:
    with lease.held(seconds=60):
        clock.now += 60
        assert refused(lease)


def test_of_an_owner_who_died_it_runs_out(lease: Lease, clock: FakeClock) -> None:
    dead = lease.held(seconds=60)
    dead.__enter__()
    clock.now += 63
    assert not refused(lease)


def test_an_owner_who_is_late_does_not_end_somebody_elses(
    lease: Lease, clock: FakeClock, dynamodb: DynamoDBClient
) -> None:
    late = lease.held(seconds=60)
    late.__enter__()
    clock.now += 63
    with lease.held(seconds=60):
        others = items(dynamodb)
        late.__exit__(None, None, None)
        assert items(dynamodb) == others
        assert refused(lease)


def test_leases_of_other_names_are_others(lease: Lease, dynamodb: DynamoDBClient, clock: FakeClock) -> None:
    with lease.held(seconds=60):
        assert not refused(lease_of(dynamodb, clock, "sweeper"))


def test_it_is_no_order_and_in_no_index(lease: Lease, dynamodb: DynamoDBClient, orders_table: dict[str, Any]) -> None:
    keys_of_indexes = {
        key["AttributeName"] for index in orders_table["GlobalSecondaryIndexes"] for key in index["KeySchema"]
    }
    with lease.held(seconds=60):
        [item] = items(dynamodb)
    assert not is_order_id(item["order_id"]["S"])
    assert not keys_of_indexes & item.keys()


class LossyClient:
    """A DynamoDB client that loses the first answer to each call and, as botocore does, makes the call again."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self.lost: list[str] = []

    def update_item(self, **request: Any) -> Any:
        self.lost.append("update_item")
        self._client.update_item(**request)
        return self._client.update_item(**request)

    def delete_item(self, **request: Any) -> Any:
        self.lost.append("delete_item")
        self._client.delete_item(**request)
        return self._client.delete_item(**request)


def test_lost_answers_neither_refuse_it_nor_keep_it(dynamodb: DynamoDBClient, clock: FakeClock) -> None:
    client = LossyClient(dynamodb)
    with lease_of(client, clock).held(seconds=60):
        assert len(items(dynamodb)) == 1
    assert items(dynamodb) == []
    assert client.lost == ["update_item", "delete_item"]


class AwayClient:
    """A DynamoDB client that cannot connect, at once or from the second call on."""

    def __init__(self, client: DynamoDBClient, *, answers: int) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        if self._answers == 0:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
        self._answers -= 1
        return getattr(self._client, name)


def test_without_dynamodb_nobody_gets_it(clock: FakeClock) -> None:
    client = AwayClient(boto3.client("dynamodb", region_name="eu-central-1"), answers=0)
    with pytest.raises(StoreUnavailableError), lease_of(client, clock).held(seconds=60):
        pytest.fail("the lease was held")


def test_what_was_done_counts_although_the_lease_cannot_be_ended(dynamodb: DynamoDBClient, clock: FakeClock) -> None:
    done = []
    with lease_of(AwayClient(dynamodb, answers=1), clock).held(seconds=60):
        done.append("work")
    assert done == ["work"]
    [item] = items(dynamodb)
    assert "lease_until" in item  # it runs out


def test_an_error_under_the_lease_is_not_hidden_by_dynamodbs(dynamodb: DynamoDBClient, clock: FakeClock) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        lease_of(AwayClient(dynamodb, answers=1), clock).held(seconds=60),
    ):
        raise ZeroDivisionError
