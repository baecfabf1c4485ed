"""Lease: one owner at a time holds it, and it expires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from functions.order.domain.order import is_order_id
from functions.order.outbox.lease import Lease, LeaseTakenError
from functions.order.storage.client import StoreUnavailableError
from tests.order.fakes import AwayClient, FakeEpochClock, LossyClient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def clock() -> FakeEpochClock:
    return FakeEpochClock(now=1_795_342_530.5)


@pytest.fixture
def lease(dynamodb: DynamoDBClient, clock: FakeEpochClock) -> Lease:
    return lease_of(dynamodb, clock)


def lease_of(client: Any, clock: FakeEpochClock, name: str = "relay") -> Lease:
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


def test_a_held_lease_is_refused_to_others(lease: Lease) -> None:
    with lease.held(seconds=60):
        assert refused(lease)
        assert refused(lease)


def test_a_refused_caller_does_not_end_the_lease(lease: Lease, dynamodb: DynamoDBClient) -> None:
    with lease.held(seconds=60):
        before = items(dynamodb)
        assert refused(lease)
        assert items(dynamodb) == before


def test_a_released_lease_goes_to_the_next(lease: Lease, dynamodb: DynamoDBClient) -> None:
    with lease.held(seconds=60):
        pass
    assert items(dynamodb) == []
    assert not refused(lease)


def test_an_owner_that_fails_releases_the_lease(lease: Lease, dynamodb: DynamoDBClient) -> None:
    with pytest.raises(ZeroDivisionError), lease.held(seconds=60):
        raise ZeroDivisionError
    assert items(dynamodb) == []


def test_a_lease_lasts_as_long_as_its_owner_asked(lease: Lease, clock: FakeEpochClock) -> None:
    with lease.held(seconds=60):
        clock.now += 60
        assert refused(lease)


def test_the_lease_of_an_owner_that_died_expires(lease: Lease, clock: FakeEpochClock) -> None:
    dead = lease.held(seconds=60)
    dead.__enter__()
    clock.now += 63
    assert not refused(lease)


def test_an_owner_that_renews_the_lease_has_it_for_as_long_again(lease: Lease, clock: FakeEpochClock) -> None:
    with lease.held(seconds=20) as renew:
        clock.now += 15
        assert renew()
        clock.now += 15
        assert refused(lease)


def test_an_owner_does_not_renew_a_lease_that_another_has_by_then(
    lease: Lease, clock: FakeEpochClock, dynamodb: DynamoDBClient
) -> None:
    with lease.held(seconds=20) as renew:
        clock.now += 23
        with lease.held(seconds=20):
            others = items(dynamodb)
            assert not renew()
            assert items(dynamodb) == others


def test_an_owner_renews_a_lease_that_is_over_and_that_nobody_else_has_had(lease: Lease, clock: FakeEpochClock) -> None:
    with lease.held(seconds=20) as renew:
        clock.now += 23
        assert renew()
        assert refused(lease)


def test_an_owner_does_not_renew_a_lease_that_another_has_had_and_released(
    lease: Lease, clock: FakeEpochClock, dynamodb: DynamoDBClient
) -> None:
    with lease.held(seconds=20) as renew:
        clock.now += 23
        with lease.held(seconds=20):
            pass
        assert not renew()
        assert items(dynamodb) == []


def test_a_late_owner_does_not_end_the_lease_of_the_next(
    lease: Lease, clock: FakeEpochClock, dynamodb: DynamoDBClient
) -> None:
    late = lease.held(seconds=60)
    late.__enter__()
    clock.now += 63
    with lease.held(seconds=60):
        others = items(dynamodb)
        late.__exit__(None, None, None)
        assert items(dynamodb) == others
        assert refused(lease)


def test_leases_of_different_names_are_independent(
    lease: Lease, dynamodb: DynamoDBClient, clock: FakeEpochClock
) -> None:
    with lease.held(seconds=60):
        assert not refused(lease_of(dynamodb, clock, "sweeper"))


def test_a_lease_is_not_an_order_and_in_no_index(
    lease: Lease, dynamodb: DynamoDBClient, orders_table: dict[str, Any]
) -> None:
    keys_of_indexes = {
        key["AttributeName"] for index in orders_table["GlobalSecondaryIndexes"] for key in index["KeySchema"]
    }
    with lease.held(seconds=60):
        [item] = items(dynamodb)
    assert not is_order_id(item["order_id"]["S"])
    assert not keys_of_indexes & item.keys()


def test_a_lease_is_acquired_and_released_although_dynamodbs_answers_are_lost(
    dynamodb: DynamoDBClient, clock: FakeEpochClock
) -> None:
    client = LossyClient(dynamodb)
    with lease_of(client, clock).held(seconds=60):
        assert len(items(dynamodb)) == 1
    assert items(dynamodb) == []
    assert client.lost == ["update_item", "delete_item"]


def test_nobody_gets_the_lease_without_dynamodb(dynamodb: DynamoDBClient, clock: FakeEpochClock) -> None:
    client = AwayClient(dynamodb)
    with pytest.raises(StoreUnavailableError), lease_of(client, clock).held(seconds=60):
        pytest.fail("the lease was held")


def test_the_work_counts_although_the_lease_cannot_be_released(dynamodb: DynamoDBClient, clock: FakeEpochClock) -> None:
    done = []
    with lease_of(AwayClient(dynamodb, answers=1), clock).held(seconds=60):
        done.append("work")
    assert done == ["work"]
    [item] = items(dynamodb)
    assert "lease_until" in item  # it expires


def test_an_error_under_the_lease_is_not_hidden_by_an_error_of_dynamodb(
    dynamodb: DynamoDBClient, clock: FakeEpochClock
) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        lease_of(AwayClient(dynamodb, answers=1), clock).held(seconds=60),
    ):
        raise ZeroDivisionError
