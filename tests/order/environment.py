"""Environment of the entry points: their variables, and the template that sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.template.deployment import deploy
from tests.template.parameter_sets import PLAIN

if TYPE_CHECKING:
    from tests.template.deployment import Deployment

API_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "KAFKA_AUTHENTICATION": "none",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
    "KAFKA_CA_SECRET_ARN": "",
    "KAFKA_SECRET_ARN": "",
    "ORDER_EVENTS_TOPIC": "order-events",
    "ORDERS_READ_ALL_SCOPE": "orders:read:all",
    "ORDERS_TABLE": "orders",
    "ORDERS_WRITE_SCOPE": "orders:write",
    "POWERTOOLS_METRICS_NAMESPACE": "shop",
    "POWERTOOLS_SERVICE_NAME": "order",
}


def plain_deployment() -> Deployment:
    """Return the template as deployed with a cluster that needs no authentication."""
    return deploy(**PLAIN)
