"""What is kept: encrypted, for as long as it is wanted, and safe from the stack's own end."""

from tests.template.deployment import Deployment

TABLE = "AWS::DynamoDB::Table"
DAY = 24 * 60 * 60


def test_every_table_is_encrypted(deployment: Deployment) -> None:
    tables = deployment.of_type(TABLE)
    assert set(tables) == {"OrdersTable", "NotificationsTable"}
    assert all(table["SSESpecification"] == {"SSEEnabled": True} for table in tables.values())


def test_every_queue_is_encrypted_and_keeps_its_messages_as_long_as_sqs_can(deployment: Deployment) -> None:
    queues = deployment.of_type("AWS::SQS::Queue")
    assert set(queues) == {"DeadLetterQueue"}
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    assert all(queue["MessageRetentionPeriod"] == 14 * DAY for queue in queues.values())


def test_orders_outlive_the_stack_and_can_be_restored(deployment: Deployment) -> None:
    table = deployment.resources["OrdersTable"]
    # Except on create, so that a stack whose first deployment fails leaves no table in the way of the next.
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_sender_stays_verified_whatever_becomes_of_the_stack(deployment: Deployment) -> None:
    sender = deployment.resources["SenderIdentity"]
    assert sender["DeletionPolicy"] == "RetainExceptOnCreate"
    assert sender["UpdateReplacePolicy"] == "Retain"


def test_what_is_still_to_be_published_is_found_by_a_sparse_index_of_keys(deployment: Deployment) -> None:
    [index] = deployment.properties("OrdersTable")["GlobalSecondaryIndexes"]
    assert index == {
        "IndexName": "pending",
        "KeySchema": [
            {"AttributeName": "pending_shard", "KeyType": "HASH"},
            {"AttributeName": "pending_since", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


def test_notifications_expire(deployment: Deployment) -> None:
    assert deployment.properties("NotificationsTable")["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }
