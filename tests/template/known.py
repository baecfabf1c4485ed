"""List of what the tests know of template.yaml: extend it with a new function, mapping, table, queue or alarm.

tests/template/test_known.py compares the list with the template and says which lines are missing. Every other test
selects what it is about by name, or holds for each resource of a type, so nothing else fails because of a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Permissions without a call in the code. kafka-python uses these after it has authenticated with IAM.
_PRODUCER = {
    "kafka-cluster:Connect",
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:WriteData",
    "kafka-cluster:WriteDataIdempotently",
}
# The mapping's pollers use these with the role of a consumer, to read Kafka and to write the batches that they discard.
_POLLERS = {
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "kafka-cluster:AlterGroup",
    "kafka-cluster:Connect",
    "kafka-cluster:DescribeClusterDynamicConfiguration",
    "kafka-cluster:DescribeGroup",
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:ReadData",
    "kafka:DescribeCluster",
    "kafka:DescribeClusterV2",
    "kafka:GetBootstrapBrokers",
    "kafka:ListScramSecrets",
    "s3:ListBucket",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
}
# Lambda uses this with the role of an asynchronous function when it discards an event.
_DISCARDING = {"sqs:SendMessage"}
# DynamoDB, SQS and S3 use these on behalf of a function, with your own key.
_READING, _WRITING = {"kms:Decrypt"}, {"kms:Decrypt", "kms:GenerateDataKey"}


@dataclass(frozen=True, kw_only=True)
class KnownFunction:
    """A function: the permissions that it needs without a call in its code, and where it runs."""

    without_a_call: set[str]
    in_the_network: bool = False
    """It runs inside the network of the brokers, as functions must that speak with Kafka themselves."""
    writes_dead_letters: bool = False
    """A queue or the bucket of dead letters is written with its role."""


FUNCTIONS: Mapping[str, KnownFunction] = {
    "OrderFunction": KnownFunction(without_a_call=_PRODUCER | _READING, in_the_network=True),
    "RelayFunction": KnownFunction(without_a_call=_PRODUCER | _READING, in_the_network=True),
    "NotifyFunction": KnownFunction(without_a_call=_POLLERS | _WRITING, writes_dead_letters=True),
    "FeedbackFunction": KnownFunction(without_a_call=_DISCARDING | _WRITING, writes_dead_letters=True),
    "HistoryFunction": KnownFunction(without_a_call=_READING),
}
# The mapping from order-events to notify: a deployment has one of the two.
FROM_ORDERS = {"NotifyFromMsk", "NotifyFromSelfManagedKafka"}
# The mappings from the topics of other services, by the parameter that names the topic.
FROM_REWARDS = {"RewardsFromMsk", "RewardsFromSelfManagedKafka"}
FROM_SHIPMENTS = {"ShipmentsFromMsk", "ShipmentsFromSelfManagedKafka"}
FROM_OTHERS: Mapping[str, set[str]] = {"RewardEventsTopic": FROM_REWARDS, "ShipmentEventsTopic": FROM_SHIPMENTS}
# The function that each mapping triggers.
MAPPINGS: Mapping[str, str] = dict.fromkeys(FROM_ORDERS | FROM_REWARDS | FROM_SHIPMENTS, "NotifyFunction")
TABLES = {"OrdersTable", "NotificationsTable"}
QUEUES = {"DeadLetterQueue", "FeedbackDeadLetterQueue"}
BUCKETS = {"DeadLetterBucket"}

_ABOVE, _FROM, _BELOW = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"
# Namespace, metric, statistic, comparison, threshold; seconds of a period, periods that must breach, and of how many.
ALARMS: Mapping[str, tuple[str, str, str, str, float, int, int, int]] = {
    "ApiFails": ("AWS/ApiGateway", "5xx", "Sum", _ABOVE, 0, 60, 2, 30),
    "OrderFails": ("AWS/Lambda", "Errors", "Sum", _ABOVE, 0, 60, 2, 30),
    # A run that another run's lease stopped publishes no metrics, so one minute without any is normal.
    "EventsWaitTooLong": ("shop", "OldestPendingSeconds", "Maximum", _ABOVE, 300, 60, 3, 3),
    "EventsQuarantined": ("shop", "EventsQuarantined", "Sum", _ABOVE, 0, 60, 1, 1),
    "NotifyLags": ("AWS/Lambda", "MaxOffsetLag", "Maximum", _ABOVE, 100, 60, 5, 5),
    "RewardsLag": ("AWS/Lambda", "MaxOffsetLag", "Maximum", _ABOVE, 100, 300, 3, 3),
    "ShipmentsLag": ("AWS/Lambda", "MaxOffsetLag", "Maximum", _ABOVE, 100, 300, 3, 3),
    # Lambda counts a poll without records as 0:
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
    "MappingStops": ("AWS/Lambda", "PolledEventCount", "SampleCount", _BELOW, 1, 300, 3, 3),
    "PollersFail": ("AWS/Lambda", "PollingErrorCount", "Sum", _ABOVE, 0, 60, 3, 15),
    "NotifyFails": ("AWS/Lambda", "Errors", "Sum", _ABOVE, 0, 60, 3, 15),
    "NotifyNotInvoked": ("AWS/Lambda", "InvokeErrorCount", "Sum", _ABOVE, 0, 60, 3, 15),
    "NotifyThrottled": ("AWS/Lambda", "Throttles", "Sum", _ABOVE, 0, 60, 3, 15),
    "NotificationsUnexpected": ("shop", "UnexpectedErrors", "Sum", _ABOVE, 0, 60, 1, 30),
    "NotificationsDeferred": ("shop", "NotificationsDeferred", "Sum", _ABOVE, 0, 300, 3, 12),
    "NotificationsHeld": ("shop", "NotificationsHeld", "Sum", _ABOVE, 0, 60, 1, 1),
    "DeadLettersWait": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", _ABOVE, 0, 300, 1, 1),
    "BatchesDiscarded": ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", "Sum", _ABOVE, 0, 60, 1, 1),
    "RecordsLost": ("AWS/Lambda", "DroppedEventCount", "Sum", _ABOVE, 0, 60, 1, 1),
    "FeedbackLost": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", _ABOVE, 0, 300, 1, 1),
    "FeedbackStaysAway": ("shop", "MailsDelivered", "Sum", _BELOW, 1, 3600, 4, 24),
    "TextsCostTooMuch": ("AWS/SNS", "SMSMonthToDateSpentUSD", "Maximum", _FROM, 0.8, 300, 1, 1),
    # SES reviews an account from these: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
    "BouncesTooMany": ("AWS/SES", "Reputation.BounceRate", "Maximum", _FROM, 0.05, 3600, 1, 1),
    "ComplaintsTooMany": ("AWS/SES", "Reputation.ComplaintRate", "Maximum", _FROM, 0.001, 3600, 1, 1),
}
# Alarms on an expression: of metrics of one period, or a query of Metrics Insights for the worst broker.
EXPRESSIONS: Mapping[str, tuple[str, str, float, int, int, int]] = {
    "OrdersRefused": ("IF(2 * refused > requests OR refused > 5 + requests / 10, refused, 0)", _ABOVE, 0, 60, 2, 30),
    "TextsFail": ("IF(failed > sent / 20, failed, 0)", _ABOVE, 0, 3600, 3, 24),
}
# From AWS's advice for MSK: https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html (disk, CPU) and
# https://docs.aws.amazon.com/msk/latest/developerguide/limits.html (connections).
BROKERS: Mapping[str, tuple[str, str, float, int, int, int]] = {
    "PartitionsOffline": ("MAX(OfflinePartitionsCount)", _ABOVE, 0, 60, 3, 3),
    "ReplicasTooFew": ("MAX(UnderMinIsrPartitionCount)", _ABOVE, 0, 60, 5, 5),
    "BrokerDiskFills": ("MAX(KafkaDataLogsDiskUsed)", _FROM, 80, 300, 1, 1),
    "BrokerCpuHigh": ("MIN(CpuIdle)", _BELOW, 40, 300, 3, 3),
    "BrokerConnectionsHigh": ("MAX(ConnectionCount)", _FROM, 2400, 300, 3, 3),
}
# Dimensions of the metrics of AWS's services. The dimension of our own metrics is the service.
DIMENSIONS: Mapping[str, tuple[str, set[str]]] = {
    "ApiFails": ("ApiId", {"OrderApi"}),
    "OrderFails": ("FunctionName", {"OrderFunction"}),
    "NotifyFails": ("FunctionName", {"NotifyFunction"}),
    "NotifyThrottled": ("FunctionName", {"NotifyFunction"}),
    "DeadLettersWait": ("QueueName", {"DeadLetterQueue"}),
    "FeedbackLost": ("QueueName", {"FeedbackDeadLetterQueue"}),
    "NotifyLags": ("EventSourceMappingUUID", FROM_ORDERS),
    "RewardsLag": ("EventSourceMappingUUID", FROM_REWARDS),
    "ShipmentsLag": ("EventSourceMappingUUID", FROM_SHIPMENTS),
    "MappingStops": ("EventSourceMappingUUID", FROM_ORDERS),
    "PollersFail": ("EventSourceMappingUUID", FROM_ORDERS),
    "NotifyNotInvoked": ("EventSourceMappingUUID", FROM_ORDERS),
    "BatchesDiscarded": ("EventSourceMappingUUID", FROM_ORDERS),
    "RecordsLost": ("EventSourceMappingUUID", FROM_ORDERS),
}
