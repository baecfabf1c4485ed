"""What is kept: encrypted, for as long as it is wanted, and safe from the stack's own end."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from functions.notify.ledger import KEPT
from functions.order import items, listing, outbox
from functions.order.orders import OrderSummary
from tests.order.conftest import order_of
from tests.template.conftest import KEY, PLAIN
from tests.template.deployment import Deployment, deploy

TABLE = "AWS::DynamoDB::Table"
DAY = 24 * 60 * 60


def test_every_table_is_encrypted(deployment: Deployment) -> None:
    tables = deployment.of_type(TABLE)
    assert set(tables) == {"OrdersTable", "NotificationsTable"}
    assert all(table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"} for table in tables.values())


def test_every_queue_is_encrypted_and_keeps_its_messages_as_long_as_sqs_can(deployment: Deployment) -> None:
    queues = deployment.of_type("AWS::SQS::Queue")
    assert set(queues) == {"DeadLetterQueue", "FeedbackDeadLetterQueue"}
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    assert all(queue["MessageRetentionPeriod"] == 14 * DAY for queue in queues.values())


def test_a_key_of_ones_own_encrypts_all_that_is_kept(under_a_key: Deployment) -> None:
    for table in under_a_key.of_type(TABLE).values():
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    for queue in under_a_key.of_type("AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == KEY
        assert "SqsManagedSseEnabled" not in queue
    for group in under_a_key.of_type("AWS::Logs::LogGroup").values():
        assert group["KmsKeyId"] == KEY
    [bucket] = under_a_key.of_type("AWS::S3::Bucket").values()
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


def test_every_bucket_is_encrypted_and_closed_to_the_public(deployment: Deployment) -> None:
    buckets = deployment.of_type("AWS::S3::Bucket")
    assert set(buckets) == {"DeadLetterBucket"}
    for bucket in buckets.values():
        [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(closed, True)
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_a_bucket_is_spoken_to_over_tls_only(deployment: Deployment) -> None:
    policy = deployment.properties("DeadLetterBucketPolicy")
    [statement] = policy["PolicyDocument"]["Statement"]
    arn = "arn:aws:s3:::deadletterbucket"
    assert policy["Bucket"] == "deadletterbucket"
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [arn, f"{arn}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_dead_letters_outlive_the_stack_and_end_while_the_ledger_knows_what_was_sent(deployment: Deployment) -> None:
    bucket = deployment.resources["DeadLetterBucket"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    [rule] = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 14)
    assert timedelta(days=14) < KEPT


@pytest.mark.parametrize("name", ["OrdersTable", "NotificationsTable"])
def test_a_table_outlives_the_stack_and_can_be_restored(deployment: Deployment, name: str) -> None:
    table = deployment.resources[name]
    # Except on create, so that a stack whose first deployment fails leaves no table in the way of the next.
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("protected", ["true", "false"])
def test_tables_are_protected_from_deletion_where_wanted(protected: str) -> None:
    deployment = deploy(**PLAIN, DeletionProtection=protected)
    assert {table["DeletionProtectionEnabled"] for table in deployment.of_type(TABLE).values()} == {protected}


def test_the_sender_stays_verified_whatever_becomes_of_the_stack(deployment: Deployment) -> None:
    sender = deployment.resources["SenderIdentity"]
    assert sender["DeletionPolicy"] == "RetainExceptOnCreate"
    assert sender["UpdateReplacePolicy"] == "Retain"


def test_a_sender_that_ses_knows_already_is_not_registered_again() -> None:
    deployment = deploy(**PLAIN, VerifySender="false")
    assert "SenderIdentity" not in deployment.resources
    assert not [name for name in deployment.outputs if name.startswith("Dkim")]


def test_the_records_that_the_domain_needs_are_told(deployment: Deployment) -> None:
    assert [name for name in deployment.outputs if name.startswith("Dkim")] == [
        "DkimRecord1",
        "DkimRecord2",
        "DkimRecord3",
    ]


def test_every_index_is_one_that_the_code_reads_with_the_keys_that_it_asks_for(deployment: Deployment) -> None:
    indexes = deployment.properties("OrdersTable")["GlobalSecondaryIndexes"]
    keys = {
        index["IndexName"]: tuple((key["AttributeName"], key["KeyType"]) for key in index["KeySchema"])
        for index in indexes
    }
    assert keys == {
        outbox.INDEX: (("pending_shard", "HASH"), ("pending_since", "RANGE")),
        listing.BY_STATUS: (("status_shard", "HASH"), ("listed_at", "RANGE")),
        listing.BY_CUSTOMER: (("customer_id", "HASH"), ("listed_at", "RANGE")),
    }


def test_the_items_that_the_code_writes_have_the_keys_of_every_index(deployment: Deployment) -> None:
    item = items.item_of(order_of())
    definitions = deployment.properties("OrdersTable")["AttributeDefinitions"]
    for definition in definitions:
        assert list(item[definition["AttributeName"]]) == [definition["AttributeType"]]
    keys = {
        key["AttributeName"]
        for index in deployment.properties("OrdersTable")["GlobalSecondaryIndexes"]
        for key in index["KeySchema"]
    }
    assert {definition["AttributeName"] for definition in definitions} == keys | {"order_id"}


def test_what_is_still_to_be_published_is_found_by_keys_alone(deployment: Deployment) -> None:
    assert _index(deployment, outbox.INDEX)["Projection"] == {"ProjectionType": "KEYS_ONLY"}


@pytest.mark.parametrize("name", [listing.BY_STATUS, listing.BY_CUSTOMER])
def test_a_list_tells_what_a_summary_has_and_nothing_of_the_customer_but_the_id(
    deployment: Deployment, name: str
) -> None:
    index = _index(deployment, name)
    assert index["Projection"]["ProjectionType"] == "INCLUDE"
    keys = {"order_id", *(key["AttributeName"] for key in index["KeySchema"])}
    told = keys | set(index["Projection"]["NonKeyAttributes"])
    summary = {field.name for field in fields(OrderSummary)}
    assert summary <= told
    assert told - summary <= {"status_shard", "listed_at"}


def _index(deployment: Deployment, name: str) -> dict[str, Any]:
    [index] = (
        index for index in deployment.properties("OrdersTable")["GlobalSecondaryIndexes"] if index["IndexName"] == name
    )
    found: dict[str, Any] = index
    return found


def test_notifications_expire(deployment: Deployment) -> None:
    assert deployment.properties("NotificationsTable")["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }
