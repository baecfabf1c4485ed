"""Resources and topics, made where DynamoDB Local and Kafka run."""

import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from kafka import KafkaAdminClient

from local.kafka import KafkaUnreachableError, check, create_topics
from local.model import Resource
from local.resources import ResourceError, make
from tests.system.running import RunningStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.xdist_group("shared-stack")


@pytest.fixture
def dynamodb(shared: RunningStack) -> "DynamoDBClient":
    return boto3.client(
        "dynamodb",
        endpoint_url=shared.endpoints["dynamodb"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _table(**properties: Any) -> Resource:
    usual = {
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"SSEEnabled": True},
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "shard", "AttributeType": "N"},
        ],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "pending",
                "KeySchema": [{"AttributeName": "shard", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    }
    name = f"table-{uuid.uuid4().hex}"
    return Resource(logical_id="Thing", type="AWS::DynamoDB::Table", name=name, properties=usual | properties)


def test_a_table_is_made_with_its_indexes_and_its_time_to_live(dynamodb: "DynamoDBClient") -> None:
    table = _table(TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True})
    assert make([table], lambda _: dynamodb) == [table]
    found = dynamodb.describe_table(TableName=table.name)["Table"]
    assert [index["IndexName"] for index in found["GlobalSecondaryIndexes"]] == ["pending"]
    time_to_live = dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    assert time_to_live["TimeToLiveStatus"] == "ENABLED"
    assert time_to_live["AttributeName"] == "expires_at"


def test_a_table_that_exists_is_left_as_it_is(dynamodb: "DynamoDBClient") -> None:
    table = _table()
    make([table], lambda _: dynamodb)
    dynamodb.put_item(TableName=table.name, Item={"id": {"S": "kept"}})
    assert make([table], lambda _: dynamodb) == []
    assert dynamodb.scan(TableName=table.name)["Count"] == 1


def test_a_table_that_cannot_be_made_is_named(dynamodb: "DynamoDBClient") -> None:
    wrong = _table(KeySchema=[{"AttributeName": "unknown", "KeyType": "HASH"}])
    with pytest.raises(
        ResourceError, match=r"^Thing \(AWS::DynamoDB::Table\) could not be made: .*ValidationException"
    ):
        make([wrong], lambda _: dynamodb)


def test_topics_are_created_once(shared: RunningStack) -> None:
    bootstrap, name = shared.endpoints["kafka"], f"topic-{uuid.uuid4().hex}"
    check(bootstrap)
    assert create_topics(bootstrap, {"order-events", name}, partitions=5) == [name]
    assert create_topics(bootstrap, [name], partitions=7) == []
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    [topic] = admin.describe_topics([name])
    admin.close()
    assert len(topic["partitions"]) == 5


def test_a_topic_that_kafka_refuses_is_an_error_that_says_why(shared: RunningStack) -> None:
    with pytest.raises(KafkaUnreachableError, match="does not do what it is asked: InvalidTopic"):
        create_topics(shared.endpoints["kafka"], ["no spaces allowed"], partitions=1)
