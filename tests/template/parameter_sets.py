"""Parameter sets that the tests deploy with: values that tests use by name, and whole sets for each template.

Together, the sets of a template change every parameter, and have each condition hold and not hold.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.template.deployment import COGNITO_TEMPLATE, GITHUB_TEMPLATE, MSK_TEMPLATE, TEMPLATE

CLUSTER = "arn:aws:kafka:eu-central-1:111122223333:cluster/shop/abc-1"
# Values for the parameters that have no default.
REQUIRED = {
    "Environment": "production",
    "KafkaBootstrapServers": "b-1.shop.example:9098,b-2.shop.example:9098",
    "SenderDomain": "shop.example",
    "TokenIssuer": "https://issuer.example",
}
KAFKA_SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:AmazonMSK_order-a1b2c3"
KAFKA_SECRET_KEY = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
CA_SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:authority-a1b2c3"
# A cluster without authentication, for tests that do not depend on the cluster.
PLAIN = {**REQUIRED, "KafkaAuthentication": "none"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/66666666-7777-8888-9999-000000000000"
VPC = {"SubnetIds": "subnet-a,subnet-b", "SecurityGroupIds": "sg-a"}

_IN_A_NETWORK = {
    "SubnetIds": "subnet-0aaaaaaaaaaaaaaa1,subnet-0aaaaaaaaaaaaaaa2",
    "SecurityGroupIds": "sg-0aaaaaaaaaaaaaaa1",
}
_ON_MSK = {**_IN_A_NETWORK, "MskClusterArn": CLUSTER}
_PASSWORD = {"KafkaSecretArn": KAFKA_SECRET, "KafkaSecretKeyArn": KAFKA_SECRET_KEY}
_MAIL = {
    "VerifySender": "false",
    "SandboxRecipient": "you@example.com",
    "ShopName": "The Other Shop",
    "ShopUrl": "https://shop.example/en",
    "SupportAddress": "help@shop.example",
    "MailsPerSecond": "50",
    "UnknownPolicy": "hold",
    "MaximumEventAgeSeconds": "86400",
}
# The topics of other services that notify reads, too.
OTHER_TOPICS = {"RewardEventsTopic": "reward-events", "ShipmentEventsTopic": "shipment-events"}
_TEXT_MESSAGES = {"TextMessages": "true", "TextsPerSecond": "1", "TextSenderId": "SHOP", "TextSpendThreshold": "40"}
_API = {
    "TokenAudience": "shop,backoffice",
    "OrdersWriteScope": "https://shop.example/orders.write",
    "OrdersReadAllScope": "https://shop.example/orders.read",
    "NotificationsReadScope": "https://shop.example/notifications.read",
    "RequestsPerSecond": "50",
}
_CAPACITY = {
    "PythonRuntime": "python3.13",
    "Architecture": "x86_64",
    "NotifyEnvironments": "5",
    "NotifyConcurrency": "8",
    "PollerGroup": "shop",
    "MinimumPollers": "2",
    "MaximumPollers": "10",
    "BatchSize": "100",
}
_OPERATION = {
    "LogLevel": "DEBUG",
    "Tracing": "PassThrough",
    "AlarmEmail": "operations@shop.example",
    "LagThreshold": "500",
    "LogRetentionDays": "90",
}
_OTHER_TABLES = {
    "OrdersTableName": "orders-restored",
    "NotificationsTableName": "notifications-restored",
    "DeletionProtection": "true",
}
_SAM_LOCAL = {
    "AwsEndpointUrl": "http://host.docker.internal:4566",
    "DynamoDbEndpointUrl": "http://host.docker.internal:8000",
}
_SETS = {
    "msk": _ON_MSK,
    "msk with scram and restored tables": {
        **_ON_MSK,
        **_PASSWORD,
        **_OTHER_TABLES,
        "KafkaAuthentication": "scram",
    },
    "msk, a test environment under a key": {
        **_ON_MSK,
        **_MAIL,
        "Environment": "test",
        "OrderEventsTopic": "order-events-dev",
        "KmsKeyArn": KEY,
        "NotifyConcurrency": "3",
    },
    "msk in three zones, with text messages, alarms and other capacity": {
        **_ON_MSK,
        **OTHER_TOPICS,
        **_TEXT_MESSAGES,
        **_API,
        **_CAPACITY,
        **_OPERATION,
        "SubnetIds": f"{_ON_MSK['SubnetIds']},subnet-0aaaaaaaaaaaaaaa3",
    },
    "msk, moving to another topic": {**_ON_MSK, "OrderEventsTopic": "orders.v2", "NotifyTopic": "order-events"},
    "msk, reading from a time": {**_ON_MSK, "NotifyReadsFrom": "1790000000"},
    "self-managed without a network, for sam local": {**_SAM_LOCAL, "KafkaAuthentication": "none"},
    "self-managed with scram, in one subnet": {
        **_IN_A_NETWORK,
        **OTHER_TOPICS,
        **_PASSWORD,
        "SubnetIds": "subnet-0aaaaaaaaaaaaaaa1",
        "KafkaAuthentication": "scram",
    },
    "self-managed with plain and a CA, reading from a time": {
        **_IN_A_NETWORK,
        **_PASSWORD,
        "KafkaAuthentication": "plain",
        "KafkaCaSecretArn": CA_SECRET,
        "NotifyReadsFrom": "1790000000",
    },
}
PARAMETER_SETS: Mapping[Path, Mapping[str, Mapping[str, str]]] = {
    TEMPLATE: {name: {**REQUIRED, **parameters} for name, parameters in _SETS.items()},
    MSK_TEMPLATE: {
        "as it is": {},
        "scram in two zones, with endpoints": {"Scram": "true", "Zones": "2", "PollerEndpoints": "true"},
        "other sizes": {
            "Network": "10.30",
            "KafkaVersion": "3.9.x",
            "BrokerType": "kafka.t3.small",
            "VolumeGigabytes": "50",
            "MaximumVolumeGigabytes": "500",
            "OrderEventsTopic": "order-events-dev",
            "Partitions": "12",
            "LogRetentionDays": "90",
        },
    },
    COGNITO_TEMPLATE: {"of a shop": {"DomainPrefix": "shop-orders"}},
    GITHUB_TEMPLATE: {
        "dev": {"Repository": "shop/orders"},
        "prod, with a provider that is there": {
            "Repository": "shop/orders",
            "Environment": "prod",
            "Stack": "orders-prod",
            "RegisterProvider": "false",
        },
    },
}
EACH_SET = [(path, name) for path, sets in PARAMETER_SETS.items() for name in sets]
