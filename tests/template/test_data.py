"""Stored data: encrypted, retained as configured, and safe from the deletion of the stack."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from functions.notify.domain.notification import RETENTION
from functions.order.domain.order_page import OrderSummary
from functions.order.outbox import table as outbox
from functions.order.storage import order_item, queries
from tests.order.orders import order_of
from tests.template.deployment import ROOT, Deployment, deploy
from tests.template.known import BUCKETS, QUEUES, TABLES
from tests.template.parameter_sets import KEY, PLAIN

TABLE = "AWS::DynamoDB::Table"
NOTIFICATIONS = "NOTIFICATIONS_TABLE"
# For each setting of the tables that a restored table does not have: what sets it.
COMMANDS_OF_LOST_SETTINGS = {
    "BillingMode": "--billing-mode-override PAY_PER_REQUEST",
    "DeletionProtectionEnabled": "--deletion-protection-enabled",
    "PointInTimeRecoverySpecification": "aws dynamodb update-continuous-backups",
    "TimeToLiveSpecification": "--time-to-live-specification Enabled=true,AttributeName=expires_at",
}
DAY = 24 * 60 * 60


def test_every_table_is_encrypted(deployment: Deployment) -> None:
    tables = deployment.of_type(TABLE)
    assert tables.keys() >= TABLES
    by_kms = {"SSEEnabled": True, "SSEType": "KMS"}
    assert [name for name, table in tables.items() if table.get("SSESpecification") != by_kms] == []


def test_every_queue_is_encrypted_and_keeps_its_messages_for_sqs_maximum_of_14_days(deployment: Deployment) -> None:
    queues = deployment.of_type("AWS::SQS::Queue")
    assert queues.keys() >= QUEUES
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    assert all(queue["MessageRetentionPeriod"] == 14 * DAY for queue in queues.values())


@pytest.mark.parametrize("name", sorted(QUEUES | BUCKETS))
def test_queues_and_bucket_of_dead_letters_outlive_the_stack(deployment: Deployment, name: str) -> None:
    assert deployment.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert deployment.resources[name]["UpdateReplacePolicy"] == "Retain"


def test_your_own_key_encrypts_tables_queues_logs_and_bucket(under_a_key: Deployment) -> None:
    for table in under_a_key.of_type(TABLE).values():
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    for queue in under_a_key.of_type("AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == KEY
        assert "SqsManagedSseEnabled" not in queue
    for group in under_a_key.of_type("AWS::Logs::LogGroup").values():
        assert group["KmsKeyId"] == KEY
    for bucket in under_a_key.of_type("AWS::S3::Bucket").values():
        [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


def test_every_bucket_is_encrypted_and_closed_to_the_public(deployment: Deployment) -> None:
    buckets = deployment.of_type("AWS::S3::Bucket")
    assert buckets.keys() >= BUCKETS
    for bucket in buckets.values():
        [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(closed, True)
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_bucket_policy_denies_requests_without_tls(deployment: Deployment) -> None:
    policy = deployment.properties("DeadLetterBucketPolicy")
    [statement] = policy["PolicyDocument"]["Statement"]
    arn = "arn:aws:s3:::deadletterbucket"
    assert policy["Bucket"] == "deadletterbucket"
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [arn, f"{arn}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_dead_letters_expire_before_the_ledgers_entries(deployment: Deployment) -> None:
    [rule] = deployment.properties("DeadLetterBucket")["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 14)
    assert timedelta(days=14) < RETENTION


@pytest.mark.parametrize("name", sorted(TABLES))
def test_tables_outlive_the_stack_and_can_be_restored(deployment: Deployment, name: str) -> None:
    table = deployment.resources[name]
    # Except on create: if the first deployment fails, no table remains that would block the next one.
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("protected", ["true", "false"])
def test_deletion_protection_of_tables_is_a_parameter(protected: str) -> None:
    deployment = deploy(**PLAIN, DeletionProtection=protected)
    assert {table["DeletionProtectionEnabled"] for table in deployment.of_type(TABLE).values()} == {protected}


EXISTING = {
    "OrdersTable": {"OrdersTableName": "orders-restored"},
    "NotificationsTable": {"NotificationsTableName": "ledger-restored"},
}
OTHER = {"OrdersTable": "NotificationsTable", "NotificationsTable": "OrdersTable"}


@pytest.mark.parametrize("table", EXISTING)
def test_a_stack_with_an_existing_table_makes_none_of_its_own(table: str) -> None:
    [name] = EXISTING[table].values()
    deployment = deploy(**PLAIN, **EXISTING[table])
    assert deployment.of_type(TABLE).keys() & EXISTING.keys() == {OTHER[table]}
    assert deployment.outputs[f"{table}Name"] == name
    assert deployment.outputs[f"{OTHER[table]}Name"] == OTHER[table]


@pytest.mark.parametrize(
    ("table", "variable"), [("OrdersTable", "ORDERS_TABLE"), ("NotificationsTable", NOTIFICATIONS)]
)
def test_functions_use_an_existing_table_and_have_the_same_permissions_on_it(table: str, variable: str) -> None:
    [name] = EXISTING[table].values()
    own, existing = deploy(**PLAIN), deploy(**PLAIN, **EXISTING[table])
    for function, properties in existing.of_type("AWS::Lambda::Function").items():
        variables = own.properties(function)["Environment"]["Variables"]
        expected = variables | ({variable: name} if variable in variables else {})
        assert properties["Environment"]["Variables"] == expected
        granted = {
            (action, resource.replace(f":table/{table}", f":table/{name}")) for action, resource in own.grants(function)
        }
        assert existing.grants(function) == granted


def test_runbook_sets_each_setting_of_a_table_that_a_restored_one_lacks() -> None:
    # DynamoDB restores indexes and encryption.
    runbook = (ROOT / "docs/operations.md").read_text()
    for properties in deploy(**PLAIN).of_type(TABLE).values():
        lost = properties.keys() - {"AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "SSESpecification"}
        assert lost <= COMMANDS_OF_LOST_SETTINGS.keys()
        assert all(COMMANDS_OF_LOST_SETTINGS[setting] in runbook for setting in lost)


def test_sender_identity_outlives_the_stack(deployment: Deployment) -> None:
    sender = deployment.resources["SenderIdentity"]
    assert sender["DeletionPolicy"] == "RetainExceptOnCreate"
    assert sender["UpdateReplacePolicy"] == "Retain"


def test_stack_does_not_register_a_sender_that_ses_already_has() -> None:
    deployment = deploy(**PLAIN, VerifySender="false")
    assert "SenderIdentity" not in deployment.resources
    assert not [name for name in deployment.outputs if name.startswith("Dkim")]


def test_outputs_name_the_three_dkim_records(deployment: Deployment) -> None:
    assert [name for name in deployment.outputs if name.startswith("Dkim")] == [
        "DkimRecord1",
        "DkimRecord2",
        "DkimRecord3",
    ]


def test_code_reads_every_index_with_the_keys_that_the_index_has(deployment: Deployment) -> None:
    indexes = deployment.properties("OrdersTable")["GlobalSecondaryIndexes"]
    keys = {
        index["IndexName"]: tuple((key["AttributeName"], key["KeyType"]) for key in index["KeySchema"])
        for index in indexes
    }
    assert keys == {
        outbox.INDEX: (("pending_shard", "HASH"), ("pending_since", "RANGE")),
        queries.BY_STATUS: (("status_shard", "HASH"), ("listed_at", "RANGE")),
        queries.BY_CUSTOMER: (("customer_id", "HASH"), ("listed_at", "RANGE")),
    }


def test_items_that_the_code_writes_have_the_keys_of_every_index(deployment: Deployment) -> None:
    item = order_item.item_of(order_of())
    definitions = deployment.properties("OrdersTable")["AttributeDefinitions"]
    for definition in definitions:
        assert list(item[definition["AttributeName"]]) == [definition["AttributeType"]]
    keys = {
        key["AttributeName"]
        for index in deployment.properties("OrdersTable")["GlobalSecondaryIndexes"]
        for key in index["KeySchema"]
    }
    assert {definition["AttributeName"] for definition in definitions} == keys | {"order_id"}


def test_pending_index_projects_keys_only(deployment: Deployment) -> None:
    assert _index(deployment, outbox.INDEX)["Projection"] == {"ProjectionType": "KEYS_ONLY"}


@pytest.mark.parametrize("name", [queries.BY_STATUS, queries.BY_CUSTOMER])
def test_list_indexes_project_the_summary_and_of_the_customer_only_the_id(deployment: Deployment, name: str) -> None:
    index = _index(deployment, name)
    assert index["Projection"]["ProjectionType"] == "INCLUDE"
    keys = {"order_id", *(key["AttributeName"] for key in index["KeySchema"])}
    projected = keys | set(index["Projection"]["NonKeyAttributes"])
    summary = {field.name for field in fields(OrderSummary)}
    assert summary <= projected
    assert projected - summary <= {"status_shard", "listed_at"}


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


def test_queue_policies_deny_requests_without_tls(deployment: Deployment) -> None:
    policies = deployment.of_type("AWS::SQS::QueuePolicy").values()
    denied = {
        statement["Resource"].rpartition(":")[2]
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
        if statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert denied == deployment.of_type("AWS::SQS::Queue").keys()
    for policy in policies:
        [queue] = policy["Queues"]
        resources = {statement["Resource"].rpartition(":")[2] for statement in policy["PolicyDocument"]["Statement"]}
        assert resources == {queue.rpartition("/")[2]}
