"""Resources and topics, made where DynamoDB Local and Kafka run."""

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from samrun.services.kafka import PATIENCE, KafkaUnreachableError, check, create_topics
from samrun.services.resources import ResourceError, create_resources
from samrun.template.model.application import Resource
from samrun.template.model.kafka_topics import KafkaTopic
from samrun.testing.aws import client
from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.xdist_group("shared-broker")


@pytest.fixture
def dynamodb(shared_database: Database) -> "DynamoDBClient":
    made: DynamoDBClient = client("dynamodb", shared_database.url)
    return made


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
    assert create_resources([table], lambda _: dynamodb) == [table]
    found = dynamodb.describe_table(TableName=table.name)["Table"]
    assert [index["IndexName"] for index in found["GlobalSecondaryIndexes"]] == ["pending"]
    time_to_live = dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    assert time_to_live["TimeToLiveStatus"] == "ENABLED"
    assert time_to_live["AttributeName"] == "expires_at"


def test_a_table_is_made_with_its_stream(dynamodb: "DynamoDBClient") -> None:
    table = _table(StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"})
    create_resources([table], lambda _: dynamodb)
    found = dynamodb.describe_table(TableName=table.name)["Table"]
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert found["LatestStreamArn"]


def test_a_table_is_made_from_texts_and_without_what_dynamodb_local_lacks(dynamodb: "DynamoDBClient") -> None:
    capacity = {"ReadCapacityUnits": "2", "WriteCapacityUnits": "3"}
    index = {
        "IndexName": "pending",
        "KeySchema": [{"AttributeName": "shard", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        "ProvisionedThroughput": capacity,
        "ContributorInsightsSpecification": {"Enabled": True},
    }
    table = _table(BillingMode="PROVISIONED", ProvisionedThroughput=capacity, GlobalSecondaryIndexes=[index])
    create_resources([table], lambda _: dynamodb)
    found = dynamodb.describe_table(TableName=table.name)["Table"]
    assert found["ProvisionedThroughput"]["WriteCapacityUnits"] == 3
    assert found["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 2


def test_a_table_that_exists_is_left_as_it_is(dynamodb: "DynamoDBClient") -> None:
    table = _table()
    create_resources([table], lambda _: dynamodb)
    dynamodb.put_item(TableName=table.name, Item={"id": {"S": "kept"}})
    assert create_resources([table], lambda _: dynamodb) == []
    assert dynamodb.scan(TableName=table.name)["Count"] == 1


def test_a_table_that_cannot_be_made_is_named(dynamodb: "DynamoDBClient") -> None:
    wrong = _table(KeySchema=[{"AttributeName": "unknown", "KeyType": "HASH"}])
    with pytest.raises(
        ResourceError, match=r"^Thing \(AWS::DynamoDB::Table\) could not be created: .*ValidationException"
    ):
        create_resources([wrong], lambda _: dynamodb)


def test_topics_are_created_once(broker: Broker) -> None:
    bootstrap, name = broker.bootstrap, f"topic-{uuid.uuid4().hex}"
    check(bootstrap)
    create_topics(bootstrap, ["exists-already"], partitions=1)
    assert create_topics(bootstrap, {"exists-already", name}, partitions=5) == [name]
    assert create_topics(bootstrap, [name], partitions=7) == []
    topic = AdminClient({"bootstrap.servers": bootstrap}).list_topics(name, timeout=PATIENCE).topics[name]
    assert len(topic.partitions) == 5


def test_a_declared_topic_is_created_as_it_is_declared(broker: Broker) -> None:
    name = f"topic-{uuid.uuid4().hex}"
    topic = KafkaTopic(logical_id="Events", name=name, partitions=2, configs={"cleanup.policy": "compact"})
    assert create_topics(broker.bootstrap, [name], partitions=5, declared={name: topic}) == [name]
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    assert len(admin.list_topics(name, timeout=PATIENCE).topics[name].partitions) == 2
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    assert admin.describe_configs([resource])[resource].result()["cleanup.policy"].value == "compact"


def test_a_topic_that_kafka_refuses_is_an_error_with_the_reason(broker: Broker) -> None:
    with pytest.raises(KafkaUnreachableError, match="refused a request: TOPIC_EXCEPTION: "):
        create_topics(broker.bootstrap, ["no spaces allowed"], partitions=1)
