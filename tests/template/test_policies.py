"""Permissions: each function has those that its calls need, and no others."""

import re

import pytest

from tests.template.aws_calls import calls
from tests.template.deployment import ROOT, Deployment, deploy
from tests.template.known import FUNCTIONS
from tests.template.parameter_sets import CA_SECRET, CLUSTER, KAFKA_SECRET, KAFKA_SECRET_KEY, KEY, PLAIN, REQUIRED, VPC

TOPIC = "arn:aws:kafka:eu-central-1:111122223333:topic/shop/abc-1/order-events"
GROUP = "arn:aws:kafka:eu-central-1:111122223333:group/shop/abc-1/shop-notify-order-events*"
ORDERS = "arn:aws:dynamodb:eu-central-1:123456789012:table/OrdersTable"
NOTIFICATIONS = "arn:aws:dynamodb:eu-central-1:123456789012:table/NotificationsTable"
DEAD_LETTERS = "arn:aws:sqs:eu-central-1:123456789012:DeadLetterQueue"
DISCARDED = "arn:aws:s3:::deadletterbucket"
FEEDBACK_DEAD_LETTERS = "arn:aws:sqs:eu-central-1:123456789012:FeedbackDeadLetterQueue"
SENDER = "arn:aws:ses:eu-central-1:123456789012:identity/shop.example"
CONFIGURATION_SET = "arn:aws:ses:eu-central-1:123456789012:configuration-set/ConfigurationSet"

ON_ORDERS = {
    ("dynamodb:GetItem", ORDERS),
    ("dynamodb:PutItem", ORDERS),
    ("dynamodb:UpdateItem", ORDERS),
    ("dynamodb:Query", f"{ORDERS}/index/by_status"),
    ("dynamodb:Query", f"{ORDERS}/index/by_customer"),
}
RELAY = {
    ("dynamodb:Query", f"{ORDERS}/index/pending"),
    ("dynamodb:BatchGetItem", ORDERS),
    ("dynamodb:UpdateItem", ORDERS),
    ("dynamodb:DeleteItem", ORDERS),  # only of its lease
}
PRODUCE = {
    ("kafka-cluster:Connect", CLUSTER),
    ("kafka-cluster:WriteDataIdempotently", CLUSTER),
    ("kafka-cluster:DescribeTopic", TOPIC),
    ("kafka-cluster:WriteData", TOPIC),
}
LOGS_AND_TRACES = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
NOTIFY = {
    ("dynamodb:UpdateItem", NOTIFICATIONS),
    ("dynamodb:PartiQLInsert", NOTIFICATIONS),
    ("dynamodb:PartiQLUpdate", NOTIFICATIONS),
    ("ses:SendRawEmail", SENDER),
    ("ses:SendRawEmail", CONFIGURATION_SET),
    ("sqs:SendMessage", DEAD_LETTERS),
    # For its pollers. They may write all keys, because only they use the bucket.
    ("s3:PutObject", f"{DISCARDED}/*"),
    ("s3:ListBucket", DISCARDED),
}
# EC2 has no narrower resource for these actions before the pollers' network interface exists.
REACH_THE_BROKERS = {
    ("ec2:CreateNetworkInterface", "*"),
    ("ec2:DeleteNetworkInterface", "*"),
    ("ec2:DescribeNetworkInterfaces", "*"),
    ("ec2:DescribeSecurityGroups", "*"),
    ("ec2:DescribeSubnets", "*"),
    ("ec2:DescribeVpcs", "*"),
}
FIND_THE_CLUSTER = {
    ("kafka:DescribeCluster", CLUSTER),
    ("kafka:DescribeClusterV2", CLUSTER),
    ("kafka:GetBootstrapBrokers", CLUSTER),
}
CONSUME = {
    ("kafka-cluster:Connect", CLUSTER),
    ("kafka-cluster:DescribeClusterDynamicConfiguration", CLUSTER),
    ("kafka-cluster:DescribeTopic", TOPIC),
    ("kafka-cluster:ReadData", TOPIC),
    ("kafka-cluster:AlterGroup", GROUP),
    ("kafka-cluster:DescribeGroup", GROUP),
}
READ_THE_SECRET = {("secretsmanager:GetSecretValue", KAFKA_SECRET), ("kms:Decrypt", KAFKA_SECRET_KEY)}


def test_order_may_record_orders_and_produce_to_its_topic(on_msk: Deployment) -> None:
    assert on_msk.grants("OrderFunction") == ON_ORDERS | PRODUCE


def test_relay_may_find_pending_events_and_produce_to_the_same_topic(on_msk: Deployment) -> None:
    assert on_msk.grants("RelayFunction") == RELAY | PRODUCE


def test_relay_may_delete_only_its_lease(deployment: Deployment) -> None:
    [statement] = (each for each in deployment.statements("RelayFunction") if "dynamodb:DeleteItem" in each["Action"])
    assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["lease#relay"]}}
    assert statement["Action"] == ["dynamodb:DeleteItem"]


@pytest.mark.parametrize(
    ("parameters", "secrets"),
    [
        ({"KafkaAuthentication": "scram", "KafkaSecretArn": KAFKA_SECRET}, {KAFKA_SECRET}),
        (
            {"KafkaAuthentication": "scram", "KafkaSecretArn": KAFKA_SECRET, "KafkaCaSecretArn": CA_SECRET},
            {KAFKA_SECRET, CA_SECRET},
        ),
        ({"KafkaAuthentication": "plain", "KafkaSecretArn": KAFKA_SECRET}, {KAFKA_SECRET}),
        ({"KafkaAuthentication": "tls", "KafkaCaSecretArn": CA_SECRET}, {CA_SECRET}),
        ({"KafkaAuthentication": "tls"}, set()),
        ({"KafkaAuthentication": "none"}, set()),
    ],
    ids=["scram", "scram and CA", "plain", "tls and CA", "tls", "none"],
)
def test_functions_of_a_self_managed_cluster_may_read_only_the_secrets_that_they_authenticate_with(
    parameters: dict[str, str], secrets: set[str]
) -> None:
    deployment = deploy(**REQUIRED, **VPC, **parameters)
    read = {("secretsmanager:GetSecretValue", secret) for secret in secrets}
    assert deployment.grants("OrderFunction") == ON_ORDERS | read
    assert deployment.grants("RelayFunction") == RELAY | read
    assert deployment.grants("NotifyFunction") == NOTIFY | read | REACH_THE_BROKERS


def test_functions_on_msk_with_scram_may_read_the_secret_and_have_no_iam_permissions(
    on_msk_with_scram: Deployment,
) -> None:
    pollers = FIND_THE_CLUSTER | {("kafka:ListScramSecrets", CLUSTER)} | REACH_THE_BROKERS
    assert on_msk_with_scram.grants("OrderFunction") == ON_ORDERS | READ_THE_SECRET
    assert on_msk_with_scram.grants("RelayFunction") == RELAY | READ_THE_SECRET
    assert on_msk_with_scram.grants("NotifyFunction") == NOTIFY | READ_THE_SECRET | pollers


def test_secrets_key_may_decrypt_only_through_secrets_manager(on_msk_with_scram: Deployment) -> None:
    for function in ("OrderFunction", "RelayFunction", "NotifyFunction"):
        [decrypt] = (each for each in on_msk_with_scram.statements(function) if each["Action"] == ["kms:Decrypt"])
        assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}


@pytest.mark.parametrize("authentication", ["tls", "none"])
def test_functions_on_msk_without_authentication_have_no_iam_permissions(authentication: str) -> None:
    deployment = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, KafkaAuthentication=authentication)
    assert deployment.grants("OrderFunction") == ON_ORDERS
    assert deployment.grants("NotifyFunction") == NOTIFY | FIND_THE_CLUSTER | REACH_THE_BROKERS


def test_notify_may_write_its_ledger_and_send_and_its_pollers_may_consume(on_msk: Deployment) -> None:
    assert on_msk.grants("NotifyFunction") == NOTIFY | FIND_THE_CLUSTER | CONSUME | REACH_THE_BROKERS


def test_feedback_may_update_the_ledger_and_dead_letter_its_failures(deployment: Deployment) -> None:
    assert deployment.grants("FeedbackFunction") == {
        ("dynamodb:UpdateItem", NOTIFICATIONS),
        ("sqs:SendMessage", FEEDBACK_DEAD_LETTERS),
    }


def test_history_may_read_the_ledger(deployment: Deployment) -> None:
    assert deployment.grants("HistoryFunction") == {("dynamodb:Query", NOTIFICATIONS)}


def test_functions_without_msk_have_no_permissions_on_msk(on_self_managed: Deployment) -> None:
    assert on_self_managed.grants("OrderFunction") == ON_ORDERS
    assert on_self_managed.grants("RelayFunction") == RELAY
    assert on_self_managed.grants("NotifyFunction") == NOTIFY | REACH_THE_BROKERS


def test_notify_without_a_network_has_no_permissions_on_networks() -> None:
    deployment = deploy(**PLAIN)
    assert deployment.grants("NotifyFunction") == NOTIFY


def test_consumer_group_in_the_policy_is_the_mappings(on_msk: Deployment) -> None:
    config = on_msk.properties("NotifyFromMsk")["AmazonManagedKafkaEventSourceConfig"]
    # The star is for the groups that also have a time: see NotifyReadsFrom.
    assert GROUP.endswith(f"/{config['ConsumerGroupId']}*")


def test_pollers_may_write_only_to_a_bucket_of_this_account(deployment: Deployment) -> None:
    statements = [
        each
        for each in deployment.statements("NotifyFunction")
        if any(action.startswith("s3:") for action in each["Action"])
    ]
    assert len(statements) == 2
    for statement in statements:
        assert statement["Condition"] == {"StringEquals": {"s3:ResourceAccount": "123456789012"}}


def test_only_the_pollers_network_their_groups_and_their_bucket_have_wildcard_resources(
    deployment: Deployment,
) -> None:
    functions = deployment.of_type("AWS::Lambda::Function")
    grants = {grant for function in functions for grant in deployment.grants(function)}
    assert not {action for action, _ in grants if "*" in action}
    as_a_whole = {("s3:PutObject", f"{DISCARDED}/*")}
    groups = {grant for grant in CONSUME if grant[1] == GROUP}
    assert {grant for grant in grants - groups if "*" in grant[1]} == REACH_THE_BROKERS | as_a_whole


def test_notify_may_publish_to_phones_and_to_no_topic_if_the_deployment_sends_text_messages(
    on_msk: Deployment, with_text_messages: Deployment
) -> None:
    granted = with_text_messages.grants("NotifyFunction") - on_msk.grants("NotifyFunction")
    assert granted == {("sns:Publish", "*")}
    statements = with_text_messages.statements("NotifyFunction")
    denied = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert [(each["Action"], each["Resource"]) for each in denied] == [(["sns:Publish"], "arn:aws:sns:*:*:*")]


def test_notify_may_publish_nothing_by_default(deployment: Deployment) -> None:
    assert not [action for action in deployment.actions("NotifyFunction") if action.startswith("sns:")]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_aws_own_policies_for_logs_traces_and_network_only(
    deployment: Deployment, function: str
) -> None:
    network = {"AWSLambdaVPCAccessExecutionRole"} if FUNCTIONS[function].in_the_network else set()
    arns = deployment.properties(f"{function}Role")["ManagedPolicyArns"]
    assert {arn.rpartition("/")[2] for arn in arns if arn.startswith("arn:aws:iam::aws:")} == LOGS_AND_TRACES | network
    ours = {arn for arn in arns if not arn.startswith("arn:aws:iam::aws:")}
    assert ours <= deployment.of_type("AWS::IAM::ManagedPolicy").keys()


# Calls whose permissions have other names: SendEmail with a raw MIME message needs SendRawEmail, and
# BatchExecuteStatement needs the permissions of its statements.
PERMISSIONS = {
    "ses:SendEmail": {"ses:SendRawEmail"},
    "dynamodb:BatchExecuteStatement": {"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"},
}


def _needed(deployment: Deployment, function: str) -> set[str]:
    """Return the permissions that the calls in a function's code need."""
    made = calls(deployment.properties(function)["Handler"])
    return {permission for call in made for permission in PERMISSIONS.get(call, {call})}


def test_notify_in_the_sandbox_may_use_the_recipients_identity() -> None:
    more = deploy(**PLAIN, SandboxRecipient="you@example.com").grants("NotifyFunction")
    recipient = "arn:aws:ses:eu-central-1:123456789012:identity/you@example.com"
    assert more - deploy(**PLAIN).grants("NotifyFunction") == {("ses:SendRawEmail", recipient)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_may_make_every_call_that_is_in_their_code(
    on_msk_with_scram: Deployment, with_text_messages: Deployment, under_a_key: Deployment, function: str
) -> None:
    needed = _needed(on_msk_with_scram, function)
    # Authentication with IAM reads no secret, and only text messages need SNS.
    assert needed - {"sns:Publish"} <= on_msk_with_scram.actions(function)
    assert needed - {"secretsmanager:GetSecretValue"} <= with_text_messages.actions(function)
    assert needed - {"secretsmanager:GetSecretValue", "sns:Publish"} <= under_a_key.actions(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_no_permission_that_neither_their_code_nor_a_service_needs(
    deployment: Deployment, under_a_key: Deployment, function: str
) -> None:
    needed = _needed(deployment, function) | FUNCTIONS[function].without_a_call
    assert deployment.actions(function) <= needed
    assert under_a_key.actions(function) <= needed


def test_every_permission_without_a_call_exists_in_some_deployment(
    on_msk: Deployment, on_msk_with_scram: Deployment, under_a_key: Deployment
) -> None:
    for function, known in FUNCTIONS.items():
        given = on_msk.actions(function) | on_msk_with_scram.actions(function) | under_a_key.actions(function)
        assert known.without_a_call <= given


def test_your_own_key_may_be_used_only_through_the_services_that_encrypt_with_it(
    on_msk: Deployment, under_a_key: Deployment
) -> None:
    for function, known in FUNCTIONS.items():
        decrypt, data_key = ("kms:Decrypt", KEY), ("kms:GenerateDataKey", KEY)
        more = {decrypt, data_key} if known.writes_dead_letters else {decrypt}
        assert under_a_key.grants(function) - on_msk.grants(function) == more
        services = {
            service
            for statement in under_a_key.statements(function)
            if statement["Resource"] == KEY
            for service in _as_list(statement["Condition"]["StringEquals"]["kms:ViaService"])
        }
        dead_letters = {"sqs.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com"}
        assert services - {"dynamodb.eu-central-1.amazonaws.com"} == (
            dead_letters if known.writes_dead_letters else set()
        )


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_permissions_page_lists_every_permission_and_no_other(
    with_text_messages: Deployment, on_msk_with_scram: Deployment, under_a_key: Deployment
) -> None:
    rows = [line for line in (ROOT / "docs/permissions.md").read_text().splitlines() if line.startswith("| `")]
    listed = {action for row in rows for action in re.findall(r"`(\w[\w-]*:\w+)`", row.split("|")[1])}
    given = {
        action
        for deployment in (with_text_messages, on_msk_with_scram, under_a_key)
        for function in FUNCTIONS
        for action in deployment.actions(function)
    }
    assert listed == given
