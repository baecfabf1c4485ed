"""What each function may do: what it does, on what it does it to."""

import re

import pytest

from tests.template.aws_calls import calls
from tests.template.conftest import AUTHORITY, CLUSTER, KEY, LOGIN, LOGIN_KEY, PLAIN, REQUIRED, VPC
from tests.template.deployment import ROOT, Deployment, deploy

TOPIC = "arn:aws:kafka:eu-central-1:111122223333:topic/shop/abc-1/order-events"
GROUP = "arn:aws:kafka:eu-central-1:111122223333:group/shop/abc-1/shop-notify"
ORDERS = "arn:aws:dynamodb:eu-central-1:123456789012:table/OrdersTable"
NOTIFICATIONS = "arn:aws:dynamodb:eu-central-1:123456789012:table/NotificationsTable"
DEAD_LETTERS = "arn:aws:sqs:eu-central-1:123456789012:DeadLetterQueue"
GIVEN_UP = "arn:aws:s3:::deadletterbucket"
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
    ("dynamodb:DeleteItem", ORDERS),  # of its lease alone
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
    ("sns:Publish", "*"),
    # Its pollers'. All keys, since the bucket is theirs alone.
    ("s3:PutObject", f"{GIVEN_UP}/*"),
    ("s3:ListBucket", GIVEN_UP),
}
# EC2 knows no narrower resource for these before the pollers' network interface exists.
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
READ_THE_LOGIN = {("secretsmanager:GetSecretValue", LOGIN), ("kms:Decrypt", LOGIN_KEY)}


def test_order_keeps_orders_and_produces_to_its_topic(on_msk: Deployment) -> None:
    assert on_msk.grants("OrderFunction") == ON_ORDERS | PRODUCE


def test_relay_finds_what_pends_and_produces_to_the_same_topic(on_msk: Deployment) -> None:
    assert on_msk.grants("RelayFunction") == RELAY | PRODUCE


def test_relay_can_delete_nothing_but_its_lease(deployment: Deployment) -> None:
    [statement] = (each for each in deployment.statements("RelayFunction") if "dynamodb:DeleteItem" in each["Action"])
    assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["lease#relay"]}}
    assert statement["Action"] == ["dynamodb:DeleteItem"]


@pytest.mark.parametrize(
    ("parameters", "secrets"),
    [
        ({"KafkaAuthentication": "scram", "KafkaSecretArn": LOGIN}, {LOGIN}),
        ({"KafkaAuthentication": "scram", "KafkaSecretArn": LOGIN, "KafkaCaSecretArn": AUTHORITY}, {LOGIN, AUTHORITY}),
        ({"KafkaAuthentication": "tls", "KafkaCaSecretArn": AUTHORITY}, {AUTHORITY}),
        ({"KafkaAuthentication": "tls"}, set()),
        ({"KafkaAuthentication": "none"}, set()),
    ],
    ids=["scram", "scram and authority", "tls and authority", "tls", "none"],
)
def test_on_a_self_managed_cluster_each_reads_the_secrets_that_it_logs_in_with_and_no_more(
    parameters: dict[str, str], secrets: set[str]
) -> None:
    deployment = deploy(**REQUIRED, **VPC, **parameters)
    read = {("secretsmanager:GetSecretValue", secret) for secret in secrets}
    assert deployment.grants("OrderFunction") == ON_ORDERS | read
    assert deployment.grants("RelayFunction") == RELAY | read
    assert deployment.grants("NotifyFunction") == NOTIFY | read | REACH_THE_BROKERS


def test_on_msk_with_scram_each_reads_the_login_under_its_key_and_has_no_rights_of_iam(
    on_msk_with_scram: Deployment,
) -> None:
    pollers = FIND_THE_CLUSTER | {("kafka:ListScramSecrets", CLUSTER)} | REACH_THE_BROKERS
    assert on_msk_with_scram.grants("OrderFunction") == ON_ORDERS | READ_THE_LOGIN
    assert on_msk_with_scram.grants("RelayFunction") == RELAY | READ_THE_LOGIN
    assert on_msk_with_scram.grants("NotifyFunction") == NOTIFY | READ_THE_LOGIN | pollers


def test_the_key_decrypts_secrets_alone(on_msk_with_scram: Deployment) -> None:
    for function in ("OrderFunction", "RelayFunction", "NotifyFunction"):
        [decrypt] = (each for each in on_msk_with_scram.statements(function) if each["Action"] == ["kms:Decrypt"])
        assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}


@pytest.mark.parametrize("authentication", ["tls", "none"])
def test_on_an_msk_that_lets_anybody_in_there_are_no_rights_of_iam(authentication: str) -> None:
    deployment = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, KafkaAuthentication=authentication)
    assert deployment.grants("OrderFunction") == ON_ORDERS
    assert deployment.grants("NotifyFunction") == NOTIFY | FIND_THE_CLUSTER | REACH_THE_BROKERS


def test_notify_keeps_its_ledger_and_mails_and_its_pollers_consume(on_msk: Deployment) -> None:
    assert on_msk.grants("NotifyFunction") == NOTIFY | FIND_THE_CLUSTER | CONSUME | REACH_THE_BROKERS


def test_feedback_moves_the_ledger_on_and_its_failures_are_kept(deployment: Deployment) -> None:
    assert deployment.grants("FeedbackFunction") == {
        ("dynamodb:UpdateItem", NOTIFICATIONS),
        ("sqs:SendMessage", FEEDBACK_DEAD_LETTERS),
    }


def test_history_reads_the_ledger(deployment: Deployment) -> None:
    assert deployment.grants("HistoryFunction") == {("dynamodb:Query", NOTIFICATIONS)}


def test_without_msk_there_are_no_rights_on_it(on_self_managed: Deployment) -> None:
    assert on_self_managed.grants("OrderFunction") == ON_ORDERS
    assert on_self_managed.grants("RelayFunction") == RELAY
    assert on_self_managed.grants("NotifyFunction") == NOTIFY | REACH_THE_BROKERS


def test_without_a_network_there_are_no_rights_on_one() -> None:
    deployment = deploy(**PLAIN)
    assert deployment.grants("NotifyFunction") == NOTIFY


def test_the_group_that_may_be_read_is_the_mappings(on_msk: Deployment) -> None:
    config = on_msk.properties("NotifyFromMsk")["AmazonManagedKafkaEventSourceConfig"]
    assert GROUP.endswith(f"/{config['ConsumerGroupId']}")


def test_nothing_but_the_pollers_network_and_bucket_is_granted_as_a_whole(deployment: Deployment) -> None:
    functions = deployment.of_type("AWS::Lambda::Function")
    grants = {grant for function in functions for grant in deployment.grants(function)}
    assert not {action for action, _ in grants if "*" in action}
    as_a_whole = {("s3:PutObject", f"{GIVEN_UP}/*"), ("sns:Publish", "*")}
    assert {grant for grant in grants if "*" in grant[1]} == REACH_THE_BROKERS | as_a_whole


def test_notify_sends_text_messages_to_phones_and_to_no_topic(deployment: Deployment) -> None:
    denied = [statement for statement in deployment.statements("NotifyFunction") if statement["Effect"] == "Deny"]
    assert [(each["Action"], each["Resource"]) for each in denied] == [(["sns:Publish"], "arn:aws:sns:*:*:*")]


@pytest.mark.parametrize(
    ("function", "managed"),
    [
        ("OrderFunction", {*LOGS_AND_TRACES, "AWSLambdaVPCAccessExecutionRole"}),
        ("RelayFunction", {*LOGS_AND_TRACES, "AWSLambdaVPCAccessExecutionRole"}),
        ("NotifyFunction", LOGS_AND_TRACES),
        ("FeedbackFunction", LOGS_AND_TRACES),
        ("HistoryFunction", LOGS_AND_TRACES),
    ],
)
def test_of_awss_own_policies_a_function_has_those_for_logs_traces_and_its_network(
    deployment: Deployment, function: str, managed: set[str]
) -> None:
    arns = deployment.properties(f"{function}Role")["ManagedPolicyArns"]
    assert {arn.rpartition("/")[2] for arn in arns if arn.startswith("arn:aws:iam::aws:")} == managed
    ours = {arn for arn in arns if not arn.startswith("arn:aws:iam::aws:")}
    assert ours <= deployment.of_type("AWS::IAM::ManagedPolicy").keys()


# Calls whose rights have other names: SendEmail of a whole MIME message is authorised as SendRawEmail, and
# BatchExecuteStatement as what its statements do.
RIGHTS = {
    "ses:SendEmail": {"ses:SendRawEmail"},
    "dynamodb:BatchExecuteStatement": {"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"},
}
# Rights without a call in the code: what kafka-python does after a login by IAM,
PRODUCER = {action for action, _ in PRODUCE}
# what the mapping's pollers do with notify's role, to Kafka and with what they give up,
POLLERS = {
    *(action for action, _ in FIND_THE_CLUSTER | CONSUME | REACH_THE_BROKERS),
    "kafka:ListScramSecrets",
    "secretsmanager:GetSecretValue",
    "s3:PutObject",
    "s3:ListBucket",
}
# what Lambda does with feedback's role when it gives an event up,
GIVING_UP = {"sqs:SendMessage"}
# and what DynamoDB, SQS and S3 do in a function's name with a key of one's own.
READING, WRITING = {"kms:Decrypt"}, {"kms:Decrypt", "kms:GenerateDataKey"}
WITHOUT_A_CALL = {
    "OrderFunction": PRODUCER | READING,
    "RelayFunction": PRODUCER | READING,
    "NotifyFunction": POLLERS | WRITING,
    "FeedbackFunction": GIVING_UP | WRITING,
    "HistoryFunction": READING,
}


def _needed(deployment: Deployment, function: str) -> set[str]:
    """Return the rights that the calls in a function's code take."""
    made = calls(deployment.properties(function)["Handler"])
    return {right for call in made for right in RIGHTS.get(call, {call})}


def test_in_the_sandbox_notify_may_use_the_identity_of_the_one_who_gets_its_mails() -> None:
    more = deploy(**PLAIN, SandboxRecipient="you@example.com").grants("NotifyFunction")
    recipient = "arn:aws:ses:eu-central-1:123456789012:identity/you@example.com"
    assert more - deploy(**PLAIN).grants("NotifyFunction") == {("ses:SendRawEmail", recipient)}


@pytest.mark.parametrize("function", WITHOUT_A_CALL)
def test_a_function_may_make_every_call_that_is_in_its_code(
    on_msk_with_scram: Deployment, under_a_key: Deployment, function: str
) -> None:
    needed = _needed(on_msk_with_scram, function)
    assert needed <= on_msk_with_scram.actions(function)
    # A login by IAM reads no secret.
    assert needed - {"secretsmanager:GetSecretValue"} <= under_a_key.actions(function)


@pytest.mark.parametrize("function", WITHOUT_A_CALL)
def test_a_function_has_no_right_that_neither_its_code_nor_a_service_needs(
    deployment: Deployment, under_a_key: Deployment, function: str
) -> None:
    needed = _needed(deployment, function) | WITHOUT_A_CALL[function]
    assert deployment.actions(function) <= needed
    assert under_a_key.actions(function) <= needed


def test_every_function_is_compared(deployment: Deployment) -> None:
    assert WITHOUT_A_CALL.keys() == deployment.of_type("AWS::Lambda::Function").keys()


def test_every_right_without_a_call_is_there_for_some_deployment(
    on_msk: Deployment, on_msk_with_scram: Deployment, under_a_key: Deployment
) -> None:
    for function, rights in WITHOUT_A_CALL.items():
        given = on_msk.actions(function) | on_msk_with_scram.actions(function) | under_a_key.actions(function)
        assert rights <= given


def test_a_key_of_ones_own_is_used_through_the_services_that_encrypt_with_it(
    on_msk: Deployment, under_a_key: Deployment
) -> None:
    writes_dead_letters = {"NotifyFunction", "FeedbackFunction"}
    for function in WITHOUT_A_CALL:
        decrypt, data_key = ("kms:Decrypt", KEY), ("kms:GenerateDataKey", KEY)
        more = {decrypt, data_key} if function in writes_dead_letters else {decrypt}
        assert under_a_key.grants(function) - on_msk.grants(function) == more
        services = {
            service
            for statement in under_a_key.statements(function)
            if statement["Resource"] == KEY
            for service in _as_list(statement["Condition"]["StringEquals"]["kms:ViaService"])
        }
        dead_letters = {"sqs.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com"}
        assert services - {"dynamodb.eu-central-1.amazonaws.com"} == (
            dead_letters if function in writes_dead_letters else set()
        )


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_page_on_permissions_has_every_right_and_no_other(
    on_msk: Deployment, on_msk_with_scram: Deployment, under_a_key: Deployment
) -> None:
    rows = [line for line in (ROOT / "docs/permissions.md").read_text().splitlines() if line.startswith("| `")]
    told = {action for row in rows for action in re.findall(r"`(\w[\w-]*:\w+)`", row.split("|")[1])}
    given = {
        action
        for deployment in (on_msk, on_msk_with_scram, under_a_key)
        for function in WITHOUT_A_CALL
        for action in deployment.actions(function)
    }
    assert told == given
