"""What each function may do: what it does, on what it does it to."""

import pytest

from tests.template.conftest import CLUSTER, REQUIRED
from tests.template.deployment import Deployment, deploy

TOPIC = "arn:aws:kafka:eu-central-1:111122223333:topic/shop/abc-1/order-events"
GROUP = "arn:aws:kafka:eu-central-1:111122223333:group/shop/abc-1/shop-notify"
ORDERS = "arn:aws:dynamodb:eu-central-1:123456789012:table/OrdersTable"
NOTIFICATIONS = "arn:aws:dynamodb:eu-central-1:123456789012:table/NotificationsTable"
DEAD_LETTERS = "arn:aws:sqs:eu-central-1:123456789012:DeadLetterQueue"
SENDER = "arn:aws:ses:eu-central-1:123456789012:identity/shop.example"

ON_ORDERS = {
    ("dynamodb:GetItem", ORDERS),
    ("dynamodb:PutItem", ORDERS),
    ("dynamodb:UpdateItem", ORDERS),
}
PRODUCE = {
    ("kafka-cluster:Connect", CLUSTER),
    ("kafka-cluster:WriteDataIdempotently", CLUSTER),
    ("kafka-cluster:DescribeTopic", TOPIC),
    ("kafka-cluster:WriteData", TOPIC),
}
NOTIFY = {
    ("dynamodb:UpdateItem", NOTIFICATIONS),
    ("ses:SendRawEmail", SENDER),
    ("sqs:SendMessage", DEAD_LETTERS),
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
CONSUME = {
    ("kafka:DescribeCluster", CLUSTER),
    ("kafka:DescribeClusterV2", CLUSTER),
    ("kafka:GetBootstrapBrokers", CLUSTER),
    ("kafka-cluster:Connect", CLUSTER),
    ("kafka-cluster:DescribeClusterDynamicConfiguration", CLUSTER),
    ("kafka-cluster:DescribeTopic", TOPIC),
    ("kafka-cluster:ReadData", TOPIC),
    ("kafka-cluster:AlterGroup", GROUP),
    ("kafka-cluster:DescribeGroup", GROUP),
}


def test_order_keeps_orders_and_produces_to_its_topic(on_msk: Deployment) -> None:
    assert on_msk.grants("OrderFunction") == ON_ORDERS | PRODUCE


def test_notify_keeps_its_ledger_and_mails_and_its_pollers_consume(on_msk: Deployment) -> None:
    assert on_msk.grants("NotifyFunction") == NOTIFY | CONSUME | REACH_THE_BROKERS


def test_without_msk_there_are_no_rights_on_it(on_self_managed: Deployment) -> None:
    assert on_self_managed.grants("OrderFunction") == ON_ORDERS
    assert on_self_managed.grants("NotifyFunction") == NOTIFY | REACH_THE_BROKERS


def test_without_a_network_there_are_no_rights_on_one() -> None:
    deployment = deploy(**REQUIRED, KafkaAuthentication="none")
    assert deployment.grants("NotifyFunction") == NOTIFY


def test_the_group_that_may_be_read_is_the_mappings(on_msk: Deployment) -> None:
    config = on_msk.properties("NotifyFromMsk")["AmazonManagedKafkaEventSourceConfig"]
    assert GROUP.endswith(f"/{config['ConsumerGroupId']}")


def test_nothing_but_the_pollers_network_is_granted_on_everything(deployment: Deployment) -> None:
    grants = deployment.grants("OrderFunction") | deployment.grants("NotifyFunction")
    assert not {action for action, _ in grants if "*" in action}
    assert {grant for grant in grants if "*" in grant[1]} == REACH_THE_BROKERS


@pytest.mark.parametrize(
    ("function", "managed"),
    [
        ("OrderFunction", ["AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"]),
        ("NotifyFunction", ["AWSLambdaBasicExecutionRole"]),
    ],
)
def test_of_awss_own_policies_a_function_has_those_for_logs_and_its_network(
    deployment: Deployment, function: str, managed: list[str]
) -> None:
    arns = deployment.properties(f"{function}Role")["ManagedPolicyArns"]
    assert [arn.rpartition("/")[2] for arn in arns] == managed
